"""Test utilities: in-process client connections without sockets, and a manual clock.

    app = SignalRServer({"/hubs/chat": ChatHub})
    async with connect(app, "/hubs/chat") as connection:
        assert await connection.invoke("Say", "hello", result_type=int) == 5

The client is the real one, the server any ASGI application that serves hubs; between them there is nothing but two
bounded queues, so a test needs no port, no thread and no sleep.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from signalr_asyncio.client._connection import HubConnection
from signalr_asyncio.client._credentials import TokenSource
from signalr_asyncio.client._exceptions import TransportError, UnauthorizedError, UnknownConnectionError
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._retry import RetryPolicy
from signalr_asyncio.client._transports.base import Endpoint, TransportClosedError
from signalr_asyncio.protocol.codec import HubProtocol, TransferFormat

__all__ = ["InMemory", "ManualClock", "connect"]

_Message = MutableMapping[str, Any]
ASGIApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]

_HOST = "testserver"
_FRAMES = 64
# Enough turns of the event loop for a task that was woken to do its work and wait again.
_TURNS = 50


def connect(
    app: ASGIApp,
    path: str,
    *,
    token: TokenSource = None,
    protocol: HubProtocol | None = None,
    headers: Mapping[str, str] | None = None,
    reconnect: RetryPolicy | None = None,
    options: ClientOptions | None = None,
    clock: ManualClock | None = None,
) -> HubConnection:
    """Return a connection to a hub of an application in this event loop; it is started as any other.

    Parameters
    ----------
    app
        The application: a `SignalRServer`, or what one is mounted in.
    path
        The hub's path, with a query if there is one.
    token, protocol, headers, options
        As for `HubConnection`.
    reconnect
        As for `HubConnection`; by default a connection that is lost stays so, which a test notices.
    clock
        As for `HubConnection`; a `SignalRServer` may have the same.
    """
    return HubConnection(
        f"http://{_HOST}{path}",
        token=token,
        protocol=protocol,
        headers=headers,
        transports=(InMemory(app),),
        skip_negotiation=True,
        reconnect=reconnect,
        options=options,
        clock=clock,
    )


class InMemory:
    """A kind of transport that reaches an ASGI application in this event loop, as a WebSocket without negotiation.

    Parameters
    ----------
    app
        The application.
    """

    name = "WebSockets"
    resumable = False

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def supports(self, transfer_format: TransferFormat) -> bool:
        """Return True: frames may be text or binary."""
        del transfer_format
        return True

    async def connect(self, endpoint: Endpoint, transfer_format: TransferFormat) -> _Socket:
        """Open it.

        Raises
        ------
        UnauthorizedError
            When the application answers 401 or 403.
        UnknownConnectionError
            When it answers 404.
        TransportError
            When it answers something else, or fails.
        """
        headers = {"host": _HOST, **endpoint.headers, **await endpoint.credentials.headers()}
        options = endpoint.options
        socket = _Socket(
            self._app, endpoint.connection_url, headers, text=transfer_format == "Text", patience=options.stop_timeout
        )
        try:
            async with asyncio.timeout(options.connect_timeout):
                status = await socket.opened
        except TimeoutError:
            raise TransportError("the application did not answer in time") from None
        finally:
            if not socket.open:
                await socket.close()
        if status == 101:
            return socket
        if status in {401, 403}:
            raise UnauthorizedError(f"the application refused the WebSocket with status {status}", status)
        kind = UnknownConnectionError if status == 404 else TransportError
        raise kind(f"the application refused the WebSocket with status {status}", status)


class _Socket:
    name: ClassVar[str] = "WebSockets"
    inherent_keep_alive: ClassVar[bool] = False

    def __init__(self, app: ASGIApp, url: str, headers: Mapping[str, str], *, text: bool, patience: float) -> None:
        self._text = text
        self._patience = patience
        self._to_app: asyncio.Queue[_Message] = asyncio.Queue(_FRAMES)
        self._from_app: asyncio.Queue[bytes] = asyncio.Queue(_FRAMES)
        self._gone = asyncio.Event()
        self._reason = "the connection was closed"
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The status: 101 once the application accepted, another when it refused."""
        parts = urlsplit(url)
        scope: dict[str, Any] = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            "client": (_HOST, 0),
            "server": (_HOST, 80),
            "subprotocols": [],
            "state": {},
            "extensions": {"websocket.http.response": {}},
        }
        self._task = asyncio.create_task(self._run(app, scope), name="signalr application under test")

    @property
    def open(self) -> bool:
        return self.opened.done() and not self.opened.cancelled() and self.opened.result() == 101

    async def send(self, data: bytes) -> None:
        frame: _Message = {"type": "websocket.receive", "text": None, "bytes": None}
        frame["text" if self._text else "bytes"] = data.decode() if self._text else data
        if not await self._unless_gone(self._to_app.put(frame)):
            raise TransportClosedError(self._reason)

    async def receive(self) -> bytes:
        if self._from_app.empty():
            getting = asyncio.ensure_future(self._from_app.get())
            if await self._unless_gone(getting):
                return getting.result()
            if self._from_app.empty():
                raise TransportClosedError(self._reason)
        return self._from_app.get_nowait()

    async def close(self) -> None:
        self._leave("the connection was closed")
        try:
            await asyncio.wait((self._task,), timeout=self._patience)
        finally:
            self._task.cancel()

    def abort(self) -> None:
        self._leave("the connection was cut")

    def _leave(self, reason: str) -> None:
        if not self._gone.is_set():
            self._reason = reason
            self._gone.set()

    def _answer(self, status: int) -> None:
        # The first result counts, and its waiter may be gone.
        if not self.opened.done():
            self.opened.set_result(status)

    async def _unless_gone(self, work: Awaitable[Any]) -> bool:
        working = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
            return working.done()
        finally:
            working.cancel()
            gone.cancel()

    async def _run(self, app: ASGIApp, scope: MutableMapping[str, Any]) -> None:
        try:
            await app(scope, self._app_receive, self._app_send)
        except Exception as error:  # noqa: BLE001 - it ends the test's client, as a server would log it
            self._leave(f"the application failed: {error!r}")
        finally:
            self._answer(500)
            self._leave("the application ended the connection")

    async def _app_receive(self) -> _Message:
        if self._to_app.empty():
            getting = asyncio.ensure_future(self._to_app.get())
            if await self._unless_gone(getting):
                return getting.result()
        if not self._to_app.empty():
            return self._to_app.get_nowait()
        return {"type": "websocket.disconnect", "code": 1006, "reason": ""}

    async def _app_send(self, message: _Message) -> None:
        if self._gone.is_set():
            raise OSError(self._reason)
        match message["type"]:
            case "websocket.accept":
                self._answer(101)
            case "websocket.send":
                text = message.get("text")
                frame = text.encode() if text is not None else message["bytes"]
                if not await self._unless_gone(self._from_app.put(frame)):
                    raise OSError(self._reason)
            case "websocket.http.response.start":
                self._answer(message["status"])
            case "websocket.close":
                self._answer(403)
                self._leave("the application closed the connection")
            case _:
                pass


class ManualClock:
    """Time that stands still until a test moves it; for `SignalRServer`, `HubConnection`, or both."""

    def __init__(self) -> None:
        self._now = 1_000.0
        self._order = itertools.count()
        self._planned: list[tuple[float, int, _Planned]] = []

    def now(self) -> float:
        """Return the time in seconds."""
        return self._now

    def call_later(self, delay: float, callback: Callable[[], object]) -> _Planned:
        """Call `callback` once the clock was moved on by `delay` seconds."""
        planned = _Planned(callback)
        heapq.heappush(self._planned, (self._now + delay, next(self._order), planned))
        return planned

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved on by so much."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        planned = self.call_later(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            planned.cancel()

    async def advance(self, seconds: float) -> None:
        """Move on, stopping at each moment that something was planned for, and let all tasks react to it."""
        await _settle()
        end = self._now + seconds
        while self._planned and self._planned[0][0] <= end:
            self._now, _, planned = heapq.heappop(self._planned)
            planned.run()
            await _settle()
        self._now = end
        await _settle()


class _Planned:
    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
