"""A clock that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable


class _Handle:
    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """Time stands still until `advance` is called."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._order = itertools.count()
        self._planned: list[tuple[float, int, _Handle]] = []

    def now(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], object]) -> _Handle:
        handle = _Handle(self._now + delay, callback)
        heapq.heappush(self._planned, (handle.when, next(self._order), handle))
        return handle

    async def advance(self, seconds: float) -> None:
        """Move on, making each planned call in its turn and letting the loop react to it."""
        await settle()
        end = self._now + seconds
        while self._planned and self._planned[0][0] <= end:
            when, _, handle = heapq.heappop(self._planned)
            if handle.callback is None:
                continue
            self._now = when
            handle.callback()
            await settle()
        self._now = end
        await settle()


async def settle() -> None:
    """Let everything run that can run without time passing or a peer acting."""
    for _ in range(25):
        await asyncio.sleep(0)
