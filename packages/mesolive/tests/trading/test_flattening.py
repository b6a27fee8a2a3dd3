"""Halt and flatten through the hub: entries halted, orders cancelled, positions closed, once per key."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.access.context import UserContext
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.trading.execution.flattening import Flattening
from mesolive.trading.execution.liquidation import Liquidation
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.user_halts import Halts
from mesolive.trading.idempotency import Idempotency
from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key
from mesolive_sdk.models import HaltScope, IdempotencyRecordStatus, LivePositionState, OrderState, StatusCode
from mesolive_testkit.server import ACCOUNT, live_server
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

FAR: dict[str, Any] = {"kind": models.OrderType.Limit, "limit": Decimal(-90)}
CHEAP: dict[str, Any] = {"kind": models.OrderType.Limit, "limit": Decimal("0.05")}
"""A credit that nobody pays, and a debit that nobody takes: such orders work."""


def flatten_args(key: str = "flat", account: str | None = None) -> models.HaltAndFlattenArgs:
    return models.HaltAndFlattenArgs(IdempotencyKey=key, BrokerAccountId=account, Reason="enough")


async def refused(desk: Desk, key: str, account: str | None = None) -> MesoLiveApiException:
    with pytest.raises(MesoLiveApiException) as caught:
        await desk.control.halt_and_flatten(flatten_args(key, account))
    return caught.value


async def enter_two(desk: Desk) -> list[int]:
    strategy = await desk.strategy()
    for _ in range(2):
        await desk.send(at_venue(await desk.prepare_entry(strategy.Id)))

    async def look() -> list[int] | None:
        held = [position.Id for position in await desk.positions() if position.State is LivePositionState.Open]
        return held if len(held) == 2 else None

    return await desk.eventually(look)


async def all_closed(desk: Desk) -> None:
    async def look() -> bool | None:
        return all(position.State is LivePositionState.Closed for position in await desk.positions()) or None

    await desk.eventually(look)
    assert desk.venue.ledger.positions_of(SIM) == {}


async def orders(desk: Desk) -> list[models.Order]:
    return (await desk.control.list_orders(models.ListOrdersArgs(Limit=500))).Orders


async def test_everything_is_closed_what_works_is_cancelled_and_entries_stay_halted(desk: Desk) -> None:
    held = await enter_two(desk)
    strategy = await desk.strategy()
    working = await desk.send(at_venue(await desk.prepare_entry(strategy.Id), **FAR))
    later = await desk.prepare_entry(strategy.Id)
    leaving = await desk.send(at_venue(await desk.prepare_exit(held[0]), **CHEAP))
    await desk.order_in(leaving.LiveOrderId, OrderState.Submitted)
    result = await desk.control.halt_and_flatten(flatten_args())
    assert set(result.CancelledOrderIds) == {working.LiveOrderId, leaving.LiveOrderId}
    assert [(position.PositionId, position.Status) for position in result.Positions] == [
        (position_id, StatusCode.Success) for position_id in held
    ]
    assert result.Complete
    await all_closed(desk)
    for order_id in result.CancelledOrderIds:
        await desk.order_in(order_id, OrderState.Cancelled)
    for order in (order for position in result.Positions for order in position.Orders):
        assert (await desk.order(order.LiveOrderId)).OrderType is models.OrderType.Market
    (halt,) = (await desk.control.list_halts()).Halts
    assert (halt.Scope, halt.Reason, halt.BrokerAccountId) == (HaltScope.Entries, "enough", None)
    assert [event.Halted for event in await desk.log() if isinstance(event, models.HaltChangeEvent)] == [True]
    with pytest.raises(MesoLiveApiException) as halted:
        await desk.send(at_venue(later))
    assert halted.value.error is not None
    assert halted.value.error.Code == "Halted"


async def test_a_repeated_call_does_nothing_again(desk: Desk) -> None:
    await enter_two(desk)
    first = await desk.control.halt_and_flatten(flatten_args())
    sent = len(await orders(desk))
    again = await refused(desk, "flat")
    assert (again.status, again.data) == (StatusCode.DuplicateRequest, first)
    await all_closed(desk)
    second = await desk.control.halt_and_flatten(flatten_args("another"))
    assert (second.Positions, second.Complete) == ([], True), "nothing is held any more"
    assert len(await orders(desk)) == sent
    assert (await refused(desk, "wrong", "SIM9")).status is StatusCode.NotFound
    other = await refused(desk, "flat", SIM)
    assert other.error is not None
    assert other.error.Code == "IdempotencyKeyReused"


class CutOffError(RuntimeError):
    """Stands for the end of the process."""


class Interrupting(OrderService):
    """Sends as many orders as it is told, and then the process is gone."""

    def __init__(self, sending: OrderService, orders: int) -> None:
        self._of_the_server = sending
        self._left = orders

    async def send(
        self, user: UserContext, args: models.SendOrderArgs
    ) -> models.MesoLiveApiResponse[models.SendOrderResult]:
        if self._left == 0:
            raise CutOffError
        self._left -= 1
        return await self._of_the_server.send(user, args)

    async def cancel(
        self, user: UserContext, args: models.CancelOrderArgs
    ) -> models.MesoLiveApiResponse[models.CancelOrderResult]:
        return await self._of_the_server.cancel(user, args)


@pytest.mark.parametrize("sent_before", [0, 1])
async def test_a_call_that_was_cut_off_is_finished_by_repeating_it_after_a_restart(
    tmp_path: Path, sent_before: int
) -> None:
    async with desk_server(tmp_path) as desk:
        held = await enter_two(desk)
        application = desk.application
        owner = await application.access.user("trader")
        database, clock = application.database, application.clock
        idempotency = Idempotency(database, clock)
        sending = Interrupting(application.desk.sending, sent_before)
        liquidation = Liquidation(database, idempotency, application.market, sending, clock)
        halts = Halts(database, Journal(database, LocalBus(), clock), idempotency, clock, application.sessions)
        broken = Flattening(database, idempotency, halts, sending, liquidation, clock)
        with pytest.raises(CutOffError):
            await broken.halt_and_flatten(owner, flatten_args())
        record = await desk.control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey="flat"))
        assert record.Status is IdempotencyRecordStatus.Processing
        entered = len(held)
    async with desk_server(tmp_path) as desk:
        await desk.listen()
        result = await desk.control.halt_and_flatten(flatten_args())
        assert [position.PositionId for position in result.Positions] == held
        assert result.Complete
        await all_closed(desk)
        assert len(await orders(desk)) == 2 * entered, "each position was entered once and left once"
        assert len((await desk.control.list_halts()).Halts) == 1


async def test_a_halt_of_everything_lets_no_exit_leave_and_the_answer_says_so(desk: Desk) -> None:
    held = await enter_two(desk)
    await desk.control.halt_trading(models.HaltTradingArgs(IdempotencyKey=new_idempotency_key(), Reason="all of it"))
    result = await desk.control.halt_and_flatten(flatten_args(account=SIM))
    assert [(position.PositionId, position.Code) for position in result.Positions] == [
        (position_id, "Halted") for position_id in held
    ]
    assert not result.Complete
    await desk.control.resume_trading(models.ResumeTradingArgs(IdempotencyKey=new_idempotency_key()))
    assert (await desk.control.halt_and_flatten(flatten_args("after"))).Complete
    await all_closed(desk)


async def test_a_position_on_paper_is_named_with_what_to_do(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        entered = await kit.enter((await kit.strategy()).Id)
        result = await kit.control.halt_and_flatten(flatten_args(account=ACCOUNT))
        (position,) = result.Positions
        assert (position.PositionId, position.Status) == (entered.PositionId, StatusCode.NotSupported)
        assert "ApplyPaperFills" in (position.Message or "")
        assert not result.Complete
        stranger = await kit.other_user()
        assert (await stranger.halt_and_flatten(flatten_args())).Positions == []
