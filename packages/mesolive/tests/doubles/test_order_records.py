"""What the double of TWS keeps of orders: open and completed orders, executions, whose orders a client sees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.tws import bag, ib, limit, running_double
from mesolive_testkit.tws_orders import LONG_STEP, condor, filled, spread, working


async def test_open_orders_are_the_clients_own_and_all_open_orders_everybodys() -> None:
    async with running_double() as kit:
        first, second = await kit.client(10), await kit.client(11)
        await working(kit, first, ref="one")
        await working(kit, second, ref="two")
        second.mark()
        second.api.reqOpenOrders()
        await second.get("openOrderEnd")
        assert [call[2].orderRef for call in second.named("openOrder")] == ["two"]
        second.mark()
        second.api.reqAllOpenOrders()
        await second.get("openOrderEnd")
        assert [(call[2].orderRef, call[2].clientId) for call in second.named("openOrder")] == [
            ("one", 10),
            ("two", 11),
        ]


async def test_completed_orders_of_a_filled_combo_have_no_quantity_but_what_was_filled() -> None:
    async with running_double() as kit:
        client = await kit.client()
        await filled(client, client.place(bag(spread(kit)), limit(2, 60.0, "done")))
        cancelled = await working(kit, client, ref="gone")
        client.api.cancelOrder(cancelled)
        await client.error(202)
        client.api.reqCompletedOrders(False)
        await client.get("completedOrdersEnd")
        rows = {call[1].orderRef: call for call in client.named("completedOrder")}
        contract, order, state = rows["done"]
        assert (contract.secType, order.totalQuantity, order.filledQuantity) == ("BAG", 0.0, 2.0)
        assert (state.status, state.completedStatus) == ("Filled", "Filled Size: 2")
        assert state.completedTime == "20261130 10:00:00 US/Eastern"
        assert order.permId > 0
        _, order, state = rows["gone"]
        assert (order.totalQuantity, order.filledQuantity, state.status) == (3.0, 0.0, "Cancelled")


async def test_executions_are_replayed_with_their_commissions_after_a_reconnect_and_forgotten_at_midnight() -> None:
    async with running_double(step=LONG_STEP) as kit:
        client = await kit.client()
        await filled(client, client.place(bag(spread(kit)), limit(2, 60.0, "kept")))
        await client.settle()
        live = [call[2].execId for call in client.named("execDetails")]
        resting = await working(kit, client, ref="open", tif="GTC")
        kit.double.cut(10)
        await client.get("connectionClosed")
        client.mark()
        await client.api.connectAsync("127.0.0.1", kit.double.port, 10, 30)
        assert client.named("nextValidId") == [(resting + 1,)]
        client.api.reqExecutions(901, ib.ExecutionFilter())
        await client.get("execDetailsEnd")
        assert [call[2].execId for call in client.named("execDetails")] == live
        assert {call[0] for call in client.named("execDetails")} == {901}
        assert [call[0].execId for call in client.named("commissionReport")] == live[1:]
        client.api.reqOpenOrders()
        await client.get("openOrderEnd")
        assert [call[2].orderId for call in client.named("openOrder")] == [resting]
        await kit.advance(16 * 3600)
        client.mark()
        client.api.reqExecutions(902, ib.ExecutionFilter())
        client.api.reqCompletedOrders(False)
        await client.get("execDetailsEnd")
        await client.get("completedOrdersEnd")
        assert not client.named("execDetails")
        assert [call[1].orderRef for call in client.named("completedOrder")] == []


@pytest.mark.parametrize(
    ("filter_fields", "result"),
    [
        ({"side": "SELL"}, 1),
        ({"secType": "BAG"}, 1),
        ({"symbol": "SPY"}, 0),
        ({"clientId": 99}, 0),
        ({"acctCode": "DU1234567"}, 3),
        ({"time": "20261130 10:00:00"}, 3),
        ({"time": "20261130 10:00:01"}, 0),
        ({"time": "20261130-15:00:00"}, 3),
    ],
)
async def test_executions_pass_a_filter(filter_fields: dict[str, Any], result: int) -> None:
    async with running_double() as kit:
        client = await kit.client()
        await filled(client, client.place(bag(spread(kit)), limit(1, 60.0)))
        await client.settle()
        client.mark()
        client.api.reqExecutions(1, ib.ExecutionFilter(**filter_fields))
        await client.get("execDetailsEnd")
        assert len(client.named("execDetails")) == result


async def test_the_master_client_sees_the_orders_of_others_and_cannot_change_them() -> None:
    async with running_double(DoubleSettings(master_client=77)) as kit:
        master, client = await kit.client(77), await kit.client(10)
        order_id = client.place(bag(spread(kit)), limit(1, 60.0, "theirs"))
        assert (await master.get("openOrder"))[2].orderRef == "theirs"
        await filled(master, order_id)
        assert len(master.named("execDetails")) == 3
        master.api.cancelOrder(order_id)
        await master.error(10147)


async def test_client_zero_binds_orders_by_hand_and_others_may_not() -> None:
    async with running_double() as kit:
        zero, other = await kit.client(0), await kit.client(10)
        option = kit.option(1.02)
        kit.double.orders.by_hand("DU1234567", option.con_id, Decimal(1), Decimal("0.05"))
        kit.double.gateway.commit()
        other.api.reqAutoOpenOrders(True)
        await other.error(321)
        other.api.reqAllOpenOrders()
        await other.get("openOrderEnd")
        assert [(call[0], call[2].clientId) for call in other.named("openOrder")] == [(0, 0)]
        zero.mark()
        zero.api.reqAutoOpenOrders(True)
        perm_id, _, bound = await zero.get("orderBound")
        assert bound == -1
        assert (await zero.get("openOrder"))[0] == -1
        zero.api.cancelOrder(-1)
        await zero.error(202)
        assert kit.double.truth.of("order_ended")[-1]["perm_id"] == perm_id


async def test_the_truth_agrees_with_the_account_and_with_the_messages_sent() -> None:
    async with running_double() as kit:
        client = await kit.client()
        for number in range(4):
            await filled(client, client.place(bag(condor(kit)), limit(1, 90.0, f"ref-{number}")))
        await client.settle()
        reported = {call[2].execId for call in client.named("execDetails")}
        true = {name for fill in kit.double.truth.of("fill") for name in _names(fill["executions"])}
        assert reported == true
        cash = Decimal(1_000_000)
        for row in kit.double.truth.of("execution"):
            signed = Decimal(str(row["shares"])) * (1 if row["side"] == "BOT" else -1)
            cash -= signed * Decimal(str(row["price"])) * 100 + Decimal(str(row["commission"]))
        assert cash == kit.double.state.accounts["DU1234567"].cash


def _names(value: Any) -> list[str]:
    return [str(name) for name in value]
