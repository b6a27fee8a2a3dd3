"""Faults of the double of TWS around orders and executions: each switch does what it says."""

from __future__ import annotations

from typing import Any

import pytest

from mesolive_testkit.tws import TwsClient, TwsKit, bag, ib, limit, running_double

WELL_IN = 60.0
"""A limit at which the spread is filled at once."""
FAR = 0.05
"""A limit at which it rests."""


def spread(kit: TwsKit) -> Any:
    return bag([(kit.option(1.01), 1), (kit.option(1.03), -1)])


async def place(kit: TwsKit, client: TwsClient, price: float, quantity: int = 2, ref: str = "ref-1") -> int:
    """Place a spread; return its id once its first answers have come."""
    order_id = client.place(spread(kit), limit(quantity, price, ref))
    await client.settle()
    return order_id


def states(client: TwsClient) -> list[str]:
    return [call[1] for call in client.named("orderStatus")]


def names(client: TwsClient) -> list[str]:
    wanted = {"openOrder", "orderStatus", "execDetails", "commissionReport"}
    return [call[0] for call in client.calls if call[0] in wanted]


async def test_a_swallowed_order_is_in_no_list() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_swallowed", times=1)
        await place(kit, client, WELL_IN)
        client.api.reqAllOpenOrders()
        client.api.reqCompletedOrders(False)
        client.api.reqExecutions(1, ib.ExecutionFilter())
        await client.get("execDetailsEnd")
        assert not names(client)
        assert not client.named("completedOrder")
        assert [entry["order_ref"] for entry in kit.double.truth.of("order_swallowed")] == ["ref-1"]


async def test_an_order_in_a_dialog_waits_until_it_is_confirmed() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_held_by_dialog", times=1)
        await place(kit, client, WELL_IN)
        assert not names(client)
        assert kit.double.orders.release_dialogs() == 1
        kit.double.gateway.commit()
        await client.get("orderStatus", lambda call: call[1] == "Filled")


async def test_an_order_is_accepted_and_the_socket_cut_before_any_answer() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_then_cut", times=1)
        client.place(spread(kit), limit(1, FAR, "orphan"))
        await client.get("connectionClosed")
        assert not names(client)
        again = await kit.client(10)
        again.api.reqOpenOrders()
        await again.get("openOrderEnd")
        assert [call[2].orderRef for call in again.named("openOrder")] == ["orphan"]


async def test_an_order_that_is_not_acknowledged_works_and_fills() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_unacknowledged", times=1)
        order_id = await place(kit, client, FAR)
        assert not names(client)
        assert [order.order_ref for order in kit.double.life.open_orders()] == ["ref-1"]
        client.place(spread(kit), limit(2, WELL_IN), order_id)
        await client.get("orderStatus", lambda call: call[1] == "Filled")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("preset_tif", 10349), ("order_message", 399), ("outside_rth_ignored", 2109), ("shares_to_locate", 404)],
)
async def test_a_warning_on_acceptance_leaves_the_order_alive(fault: str, code: int) -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on(fault, times=1)
        order_id = await place(kit, client, WELL_IN)
        assert (await client.error(code))[0] == order_id
        assert states(client)[-1] == "Filled"


@pytest.mark.parametrize("code", [110, 200, 201, 321, 460])
async def test_a_new_order_is_refused(code: int) -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_rejected", code=code, times=1)
        order_id = await place(kit, client, WELL_IN)
        assert (await client.error(code))[0] == order_id
        assert states(client) == (["Inactive"] if code == 201 else [])
        assert not kit.double.life.open_orders()
        assert states(client) != ["Filled"]


async def test_a_stop_order_on_a_combo_is_refused_and_one_on_its_leg_is_not() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("combo_stop_refused")
        refused = client.place(spread(kit), ib.StopOrder("BUY", 1, 900.0, tif="DAY", orderRef="stop"))
        assert (await client.error(387))[0] == refused
        single = ib.Contract(conId=kit.option(1.01).con_id, exchange="SMART")
        taken = client.place(single, ib.StopOrder("BUY", 1, 900.0, tif="DAY", orderRef="stop"))
        await client.settle()
        assert [order.order_id for order in kit.double.life.open_orders()] == [taken]


async def test_a_reference_is_cut_to_its_maximum_length() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("reference_cut", characters=10)
        await place(kit, client, WELL_IN / 100, ref="a reference of ours")
        (order,) = kit.double.life.open_orders()
        assert order.order_ref == "a referenc"
        assert client.named("openOrder")[-1][2].orderRef == "a referenc"


@pytest.mark.parametrize("changes", [False, True])
async def test_a_modification_keeps_the_reference_of_its_order_unless_it_may_change_it(changes: bool) -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR, ref="first")
        if changes:
            kit.double.faults.switch_on("reference_changes")
        client.mark()
        client.place(spread(kit), limit(2, 2 * FAR, "second"), order_id)
        shown = await client.get("openOrder", lambda call: call[2].lmtPrice == 2 * FAR)
        assert shown[2].orderRef == ("second" if changes else "first")


async def test_a_combo_is_refused_at_one_exchange_and_taken_at_another() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("route_refused", exchange="CBOE")
        combo = spread(kit)
        combo.exchange = "CBOE"
        refused = client.place(combo, limit(2, FAR))
        assert (await client.error(201))[0] == refused
        await place(kit, client, FAR)
        assert [order.exchange for order in kit.double.life.open_orders()] == ["SMART"]


@pytest.mark.parametrize("code", [110, 201, 321])
async def test_a_modification_is_refused_and_the_old_order_fills(code: int) -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("modification_rejected", code=code, times=1)
        client.place(spread(kit), limit(2, WELL_IN), order_id)
        assert (await client.error(code))[0] == order_id
        client.place(spread(kit), limit(2, WELL_IN), order_id)
        await client.get("orderStatus", lambda call: call[1] == "Filled")


async def test_a_modification_in_an_outage_makes_a_second_live_order_of_the_same_reference() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR, ref="twice")
        kit.double.faults.switch_on("modify_in_outage_duplicates", times=1)
        kit.double.connectivity.lose_link()
        client.place(spread(kit), limit(2, 0.15, "twice"), order_id)
        await client.settle()
        kit.double.connectivity.restore_link()
        kit.double.gateway.commit()
        await client.error(1102)
        client.mark()
        client.api.reqAllOpenOrders()
        await client.get("openOrderEnd")
        live = [(call[2].orderRef, call[2].lmtPrice) for call in client.named("openOrder")]
        assert live == [("twice", FAR), ("twice", 0.15)]
        assert len({call[2].permId for call in client.named("openOrder")}) == 2


async def test_a_cancel_loses_against_the_fill() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("cancel_lost_to_fill", times=1)
        client.api.cancelOrder(order_id)
        assert "Filled" in (await client.error(10148))[2]
        await client.settle()
        assert states(client)[-1] == "Filled"
        bag_report = client.named("execDetails")[0][2]
        assert (bag_report.price, bag_report.shares) == (FAR, 2.0)
        legs = [call[2] for call in client.named("execDetails")[1:]]
        assert legs[0].price - legs[1].price == pytest.approx(FAR)


async def test_a_cancel_is_lost() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("cancel_unanswered", times=1)
        client.mark()
        client.api.cancelOrder(order_id)
        await client.settle()
        assert not names(client)
        assert kit.double.life.open_orders()


async def test_a_pending_cancel_is_confirmed_later_and_the_order_may_fill_until_then() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("cancel_pending", seconds=5)
        client.api.cancelOrder(order_id)
        await client.settle()
        assert states(client)[-1] == "PendingCancel"
        client.place(spread(kit), limit(2, WELL_IN), order_id)
        await client.error(201)
        await kit.timer.advance(5)
        await client.error(202)
        assert states(client)[-1] == "Cancelled"


async def test_a_cancel_is_refused_and_the_order_lives() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("cancel_refused", times=1)
        client.api.cancelOrder(order_id)
        assert (await client.error(161))[0] == order_id
        assert kit.double.life.open_orders()


async def test_a_cancel_is_confirmed_by_202_while_the_status_says_pending_cancel() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("cancel_by_error_only", times=1)
        client.api.cancelOrder(order_id)
        await client.error(202)
        await client.settle()
        assert states(client)[-1] == "PendingCancel"
        assert not kit.double.life.open_orders()


async def test_executions_come_after_the_order_was_called_cancelled() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order_id = await place(kit, client, FAR)
        kit.double.faults.switch_on("fill_after_cancel", quantity=1, times=1)
        client.api.cancelOrder(order_id)
        await client.error(202)
        await client.settle()
        last = client.named("orderStatus")[-1]
        assert (last[1], last[2], last[3]) == ("Cancelled", 1.0, 1.0)
        kinds = [call[0] for call in client.calls]
        assert kinds.index("execDetails") > max(
            at for at, call in enumerate(client.calls) if call[0] == "error" and call[2] == 202
        )


async def test_the_first_answer_to_a_margin_preview_has_no_numbers_and_one_may_never_come() -> None:
    async with running_double() as kit:
        client = await kit.client()
        order = limit(1, 5.0)
        order.whatIf = True
        kit.double.faults.switch_on("what_if_empty_first", times=1)
        client.place(spread(kit), order)
        await client.settle()
        changes = [call[3].initMarginChange for call in client.named("openOrder")]
        assert len(changes) == 2
        assert changes[0] == "1.7976931348623157E308"
        client.mark()
        kit.double.faults.switch_on("what_if_unanswered", times=1)
        client.place(spread(kit), order)
        await client.settle()
        assert not client.named("openOrder")


async def test_executions_come_before_the_first_open_order() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("executions_first", times=1)
        await place(kit, client, WELL_IN)
        assert names(client)[0] == "execDetails"
        assert states(client) == ["Filled"]


async def test_a_fill_comes_without_open_order_and_status() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("status_missing", times=1)
        await place(kit, client, WELL_IN)
        assert "Filled" not in states(client)
        assert len(client.named("execDetails")) == 3


async def test_an_order_fills_in_parts_one_per_step_of_the_market() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("partial_fills", quantity=1)
        await place(kit, client, WELL_IN, quantity=3)
        assert client.named("orderStatus")[-1][1:4] == ("Submitted", 1.0, 2.0)
        await kit.advance(2)
        await client.get("orderStatus", lambda call: call[1] == "Filled")
        combos = [call[2] for call in client.named("execDetails") if call[1].secType == "BAG"]
        assert [(combo.shares, combo.cumQty) for combo in combos] == [(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]
        legs = [call[2] for call in client.named("execDetails") if call[1].secType == "OPT" and call[2].side == "BOT"]
        assert [leg.cumQty for leg in legs] == [1.0, 2.0, 3.0]
        assert len({combo.execId for combo in (*combos, *legs)}) == 6


async def test_nothing_fills() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("no_fills")
        await place(kit, client, WELL_IN)
        await kit.advance(3)
        await client.settle()
        assert states(client)[-1] == "Submitted"
        kit.double.faults.switch_off("no_fills")
        await kit.advance()
        await client.get("orderStatus", lambda call: call[1] == "Filled")


async def test_legs_have_another_prefix_than_their_combo() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("leg_prefixes", times=1)
        await place(kit, client, WELL_IN)
        combo, *legs = [call[2].execId.rsplit(".", 2)[0] for call in client.named("execDetails")]
        assert combo not in legs
        assert len(set(legs)) == 1


async def test_a_fill_comes_with_its_legs_alone() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("bag_missing", times=1)
        await place(kit, client, WELL_IN)
        assert [call[1].secType for call in client.named("execDetails")] == ["OPT", "OPT"]


async def test_legs_come_later_than_their_combo() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("legs_late", seconds=3, times=1)
        await place(kit, client, WELL_IN)
        assert [call[1].secType for call in client.named("execDetails")] == ["BAG"]
        await kit.timer.advance(3)
        await client.settle()
        assert [call[1].secType for call in client.named("execDetails")] == ["BAG", "OPT", "OPT"]


async def test_commissions_come_first() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("commission_first", times=1)
        await place(kit, client, WELL_IN)
        assert names(client).index("commissionReport") < names(client).index("execDetails")


async def test_commissions_never_come_and_are_not_listed() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("commission_never")
        await place(kit, client, WELL_IN)
        client.api.reqExecutions(1, ib.ExecutionFilter())
        await client.get("execDetailsEnd")
        assert len(client.named("execDetails")) == 6
        assert not client.named("commissionReport")


async def test_the_first_commission_has_no_number() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("commission_unset", times=1)
        await place(kit, client, WELL_IN)
        reported = [call[0].commission for call in client.named("commissionReport")]
        assert reported == [1.7976931348623157e308, 1.3, 1.3]


async def test_fills_of_an_outage_are_sent_before_1102_or_only_listed() -> None:
    async with running_double() as kit:
        client = await kit.client()
        for untold in (False, True):
            client.mark()
            if untold:
                kit.double.faults.switch_on("outage_fills_untold", times=1)
            kit.double.faults.switch_on("no_fills")
            await place(kit, client, WELL_IN, ref=f"untold {untold}")
            kit.double.connectivity.lose_link()
            kit.double.faults.switch_off("no_fills")
            await kit.advance()
            await client.settle()
            assert not client.named("execDetails")
            kit.double.connectivity.restore_link()
            kit.double.gateway.commit()
            await client.error(1102)
            assert len(client.named("execDetails")) == (0 if untold else 3)
        client.mark()
        client.api.reqExecutions(1, ib.ExecutionFilter())
        await client.get("execDetailsEnd")
        assert len(client.named("execDetails")) == 6


async def test_an_order_is_lost_in_its_socket_and_its_id_goes_to_another() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_lost_in_socket", times=1)
        lost = client.place(spread(kit), limit(1, WELL_IN, "lost"))
        await client.get("connectionClosed")
        again = await kit.client(10)
        assert again.named("nextValidId") == [(lost,)]
        assert await place(kit, again, WELL_IN, ref="other") == lost
        assert {call[2].orderRef for call in again.named("openOrder")} == {"other"}


async def test_an_inactive_order_works_again_after_a_while() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("order_inactive", seconds=5, times=1)
        await place(kit, client, WELL_IN)
        assert states(client) == ["PreSubmitted", "Inactive"]
        client.api.reqOpenOrders()
        await client.get("openOrderEnd")
        assert client.named("openOrder")[-1][3].status == "Inactive"
        await kit.timer.advance(5)
        await client.get("orderStatus", lambda call: call[1] == "Filled")


async def test_an_order_of_an_outage_is_cancelled_by_tws_itself() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.connectivity.lose_link()
        order_id = await place(kit, client, WELL_IN)
        client.api.cancelOrder(order_id)
        status = await client.get("orderStatus")
        assert (status[1], status[5]) == ("ApiCancelled", 0)
        kit.double.connectivity.restore_link()
        await client.settle()
        assert not client.named("execDetails")


async def test_a_combo_has_no_data_while_its_legs_quote() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("combo_data_dead")
        client.api.reqMktData(1, spread(kit), "", False, False, [])
        client.api.reqMktData(2, ib.Contract(conId=kit.option(1.01).con_id), "", False, False, [])
        await client.settle()
        assert {call[0] for call in client.named("priceSizeTick")} == {2}
        assert (1, 1) in client.named("marketDataType")


async def test_positions_lag_behind_fills() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("positions_late", seconds=10)
        client.api.reqPositions()
        await place(kit, client, WELL_IN)
        assert {call[2] for call in client.named("position")} == {0.0}
        await kit.timer.advance(11)
        client.mark()
        client.api.reqPositions()
        await client.get("positionEnd")
        assert {call[2] for call in client.named("position")} == {2.0, -2.0}


async def test_legs_come_in_parts_that_add_up() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("legs_split", times=1)
        await place(kit, client, WELL_IN, quantity=3)
        combo, *legs = [call[2] for call in client.named("execDetails")]
        assert combo.shares == 3.0
        for side in ("BOT", "SLD"):
            parts = [leg for leg in legs if leg.side == side]
            assert sorted(part.shares for part in parts) == [1.0, 2.0]
            assert max(part.cumQty for part in parts) == 3.0
        assert len({leg.execId for leg in legs}) == 4
        assert len(client.named("commissionReport")) == 4
        held = kit.double.state.accounts["DU1234567"].positions
        assert sorted(holding.quantity for holding in held.values()) == [-3, 3]


async def test_lists_of_executions_come_in_another_order() -> None:
    async with running_double() as kit:
        client = await kit.client()
        for number in range(4):
            await place(kit, client, WELL_IN, ref=f"ref-{number}")
        live = [call[2].execId for call in client.named("execDetails")]
        client.mark()
        kit.double.faults.switch_on("executions_shuffled")
        client.api.reqExecutions(1, ib.ExecutionFilter())
        await client.get("execDetailsEnd")
        listed = [call[2].execId for call in client.named("execDetails")]
        assert sorted(listed) == sorted(live)
        assert listed != live
