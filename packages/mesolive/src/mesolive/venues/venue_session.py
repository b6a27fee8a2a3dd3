"""Session of a venue: the queue of reports of one connection, cut when its reader falls behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from mesolive.venues.base import VenueFact, VenueUnreachableError

MAX_UNREAD_REPORTS: Final = 10_000
"""Maximum unread reports of a session; beyond it the session is cut, and its owner queries all reports."""


class VenueSession:
    """One connection: its unread reports, until the connection is lost.

    Attributes
    ----------
    held_back
        A report that a fault delays: it follows the next one.
    lost
        Whether the connection was cut.
    """

    def __init__(self) -> None:
        self.held_back: VenueFact | None = None
        self.lost = False
        self._unread: deque[VenueFact] = deque()
        self._changed = asyncio.Event()
        self._last_number = 0

    def next_number(self) -> int:
        """Return a session id for an order."""
        self._last_number += 1
        return self._last_number

    def report(self, fact: VenueFact) -> None:
        """Queue a report, and the one held back behind it; a lost session takes none."""
        if self.lost:
            return
        if len(self._unread) >= MAX_UNREAD_REPORTS:
            self.lose()
            return
        self._unread.append(fact)
        if self.held_back is not None:
            self._unread.append(self.held_back)
            self.held_back = None
        self._changed.set()

    def lose(self) -> None:
        """Cut the connection; unread reports are lost."""
        self.lost = True
        self._changed.set()

    async def reports(self) -> AsyncIterator[VenueFact]:
        """Yield the reports.

        Raises
        ------
        VenueUnreachableError
            When the connection is lost.
        """
        while True:
            while self._unread and not self.lost:
                yield self._unread.popleft()
            if self.lost:
                raise VenueUnreachableError("the connection was lost")
            self._changed.clear()
            await self._changed.wait()
