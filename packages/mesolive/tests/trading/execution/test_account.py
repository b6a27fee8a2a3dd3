"""What an account at a venue shows."""

from __future__ import annotations

from decimal import Decimal

from mesolive.trading.orders.history import order_history
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.models import LivePositionState
from mesolive_testkit.venues import SIM, Desk, at_venue


async def account(desk: Desk) -> models.LiveAccount:
    return await desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))


async def detail(desk: Desk, position_id: int) -> models.LivePositionDetail:
    return await desk.control.get_position(models.GetPositionArgs(PositionId=position_id))


def margin_setting(model: str) -> dict[str, object]:
    return {"Settings": {"Core": {"Margin": {"Model": model}}}}


async def test_an_iron_condor_needs_the_width_of_one_of_its_wings(desk: Desk) -> None:
    assert (await account(desk)).MaintenanceMarginReq == 0
    opened = await desk.enter((await desk.strategy(**margin_setting("RegT"))).Id)
    quantity = opened.QtyMultiplier
    assert quantity is not None
    assert (await detail(desk, opened.Id)).Margin == 100 * 100 * quantity
    assert (await account(desk)).MaintenanceMarginReq == 100 * 100 * quantity


async def test_a_definition_may_ask_for_margin_by_risk_graph(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy(**margin_setting("PMLike"))).Id)
    margin = (await detail(desk, opened.Id)).Margin
    assert margin is not None
    assert 0 < margin < 100 * 100 * (opened.QtyMultiplier or 0)
    assert (await account(desk)).MaintenanceMarginReq == margin


async def test_the_accounts_value_is_what_the_fills_left_of_its_cash_and_what_is_held(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    held = await account(desk)
    pnl = (await detail(desk, opened.Id)).PositionPnL.Mark
    assert held.NetLiquidationValue is not None
    assert pnl is not None
    assert abs(held.NetLiquidationValue - 100_000 - pnl) < Decimal("0.01")
    assert held.Cash is not None
    assert held.Cash > 100_000  # a credit


async def test_a_position_that_is_gone_at_the_venue_is_an_error_until_it_is_closed_in_the_books(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    desk.venue.close_by_hand(SIM)

    def reported(state: models.ErrorState) -> bool:
        return any(isinstance(event, models.ErrorEvent) and event.State is state for event in desk.events)

    await desk.until(lambda: reported(models.ErrorState.Active))
    closed = await desk.control.set_position_closed(
        models.SetPositionClosedArgs(IdempotencyKey=new_idempotency_key(), PositionId=opened.Id)
    )
    assert closed.State is LivePositionState.Closed
    await desk.until(lambda: reported(models.ErrorState.Resolved))


async def test_the_history_of_an_order_states_its_caller_every_report_and_every_change(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    args = at_venue(entry)
    sent = await desk.send(args)
    await desk.position_in(LivePositionState.Open)
    story = await order_history(desk.application.database, sent.LiveOrderId)
    what = [(item.what, item.change) for item in story.entries]
    assert ("SendOrder", "") in what
    assert ("Acknowledged", "PendingSubmit → Submitted") in what
    assert ("Executed", "Submitted → Filled") in what
    assert sum(item.what == "Booked" for item in story.entries) == 4
    asked = next(item for item in story.entries if item.what == "SendOrder")
    assert args.IdempotencyKey in asked.detail
    assert story.user == "trader"


async def test_the_agent_whose_quotes_fill_its_orders_names_the_account(desk: Desk) -> None:
    (agent,) = (await desk.control.list_agents(models.ListAgentsArgs())).Agents
    assert agent.BrokerAccountIds == [SIM]
