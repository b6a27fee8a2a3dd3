"""Serves an ASGI application over a real socket, inside the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Any

import uvicorn


class _QuietServer(uvicorn.Server):
    """Leaves the process's signal handlers alone: they are the test runner's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def serving(app: Any, websockets: Any = "websockets-sansio") -> AsyncGenerator[int]:
    """Serve the application on a free port of the loopback interface while the context lasts.

    Parameters
    ----------
    app
        The ASGI application; its lifespan is run.
    websockets
        Uvicorn's implementation of WebSockets.

    Yields
    ------
    int
        The port. It takes connections at once.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_config=None,
        ws=websockets,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=2,
    )
    server = _QuietServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listener.close()
