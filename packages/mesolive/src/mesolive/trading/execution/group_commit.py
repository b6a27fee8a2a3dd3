"""Work that waits at the same time is done together: many calls, one transaction, one commit."""

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
    """Hands items to `work` in the order in which they come, all that wait at once together.

    While one batch is worked on, the next one gathers: a single caller waits for nothing, many callers share.

    Parameters
    ----------
    work
        Takes items and returns for each its result, or the exception that its caller shall see.
    most
        The most items of one batch.
    waiting
        How many items may wait; one more is refused as `RateLimited`.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | BaseException]]],
        name: str,
        *,
        most: int = 64,
        waiting: int = 10_000,
    ) -> None:
        self._work = work
        self._name = name
        self._most = most
        self._limit = waiting
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._working = False
        self.tasks = Tasks()

    async def add(self, item: T) -> R:
        """Have the item worked on and return its result. A caller that goes away does not take it back."""
        return await self.put(item)

    def put(self, item: T) -> asyncio.Future[R]:
        """Let the item wait from now on, behind those that wait already; the future has its result."""
        if len(self._waiting) >= self._limit:
            raise rate_limited(f"{len(self._waiting)} {self._name} wait already")
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if not self._working:
            self._working = True
            self.tasks.spawn(self._name, self._run())
        return done

    async def close(self) -> None:
        """Wait until nothing waits any more."""
        await self.tasks.join()

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
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
            self._working = False
