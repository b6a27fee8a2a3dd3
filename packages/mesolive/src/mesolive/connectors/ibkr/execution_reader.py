"""Reading of TWS' executions, and until when an account's executions are known without a gap.

TWS lists the executions of its own day only: from midnight in the time zone of its login on. What was executed in an
outage that lasted over midnight is never listed. Nothing may then be concluded from what the lists lack: an order that
they do not show may have filled, and a position that is gone may have been closed. So the moment until which the
executions were read is kept in the journal, and each gap too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from mesolive.connectors.ibkr.journal import Covered, Missed
from mesolive.connectors.ibkr.venue_state import VenueState

_log = structlog.get_logger(__name__)

CLOCK_TOLERANCE: Final = timedelta(minutes=1)
"""How far the clock of TWS may be ahead of ours: a list that is asked for so near before midnight may be of the next
day."""

KEEP_EVERY: Final = timedelta(minutes=5)
"""How old the stored moment may be: a process that ends without notice knows no later one."""


class ExecutionReader:
    """Reads the list of executions, and finds the gaps.

    Parameters
    ----------
    zone
        The time zone that TWS is logged in with.
    """

    def __init__(self, state: VenueState, zone: str) -> None:
        self._state = state
        self.zone = ZoneInfo(zone)
        self._covered: dict[str, datetime] = {}
        self._interruptions: int | None = None

    async def read(self) -> None:
        """Read the list of executions; its rows come to the order book as all executions do.

        Raises
        ------
        TwsError
            When the list has no whole answer.
        """
        session = self._state.session
        asked_at, interruptions = self._state.clock.now(), session.interruptions
        await session.executions()
        if session.interruptions != interruptions:
            return  # IB's servers were lost meanwhile, or a message could not be read: it may not be whole
        # Without an interruption since the list before, each execution was reported as it happened.
        unbroken, self._interruptions = interruptions == self._interruptions, interruptions
        for account in session.accounts:
            self._take(account, asked_at, unbroken=unbroken)

    def store(self) -> None:
        """Store until when executions are known, before the connection ends."""
        self._interruptions = None
        for account, at in self._covered.items():
            if self._state.book.covered.get(account) != at:
                self._state.record(Covered(account=account, at=at))

    def _take(self, account: str, asked_at: datetime, *, unbroken: bool) -> None:
        book = self._state.book
        begin = self._day_begin(asked_at)
        known_until = self._covered.get(account) or book.known_until(account)
        if known_until is not None and known_until < begin and not (unbroken and account in self._covered):
            _log.warning("ibkr_executions_missed", account=account, since=str(known_until), until=str(begin))
            self._state.record(Missed(account=account, since=known_until, until=begin), durable=True)
        self._covered[account] = max(asked_at, known_until or asked_at)
        stored = book.covered.get(account)
        if stored is None or asked_at - stored >= KEEP_EVERY or stored < begin:
            self._state.record(Covered(account=account, at=self._covered[account]))

    def _day_begin(self, asked_at: datetime) -> datetime:
        """Return from when on a list shows executions that is asked for at a moment."""
        local = (asked_at + CLOCK_TOLERANCE).astimezone(self.zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
