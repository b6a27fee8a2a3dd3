"""The inbound queue: buffers the messages behind one that is still being handled."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable

from signalr_asyncio._tasks import Tasks
from signalr_asyncio.protocol._values import size_of
from signalr_asyncio.protocol.messages import HubMessage, Invocation, StreamInvocation, StreamItem

# The fewest bytes of a message beside its values, in the tighter encoding.
_MIN_MESSAGE_BYTES = 6

Handle = Callable[[HubMessage], Awaitable[None] | None]


class InboundQueue:
    """Handles messages in their order, without blocking the reader.

    While a message waits (for room in an upload, for other calls to end) those behind it are kept, so that the reader
    can go on to what must not wait: acks. There is no task while nothing waits.

    Parameters
    ----------
    handle
        Handles a message; what it returns is to be awaited before the next may be handled.
    capacity
        From so many kept bytes on `room` waits. They are counted a little lower than those of the messages as they
        came, so that what a peer may send is always less.
    tasks
        Owns the task.
    failed
        Called with what `handle` raised.

    Attributes
    ----------
    bytes
        How many bytes wait, as `capacity` counts them.
    """

    __slots__ = ("_capacity", "_emptied", "_failed", "_handle", "_messages", "_room", "_task", "_tasks", "bytes")

    def __init__(self, handle: Handle, capacity: int, tasks: Tasks, failed: Callable[[Exception], None]) -> None:
        self._handle = handle
        self._capacity = capacity
        self._tasks = tasks
        self._failed = failed
        self._messages: deque[tuple[HubMessage, int]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._emptied: asyncio.Future[None] | None = None
        self.bytes = 0

    def __len__(self) -> int:
        """Return how many messages have been put in and not been handled."""
        return len(self._messages) + (self._task is not None)

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should be read."""
        return self.bytes >= self._capacity

    def put(self, message: HubMessage) -> None:
        """Handle a message in its turn: now, if nothing is before it."""
        if self._task is not None:
            size = _size(message)
            self._messages.append((message, size))
            self.bytes += size
        elif (waiting := self._handle(message)) is not None:
            self._task = self._tasks.spawn(self._go_on(waiting))

    async def room(self) -> None:
        """Wait until less than the capacity waits."""
        while self.full:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def lift_limit(self) -> None:
        """Let the reader go on, however much waits: it reads the last that came."""
        self._capacity = sys.maxsize
        self._made_room()

    async def drained(self) -> None:
        """Wait until everything that was put in has been handled."""
        while self._task is not None:
            if self._emptied is None or self._emptied.done():
                self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._emptied)

    def stop(self) -> None:
        """Forget what waits."""
        if self._task is not None:
            self._task.cancel()
        self._messages.clear()
        self.bytes = 0
        self._made_room()

    async def _go_on(self, waiting: Awaitable[None]) -> None:
        try:
            await waiting
            while self._messages:
                message, size = self._messages.popleft()
                self.bytes -= size
                if not self.full:
                    self._made_room()
                following = self._handle(message)
                if following is not None:
                    await following
        except Exception as error:  # noqa: BLE001 - whatever is wrong ends this connection, which says so
            self._failed(error)
        finally:
            self._task = None
            if self._emptied is not None and not self._emptied.done():
                self._emptied.set_result(None)

    def _made_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)


def _size(message: HubMessage) -> int:
    match message:
        case Invocation() | StreamInvocation():
            values = message.arguments
        case StreamItem():
            values = (message.item,)
        case _:
            values = ()
    return _MIN_MESSAGE_BYTES + sum(map(size_of, values))
