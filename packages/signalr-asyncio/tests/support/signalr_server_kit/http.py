"""HTTP requests to an ASGI application, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping, Sequence
from typing import Any

from signalr_asyncio.server import SignalRServer

PATIENCE = 60.0


class Answer:
    """What a request was answered."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class OpenRequest:
    """A request that may take its time: its answer can be looked at while it grows, and its client can leave.

    Parameters
    ----------
    app, method, path, query, headers
        The request.
    body
        In chunks; `None` at the end leaves the body unfinished.
    """

    def __init__(
        self,
        app: SignalRServer,
        method: str,
        path: str,
        query: str = "",
        headers: Sequence[tuple[str, str]] = (),
        body: Sequence[bytes | None] = (b"",),
    ) -> None:
        self.answer = Answer()
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        }
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for position, chunk in enumerate(body):
            if chunk is not None:
                more = position + 1 < len(body)
                self._incoming.put_nowait({"type": "http.request", "body": chunk, "more_body": more})
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run(app))

    async def _run(self, app: SignalRServer) -> None:
        await app(self.scope, self._incoming.get, self._send)
        self._changed.set()

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.answer.body += message.get("body", b"")
        self._changed.set()

    async def until(self, text: bytes) -> bytes:
        """Wait until the answer's body holds `text`."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.answer.body:
                self._changed.clear()
                await self._changed.wait()
        return self.answer.body

    def leave(self) -> None:
        """Close the connection."""
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def done(self) -> Answer:
        """Wait for the whole answer."""
        await asyncio.wait_for(asyncio.shield(self.task), PATIENCE)
        return self.answer


async def request(
    app: SignalRServer,
    method: str,
    path: str,
    query: str = "",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> Answer:
    """Make one request and return its answer."""
    return await OpenRequest(app, method, path, query, headers, (body,)).done()
