"""What keeps strangers from using up the server's sockets: neither needs a key, so neither may cost much.

A connection that does not come to the point is closed, and a process that has no file descriptor left says so now and
then instead of thousands of times a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

try:
    import resource
except ImportError:  # not a POSIX system: there is no such limit to raise
    resource = None

REQUEST_SECONDS = 10.0
"""How long a connection may be without a whole request before it is closed."""

BACKLOG = 128
"""Connections that wait to be accepted; asyncio also tries, and complains, so many times in a row."""

WANTED_FILES = 65_536
"""Open files that the server asks the system for: a connection is one."""

COMPLAIN_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class PromptRequests(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, for those who speak: others are hung up on after `REQUEST_SECONDS`.

    uvicorn itself limits only the time between two requests.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # uvicorn narrows it so
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._seen: RequestResponseCycle | None = None
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Close a connection whose last request is over, when no other has come since the last look."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # it is a WebSocket by now, which has time limits of its own
        # Annotated as always there, but None until the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is self._seen and (cycle is None or cycle.response_complete):
            self.transport.abort()
            return
        self._seen = cycle
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)


class LoopErrors:
    """Handles what the event loop reports: a lack of files once a minute, everything else as always."""

    def __init__(self) -> None:
        self._complained_at: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Log, or leave it to the loop."""
        error = context.get("exception")
        if not isinstance(error, OSError) or "accept" not in str(context.get("message")):
            loop.default_exception_handler(dict(context))
            return
        now = time.monotonic()
        if self._complained_at is None or now - self._complained_at >= COMPLAIN_SECONDS:
            self._complained_at = now
            _log.error("connections_wait", reason=error.strerror, hint="raise the limit of open files (ulimit -n)")


def allow_many_files() -> None:
    """Raise this process's limit of open files towards `WANTED_FILES`, as far as the system lets it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
