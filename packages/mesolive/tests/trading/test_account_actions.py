"""What an owner does by hand, through the hub: closing in the books, saying what was realised, liquidating."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from mesolive.access.context import UserContext
from mesolive.trading.execution import halts
from mesolive.trading.execution.liquidation import Liquidation
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.risk_limits import Limits
from mesolive.trading.idempotency import Idempotency
from mesolive.venues.base import NOT_SENT, Accepted, Ended, Ending, SendCheck, VenueRequest, unchecked
from mesolive.venues.simulated.faults import Fault, Faults
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import IdempotencyOperation, IdempotencyRecordStatus, LivePositionState, OrderState, StatusCode
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import Kit, live_server
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

T = TypeVar("T")

MONTH = {"Name": "month", "DTE": "45", "Min": "30", "Max": "60", "Roots": {"Include": ["SPXW", "SPX"]}}
TWO_GROUPS: dict[str, Any] = {
    "Structure": {
        "Name": "two groups",
        "Expirations": [MONTH],
        "Legs": [
            {
                "Name": "sold",
                "Qty": "-1",
                "OptionType": "Put",
                "ExpirationName": "month",
                "LegGroupId": "1",
                "StrikeSelector": {"Delta": "16"},
            },
            {
                "Name": "bought",
                "Qty": "1",
                "OptionType": "Put",
                "ExpirationName": "month",
                "LegGroupId": "2",
                "StrikeSelector": {"StrikePrice": "leg_sold_strike - 100"},
            },
        ],
    },
    "Entry": {"Schedule": {"AfterMarketOpenMinutes": "1"}},
    "Exit": {},
    "Adjustment": {},
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with desk_server(tmp_path) as running:
        yield running


@pytest.fixture
async def paper(tmp_path: Path) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path) as running:
        yield running


async def detail(control: MesoLiveControlHubClient, position_id: int) -> models.LivePositionDetail:
    return await control.get_position(models.GetPositionArgs(PositionId=position_id))


async def account(control: MesoLiveControlHubClient) -> models.LiveAccount:
    (only,) = (await control.list_accounts()).Accounts
    return only


async def enter_both(desk: Desk) -> models.LivePosition:
    """Enter a position of two leg groups."""
    entry = await desk.prepare_entry((await desk.strategy(**TWO_GROUPS)).Id)
    for group in (1, 2):
        sent = await desk.send(at_venue(entry, group=group))
        await desk.order_in(sent.LiveOrderId, OrderState.Filled)
    return await desk.position_in(LivePositionState.Open)


def liquidate_args(position_id: int, key: str | None = None) -> models.LiquidatePositionArgs:
    return models.LiquidatePositionArgs(IdempotencyKey=key or new_idempotency_key(), PositionId=position_id)


def closed_args(position_id: int, key: str | None = None) -> models.SetPositionClosedArgs:
    return models.SetPositionClosedArgs(IdempotencyKey=key or new_idempotency_key(), PositionId=position_id)


def pnl_args(leg_id: int, realized: str | None, key: str | None = None) -> models.AdjustLegPnLArgs:
    return models.AdjustLegPnLArgs(
        IdempotencyKey=key or new_idempotency_key(),
        LegId=leg_id,
        RealizedPnL=None if realized is None else Decimal(realized),
    )


async def record(control: MesoLiveControlHubClient, key: str) -> models.IdempotencyRecord:
    return await control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))


async def orders_of(desk: Desk) -> list[models.Order]:
    return (await desk.control.list_orders(models.ListOrdersArgs(Limit=500))).Orders


# --- closing in the books -------------------------------------------------------------------------------------------


async def test_a_position_set_closed_on_paper_leaves_books_that_balance(paper: Kit) -> None:
    entered = await paper.enter((await paper.strategy()).Id)
    held = await account(paper.control)
    closed = await paper.control.set_position_closed(closed_args(entered.PositionId))
    assert closed.State is LivePositionState.Closed
    assert closed.ClosedAt == paper.application.clock.now()
    legs = (await detail(paper.control, entered.PositionId)).Legs
    assert all(leg.ClosedAt is not None and leg.TrackedRealizedPnL == 0 for leg in legs)
    after = await account(paper.control)
    assert held.Cash != 100_000
    assert (after.Cash, after.NetLiquidationValue) == (100_000, 100_000)
    assert (after.ActivePositions, after.MaintenanceMarginReq) == (0, 0)


async def test_a_realised_amount_given_by_hand_moves_the_cash_by_as_much(paper: Kit) -> None:
    entered = await paper.enter((await paper.strategy()).Id)
    await paper.control.set_position_closed(closed_args(entered.PositionId))
    first, second, *_ = (await detail(paper.control, entered.PositionId)).Legs
    reported = await paper.control.adjust_leg_pnl(pnl_args(first.Id, "-120.5"))
    assert (reported.UserSetRealizedPnL, reported.TrackedRealizedPnL) == (Decimal("-120.5"), 0)
    await paper.control.adjust_leg_pnl(pnl_args(second.Id, "70"))
    assert (await detail(paper.control, entered.PositionId)).RealizedPnL == Decimal("-50.5")
    assert (await account(paper.control)).Cash == Decimal("99949.5")
    back = await paper.control.adjust_leg_pnl(pnl_args(first.Id, None))
    assert back.UserSetRealizedPnL is None
    assert (await detail(paper.control, entered.PositionId)).RealizedPnL == 70
    assert (await account(paper.control)).Cash == 100_070


async def test_a_later_realised_amount_is_added_to_the_owners_correction(paper: Kit) -> None:
    entered = await paper.enter((await paper.strategy()).Id)
    leg = (await detail(paper.control, entered.PositionId)).Legs[0]
    await paper.control.adjust_leg_pnl(pnl_args(leg.Id, "-50"))
    await paper.leave(entered.PositionId)
    after = await detail(paper.control, entered.PositionId)
    reported = next(item for item in after.Legs if item.Id == leg.Id)
    assert reported.TrackedRealizedPnL is not None
    assert reported.UserSetRealizedPnL == reported.TrackedRealizedPnL - 50
    shown = [item.UserSetRealizedPnL or item.TrackedRealizedPnL or Decimal(0) for item in after.Legs]
    assert after.RealizedPnL == sum(shown)
    assert (await account(paper.control)).Cash == 100_000 + after.RealizedPnL


@pytest.mark.parametrize("seed", [1, 2])
async def test_books_balance_after_any_corrections_and_fills(paper: Kit, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a scenario to be repeated, not a secret
    strategy = await paper.strategy()
    living: list[int] = []
    everything: list[int] = []
    for _ in range(14):
        match chance.choice(["enter", "leave", "close", "adjust", "adjust"]):
            case "leave" if living:
                await paper.leave(living.pop(chance.randrange(len(living))))
            case "close" if living:
                position_id = living.pop(chance.randrange(len(living)))
                await paper.control.set_position_closed(closed_args(position_id))
            case "adjust" if everything:
                leg = chance.choice((await detail(paper.control, chance.choice(everything))).Legs)
                amount = chance.choice([None, f"{chance.randrange(-50_000, 50_000) / 100:.2f}"])
                await paper.control.adjust_leg_pnl(pnl_args(leg.Id, amount))
            case _:
                everything.append((await paper.enter(strategy.Id)).PositionId)
                living.append(everything[-1])
        await paper.advance(60)
        realized, cost = Decimal(0), Decimal(0)
        for position_id in everything:
            position = await detail(paper.control, position_id)
            realized += position.RealizedPnL
            shown = [
                leg.TrackedRealizedPnL if leg.UserSetRealizedPnL is None else leg.UserSetRealizedPnL
                for leg in position.Legs
            ]
            assert position.RealizedPnL == sum(item for item in shown if item is not None)
            cost += sum(leg.AvgEntryPrice * leg.Qty * 100 for leg in position.Legs if leg.ClosedAt is None)
        assert (await account(paper.control)).Cash == 100_000 + realized - cost


async def test_closing_and_correcting_are_events_and_audit_records(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leg = (await detail(desk.control, opened.Id)).Legs[0]
    received = len(desk.events)
    await desk.control.set_position_closed(closed_args(opened.Id))
    await desk.control.adjust_leg_pnl(pnl_args(leg.Id, "-7"))

    def told() -> list[models.PositionUpdateEvent]:
        return [event for event in desk.events[received:] if isinstance(event, models.PositionUpdateEvent)]

    await desk.until(lambda: len(told()) == 2)
    assert [(item.Status, item.RealizedPnL) for item in told()] == [
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
async def test_an_amount_that_cannot_be_is_refused(paper: Kit, amount: str) -> None:
    entered = await paper.enter((await paper.strategy()).Id)
    leg = (await detail(paper.control, entered.PositionId)).Legs[0]
    error = await refused(paper.control.adjust_leg_pnl(pnl_args(leg.Id, amount)))
    assert error.status is StatusCode.ValidationError
    assert (await account(paper.control)).Cash != 0


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


# --- liquidating ----------------------------------------------------------------------------------------------------


async def test_liquidating_sends_one_market_order_per_group_and_closes_the_position(desk: Desk) -> None:
    opened = await enter_both(desk)
    result = await desk.control.liquidate_position(liquidate_args(opened.Id, "out"))
    assert result.PositionId == opened.Id
    assert result.Unsent == []
    await desk.position_in(LivePositionState.Closed)
    assert desk.venue.ledger.positions_of(SIM) == {}
    sent = [await desk.order(order.LiveOrderId) for order in result.Orders]
    assert [order.LegGroupId for order in sent] == [1, 2]
    assert {order.OrderType for order in sent} == {models.OrderType.Market}
    assert {order.ExecPlanId for order in sent} == {result.ExecPlanId}
    entry = await record(desk.control, "out")
    assert (entry.Operation, entry.Status) == (
        IdempotencyOperation.LiquidatePosition,
        IdempotencyRecordStatus.Completed,
    )
    assert entry.LiveExecPlanId == result.ExecPlanId
    assert entry.LiveOrderIds == [order.LiveOrderId for order in result.Orders]


async def test_liquidating_twice_with_one_key_sends_once(desk: Desk) -> None:
    opened = await enter_both(desk)
    before = len(await orders_of(desk))
    args = liquidate_args(opened.Id)
    answers = await asyncio.gather(*(desk.control.liquidate_position(args) for _ in range(10)), return_exceptions=True)
    (first,) = [answer for answer in answers if isinstance(answer, models.LiquidatePositionResult)]
    others = [answer for answer in answers if isinstance(answer, MesoLiveApiException)]
    assert {answer.status for answer in others} <= {StatusCode.Conflict, StatusCode.DuplicateRequest}
    again = await refused(desk.control.liquidate_position(args))
    assert (again.status, again.data) == (StatusCode.DuplicateRequest, first)
    assert len(await orders_of(desk)) == before + 2


class CutOffError(RuntimeError):
    """Stands for the end of the process."""


class Interrupting(OrderService):
    """Sends as many orders as it is told; with the last of them the process is gone."""

    def __init__(self, sending: OrderService, orders: int) -> None:
        self._sending_of_the_server = sending
        self._left = orders

    async def send(
        self, user: UserContext, args: models.SendOrderArgs
    ) -> models.MesoLiveApiResponse[models.SendOrderResult]:
        if self._left > 0:
            self._left -= 1
            answer = await self._sending_of_the_server.send(user, args)
            if self._left > 0:
                return answer
        raise CutOffError


@pytest.mark.parametrize("sent_before", [0, 1, 2])
async def test_a_liquidation_that_was_cut_off_is_finished_by_repeating_it_after_a_restart(
    tmp_path: Path, sent_before: int
) -> None:
    async with desk_server(tmp_path) as desk:
        opened = await enter_both(desk)
        owner = await desk.application.access.user("trader")
        database, clock = desk.application.database, desk.application.clock

        broken = Liquidation(
            database,
            Idempotency(database, clock),
            desk.application.market,
            Interrupting(desk.application.desk.sending, sent_before),
            clock,
        )
        with pytest.raises(CutOffError):
            await broken.liquidate(owner, liquidate_args(opened.Id, "out"))
        assert (await record(desk.control, "out")).Status is IdempotencyRecordStatus.Processing
    async with desk_server(tmp_path) as desk:
        await desk.strategy()  # listens
        result = await desk.control.liquidate_position(liquidate_args(opened.Id, "out"))
        assert result.Unsent == []
        assert len(result.Orders) == 2

        async def closed() -> bool | None:
            return (await detail(desk.control, opened.Id)).State is LivePositionState.Closed or None

        await desk.eventually(closed)
        assert len(await orders_of(desk)) == 4, "two that entered and two that left"
        assert desk.venue.ledger.positions_of(SIM) == {}
        assert (await record(desk.control, "out")).Status is IdempotencyRecordStatus.Completed


async def test_groups_that_were_refused_are_named_and_go_with_the_next_key(desk: Desk) -> None:
    opened = await enter_both(desk)
    await desk.set_limits(Limits(max_orders_per_minute=3))  # two have entered
    result = await desk.control.liquidate_position(liquidate_args(opened.Id))
    assert len(result.Orders) == 1
    (unsent,) = result.Unsent
    assert (unsent.LegGroupId, unsent.Status) == (2, StatusCode.RateLimited)
    assert "orders in the last minute" in unsent.Message
    await desk.position_in(LivePositionState.Closing)
    await desk.advance(61)
    rest = await desk.control.liquidate_position(liquidate_args(opened.Id))
    assert rest.Unsent == []
    (last,) = rest.Orders
    assert (await desk.order(last.LiveOrderId)).LegGroupId == 2
    await desk.position_in(LivePositionState.Closed)


async def test_a_liquidation_of_which_nothing_could_be_sent_leaves_its_key_free(desk: Desk) -> None:
    opened = await enter_both(desk)
    database, clock = desk.application.database, desk.application.clock
    await halts.halt(database, "the feed is wrong", clock.now(), SIM)
    error = await refused(desk.control.liquidate_position(liquidate_args(opened.Id, "out")))
    assert "the feed is wrong" in str(error)
    assert error.error is not None
    assert error.error.Code == "Halted"
    assert (await refused(record(desk.control, "out"))).status is StatusCode.NotFound
    await halts.resume(database, clock.now(), SIM)
    result = await desk.control.liquidate_position(liquidate_args(opened.Id, "out"))
    assert len(result.Orders) == 2


async def test_an_order_whose_answer_was_lost_counts_as_sent(tmp_path: Path) -> None:
    faults = Faults()
    async with desk_server(tmp_path, faults=faults) as desk:
        opened = await enter_both(desk)
        faults.ask(Fault.ANSWER_LOST)
        result = await desk.control.liquidate_position(liquidate_args(opened.Id))
        assert result.Unsent == []
        assert len(result.Orders) == 2
        await desk.position_in(LivePositionState.Closed)
        assert desk.venue.ledger.positions_of(SIM) == {}


class NotReadyYet:
    """A venue that does not send the next orders: it is not ready for them yet."""

    def __init__(self, desk: Desk, orders: int) -> None:
        self.asked = 0
        self._left = orders
        self._submit = desk.venue.submit
        desk.venue.submit = self

    async def __call__(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        self.asked += 1
        if self._left > 0:
            self._left -= 1
            at = datetime(2026, 1, 5, 16, tzinfo=UTC)
            return Ended(
                account=request.account,
                reference=request.reference,
                venue_id=None,
                how=Ending.REJECTED,
                at=at,
                reason="the ledger is behind",
                code=NOT_SENT,
            )
        return await self._submit(request, check)


@pytest.mark.parametrize("unsent", [1, 2])
async def test_a_group_whose_order_was_not_sent_is_sent_again(desk: Desk, unsent: int) -> None:
    opened = await enter_both(desk)
    venue = NotReadyYet(desk, unsent)
    result = await desk.control.liquidate_position(liquidate_args(opened.Id, "out"))
    assert result.Unsent == []
    assert [(await desk.order(order.LiveOrderId)).LegGroupId for order in result.Orders] == [1, 2]
    assert venue.asked == unsent + 2
    await desk.position_in(LivePositionState.Closed)
    assert desk.venue.ledger.positions_of(SIM) == {}
    again = await refused(desk.control.liquidate_position(liquidate_args(opened.Id, "out")))
    assert (again.status, again.data) == (StatusCode.DuplicateRequest, result)
    assert venue.asked == unsent + 2


async def test_a_venue_that_stays_unready_gets_three_orders_of_a_group_and_the_last_is_reported(desk: Desk) -> None:
    opened = await enter_both(desk)
    venue = NotReadyYet(desk, 6)
    result = await desk.control.liquidate_position(liquidate_args(opened.Id))
    assert venue.asked == 6
    assert [order.State for order in result.Orders] == [OrderState.Rejected] * 2
    assert (await detail(desk.control, opened.Id)).State is LivePositionState.Open
    assert len((await desk.control.liquidate_position(liquidate_args(opened.Id))).Orders) == 2
    await desk.position_in(LivePositionState.Closed)


async def test_a_halt_between_two_orders_of_a_group_ends_the_liquidation_unsent(desk: Desk) -> None:
    opened = await enter_both(desk)
    database, clock = desk.application.database, desk.application.clock
    venue = NotReadyYet(desk, 6)
    unready = venue.__call__

    async def halting(request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        await halts.halt(database, "the feed is wrong", clock.now(), SIM)
        return await unready(request, check)

    desk.venue.submit = halting
    result = await desk.control.liquidate_position(liquidate_args(opened.Id, "out"))
    assert venue.asked == 1
    assert [order.State for order in result.Orders] == [OrderState.Rejected]
    assert [(item.LegGroupId, "the feed is wrong" in item.Message) for item in result.Unsent] == [(1, True), (2, True)]
    entry = await record(desk.control, "out")
    assert entry.Status is IdempotencyRecordStatus.Completed


async def test_a_liquidation_interrupted_between_two_orders_of_a_group_resumes_with_the_second(
    tmp_path: Path,
) -> None:
    async with desk_server(tmp_path) as desk:
        opened = await enter_both(desk)
        owner = await desk.application.access.user("trader")
        database, clock = desk.application.database, desk.application.clock
        NotReadyYet(desk, 1)
        sending = Interrupting(desk.application.desk.sending, 1)
        broken = Liquidation(database, Idempotency(database, clock), desk.application.market, sending, clock)
        with pytest.raises(CutOffError):
            await broken.liquidate(owner, liquidate_args(opened.Id, "out"))
        result = await desk.control.liquidate_position(liquidate_args(opened.Id, "out"))
        assert [(await desk.order(order.LiveOrderId)).LegGroupId for order in result.Orders] == [1, 2]
        await desk.position_in(LivePositionState.Closed)
        assert len(await orders_of(desk)) == 5, "two that entered, one that was not sent, and two that left"
        assert desk.venue.ledger.positions_of(SIM) == {}


async def test_the_error_for_a_paper_account_names_the_call_to_use_instead(paper: Kit) -> None:
    entered = await paper.enter((await paper.strategy()).Id)
    error = await refused(paper.control.liquidate_position(liquidate_args(entered.PositionId)))
    assert error.status is StatusCode.NotSupported
    assert "ApplyPaperFills" in str(error)
    assert (await paper.control.list_orders()).Orders[-1].State is OrderState.Filled


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
