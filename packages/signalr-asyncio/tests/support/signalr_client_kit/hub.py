"""A hub that a test plays by hand, over real sockets; it shares no protocol code with the client.

It speaks just enough of negotiation and the three transports to let the test see and say everything itself.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import parse_qs

import uvicorn
from uvicorn.server import ServerState

from signalr_asyncio.client import HubConnection
from signalr_client_kit.clock import settle

Message = dict[str, Any]
Scope = Mapping[str, Any]
SEPARATOR = "\x1e"
EVERY_TRANSPORT = [
    {"transport": name, "transferFormats": formats}
    for name, formats in (
        ("WebSockets", ["Text", "Binary"]),
        ("ServerSentEvents", ["Text"]),
        ("LongPolling", ["Text", "Binary"]),
    )
]


class Peer:
    """The server's end of one connection."""

    def __init__(self, scope: Scope, send: Callable[[Any], Any]) -> None:
        self.scope = scope
        self._send = send
        self._raw: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._messages: list[str] = []
        self.done = asyncio.Event()
        self.handshake: Message | None = None
        self.reading = asyncio.Event()
        self.reading.set()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request that opened the connection."""
        return {name.decode(): value.decode() for name, value in self.scope["headers"]}

    @property
    def query(self) -> dict[str, list[str]]:
        """The query of that request."""
        return parse_qs(self.scope["query_string"].decode())

    async def receive_raw(self) -> str | bytes:
        """Return the next frame.

        Raises
        ------
        EOFError
            When the client is gone.
        """
        frame = await self._raw.get()
        if frame is None:
            raise EOFError("the client is gone")
        return frame

    async def receive(self, *, pings: bool = False) -> Message:
        """Return the next message, passing over pings if they are not wanted."""
        while True:
            while not self._messages:
                frame = await self.receive_raw()
                assert isinstance(frame, str), "JSON travels in text frames"
                *records, rest = frame.split(SEPARATOR)
                assert not rest, "a frame holds whole records"
                self._messages = records
            message: Message = json.loads(self._messages.pop(0))
            if pings or message.get("type") != 6:
                return message

    async def send(self, *messages: Message) -> None:
        """Send messages in one frame."""
        await self.send_raw("".join(json.dumps(message) + SEPARATOR for message in messages))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send a frame."""
        await self._send({"type": "websocket.send", "text" if isinstance(frame, str) else "bytes": frame})

    async def complete(self, invocation: Message, **fields: Any) -> None:
        """Answer an invocation with `result=…`, `error=…` or neither."""
        await self.send({"type": 3, "invocationId": invocation["invocationId"], **fields})

    async def close(self, code: int = 1000) -> None:
        """Close the transport."""
        self.done.set()
        await self._send({"type": "websocket.close", "code": code})

    async def gone(self) -> None:
        """Wait until the client has left, whatever it says before."""
        while await self._raw.get() is not None:
            pass

    async def pump(self, receive: Callable[[], Any]) -> None:
        """Take what the client sends until it leaves."""
        while True:
            await self.reading.wait()
            event = await receive()
            if event["type"] == "websocket.disconnect":
                self._raw.put_nowait(None)
                return
            self._raw.put_nowait(event["text"] if event.get("text") is not None else event["bytes"])


class ScriptedHub:
    """An ASGI application that does what the test says.

    Attributes
    ----------
    negotiations
        The answers to negotiate, in turn; the last one is used again and again. An int is a status.
    requests
        What was asked at negotiate: headers and query.
    refusals
        Statuses with which the next WebSockets are refused.
    handshake
        The answer to the handshake; None for no answer.
    deaf
        Whether new peers do not read until their `reading` is set.
    cookie
        A cookie that negotiate sets.
    http
        Answers all other requests: called with scope and body, returns a status and a body, whole or in chunks.
    """

    def __init__(self) -> None:
        self.url = ""
        self.server: Serving
        self.negotiations: list[Message | int] = [
            {
                "negotiateVersion": 1,
                "connectionId": "visible",
                "connectionToken": "secret/token",
                "availableTransports": EVERY_TRANSPORT,
            }
        ]
        self.requests: list[tuple[dict[str, str], dict[str, list[str]]]] = []
        self.refusals: list[int] = []
        self.handshake: str | None = "{}" + SEPARATOR
        self.cookie: str | None = None
        self.deaf = False
        self.http: Callable[[Any, bytes], Any] | None = None
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()

    async def peer(self) -> Peer:
        """Wait for the next connection."""
        return await asyncio.wait_for(self._peers.get(), 60)

    @property
    def waiting(self) -> int:
        """How many connections the test has not taken yet."""
        return self._peers.qsize()

    async def __call__(self, scope: Scope, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        body = b""
        while (event := await receive()).get("more_body"):
            body += event["body"]
        body += event["body"]
        status: int = 200
        answer: bytes | AsyncIterator[bytes] = b""
        headers: list[tuple[bytes, bytes]] = []
        if scope["path"].endswith("/negotiate"):
            self.requests.append(
                (
                    {name.decode(): value.decode() for name, value in scope["headers"]},
                    parse_qs(scope["query_string"].decode()),
                )
            )
            plan = self.negotiations.pop(0) if len(self.negotiations) > 1 else self.negotiations[0]
            if isinstance(plan, int):
                status = plan
            else:
                answer = json.dumps(plan).encode()
            if self.cookie is not None:
                headers.append((b"set-cookie", self.cookie.encode()))
        elif self.http is not None:
            status, answer = await self.http(scope, body)
        else:
            status = 404
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if isinstance(answer, bytes):
            await send({"type": "http.response.body", "body": answer})
            return
        async for chunk in answer:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _websocket(self, scope: Scope, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await receive()
        if self.refusals:
            status = self.refusals.pop(0)
            await send({"type": "websocket.http.response.start", "status": status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        await send({"type": "websocket.accept"})
        peer = Peer(scope, send)
        if self.deaf:
            peer.reading.clear()
        pump = asyncio.ensure_future(peer.pump(receive))
        try:
            if self.handshake is not None:
                peer.handshake = await peer.receive()
                await peer.send_raw(self.handshake)
            self._peers.put_nowait(peer)
            await pump
        except EOFError:
            return
        finally:
            pump.cancel()


class Serving:
    """An ASGI application on a socket of its own; uvicorn without its loop, signals and waits.

    Attributes
    ----------
    address
        Such as `http://127.0.0.1:1234`.
    """

    def __init__(self, app: Any, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._config = uvicorn.Config(
            app, log_level="critical", lifespan="off", ws="websockets-sansio", access_log=False
        )
        self._config.load()
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.address = ""

    async def start(self) -> None:
        """Listen; on the same port again after `stop`."""
        loop = asyncio.get_running_loop()
        # Only of a socket that names its protocol does asyncio know that it may turn off Nagle's algorithm.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self._server = await loop.create_server(
            # Typed as a bare asyncio.Protocol, which takes no arguments.
            lambda: cast("Any", self._config.http_protocol_class)(
                config=self._config, server_state=self._state, app_state={}, _loop=loop
            ),
            sock=listener,
            ssl=self._tls,
        )
        self.port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def sever(self) -> None:
        """Cut every connection, as a network does that goes away."""
        for connection in list(self._state.connections):
            connection.transport.abort()

    async def stop(self) -> None:
        """Listen no more, and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.sever()
        # Aborted transports tell their protocols in the next turns of the loop, and these their applications.
        await settle()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@asynccontextmanager
async def serving(app: Any, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Serving]:
    """Serve an ASGI application."""
    server = Serving(app, tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def scripted_hub() -> AsyncGenerator[ScriptedHub]:
    """Serve a hub that the test plays."""
    hub = ScriptedHub()
    async with serving(hub) as server:
        hub.server = server
        hub.url = f"{server.address}/hub"
        yield hub


async def connected(hub: ScriptedHub, **arguments: Any) -> tuple[HubConnection, Peer]:
    """Return a started connection to the hub, and the hub's end of it."""
    connection = HubConnection(hub.url, **arguments)
    await connection.start()
    return connection, await hub.peer()
