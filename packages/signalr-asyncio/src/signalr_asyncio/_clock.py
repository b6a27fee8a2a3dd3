"""Clock interface for servers and clients: monotonic time, timers and waits; tests pass a manual clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class TimerHandle(Protocol):
    """A planned call that can be called off."""

    def cancel(self) -> None:
        """Call it off; a second time, or after the call, it does nothing."""
        ...


class Clock(Protocol):
    """Monotonic time in seconds, calls planned in it, and waiting."""

    def now(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object]) -> TimerHandle:
        """Call `callback` in the event loop after `delay` seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class LoopClock:
    """The computer's monotonic clock, and the running event loop's timers."""

    # The function itself: it is asked for with each message.
    now = staticmethod(time.monotonic)

    def call_later(self, delay: float, callback: Callable[[], object]) -> TimerHandle:
        """Call `callback` after `delay` seconds."""
        return asyncio.get_running_loop().call_later(delay, callback)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


async def is_done_within(clock: Clock, future: asyncio.Future[None], seconds: float) -> bool:
    """Wait for a future at most `seconds` of the clock; return whether it is done."""
    sleeper = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((future, sleeper), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeper.cancel()
    return future.done()


async def wait_for(clock: Clock, work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Run `work` and give it at most `seconds` of the clock's time.

    Raises
    ------
    TimeoutError
        When the time is over; the work has been cancelled, and has ended.
    """
    task = asyncio.ensure_future(work)
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = task.cancel()

    handle = clock.call_later(seconds, expire)
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if expired and not (current is not None and current.cancelling()):
            raise TimeoutError from None
        task.cancel()
        raise
    finally:
        handle.cancel()
