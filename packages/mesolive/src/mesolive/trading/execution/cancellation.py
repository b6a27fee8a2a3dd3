"""Order cancellation: a cancel is stored before it is sent where possible, and is sent in any case.

A cancel reduces risk, so it does not depend on the database: on a full disk, or while the writer is stuck, it is sent
without having been stored, and answered with the venue's answer. A cancel is idempotent, and the reconciliation books
its outcome once the database can be written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

import structlog
from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, not_found
from mesolive.records import replace
from mesolive.store.database import NOT_STORED, Database, Transaction
from mesolive.tasks import Tasks
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.report_handler import (
    VenueReport,
    cancel_result,
    report_from_server,
    report_from_venue,
)
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import (
    Call,
    Idempotency,
    Settlement,
    find_records,
    first_answer,
    keep_processing,
    settle,
)
from mesolive.trading.orders.repository import StoredOrder, UserOrder, order_of_user, record_cancel_key
from mesolive.trading.orders.state_machine import CancelRefused, CancelSent, ContactLost, State, apply
from mesolive.trading.portfolio.accounts import Account, account_by_id
from mesolive_sdk import models

T = TypeVar("T")
Answer = models.MesoLiveApiResponse[models.CancelOrderResult]

STORE_SECONDS = 2.0
"""How long a write may delay a cancel, in real time."""

SUSPECT_SECONDS = 30.0
SUSPECT_STORE_SECONDS = 0.1
"""How long the database is suspected after something was not stored in time, and how long it is waited for then: the
cancels of a halt are sent one after another."""

UNRESOLVED = "the venue has not answered; the order is unresolved until it is known what became of it"
UNSTORED = "the database cannot be written now, so this is not recorded: what the venue does is booked once it can be"

_log = structlog.get_logger(__name__)


class VenueCall(Protocol):
    """Awaits a venue's answer for a limited time; a timeout or a lost connection is no evidence about the order."""

    def __call__(self, order: StoredOrder, call: Coroutine[Any, Any, T]) -> Awaitable[T | ContactLost]:
        """Return the venue's answer, or that there was none."""
        ...


class _Asked(Struct, frozen=True):
    """The state of an order after its cancel was sent.

    Attributes
    ----------
    report
        The venue's report; `None` where the order had ended before, or the venue reports later.
    is_stored
        Whether the report is booked.
    """

    order: StoredOrder
    report: VenueReport | None = None
    is_stored: bool = True


class Cancellation:
    """Executes `CancelOrder`, and cancels that the server starts.

    Parameters
    ----------
    within_time
        Awaits a venue's answer.
    withdraw
        Called with the reference of an order before its cancel is sent: it may not have been written yet.
    unresolved
        Called with the id of an account of which an order is unresolved.
    tasks
        Owns the work that continues after a caller was answered.
    """

    def __init__(
        self,
        database: Database,
        idempotency: Idempotency,
        venues: VenueRegistry,
        reports: ReportQueue,
        clock: Clock,
        within_time: VenueCall,
        withdraw: Callable[[str], None],
        unresolved: Callable[[int], None],
        tasks: Tasks,
    ) -> None:
        self._database = database
        self._idempotency = idempotency
        self._venues = venues
        self._reports = reports
        self._clock = clock
        self._within_time = within_time
        self._withdraw = withdraw
        self._unresolved = unresolved
        self._tasks = tasks
        self._suspect_until = 0.0

    async def cancel(self, user: UserContext, args: models.CancelOrderArgs) -> Answer:
        """Cancel an order for its owner; see `OrderService.cancel`."""
        operation = models.IdempotencyOperation.CancelOrder
        with self._idempotency.claimed(user, args.IdempotencyKey, operation, args) as call:
            begun = await self._in_time(self._begin(user, call, args))
            if begun is None:
                begun = await self._look(user, call, args)
                if isinstance(begun, models.MesoLiveApiResponse):
                    return begun
                return _unstored_answer(await self._ask(*begun))
            if isinstance(begun, models.MesoLiveApiResponse):
                return begun
            asked = await self._ask(*begun)
            if not asked.is_stored:
                return _unstored_answer(asked)
            return await self._in_time(self._finish(user, call, asked.order)) or _unstored_answer(asked)

    async def cancel_by_server(self, order: StoredOrder, account: Account, why: str) -> StoredOrder:
        """Cancel an order for a reason of the server's own, such as a halt; return it as it is afterwards."""
        await self._in_time(self._audit(order, account, why))
        return await self.ask(order, account)

    async def ask(self, order: StoredOrder, account: Account) -> StoredOrder:
        """Cancel an order, and return its state afterwards."""
        sent = await self._in_time(self._book(order, report_from_server(order, CancelSent(self._clock.now()))))
        return (await self._ask(sent or order, account)).order

    # --- in the database ----------------------------------------------------------------------------------------------

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Return the result of a write, or `None` when it did not finish in time.

        A slow write continues; that it may succeed later does no harm.
        """
        loop = asyncio.get_running_loop()
        seconds = SUSPECT_STORE_SECONDS if loop.time() < self._suspect_until else STORE_SECONDS
        task = self._tasks.spawn("cancel storing", work, expected=(ServiceError, *NOT_STORED))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            try:
                result = task.result()
            except NOT_STORED as error:
                reason = type(error).__name__
            else:
                self._suspect_until = 0.0
                return result
        else:
            reason = "not in time"
        if loop.time() >= self._suspect_until:
            _log.error("cancel_not_stored", reason=reason)
        self._suspect_until = loop.time() + SUSPECT_SECONDS
        return None

    async def _begin(
        self, user: UserContext, call: Call, args: models.CancelOrderArgs
    ) -> tuple[StoredOrder, Account] | Answer:
        """Store the cancel request and return the order; or the answer, where nothing is to be sent."""
        now = self._clock.now()
        async with self._database.write(user.user_id) as tx:
            records = await find_records(tx, user.user_id, [call.key])
            if call.key in records:
                return first_answer(records[call.key], call)
            own = await _own_order(tx, user, args)
            if own.at_venue is None or own.state.ended:
                order = _must_be_cancelled(own)
                await keep_processing(tx, user.user_id, [(call, own.plan_id, own.id)], now)
                await settle(tx, user.user_id, [Settlement(call.key, cancel_result(order))], now)
                return _success(order)
            order = own.at_venue
            account = await account_by_id(tx, user.user_id, order.account_id)
            await keep_processing(tx, user.user_id, [(call, order.plan_id, order.id)], now)
            await audit(tx, [AuditEntry(user.user_id, account.id, order.id, now, user.key_id, "CancelOrder", call.key)])
            if order.cancel_key is not None:
                # Another call waits for the outcome; this one's is that the cancel is under way.
                await settle(tx, user.user_id, [Settlement(call.key, cancel_result(order))], now)
                return _success(order)
            await record_cancel_key(tx, order.id, call.key)
            # Stored with the record: from here on the reconciliation polls until the venue has answered.
            sent = await self._reports.apply_in_transaction(tx, report_from_server(order, CancelSent(now)))
            return sent or order, account

    async def _look(
        self, user: UserContext, call: Call, args: models.CancelOrderArgs
    ) -> tuple[StoredOrder, Account] | Answer:
        """Return the order to cancel, or the answer, without storing anything."""
        async with self._database.read() as tx:
            records = await find_records(tx, user.user_id, [call.key])
            record = records.get(call.key)
            if record is not None and record.status != models.IdempotencyRecordStatus.Processing.name:
                return first_answer(record, call)
            own = await _own_order(tx, user, args)
            if own.at_venue is None or own.state.ended:
                return _success(_must_be_cancelled(own), UNSTORED)
            return own.at_venue, await account_by_id(tx, user.user_id, own.at_venue.account_id)

    async def _finish(self, user: UserContext, call: Call, after: StoredOrder) -> Answer:
        """Answer a cancel: from its record, where the outcome is known; else from the order's present state."""
        settlement = Settlement(call.key, cancel_result(after))
        async with self._database.write(user.user_id) as tx:
            if after.view.unresolved_since is None and not after.view.state.ended:
                # The venue has received the cancel and reports later.
                await settle(tx, user.user_id, [settlement], self._clock.now())
            record = (await find_records(tx, user.user_id, [call.key]))[call.key]
        if record.status == models.IdempotencyRecordStatus.Completed.name:
            answer = first_answer(record, call)
            status = models.StatusCode[record.response_status]
            if status is not models.StatusCode.Success:
                raise ServiceError(status, record.response_message, data=answer.Data)
            return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Message=None, Data=answer.Data)
        return _success(after, UNRESOLVED if after.view.unresolved_since is not None else None)

    async def _audit(self, order: StoredOrder, account: Account, why: str) -> None:
        now = self._clock.now()
        entry = AuditEntry(account.user_id, account.id, order.id, now, "server", "CancelOrder", None, {"why": why})
        async with self._database.write(account.user_id) as tx:
            await audit(tx, [entry])

    async def _book(self, order: StoredOrder, report: VenueReport) -> StoredOrder:
        return await self._reports.apply(report) or order

    # --- at the venue -------------------------------------------------------------------------------------------------

    async def _ask(self, order: StoredOrder, account: Account) -> _Asked:
        """Send the cancel to the venue and book its answer."""
        if order.view.state.ended:
            return _Asked(order)
        venue = self._venues.of(account)
        self._withdraw(order.reference)
        answer = await self._within_time(
            order, venue.cancel(account.broker_account_id, order.reference, order.view.venue_id)
        )
        if answer is None:
            return _Asked(order)
        if isinstance(answer, ContactLost):
            report = report_from_server(order, answer)
        else:
            report = report_from_venue(order.user_id, order.account_id, answer)
        after = await self._in_time(self._book(order, report))
        if after is None:
            self._unresolved(order.account_id)  # the reconciliation polls the venue and books its answer
            return _Asked(replace(order, view=apply(order.view, report.report).order), report, is_stored=False)
        if after.view.unresolved_since is not None:
            self._unresolved(order.account_id)
        return _Asked(after, report)


async def _own_order(tx: Transaction, user: UserContext, args: models.CancelOrderArgs) -> UserOrder:
    order = await order_of_user(tx, user.user_id, args.LiveOrderId)
    if order is None:
        raise not_found(f"order {args.LiveOrderId}")
    return order


def _must_be_cancelled(order: UserOrder) -> StoredOrder:
    if order.at_venue is None or order.state is not State.CANCELLED:
        raise conflict(f"order {order.id} is {order.state.value}; it cannot be cancelled any more", code="OrderEnded")
    return order.at_venue


def _success(order: StoredOrder, message: str | None = None) -> Answer:
    return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Message=message, Data=cancel_result(order))


def _unstored_answer(asked: _Asked) -> Answer:
    """Return the venue's answer where the cancel or its outcome could not be stored."""
    answer = None if asked.report is None else asked.report.report
    if isinstance(answer, CancelRefused):
        message = f"the venue did not cancel order {asked.order.id}: {answer.reason}; {UNSTORED}"
        raise ServiceError(models.StatusCode.Conflict, message, data=cancel_result(asked.order))
    if isinstance(answer, ContactLost):
        return _success(asked.order, f"{UNRESOLVED}; cancel it again when in doubt; {UNSTORED}")
    return _success(asked.order, UNSTORED)
