"""Background task ownership: keeps the tasks of a server or a connection, logs their failures, and stops them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Keeps tasks until they end, and logs those that fail.

    Parameters
    ----------
    logger
        Gets the failures.
    """

    __slots__ = ("_logger", "_tasks")

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Return how many run."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str | None = None) -> asyncio.Task[Any]:
        """Run `work` in a task."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def adopt(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in a task that says itself when it ends, by `release`, and raises nothing: the quicker way."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task

    def add(self, task: asyncio.Task[Any]) -> None:
        """Keep a task that runs already until it ends; it says itself when, by `release`, and raises nothing."""
        self._tasks.add(task)

    def release(self, task: asyncio.Task[None] | None) -> None:
        """Note that an adopted task ends with the step that it is in."""
        self._tasks.discard(task)  # type: ignore[arg-type]  # None is in no set, and to ask would cost more

    async def drain(self) -> None:
        """Wait until every task but the calling one has ended, those that are started meanwhile too."""
        while waiting := self._others():
            await asyncio.wait(waiting)

    def cancel(self) -> None:
        """Cancel every task but the calling one."""
        for task in self._others():
            task.cancel()

    async def stop(self, within: float) -> None:
        """Cancel every task but the calling one, and wait until they are gone, at most `within` seconds."""
        others = self._others()
        self.cancel()
        if others:
            _, stuck = await asyncio.wait(others, timeout=within)
            for task in stuck:
                self._logger.error("Task %s does not end although it was cancelled", task.get_name())

    async def finish(self, within: float) -> None:
        """Wait `within` seconds for every task but the calling one; stop those that are not done in time."""
        others = self._others()
        if others:
            await asyncio.wait(others, timeout=within)
        await self.stop(within)

    def _others(self) -> list[asyncio.Task[Any]]:
        current = asyncio.current_task()
        return [task for task in self._tasks if task is not current]

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._logger.error("Task %s failed", task.get_name(), exc_info=error)
