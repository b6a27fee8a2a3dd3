"""Timeline of a double of a broker: delayed actions by a clock, and the failures of those that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mesolive.clock import Clock
from mesolive.tasks import Tasks


class Timeline:
    """Things that happen later, by a clock.

    Parameters
    ----------
    clock
        Whose seconds count.
    done
        Called after each of them.
    """

    def __init__(self, clock: Clock, done: Callable[[], None]) -> None:
        self._clock = clock
        self._done = done
        self._tasks = Tasks()
        self.failures: list[BaseException] = []

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after some seconds; at once when there are none."""
        if seconds <= 0:
            action()
            return
        self._tasks.spawn("delayed action", self._later(seconds, action)).add_done_callback(self._ended)

    async def stop(self) -> None:
        """Drop what has not happened yet."""
        await self._tasks.stop()

    async def _later(self, seconds: float, action: Callable[[], None]) -> None:
        await self._clock.sleep(seconds)
        action()
        self._done()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failures.append(error)
