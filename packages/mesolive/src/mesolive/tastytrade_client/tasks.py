"""Tasks of the client: each has one owner that waits for its end, and no failure of one is lost.

The client is usable without the server, so it does not import the server's `mesolive.tasks`. Elsewhere in it no task is
created: a task without an owner outlives its connection, and asyncio keeps only a weak reference to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def until_first(**work: Coroutine[Any, Any, object]) -> None:
    """Run coroutines side by side until one ends, then cancel the others and wait for them.

    Parameters
    ----------
    work
        The coroutines by the names of their tasks, the one whose failure counts most first.

    Raises
    ------
    Exception
        The first failure in the order given, also of one that failed while it was cancelled.
    """
    tasks = [asyncio.create_task(item, name=f"tastytrade {name}") for name, item in work.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def beside(name: str, work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run a coroutine beside the block, which does not wait for it; it is cancelled and has ended when the block ends.

    A failure of it is not raised: the block reads the same socket and meets its own.
    """
    task = asyncio.create_task(work, name=f"tastytrade {name}")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class SingleFlight(Generic[T]):
    """One request at a time, whose answer all callers share that ask meanwhile.

    Parameters
    ----------
    request
        Makes the request.
    """

    def __init__(self, name: str, request: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._name = name
        self._request = request
        self._running: asyncio.Task[T] | None = None

    async def answer(self) -> T:
        """Wait for the request that is under way, or make one; a caller that is cancelled does not end it."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._request(), name=f"tastytrade {self._name}")
            self._running.add_done_callback(_retrieved)
        return await asyncio.shield(self._running)


def _retrieved(task: asyncio.Task[Any]) -> None:
    """Read the failure of a request whose callers have all gone, which asyncio would else report as never retrieved."""
    if not task.cancelled():
        task.exception()
