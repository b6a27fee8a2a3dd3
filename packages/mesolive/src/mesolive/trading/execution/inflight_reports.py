"""Bounds the reports of one venue that are submitted and not booked yet, and surfaces their errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from mesolive.trading.orders.repository import StoredOrder
from mesolive.venues.base import VenueFact

_log = structlog.get_logger(__name__)

MAX_IN_FLIGHT = 128
"""How many reports may be in flight: two batches of the report queue, so that one gathers while the other is booked."""

UNBOOKABLE_ERRORS = (KeyError, ValueError)
"""Errors of a report that does not fit the books. It must not stop the others; the next poll requests it again."""


class InflightReports:
    """Follows the reports of a venue's session from their submission until they are booked.

    Without a bound, a venue that reports faster than the disk can write fills memory. No caller awaits a submitted
    report, so its error, and with it a fill, would be lost until the next poll.

    Parameters
    ----------
    limit
        How many may be in flight.
    booked
        Called with each report that is in the books, or does not fit them.

    Attributes
    ----------
    failed
        Raises the first error that is not of a single report: reports may be missing in the books, and the session must
        restart, which requests them. A waiter that stops cancels it; later errors are logged.
    """

    def __init__(self, limit: int = MAX_IN_FLIGHT, booked: Callable[[VenueFact], None] | None = None) -> None:
        self._limit = limit
        self._on_booked = booked
        self._in_flight: set[asyncio.Future[StoredOrder | None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def follow(self, report: VenueFact, booking: asyncio.Future[StoredOrder | None]) -> None:
        """Follow a report that was submitted."""
        self._in_flight.add(booking)
        booking.add_done_callback(partial(self._booked, report))

    async def wait_for_room(self) -> None:
        """Wait until one more may be in flight."""
        while len(self._in_flight) >= self._limit:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)

    async def wait_booked(self) -> None:
        """Wait until none is in flight."""
        # In a loop: `asyncio.wait` waits for the reports of its call, and others may have been submitted meanwhile.
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def note_booked(self, report: VenueFact) -> None:
        """Tell the sender of a report that it need not be kept."""
        if self._on_booked is not None:
            self._on_booked(report)

    async def until_failed(self) -> None:
        """Wait for the first error and raise it; once cancelled, errors that come later are logged."""
        await self.failed

    def _booked(self, report: VenueFact, booking: asyncio.Future[StoredOrder | None]) -> None:
        self._in_flight.discard(booking)
        if booking.cancelled():
            return
        error = booking.exception()
        if error is None:
            self.note_booked(report)
        elif isinstance(error, UNBOOKABLE_ERRORS):
            log_rejected(report, error)
            # It will never fit. A connector that kept it would send it again after every start, and with it all that
            # came later.
            self.note_booked(report)
        elif not self.failed.done():
            self.failed.set_exception(error)
        else:
            _log.error("venue_report_failed", account=report.account, kind=type(report).__name__, exc_info=error)


def log_rejected(report: VenueFact, error: BaseException | None = None) -> None:
    """Log a report that does not fit the books; the error is the one that is being handled."""
    exc_info = True if error is None else error
    _log.error("venue_report_rejected", account=report.account, report=repr(report), exc_info=exc_info)
