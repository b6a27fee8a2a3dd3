"""Last check of an order before each write to tastytrade, and the end of an order that is not written."""

from __future__ import annotations

from mesolive.connectors.tastytrade.venue_core import VenueCore
from mesolive.venues.base import NOT_SENT, Ended, Ending, SendCheck
from mesolive.venues.unsent_orders import CANCELLED_UNSENT, UnsentOrders


class WriteGate:
    """Lets one order be written while neither its check nor its cancel forbids it.

    Parameters
    ----------
    unsent
        Has the order while it is prepared.
    check
        Awaited before each write; see `mesolive.venues.base.SendCheck`.
    """

    def __init__(self, core: VenueCore, unsent: UnsentOrders, account: str, reference: str, check: SendCheck) -> None:
        self._core = core
        self._unsent = unsent
        self._key = account, reference
        self._check = check
        self._end: tuple[Ending, str, str | None] | None = None

    async def why_not(self) -> str | None:
        """Return why the order must not be written, or `None`: it is to be written at once."""
        self._end = await self._unsent.why_not(*self._key, self._check)
        return None if self._end is None else self._end[1]

    def not_there(self, reason: str, code: str = NOT_SENT) -> Ended:
        """Note for good that the order was not written, and return the report.

        Parameters
        ----------
        reason, code
            Where neither its check nor its cancel is the reason. Its cancel was answered already: both answers agree.
        """
        if self._end is None and self._unsent.was_cancelled(*self._key):
            self._end = Ending.CANCELLED, CANCELLED_UNSENT, None
        how, reason, detail = self._end or (Ending.REJECTED, reason, code)
        return self._core.not_there(*self._key, reason, detail, how)
