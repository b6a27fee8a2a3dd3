"""What goes wrong between the server and a venue loses nothing, doubles nothing, and ends in what the venue says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mesolive.market.contracts import OptionContract
from mesolive.store.tables.trading import order_facts
from mesolive.trading.execution import send_permits
from mesolive.trading.execution.halts import halt
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    AccountUnreachableError,
    Ended,
    LegExecution,
    OrderStatus,
    SendCheck,
    VenueLeg,
    VenueOrder,
    VenueRequest,
)
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import IdempotencyRecordStatus, LivePositionState, OrderState
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.server import START, manual_market
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

ANSWER_SECONDS = 25.0
"""Less than the call's own limit, and far more than a busy machine needs for an answer."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with desk_server(tmp_path, answer_seconds=ANSWER_SECONDS) as running:
        yield running


async def not_answered(desk: Desk, pass_time: PassTime) -> None:
    """Let the time pass for which an answer is awaited, once the venue hangs with the request."""
    while desk.venue.faults._requested:  # noqa: ASYNC110 - that a fault has happened has no event
        await asyncio.sleep(0.001)
    pass_time(ANSWER_SECONDS)


async def record_of(desk: Desk, key: str) -> models.IdempotencyRecord:
    return await desk.control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))


async def balanced(desk: Desk) -> None:
    """See that the books hold what the venue holds, and that every fill of it was booked once."""
    async with desk.application.database.read() as tx:
        assert await held_in_books(tx, 1) == desk.venue.ledger.positions_of(SIM)
        booked = await tx.scalar(select(func.count()).select_from(order_facts).where(order_facts.c.kind == "Executed"))
    assert booked == len(desk.venue.ledger.executions)


@pytest.mark.parametrize(
    "fault", [Fault.ANSWER_LOST, Fault.ANSWER_LATE, Fault.DISCONNECT_AFTER, Fault.HANG], ids=lambda fault: fault.name
)
async def test_an_order_whose_answer_is_lost_is_reconciled_and_sent_once(
    desk: Desk, fault: Fault, pass_time: PassTime
) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    desk.venue.faults.ask(fault)
    args = at_venue(entry)
    sending = asyncio.create_task(desk.send(args))
    if fault is Fault.HANG:
        await not_answered(desk, pass_time)
    sent = await sending
    assert sent.State in {OrderState.PendingSubmit, OrderState.Filled, OrderState.PartiallyFilled}
    await desk.order_in(sent.LiveOrderId, OrderState.Filled)
    await desk.position_in(LivePositionState.Open)
    assert len(desk.venue.ledger.orders) == 1
    record = await record_of(desk, args.IdempotencyKey)
    assert record.Status is IdempotencyRecordStatus.Completed
    assert record.LiveOrderIds == [sent.LiveOrderId]
    await balanced(desk)


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.DISCONNECT_BEFORE], ids=lambda fault: fault.name)
async def test_an_order_that_never_arrived_is_rejected_only_when_the_venue_says_so(desk: Desk, fault: Fault) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    desk.venue.faults.ask(fault)
    args = at_venue(entry)
    sent = await desk.send(args)
    assert sent.State is OrderState.PendingSubmit
    await desk.order_in(sent.LiveOrderId, OrderState.Rejected)
    assert (await record_of(desk, args.IdempotencyKey)).Status is IdempotencyRecordStatus.Completed
    assert desk.venue.ledger.orders == {}
    await desk.send(at_venue(entry))  # the group is free again
    await desk.position_in(LivePositionState.Open)
    await balanced(desk)


async def test_an_account_that_the_login_lost_is_left_as_it_is_and_the_others_are_polled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = desk.application
    owner = await application.access.user("trader")
    await application.accounts.create_simulated(owner, "SIM2000", Decimal(100_000))
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    listed, polled, lost = desk.venue.orders, list[str](), asyncio.Event()

    async def without_one(account: str, since: datetime) -> Sequence[VenueOrder]:
        if account == SIM:
            lost.set()
            raise AccountUnreachableError(f"the login has account {SIM} no more")
        polled.append(account)
        return await listed(account, since)

    monkeypatch.setattr(desk.venue, "orders", without_one)
    desk.venue.faults.ask(Fault.REQUEST_LOST)
    sent = await desk.send(at_venue(entry))
    (supervisor,) = application.desk.supervisors
    for _ in range(3):
        lost.clear()
        polled.clear()
        await supervisor.reconcile()
        assert lost.is_set()
        assert set(polled) == {"SIM2000"}
        assert (await desk.order(sent.LiveOrderId)).State is OrderState.PendingSubmit
    assert supervisor.in_contact


async def test_a_lost_account_is_an_active_error_with_its_positions_and_orders_until_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = await desk.strategy()
    await desk.enter(strategy.Id)
    entry = await desk.prepare_entry(strategy.Id, "another")
    resting = await desk.send(at_venue(entry, kind=models.OrderType.Limit, limit=Decimal(-90)))
    listed = desk.venue.orders
    async with desk.application.database.read() as tx:
        held = await held_in_books(tx, 1)
    assert held

    async def lost(account: str, since: datetime) -> Sequence[VenueOrder]:
        raise AccountUnreachableError(f"the login has account {account} no more")

    async def errors() -> list[models.ErrorEvent]:
        return [event for event in await desk.log() if isinstance(event, models.ErrorEvent)]

    (supervisor,) = desk.application.desk.supervisors
    monkeypatch.setattr(desk.venue, "orders", lost)
    for _ in range(2):
        await supervisor.reconcile()
    (error,) = await errors()
    assert error.State is models.ErrorState.Active
    assert error.Message is not None
    assert "no more; it is not watched" in error.Message
    for contract, qty in held.items():
        assert f"{qty:+f} {contract}" in error.Message
    assert f"working orders {resting.LiveOrderId} (" in error.Message
    monkeypatch.setattr(desk.venue, "orders", listed)
    await supervisor.reconcile()
    states = [item.State for item in await errors()]
    # The server polls by itself as well: both may see that the account is back.
    assert states[:2] == [models.ErrorState.Active, models.ErrorState.Resolved]
    assert models.ErrorState.Active not in states[1:]


async def test_an_order_that_the_venue_still_searches_for_is_not_judged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    sent_as: list[VenueRequest] = []
    searching, polled = True, asyncio.Event()
    submit, listed = desk.venue.submit, desk.venue.orders

    async def kept(request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        sent_as.append(request)
        return await submit(request, check)

    async def with_doubts(account: str, since: datetime) -> Sequence[VenueOrder]:
        result = [*await listed(account, since)]
        if searching and sent_as:
            (request,) = sent_as
            in_doubt = VenueOrder(
                account=account,
                reference=request.reference,
                venue_id="",
                status=OrderStatus.IN_DOUBT,
                qty=request.qty,
                filled=Decimal(0),
                at=START,
            )
            result.append(in_doubt)
            polled.set()
        return result

    monkeypatch.setattr(desk.venue, "submit", kept)
    monkeypatch.setattr(desk.venue, "orders", with_doubts)
    desk.venue.faults.ask(Fault.REQUEST_LOST)
    sent = await desk.send(at_venue(entry))
    for _ in range(3):
        polled.clear()
        async with asyncio.timeout(60):
            await polled.wait()
        assert (await desk.order(sent.LiveOrderId)).State is OrderState.PendingSubmit
    searching = False
    await desk.order_in(sent.LiveOrderId, OrderState.Rejected)


async def test_an_order_is_unresolved_as_long_as_the_venue_cannot_be_asked(desk: Desk, pass_time: PassTime) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    desk.venue.faults.ask(Fault.HANG)
    args = at_venue(entry, kind=models.OrderType.Limit, limit=Decimal(-50))
    sending = asyncio.create_task(desk.send(args))
    await desk.until(lambda: any(isinstance(event, models.OrderUpdateEvent) for event in desk.events))
    assert len(desk.venue.ledger.orders) == 1
    desk.venue.go_down()
    await not_answered(desk, pass_time)
    sent = await sending
    assert sent.State is OrderState.PendingSubmit
    assert (await desk.order(sent.LiveOrderId)).UnresolvedSince is not None
    assert (await record_of(desk, args.IdempotencyKey)).Status is IdempotencyRecordStatus.Processing
    with pytest.raises(MesoLiveApiException, match="not known yet"):
        await desk.send(args)
    desk.venue.come_back()
    known = await desk.order_in(sent.LiveOrderId, OrderState.Submitted)
    assert known.UnresolvedSince is None
    assert (await record_of(desk, args.IdempotencyKey)).Status is IdempotencyRecordStatus.Completed


async def test_nothing_is_begun_while_the_venue_is_not_connected(desk: Desk) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    desk.venue.go_down()
    args = at_venue(entry)
    with pytest.raises(MesoLiveApiException, match="not connected") as refused:
        await desk.send(args)
    assert refused.value.status is models.StatusCode.ProviderUnavailable
    with pytest.raises(MesoLiveApiException, match="not found"):
        await record_of(desk, args.IdempotencyKey)


@pytest.mark.parametrize(
    "fault",
    [Fault.DUPLICATE_FILL, Fault.REORDERED_FILL, Fault.FILL_LOST, Fault.DISCONNECT_AT_FILL],
    ids=lambda fault: fault.name,
)
async def test_a_fill_is_booked_once_however_often_it_is_reported(desk: Desk, fault: Fault) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    desk.venue.faults.ask(fault)
    sent = await desk.send(at_venue(entry))
    await desk.order_in(sent.LiveOrderId, OrderState.Filled)
    opened = await desk.position_in(LivePositionState.Open)
    assert opened.Id
    await balanced(desk)


async def test_a_fill_whose_legs_are_named_by_their_contracts_is_booked_on_the_legs_of_the_plan(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A venue that has lost its journal knows the reference of an order, and not the names of its legs."""

    def nameless(*, name: str, contract: OptionContract, **fields: Decimal) -> LegExecution:
        del name
        return LegExecution(name=contract.symbol, contract=contract, **fields)

    monkeypatch.setattr("mesolive.venues.simulated.matching.LegExecution", nameless)
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    sent = await desk.send(at_venue(entry))
    await desk.order_in(sent.LiveOrderId, OrderState.Filled)
    await desk.position_in(LivePositionState.Open)
    await balanced(desk)


@pytest.mark.parametrize(
    "fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.DISCONNECT_AFTER, Fault.HANG], ids=lambda fault: fault.name
)
async def test_a_cancel_whose_answer_is_lost_is_settled_by_the_venue(
    desk: Desk, fault: Fault, pass_time: PassTime
) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    resting = at_venue(entry, kind=models.OrderType.Limit, limit=Decimal(-50))
    sent = await desk.send(resting)
    desk.venue.faults.ask(fault)
    args = models.CancelOrderArgs(IdempotencyKey="cancel", LiveOrderId=sent.LiveOrderId)
    cancelling = asyncio.create_task(desk.control.cancel_order(args))
    if fault is Fault.HANG:
        await not_answered(desk, pass_time)
    assert (await cancelling).State in {OrderState.PendingCancel, OrderState.Cancelled}
    await desk.order_in(sent.LiveOrderId, OrderState.Cancelled)
    assert (await record_of(desk, "cancel")).Status is IdempotencyRecordStatus.Completed
    assert desk.venue.ledger.working == {}


async def test_what_fills_while_the_server_is_away_is_booked_when_it_is_back(tmp_path: Path) -> None:
    # The order waits in the venue's queue when the server stops, and is filled before the next one connects.
    slow = SimulatedVenueConfig(queue_seconds=30)
    async with desk_server(tmp_path, terms=slow) as desk:
        entry = await desk.prepare_entry((await desk.strategy()).Id)
        sent = await desk.send(at_venue(entry))
        assert sent.State is OrderState.Submitted
    later = manual_market(START + timedelta(seconds=60))
    async with desk_server(tmp_path, market=later, terms=slow) as desk:
        await desk.application.desk.supervisors[0].reconciled()
        assert (await desk.order(sent.LiveOrderId)).State is OrderState.Filled
        await balanced(desk)
        await desk.application.desk.completion.close()
        assert (await desk.positions())[-1].State is LivePositionState.Open


async def test_trades_by_hand_at_the_venue_are_an_error_until_the_books_agree_again(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    desk.venue.close_by_hand(SIM)

    def troubles(state: models.ErrorState) -> list[models.ErrorEvent]:
        return [event for event in desk.events if isinstance(event, models.ErrorEvent) and event.State is state]

    await desk.until(lambda: bool(troubles(models.ErrorState.Active)))
    assert "the venue holds 0" in (troubles(models.ErrorState.Active)[-1].Message or "")
    assert (await desk.positions())[-1].Id == opened.Id
    held = {leg.contract: -leg.qty for execution in desk.venue.ledger.executions[-4:] for leg in execution.legs}
    for contract, qty in held.items():  # and by hand again as it was
        desk.venue.trade_by_hand(SIM, [VenueLeg(name="x", contract=contract, ratio=qty)], Decimal(1))
    await desk.until(lambda: bool(troubles(models.ErrorState.Resolved)))


async def test_ids_that_a_session_gives_anew_are_never_taken_for_an_order(desk: Desk) -> None:
    strategy = await desk.strategy()
    orders: list[int] = []
    for _ in range(2):
        entry = await desk.prepare_entry(strategy.Id)
        resting = at_venue(entry, kind=models.OrderType.Limit, limit=Decimal(-50))
        orders.append((await desk.send(resting)).LiveOrderId)
        desk.venue.disconnect()  # the next session counts from 1 again
        await desk.application.desk.supervisors[0].reconciled()
    references = list(desk.venue.ledger.working)
    desk.venue.cancel_by_hand(references[1])
    await desk.order_in(orders[1], OrderState.Cancelled)
    assert (await desk.order(orders[0])).State is OrderState.Submitted


class SlowStep:
    """A venue that needs a long time before it writes an order; the order then goes on to the simulated venue."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.over = asyncio.Event(), asyncio.Event()
        self._submit = desk.venue.submit
        self._writing: list[asyncio.Task[Accepted | Ended]] = []
        monkeypatch.setattr(desk.venue, "submit", self.submit)
        monkeypatch.setattr(send_permits, "LOOK_SECONDS", 0.0)

    async def submit(self, request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        writing = asyncio.create_task(self._write(request, check))
        self._writing.append(writing)
        return await asyncio.shield(writing)  # it goes on when the server gives up

    async def written(self) -> Accepted | Ended:
        """Let the slow step end, and return what became of the order."""
        self.over.set()
        (writing,) = self._writing
        return await writing

    async def _write(self, request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        self.begun.set()
        await self.over.wait()
        return await self._submit(request, check)


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncGenerator[Desk]:
    """Run a server that waits long for its venue."""
    async with desk_server(tmp_path) as running:
        yield running


async def test_a_halt_during_a_slow_step_of_the_venue_keeps_the_order_from_being_sent(
    patient: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await patient.prepare_entry((await patient.strategy()).Id)
    slow = SlowStep(patient, monkeypatch)
    sending = asyncio.create_task(patient.send(at_venue(entry)))
    await slow.begun.wait()
    await halt(patient.application.database, "the market is mad", START)
    await slow.written()
    sent = await sending
    assert sent.State is OrderState.Rejected
    assert patient.venue.ledger.orders == {}


async def test_a_cancel_during_a_slow_step_of_the_venue_keeps_the_order_from_being_sent(
    patient: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await patient.prepare_entry((await patient.strategy()).Id)
    slow = SlowStep(patient, monkeypatch)
    sending = asyncio.create_task(patient.send(at_venue(entry)))
    await slow.begun.wait()
    await patient.until(lambda: any(isinstance(event, models.OrderUpdateEvent) for event in patient.events))
    (order_id,) = (event.OrderId for event in patient.events if isinstance(event, models.OrderUpdateEvent))
    args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=order_id)
    await patient.control.cancel_order(args)  # the venue says that it does not know it
    await slow.written()
    assert (await sending).State is OrderState.Cancelled
    assert patient.venue.ledger.orders == {}


async def test_an_order_is_not_sent_after_the_server_has_stopped_waiting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await desk.prepare_entry((await desk.strategy()).Id)
    slow = SlowStep(desk, monkeypatch)
    sent = await desk.send(at_venue(entry))
    assert sent.State is OrderState.PendingSubmit
    answer = await slow.written()
    assert isinstance(answer, Ended)
    assert answer.code == NOT_SENT
    assert desk.venue.ledger.orders == {}
    await desk.order_in(sent.LiveOrderId, OrderState.Rejected)
