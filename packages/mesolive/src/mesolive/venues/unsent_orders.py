"""Orders that a venue prepares and has not written yet: their cancels, and the check before the write."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from mesolive.venues.base import NOT_SENT, Ending, SendCheck

CANCELLED_UNSENT: Final = "cancelled before it was sent"


class UnsentOrders:
    """The orders of one venue between the call that submits them and the write.

    A cancel of such an order needs no venue: the order is not written any more, and both calls end with that. A venue
    that answered "unknown" instead would send the order after its owner was answered.
    """

    def __init__(self) -> None:
        self._cancelled: dict[tuple[str, str], bool] = {}

    @contextmanager
    def preparing(self, account: str, reference: str) -> Generator[None]:
        """Count an order as prepared and not written, until `why_not` permits its write or the block ends."""
        self._cancelled[account, reference] = False
        try:
            yield
        finally:
            self._cancelled.pop((account, reference), None)

    def refused(self, account: str, reference: str, *, cancelled: bool) -> None:
        """Count an order as not written again: the venue has refused it for now, and it may be written once more.

        Parameters
        ----------
        cancelled
            Whether its cancel came while it was written.
        """
        self._cancelled[account, reference] = cancelled

    def cancel(self, account: str, reference: str) -> bool:
        """Cancel an order that is not written; return whether it is one: then it certainly never will be."""
        if (account, reference) not in self._cancelled:
            return False
        self._cancelled[account, reference] = True
        return True

    def was_cancelled(self, account: str, reference: str) -> bool:
        """Return whether an order that is not written was cancelled."""
        return self._cancelled.get((account, reference), False)

    async def why_not(self, account: str, reference: str, check: SendCheck) -> tuple[Ending, str, str | None] | None:
        """Return how, why and with which code an order ends unwritten, or `None`: it is to be written at once.

        After `None` a cancel of the order is the venue's to answer.
        """
        reason = None if self.was_cancelled(account, reference) else await check()
        # Again, since the check awaits the database: a cancel that came meanwhile was answered with "never sent".
        if self.was_cancelled(account, reference):
            return Ending.CANCELLED, CANCELLED_UNSENT, None
        if reason is not None:
            return Ending.REJECTED, f"not sent: {reason}", NOT_SENT
        # In the same step as the test above: a cancel in between would be answered with "never sent", and the order go
        # out. The caller writes at once, too: a cancel that overtakes its order finds nothing at the venue.
        self._cancelled.pop((account, reference), None)
        return None
