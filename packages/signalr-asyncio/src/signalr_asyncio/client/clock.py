"""The client's source of time, so that keep-alive, timeouts and back-off can be driven by hand."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds, and waiting in them."""

    def time(self) -> float:
        """Return monotonic seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class MonotonicClock:
    """The machine's monotonic clock."""

    def time(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


async def wait_for(waiter: asyncio.Future[None], seconds: float, clock: Clock) -> bool:
    """Wait for a future at most `seconds` of the clock; return whether it is done."""
    sleeper = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((waiter, sleeper), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeper.cancel()
    return waiter.done()
