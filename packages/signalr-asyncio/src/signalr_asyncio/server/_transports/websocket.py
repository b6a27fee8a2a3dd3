"""Server WebSocket transport over ASGI."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from signalr_asyncio.protocol.codec import TransferFormat
from signalr_asyncio.server._options import TransportType
from signalr_asyncio.server._transports.base import ASGIMessage, Inbox, TransportClosedError


class WebSocketTransport:
    """One accepted WebSocket.

    Parameters
    ----------
    receive, send
        The ASGI connection.
    pumped
        Reads in `pump` and hands over through a queue, so that `receive` can be called off: a session that may move to
        another WebSocket needs that. Without it `receive` reads directly.
    """

    kind = TransportType.WEB_SOCKETS
    formats: tuple[TransferFormat, ...] = ("Text", "Binary")
    keeps_itself_alive = False
    idle_since: float | None = None
    # Servers say that the client is gone with an OSError (uvicorn's ClientDisconnected is one), older ones with a
    # RuntimeError about a message after close.
    gone_errors: tuple[type[Exception], ...] = (OSError, RuntimeError)

    def __init__(
        self,
        receive: Callable[[], Awaitable[ASGIMessage]],
        send: Callable[[ASGIMessage], Awaitable[None]],
        *,
        pumped: bool = False,
    ) -> None:
        self._asgi_receive = receive
        self._asgi_send = send
        self._binary = False
        self._gone = False
        self._inbox = Inbox() if pumped else None
        self._ended: asyncio.Event | None = asyncio.Event() if pumped else None

    def use(self, transfer_format: TransferFormat) -> None:
        """Send text or binary frames from now on."""
        self._binary = transfer_format == "Binary"

    def receive(self) -> Awaitable[bytes | None]:
        """Return the bytes of the next frame; `None` when the client is gone."""
        return self._read() if self._inbox is None else self._inbox.get()

    async def _read(self) -> bytes | None:
        if self._gone:
            return None
        message = await self._asgi_receive()
        text = message.get("text")
        if text is not None:
            return text.encode()
        if message["type"] == "websocket.disconnect":
            self._gone = True
            return None
        return message.get("bytes") or b""

    async def pump(self) -> None:
        """Read until the WebSocket, or the session's use of it, has ended."""
        assert self._inbox is not None and self._ended is not None  # noqa: S101, PT018 - a mistake of this package
        reading = asyncio.ensure_future(self._pump(self._inbox))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            ended.cancel()
            await asyncio.gather(reading, ended, return_exceptions=True)
            self.abandon()

    async def _pump(self, inbox: Inbox) -> None:
        while (data := await self._read()) is not None:
            if not await inbox.put(data):
                return
        inbox.close()

    def send(self, frame: bytes) -> Awaitable[None]:
        """Send one frame."""
        if self._gone:
            raise TransportClosedError
        # What the server gives is handed on, since a coroutine around it would be felt in every frame.
        if self._binary:
            return self._asgi_send({"type": "websocket.send", "bytes": frame})
        return self._asgi_send({"type": "websocket.send", "text": frame.decode()})

    async def close(self, *, failed: bool) -> None:
        """Send the close frame: 1000, or 1011 after an error."""
        if not self._gone:
            self._gone = True
            with contextlib.suppress(OSError, RuntimeError):
                await self._asgi_send({"type": "websocket.close", "code": 1011 if failed else 1000})
        self.abandon()

    def abandon(self) -> None:
        """End it without a word."""
        self._gone = True
        if self._inbox is not None:
            self._inbox.close()
        if self._ended is not None:
            self._ended.set()
