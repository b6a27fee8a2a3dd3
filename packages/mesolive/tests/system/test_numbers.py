"""Every number of one trade, computed a second time from quotes and fills alone.

Two leg groups, a marker leg, quantities multiplied by the user and not by the strategy, commissions, a leg that loses
its quotes, a restart. Nothing of the product's arithmetic is used here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.market.contracts import Right
from mesolive.records import replace
from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.server import ACCOUNT, START, Kit, live_server

TIMES = Decimal(3)
HUNDRED = Decimal(100)
COMMISSION = Decimal("3.87")
ENTRY = {"sp": Decimal("41.37"), "lp": Decimal("24.05"), "sc": Decimal("8.11"), "lc": Decimal("2.49")}
EXIT = {"sp": Decimal("38.20"), "lp": Decimal("22.95"), "sc": Decimal("9.02"), "lc": Decimal("2.93")}
QTY = {"sp": -6, "lp": 6, "sc": -3, "lc": 3}
GROUPS = {1: {"sp": -1, "lp": 1}, 2: {"sc": -1, "lc": 1}}
ALL = models.LiveDataInclude.All


def definition() -> dict[str, Any]:
    def leg(name: str, qty: int, kind: str, group: int, selector: dict[str, str]) -> dict[str, Any]:
        return {
            "Name": name,
            "Qty": qty,
            "OptionType": kind,
            "ExpirationName": "m",
            "LegGroupId": group,
            "StrikeSelector": selector,
        }

    return {
        "MesoSimVersion": "3.0",
        "StrategyName": "numbers",
        "Symbol": "SPX",
        "Structure": {
            "Expirations": [{"Name": "m", "DTE": 45, "Min": 20, "Max": 70, "Roots": {"Include": ["SPXW"]}}],
            "Legs": [
                leg("sp", -2, "Put", 1, {"Delta": "20"}),
                leg("lp", 2, "Put", 1, {"StrikePrice": "leg_sp_strike - 100"}),
                leg("sc", -1, "Call", 2, {"Delta": "15"}),
                leg("lc", 1, "Call", 2, {"StrikePrice": "leg_sc_strike + 100"}),
                leg("mk", 0, "Put", 2, {"Delta": "50"}),
            ],
        },
        "Entry": {"VarDefines": {"contracts": "abs(leg_sp_qty)", "paid": "leg_sp_pnl"}},
        "Exit": {"ProfitTarget": "10 * contracts", "StopLoss": "1000"},
    }


def cost(name: str) -> Decimal:
    return ENTRY[name] * QTY[name] * HUNDRED + COMMISSION


def paper_fills(prices: Mapping[str, Decimal]) -> dict[str, models.PaperLegFill]:
    return {
        name: models.PaperLegFill(Price=price, Commission=COMMISSION, FilledAt=START) for name, price in prices.items()
    }


async def entered(kit: Kit) -> tuple[models.PreparePositionEntryResult, int]:
    """Prepare and fill with an override of the quantities; return the plan's result and the position's id."""
    made = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[ACCOUNT])
    )
    plan = (await kit.prepare_entry(made.Id)).Result
    assert plan is not None
    filled = await kit.control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=plan.ExecPlanId,
            QtyMultiplier=TIMES,
            PaperLegFills=paper_fills(ENTRY),
        )
    )
    return plan, filled.PositionId


async def left(kit: Kit, position_id: int) -> models.PreparePositionExitResult:
    """Prepare an exit and fill it; return the plan's result."""
    plan = (await kit.prepare_exit(position_id)).Result
    assert plan is not None
    await kit.control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=plan.ExecPlanId,
            PaperLegFills=paper_fills(EXIT),
        )
    )
    return plan


async def snapshot(kit: Kit, position_id: int) -> models.GetPositionSnapshotResult:
    data = await kit.data()
    return await data.get_position_snapshot(
        models.GetPositionSnapshotArgs(
            PositionId=position_id, IncludePosition=ALL, IncludeLegs=ALL, IncludeLegGroups=ALL
        )
    )


async def detail(kit: Kit, position_id: int) -> models.LivePositionDetail:
    return await kit.control.get_position(models.GetPositionArgs(PositionId=position_id))


async def account(kit: Kit) -> models.LiveAccount:
    return await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))


@dataclass(frozen=True)
class Legs:
    """The quotes of the position's contracts, straight from the book."""

    bid: Mapping[str, Decimal]
    ask: Mapping[str, Decimal]
    mark: Mapping[str, Decimal]


def quotes(kit: Kit, legs: Mapping[str, models.LiveLeg]) -> Legs:
    result: dict[str, dict[str, Decimal]] = {"bid": {}, "ask": {}, "mark": {}}
    for name, leg in legs.items():
        contract = leg.LiveContract
        assert contract.Root is not None
        assert contract.Expiration is not None
        right = Right.CALL if contract.OptionType is models.MesoOptionType.Call else Right.PUT
        part = kit.application.market.view("SPX").slice(
            contract.Root, (contract.Expiration - timedelta(hours=5)).date(), right
        )
        assert part is not None
        at = part.strikes.tolist().index(float(contract.Strike or 0))
        bid, ask = (Decimal(repr(round(side.tolist()[at], 4))) for side in (part.bid, part.ask))
        result["bid"][name], result["ask"][name], result["mark"][name] = bid, ask, (bid + ask) / 2
    return Legs(**result)


def close_to(value: Decimal | None, expected: float, *, within: float) -> bool:
    assert value is not None
    return math.isclose(float(value), expected, rel_tol=within, abs_tol=within)


async def test_prices_and_pnl_of_legs_groups_and_position_are_sums_of_quotes_and_fills(kit: Kit) -> None:
    plan, position_id = await entered(kit)
    held = await detail(kit, position_id)
    by_name = {leg.Name: leg for leg in held.Legs}
    book = quotes(kit, plan.SelectedLegs)
    shown = await snapshot(kit, position_id)
    assert shown.LegPnLs is not None
    assert shown.LegGroupPnLs is not None
    assert shown.LegGroupPrices is not None
    assert shown.PositionPnLs is not None
    assert shown.PositionPrices is not None

    assert {name: leg.Qty for name, leg in by_name.items()} == QTY | {"mk": 0}
    for basis in ("Bid", "Ask", "Mark"):
        price = getattr(book, basis.lower())
        pnl = {name: price[name] * QTY[name] * HUNDRED - cost(name) for name in QTY}
        for name, expected in pnl.items():
            assert getattr(shown.LegPnLs[by_name[name].Id], basis) == expected
        # A whole is sold at its bid: what is short is bought back at its offer.
        other = getattr(book, {"Bid": "ask", "Ask": "bid", "Mark": "mark"}[basis])
        closed = {name: (price if qty > 0 else other)[name] * qty * HUNDRED - cost(name) for name, qty in QTY.items()}
        for group, ratios in GROUPS.items():
            assert getattr(shown.LegGroupPnLs[group], basis) == sum(closed[name] for name in ratios)
        assert getattr(shown.PositionPnLs, basis) == sum(closed.values())
    for group, ratios in GROUPS.items():
        combo = shown.LegGroupPrices[group]
        assert combo.Mark == sum(ratio * book.mark[name] for name, ratio in ratios.items())
        assert combo.Bid == sum(r * (book.bid if r > 0 else book.ask)[name] for name, r in ratios.items())
        assert combo.Ask == sum(r * (book.ask if r > 0 else book.bid)[name] for name, r in ratios.items())
    assert shown.PositionPrices.Mark == sum(qty * book.mark[name] for name, qty in QTY.items())
    assert shown.PositionPrices.Bid == sum(q * (book.bid if q > 0 else book.ask)[n] for n, q in QTY.items())

    for name, qty in QTY.items():
        average = cost(name) / (qty * HUNDRED)
        assert abs(by_name[name].AvgEntryPrice - average) < Decimal("1e-8"), "commission included"
    assert held.PositionPnL.Mark == shown.PositionPnLs.Mark
    assert held.PositionPnL.Realized == 0


async def test_cash_and_account_value_follow_the_fills_and_the_marks(kit: Kit) -> None:
    plan, position_id = await entered(kit)
    book = quotes(kit, plan.SelectedLegs)
    now = await account(kit)
    cash = 100_000 - sum((cost(name) for name in QTY), Decimal(0))
    assert now.Cash == cash
    assert now.NetLiquidationValue == cash + sum(qty * book.mark[name] * HUNDRED for name, qty in QTY.items())
    assert now.ActivePositions == 1

    await left(kit, position_id)
    realized = {name: (EXIT[name] - ENTRY[name]) * QTY[name] * HUNDRED - 2 * COMMISSION for name in QTY}
    then = await account(kit)
    assert then.Cash == then.NetLiquidationValue == 100_000 + sum(realized.values())
    closed = await detail(kit, position_id)
    assert closed.RealizedPnL == sum(realized.values())
    assert {leg.Name: leg.TrackedRealizedPnL for leg in closed.Legs} == realized | {"mk": 0}


async def test_plans_say_how_many_combos_of_which_ratio(kit: Kit) -> None:
    plan, position_id = await entered(kit)
    assert plan.LegGroups == {1: ["sp", "lp"], 2: ["sc", "lc", "mk"]}
    assert plan.QtyMultiplier == 1
    assert {group: qty.Qty for group, qty in plan.LegGroupQtys.items()} == {1: 2, 2: 1}
    assert plan.LegGroupQtys[2].LegRatios == {"sc": -1, "lc": 1, "mk": 0}
    exiting = await left(kit, position_id)
    assert {group: qty.Qty for group, qty in exiting.LegGroupQtys.items()} == {1: 6, 2: 3}
    assert exiting.LegGroupQtys[1].LegRatios == {"sp": 1, "lp": -1}
    assert exiting.LegGroupQtys[2].LegRatios == {"sc": 1, "lc": -1, "mk": 0}


async def test_events_state_the_same_numbers_as_the_books(kit: Kit) -> None:
    _, position_id = await entered(kit)
    await left(kit, position_id)
    events = await kit.events()
    logged = (await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))).Events
    assert [event.EventSeqId for event in logged] == list(range(1, len(logged) + 1))
    orders = [event.Event for event in logged if isinstance(event.Event, models.OrderUpdateEvent)]
    legs = [event.Event for event in logged if isinstance(event.Event, models.LegUpdateEvent)]
    positions = [event.Event for event in logged if isinstance(event.Event, models.PositionUpdateEvent)]

    assert [(o.LegGroupId, o.FilledQty, o.RemainingQty) for o in orders] == [(1, 6, 0), (2, 3, 0)] * 2
    assert [o.AvgFillPrice for o in orders] == [
        sum(sign * ratio * prices[name] for name, ratio in ratios.items())
        for sign, prices in ((1, ENTRY), (-1, EXIT))
        for ratios in GROUPS.values()
    ]
    realized = {name: (EXIT[name] - ENTRY[name]) * QTY[name] * HUNDRED - 2 * COMMISSION for name in QTY} | {"mk": 0}
    assert {leg.LegName: (leg.Qty, leg.RealizedPnL) for leg in legs[:5]} == {
        name: (qty, 0) for name, qty in (QTY | {"mk": 0}).items()
    }
    assert {leg.LegName: leg.RealizedPnL for leg in legs[5:]} == realized
    assert {leg.Status for leg in legs[:5]} == {models.LegStatus.Open}
    assert {leg.Status for leg in legs[5:]} == {models.LegStatus.Closed}
    assert [(position.Status, position.RealizedPnL) for position in positions] == [
        (models.PositionStatus.Created, 0),
        (models.PositionStatus.Closed, sum(realized.values())),
    ]


async def test_what_is_frozen_at_entry_reads_the_quantities_that_were_traded(kit: Kit) -> None:
    plan, position_id = await entered(kit)
    assert plan.Vars["contracts"] == 2
    frozen = (await detail(kit, position_id)).Vars
    book = quotes(kit, plan.SelectedLegs)
    assert frozen["contracts"] == 6
    assert frozen["profit_target"] == 60
    assert frozen["stop_loss"] == 1000
    assert close_to(frozen["paid"], float(book.mark["sp"] * QTY["sp"] * HUNDRED - cost("sp")), within=1e-6)


@dataclass(frozen=True)
class Curve:
    """Forward and discount factor that put and call quotes of one expiration imply, by least squares."""

    forward: float
    discount: float
    spot: float
    years: float

    def value(self, strike: float, volatility: float, *, call: bool, spot: float = 0.0) -> float:
        forward = self.forward * (spot / self.spot if spot else 1)
        deviation = volatility * math.sqrt(self.years)
        d1 = math.log(forward / strike) / deviation + deviation / 2
        sign = 1 if call else -1
        cumulative = [0.5 * math.erfc(-sign * d / math.sqrt(2)) for d in (d1, d1 - deviation)]
        return self.discount * sign * (forward * cumulative[0] - strike * cumulative[1])

    def volatility(self, strike: float, price: float, *, call: bool) -> float:
        low, high = 0.01, 2.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if self.value(strike, middle, call=call) < price else (low, middle)
        return low


def curve(kit: Kit, contract: models.LiveContract) -> Curve:
    view = kit.application.market.view("SPX")
    assert contract.Root is not None
    assert contract.Expiration is not None
    day = (contract.Expiration - timedelta(hours=5)).date()
    calls, puts = (view.slice(contract.Root, day, right) for right in (Right.CALL, Right.PUT))
    spot = view.underlying.quote.mark
    assert calls is not None
    assert puts is not None
    assert spot is not None
    rows = zip(calls.strikes.tolist(), (calls.bid + calls.ask) / 2, (puts.bid + puts.ask) / 2, strict=True)
    near = [(strike, float(call - put)) for strike, call, put in rows if abs(strike / spot - 1) < 0.05]
    mean_x, mean_y = (sum(column) / len(near) for column in zip(*near, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in near) / sum((x - mean_x) ** 2 for x, _ in near)
    years = (contract.Expiration - view.now) / timedelta(days=365)
    return Curve(mean_x - mean_y / slope, -slope, spot, years)


async def test_greeks_are_those_of_black_scholes_times_quantity_and_multiplier(kit: Kit) -> None:
    plan, position_id = await entered(kit)
    held = await detail(kit, position_id)
    book = quotes(kit, plan.SelectedLegs)
    total = {"Delta": 0.0, "Gamma": 0.0, "Vega": 0.0, "Theta": 0.0}
    for leg in held.Legs:
        own = curve(kit, leg.LiveContract)
        strike, call = float(leg.LiveContract.Strike or 0), leg.LiveContract.OptionType is models.MesoOptionType.Call
        iv = own.volatility(strike, float(book.mark[leg.Name]), call=call)
        size = 100.0 * (float(leg.Qty) or 1.0)  # a marker leg shows one long contract
        step = own.spot * 1e-3
        up, here, down = (own.value(strike, iv, call=call, spot=own.spot + move) for move in (step, 1e-9 * step, -step))
        vega = (own.value(strike, iv + 1e-4, call=call) - own.value(strike, iv - 1e-4, call=call)) / 2e-4 / 100
        # A day passes at the same spot and volatility; rate and dividends stay what they are.
        rate, carry = -math.log(own.discount) / own.years, math.log(own.forward / own.spot) / own.years
        shorter = own.years - 1 / 3650
        later = replace(
            own, years=shorter, discount=math.exp(-rate * shorter), forward=own.spot * math.exp(carry * shorter)
        )
        expected = {
            "Delta": size * (up - down) / (2 * step),
            "Gamma": size * (up - 2 * here + down) / step**2,
            "Vega": size * vega,
            "Theta": size * 10 * (later.value(strike, iv, call=call) - here),
        }
        shown = held.LegGreeks[leg.Id].Mark
        assert shown is not None
        assert close_to(shown.IV, 100 * iv, within=3e-3)
        for name, value in expected.items():
            assert close_to(getattr(shown, name), value, within=1e-2), (leg.Name, name)
            total[name] += 0 if leg.Qty == 0 else value
    whole = held.PositionGreeks.Mark
    assert whole is not None
    for name, value in total.items():
        parts = [getattr(held.LegGreeks[leg.Id].Mark, name) for leg in held.Legs if leg.Qty != 0]
        assert abs(getattr(whole, name) - sum(parts)) < Decimal("1e-3"), "a marker leg counts in no sum"
        assert math.isclose(float(getattr(whole, name)), value, rel_tol=0.05, abs_tol=0.5)


async def test_a_leg_without_quotes_leaves_the_others_their_values_and_sums_none(kit: Kit) -> None:
    plan, position_id = await entered(kit)
    held = await detail(kit, position_id)
    ids = {leg.Name: leg.Id for leg in held.Legs}
    before = await snapshot(kit, position_id)
    hidden = plan.SelectedLegs["lc"].LiveContract
    book = next(iter(kit.application.market.providers.values())).books["SPX"]
    assert hidden.Expiration is not None
    day = (hidden.Expiration - timedelta(hours=5)).date()
    bounds = next(
        bound
        for expiration, bound in zip(book.listing.expirations, book.listing.bounds, strict=True)
        if expiration.day == day and expiration.root == hidden.Root
    )
    calls = slice(bounds[0], bounds[1])
    empty = dict.fromkeys(("bid", "ask", "last"), math.nan)
    book.update(START, calls, empty)  # pyright: ignore[reportArgumentType]  # names of prices are plain texts here

    shown = await snapshot(kit, position_id)
    assert shown.LegPnLs is not None
    assert before.LegPnLs is not None
    assert shown.LegPnLs[ids["sp"]].Mark == before.LegPnLs[ids["sp"]].Mark
    assert shown.LegPnLs[ids["lc"]].Bid is None
    assert shown.LegPnLs[ids["lc"]].BidAgeMs is None
    assert shown.LegGroupPnLs is not None
    assert before.LegGroupPnLs is not None
    assert shown.LegGroupPnLs[1].Mark == before.LegGroupPnLs[1].Mark
    assert shown.LegGroupPnLs[2].Bid is None
    assert shown.PositionPnLs is not None
    assert shown.PositionPnLs.Bid is None
    assert shown.PositionPnLs.Realized == 0
    assert shown.PositionGreeks is None or shown.PositionGreeks.Bid is None or shown.PositionGreeks.Bid.Delta is None

    # What is not known now does not keep the user from telling how he got out.
    await left(kit, position_id)
    assert (await detail(kit, position_id)).State is models.LivePositionState.Closed


async def test_after_a_restart_every_number_is_the_same(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        _, position_id = await entered(kit)
        first = await detail(kit, position_id), await account(kit), await snapshot(kit, position_id)
    async with live_server(tmp_path) as kit:
        again = await detail(kit, position_id), await account(kit), await snapshot(kit, position_id)
        assert again[0].Vars == first[0].Vars
        assert again[0].PositionPnL.Mark == first[0].PositionPnL.Mark
        assert again[0].LegGroups == first[0].LegGroups
        assert [leg.AvgEntryPrice for leg in again[0].Legs] == [leg.AvgEntryPrice for leg in first[0].Legs]
        assert (again[1].Cash, again[1].NetLiquidationValue) == (first[1].Cash, first[1].NetLiquidationValue)
        for basis in ("Bid", "Ask", "Mark"):
            assert getattr(again[2].PositionPnLs, basis) == getattr(first[2].PositionPnLs, basis)
            assert getattr(again[2].PositionPrices, basis) == getattr(first[2].PositionPrices, basis)
        await left(kit, position_id)
        assert (await account(kit)).Cash == 100_000 + (await detail(kit, position_id)).RealizedPnL


@pytest.mark.parametrize("count", [2, 5])
async def test_positions_of_one_account_add_up(kit: Kit, count: int) -> None:
    entries = [await entered(kit) for _ in range(count)]
    book = [quotes(kit, plan.SelectedLegs) for plan, _ in entries]
    now = await account(kit)
    assert now.Cash == 100_000 - count * sum((cost(name) for name in QTY), Decimal(0))
    marks = sum(row.mark[name] * qty * HUNDRED for row in book for name, qty in QTY.items())
    assert now.Cash is not None
    assert now.NetLiquidationValue == now.Cash + marks
