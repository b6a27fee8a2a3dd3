"""Connection to the simulated venue: one session at a time, and the faults that lose requests, answers and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from mesolive.clock import Clock
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Execution,
    SettlementFact,
    VenueFact,
    VenueStatus,
    VenueUnreachableError,
)
from mesolive.venues.simulated.faults import Fault, Faults
from mesolive.venues.venue_session import VenueSession
from mesolive_sdk.models import AgentStatus

A = TypeVar("A", Accepted | Ended, Ended | CancelDenied)


class VenueConnection:
    """What lies between a client and the simulated venue.

    Parameters
    ----------
    faults
        What goes wrong with requests, answers and reports.
    reported
        Called before each report that an open session takes.
    """

    def __init__(self, clock: Clock, faults: Faults, reported: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._faults = faults
        self._reported = reported
        self._session: VenueSession | None = None
        self._since: datetime | None = None
        self._down = False

    # --- the session --------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether a session is open."""
        return self._session is not None and not self._session.lost

    @property
    def status(self) -> VenueStatus:
        """Whether a session is open, and since when."""
        state = AgentStatus.Connected if self.is_open else AgentStatus.Disconnected
        return VenueStatus(state=state, since=self._since if self.is_open else None)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        """Connect; a session that is open already is cut, as venues do with the older of two."""
        if self._down:
            raise VenueUnreachableError("the venue is down")
        self.cut()
        session = VenueSession()
        self._session = session
        self._since = self._clock.now()
        try:
            yield session.reports()
        finally:
            session.lose()
            if self._session is session:
                self._session = None

    def next_number(self) -> int | None:
        """Return the next order number of the session; each session counts on its own."""
        return None if self._session is None else self._session.next_number()

    def cut(self) -> None:
        """End the session; its unread reports are lost."""
        if self._session is not None:
            self._session.lose()
            self._session = None

    def go_down(self) -> None:
        """End the session, and refuse others until `come_back`."""
        self._down = True
        self.cut()

    def come_back(self) -> None:
        """Accept sessions again."""
        self._down = False

    # --- requests and answers -----------------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise `VenueUnreachableError` without an open session."""
        if not self.is_open:
            raise VenueUnreachableError("there is no connection to the venue")

    async def arrive(self, *, refusable: bool) -> Fault | None:
        """Let a request through, or lose it on its way.

        Parameters
        ----------
        refusable
            Whether the venue may reject it.

        Returns
        -------
        Fault | None
            What goes wrong after it has arrived.
        """
        self.check_open()
        fault = self._faults.at_request()
        if fault is Fault.REQUEST_LOST:
            raise VenueUnreachableError("no answer in time")
        if fault is Fault.DISCONNECT_BEFORE:
            self.cut()
            raise VenueUnreachableError("the connection was lost")
        if fault is Fault.REJECT and not refusable:
            return None
        return fault

    async def answer(self, answer: A, fault: Fault | None) -> A:
        """Return the answer, or drop it as the fault demands."""
        if fault is Fault.HANG:
            await asyncio.Event().wait()
        if fault is Fault.DISCONNECT_AFTER:
            self.cut()
            raise VenueUnreachableError("the connection was lost")
        if fault is Fault.ANSWER_LOST:
            raise VenueUnreachableError("no answer in time")
        if fault is Fault.ANSWER_LATE:
            if self._session is not None:
                self._session.held_back = answer
            raise VenueUnreachableError("no answer in time")
        return answer

    # --- reports ------------------------------------------------------------------------------------------------------

    def report(self, fact: VenueFact) -> None:
        """Queue a report in the session that is open; without one it is lost."""
        if self._session is not None:
            if not self._session.lost:
                self._reported()
            self._session.report(fact)

    def report_fill(self, execution: Execution | SettlementFact) -> None:
        """Queue a fill or a settlement once, twice, late or never, as the faults demand."""
        fault = self._faults.at_fill()
        if fault is Fault.DISCONNECT_AT_FILL:
            self.cut()
        elif fault is Fault.REORDERED_FILL:
            if self._session is not None:
                self._session.held_back = execution
        elif fault is not Fault.FILL_LOST:
            self.report(execution)
            if fault is Fault.DUPLICATE_FILL:
                self.report(execution)
