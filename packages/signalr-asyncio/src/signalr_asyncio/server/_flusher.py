"""Flusher: sends the queued records of all connections, in one task while no client makes it wait.

A broadcast queues a record in each of thousands of connections. A task for each would cost more than the sending.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Protocol

from signalr_asyncio._first_step import Rest

log = logging.getLogger("signalr_asyncio.server")

MAX_WRITERS_PER_TURN = 100
"""Connections that are served before other tasks have their turn."""


class Flushable(Protocol):
    """The sending half of a connection; see `Writer`."""

    queued: bool

    async def flush(self) -> None:
        """Send what waits."""
        ...

    def flush_waits(self, task: asyncio.Task[Any] | None) -> None:
        """Note that `task` waits until the client has taken a frame."""
        ...

    def flushed(self, task: asyncio.Task[Any] | None) -> None:
        """Note that `flush` has ended; `task` is the one that had to wait for it, if one had."""
        ...


class Flusher:
    """Sends for one server.

    Its task begins to send for one connection after the other. Where a client takes nothing, the task stays with it and
    waits, and a new task goes on with the others.
    """

    __slots__ = ("_queue", "_task")

    def __init__(self) -> None:
        self._queue: deque[Flushable] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, writer: Flushable) -> None:
        """Send what waits in `writer.outbox` when this turn of the loop is over; its `queued` is set."""
        self._queue.append(writer)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        queue = self._queue
        served = 0
        task: asyncio.Task[Any] | None = asyncio.current_task()
        try:
            while queue:
                writer = queue.popleft()
                if not writer.queued:
                    continue
                work = writer.flush()
                try:
                    waits_for = work.send(None)
                except StopIteration:
                    writer.flushed(None)
                except Exception:  # a fault of this connection must not keep the others waiting
                    log.exception("Sending for a connection failed")
                    writer.flushed(None)
                else:
                    if not writer.queued:
                        # It was stopped by what its first step set off.
                        work.close()
                        continue
                    writer.flush_waits(task)
                    self._task = asyncio.get_running_loop().create_task(self._run()) if queue else None
                    try:
                        await Rest(work, waits_for)
                    finally:
                        writer.flushed(task)
                    return
                served += 1
                if served % MAX_WRITERS_PER_TURN == 0:
                    await asyncio.sleep(0)
        finally:
            if self._task is task:
                self._task = None
