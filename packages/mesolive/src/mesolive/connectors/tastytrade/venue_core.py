"""Shared state of the tastytrade venue's parts: orders, journal, ledgers, reads of the account, facts to report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

import structlog

from mesolive.clock import Clock
from mesolive.connectors.tastytrade.order_journal import Known, NotThere, OrderJournal
from mesolive.connectors.tastytrade.position_ledger import PositionLedger
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.connectors.tastytrade.tracked_orders import OrderBook, TrackedOrder, is_from_here
from mesolive.market.calendar import ExchangeCalendar
from mesolive.records import replace
from mesolive.tastytrade_client import (
    OPTIONS,
    SOURCE,
    Answered,
    Order,
    Outcome,
    Position,
    Refused,
    RestApi,
    Transaction,
)
from mesolive.venues.base import Accepted, Ended, Ending, VenueFact, VenueLeg, VenueUnreachableError
from mesolive.venues.combo_quotes import ComboQuote

_log = structlog.get_logger(__name__)

T = TypeVar("T")
ZERO: Final = Decimal(0)
MAX_ALARMS: Final = 50


@dataclass(frozen=True, slots=True)
class VenueTimes:
    """Times of the venue, in seconds of real time.

    Attributes
    ----------
    search_pauses
        Before each search for an order whose outcome is unknown; the last one repeats.
    quarantine
        For how long such an order is searched for before it counts as never arrived.
    quiet
        Without a new fill for so long, the filled combos of an order that works are reported.
    commission
        For how long the fees of a fill are awaited; then they are those of the broker's estimate.
    fills_missing
        For how long fills that the broker's state promises may be missing before that is an alarm.
    ledger
        For how long after its submission a close is sent again that the venue refuses because its ledger is behind. It
        ends before the server stops waiting for the answer: the order then certainly was not sent.
    ledger_again
        After how long it is sent again though the venue does not list the position yet.
    settle
        For how long a cancel or a replacement is watched before its outcome is left to the reports.
    work
        Between two looks at fills and fees that are awaited.
    settlements, settlements_due
        Between two reads of settlements: usually, and while a contract that has expired is held.
    dry_run
        How long a dry run may take.
    """

    search_pauses: Sequence[float] = (0.5, 1, 2, 5, 10, 20, 30, 60)
    quarantine: float = 60.0
    quiet: float = 1.0
    commission: float = 5.0
    fills_missing: float = 30.0
    ledger: float = 4.0
    ledger_again: float = 1.0
    settle: float = 3.0
    work: float = 0.25
    settlements: float = 300.0
    settlements_due: float = 60.0
    dry_run: float = 2.5


@dataclass(frozen=True, slots=True)
class VenueRules:
    """What the trader's settings decide.

    Attributes
    ----------
    dry_run
        Whether each order is checked by the broker before it is sent.
    """

    dry_run: bool = True


class VenueCore:
    """Shared state of one venue; belongs to one event loop.

    Parameters
    ----------
    quote
        Returns the market of a combo now, for combos at the market.
    """

    def __init__(
        self,
        api: RestApi,
        journal: OrderJournal,
        clock: Clock,
        calendar: ExchangeCalendar,
        quote: Callable[[Sequence[VenueLeg]], ComboQuote | None],
        rules: VenueRules,
        times: VenueTimes,
    ) -> None:
        self.api = api
        self.journal = journal
        self.clock = clock
        self.calendar = calendar
        self.quote = quote
        self.rules = rules
        self.times = times
        self.book = OrderBook(self._remembered)
        self.ledgers: dict[str, PositionLedger] = {}
        self.fee_estimates: dict[tuple[str, str], Decimal] = {}
        """Fees per contract by account and reference, as the broker estimated them."""
        self.alarms: dict[str, str] = {}
        """What the trader must look at, by its cause."""
        self.alarmed: Callable[[], None] = lambda: None
        self.withdraw: Callable[[str, TrackedOrder], None] = lambda _account, _order: None
        """Called with an order that must not work: it is cancelled until it has ended."""
        self.report: Callable[[VenueFact], None] = lambda _: None
        self.has_doubts: Callable[[str], bool] = lambda _account: False
        """Returns whether orders of an account are searched for."""
        self._changes: set[asyncio.Event] = set()

    @staticmethod
    def now() -> float:
        """Return the time of the event loop."""
        return asyncio.get_running_loop().time()

    def ledger(self, account: str) -> PositionLedger:
        """Return the expected positions of an account."""
        return self.ledgers.setdefault(account, PositionLedger())

    def alarm(self, cause: str, text: str) -> None:
        """Raise an alarm for the trader, once per cause."""
        if self.alarms.get(cause) == text:
            return
        if len(self.alarms) >= MAX_ALARMS:
            del self.alarms[next(iter(self.alarms))]
        self.alarms[cause] = text
        _log.warning("tastytrade_alarm_raised", cause=cause, text=text)
        self.alarmed()

    def calm(self, cause: str) -> None:
        """End an alarm whose cause has ended."""
        if self.alarms.pop(cause, None) is not None:
            self.alarmed()

    # --- orders -------------------------------------------------------------------------------------------------------

    def take(self, account: str, order: Order) -> TrackedOrder:
        """Take a state of an order from anywhere, and report an order of ours that is new here."""
        is_new = self.book.find(account, order.order_id) is None
        tracked = self.book.take(account, order, self.now())
        if is_new:
            sent_as = self.journal.reference_of(account, tracked.id)
            if sent_as is not None and tracked.reference is None:
                self.book.name(account, tracked, sent_as)  # the broker loses identifiers now and then
        self._note_fills(account, tracked)
        self._compare_size(account, tracked)
        if doubts := tracked.doubts:
            text = f"order {tracked.id}: {'; '.join(doubts)}: it counts once, compare it with the broker's"
            self.alarm(f"doubts {tracked.id}", text)
        else:
            self.calm(f"doubts {tracked.id}")
        if tracked.reference is not None and not tracked.is_accepted:
            tracked.is_accepted = True
            self._note_arrival(account, tracked.reference, tracked)
        for event in self._changes:
            event.set()
        return tracked

    def _remembered(self, account: str, order: Order) -> TrackedOrder:
        """Return an order that was not known here, with what was reported of it before."""
        key = account, order.order_id
        reported = [item.combo for item in self.journal.reported.get(key, ())]
        return TrackedOrder(order, reported, [item.parts for item in self.journal.apart.get(key, ())])

    async def next_change(self) -> None:
        """Wait until an order changes."""
        event = asyncio.Event()
        self._changes.add(event)
        try:
            await event.wait()
        finally:
            self._changes.discard(event)

    def adopt(self, account: str, reference: str, tracked: TrackedOrder) -> None:
        """Take an order that is shown without its identifier for the one that was sent under a reference."""
        _log.warning("order_adopted", account=account, reference=reference, order_id=tracked.id)
        self.book.name(account, tracked, reference)
        self.take(account, tracked.order)

    def may_be_ours(self, account: str, tracked: TrackedOrder) -> bool:
        """Return whether an order without an identifier may be one that is searched for: it is not reported yet."""
        return tracked.reference is None and is_from_here(tracked.order) and self.has_doubts(account)

    def take_ours(self, account: str, reference: str, order: Order) -> TrackedOrder:
        """Take the answer to an order that was just sent; an answer that leaves out what was sent gets it back."""
        if order.external_identifier != reference or not is_from_here(order):
            order = replace(order, external_identifier=reference, source=SOURCE)
        return self.take(account, order)

    def accepted(self, account: str, tracked: TrackedOrder) -> Accepted:
        """Return the report that the venue has an order."""
        at = tracked.order.received or self.clock.now()
        return Accepted(account=account, reference=tracked.reference, venue_id=tracked.id, at=at)

    def accepted_or_ended(self, account: str, tracked: TrackedOrder) -> Accepted | Ended:
        """Return the answer to an order that the venue has: its end follows as a report where fills come before it."""
        if tracked.has_ended and not tracked.order.is_filled and not tracked.unreported:
            return self.ended(account, tracked)
        return self.accepted(account, tracked)

    def ended(self, account: str, tracked: TrackedOrder) -> Ended:
        """Return the report that the venue works an order no more."""
        how = Ending(tracked.status.value)
        return Ended(
            account=account,
            reference=tracked.reference,
            venue_id=tracked.id,
            how=how,
            at=tracked.changed_at,
            reason=tracked.reason() or ("rejected by the broker" if how is Ending.REJECTED else ""),
        )

    def not_there(
        self, account: str, reference: str, reason: str, code: str | None = None, how: Ending = Ending.REJECTED
    ) -> Ended:
        """Note for good that the venue does not have an order of ours, and return the report."""
        ended = Ended(
            account=account,
            reference=reference,
            venue_id=None,
            how=how,
            at=self.clock.now(),
            reason=reason,
            code=code,
        )
        self.journal.write(NotThere(ended=ended))
        return ended

    def _note_arrival(self, account: str, reference: str, tracked: TrackedOrder) -> None:
        key = account, reference
        if key in self.journal.sent and key not in self.journal.known:
            self.journal.write(Known(account=account, reference=reference, venue_id=tracked.id, at=self.clock.now()))
        self.report(self.accepted(account, tracked))
        if key in self.journal.late and not tracked.order.has_ended:
            self.alarm(f"late {reference}", f"order {tracked.id} arrived at the broker after it counted as lost")
            self.withdraw(account, tracked)
        if key in self.book.twice:
            others = ", ".join(sorted(self.book.twice[key]))
            self.alarm(f"twice {reference}", f"reference {reference} is at the broker as orders {others}: look at them")

    def _compare_size(self, account: str, tracked: TrackedOrder) -> None:
        """Compare an order with what was sent: a replacement has the quantity that the broker gives it.

        One of less, for a fill came between, ends when that is filled. One of more would fill more than was asked for.
        """
        request = self.journal.request(account, tracked.reference)
        if request is None:
            return
        tracked.asked = request.qty
        if tracked.own_size > request.qty and not tracked.is_withdrawn and not tracked.order.has_ended:
            tracked.is_withdrawn = True
            self.alarm(
                f"more {tracked.id}",
                f"order {tracked.id} is for more than is left ({tracked.own_size:f} combos, not {request.qty:f}): "
                "it is cancelled",
            )
            self.withdraw(account, tracked)

    def _note_fills(self, account: str, tracked: TrackedOrder) -> None:
        ledger, now = self.ledger(account), self.now()
        signs = {leg.symbol: leg.sign for leg in tracked.legs}
        for fill in (*tracked.fills, *tracked.unpriced):
            if (sign := signs.get(fill.symbol)) is not None:
                ledger.filled(fill.symbol, f"{tracked.id}:{fill.fill_id}", fill.quantity * sign, now, fill.at)

    # --- reads --------------------------------------------------------------------------------------------------------

    async def read_order(self, account: str, order_id: str) -> TrackedOrder | None:
        """Read one order; `None` where the broker does not know it."""
        outcome = await self.api.order(account, order_id)
        if isinstance(outcome, Answered):
            return self.take(account, outcome.value)
        if isinstance(outcome, Refused) and outcome.is_missing:
            return None
        raise VenueUnreachableError(f"order {order_id} cannot be read: {outcome}")

    async def read_orders(self, account: str, since: datetime, *, live: bool = True) -> None:
        """Read all orders since a moment, and those that are open however old they are.

        Raises
        ------
        VenueUnreachableError
            When any part of the lists cannot be read.
        """
        if live:
            for order in answered("the open orders", await self.api.live_orders(account)):
                self.take(account, order)
        for order in answered("the orders", await self.api.search_orders(account, since)):
            self.take(account, order)

    async def read_positions(self, account: str) -> dict[str, Decimal]:
        """Read what an account holds, signed, by symbol; options only."""
        at = self.clock.now()
        rows = answered("the positions", await self.api.positions(account))
        positions = option_quantities(rows)
        self.ledger(account).listed(positions, self.now(), at)
        return positions

    async def read_rows(
        self, account: str, since: datetime, *types: str, symbol: str | None = None
    ) -> list[Transaction]:
        """Read the history of an account."""
        outcome = await self.api.transactions(account, since, types=types, symbol=symbol)
        return answered("the transactions", outcome)


def answered(what: str, outcome: Outcome[T]) -> T:
    """Return the answer of a call, or raise `VenueUnreachableError`: without an answer nothing is known."""
    if isinstance(outcome, Answered):
        return outcome.value
    raise VenueUnreachableError(f"{what} cannot be read: {outcome}")


def option_quantities(positions: Sequence[Position]) -> dict[str, Decimal]:
    """Return signed contracts by symbol, of the options that are held."""
    quantities: dict[str, Decimal] = {}
    for position in positions:
        quantity = position.signed_quantity
        if position.instrument_type in OPTIONS and quantity and contract_of(position.symbol) is not None:
            quantities[position.symbol] = quantities.get(position.symbol, ZERO) + quantity
    return quantities
