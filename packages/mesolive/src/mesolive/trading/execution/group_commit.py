"""Group commit: calls that wait at the same time share one transaction and one commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from mesolive.errors import rate_limited
from mesolive.tasks import Tasks

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Passes items to `work` in order of arrival, all queued items as one batch.

    A commit waits for the disk, and one transaction writes at a time: committed one by one, calls would wait for as
    many disk writes as there are calls before them. While one batch is committed the next one gathers, so a single
    caller waits for nothing, and many callers share.

    Parameters
    ----------
    work
        Processes items and returns for each its result, or the exception to raise to its caller.
    max_batch
        How many items one batch has at most.
    max_queued
        How many items may wait; one more is refused as `RateLimited`.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | BaseException]]],
        name: str,
        *,
        max_batch: int = 64,
        max_queued: int = 10_000,
    ) -> None:
        self._work = work
        self._name = name
        self._max_batch = max_batch
        self._max_queued = max_queued
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._is_running = False
        self.tasks = Tasks()

    async def submit_and_wait(self, item: T) -> R:
        """Queue an item and return its result. A caller that goes away does not take it back."""
        return await self.submit(item)

    def submit(self, item: T) -> asyncio.Future[R]:
        """Queue an item behind those that wait already; the future has its result."""
        if len(self._queue) >= self._max_queued:
            raise rate_limited(f"{len(self._queue)} {self._name} wait already", code="QueueFull")
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((item, done))
        # No await between the test and the set: two runs would take batches side by side, and a report could be booked
        # before one that was submitted earlier.
        if not self._is_running:
            self._is_running = True
            self.tasks.spawn(self._name, self._run())
        return done

    async def close(self) -> None:
        """Wait until the queue is empty."""
        await self.tasks.join()

    async def _run(self) -> None:
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(self._max_batch, len(self._queue)))]
                try:
                    results = await self._work([item for item, _ in batch])
                except Exception as error:  # noqa: BLE001 - every caller sees it
                    results = [error] * len(batch)
                for (_, done), result in zip(batch, results, strict=True):
                    if done.done():
                        continue  # its caller went away
                    if isinstance(result, BaseException):
                        done.set_exception(result)
                    else:
                        done.set_result(result)
        finally:
            # In the same step in which the queue was seen empty: a later submit starts a run, none waits for ever.
            self._is_running = False
