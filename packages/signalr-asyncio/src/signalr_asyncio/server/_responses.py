"""HTTP responses over ASGI, also the denial of a WebSocket request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from signalr_asyncio.server._transports.base import ASGIMessage

Send = Callable[[ASGIMessage], Awaitable[None]]
Receive = Callable[[], Awaitable[ASGIMessage]]
Headers = Sequence[tuple[bytes, bytes]]

_NO_CONTENT = 204

TEXT = b"text/plain"
JSON = b"application/json"
NO_CACHE: Headers = (
    (b"cache-control", b"no-cache, no-store"),
    (b"pragma", b"no-cache"),
    (b"expires", b"Thu, 01 Jan 1970 00:00:00 GMT"),
)


async def respond(
    scope: Mapping[str, Any],
    send: Send,
    status: int,
    body: bytes = b"",
    content_type: bytes = TEXT,
    headers: Headers = (),
) -> None:
    """Answer a request at once.

    Parameters
    ----------
    scope, send
        The ASGI request; a WebSocket one is refused with this answer, where the server can do so, else with its 403.
    status, body, content_type, headers
        What to answer.
    """
    prefix = ""
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        prefix = "websocket."
    fields = list(headers)
    if status != _NO_CONTENT:
        fields += [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{prefix}http.response.start", "status": status, "headers": fields})
    await send({"type": f"{prefix}http.response.body", "body": body})
    if prefix:
        # Some servers log an error when the application returns before they have noted that the socket is closed.
        await asyncio.sleep(0)
