"""Shared state of the venue's parts: the session, the order book with its journal, the stream of reports, problems."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.connectors.ibkr.journal import Journal, Record
from mesolive.connectors.ibkr.order_book import OrderBook
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.tasks import Tasks
from mesolive.venues.base import VenueFact, VenueUnreachableError
from mesolive.venues.venue_session import VenueSession

_log = structlog.get_logger(__name__)

UNANSWERED: Final = "unanswered "
"""How the keys of problems begin that tell of an order without an answer; its reference follows."""

PROBLEM_AGE: Final = timedelta(days=1)
"""For how long a problem is shown that nothing ends."""


class VenueState:
    """State of the venue of one connection.

    Parameters
    ----------
    clock
        Market time.
    timer
        Time of waiting.
    """

    def __init__(
        self, session: TwsSession, journal: Journal, clock: Clock, timer: Clock, calendar: ExchangeCalendar
    ) -> None:
        self.session = session
        self.clock = clock
        self.timer = timer
        self.calendar = calendar
        self.book = OrderBook()
        self.tasks = Tasks()
        self.changes = ChangeSignal()
        self._journal = journal
        self._stream: VenueSession | None = None
        self._problems: dict[str, tuple[str, datetime]] = {}
        self._opened = False

    def open(self) -> None:
        """Read the journal; a second call does nothing."""
        if not self._opened:
            for record in self._journal.open(self.clock.now()):
                self.book.apply(record)
            self._opened = True

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()
        self.book = OrderBook()
        self._opened = False

    def record(self, *records: Record, durable: bool = False) -> None:
        """Keep records, and let them take effect."""
        self._journal.write(*records, durable=durable)
        for record in records:
            self.book.apply(record)

    # --- the stream of reports -------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether a stream of reports is open."""
        return self._stream is not None and not self._stream.lost

    def open_stream(self) -> VenueSession:
        """Begin a stream; one that is open is cut."""
        self.cut_stream()
        self._stream = VenueSession()
        return self._stream

    def close_stream(self, stream: VenueSession) -> None:
        """End a stream."""
        stream.lose()
        if self._stream is stream:
            self._stream = None

    def cut_stream(self) -> None:
        """Break the stream: something may have been missed, and everything is to be asked for again."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.lose()

    def report(self, fact: VenueFact) -> None:
        """Report a fact to the stream, where one is open."""
        if self._stream is not None:
            self._stream.report(fact)

    def must_be_connected(self) -> None:
        """Raise `VenueUnreachableError` unless a stream is open and IB's servers can be reached."""
        if not self.session.state.sendable:
            raise VenueUnreachableError(self.session.why_not_sendable)
        if not self.listening:
            raise VenueUnreachableError("there is no connection to the venue")

    async def when_lost(self) -> None:
        """Wait until no order may be sent: the socket or IB's servers are lost."""
        async with self.session.changes.subscribe() as changes:
            while self.session.state.sendable:
                await anext(changes)

    # --- what a person must look at --------------------------------------------------------------------------------

    def problem(self, key: str, text: str) -> None:
        """Keep a problem that a person must resolve; `key` names its cause."""
        if key not in self._problems:
            _log.error("ibkr_venue_problem_raised", cause=key, reason=text)
        self._problems[key] = (text, self.clock.now())
        self.changes.bump()

    def has_problem(self, kind: str) -> bool:
        """Whether there is a problem whose key begins so."""
        return any(key.startswith(kind) for key in self._problems)

    def solved(self, key: str) -> None:
        """Forget a problem."""
        if self._problems.pop(key, None) is not None:
            self.changes.bump()

    @property
    def problems(self) -> list[str]:
        """Problems that a person must resolve."""
        now = self.clock.now()
        return [text for text, at in self._problems.values() if now - at < PROBLEM_AGE]
