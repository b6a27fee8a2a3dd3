"""Server WebSocket transport over whole frames, for web servers that offer them: without ASGI's messages between.

A web server offers frames by the ASGI extension `signalr_asyncio.frames` of a WebSocket's scope; `server.picows` does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Generator
from typing import Any, Protocol

from signalr_asyncio.protocol.codec import TransferFormat
from signalr_asyncio.server._options import TransportType
from signalr_asyncio.server._transports.base import TransportClosedError

EXTENSION = "signalr_asyncio.frames"
MAX_WAITING_BYTES = 64 * 1024
"""From so many bytes on that the session has not read the socket is not read either."""


class FrameSink(Protocol):
    """Takes what one WebSocket receives."""

    def deliver(self, payload: bytes) -> None:
        """Take the payload of one message; text has been checked to be UTF-8."""
        ...

    def leave(self) -> None:
        """Take note that the client is gone."""
        ...


class FrameConnection(Protocol):
    """One WebSocket of a web server that offers frames."""

    sink: FrameSink | None
    """Gets what is received from now on, in place of the ASGI queue."""
    writable: asyncio.Event
    """Set while the socket takes more."""

    def send_frame(self, payload: bytes, *, binary: bool) -> None:
        """Send a message; raises an OSError when the client is gone."""
        ...

    def close_frames(self, code: int) -> None:
        """Send the close frame and end the connection once the client has answered it."""
        ...

    def pause_frames(self, *, paused: bool) -> None:
        """Read nothing from the socket, or go on."""
        ...


class _Sent:
    """What `send` returns when the next frame may follow at once: an awaitable that is done."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield


_SENT = _Sent()


class FrameTransport:
    """One accepted WebSocket.

    Parameters
    ----------
    frames
        The web server's end.
    """

    kind = TransportType.WEB_SOCKETS
    formats: tuple[TransferFormat, ...] = ("Text", "Binary")
    keeps_itself_alive = False
    idle_since: float | None = None
    gone_errors: tuple[type[Exception], ...] = (OSError, RuntimeError)

    __slots__ = ("_binary", "_bytes", "_chunks", "_frames", "_gone", "_paused", "_waiter")

    def __init__(self, frames: FrameConnection) -> None:
        self._frames = frames
        self._binary = False
        self._gone = False
        self._paused = False
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        frames.sink = self

    def use(self, transfer_format: TransferFormat) -> None:
        """Send text or binary frames from now on."""
        self._binary = transfer_format == "Binary"

    async def receive(self) -> bytes | None:
        """Return the bytes of the next frame; `None` when the client is gone."""
        while not self._chunks:
            if self._gone:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        chunk = self._chunks.popleft()
        self._bytes -= len(chunk)
        if self._paused and self._bytes < MAX_WAITING_BYTES:
            self._paused = False
            self._frames.pause_frames(paused=False)
        return chunk

    def deliver(self, payload: bytes) -> None:
        """See `FrameSink`."""
        self._chunks.append(payload)
        self._bytes += len(payload)
        if self._bytes >= MAX_WAITING_BYTES and not self._paused:
            self._paused = True
            self._frames.pause_frames(paused=True)
        self._wake()

    def leave(self) -> None:
        """See `FrameSink`."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def send(self, frame: bytes) -> Awaitable[None]:
        """Send one frame."""
        if self._gone:
            raise TransportClosedError
        frames = self._frames
        frames.send_frame(frame, binary=self._binary)
        return _SENT if frames.writable.is_set() else self._drained()

    async def _drained(self) -> None:
        await self._frames.writable.wait()
        if self._gone:
            raise TransportClosedError

    async def close(self, *, failed: bool) -> None:
        """Send the close frame: 1000, or 1011 after an error."""
        if not self._gone:
            self._frames.close_frames(1011 if failed else 1000)
        self.abandon()

    def abandon(self) -> None:
        """End it without a word."""
        self._gone = True
        self._wake()
