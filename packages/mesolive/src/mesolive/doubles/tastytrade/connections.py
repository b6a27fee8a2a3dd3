"""Sockets of the double of tastytrade: connections that can be cut in the middle of whatever they do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TICK_SECONDS: Final = 0.1


class Connections:
    """The open connections of one server, by the address of the client."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def opened(self, client: tuple[str, int], transport: asyncio.Transport) -> None:
        """Note a connection."""
        self._open = {key: transport for key, transport in self._open.items() if not transport.is_closing()}
        self._open[client] = transport

    def is_lost(self, client: object) -> bool:
        """Whether the connection of a client is gone or closing: nothing may be written to it any more."""
        if not isinstance(client, tuple | list):
            return False
        host, port = client  # pyright: ignore[reportUnknownVariableType]  # ASGI: an address
        transport = self._open.get((str(host), int(port)))  # pyright: ignore[reportUnknownArgumentType]  # as above
        return transport is None or transport.is_closing()

    def cut(self, client: object) -> None:
        """Reset the connection of a client, as `scope` names it."""
        if isinstance(client, tuple | list):
            host, port = client  # pyright: ignore[reportUnknownVariableType]  # ASGI: an address
            transport = self._open.pop((str(host), int(port)), None)  # pyright: ignore[reportUnknownArgumentType]  # as above
            if transport is not None:
                transport.abort()

    def protocol(self) -> type[HttpToolsProtocol]:
        """Return the protocol class of uvicorn that notes its connections here."""
        connections = self

        class NotedProtocol(HttpToolsProtocol):
            """The HTTP protocol of uvicorn; a websocket takes its transport over."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # uvicorn narrows it so
                super().connection_made(transport)
                if self.client is not None:
                    connections.opened(self.client, transport)

        return NotedProtocol


class QuietServer(uvicorn.Server):
    """A uvicorn server without signal handlers that stops at once on request."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End without waiting for connections."""
        self.should_exit = self.force_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Tick as uvicorn does, ten times a second, until the end."""
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises
    ------
    OSError
        When the address cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off on accepted sockets.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def server_of(app: Any, connections: Connections, max_frame: int) -> QuietServer:  # noqa: ANN401 - any ASGI application
    """Return a server of an application."""
    config = uvicorn.Config(
        app,
        http=connections.protocol(),
        ws="websockets-sansio",
        ws_ping_interval=None,
        ws_max_size=max_frame,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return QuietServer(config)
