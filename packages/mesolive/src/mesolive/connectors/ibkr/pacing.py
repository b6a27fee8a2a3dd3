"""Pacing of requests to TWS: at most so many messages per second, those of orders first.

TWS answers too many messages with error 100, and closes the socket of a client that repeats it. The client library has
a throttle too, but one queue for everything: an order waits there behind hundreds of requests for data, and what waits
when the socket is lost is dropped without a trace.
"""

from __future__ import annotations

import asyncio
import enum
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from mesolive.clock import Clock
from mesolive.tasks import Tasks

MAX_MESSAGES_PER_SECOND: Final = 45
"""TWS permits 50; the difference is for clocks that differ."""

RESERVED_MESSAGES: Final = 5
"""Messages of each second that only orders and heartbeats may use."""

WINDOW: Final = timedelta(seconds=1)


class Priority(enum.IntEnum):
    """What is sent first; requests of one priority keep their order."""

    ORDER = 0
    LIFE = 1
    """Heartbeats, and the lists after a connection."""
    INTERACTIVE = 2
    """A caller waits for the answer."""
    LINE = 3
    """Subscriptions to market data, and their cancels."""
    BULK = 4
    """Chains of options, in the background."""


class NotSentError(Exception):
    """A message was certainly not sent."""


class PacedQueue:
    """Sends messages in the order of their priority, within the limit.

    Parameters
    ----------
    timer
        Time of the limit.
    limit
        Messages per second; zero for no limit.
    """

    def __init__(self, timer: Clock, limit: int = MAX_MESSAGES_PER_SECOND) -> None:
        self._timer = timer
        self._limit = limit
        self._sent: deque[datetime] = deque()
        self._waiting: list[tuple[Priority, int, Callable[[], None], asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._sender: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def __len__(self) -> int:
        return len(self._waiting)

    def backlog(self, priority: Priority) -> int:
        """Return how many messages of a priority, or of more urgent ones, wait."""
        return sum(waiting <= priority and not written.done() for waiting, _, _, written in self._waiting)

    def post(self, write: Callable[[], None], priority: Priority) -> asyncio.Future[None]:
        """Send a message as soon as the limit permits: at once where it does and nothing more urgent waits.

        Parameters
        ----------
        write
            Writes the message; what it raises is the future's exception.

        Returns
        -------
        future
            Done when the message was written. Cancelling it before drops the message. After `drop_all` it raises
            `NotSentError`.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), write, written))
        self._pump()
        if self._waiting and (self._sender is None or self._sender.done()):
            self._sender = self._tasks.spawn("ibkr pacing", self._send_later())
        return written

    def drop_all(self, why: str) -> None:
        """Drop what waits: the connection is lost."""
        waiting, self._waiting = self._waiting, []
        self._sent.clear()
        for *_, written in waiting:
            if not written.done():
                written.set_exception(NotSentError(why))
                written.exception()  # whoever wrote without waiting needs no log line
        if self._sender is not None:
            self._sender.cancel()
            self._sender = None

    def _pump(self) -> None:
        while self._waiting and self._permitted(self._waiting[0][0]):
            *_, write, written = heapq.heappop(self._waiting)
            if written.done():
                continue  # no caller wants it any more
            try:
                write()
            except Exception as error:  # noqa: BLE001 - the caller's: it is raised where the message was posted
                written.set_exception(error)
                written.exception()
            else:
                self._sent.append(self._timer.now())
                written.set_result(None)

    def _permitted(self, priority: Priority) -> bool:
        if not self._limit:
            return True
        now = self._timer.now()
        while self._sent and now - self._sent[0] >= WINDOW:
            self._sent.popleft()
        reserved = RESERVED_MESSAGES if priority > Priority.LIFE else 0
        return len(self._sent) < max(self._limit - reserved, 1)

    async def _send_later(self) -> None:
        while self._waiting:
            oldest = self._sent[0] if self._sent else self._timer.now()
            await self._timer.sleep(max((oldest + WINDOW - self._timer.now()).total_seconds(), 0.001))
            self._pump()
