"""Market clocks: wall time, scaled time, monotonic time, and a manual clock for tests and replays.

Everything that reasons about the market (schedules, days in trade, ages of quotes, event times) asks a `Clock`.
Under a recording or a simulation the clock is the market's own and may run faster than the wall; what concerns the
outside world (expiry of access tokens, socket timeouts) does not use it.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of market time, with a sleep in market time."""

    def now(self) -> datetime:
        """Return the market's time as an aware datetime in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of market time; zero or less yields to the loop once."""
        ...


class WallClock:
    """Market time is the computer's time."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of real time."""
        await asyncio.sleep(max(seconds, 0.0))


class ScaledClock:
    """Market time starts at a given moment and runs `speed` times as fast as the wall.

    Parameters
    ----------
    start
        Market time at construction; must be aware.
    speed
        Market seconds per real second; greater than zero.

    Raises
    ------
    ValueError
        When `start` is naive or `speed` is not greater than zero.
    """

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError("start must carry a time zone")
        if speed <= 0:
            raise ValueError(f"speed must be greater than 0, got {speed}")
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._origin = time.monotonic()

    @property
    def speed(self) -> float:
        """Market seconds per real second."""
        return self._speed

    def now(self) -> datetime:
        """Return the start plus the scaled time elapsed since."""
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of market time, which take `seconds / speed` of real time."""
        await asyncio.sleep(max(seconds, 0.0) / self._speed)


class DerivedClock:
    """Market time starts at a given moment and runs `speed` times as fast as another clock.

    Parameters
    ----------
    base
        The other clock.
    start
        Market time at construction; must be aware.
    speed
        Market seconds per second of the other clock; greater than zero.

    Raises
    ------
    ValueError
        When `start` is naive or `speed` is not greater than zero.
    """

    def __init__(self, base: Clock, start: datetime, speed: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError("start must carry a time zone")
        if speed <= 0:
            raise ValueError(f"speed must be greater than 0, got {speed}")
        self._base = base
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._origin = base.now()

    def now(self) -> datetime:
        """Return the start plus the scaled time that the other clock has gone since."""
        return self._start + (self._base.now() - self._origin) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of market time, which take `seconds / speed` of the other clock's."""
        await self._base.sleep(seconds / self._speed)


class MonotonicClock(ScaledClock):
    """Monotonic real time for pauses and ages, unmoved by corrections of the system clock. Its dates mean nothing."""

    def __init__(self) -> None:
        super().__init__(datetime(2000, 1, 1, tzinfo=UTC))


class ManualClock:
    """Market time moves only when `advance` is called: for tests and for replays at full speed."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start must carry a time zone")
        self._now = start.astimezone(UTC)
        self._sequence = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the moment that the clock was last set to."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._sequence), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers in the order of their moments.

        After each wake the loop gets a few turns, so that a task that sleeps again within the span is woken again.
        """
        end = self._now + timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, moment)
            if not woken.done():
                woken.set_result(None)
                for _ in range(8):
                    await asyncio.sleep(0)
        self._now = end
        await asyncio.sleep(0)


def boot_time() -> float:
    """Return seconds of a clock that also counts while the process is stopped or the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
