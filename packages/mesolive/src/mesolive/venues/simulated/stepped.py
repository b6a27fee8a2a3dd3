"""Stepped simulated venue for replays and tests: orders are matched only on request.

Orders are matched only when `work` is called, however often the market changes. `quiet` waits until the reports of the
venue have reached their receiver, and `ExecutionEngine.wait_idle` waits until they are booked. With both, the same
steps have the same outcome every time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mesolive.venues.base import VenueFact
from mesolive.venues.simulated.ledger import WorkingOrder
from mesolive.venues.simulated.venue import SimulatedVenue


class SteppedVenue(SimulatedVenue):
    """A simulated venue that matches only on request. Same arguments as `SimulatedVenue`."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the base's own
        super().__init__(*args, **options)
        self._untaken = 0
        self._all_taken = asyncio.Event()
        self._all_taken.set()

    async def quiet(self) -> None:
        """Wait until the receiver has processed every report."""
        await self._all_taken.wait()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        """Connect, as the base does."""
        async with super().session() as facts:
            self._count(-self._untaken)
            yield self._taken(facts)

    async def _taken(self, facts: AsyncIterator[VenueFact]) -> AsyncIterator[VenueFact]:
        async for fact in facts:
            yield fact
            self._count(-1)  # the receiver asks for the next report only after it has handed on this one

    def _reported(self) -> None:
        self._count(1)

    def _count(self, more: int) -> None:
        self._untaken += more
        if self._untaken > 0:
            self._all_taken.clear()
        else:
            self._all_taken.set()

    def _start_loops(self) -> None:
        """Start no loop: no matching on market changes, openings or closes."""

    def _later(self, order: WorkingOrder) -> None:
        """Schedule no matching when the fill delay of an order ends."""
