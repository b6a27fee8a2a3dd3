"""Orders sent to tastytrade once, and searched for when their outcome is unknown.

The broker is not idempotent, and echoes our identifier without checking it. So an order is written to the journal, sent
once, and after any doubt looked for in the lists until it is found or a quarantine has ended. Only a certain refusal
permits to send again: a token that was not accepted, a call that came too soon, a close before its position is listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from decimal import Decimal
from typing import Final

import structlog

from mesolive.connectors.tastytrade.order_journal import NEVER_ARRIVED, Known, Sent
from mesolive.connectors.tastytrade.order_requests import (
    actions_of,
    closed_reason,
    closing_quantities,
    marketable_limit,
    new_order,
    not_held,
    why_not,
)
from mesolive.connectors.tastytrade.position_ledger import LAG
from mesolive.connectors.tastytrade.symbols import order_symbol
from mesolive.connectors.tastytrade.tracked_orders import TrackedOrder
from mesolive.connectors.tastytrade.venue_core import VenueCore
from mesolive.connectors.tastytrade.write_gate import WriteGate
from mesolive.tasks import Tasks
from mesolive.tastytrade_client import Answered, NewOrder, Placed, Refused, Unknown
from mesolive.venues.base import (
    NOT_HELD,
    NOT_SENT,
    Accepted,
    Ended,
    SendCheck,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive.venues.unsent_orders import UnsentOrders
from mesolive_sdk.models import OrderType

_log = structlog.get_logger(__name__)

ZERO: Final = Decimal(0)
LOOK_BACK: Final = timedelta(minutes=5)
"""For how long after it was sent an order may have been received that is taken for it by its terms."""
CLOCK_TOLERANCE: Final = timedelta(seconds=30)
"""By how much the broker's clock may differ from ours."""
MAX_THROTTLED: Final = 3
NOT_YET: Final = (
    "not sent: the broker's ledger is behind and lacks what this order closes; send it again in some seconds"
)
NOT_THERE: Final = (
    "not sent: it would open at the broker what it closes in the books; compare the positions with the broker's"
)
LEDGER_CODES: Final = ("position", "close", "effect")
"""Words of the codes and texts with which a close is refused whose position is not listed yet."""
NOT_LEDGER: Final = frozenset(
    {
        "margin_check_failed",
        "cant_buy_for_credit",
        "instruments_stopped_trading",
        "order_must_omit_price",
        "too_close_to_expiration",
    }
)


def _terms(request: VenueRequest) -> tuple[object, ...]:
    legs = tuple(sorted((order_symbol(leg.contract), leg.ratio * request.qty) for leg in request.legs))
    return legs, request.order_type, request.limit_price


def is_alike(tracked: TrackedOrder, request: VenueRequest) -> bool:
    """Return whether an order at the broker has the legs of a request, and its limit where it has one."""
    legs = {leg.symbol: leg.quantity * leg.sign for leg in tracked.legs}
    if legs != {order_symbol(leg.contract): leg.ratio * request.qty for leg in request.legs}:
        return False
    return request.limit_price is None or tracked.order.signed_price == request.limit_price


class Doubt:
    """An in-doubt order: it is not known whether the broker has it.

    Attributes
    ----------
    begun
        Time of the event loop at which the doubt began.
    session
        The number of the stream's connection then: before a verdict there must have been a later one.
    """

    def __init__(self, account: str, reference: str, begun: float, session: int) -> None:
        self.account = account
        self.reference = reference
        self.begun = begun
        self.session = session


class Submissions:
    """Sends orders and resolves doubts.

    Parameters
    ----------
    session_number
        Returns the number of the stream's connection after whose beginning the lists were read; 0 before the first.
    reconnect
        Ends the stream's connection, so that another one is made and the lists are read.
    """

    def __init__(
        self, core: VenueCore, tasks: Tasks, session_number: Callable[[], int], reconnect: Callable[[str], None]
    ) -> None:
        self._core = core
        self._tasks = tasks
        self._session_number = session_number
        self._reconnect = reconnect
        self._running: dict[tuple[str, str], asyncio.Task[Accepted | Ended]] = {}
        self.unsent = UnsentOrders()
        self._withdrawn: set[tuple[str, str]] = set()
        self.doubts: dict[tuple[str, str], Doubt] = {}
        self.ambiguous: set[tuple[str, str]] = set()
        self.sent = 0
        core.has_doubts = self._has_open_calls

    def _has_open_calls(self, account: str) -> bool:
        """Return whether orders of an account are being sent or searched for."""
        return any(owner == account for owner, _ in (*self.doubts, *self._running))

    async def submit(self, request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        """Send an order once, or return the earlier outcome; `check` is awaited before each write.

        Raises
        ------
        VenueUnreachableError
            When the outcome is not known. It follows as a report.
        """
        key = request.account, request.reference
        if (known := self.outcome(*key)) is not None:
            return known
        running = self._running.get(key)
        if running is None:
            if key in self._core.journal.sent:
                raise VenueUnreachableError(f"order {request.reference} was sent before, and is being searched for")
            running = self._tasks.spawn(
                "order to tastytrade", self._place(request, check), expected=VenueUnreachableError
            )
            self._running[key] = running
            running.add_done_callback(lambda task: self.over(key, task))
        # The caller may give up: the call goes on, and what becomes of it is reported.
        return await asyncio.shield(running)

    def over(self, key: tuple[str, str], task: asyncio.Task[Accepted | Ended]) -> None:
        """Take that a call has ended; one that failed behind the journal's record leaves an order in doubt."""
        self._running.pop(key, None)
        self._withdrawn.discard(key)
        failed = not task.cancelled() and task.exception() is not None
        if failed and key in self._core.journal.sent and self.outcome(*key) is None:
            self.doubt(*key)

    def withdraw(self, account: str, reference: str) -> bool:
        """Keep an order from being sent, or from being sent once more; return whether it certainly will not be.

        Raises
        ------
        VenueUnreachableError
            When it is on its way right now: the broker may take it.
        """
        if self.unsent.cancel(account, reference):
            return True
        if (account, reference) in self._running:
            self._withdrawn.add((account, reference))
            if self._core.book.named(account, reference) is None:
                raise VenueUnreachableError(f"order {reference} is being sent")
        return False

    def outcome(self, account: str, reference: str) -> Accepted | Ended | None:
        """Return what is known of an order of ours."""
        tracked = self._core.book.named(account, reference)
        if tracked is not None:
            return self._core.accepted_or_ended(account, tracked)
        ended = self._core.journal.not_there.get((account, reference))
        if ended is not None:
            return ended
        known = self._core.journal.known.get((account, reference))
        return (
            None
            if known is None
            else Accepted(account=account, reference=reference, venue_id=known.venue_id, at=known.at)
        )

    def doubt(self, account: str, reference: str) -> None:
        """Begin to search for an order with an unknown outcome."""
        key = account, reference
        if key not in self.doubts:
            doubt = self.doubts[key] = Doubt(account, reference, self._core.now(), self._session_number())
            _log.warning("order_outcome_unknown", account=account, reference=reference)
            self._tasks.spawn("search for an order", self._search(doubt))

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _place(self, request: VenueRequest, check: SendCheck) -> Accepted | Ended:
        with self.unsent.preparing(request.account, request.reference):
            gate = WriteGate(self._core, self.unsent, request.account, request.reference, check)
            return await self._prepare_and_send(request, gate)

    async def _prepare_and_send(self, request: VenueRequest, gate: WriteGate) -> Accepted | Ended:
        core, account, reference = self._core, request.account, request.reference
        # The server waits for an answer for some seconds from here on, also over a dry run.
        again_until = core.now() + core.times.ledger
        reason = why_not(request)
        if reason is None and not request.may_wait:
            reason = closed_reason(request, core.clock.now(), core.calendar)
        lacking = None if reason is not None else await self._not_held(request, again_until)
        order: NewOrder | None = None
        if reason is None and lacking is None:
            order, reason = self._order(request)
        core.journal.write(Sent(request=request, at=core.clock.now()), durable=True)
        if lacking is not None:
            return gate.not_there(*lacking)
        if order is None or reason is not None:
            return gate.not_there(reason or "it cannot be sent")
        if core.rules.dry_run and (refusal := await self._dry_run(account, reference, order)) is not None:
            return gate.not_there(*refusal)
        return await self._send(account, reference, order, gate, again_until)

    def _order(self, request: VenueRequest) -> tuple[NewOrder | None, str | None]:
        """Return the order to send, or why there is none."""
        actions, reason = actions_of(request, self._core.ledger(request.account).position)
        if reason is not None:
            return None, reason
        limit = request.limit_price
        if request.order_type is OrderType.Market and len(request.legs) > 1:
            quote = self._core.quote(request.legs)
            if quote is None:
                return None, "a combo at the market needs live quotes of all its legs, and there are none"
            limit = marketable_limit(request, quote)
        return new_order(request, actions, limit), None

    async def _dry_run(self, account: str, reference: str, order: NewOrder) -> tuple[str, str] | None:
        """Let the broker check an order; return reason and code where it must not be sent."""
        outcome = await self._core.api.dry_run(account, order, seconds=self._core.times.dry_run)
        match outcome:
            case Answered(value=checked):
                if checked.errors:
                    reasons = "; ".join(item.message or item.code or "" for item in checked.errors)
                    return f"the broker's check refuses it: {reasons}", checked.errors[0].code or "DryRun"
                for warning in checked.warnings or ():
                    _log.info("order_warning_received", account=account, reference=reference, code=warning.code)
                self._note_fees(
                    account, reference, order, checked.fee_calculation.cost if checked.fee_calculation else None
                )
                return None
            case Refused():
                if self._is_ledger_lag(outcome, order):
                    return None  # the same refusal follows, and is waited for there
                return f"the broker's check refuses it: {outcome}", outcome.code or "DryRun"
            case Unknown():
                return f"not sent: the broker's check was not answered ({outcome})", NOT_SENT

    async def _send(
        self, account: str, reference: str, order: NewOrder, gate: WriteGate, again_until: float
    ) -> Accepted | Ended:
        """Send an order; send it again only after a refusal that permits it.

        Before each time the order is checked anew: rate limits, tokens and positions are waited for in between.

        Parameters
        ----------
        again_until
            Time of the event loop until which a close is sent again that the broker's ledger is not ready for.
        """
        core, key = self._core, (account, reference)
        throttled = 0
        again_after_401 = again_after_ledger = True
        while True:
            self.sent += 1
            outcome = await core.api.submit(account, order, gate.why_not)
            match outcome:
                case Answered(value=placed):
                    return self._placed(account, reference, order, placed)
                case Unknown():
                    if not outcome.sent:
                        return gate.not_there(f"not sent: {outcome}")
                    self.doubt(account, reference)
                    raise VenueUnreachableError(str(outcome))
                case Refused():
                    if outcome.is_throttled and throttled < MAX_THROTTLED:
                        throttled += 1  # nothing exists; the rate limit lets the next one wait
                        self.unsent.refused(*key, cancelled=key in self._withdrawn)
                        continue
                    if outcome.is_unauthorized and outcome.code != "login" and again_after_401:
                        again_after_401 = False
                        if (tracked := await self._find_order(account, reference)) is not None:
                            return core.accepted(account, tracked)
                        self.unsent.refused(*key, cancelled=key in self._withdrawn)
                        continue
                    if self._is_ledger_lag(outcome, order) and (again_after_ledger or self._is_lagging(account, order)):
                        again_after_ledger = False
                        self.unsent.refused(*key, cancelled=key in self._withdrawn)
                        if await self._position_listed(account, order, again_until):
                            continue
                        return gate.not_there(f"{NOT_YET} ({outcome})")
                    return core.not_there(account, reference, str(outcome), outcome.code or f"Http{outcome.status}")

    def _placed(self, account: str, reference: str, order: NewOrder, placed: Placed) -> Accepted | Ended:
        core = self._core
        placed_order = placed.order
        core.journal.write(
            Known(account=account, reference=reference, venue_id=placed_order.order_id, at=core.clock.now())
        )
        if placed_order.external_identifier is None:
            # Some answers leave out what was sent; the lists have it.
            _log.warning("identifier_not_echoed", account=account, order_id=placed_order.order_id)
        tracked = core.take_ours(account, reference, placed_order)
        self._note_fees(account, reference, order, placed.fee_calculation.cost if placed.fee_calculation else None)
        self._compare_actions(order, tracked)
        return core.accepted_or_ended(account, tracked)

    def _compare_actions(self, order: NewOrder, tracked: TrackedOrder) -> None:
        """Tell the trader when the broker has turned an opening into a closing, or the other way round."""
        asked = {leg.symbol: leg.action for leg in order.legs or ()}
        for leg in tracked.legs:
            if leg.symbol in asked and leg.action and leg.action != asked[leg.symbol]:
                text = f"order {tracked.id}: {leg.symbol} was sent as {asked[leg.symbol]} and taken as {leg.action}"
                self._core.alarm(f"action {tracked.id}", text)

    def _note_fees(self, account: str, reference: str, order: NewOrder, cost: Decimal | None) -> None:
        contracts = sum(leg.quantity for leg in order.legs or ())
        if cost is not None and contracts:
            self._core.fee_estimates[account, reference] = cost / contracts

    # --- a close whose position is not listed yet ---------------------------------------------------------------------

    async def _not_held(self, request: VenueRequest, until: float) -> tuple[str, str] | None:
        """Return why an order must not be sent that closes by the books and would open at the broker, with its code.

        What the broker lists may be behind fills of ours: only a list without any such fill is believed at once.
        """
        core, account = self._core, request.account
        ledger = core.ledger(account)
        while lacking := not_held(request, ledger.position):
            try:
                await core.read_positions(account)
            except VenueUnreachableError as error:
                return f"not sent: what it closes cannot be compared with the broker's positions ({error})", NOT_SENT
            if not (lacking := not_held(request, ledger.position)):
                return None
            why = "; ".join(lacking.values())
            if not any(ledger.is_recent(symbol, core.now()) for symbol in lacking) and not self._filled_lately(
                account, lacking
            ):
                return f"{NOT_THERE} ({why})", NOT_HELD
            if core.now() >= until:
                return f"{NOT_YET} ({why})", NOT_SENT
            await asyncio.sleep(core.times.work)
        return None

    def _filled_lately(self, account: str, symbols: Collection[str]) -> bool:
        """Return whether an order filled one of these contracts so recently that the broker's list may lack it."""
        since = self._core.clock.now() - LAG
        orders = self._core.book.of(account)
        return any(fill.symbol in symbols and fill.at > since for order in orders for fill in order.fills)

    @staticmethod
    def _is_ledger_lag(refusal: Refused, order: NewOrder) -> bool:
        if refusal.status != 422 or not closing_quantities(order) or refusal.has_code(*NOT_LEDGER):
            return False
        text = str(refusal).lower()
        return any(word in text for word in LEDGER_CODES)

    def _is_lagging(self, account: str, order: NewOrder) -> bool:
        """Return whether what an order closes was filled so recently that the broker's ledger may be behind."""
        core = self._core
        ledger = core.ledger(account)
        return any(ledger.is_recent(symbol, core.now()) for symbol in closing_quantities(order))

    async def _position_listed(self, account: str, order: NewOrder, until: float) -> bool:
        """Wait until the broker lists the positions that an order closes; return whether to send it again.

        What the broker checks a close against may lag behind its list: so each wait is one step long at least, and a
        close of what was filled just now is sent again before the list has it.
        """
        core = self._core
        closings = closing_quantities(order)
        at_last = core.now() + core.times.ledger_again
        while True:
            await asyncio.sleep(core.times.work)
            if core.now() >= until:
                return False
            try:
                positions = await core.read_positions(account)
            except VenueUnreachableError as error:
                _log.warning("positions_not_read", account=account, reason=str(error))
            else:
                if core.ledger(account).shows(closings, positions):
                    return True
            if core.now() >= at_last and self._is_lagging(account, order):
                return core.now() < until

    # --- doubts -------------------------------------------------------------------------------------------------------

    async def _find_order(self, account: str, reference: str) -> TrackedOrder | None:
        """Look for an order by its identifier in the lists.

        Raises
        ------
        VenueUnreachableError
            When the lists cannot be read.
        """
        core = self._core
        since = core.clock.now() - LOOK_BACK
        sent = core.journal.sent.get((account, reference))
        if sent is not None:
            since = min(since, sent.at - CLOCK_TOLERANCE)  # a process before this one may have sent it days ago
        await core.read_orders(account, since)
        if core.book.named(account, reference) is None:
            self._adopt_alike(account, reference)
        return core.book.named(account, reference)

    def _adopt_alike(self, account: str, reference: str) -> None:
        """Take the one order for ours that names us as its source, has no identifier, and is what was sent.

        The broker loses identifiers now and then. Where several orders or several doubts are alike, or an order is
        alike that was received long after ours was sent, it cannot be decided.
        """
        core, key = self._core, (account, reference)
        sent = core.journal.sent.get(key)
        if sent is None:
            return
        alike = [
            tracked
            for tracked in core.book.of(account)
            if tracked.order.external_identifier is None
            and core.may_be_ours(account, tracked)
            and (tracked.order.received or sent.at) >= sent.at - CLOCK_TOLERANCE
            and is_alike(tracked, sent.request)
        ]
        in_time = [tracked for tracked in alike if (tracked.order.received or sent.at) <= sent.at + LOOK_BACK]
        # Also those that a process before this one has sent, and that it could not follow.
        open_alike = [
            other
            for other in core.journal.open_references()
            if other.request.account == account
            and _terms(other.request) == _terms(sent.request)
            and abs(other.at - sent.at) <= LOOK_BACK + CLOCK_TOLERANCE
        ]
        if len(in_time) == 1 and len(open_alike) <= 1:
            core.adopt(account, reference, in_time[0])
        elif alike:
            self.ambiguous.add(key)
            text = f"order {alike[0].id} at the broker may be reference {reference}: look at it"
            core.alarm(f"alike {reference}", text)
            return
        self.ambiguous.discard(key)
        core.calm(f"alike {reference}")

    async def _search(self, doubt: Doubt) -> None:
        """Search until the order is found, or the quarantine has ended and the lists were read anew since."""
        core, key = self._core, (doubt.account, doubt.reference)
        pauses = list(core.times.search_pauses)
        asked_for_connection = False
        while True:
            await asyncio.sleep(pauses.pop(0) if len(pauses) > 1 else pauses[0])
            if core.book.named(*key) is None:
                try:
                    await self._find_order(*key)
                except VenueUnreachableError as error:
                    _log.info("order_search_failed", reference=doubt.reference, reason=str(error))
                    if core.now() - doubt.begun >= core.times.quarantine:
                        core.alarm(f"search {doubt.reference}", _not_searched(doubt, error))
                    continue
                core.calm(f"search {doubt.reference}")
            if core.book.named(*key) is not None:
                # `VenueCore.take` has reported that it arrived.
                _log.info("order_found", account=doubt.account, reference=doubt.reference)
                self._resolved(key)
                return
            if core.now() - doubt.begun < core.times.quarantine or key in self.ambiguous:
                continue  # one of several orders at the broker may be it: a person must look
            if self._session_number() > doubt.session:
                break
            if not asked_for_connection:
                asked_for_connection = True
                self._reconnect("an order is being searched for")
                pauses = [core.times.work, *core.times.search_pauses]
        self._resolved(key)
        _log.warning("order_not_received", account=doubt.account, reference=doubt.reference)
        core.report(core.not_there(*key, "it never arrived at the broker", NEVER_ARRIVED))

    def _resolved(self, key: tuple[str, str]) -> None:
        """End a doubt, with the alarms of its search."""
        del self.doubts[key]
        self.ambiguous.discard(key)
        for cause in ("alike", "search"):
            self._core.calm(f"{cause} {key[1]}")


def _not_searched(doubt: Doubt, error: VenueUnreachableError) -> str:
    return (
        f"it is not known whether the broker has the order of reference {doubt.reference}: look at it there ({error})"
    )
