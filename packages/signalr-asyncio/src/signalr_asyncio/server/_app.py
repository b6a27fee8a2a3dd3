"""`SignalRServer`: the ASGI application that routes hubs by path, with startup, shutdown and statistics."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Iterable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from signalr_asyncio._clock import Clock, LoopClock, TimerHandle, wait_for
from signalr_asyncio._tasks import Tasks
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.server._auth import Authenticate, Principal, hide_secrets
from signalr_asyncio.server._binder import HubDescription
from signalr_asyncio.server._clients import GroupManager, HubClients
from signalr_asyncio.server._connections import Connections
from signalr_asyncio.server._endpoint import Endpoint
from signalr_asyncio.server._exit_signals import ExitSignals
from signalr_asyncio.server._flusher import Flusher
from signalr_asyncio.server._hub import HubFilter
from signalr_asyncio.server._hub_session import HubSession
from signalr_asyncio.server._options import HubOptions, without_stateful_reconnect
from signalr_asyncio.server._raw import RawSession
from signalr_asyncio.server._responses import Receive, Send, respond
from signalr_asyncio.server._routes import HubRoute, Route, Served, route_of
from signalr_asyncio.server._runtime import Counters, HubRuntime, Runtime, log
from signalr_asyncio.server._session import MakeSession
from signalr_asyncio.server._throttled_log import ThrottledLog

_NEGOTIATE = "/negotiate"

# How much of the time of a shutdown calls may take; the rest is for closing connections.
_CALLS_SHARE = 0.75


class ServerStats(Struct, frozen=True):
    """What a server is doing, for metrics. Bytes are those of hub messages.

    Attributes
    ----------
    connections
        How many there are now, those included that are only negotiated.
    hub_connections
        How many completed the handshake, by hub path.
    queued_bytes
        How much waits to be sent, over all connections.
    tasks
        How many calls, streams and writers run.
    total_connections, refused, invocations, bytes_in, bytes_out, overflows
        Totals since the start; `overflows` counts connections closed because their client read too slowly.
    """

    connections: int
    hub_connections: Mapping[str, int]
    queued_bytes: int
    tasks: int
    total_connections: int
    refused: int
    invocations: int
    bytes_in: int
    bytes_out: int
    overflows: int


class HubHandle:
    """One hub of a running server, from outside of its methods.

    Attributes
    ----------
    clients
        Reaches its clients.
    groups
        Puts connections into groups.
    """

    def __init__(self, runtime: HubRuntime) -> None:
        self._runtime = runtime
        self.clients = HubClients(runtime.registry)
        self.groups = GroupManager(runtime.registry)

    @property
    def connection_ids(self) -> tuple[str, ...]:
        """The ids of the connections that completed the handshake."""
        return tuple(self._runtime.registry.sessions)

    @property
    def principals(self) -> dict[str, Principal]:
        """Who is behind each of these connections, by its id."""
        return {name: session.principal for name, session in self._runtime.registry.sessions.items()}

    def abort(self, connection_id: str, error: str | None = None) -> None:
        """Close a connection; the client receives `error`. Without that connection the call does nothing."""
        session = self._runtime.registry.sessions.get(connection_id)
        if session is not None:
            session.close(error)


class SignalRServer:
    """An ASGI application that serves hubs.

    Parameters
    ----------
    hubs
        Hub classes, `ConnectionHandler` classes, or routes with settings of their own, by path. Paths are compared
        ignoring case.
    options
        Settings of every hub that has none of its own; the limits of connections hold for the whole server too.
    authenticate
        Called with every request; returns who asks, or `None`, which is answered 401. Without it every client is let
        in. A route may have another.
    protocols
        The encodings that clients may choose; default JSON and MessagePack.
    filters
        Stand around every call, the first outermost.
    clock
        Where timeouts take time from.
    shutdown_timeout
        How long `shutdown` takes at most, in seconds, where it is given no other time.
    handle_signals
        Whether SIGTERM and SIGINT end the hubs before the web server acts on them, which cuts WebSockets and waits for
        event streams. For servers that run the lifespan in the main thread, such as uvicorn.

    Raises
    ------
    TypeError
        When a hub class has a method that cannot be served.
    """

    def __init__(
        self,
        hubs: Mapping[str, Served],
        *,
        options: HubOptions | None = None,
        authenticate: Authenticate | None = None,
        protocols: Iterable[HubProtocol] | None = None,
        filters: Sequence[HubFilter] = (),
        clock: Clock | None = None,
        shutdown_timeout: float = 10.0,
        handle_signals: bool = True,
    ) -> None:
        self._options = options if options is not None else HubOptions()
        self._clock = clock if clock is not None else LoopClock()
        self._tasks = Tasks(log)
        self._counters = Counters()
        self._flusher = Flusher()
        self._connections = Connections(self._options.maximum_connections, self._options.maximum_connections_per_user)
        self._shutdown_timeout = shutdown_timeout
        self._signals = ExitSignals(self.shutdown) if handle_signals else None
        self._filters = tuple(filters)
        chosen = tuple(protocols) if protocols is not None else (JsonHubProtocol(), MessagePackHubProtocol())
        self._protocols = {protocol.name: protocol for protocol in chosen}
        self._hubs: dict[str, HubRuntime] = {}
        self._endpoints: dict[str, Endpoint] = {}
        for path, served in hubs.items():
            key = _normal(path)
            if not path.startswith("/") or key in self._endpoints:
                raise ValueError(f"{path!r}: a hub's path begins with '/', and there is one hub per path")
            route = route_of(served)
            runtime, make_session = self._prepare(path, key, route)
            redirect = route.redirect if isinstance(route, HubRoute) else None
            hook = route.authenticate or authenticate
            self._endpoints[key] = Endpoint(runtime, make_session, self._connections, hook, redirect)
        self._tick_every = min(
            (endpoint.runtime.options.tick for endpoint in self._endpoints.values()), default=self._options.tick
        )
        self._ticking: TimerHandle | None = None

    def _prepare(self, path: str, key: str, route: Route) -> tuple[Runtime, MakeSession]:
        options = route.options or self._options
        if isinstance(route, HubRoute):
            runtime = self._hubs[key] = HubRuntime(
                path=path,
                options=options,
                clock=self._clock,
                tasks=self._tasks,
                counters=self._counters,
                log=ThrottledLog(self._clock),
                flusher=self._flusher,
                description=HubDescription(route.hub_class()),
                factory=route.hub,
                filters=(*self._filters, *route.filters),
                protocols=self._protocols,
            )
            return runtime, functools.partial(HubSession, runtime)
        raw = Runtime(
            path=path,
            options=without_stateful_reconnect(options),
            clock=self._clock,
            tasks=self._tasks,
            counters=self._counters,
            log=ThrottledLog(self._clock),
            flusher=self._flusher,
        )
        route.handler_class()
        return raw, functools.partial(RawSession, raw, route.handler)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        # The server below may write the address into its access log, also when there is no hub.
        query_string = scope.get("query_string", b"")
        hide_secrets(scope)
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
        key = _normal(path)
        negotiate = key.endswith(_NEGOTIATE)
        endpoint = self._endpoints.get(key.removesuffix(_NEGOTIATE) if negotiate else key)
        if endpoint is None:
            if scope["type"] == "websocket":
                await receive()
            await respond(scope, send, 404)
        else:
            if self._ticking is None:
                self._ticking = self._clock.call_later(self._tick_every, self._tick)
            await endpoint.handle(scope, query_string, receive, send, negotiate=negotiate)

    def hub(self, path: str) -> HubHandle:
        """Return a hub, to reach its clients from outside.

        Raises
        ------
        KeyError
            When there is no hub at this path.
        """
        return HubHandle(self._hubs[_normal(path)])

    def stats(self) -> ServerStats:
        """Return what the server is doing now."""
        counters = self._counters
        return ServerStats(
            connections=len(self._connections),
            hub_connections={runtime.path: len(runtime.registry.sessions) for runtime in self._hubs.values()},
            queued_bytes=sum(
                connection.session.queued_bytes
                for connection in self._connections.all()
                if connection.session is not None
            ),
            tasks=len(self._tasks),
            total_connections=counters.connections,
            refused=counters.refused,
            invocations=counters.invocations,
            bytes_in=counters.bytes_in,
            bytes_out=counters.bytes_out,
            overflows=counters.overflows,
        )

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - on the server's own clock
        """Let calls finish, close every connection, and wait until all has ended.

        New connections are answered 503. Calls have three quarters of the time; those that remain are answered with an
        error. Clients get a Close message that lets them reconnect, which ends server-sent events and polls too. What
        still runs after `timeout` seconds is cancelled.

        Parameters
        ----------
        timeout
            How long to wait at most, in seconds; default `shutdown_timeout`.
        """
        timeout = self._shutdown_timeout if timeout is None else timeout
        self._connections.refuse()
        for connection in self._connections.all():
            if connection.session is None:
                self._connections.remove(connection)
        try:
            await wait_for(self._clock, self._stop_all(timeout * _CALLS_SHARE), timeout)
        except TimeoutError:
            log.warning("%d tasks did not end within %g s and are cancelled", len(self._tasks), timeout)
            self._tasks.cancel()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    async def _stop_all(self, seconds: float) -> None:
        sessions = [connection.session for connection in self._connections.all() if connection.session is not None]
        await asyncio.gather(*(session.stop(seconds) for session in sessions))
        for session in sessions:
            await asyncio.shield(session.done)
        await self._tasks.drain()

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Keep the hubs for the life of an application that mounts them: signals are handled, and its end ends them.

        For the lifespan function of Starlette or FastAPI, since neither tells applications that are mounted in it.
        """
        if self._signals is not None:
            self._signals.install()
        try:
            yield
        finally:
            await self.shutdown()
            if self._signals is not None:
                self._signals.uninstall()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        # Whatever comes first is the startup.
        await receive()
        async with self.lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _tick(self) -> None:
        self._ticking = None
        now = self._clock.now()
        for connection in self._connections.all():
            session = connection.session
            if session is not None:
                session.tick(now)
            elif now - connection.last_seen >= connection.runtime.options.disconnect_timeout:
                self._connections.remove(connection)
        if len(self._connections):
            self._ticking = self._clock.call_later(self._tick_every, self._tick)


def _normal(path: str) -> str:
    return path.rstrip("/").lower()
