"""What all connections of one hub share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.server.binder import HubDescription
from signalr_asyncio.server.clients import Registry
from signalr_asyncio.server.clock import Clock
from signalr_asyncio.server.hub import Hub, HubFilter
from signalr_asyncio.server.options import HubOptions
from signalr_asyncio.server.throttled_log import ThrottledLog

log = logging.getLogger("signalr_asyncio.server")


@dataclass(slots=True)
class Counters:
    """Totals since the server was made. Bytes are those of hub messages, without what the transport adds."""

    connections: int = 0
    refused: int = 0
    invocations: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    overflows: int = 0


class Tasks:
    """Owns the tasks of a server: keeps them, and logs what they raise."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Return how many run."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in a task."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def adopt(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in a task that says itself when it ends, by `release`, and raises nothing: the quicker way."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task

    def release(self, task: asyncio.Task[None] | None) -> None:
        """Note that an adopted task ends with the step that it is in."""
        self._tasks.discard(task)  # type: ignore[arg-type]  # None is in no set, and to ask would cost more

    async def drain(self) -> None:
        """Wait until every task has ended, those that are started meanwhile too."""
        current = asyncio.current_task()
        while waiting := [task for task in self._tasks if task is not current]:
            await asyncio.wait(waiting)

    def cancel(self) -> None:
        """Cancel all that run."""
        for task in list(self._tasks):
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the SignalR server failed", exc_info=error)


@dataclass(slots=True, eq=False, kw_only=True)
class Runtime:
    """What all connections of one path share."""

    path: str
    options: HubOptions
    clock: Clock
    tasks: Tasks
    counters: Counters
    log: ThrottledLog


@dataclass(slots=True, eq=False, kw_only=True)
class HubRuntime(Runtime):
    """One hub of a server: its class, its settings and its connections."""

    description: HubDescription
    factory: Callable[[], Hub]
    filters: Sequence[HubFilter]
    protocols: Mapping[str, HubProtocol]
    registry: Registry = field(default_factory=Registry)
