"""Server transport interface for a session: receive, send, close, abort."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, MutableMapping
from typing import Any, Protocol

from signalr_asyncio.protocol.codec import TransferFormat
from signalr_asyncio.server._options import TransportType


class TransportClosedError(Exception):
    """The client is gone; nothing more can be sent."""


class Transport(Protocol):
    """Carries frames of one client until one side closes."""

    kind: TransportType
    formats: tuple[TransferFormat, ...]
    keeps_itself_alive: bool
    """True where the transport's own requests show that the client lives: no pings, no client timeout."""
    idle_since: float | None
    """Since when the client left such a transport unused."""
    gone_errors: tuple[type[Exception], ...]
    """What the server below raises from `send` when the client is gone."""

    def use(self, transfer_format: TransferFormat) -> None:
        """Send text or binary frames from now on."""
        ...

    def receive(self) -> Awaitable[bytes | None]:
        """Return the next bytes from the client; `None` when it is gone."""
        ...

    def send(self, frame: bytes) -> Awaitable[None]:
        """Send one frame; done when the next may follow.

        Raises
        ------
        TransportClosedError
            When the client is gone.
        Exception
            What the server below raises; one of `gone_errors` when the client is gone.
        """
        ...

    async def close(self, *, failed: bool) -> None:
        """Say the transport's good-bye, and end it. `failed` tells an error from an orderly end."""
        ...

    def abandon(self) -> None:
        """End it at once, without a message; waiting `receive` and `send` calls see a client that is gone."""
        ...


class Inbox:
    """Bytes that arrived by requests and wait for the session: a bounded queue.

    Parameters
    ----------
    capacity
        From so many waiting bytes on `put` waits.
    """

    __slots__ = ("_arrived", "_bytes", "_capacity", "_chunks", "_closed", "_room")

    def __init__(self, capacity: int = 64 * 1024) -> None:
        self._capacity = capacity
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self._closed = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, chunk: bytes) -> bool:
        """Add bytes, and wait for room before.

        Returns
        -------
        bool
            False when there is no reader any more.
        """
        while self._bytes >= self._capacity and not self._closed:
            self._room.clear()
            await self._room.wait()
        if self._closed:
            return False
        self._chunks.append(chunk)
        self._bytes += len(chunk)
        self._arrived.set()
        return True

    async def get(self) -> bytes | None:
        """Return what waits, joined; `None` when it is closed and empty."""
        while not self._chunks:
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        data = self._chunks.popleft() if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._bytes = 0
        self._room.set()
        return data

    def close(self) -> None:
        """End it; what waits can still be read."""
        self._closed = True
        self._arrived.set()
        self._room.set()


ASGIMessage = MutableMapping[str, Any]
