"""Time limits in the time of a clock, so that tests need not wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mesolive.clock import Clock
from mesolive.connectors.ibkr.session_errors import RequestTimeoutError
from mesolive.tasks import Tasks

_watchers = Tasks()


@asynccontextmanager
async def limited(timer: Clock, seconds: float, message: str) -> AsyncGenerator[None]:
    """Raise `RequestTimeoutError` in the body when it takes longer than some seconds of a clock."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    expired = False

    async def watch() -> None:
        nonlocal expired
        await timer.sleep(seconds)
        expired = True
        task.cancel()

    watcher = _watchers.spawn("ibkr time limit", watch())
    try:
        yield
    except asyncio.CancelledError:
        if expired and task.uncancel() == 0:
            raise RequestTimeoutError(message) from None
        raise
    finally:
        watcher.cancel()
