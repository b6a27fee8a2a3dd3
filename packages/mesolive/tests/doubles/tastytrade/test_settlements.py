"""Transactions and settlements at the double of tastytrade, and a model of its money."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.doubles.tastytrade.actions import act
from mesolive_testkit.tastytrade_double import ACCOUNT, BASE, TastyKit, limit, running_tastytrade

LAST_DAY = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
LONG_STEP = timedelta(minutes=15)


def effect(row: Any, name: str = "net-value") -> Decimal:
    """Return an amount of cash with its sign."""
    return Decimal(row[name]) * {"Credit": 1, "Debit": -1, "None": 0}[row[f"{name}-effect"]]


async def rows(kit: TastyKit, kind: str) -> list[Any]:
    """Return the transactions of a type, the oldest first."""
    return (await kit.get(f"{BASE}/transactions", **{"types[]": kind, "sort": "Asc"}))["items"]


async def expiring(kit: TastyKit) -> tuple[str, str]:
    """Return a call in the money that is sold, and one out of the money that is bought; both expire today."""
    inside, outside = kit.option(0.99, days=0).symbol, kit.option(1.03, days=0).symbol
    await kit.submit(limit([(inside, 1, "Sell to Open")], "1.0", "Credit"))
    await kit.submit(limit([(outside, 2, "Buy to Open")], "20.0"))
    return inside, outside


async def test_a_trade_has_a_row_per_fill_with_its_fees_and_totals_of_the_day() -> None:
    async with running_tastytrade(transaction_lag=2.0) as kit:
        order = await kit.submit(kit.vertical(2))
        assert await rows(kit, "Trade") == []
        await kit.timer.advance(2.0)
        bought, sold = await rows(kit, "Trade")
        assert (bought["order-id"], bought["action"], bought["quantity"]) == (order["id"], "Buy to Open", "2.0")
        assert (sold["value-effect"], bought["value-effect"]) == ("Credit", "Debit")
        costs = [effect(row, "net-value") - effect(row, "value") for row in (bought, sold)]
        assert bought["is-estimated-fee"] is True
        total = await kit.get(f"{BASE}/transactions/total-fees", date="2026-11-30")
        assert effect(total, "total-fees") == sum(costs)


async def test_cash_settlements_come_in_the_night_unsigned_with_the_strike_as_price_and_a_fee() -> None:
    async with running_tastytrade(start=LAST_DAY, step=LONG_STEP) as kit:
        inside, outside = await expiring(kit)
        await kit.clock.advance(5 * 3600.0)
        assert len((await kit.get(f"{BASE}/positions"))["items"]) == 2
        assert await rows(kit, "Receive Deliver") == []
        await kit.clock.advance(2 * 3600.0)
        rows_read = {row["symbol"]: row for row in await rows(kit, "Receive Deliver")}
        assigned, expired = rows_read[inside], rows_read[outside]
        settled = Decimal(str(kit.double.truth.of("settlement")[0]["value"]))
        assert assigned["transaction-sub-type"] == "Cash Settled Assignment"
        assert (assigned["quantity"], assigned["price"]) == ("1.0", f"{int(inside[13:]) / 1000:.1f}")
        assert "action" not in assigned
        assert "order-id" not in assigned
        assert effect(assigned, "value") == -settled * 100
        assert effect(assigned) == effect(assigned, "value") - 5
        assert assigned["executed-at"].startswith("2026-12-01T02:00")
        assert (expired["transaction-sub-type"], expired["value"], expired["value-effect"]) == (
            "Expiration",
            "0.0",
            "None",
        )
        assert (await kit.get(f"{BASE}/positions"))["items"] == []


async def test_settlement_rows_are_hours_late_and_expired_positions_linger() -> None:
    async with running_tastytrade(start=LAST_DAY, step=LONG_STEP) as kit:
        kit.double.faults.switch_on("positions_linger")
        await expiring(kit)
        await kit.clock.advance(8 * 3600.0)
        assert len((await kit.get(f"{BASE}/positions"))["items"]) == 2
        kit.double.faults.switch_off("positions_linger")
        kit.double.faults.switch_on("settlements_late", hours=12)
        await kit.clock.advance(3600.0)
        assert (await kit.get(f"{BASE}/positions"))["items"] == []
        assert await rows(kit, "Receive Deliver") == []
        await kit.clock.advance(10 * 3600.0)
        assert len(await rows(kit, "Receive Deliver")) == 2


async def test_an_early_assignment_delivers_shares_at_the_strike() -> None:
    async with running_tastytrade(symbols=("AAPL",)) as kit:
        option = kit.option(1.0, "P", root="AAPL")
        await kit.submit(limit([(option.symbol, 2, "Sell to Open")], "0.05", "Credit"))
        act(kit.double, "assign", {"account": ACCOUNT, "symbol": option.symbol, "quantity": "-2"})
        removed, bought = await rows(kit, "Receive Deliver")
        assert (removed["transaction-sub-type"], removed["value"]) == ("Assignment", "0.0")
        assert (bought["symbol"], bought["action"], bought["quantity"]) == ("AAPL", "Buy to Open", "200.0")
        (held,) = (await kit.get(f"{BASE}/positions"))["items"]
        assert (held["symbol"], held["quantity"], held["quantity-direction"]) == ("AAPL", 200, "Long")


async def test_money_moves_and_rows_are_reversed() -> None:
    async with running_tastytrade() as kit:
        number = act(kit.double, "move_money", {"account": ACCOUNT, "cash": "-25.50", "kind": "Fee"})
        act(kit.double, "reverse", {"transaction": str(number)})
        fee, reversal = await rows(kit, "Money Movement")
        assert effect(fee) == Decimal("-25.5")
        assert (effect(reversal), reversal["reverses-id"]) == (Decimal("25.5"), fee["id"])


Step = tuple[str, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "rest", "fill", "cancel", "replace", "gap"]), st.integers(0, 7), st.integers(1, 5)
    ),
    min_size=1,
    max_size=12,
)
FAULTS_OF_FILLS = [
    "partial_fills",
    "legs_fill_apart",
    "combo_broken",
    "fill_split",
    "legs_priced_apart",
    "cancel_lost_to_fill",
]


async def _play(steps: list[Step], faults: list[str]) -> None:
    async with running_tastytrade(leg_seconds=0.01, cancel_seconds=0.02) as kit:
        for name in faults:
            kit.double.faults.switch_on(name, probability=0.5)
        for what, which, quantity in steps:
            numbers = list(kit.double.desk.orders)
            path = f"{BASE}/orders/{numbers[which % len(numbers)]}" if numbers else ""
            if what in {"submit", "rest"}:
                await kit.call("POST", f"{BASE}/orders", kit.vertical(quantity, "60.0" if what == "submit" else "0.05"))
            elif what == "cancel" and path:
                await kit.call("DELETE", path)
            elif what == "replace" and path:
                body = {"order-type": "Limit", "time-in-force": "Day", "price": "30.00", "price-effect": "Debit"}
                await kit.call("PUT", path, body)
            elif what == "fill" and path and not kit.double.desk.orders[numbers[which % len(numbers)]].is_terminal:
                act(kit.double, "fill", {"order": path.rpartition("/")[2], "combos": str(quantity)})
            elif what == "gap":
                kit.double.desk.markets.gap(0.002 * (quantity - 3))
            await kit.step()
        await kit.timer.advance(5.0)
        await _check_books(kit)


async def _check_books(kit: TastyKit) -> None:
    """Compare the fills of the truth with orders, positions, cash and transactions as they are told."""
    reported: dict[str, int] = {}
    for number, order in kit.double.desk.orders.items():
        view = await kit.order(number)
        for leg, real in zip(view["legs"], order.legs, strict=True):
            shown = sum(int(fill["quantity"]) for fill in leg["fills"])
            assert shown == real.filled <= leg["quantity"]
            reported[leg["symbol"]] = reported.get(leg["symbol"], 0) + real.sign * shown
    held = {
        item["symbol"]: item["quantity"] * (1 if item["quantity-direction"] == "Long" else -1)
        for item in (await kit.get(f"{BASE}/positions"))["items"]
    }
    assert held == {symbol: quantity for symbol, quantity in reported.items() if quantity}
    fills = kit.double.truth.of("fill")
    assert len({fill["fill_id"] for fill in fills}) == len(fills)
    items = (await kit.get(f"{BASE}/transactions", **{"per-page": 2000}))["items"]
    assert sorted(row["exec-id"] for row in items) == sorted(str(fill["fill_id"]) for fill in fills)
    cash = kit.double.desk.settings.cash + sum((effect(row) for row in items), Decimal(0))
    assert Decimal((await kit.get(f"{BASE}/balances"))["cash-balance"]) == cash


@given(STEPS, st.lists(st.sampled_from(FAULTS_OF_FILLS), unique=True, max_size=3))
@settings(max_examples=15, deadline=None)
def test_orders_fills_positions_cash_and_transactions_always_add_up(steps: list[Step], faults: list[str]) -> None:
    asyncio.run(_play(steps, faults))
