"""Websockets of the double of tastytrade: frames out in their order, frames in as JSON objects, refused upgrades."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from mesolive.doubles.tastytrade.connections import Connections
from mesolive.doubles.tastytrade.values import JsonObject
from mesolive.tasks import Tasks

BAD_GATEWAY: Final = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
MAX_WAITING: Final = 10_000
"""Frames that wait for a slow reader before its socket is closed."""


class FrameError(ValueError):
    """A frame that is no JSON object."""


class Socket:
    """One websocket of a client.

    Parameters
    ----------
    websocket
        Of Starlette; not accepted yet.
    connections
        To reset it.
    """

    def __init__(self, websocket: WebSocket, connections: Connections) -> None:
        self._websocket = websocket
        self._connections = connections
        self._out: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()
        self._tasks = Tasks()
        self.closing = False

    async def refuse_upgrade(self) -> None:
        """Answer the upgrade with 502 and HTML."""
        await self._websocket.send_denial_response(Response(BAD_GATEWAY, 502, media_type="text/html"))

    async def accept(self) -> None:
        """Take the socket, and begin to write."""
        await self._websocket.accept()
        # A socket that is gone ends the writer in many ways; `receive` meets the end, and `done` follows.
        self._tasks.spawn("socket writer", self._write(), expected=Exception)

    def send(self, frame: Mapping[str, object]) -> None:
        """Send an object; a client that reads too slowly loses its socket."""
        self.send_text(msgspec.json.encode(frame).decode())

    def send_text(self, text: str) -> None:
        """Send a text."""
        if self.closing:
            return
        if self._out.qsize() >= MAX_WAITING:
            self.cut()
            return
        self._out.put_nowait(text)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the socket after what was sent before."""
        if not self.closing:
            self.closing = True
            self._out.put_nowait((code, reason))

    def cut(self) -> None:
        """Reset the socket."""
        self.closing = True
        self._connections.cut(self._websocket.scope.get("client"))

    async def receive(self) -> tuple[JsonObject, int] | None:
        """Return the next frame and its length in bytes; `None` when the socket is closed.

        Raises
        ------
        FrameError
            When it is no JSON object.
        """
        if self.closing and self._out.empty():
            return None
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        if not isinstance(text, str):
            raise FrameError("a text frame was expected")
        try:
            return msgspec.json.decode(text, type=dict[str, object]), len(text.encode())
        except msgspec.DecodeError as error:
            raise FrameError(str(error)) from None

    async def done(self) -> None:
        """Stop to write."""
        self.closing = True
        await self._tasks.stop()

    async def _write(self) -> None:
        while True:
            item = await self._out.get()
            if self._websocket.client_state is not WebSocketState.CONNECTED:
                return
            if self._connections.is_lost(self._websocket.scope.get("client")):
                self.closing = True  # uvicorn hears of it a turn of the loop later
                return
            try:
                if isinstance(item, str):
                    await self._websocket.send_text(item)
                else:
                    await self._websocket.close(*item)
                    return
            except (WebSocketDisconnect, RuntimeError):
                self.closing = True  # the client is gone: uvicorn says so in either way
                return
