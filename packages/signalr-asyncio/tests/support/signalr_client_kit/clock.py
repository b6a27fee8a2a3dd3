"""A clock that a test moves."""

from __future__ import annotations

import asyncio
import heapq
import itertools

# Enough turns of the event loop for a task that was woken to do its work and sleep again.
_TURNS = 50


class ManualClock:
    """Time stands still until `advance` moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()
        self.slept: list[float] = []

    def time(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved on by so much."""
        self.slept.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        self._changed.set()
        await future

    async def advance(self, seconds: float) -> None:
        """Move the time, stopping at each moment that somebody sleeps for."""
        end = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await settle()
        self.now = end

    async def sleeping(self, seconds: float) -> None:
        """Wait until somebody sleeps who will wake within `seconds`."""
        while True:
            self._sleepers = [entry for entry in self._sleepers if not entry[2].done()]
            heapq.heapify(self._sleepers)
            if self._sleepers and self._sleepers[0][0] <= self.now + seconds:
                return
            self._changed.clear()
            await self._changed.wait()


async def settle() -> None:
    """Let tasks that can go on do so."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
