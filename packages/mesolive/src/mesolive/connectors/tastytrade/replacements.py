"""Replacements and cancels at tastytrade.

A replacement is a new order with an id of its own. The broker cancels the old one and routes the new one; a fill of the
old one in between aborts the new one. Legs and quantities cannot change. A cancel is a request: a fill may win.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Final

import structlog

from mesolive.connectors.tastytrade.order_journal import Known, Sent
from mesolive.connectors.tastytrade.order_requests import new_order, replacing, why_not
from mesolive.connectors.tastytrade.submissions import Submissions
from mesolive.connectors.tastytrade.symbols import order_symbol
from mesolive.connectors.tastytrade.tracked_orders import TrackedOrder
from mesolive.connectors.tastytrade.venue_core import VenueCore
from mesolive.connectors.tastytrade.write_gate import WriteGate
from mesolive.tasks import Tasks
from mesolive.tastytrade_client import Answered, Order, Refused, Unknown
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    OrderStatus,
    SendCheck,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive.venues.unsent_orders import CANCELLED_UNSENT
from mesolive_sdk.models import OrderType

_log = structlog.get_logger(__name__)

ZERO: Final = Decimal(0)
SECOND_LOOK_SECONDS: Final = 0.5


class Replacements:
    """Replaces and cancels orders of ours."""

    def __init__(self, core: VenueCore, submissions: Submissions, tasks: Tasks) -> None:
        self._core = core
        self._submissions = submissions
        self._tasks = tasks
        self._running: dict[tuple[str, str], asyncio.Task[Accepted | Ended]] = {}

    # --- replacements -------------------------------------------------------------------------------------------------

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck
    ) -> Accepted | Ended:
        """Replace an order; see `mesolive.venues.base.Venue.replace`."""
        key = request.account, request.reference
        if (known := self._submissions.outcome(*key)) is not None:
            return known
        running = self._running.get(key)
        if running is None:
            if key in self._core.journal.sent:
                raise VenueUnreachableError(f"order {request.reference} was sent before, and is being searched for")
            work = self._replace(reference, filled, request, check)
            running = self._tasks.spawn("replacement at tastytrade", work, expected=VenueUnreachableError)
            self._running[key] = running
            running.add_done_callback(lambda task: self._over(key, task))
        return await asyncio.shield(running)

    def _over(self, key: tuple[str, str], task: asyncio.Task[Accepted | Ended]) -> None:
        self._running.pop(key, None)
        self._submissions.over(key, task)

    async def _replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck
    ) -> Accepted | Ended:
        unsent = self._submissions.unsent
        with unsent.preparing(request.account, request.reference):
            gate = WriteGate(self._core, unsent, request.account, request.reference, check)
            return await self._prepare_and_send(reference, filled, request, gate)

    async def _prepare_and_send(
        self, reference: str, filled: Decimal, request: VenueRequest, gate: WriteGate
    ) -> Accepted | Ended:
        core, account = self._core, request.account
        old = await self._fresh(account, reference)
        core.journal.write(Sent(request=request, at=core.clock.now(), replaces=reference), durable=True)
        reason = why_not(request) or _why_not_replaced(old, filled, request)
        if reason is not None or old is None:
            return gate.not_there(reason or "the order is unknown", "NotReplaced")
        actions = {leg.symbol: leg.action for leg in old.legs}
        body = replacing(new_order(request, actions, request.limit_price))
        outcome = await core.api.replace(account, old.id, body, gate.why_not)
        match outcome:
            case Answered(value=order):
                new = self._known(account, request.reference, order)
            case Refused():
                return core.not_there(account, request.reference, str(outcome), outcome.code or "NotReplaced")
            case Unknown():
                if not outcome.sent:
                    return gate.not_there(f"not sent: {outcome}")
                new = await self._after_doubt(account, old, request.reference)
        return await self._settled(account, old, new)

    def _known(self, account: str, reference: str, order: Order) -> TrackedOrder:
        core = self._core
        core.journal.write(Known(account=account, reference=reference, venue_id=order.order_id, at=core.clock.now()))
        return core.take_ours(account, reference, order)

    async def _fresh(self, account: str, reference: str) -> TrackedOrder | None:
        """Return an order as the broker has it now; `None` where it is unknown."""
        core = self._core
        tracked = core.book.named(account, reference)
        if tracked is not None:
            return await core.read_order(account, tracked.id)
        known = core.journal.known.get((account, reference))
        return None if known is None else await core.read_order(account, known.venue_id)

    async def _after_doubt(self, account: str, old: TrackedOrder, reference: str) -> TrackedOrder:
        """Find out by the old order whether a replacement was taken; raises `VenueUnreachableError` while unknown."""
        core = self._core
        try:
            for _ in range(2):
                await core.read_order(account, old.id)
                if old.order.replaced_by is not None:
                    new = await core.read_order(account, old.order.replaced_by)
                    if new is not None and new.order.external_identifier in {None, reference}:
                        return self._known(account, reference, new.order)
                if (named := core.book.named(account, reference)) is not None:
                    return named
                await asyncio.sleep(SECOND_LOOK_SECONDS)
        except VenueUnreachableError as error:
            _log.info("replacement_not_read", account=account, order_id=old.id, reason=str(error))
        self._submissions.doubt(account, reference)
        raise VenueUnreachableError(f"it is not known whether order {old.id} was replaced")

    async def _settled(self, account: str, old: TrackedOrder, new: TrackedOrder) -> Accepted | Ended:
        """Wait until the old order has made way, or a fill of it has aborted the new one.

        Raises
        ------
        VenueUnreachableError
            When neither happens soon: the reports say how it goes on.
        """
        core = self._core
        deadline = core.now() + core.times.settle
        while core.now() < deadline:
            if new.order.has_ended and not new.filled_contracts:
                return core.ended(account, new)
            if old.order.has_ended and old.order.replaced_by is not None:
                return core.accepted(account, new)
            if old.order.has_ended and old.order.is_filled:
                await core.read_order(account, new.id)
                if new.order.has_ended:
                    return core.ended(account, new)
            if not await _changes(core, core.times.work):
                await core.read_order(account, old.id)
                await core.read_order(account, new.id)
        raise VenueUnreachableError(f"order {old.id} has not made way for order {new.id} yet")

    # --- cancels ------------------------------------------------------------------------------------------------------

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        """Request a cancel; see `mesolive.venues.base.Venue.cancel`."""
        core, key = self._core, (account, reference)
        if self._submissions.withdraw(account, reference):
            return self._cancelled_unsent(account, reference)
        tracked = await self._known_order(account, reference, venue_id)
        if tracked is None:
            if (never := core.journal.not_there.get(key)) is not None:
                return never
            if key in self._running:
                raise VenueUnreachableError(f"order {reference} is being sent")
            if key in self._submissions.doubts:
                raise VenueUnreachableError(f"order {reference} is being searched for")
            return self._denied(account, reference, "the broker does not know the order", unknown=True)
        if tracked.has_ended:
            return self._ended_or_denied(account, reference, tracked)
        outcome = await core.api.cancel(account, tracked.id)
        match outcome:
            case Answered(value=order):
                core.take(account, order)
            case Refused() if outcome.is_throttled or outcome.is_unauthorized:
                raise VenueUnreachableError(f"the cancel was not taken: {outcome}")
            case Refused():
                if await core.read_order(account, tracked.id) is None:
                    return self._denied(account, reference, str(outcome), unknown=True)
                if not tracked.order.has_ended:
                    return self._denied(account, reference, str(outcome))
            case Unknown():
                if await core.read_order(account, tracked.id) is None or not tracked.order.has_ended:
                    raise VenueUnreachableError(str(outcome))
        return await self._cancelled(account, reference, tracked)

    def _cancelled_unsent(self, account: str, reference: str) -> Ended:
        return Ended(
            account=account,
            reference=reference,
            venue_id=None,
            how=Ending.CANCELLED,
            at=self._core.clock.now(),
            reason=CANCELLED_UNSENT,
        )

    async def _known_order(self, account: str, reference: str, venue_id: str | None) -> TrackedOrder | None:
        core = self._core
        tracked = core.book.named(account, reference)
        if tracked is None and venue_id is not None:
            tracked = core.book.find(account, venue_id) or await core.read_order(account, venue_id)
        if tracked is None:
            tracked = await self._fresh(account, reference)
        return tracked

    async def _cancelled(self, account: str, reference: str, tracked: TrackedOrder) -> Ended | CancelDenied | None:
        """Watch a cancel for a while; what comes later comes as a report."""
        core = self._core
        deadline = core.now() + core.times.settle
        while not tracked.has_ended and core.now() < deadline:
            if not await _changes(core, core.times.work):
                await core.read_order(account, tracked.id)
        if not tracked.has_ended:
            return None
        return self._ended_or_denied(account, reference, tracked)

    def _ended_or_denied(self, account: str, reference: str, tracked: TrackedOrder) -> Ended | CancelDenied | None:
        if tracked.status is OrderStatus.FILLED:
            return self._denied(account, reference, "the order is filled")
        if tracked.unreported:
            return None  # its fills are reported first, and its end behind them
        return self._core.ended(account, tracked)

    def _denied(self, account: str, reference: str, reason: str, *, unknown: bool = False) -> CancelDenied:
        return CancelDenied(
            account=account, reference=reference, reason=reason, at=self._core.clock.now(), unknown=unknown
        )


async def _changes(core: VenueCore, seconds: float) -> bool:
    """Wait for a change of any order; return whether one came in time."""
    try:
        async with asyncio.timeout(seconds):
            await core.next_change()
    except TimeoutError:
        return False
    return True


def _why_not_replaced(old: TrackedOrder | None, filled: Decimal, request: VenueRequest) -> str | None:
    if old is None:
        return "the broker does not know the order that was to be replaced"
    if old.order.has_ended:
        return f"the order that was to be replaced has ended: {old.order.status}"
    if old.filled != filled or old.filled_contracts != filled * sum(old.ratios.values(), ZERO):
        return f"{old.filled} of the order are filled, and not {filled}"
    if request.order_type is OrderType.Market:
        return "an order at tastytrade is replaced by one with a limit; cancel it, and send another"
    wanted = {order_symbol(leg.contract): leg.ratio * request.qty for leg in request.legs}
    left = {leg.symbol: (leg.quantity - old.ratios[leg.symbol] * filled) * leg.sign for leg in old.legs}
    if wanted != left:
        return "a replacement at tastytrade keeps legs and quantities; cancel the order, and send another"
    return None
