"""What an account at a venue shows, and what its owner does to his books by hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

import pytest

from broker_testkit import SIM, Desk, at_venue, desk_server
from mesolive.access.context import UserContext
from mesolive.errors import ServiceError
from mesolive.trading.order_history import order_history
from mesolive_sdk import models
from mesolive_sdk.models import LivePositionState, StatusCode


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with desk_server(tmp_path) as running:
        yield running


async def owner(desk: Desk) -> UserContext:
    return await desk.application.access.user("trader")


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


async def test_a_position_that_is_gone_is_closed_in_the_books_and_its_pnl_told_by_hand(desk: Desk) -> None:
    actions = desk.application.desk.actions
    opened = await desk.enter((await desk.strategy()).Id)
    desk.venue.close_by_hand(SIM)

    def resolved() -> bool:
        return any(isinstance(e, models.ErrorEvent) and e.State is models.ErrorState.Resolved for e in desk.events)

    def active() -> bool:
        return any(isinstance(e, models.ErrorEvent) and e.State is models.ErrorState.Active for e in desk.events)

    await desk.until(active)
    closed = await actions.set_closed(await owner(desk), opened.Id)
    assert closed.State is LivePositionState.Closed
    await desk.until(resolved)
    leg = (await detail(desk, opened.Id)).Legs[0]
    told = await actions.adjust_pnl(await owner(desk), leg.Id, Decimal(-120))
    assert told.UserSetRealizedPnL == -120
    assert (await detail(desk, opened.Id)).RealizedPnL == -120
    await actions.adjust_pnl(await owner(desk), leg.Id, None)
    assert (await detail(desk, opened.Id)).RealizedPnL == 0
    with pytest.raises(ServiceError) as again:
        await actions.set_closed(await owner(desk), opened.Id)
    assert again.value.status is StatusCode.Conflict


async def test_a_position_is_not_closed_by_hand_while_an_order_of_it_works(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leave = await desk.prepare_exit(opened.Id)
    await desk.send(at_venue(leave, kind=models.OrderType.Limit, limit=Decimal("0.05")))
    with pytest.raises(ServiceError, match="has not ended"):
        await desk.application.desk.actions.set_closed(await owner(desk), opened.Id)


async def test_liquidating_closes_all_of_a_position_and_is_safe_to_repeat(desk: Desk) -> None:
    actions = desk.application.desk.actions
    opened = await desk.enter((await desk.strategy()).Id)
    (sent,) = await actions.liquidate(await owner(desk), opened.Id, "liquidate")
    await desk.position_in(LivePositionState.Closed)
    assert desk.venue.ledger.held(SIM) == {}
    assert (await desk.order(sent.LiveOrderId)).OrderType is models.OrderType.Market


async def test_another_users_positions_and_legs_are_not_found(desk: Desk) -> None:
    actions = desk.application.desk.actions
    opened = await desk.enter((await desk.strategy()).Id)
    leg = (await detail(desk, opened.Id)).Legs[0]
    await desk.application.access.create_key("somebody else")
    other = await desk.application.access.user("somebody else")
    for call in (
        actions.set_closed(other, opened.Id),
        actions.adjust_pnl(other, leg.Id, Decimal(1)),
        actions.liquidate(other, opened.Id, "key"),
    ):
        with pytest.raises(ServiceError) as refused:
            await call
        assert refused.value.status is StatusCode.NotFound


async def test_the_story_of_an_order_tells_who_asked_every_fact_and_every_change(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    args = at_venue(entry)
    sent = await desk.send(args)
    await desk.position_in(LivePositionState.Open)
    story = await order_history(desk.application.database, sent.LiveOrderId)
    what = [(one.what, one.change) for one in story.entries]
    assert ("SendOrder", "") in what
    assert ("Acknowledged", "PendingSubmit → Submitted") in what
    assert ("Executed", "Submitted → Filled") in what
    assert sum(one.what == "Booked" for one in story.entries) == 4
    asked = next(one for one in story.entries if one.what == "SendOrder")
    assert args.IdempotencyKey in asked.detail
    assert story.user == "trader"


async def test_the_agent_whose_quotes_fill_its_orders_names_the_account(desk: Desk) -> None:
    (agent,) = (await desk.control.list_agents(models.ListAgentsArgs())).Agents
    assert agent.BrokerAccountIds == [SIM]
