"""WebSocket servers inside the test: an account stream, and DXLink with the strict order of its handshake."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Handler = Callable[[ServerConnection], Awaitable[None]]


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[str]:
    """Serve a handler, and return its URL; connections are cut at the end."""

    async def handle(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await handler(socket)

    server: Server = await serve(handle, "127.0.0.1", 0, close_timeout=0.1, max_size=None, ping_interval=None)
    try:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
    finally:
        server.close(close_connections=True)
        await server.wait_closed()


class FakeAccountStream:
    """An account stream.

    Attributes
    ----------
    frames
        All frames of the client.
    refuse
        How many times `connect` is refused.
    answers_heartbeats
        Whether heartbeats are answered.
    early
        Frames that are sent before the confirmation.
    """

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.refuse = 0
        self.answers_heartbeats = True
        self.early: list[Any] = []
        self.heartbeat_status = "ok"
        self._sockets: list[ServerConnection] = []
        self.connected = asyncio.Event()

    async def __call__(self, socket: ServerConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            self.frames.append(frame)
            if frame["action"] == "connect":
                await self._connect(socket)
            elif self.answers_heartbeats:
                await socket.send(json.dumps({"status": self.heartbeat_status, "action": "heartbeat"}))

    async def _connect(self, socket: ServerConnection) -> None:
        if self.refuse:
            self.refuse -= 1
            await socket.send(json.dumps({"status": "error", "action": "connect", "message": "failed"}))
            return
        for frame in self.early:
            await socket.send(json.dumps(frame))
        await socket.send(json.dumps({"status": "ok", "action": "connect", "value": ["5WX00001"]}))
        self._sockets.append(socket)
        self.connected.set()

    async def tell(self, kind: str, data: object) -> None:
        await self.send(json.dumps({"type": kind, "data": data, "timestamp": 1785162982313}))

    async def send(self, text: str) -> None:
        for socket in list(self._sockets):
            try:
                await socket.send(text)
            except ConnectionClosed:
                self._sockets.remove(socket)

    async def drop(self, code: int = 1000, reason: str = "Bye") -> None:
        for socket in self._sockets:
            await socket.close(code, reason)
        self._sockets.clear()


class FakeDxLink:
    """DXLink. A token before `UNAUTHORIZED` ends the session, as at the real server.

    Attributes
    ----------
    frames
        All frames of the client.
    added
        All symbols that were subscribed on the present channel.
    mute
        Whether the server sends nothing at all after the handshake.
    """

    def __init__(self, tokens: tuple[str, ...] = ("quote-token",)) -> None:
        self.frames: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.tokens = tokens
        self.added: list[str] = []
        self.mute = False
        self.delay = 0.0
        self.max_bytes = 1 << 30
        self.socket: ServerConnection | None = None
        self.channel = 0
        self.connections = 0
        self.subscribed = asyncio.Event()

    async def __call__(self, socket: ServerConnection) -> None:
        self.connections += 1
        is_reported = False
        self.added = []
        async for text in socket:
            frame = json.loads(text)
            self.frames.append(frame)
            match frame["type"]:
                case "SETUP":
                    await self._send(socket, type="SETUP", channel=0, version="1.0-test", keepaliveTimeout=60)
                    await asyncio.sleep(self.delay)
                    is_reported = True
                    await self._send(socket, type="AUTH_STATE", channel=0, state="UNAUTHORIZED")
                case "AUTH":
                    if not is_reported:
                        await self._send(socket, type="ERROR", channel=0, error="UNAUTHORIZED", message="Session")
                        await socket.close()
                    state = "AUTHORIZED" if frame["token"] in self.tokens else "UNAUTHORIZED"
                    await self._send(socket, type="AUTH_STATE", channel=0, state=state)
                case "CHANNEL_REQUEST":
                    self.channel = frame["channel"]
                    self.added = []
                    await self._send(socket, type="CHANNEL_OPENED", channel=self.channel, service="FEED")
                    self.socket = socket
                case "FEED_SUBSCRIPTION":
                    self.sizes.append(len(text))
                    if len(text) > self.max_bytes:
                        await socket.close(1009, "too big")
                        return
                    self.added += [item["symbol"] for item in frame.get("add", ())]
                    await self.subscribe(frame.get("add", []))
                    self.subscribed.set()
                case _:
                    pass

    async def subscribe(self, added: list[dict[str, str]]) -> None:
        """Answer subscriptions; this server has no quotes of its own."""

    async def _send(self, socket: ServerConnection, **frame: object) -> None:
        if not self.mute:
            await socket.send(json.dumps(frame))

    async def send(self, **frame: object) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps({"channel": self.channel, **frame}))

    async def compact(self, *data: object) -> None:
        await self.send(type="FEED_DATA", data=list(data))

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]
