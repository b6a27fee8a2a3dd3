"""Life of orders at the double of TWS, decoded by the real client library."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mesolive.doubles.tws.instruments import BAG_CON_ID
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.tws import TwsKit, bag, ib, limit, running_double
from mesolive_testkit.tws_orders import LONG_STEP, condor, filled, spread, statuses, working

UNSET = 1.7976931348623157e308


async def test_a_combo_is_filled_with_one_execution_for_the_combo_and_one_per_leg() -> None:
    async with running_double() as kit:
        client = await kit.client()
        legs = spread(kit)
        order_id = client.place(bag(legs), limit(2, 60.0, "mine-7", account="DU1234567"))
        last = await filled(client, order_id)
        names = [call[0] for call in client.calls if call[0] in {"openOrder", "orderStatus", "execDetails"}]
        assert names == [*["openOrder", "orderStatus"] * 2, *["execDetails"] * 3, "openOrder", "orderStatus"]
        states = [call[3].status for call in client.named("openOrder")]
        assert states == ["PreSubmitted", "Submitted", "Filled"]
        combo, *parts = [call[1:] for call in client.named("execDetails")]
        contract, execution = combo
        assert (contract.secType, contract.conId, contract.tradingClass) == ("BAG", BAG_CON_ID, "COMB")
        assert (execution.side, execution.shares, execution.orderRef) == ("BOT", 2.0, "mine-7")
        assert {(part[0].conId, part[1].side, part[1].shares) for part in parts} == {
            (legs[0][0].con_id, "BOT", 2.0),
            (legs[1][0].con_id, "SLD", 2.0),
        }
        assert execution.price == pytest.approx(parts[0][1].price - parts[1][1].price)
        assert {item[1].permId for item in (combo, *parts)} == {last[5]}
        ids = [item[1].execId for item in (combo, *parts)]
        assert [name.rsplit(".", 2)[1:] for name in ids] == [["01", "01"], ["02", "01"], ["03", "01"]]
        assert len({name.rsplit(".", 2)[0] for name in ids}) == 1
        assert (last[2], last[3], last[4]) == (2.0, 0.0, pytest.approx(execution.price))
        costs = {call[0].execId: call[0] for call in client.named("commissionReport")}
        assert set(costs) == set(ids[1:])  # none for the combo
        assert all(cost.commission == 1.3 and cost.currency == "USD" for cost in costs.values())
        assert all(cost.realizedPNL == UNSET for cost in costs.values())


async def test_every_field_of_an_order_comes_back_in_open_order() -> None:
    async with running_double() as kit:
        client = await kit.client(12)
        legs = condor(kit)
        order = limit(-4, -1.25, "back/again", tif="GTC", outsideRth=True, account="DU1234567")
        order.smartComboRoutingParams = [ib.TagValue("NonGuaranteed", "0")]
        order_id = client.place(bag(legs), order)
        number, contract, got, state = await client.get("openOrder")
        assert number == got.orderId == order_id
        assert (contract.symbol, contract.secType, contract.exchange, contract.currency) == (
            *("SPX", "BAG", "SMART"),
            "USD",
        )
        assert contract.localSymbol == f"{BAG_CON_ID}"
        sent = [(item.con_id, abs(ratio), "BUY" if ratio > 0 else "SELL", "SMART") for item, ratio in legs]
        assert [(leg.conId, leg.ratio, leg.action, leg.exchange) for leg in contract.comboLegs] == sent
        assert contract.comboLegsDescrip == ",".join(f"{item.con_id}|{ratio}" for item, ratio in legs)
        assert (got.action, got.totalQuantity, got.orderType, got.lmtPrice) == ("SELL", 4.0, "LMT", -1.25)
        assert (got.tif, got.orderRef, got.clientId, got.account) == ("GTC", "back/again", 12, "DU1234567")
        assert got.outsideRth is True
        assert got.permId > 0
        assert [(parameter.tag, parameter.value) for parameter in got.smartComboRoutingParams] == [
            ("NonGuaranteed", "0")
        ]
        assert state.status == "PreSubmitted"
        assert (state.initMarginChange, state.commission) in {("", UNSET), (f"{UNSET}", UNSET)} or state.commission


@pytest.mark.parametrize("version", [157, 160, 166, 169, 177, 178])
async def test_an_order_makes_its_whole_way_at_every_server_version(version: int) -> None:
    async with running_double(DoubleSettings(server_version=version)) as kit:
        client = await kit.client()
        order_id = client.place(bag(spread(kit)), limit(1, 60.0))
        await filled(client, order_id)
        client.api.reqCompletedOrders(False)
        await client.get("completedOrdersEnd")
        assert [call[2].status for call in client.named("completedOrder")] == ["Filled"]


async def test_a_single_option_has_one_execution_and_moves_cash_and_position() -> None:
    async with running_double() as kit:
        client = await kit.client()
        option = kit.option(1.02)
        contract = ib.Contract(conId=option.con_id, exchange="SMART")
        order_id = client.place(contract, limit(3, 200.0))
        await filled(client, order_id)
        ((_, got, execution),) = client.named("execDetails")
        assert (got.conId, got.localSymbol, got.strike) == (option.con_id, option.local_symbol, float(option.strike))
        client.api.reqPositions()
        await client.get("positionEnd")
        ((account, held, quantity, cost),) = client.named("position")
        assert (account, held.conId, quantity) == ("DU1234567", option.con_id, 3.0)
        assert cost == pytest.approx(execution.price * 100 + 1.95 / 3, abs=0.001)
        cash = kit.double.state.accounts["DU1234567"].cash
        assert cash == 1_000_000 - Decimal(str(execution.price)) * 300 - Decimal("1.95")


async def test_closing_a_position_reports_the_profit_that_it_realized() -> None:
    async with running_double() as kit:
        client = await kit.client()
        contract = ib.Contract(conId=kit.option(1.02).con_id, exchange="SMART")
        await filled(client, client.place(contract, limit(2, 200.0)))
        await filled(client, client.place(contract, limit(-2, 0.05)))
        await client.settle()
        bought, sold = (call[2].price for call in client.named("execDetails"))
        report = client.named("commissionReport")[-1][0]
        assert report.realizedPNL == pytest.approx((sold - bought) * 200 - 2.6, abs=0.01)


async def test_a_resting_order_is_filled_when_the_market_comes_to_it() -> None:
    async with running_double() as kit:
        client = await kit.client()
        option = kit.option(1.0)
        quote = kit.double.gateway.markets.quote(option.option) if option.option else None
        assert quote is not None
        assert quote.bid is not None
        contract = ib.Contract(conId=option.con_id, exchange="SMART")
        order_id = client.place(contract, limit(1, float(quote.bid) - 2.0))
        await client.get("orderStatus", lambda call: call[1] == "Submitted")
        kit.double.gateway.markets.gap(-0.01)
        await kit.advance()
        last = await filled(client, order_id)
        assert last[4] <= float(quote.bid) - 2.0


async def test_a_modification_changes_price_and_quantity_and_keeps_the_perm_id() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await working(kit, client)
        before = client.named("openOrder")[-1][2]
        client.mark()
        client.place(bag(spread(kit)), limit(5, 0.15), order_id)
        _, _, after, state = await client.get("openOrder")
        assert (after.permId, after.lmtPrice, after.totalQuantity) == (before.permId, 0.15, 5.0)
        assert state.status == "Submitted"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"orderType": "MKT"}, 329),
        ({"action": "SELL"}, 105),
        ({"lmtPrice": 0.07}, 110),
        ({"totalQuantity": 0}, 434),
    ],
)
async def test_a_modification_that_is_refused_leaves_the_order_as_it_was(change: dict[str, Any], code: int) -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await working(kit, client)
        order = limit(3, 0.05)
        for name, value in change.items():
            setattr(order, name, value)
        client.place(bag(spread(kit)), order, order_id)
        assert (await client.error(code))[0] == order_id
        client.mark()
        client.api.reqOpenOrders()
        await client.get("openOrderEnd")
        assert [(call[2].lmtPrice, call[2].totalQuantity) for call in client.named("openOrder")] == [(0.05, 3.0)]


async def test_a_cancel_goes_through_pending_cancel_and_is_confirmed_by_202() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await working(kit, client)
        client.mark()
        client.api.cancelOrder(order_id)
        await client.error(202)
        assert statuses(client) == [("PendingCancel", 0.0, 3.0), ("Cancelled", 0.0, 3.0)]
        client.api.cancelOrder(order_id)
        assert "Cancelled" in (await client.error(10148))[2]


async def test_an_unknown_order_and_that_of_another_client_cannot_be_cancelled() -> None:
    async with running_double() as kit:
        owner, other = await kit.client(10), await kit.client(11)
        order_id = await working(kit, owner)
        owner.api.cancelOrder(4711)
        assert (await owner.error(10147))[0] == 4711
        other.api.cancelOrder(order_id)
        assert (await other.error(10147))[0] == order_id
        assert kit.double.life.open_orders()


async def test_an_order_id_is_refused_once_it_was_used_and_a_filled_order_cannot_be_modified() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = client.place(bag(spread(kit)), limit(1, 60.0, "first"))
        await filled(client, order_id)
        client.place(bag(spread(kit)), limit(1, 60.0, "first"), order_id)
        assert (await client.error(104))[0] == order_id
        client.place(bag(spread(kit)), limit(1, 60.0, "second"), order_id)
        assert (await client.error(103))[0] == order_id


def refused_order(kit: TwsKit, why: str) -> tuple[int, Any, Any]:
    """Return the code with which an order is refused, and the order."""
    combo, single = bag(spread(kit)), ib.Contract(conId=kit.option().con_id, exchange="SMART")
    match why:
        case "a size of zero":
            return 434, combo, limit(0.0, 1.0)
        case "a price off the tick":
            return 110, combo, limit(1, 1.03)
        case "a leg that is not known":
            return 200, ib.Bag(symbol="SPX", exchange="SMART", comboLegs=[_leg(1), _leg(2)]), limit(1, 1.0)
        case "a leg without an exchange":
            combo.comboLegs[0].exchange = ""
            return 103, combo, limit(1, 1.0)
        case "ratios with a common divisor":
            return 321, bag([(item, 2 * ratio) for item, ratio in spread(kit)]), limit(1, 1.0)
        case "legs of another underlying":
            return 200, bag(spread(kit), symbol="SPY"), limit(1, 1.0)
        case "an account of somebody else":
            return 321, combo, limit(1, 1.0, account="DU999")
        case "a type that is not offered":
            order = limit(1, 1.0)
            order.orderType = "TRAIL"
            return 387, combo, order
        case "prices per leg":
            order = limit(1, 1.0)
            order.orderComboLegs = [ib.order.OrderComboLeg(1.0), ib.order.OrderComboLeg(2.0)]
            return 10058, combo, order
        case "a conId that is contradicted":
            single.symbol, single.right = "SPX", "P"
            return 478, single, limit(1, 1.0)
        case "no exchange":
            single.exchange = ""
            return 321, single, limit(1, 1.0)
        case "an index":
            return 201, ib.Contract(conId=416904, exchange="CBOE"), limit(1, 1.0)
        case _:
            return 201, single, limit(-900, 0.05)


def _leg(con_id: int) -> Any:
    return ib.ComboLeg(conId=con_id, ratio=1, action="BUY", exchange="SMART")


@pytest.mark.parametrize(
    "why",
    [
        "a size of zero",
        "a price off the tick",
        "a leg that is not known",
        "a leg without an exchange",
        "ratios with a common divisor",
        "legs of another underlying",
        "an account of somebody else",
        "a type that is not offered",
        "prices per leg",
        "a conId that is contradicted",
        "no exchange",
        "an index",
        "too much margin",
    ],
)
async def test_an_order_is_refused_for(why: str) -> None:
    async with running_double() as kit:
        client = await kit.client()
        code, contract, order = refused_order(kit, why)
        order_id = client.place(contract, order)
        assert (await client.error(code))[0] == order_id
        await client.settle()
        assert not kit.double.life.open_orders()
        assert not client.named("execDetails")


async def test_with_two_accounts_an_order_must_name_one() -> None:
    async with running_double(DoubleSettings(accounts=("DU111", "DU222"))) as kit:
        client = await kit.client()
        client.place(bag(spread(kit)), limit(1, 60.0))
        await client.error(435)
        order_id = client.place(bag(spread(kit)), limit(1, 60.0, account="DU222"))
        await filled(client, order_id)
        assert {call[2].acctNumber for call in client.named("execDetails")} == {"DU222"}
        assert not kit.double.state.accounts["DU111"].positions


async def test_a_margin_preview_places_no_order_and_states_the_required_margin() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order = limit(1, -5.0)
        order.whatIf = True
        credit_spread = [(kit.option(1.03), 1), (kit.option(1.01), -1)]
        order_id = client.place(bag(credit_spread), order)
        number, _, got, state = await client.get("openOrder")
        assert (number, got.whatIf, got.permId) == (order_id, True, 0)
        width = float(credit_spread[0][0].strike - credit_spread[1][0].strike) * 100
        assert float(state.initMarginChange) == pytest.approx(width)
        assert float(state.initMarginAfter) - float(state.initMarginBefore) == pytest.approx(width)
        assert (state.minCommission, state.commission) == (2.0, UNSET)
        await client.settle()
        assert not client.named("orderStatus")
        assert not kit.double.state.orders


async def test_a_stop_order_waits_for_its_price() -> None:
    async with running_double() as kit:
        client = await kit.client()
        option = kit.option(1.0)
        contract = ib.Contract(conId=option.con_id, exchange="SMART")
        await filled(client, client.place(contract, limit(1, 900.0)))
        order_id = client.place(contract, ib.StopOrder("SELL", 1, 5.0, tif="GTC", orderRef="stop"))
        await client.get("orderStatus", lambda call: call[0] == order_id and call[1] == "PreSubmitted")
        await client.settle()
        assert not [call for call in client.named("orderStatus") if call[0] == order_id and call[1] == "Filled"]
        client.place(contract, ib.StopOrder("SELL", 1, 900.0, tif="GTC", orderRef="stop"), order_id)
        await filled(client, order_id)


async def test_immediate_or_cancel_fills_what_it_can_and_ends() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = client.place(bag(spread(kit)), limit(1, 0.05, tif="IOC"))
        await client.get("orderStatus", lambda call: call[0] == order_id and call[1] == "Cancelled")
        order_id = client.place(bag(spread(kit)), limit(1, 60.0, tif="IOC"))
        await filled(client, order_id)


async def test_a_day_order_ends_with_the_session_and_one_until_cancelled_stays() -> None:
    async with running_double(step=LONG_STEP) as kit:
        client = await kit.client()
        day = await working(kit, client, ref="day")
        good = await working(kit, client, ref="gtc", tif="GTC")
        await kit.advance(7 * 3600)
        await client.get("orderStatus", lambda call: call[0] == day and call[1] == "Cancelled")
        assert [order.order_id for order in kit.double.life.open_orders()] == [good]


async def test_index_options_are_worked_until_a_quarter_past_four_and_those_that_expire_until_four() -> None:
    async with running_double(step=LONG_STEP) as kit:
        client = await kit.client()
        lasting = await working(kit, client)
        legs = [(kit.option(0.95, days=0), 1), (kit.option(0.97, days=0), -1)]  # worth a hundred, whatever happens
        assert legs[0][0].expires == kit.clock.now().date()
        expiring = client.place(bag(legs), limit(3, 0.05))
        await client.get("orderStatus", lambda call: call[0] == expiring and call[1] == "Submitted")
        await kit.advance(6 * 3600 + 5 * 60)
        await client.get("orderStatus", lambda call: call[0] == expiring and call[1] == "Cancelled")
        assert [order.order_id for order in kit.double.life.open_orders()] == [lasting]
        await filled(client, client.place(bag(spread(kit)), limit(1, 90.0)))
        await kit.advance(10 * 60)
        await client.get("orderStatus", lambda call: call[0] == lasting and call[1] == "Cancelled")


async def test_an_order_outside_of_regular_trading_hours_is_worked_in_the_curb_session() -> None:
    async with running_double(step=LONG_STEP) as kit:
        client = await kit.client()
        await kit.advance(6 * 3600 + 20 * 60)
        waits = client.place(bag(spread(kit)), limit(1, 90.0))
        assert "2026-12-01 09:30:00" in (await client.error(399))[2]
        await filled(client, client.place(bag(spread(kit)), limit(1, 90.0, outsideRth=True)))
        assert [order.order_id for order in kit.double.life.open_orders()] == [waits]


async def test_an_order_at_night_waits_for_the_opening_with_399() -> None:
    async with running_double(step=LONG_STEP) as kit:
        client = await kit.client()
        await kit.advance(8 * 3600)
        order_id = client.place(bag(spread(kit)), limit(1, 90.0))
        assert "2026-12-01 09:30:00" in (await client.error(399))[2]
        await client.settle()
        assert {status for status, *_ in statuses(client)} == {"PreSubmitted"}
        await kit.advance(17 * 3600)
        await filled(client, order_id)


async def test_a_bracket_is_transmitted_with_its_last_order_and_its_exits_cancel_each_other() -> None:
    async with running_double() as kit:
        client = await kit.client()
        contract = ib.Contract(conId=kit.option(1.0).con_id, exchange="SMART")
        parent = client.place(contract, limit(1, 900.0, "entry", transmit=False))
        await client.settle()
        assert [call[1] for call in client.named("orderStatus")] == ["PreSubmitted"]
        target = client.place(
            contract, limit(-1, 800.0, "target", tif="GTC", parentId=parent, ocaGroup="exit", transmit=False)
        )
        stop = client.place(
            contract,
            ib.StopOrder("SELL", 1, 900.0, orderRef="stop", tif="GTC", parentId=parent, ocaGroup="exit", transmit=True),
        )
        await filled(client, parent)
        await filled(client, stop)
        await client.get("orderStatus", lambda call: call[0] == target and call[1] == "Cancelled")


async def test_the_children_of_a_cancelled_order_are_cancelled_with_it() -> None:
    async with running_double() as kit:
        client = await kit.client()
        contract = ib.Contract(conId=kit.option(1.0).con_id, exchange="SMART")
        parent = client.place(contract, limit(1, 0.05, "entry"))
        child = client.place(contract, limit(-1, 0.05, "exit", parentId=parent))
        await client.settle()
        assert not client.named("execDetails")
        client.api.cancelOrder(parent)
        await client.get("orderStatus", lambda call: call[0] == child and call[1] == "Cancelled")
