"""Lets seconds pass for the deadlines of an event loop, at once, once what must happen before them has happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

PassTime = Callable[[float], None]


class LoopTime:
    """The time of one event loop, which a test may set forward.

    It is never set back: what the end of the test waits for would come so much later.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._real = loop.time
        self.passed = 0.0
        setattr(loop, "time", self.now)  # noqa: B010 - methods of a loop are not to be assigned

    def now(self) -> float:
        """Return the loop's time."""
        return self._real() + self.passed


@pytest.fixture
def pass_time() -> PassTime:
    """Return what lets seconds pass for every deadline and every pause of the running event loop.

    A limit that must expire in a test, but only after something that takes the processor's time, is long, and is passed
    by this: a short one may expire too early on a busy machine.
    """
    times: dict[asyncio.AbstractEventLoop, LoopTime] = {}

    def jump(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if loop not in times:
            times[loop] = LoopTime(loop)
        times[loop].passed += seconds

    return jump
