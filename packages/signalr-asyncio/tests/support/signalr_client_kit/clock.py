"""A clock that a test moves, and that says who sleeps."""

from __future__ import annotations

import asyncio

from signalr_asyncio import testing

# Enough turns of the event loop for a task that was woken to do its work and sleep again.
_TURNS = 50


class ManualClock(testing.ManualClock):
    """Time stands still until `advance` moves it.

    Attributes
    ----------
    slept
        For how long everybody wanted to sleep, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._changed = asyncio.Event()
        self._waking: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved on by so much."""
        self.slept.append(seconds)
        wakes_at = self.now() + seconds
        self._waking.append(wakes_at)
        self._changed.set()
        try:
            await super().sleep(seconds)
        finally:
            self._waking.remove(wakes_at)

    async def sleeping(self, seconds: float) -> None:
        """Wait until there is a sleeper that will wake within `seconds`."""
        while not any(wakes_at <= self.now() + seconds for wakes_at in self._waking):
            self._changed.clear()
            await self._changed.wait()


async def settle() -> None:
    """Let tasks that can go on do so."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
