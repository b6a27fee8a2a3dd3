"""The ASGI application: hubs by path, and the life of the server."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.server.auth import Authenticate, Principal
from signalr_asyncio.server.binder import HubDescription
from signalr_asyncio.server.clients import GroupManager, HubClients
from signalr_asyncio.server.clock import Clock, LoopClock, TimerHandle, wait_for
from signalr_asyncio.server.connections import Connections
from signalr_asyncio.server.endpoint import HubEndpoint, Redirector
from signalr_asyncio.server.hub import Hub, HubFilter
from signalr_asyncio.server.options import HubOptions
from signalr_asyncio.server.responses import Receive, Send, respond
from signalr_asyncio.server.runtime import Counters, HubRuntime, Tasks, log

_NEGOTIATE = "/negotiate"


@dataclass(frozen=True, slots=True)
class HubRoute:
    """A hub with settings of its own.

    Parameters
    ----------
    hub
        The hub class, or something that makes a hub object for each connection: a `functools.partial` of the class, or
        a function whose return annotation is the class.
    options
        In place of the server's.
    redirect
        Asked at negotiation; may send the client to another server.
    """

    hub: type[Hub] | Callable[[], Hub]
    options: HubOptions | None = None
    redirect: Redirector | None = None

    def hub_class(self) -> type[Hub]:
        """Return the class of the hub objects.

        Raises
        ------
        TypeError
            When it cannot be told.
        """
        made: Any = self.hub
        while isinstance(made, functools.partial):
            made = made.func
        if not inspect.isclass(made):
            made = get_type_hints(made).get("return")
        if not (inspect.isclass(made) and issubclass(made, Hub)):
            raise TypeError(f"{self.hub!r}: not a hub class, a partial of one, or a function annotated to return one")
        return made


@dataclass(frozen=True, slots=True)
class ServerStats:
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
        return {name: session.context.principal for name, session in self._runtime.registry.sessions.items()}

    def abort(self, connection_id: str, error: str | None = None) -> None:
        """End a connection; `error` is told to the client. Nothing happens when it is not connected."""
        session = self._runtime.registry.sessions.get(connection_id)
        if session is not None:
            session.close(error)


class SignalRServer:
    """An ASGI application that serves hubs.

    Parameters
    ----------
    hubs
        Hub classes, or `HubRoute`s, by path. Paths are compared ignoring case.
    options
        Settings of every hub that has none of its own; the limits of connections hold for the whole server too.
    authenticate
        Called with every request; returns who asks, or `None`, which is answered 401. Without it everybody is let in.
    protocols
        The encodings that clients may choose; default JSON and MessagePack.
    filters
        Stand around every call, the first outermost.
    clock
        Where timeouts take time from.

    Raises
    ------
    TypeError
        When a hub class has a method that cannot be served.
    """

    def __init__(
        self,
        hubs: Mapping[str, type[Hub] | HubRoute],
        *,
        options: HubOptions | None = None,
        authenticate: Authenticate | None = None,
        protocols: Iterable[HubProtocol] | None = None,
        filters: Sequence[HubFilter] = (),
        clock: Clock | None = None,
    ) -> None:
        self._options = options if options is not None else HubOptions()
        self._clock = clock if clock is not None else LoopClock()
        self._tasks = Tasks()
        self._counters = Counters()
        self._connections = Connections(self._options.maximum_connections, self._options.maximum_connections_per_user)
        chosen = tuple(protocols) if protocols is not None else (JsonHubProtocol(), MessagePackHubProtocol())
        encodings = {protocol.name: protocol for protocol in chosen}
        self._endpoints: dict[str, HubEndpoint] = {}
        for path, entry in hubs.items():
            route = entry if isinstance(entry, HubRoute) else HubRoute(entry)
            runtime = HubRuntime(
                path=path,
                description=HubDescription(route.hub_class()),
                factory=route.hub,
                options=route.options or self._options,
                filters=tuple(filters),
                protocols=encodings,
                clock=self._clock,
                tasks=self._tasks,
                counters=self._counters,
            )
            key = _normal(path)
            if not path.startswith("/") or key in self._endpoints:
                raise ValueError(f"{path!r}: a hub's path begins with '/', and there is one hub per path")
            self._endpoints[key] = HubEndpoint(runtime, self._connections, authenticate, route.redirect)
        self._tick_every = min(
            (endpoint.runtime.options.tick for endpoint in self._endpoints.values()), default=self._options.tick
        )
        self._ticking: TimerHandle | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
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
            await endpoint.handle(scope, receive, send, negotiate=negotiate)

    def hub(self, path: str) -> HubHandle:
        """Return a hub, to reach its clients from outside.

        Raises
        ------
        KeyError
            When there is no hub at this path.
        """
        return HubHandle(self._endpoints[_normal(path)].runtime)

    def stats(self) -> ServerStats:
        """Return what the server is doing now."""
        counters = self._counters
        return ServerStats(
            connections=len(self._connections),
            hub_connections={
                endpoint.runtime.path: len(endpoint.runtime.registry.sessions) for endpoint in self._endpoints.values()
            },
            queued_bytes=sum(
                connection.session.writer.outbox.bytes
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

    async def shutdown(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - on the server's own clock
        """Close every connection and wait for what runs.

        Clients get a Close message that lets them reconnect. New connections are answered 503. Calls that still run
        after `timeout` seconds are cancelled.

        Parameters
        ----------
        timeout
            How long to wait, in seconds.
        """
        self._connections.refuse()
        for connection in self._connections.all():
            if connection.session is None:
                self._connections.remove(connection)
            else:
                connection.session.close(reason="The server is stopping.", allow_reconnect=True)
        try:
            await wait_for(self._clock, self._drained(), timeout)
        except TimeoutError:
            log.warning("%d tasks did not end within %g s and are cancelled", len(self._tasks), timeout)
            self._tasks.cancel()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    async def _drained(self) -> None:
        for connection in self._connections.all():
            if connection.session is not None:
                await asyncio.shield(connection.session.done)
        await self._tasks.drain()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

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
