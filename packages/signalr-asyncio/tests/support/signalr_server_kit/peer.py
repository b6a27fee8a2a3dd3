"""A WebSocket client of an ASGI application, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from signalr_asyncio.server import SignalRServer

PATIENCE = 60.0


_RUNNING: set[asyncio.Task[None]] = set()


class Peer:
    """One WebSocket. Speaks JSON; `raw` frames go both ways too.

    Parameters
    ----------
    app
        The server under test.
    path, query, headers
        Of the request.
    """

    def __init__(
        self, app: SignalRServer, path: str = "/hub", query: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.app = app
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
            "extensions": {"websocket.http.response": {}},
        }
        self.frames: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.status: int | None = None
        self.body = b""
        self.close_code: int | None = None
        self.closed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self.fault: Exception | None = None
        """Raised from the next send on, as a broken server below would."""
        self.max_senders = 0
        """How many sends were under way at the same time, at most."""
        self._senders = 0
        self._gone = False
        self._records: list[Any] = []

    async def connect(self) -> int:
        """Open it; returns 101, or the status of the refusal."""
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._run())
        # A loop holds its tasks weakly: a connection that a test leaves open would be collected while it runs.
        _RUNNING.add(self.task)
        self.task.add_done_callback(_RUNNING.discard)
        await asyncio.wait_for(self._answered.wait(), PATIENCE)
        assert self.status is not None
        return self.status

    async def start(self, version: int = 1, protocol: str = "json") -> Peer:
        """Open it and shake hands."""
        assert await self.connect() == 101
        self.send({"protocol": protocol, "version": version})
        assert await self.receive() == {}
        return self

    async def _run(self) -> None:
        try:
            await self.app(self.scope, self._incoming.get, self._send)
        finally:
            self.closed.set()

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        # A server may rely on it: at any moment at most one task sends.
        self.max_senders = max(self.max_senders, self._senders + 1)
        self._senders += 1
        try:
            await self._writable.wait()
        finally:
            self._senders -= 1
        if self.fault is not None:
            raise self.fault
        if self._gone:
            raise OSError("the client is gone")
        match message["type"]:
            case "websocket.accept":
                self.status = 101
                self._answered.set()
            case "websocket.send":
                frame = message.get("text")
                self.frames.put_nowait(frame if frame is not None else message["bytes"])
            case "websocket.close":
                self.close_code = message.get("code", 1000)
                if self.status is None:
                    self.status = 403
                self._answered.set()
                self._incoming.put_nowait({"type": "websocket.disconnect", "code": self.close_code})
            case "websocket.http.response.start":
                self.status = message["status"]
            case "websocket.http.response.body":
                self.body += message["body"]
                self._answered.set()
            case unknown:
                raise AssertionError(unknown)

    def send(self, *messages: Any) -> None:
        """Send messages as one frame."""
        self.raw("".join(json.dumps(message) + "\x1e" for message in messages))

    def raw(self, data: str | bytes) -> None:
        """Send one frame as it is."""
        key = "text" if isinstance(data, str) else "bytes"
        self._incoming.put_nowait({"type": "websocket.receive", key: data})

    def call(self, target: str, *arguments: Any, id: str | None = "1", streams: Sequence[str] = ()) -> None:  # noqa: A002 - the wire's word
        """Send an invocation."""
        message: dict[str, Any] = {"type": 1, "target": target, "arguments": arguments}
        if id is not None:
            message["invocationId"] = id
        if streams:
            message["streamIds"] = streams
        self.send(message)

    def stream(self, target: str, *arguments: Any, id: str = "1", streams: Sequence[str] = ()) -> None:  # noqa: A002 - the wire's word
        """Send a stream invocation."""
        message: dict[str, Any] = {"type": 4, "target": target, "arguments": arguments, "invocationId": id}
        if streams:
            message["streamIds"] = streams
        self.send(message)

    async def invoke(self, target: str, *arguments: Any, id: str = "1") -> dict[str, Any]:  # noqa: A002 - the wire's word
        """Send an invocation and return the next message."""
        self.call(target, *arguments, id=id)
        return await self.receive()

    async def receive(self) -> Any:
        """Return the next message."""
        while not self._records:
            frame = await asyncio.wait_for(self.frames.get(), PATIENCE)
            text = frame if isinstance(frame, str) else frame.decode()
            assert text.endswith("\x1e")
            self._records += [json.loads(record) for record in text.split("\x1e")[:-1]]
        return self._records.pop(0)

    def waiting(self) -> Iterator[Any]:
        """Yield the messages that have arrived."""
        while self._records or not self.frames.empty():
            if not self._records:
                frame = self.frames.get_nowait()
                text = frame if isinstance(frame, str) else frame.decode()
                self._records += [json.loads(record) for record in text.split("\x1e")[:-1]]
            yield self._records.pop(0)

    def unread_bytes(self) -> int:
        """Return how many bytes were sent that the application has not asked for."""
        waiting: Any = self._incoming
        return sum(len(event.get("text") or event.get("bytes") or b"") for event in waiting._queue)

    def stop_reading(self) -> None:
        """Take nothing more: whatever the server sends now waits."""
        self._writable.clear()

    def go_on_reading(self) -> None:
        self._writable.set()

    def leave(self, code: int = 1000) -> None:
        """Close the connection, or lose it with 1006."""
        self._gone = True
        self._writable.set()
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": code})

    async def ended(self) -> int | None:
        """Wait until the application has returned; returns the close code that it sent."""
        await asyncio.wait_for(self.closed.wait(), PATIENCE)
        if self.task is not None:
            await self.task
        return self.close_code
