"""Replay clock: market time at an adjustable speed, with pause and resume."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ReplayClock:
    """Market time that starts at a given moment, runs at `speed` times real time, and can be paused.

    Belongs to one event loop.

    Parameters
    ----------
    start
        Market time at construction; must be aware.
    speed
        Market seconds per real second; greater than zero.
    wall
        Returns real seconds, steadily growing; by default the computer's monotonic clock.

    Raises
    ------
    ValueError
        When `start` is naive or `speed` is not greater than zero.
    """

    def __init__(self, start: datetime, speed: float = 1.0, wall: Callable[[], float] = time.monotonic) -> None:
        if start.tzinfo is None:
            raise ValueError("start must carry a time zone")
        _check(speed)
        self._wall = wall
        self._anchor = start.astimezone(UTC)
        self._origin = wall()
        self._speed = speed
        self._paused = False
        self._turned = asyncio.Event()

    @property
    def speed(self) -> float:
        """Market seconds per real second while it runs."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether the clock is paused."""
        return self._paused

    def now(self) -> datetime:
        """Return the market's time."""
        if self._paused:
            return self._anchor
        return self._anchor + timedelta(seconds=(self._wall() - self._origin) * self._speed)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of market time, also when the speed changes meanwhile."""
        end = self.now() + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        while (remaining := (end - self.now()).total_seconds()) > 0.0:
            turned = self._turned
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(turned.wait(), None if self._paused else remaining / self._speed)

    def pause(self) -> None:
        """Pause the clock."""
        self._turn(self._speed, paused=True)

    def resume(self) -> None:
        """Let time go on from where it stood."""
        self._turn(self._speed, paused=False)

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on.

        Raises
        ------
        ValueError
            When `speed` is not greater than zero.
        """
        _check(speed)
        self._turn(speed, paused=self._paused)

    def _turn(self, speed: float, *, paused: bool) -> None:
        self._anchor = self.now()
        self._origin = self._wall()
        self._speed, self._paused = speed, paused
        # Sleepers look at the new speed; the next ones wait for the next turn.
        self._turned.set()
        self._turned = asyncio.Event()


def _check(speed: float) -> None:
    if not 0.0 < speed < float("inf"):
        raise ValueError(f"speed must be greater than 0, got {speed}")
