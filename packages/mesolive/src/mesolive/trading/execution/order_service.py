"""Order service (OMS): sends, replaces and cancels orders; each is committed before it is sent to the venue."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import structlog
from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock, boot_time
from mesolive.errors import ServiceError
from mesolive.journal.journal import Journal
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.store.database import NOT_STORED, Database, WriteTransaction
from mesolive.tasks import Tasks
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.evaluation.concurrency import ConcurrencyCheck
from mesolive.trading.execution.admission import Admission, Admitted, Request
from mesolive.trading.execution.cancellation import UNRESOLVED, Cancellation
from mesolive.trading.execution.fill_handler import fill_markers
from mesolive.trading.execution.group_commit import GroupCommit
from mesolive.trading.execution.halts import noted_halts
from mesolive.trading.execution.order_rate import OrderRate
from mesolive.trading.execution.report_handler import (
    order_event,
    report_from_server,
    report_from_venue,
    send_result,
)
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.execution.risk_limits import RefusedError
from mesolive.trading.execution.send_permits import Denial, Denied, PermitCheck, SendPermits
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import (
    Idempotency,
    Settlement,
    find_records,
    first_answer,
    keep_processing,
    settle,
)
from mesolive.trading.orders.repository import (
    StoredOrder,
    mark_replaced_by,
    place_orders,
)
from mesolive.trading.orders.state_machine import ContactLost, Rejected, Replaced
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.base import NOT_SENT, Accepted, Ended, Ending, Venue, VenueRequest, VenueUnreachableError
from mesolive_sdk import models

T = TypeVar("T")

_log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
"""How long a venue's answer is awaited, in real time; then the order is in doubt and reconciliation resolves it."""


class Sendable(Struct, frozen=True):
    """An order that is committed and may be sent.

    Attributes
    ----------
    replaces
        The order that it shall replace, as it was when this one was committed.
    admitted
        `boot_time` of its admission.
    warning
        A warning in the answer, such as an order beyond the limits of its strategy.
    """

    order: StoredOrder
    account: Account
    request: VenueRequest
    venue: Venue
    replaces: StoredOrder | None
    admitted: float
    warning: str | None = None


Made = Sendable | models.MesoLiveApiResponse[models.SendOrderResult]


class OrderService:
    """Carries out `SendOrder` and `CancelOrder`.

    Parameters
    ----------
    unresolved
        Called with the id of an account of which an order is unresolved.
    completed
        See `ReportHandler`.
    permits
        Asked before each submission.
    answer_seconds
        How long a venue's answer is awaited.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        market: Market,
        venues: VenueRegistry,
        facts: ReportQueue,
        clock: Clock,
        unresolved: Callable[[int], None],
        completed: Callable[[int, int], None],
        *,
        permits: SendPermits,
        answer_seconds: float = ANSWER_SECONDS,
        new_reference: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._database = database
        self._journal = journal
        self._idempotency = idempotency
        self._market = market
        self._venues = venues
        self._facts = facts
        self._clock = clock
        self._unresolved = unresolved
        self._completed = completed
        self._permits = permits
        self._answer_seconds = answer_seconds
        self._new_reference = new_reference
        self._rate = OrderRate()
        self._batches: GroupCommit[Request, Made] = GroupCommit(self._commit, "orders to send")
        self.tasks = Tasks()
        self._checks: dict[str, PermitCheck] = {}
        self._cancellation = Cancellation(
            database, idempotency, venues, facts, clock, self._within_time, self._withdraw, unresolved, self.tasks
        )
        self.in_flight: set[str] = set()
        """References of orders whose call to the venue has not ended. Reconciliation leaves them alone: a list that was
        made before the order arrived does not have it, and the order would count as never arrived."""

    async def send(
        self, user: UserContext, args: models.SendOrderArgs
    ) -> models.MesoLiveApiResponse[models.SendOrderResult]:
        """Send a leg group to its venue.

        Raises
        ------
        ServiceError
            `NotFound` for an account or a plan that the user does not have; `NotSupported` for a paper account;
            `ValidationError` for an order that does not fit its plan; `Conflict` for a group that is filled or whose
            order works, a position that has changed, an order that cannot be replaced; and what a guard refuses, with
            its code.
        """
        return await self._owned(self._send(user, args), "order submission")

    async def cancel(
        self, user: UserContext, args: models.CancelOrderArgs
    ) -> models.MesoLiveApiResponse[models.CancelOrderResult]:
        """Cancel an order; one that is cancelled already is answered with success.

        It reaches the venue also while the database cannot be written; the answer's message says so then.

        Raises
        ------
        ServiceError
            `NotFound` for an order that the user does not have; `Conflict` for one that was filled or has ended
            otherwise, and when the venue does not cancel it.
        """
        return await self._owned(self._cancellation.cancel(user, args), "order cancellation")

    async def cancel_by_us(self, order: StoredOrder, account: Account, why: str) -> StoredOrder:
        """Cancel an order for a reason of the server's own, such as a halt; return it as it is afterwards."""
        return await self._cancellation.cancel_by_server(order, account, why)

    async def ask_to_cancel(self, order: StoredOrder, account: Account) -> StoredOrder:
        """Cancel an order, and return its state afterwards."""
        return await self._cancellation.ask(order, account)

    async def close(self) -> None:
        """Wait for running calls: each ends within the answer time of a venue."""
        await self.tasks.join()

    async def _owned(self, work: Coroutine[Any, Any, T], name: str) -> T:
        """Run work in a task that outlives its caller, so that a lost connection does not interrupt an order."""
        return await asyncio.shield(self.tasks.spawn(name, work, expected=ServiceError))

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _send(
        self, user: UserContext, args: models.SendOrderArgs
    ) -> models.MesoLiveApiResponse[models.SendOrderResult]:
        operation = models.IdempotencyOperation.SendOrder
        with self._idempotency.claimed(user, args.IdempotencyKey, operation, args) as call:
            made = await self._batches.submit_and_wait(Request(user, call, args))
            if isinstance(made, models.MesoLiveApiResponse):
                return made
            order = await self._hand_over(made)
        warnings = [made.warning, UNRESOLVED if order.view.unresolved_since is not None else None]
        message = "; ".join(text for text in warnings if text is not None) or None
        return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Message=message, Data=send_result(order))

    async def _hand_over(self, made: Sendable) -> StoredOrder:
        """Send a committed order to its venue and book the answer."""
        order = made.order
        try:
            if (denied := await self._denied(made)) is not None:
                return await self._not_sent(made, denied)
            # Nothing may wait between the permit and the submission; for its own slow steps the venue has the check.
            check = self._checks[order.reference] = self._permits.check(made.account, made.admitted)
            if made.replaces is None:
                call = made.venue.submit(made.request, check)
            else:
                replaced = made.replaces
                call = made.venue.replace(replaced.reference, replaced.view.filled, made.request, check)
            answer = await self._within_time(order, call)
            # A venue may go on with the order in a task of its own: from here on it must not write it.
            check.end("the server has stopped waiting for the venue's answer")
            if isinstance(answer, Ended) and answer.code == NOT_SENT and check.cancelled:
                answer = replace(answer, how=Ending.CANCELLED)
            if isinstance(answer, ContactLost):
                reports = [report_from_server(order, answer)]
            else:
                reports = [report_from_venue(order.user_id, order.account_id, answer)]
                if made.replaces is not None and isinstance(answer, Accepted):
                    reports.append(report_from_server(made.replaces, Replaced(answer.at)))
            after = await self._facts.apply(*reports)
        finally:
            self.in_flight.discard(order.reference)
            self._checks.pop(order.reference, None)
        if after is None or after.view.unresolved_since is not None:
            self._unresolved(order.account_id)
        return after or order

    def _withdraw(self, reference: str) -> None:
        """Keep an order from being written whose cancel is on its way, where the venue has not written it yet."""
        if (check := self._checks.get(reference)) is not None:
            check.cancel()

    async def _denied(self, made: Sendable) -> Denied | None:
        """Ask for the permit to send an order; what prevents it is a reason not to."""
        try:
            return await self._permits.request(made.order, made.account, made.admitted)
        except NOT_STORED as error:
            _log.warning("send_permit_not_stored", order_id=made.order.id, reason=str(error))
            # It may have been stored: whether this order was sent is a question to the venue's lists.
            return Denied(Denial.STALE_PERMIT, f"the permit to send it could not be stored: {error}")

    async def _not_sent(self, made: Sendable, denied: Denied) -> StoredOrder:
        """Book that an order was not sent, where that is this server's to say."""
        order, now = made.order, self._clock.now()
        _log.warning("order_not_sent", order_id=order.id, why=denied.why.value, reason=denied.text)
        if denied.why in {Denial.TAKEN_OVER, Denial.RESOLVED}:
            raise ServiceError(models.StatusCode.Conflict, f"the order was not sent by this server: {denied.text}")
        if denied.why is Denial.STALE_PERMIT:
            after = await self._facts.apply(report_from_server(order, ContactLost(denied.text, now)))
            self._unresolved(order.account_id)
        else:
            after = await self._facts.apply(report_from_server(order, Rejected(denied.text, now, "NotSent")))
        return after or order

    async def _within_time(self, order: StoredOrder, call: Coroutine[Any, Any, T]) -> T | ContactLost:
        """Return the venue's answer; a timeout or a lost connection is no evidence about the order."""
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await call
        except VenueUnreachableError as error:
            return ContactLost(str(error), self._clock.now())
        except TimeoutError:
            return ContactLost(f"no answer within {self._answer_seconds:g} s", self._clock.now())
        except Exception as error:  # noqa: BLE001 - an answer that cannot be read is not a rejection; the log has the trace
            _log.exception("venue_answer_unreadable", order_id=order.id)
            return ContactLost(f"the answer could not be read ({type(error).__name__})", self._clock.now())

    async def _commit(self, batch: Sequence[Request]) -> Sequence[Made | BaseException]:
        results: dict[int, Made | BaseException] = {}
        by_user: dict[int, list[int]] = {}
        for place, request in enumerate(batch):
            by_user.setdefault(request.user.user_id, []).append(place)
        for user_id, places in by_user.items():
            made: Sequence[Made | BaseException] = ()
            try:
                async with self._database.write(user_id) as tx:
                    made = await self._commit_for(tx, user_id, [batch[place] for place in places])
            except Exception as error:  # noqa: BLE001 - every caller of the transaction sees why it failed
                # The commit may have succeeded or not. No task sends these orders any more, so reconciliation resolves
                # them.
                self.in_flight.difference_update(item.order.reference for item in made if isinstance(item, Sendable))
                self._rate.clear()
                made = [error] * len(places)
            results |= dict(zip(places, made, strict=True))
        return [results[place] for place in range(len(batch))]

    async def _commit_for(
        self, tx: WriteTransaction, user_id: int, batch: Sequence[Request]
    ) -> Sequence[Made | BaseException]:
        """Check and store one user's orders; an error of one order does not affect the others."""
        now = self._clock.now()
        records = await find_records(tx, user_id, [request.call.key for request in batch])
        noted = noted_halts(self._database)
        admission = Admission(tx, user_id, now, self._market, self._venues, self._new_reference, self._rate, noted)
        await admission.read([request for request in batch if request.call.key not in records])
        results: list[Made | BaseException | None] = []
        checked: list[tuple[int, Admitted]] = []
        refusals: list[AuditEntry] = []
        refused: list[models.MesoLiveEvent] = []
        for place, request in enumerate(batch):
            results.append(None)
            record = records.get(request.call.key)
            try:
                if record is not None:
                    results[place] = first_answer(record, request.call)
                else:
                    checked.append((place, await admission.admit(request)))
            except ServiceError as error:
                results[place] = error
                if record is None:
                    refusals.append(admission.refusal(request, error))
                    if isinstance(error, RefusedError):
                        refused.append(admission.refused_event(request, error))
        await audit(tx, refusals)
        await self._journal.append(tx, user_id, refused)
        if checked:
            made = await self._store(tx, user_id, [admitted for _, admitted in checked], now)
            for (place, _), outcome in zip(checked, made, strict=True):
                results[place] = outcome
        assert all(result is not None for result in results)  # noqa: S101 - each was answered, refused or stored
        return [result for result in results if result is not None]

    async def _store(
        self, tx: WriteTransaction, user_id: int, checked: Sequence[Admitted], now: datetime
    ) -> list[Made]:
        admitted_at = boot_time()
        epoch, send_by = self._permits.epoch, self._permits.send_by()
        placed = await place_orders(tx, user_id, [item.new for item in checked], now, epoch, send_by)
        for account_id, number in Counter(item.account.id for item in checked).items():
            tx.after_commit(partial(self._rate.add, account_id, now, number))
        calls = [
            (admitted.request.call, admitted.plan.id, order.id) for admitted, order in zip(checked, placed, strict=True)
        ]
        await keep_processing(tx, user_id, calls, now)
        events: list[models.MesoLiveEvent] = []
        made: list[Made] = []
        warned: list[AuditEntry] = []
        concurrency = ConcurrencyCheck(tx, user_id)
        for admitted, new in zip(checked, placed, strict=True):
            order = new
            if admitted.replaces is not None:
                await mark_replaced_by(tx, admitted.replaces.id, order.id)
            if not admitted.group.legs:
                order, plan_fills, fill_events = await fill_markers(tx, order, admitted.account, admitted.plan, now)
                events += [order_event(admitted.account, order), *fill_events]
                if plan_fills.complete:
                    tx.after_commit(lambda plan_id=admitted.plan.id: self._completed(user_id, plan_id))
                await settle(tx, user_id, [Settlement(admitted.request.call.key, send_result(order))], now)
                made.append(models.MesoLiveApiResponse(Status=models.StatusCode.Success, Data=send_result(order)))
                continue
            events.append(order_event(admitted.account, order))
            request = await _request_of(tx, admitted, order)
            warning = await concurrency.warning(admitted.plan)
            if warning is not None:
                warned.append(
                    AuditEntry(user_id, admitted.account.id, order.id, now, "server", "Warned", None, {"why": warning})
                )
            made.append(
                Sendable(order, admitted.account, request, admitted.venue, admitted.replaces, admitted_at, warning)
            )
        await audit(tx, warned)
        await self._journal.append(tx, user_id, events)
        # Before the commit: from then on reconciliation sees the orders.
        self.in_flight.update(item.order.reference for item in made if isinstance(item, Sendable))
        return made


async def _request_of(tx: WriteTransaction, admitted: Admitted, order: StoredOrder) -> VenueRequest:
    asked = admitted.request.args.LegGroupOrder
    legs = admitted.group.legs
    closing = {leg.name: leg.traded.contract for leg in admitted.plan.legs if leg.leg_id is not None}
    if any(leg.name in closing for leg in legs):
        booked = await held_in_books(tx, admitted.account.id)
        legs = tuple(
            replace(leg, held=booked.get(leg.contract, Decimal(0))) if leg.name in closing else leg for leg in legs
        )
    return VenueRequest(
        account=admitted.account.broker_account_id,
        reference=order.reference,
        legs=legs,
        qty=admitted.group.qty,
        order_type=asked.OrderType,
        time_in_force=asked.TimeInForce,
        limit_price=asked.LimitPrice,
        stop_price=asked.StopPrice,
        may_wait=admitted.may_wait,
        night=admitted.account.night_sessions,
    )
