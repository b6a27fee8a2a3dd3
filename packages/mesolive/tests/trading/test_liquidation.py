"""Liquidating a position through the hub: a market order per leg group, once per key, resumed where it was cut off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesolive.access.context import UserContext
from mesolive.trading.execution import halts
from mesolive.trading.execution.liquidation import Liquidation
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.risk_limits import Limits
from mesolive.trading.idempotency import Idempotency
from mesolive.venues.base import NOT_SENT, Accepted, Ended, Ending, SendCheck, VenueRequest, unchecked
from mesolive.venues.simulated.faults import Fault, Faults
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import IdempotencyOperation, IdempotencyRecordStatus, LivePositionState, OrderState, StatusCode
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import Kit
from mesolive_testkit.venues import SIM, Desk, desk_server
from mesolive_testkit.venues.hand_actions import (
    detail,
    enter_both,
    liquidate_args,
    orders_of,
    record,
)


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


async def test_the_error_for_a_paper_account_names_the_call_to_use_instead(kit: Kit) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    error = await refused(kit.control.liquidate_position(liquidate_args(entered.PositionId)))
    assert error.status is StatusCode.NotSupported
    assert "ApplyPaperFills" in str(error)
    assert (await kit.control.list_orders()).Orders[-1].State is OrderState.Filled
