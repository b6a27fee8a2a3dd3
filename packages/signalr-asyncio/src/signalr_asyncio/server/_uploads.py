"""Client-to-server streams: the items of one upload as an async iterator for the hub method."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

import msgspec

from signalr_asyncio.protocol._values import size_of
from signalr_asyncio.protocol.messages import Payload
from signalr_asyncio.server._errors import HubMethodError


class Allowance:
    """How many bytes the uploads of one connection hold together.

    Parameters
    ----------
    limit
        From so many bytes on an upload that holds anything takes no more.
    """

    __slots__ = ("_bytes", "_limit", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._waiting: asyncio.Event | None = None

    @property
    def spent(self) -> bool:
        """Whether the limit is reached."""
        return self._bytes >= self._limit

    def hold(self, size: int) -> None:
        """Add to the byte count. A negative number may make room for waiting senders."""
        self._bytes += size
        if self._waiting is not None and not self.spent:
            self._waiting.set()

    def watch(self, room: asyncio.Event) -> None:
        """Set `room` once the limit is not reached any more. Only one waits at a time: the connection's reader."""
        self._waiting = room


class Upload:
    """One upload: the connection puts items in, the hub method takes them out.

    Parameters
    ----------
    item_type
        What each item is decoded as, when it is taken out.
    capacity
        How many items wait; then `put` waits.
    allowance
        What all uploads of the connection may hold. One item each upload may always have, so that none waits for
        another's reader.
    """

    __slots__ = ("_allowance", "_arrived", "_capacity", "_closed", "_error", "_items", "_room", "_type")

    def __init__(self, item_type: Any, capacity: int, allowance: Allowance) -> None:  # noqa: ANN401 - an annotation is any object
        self._allowance = allowance
        self._type = item_type
        self._capacity = capacity
        self._items: deque[Payload] = deque()
        self._closed = False
        self._error: BaseException | None = None
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    def put(self, item: Payload) -> Coroutine[Any, Any, None] | None:
        """Add an item; it is dropped when there is no reader any more.

        Returns
        -------
        Coroutine or None
            Where there is no room: what adds it once there is, to be awaited before the next item.
        """
        if self._full:
            return self._put_later(item)
        self._put_now(item)
        return None

    @property
    def _full(self) -> bool:
        waiting = len(self._items)
        return not self._closed and (waiting >= self._capacity or (waiting > 0 and self._allowance.spent))

    async def _put_later(self, item: Payload) -> None:
        while self._full:
            self._room.clear()
            self._allowance.watch(self._room)
            await self._room.wait()
        self._put_now(item)

    def _put_now(self, item: Payload) -> None:
        if not self._closed:
            self._items.append(item)
            self._allowance.hold(size_of(item))
            self._arrived.set()

    def end(self, error: BaseException | None = None) -> None:
        """No more items come; with `error` the method gets it after the last one."""
        if not self._closed:
            self._closed = True
            self._error = error
            self._arrived.set()
            self._room.set()

    def abandon(self) -> None:
        """Note that the reader has gone."""
        self.end()
        self._allowance.hold(-sum(map(size_of, self._items)))
        self._items.clear()

    def __aiter__(self) -> Upload:
        return self

    async def __anext__(self) -> Any:  # noqa: ANN401 - of the parameter's item type
        while not self._items:
            if self._closed:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        item = self._items.popleft()
        self._allowance.hold(-size_of(item))
        self._room.set()
        try:
            return item.decode(self._type)
        except msgspec.DecodeError as error:
            self.abandon()
            raise HubMethodError("Failed to bind Stream message.") from error

    async def aclose(self) -> None:
        """Take no more items."""
        self.abandon()
