"""What an owner does by hand, through the hub: closing in the books, correcting realised amounts, listing halts."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from mesolive.trading.execution import halts
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.models import IdempotencyOperation, LivePositionState, StatusCode
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import Kit
from mesolive_testkit.venues import SIM, Desk, at_venue
from mesolive_testkit.venues.hand_actions import (
    closed_args,
    detail,
    liquidate_args,
    pnl_args,
    record,
)


async def account(control: MesoLiveControlHubClient) -> models.LiveAccount:
    (only,) = (await control.list_accounts()).Accounts
    return only


# --- closing in the books -------------------------------------------------------------------------------------------


async def test_a_position_set_closed_on_paper_leaves_books_that_balance(kit: Kit) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    held = await account(kit.control)
    closed = await kit.control.set_position_closed(closed_args(entered.PositionId))
    assert closed.State is LivePositionState.Closed
    assert closed.ClosedAt == kit.application.clock.now()
    legs = (await detail(kit.control, entered.PositionId)).Legs
    assert all(leg.ClosedAt is not None and leg.TrackedRealizedPnL == 0 for leg in legs)
    after = await account(kit.control)
    assert held.Cash != 100_000
    assert (after.Cash, after.NetLiquidationValue) == (100_000, 100_000)
    assert (after.ActivePositions, after.MaintenanceMarginReq) == (0, 0)


async def test_a_realised_amount_given_by_hand_moves_the_cash_by_as_much(kit: Kit) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    await kit.control.set_position_closed(closed_args(entered.PositionId))
    first, second, *_ = (await detail(kit.control, entered.PositionId)).Legs
    reported = await kit.control.adjust_leg_pnl(pnl_args(first.Id, "-120.5"))
    assert (reported.UserSetRealizedPnL, reported.TrackedRealizedPnL) == (Decimal("-120.5"), 0)
    await kit.control.adjust_leg_pnl(pnl_args(second.Id, "70"))
    assert (await detail(kit.control, entered.PositionId)).RealizedPnL == Decimal("-50.5")
    assert (await account(kit.control)).Cash == Decimal("99949.5")
    back = await kit.control.adjust_leg_pnl(pnl_args(first.Id, None))
    assert back.UserSetRealizedPnL is None
    assert (await detail(kit.control, entered.PositionId)).RealizedPnL == 70
    assert (await account(kit.control)).Cash == 100_070


async def test_a_later_realised_amount_is_added_to_the_owners_correction(kit: Kit) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    leg = (await detail(kit.control, entered.PositionId)).Legs[0]
    await kit.control.adjust_leg_pnl(pnl_args(leg.Id, "-50"))
    await kit.leave(entered.PositionId)
    after = await detail(kit.control, entered.PositionId)
    reported = next(item for item in after.Legs if item.Id == leg.Id)
    assert reported.TrackedRealizedPnL is not None
    assert reported.UserSetRealizedPnL == reported.TrackedRealizedPnL - 50
    shown = [item.UserSetRealizedPnL or item.TrackedRealizedPnL or Decimal(0) for item in after.Legs]
    assert after.RealizedPnL == sum(shown)
    assert (await account(kit.control)).Cash == 100_000 + after.RealizedPnL


@pytest.mark.parametrize("seed", [1, 2])
async def test_books_balance_after_any_corrections_and_fills(kit: Kit, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a scenario to be repeated, not a secret
    strategy = await kit.strategy()
    living: list[int] = []
    everything: list[int] = []
    for _ in range(14):
        match chance.choice(["enter", "leave", "close", "adjust", "adjust"]):
            case "leave" if living:
                await kit.leave(living.pop(chance.randrange(len(living))))
            case "close" if living:
                position_id = living.pop(chance.randrange(len(living)))
                await kit.control.set_position_closed(closed_args(position_id))
            case "adjust" if everything:
                leg = chance.choice((await detail(kit.control, chance.choice(everything))).Legs)
                amount = chance.choice([None, f"{chance.randrange(-50_000, 50_000) / 100:.2f}"])
                await kit.control.adjust_leg_pnl(pnl_args(leg.Id, amount))
            case _:
                everything.append((await kit.enter(strategy.Id)).PositionId)
                living.append(everything[-1])
        await kit.advance(60)
        realized, cost = Decimal(0), Decimal(0)
        for position_id in everything:
            position = await detail(kit.control, position_id)
            realized += position.RealizedPnL
            shown = [
                leg.TrackedRealizedPnL if leg.UserSetRealizedPnL is None else leg.UserSetRealizedPnL
                for leg in position.Legs
            ]
            assert position.RealizedPnL == sum(item for item in shown if item is not None)
            cost += sum(leg.AvgEntryPrice * leg.Qty * 100 for leg in position.Legs if leg.ClosedAt is None)
        assert (await account(kit.control)).Cash == 100_000 + realized - cost


async def test_closing_and_correcting_are_events_and_audit_records(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leg = (await detail(desk.control, opened.Id)).Legs[0]
    received = len(desk.events)
    await desk.control.set_position_closed(closed_args(opened.Id))
    await desk.control.adjust_leg_pnl(pnl_args(leg.Id, "-7"))

    def announced() -> list[models.PositionUpdateEvent]:
        return [event for event in desk.events[received:] if isinstance(event, models.PositionUpdateEvent)]

    await desk.until(lambda: len(announced()) == 2)
    assert [(item.Status, item.RealizedPnL) for item in announced()] == [
        (models.PositionStatus.Closed, 0),
        (models.PositionStatus.RealizedPnLChanged, -7),
    ]
    legs = [event for event in desk.events[received:] if isinstance(event, models.LegUpdateEvent)]
    assert {(item.LegId, item.Status, item.RealizedPnL) for item in legs if item.LegId == leg.Id} == {
        (leg.Id, models.LegStatus.Closed, 0),
        (leg.Id, models.LegStatus.Closed, -7),
    }


async def test_a_call_by_hand_happens_once_per_key(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leg = (await detail(desk.control, opened.Id)).Legs[0]
    closing, telling = closed_args(opened.Id, "close"), pnl_args(leg.Id, "-120", "tell")
    closed = await desk.control.set_position_closed(closing)
    reported = await desk.control.adjust_leg_pnl(telling)
    cash = (await account(desk.control)).Cash
    again = await refused(desk.control.set_position_closed(closing))
    assert (again.status, again.data) == (StatusCode.DuplicateRequest, closed)
    again = await refused(desk.control.adjust_leg_pnl(telling))
    assert (again.status, again.data) == (StatusCode.DuplicateRequest, reported)
    assert (await account(desk.control)).Cash == cash
    assert (await record(desk.control, "tell")).Operation is IdempotencyOperation.AdjustLegPnL
    other = await refused(desk.control.adjust_leg_pnl(pnl_args(leg.Id, "-121", "tell")))
    assert other.status is StatusCode.Conflict
    assert other.error is not None
    assert other.error.Code == "IdempotencyKeyReused"


async def test_nothing_is_done_by_hand_while_an_order_of_the_position_works(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leg = (await detail(desk.control, opened.Id)).Legs[0]
    leave = await desk.prepare_exit(opened.Id)
    working = await desk.send(at_venue(leave, kind=models.OrderType.Limit, limit=Decimal("0.05")))
    for call in (
        desk.control.set_position_closed(closed_args(opened.Id)),
        desk.control.adjust_leg_pnl(pnl_args(leg.Id, "1")),
        desk.control.liquidate_position(liquidate_args(opened.Id)),
    ):
        error = await refused(call)
        assert error.status is StatusCode.Conflict
        assert f"order {working.LiveOrderId}" in str(error)


@pytest.mark.parametrize("amount", ["1e13", "-1000000000001", "0.00000000001"])
async def test_an_amount_that_cannot_be_is_refused(kit: Kit, amount: str) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    leg = (await detail(kit.control, entered.PositionId)).Legs[0]
    error = await refused(kit.control.adjust_leg_pnl(pnl_args(leg.Id, amount)))
    assert error.status is StatusCode.ValidationError
    assert (await account(kit.control)).Cash != 0


async def test_what_belongs_to_another_user_is_not_found(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leg = (await detail(desk.control, opened.Id)).Legs[0]
    key = await desk.application.access.create_key("somebody else")
    other = await desk.stack.enter_async_context(MesoLiveControlHubClient(desk.application.url, key.token))
    for call in (
        other.set_position_closed(closed_args(opened.Id)),
        other.adjust_leg_pnl(pnl_args(leg.Id, "1")),
        other.liquidate_position(liquidate_args(opened.Id)),
    ):
        assert (await refused(call)).status is StatusCode.NotFound


# --- halts ----------------------------------------------------------------------------------------------------------


async def test_halts_are_listed_for_those_whom_they_concern(desk: Desk) -> None:
    database, clock = desk.application.database, desk.application.clock
    assert (await desk.control.list_halts()).Halts == []
    await halts.halt(database, "only this one", clock.now(), SIM)
    key = await desk.application.access.create_key("somebody else")
    other = await desk.stack.enter_async_context(MesoLiveControlHubClient(desk.application.url, key.token))
    (own,) = (await desk.control.list_halts()).Halts
    assert (own.BrokerAccountId, own.Reason, own.CreatedAt) == (SIM, "only this one", clock.now())
    assert (await other.list_halts()).Halts == []
    await halts.halt(database, "everything", clock.now())
    assert [halt.BrokerAccountId for halt in (await other.list_halts()).Halts] == [None]
    assert [halt.Reason for halt in (await desk.control.list_halts()).Halts] == ["only this one", "everything"]
    await halts.resume(database, clock.now())
    assert (await desk.control.list_halts()).Halts == []
