"""Sockets: closes idle connections, writes to no lost WebSocket, raises the file descriptor limit, logs its exhaustion.

An unauthenticated client can open sockets, so idle ones are closed. A process without free file descriptors logs that
once a minute, not at each of thousands of failed accepts per second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

try:
    import resource
except ImportError:  # not a POSIX system: there is no such limit to raise
    resource = None

REQUEST_SECONDS = 10.0
"""Seconds without a complete request after which a connection is closed."""

BACKLOG = 128
"""Backlog of connections to accept. Without free descriptors asyncio retries, and logs, as many accepts in a row."""

WANTED_FILES = 65_536
"""Open files that the server asks the system for: a connection is one."""

COMPLAIN_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class PromptRequests(HttpToolsProtocol):
    """The HTTP protocol of uvicorn with a request timeout: closes a connection without a request in `REQUEST_SECONDS`.

    uvicorn itself limits only the time between two requests.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # uvicorn narrows it so
        """Start the request timeout."""
        super().connection_made(transport)
        self._seen: RequestResponseCycle | None = None
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the request timeout."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Close the connection if it has no request under way and none has come since the last check."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # upgraded to a WebSocket, which has its own timeouts
        # Annotated as always there, but None until the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is self._seen and (cycle is None or cycle.response_complete):
            self.transport.abort()
            return
        self._seen = cycle
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)


class PromptWebSockets(WebSocketsSansIOProtocol):
    """The WebSocket protocol of uvicorn that ends a lost connection at its first message after the loss.

    The event loop tells of a failed write one turn later. uvicorn writes on until then, and the event loop logs each of
    those writes.
    """

    async def send(self, message: Any) -> None:  # noqa: ANN401 - any ASGI message
        """Send an ASGI message; raises `ClientDisconnected` on a transport that is closing."""
        if message["type"] == "websocket.send" and self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)


class LoopErrors:
    """Exception handler of the event loop: logs a lack of file descriptors once a minute, all else as the default."""

    def __init__(self) -> None:
        self._complained_at: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Log a lack of file descriptors; pass every other error to the event loop."""
        error = context.get("exception")
        if not isinstance(error, OSError) or "accept" not in str(context.get("message")):
            loop.default_exception_handler(dict(context))
            return
        now = time.monotonic()
        if self._complained_at is None or now - self._complained_at >= COMPLAIN_SECONDS:
            self._complained_at = now
            _log.error("connections_delayed", reason=error.strerror, hint="raise the limit of open files (ulimit -n)")


def allow_many_files() -> None:
    """Raise this process's limit of open files towards `WANTED_FILES`, as far as the system lets it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
