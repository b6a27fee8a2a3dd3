"""The tasks of a connection: each has an owner that sees its exception."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger("signalr_asyncio.client")


class Tasks:
    """Keeps tasks until they end and logs those that fail."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self, within: float) -> None:
        """Wait for all tasks but the calling one; cancel those that are not done in time."""
        others = self._others()
        if others:
            await asyncio.wait(others, timeout=within)
        await self.cancel(within)

    async def cancel(self, within: float) -> None:
        """Cancel all tasks but the calling one, and wait until they are gone, at most so many seconds."""
        others = self._others()
        for task in others:
            task.cancel()
        if others:
            _, stuck = await asyncio.wait(others, timeout=within)
            for task in stuck:
                logger.error("Task %s does not end although it was cancelled", task.get_name())

    def _others(self) -> list[asyncio.Task[None]]:
        current = asyncio.current_task()
        return [task for task in self._tasks if task is not current]

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("Task %s failed", task.get_name(), exc_info=error)
