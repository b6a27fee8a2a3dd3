"""What a venue has told and is not in the books yet: so much at most, and none of its errors unseen."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from mesolive.trading.orders.repository import StoredOrder
from mesolive.venues.base import VenueFact

_log = structlog.get_logger(__name__)

MOST = 128
"""How many facts may be under way: two batches of the fact desk, so that one gathers while the other is booked."""

UNFIT = (KeyError, ValueError)
"""What a fact raises that does not fit the books. It must not stop the others; it is asked for again."""


class InflightReports:
    """Follows facts that were handed in until they are in the books.

    Parameters
    ----------
    most
        How many may be under way.

    Attributes
    ----------
    failed
        Raises the first error that is more than one unfit fact: what was told may not be in the books. Whoever stops to
        wait for it cancels it; errors that come later are logged.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._under_way: set[asyncio.Future[StoredOrder | None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def follow(self, fact: VenueFact, booking: asyncio.Future[StoredOrder | None]) -> None:
        """See to what becomes of a fact that was handed in."""
        self._under_way.add(booking)
        booking.add_done_callback(partial(self._booked, fact))

    async def room(self) -> None:
        """Wait until one more may be under way."""
        while len(self._under_way) >= self._most:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    async def all_booked(self) -> None:
        """Wait until none is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def until_failed(self) -> None:
        """Wait for the first error and raise it; once cancelled, errors that come later are logged."""
        await self.failed

    def _booked(self, fact: VenueFact, booking: asyncio.Future[StoredOrder | None]) -> None:
        self._under_way.discard(booking)
        error = None if booking.cancelled() else booking.exception()
        if error is None:
            return
        if isinstance(error, UNFIT):
            log_unfit(fact, error)
        elif not self.failed.done():
            self.failed.set_exception(error)
        else:
            _log.error("fact_not_booked", account=fact.account, kind=type(fact).__name__, exc_info=error)


def log_unfit(fact: VenueFact, error: BaseException | None = None) -> None:
    """Keep in the log what a venue told and the books could not take; the error is the one that is being handled."""
    _log.error("fact_not_taken", account=fact.account, fact=repr(fact), exc_info=True if error is None else error)
