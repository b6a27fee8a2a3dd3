"""HTTP and WebSocket endpoint of a hub: negotiate and transport requests, answered as by ASP.NET Core."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from signalr_asyncio._clock import wait_for
from signalr_asyncio.server._auth import (
    ANONYMOUS,
    Authenticate,
    ConnectionRequest,
    KeptRequest,
    Principal,
    read_request,
)
from signalr_asyncio.server._connections import Connection, Connections, TooManyConnectionsError
from signalr_asyncio.server._cors import Cors
from signalr_asyncio.server._errors import AuthenticationUnavailableError
from signalr_asyncio.server._options import TransportType
from signalr_asyncio.server._responses import JSON, NO_CACHE, Headers, Receive, Send, respond
from signalr_asyncio.server._runtime import Runtime
from signalr_asyncio.server._session import MakeSession, Session
from signalr_asyncio.server._transports.base import ASGIMessage, Inbox, Transport
from signalr_asyncio.server._transports.frames import EXTENSION, FrameTransport
from signalr_asyncio.server._transports.long_polling import LongPollingTransport, PollEnd
from signalr_asyncio.server._transports.server_sent_events import ServerSentEventsTransport
from signalr_asyncio.server._transports.websocket import WebSocketTransport

_AUTHENTICATION_TIME = 15.0
_NEGOTIATE_VERSION = 1
_BYTES = b"application/octet-stream"
_FORMATS = {
    TransportType.WEB_SOCKETS: ["Text", "Binary"],
    TransportType.SERVER_SENT_EVENTS: ["Text"],
    TransportType.LONG_POLLING: ["Text", "Binary"],
}


class Redirect(msgspec.Struct, frozen=True):
    """Sends a negotiating client to another server.

    Parameters
    ----------
    url
        The hub's address there.
    access_token
        What the client shall present there.
    """

    url: str
    access_token: str | None = None

    def __repr__(self) -> str:
        return f"Redirect(url={self.url!r})"


Redirector = Callable[[ConnectionRequest, Principal], Awaitable[Redirect | None]]


@dataclass(slots=True)
class _Request:
    scope: MutableMapping[str, Any]
    receive: Receive
    send: Send
    info: ConnectionRequest
    query: Mapping[str, str]
    principal: Principal
    headers: Headers = ()

    async def answer(self, status: int, text: str = "", headers: Headers = ()) -> None:
        await respond(self.scope, self.send, status, text.encode(), headers=[*self.headers, *headers])


class Endpoint:
    """Serves one path: a hub, or a connection handler.

    Parameters
    ----------
    runtime
        The hub, or what else is at this path.
    make_session
        Makes the session of each connection.
    connections
        Those of the whole server.
    authenticate
        Says who asks; asked at every request. `None` lets every client in.
    redirect
        May send negotiating clients elsewhere.
    """

    def __init__(
        self,
        runtime: Runtime,
        make_session: MakeSession,
        connections: Connections,
        authenticate: Authenticate | None,
        redirect: Redirector | None,
    ) -> None:
        self.runtime = runtime
        self._make_session = make_session
        self._connections = connections
        self._authenticate = authenticate
        self._redirect = redirect
        self._cors = Cors(runtime.options.allowed_origins)
        self._offers = [
            {"transport": transport.value, "transferFormats": _FORMATS[transport]}
            for transport in runtime.options.transports
        ]

    async def handle(
        self, scope: MutableMapping[str, Any], query_string: bytes, receive: Receive, send: Send, *, negotiate: bool
    ) -> None:
        """Serve one request.

        Parameters
        ----------
        scope, receive, send
            The ASGI request, its secrets taken out.
        query_string
            With the secrets.
        negotiate
            Whether it is for the hub's `/negotiate`.
        """
        rest = await self._begin_request(scope, query_string, receive, send, negotiate=negotiate)
        if rest is not None:
            # Apart, so that what was needed of the request, its token too, is not kept as long as its connection.
            await rest

    async def _begin_request(
        self, scope: MutableMapping[str, Any], query_string: bytes, receive: Receive, send: Send, *, negotiate: bool
    ) -> Coroutine[Any, Any, None] | None:
        info, query = read_request(self.runtime.path, scope, query_string)
        websocket = scope["type"] == "websocket"
        method = "GET" if websocket else scope["method"]
        headers = self._cors.headers(info)
        if method == "OPTIONS" and self._cors.is_preflight(info):
            await respond(scope, send, 204, headers=[*headers, *self._cors.preflight(info)])
            return None
        if websocket:
            await receive()
            if not self._cors.may_connect(info, scope):
                await respond(scope, send, 403, b"Origin not allowed")
                return None
        try:
            principal = await self._who(info)
        except AuthenticationUnavailableError:
            self.runtime.counters.refused += 1
            await respond(scope, send, 503, headers=[*headers, (b"retry-after", b"5")])
            return None
        except Exception as error:  # noqa: BLE001 - the application's own code; what it raises is logged
            self.runtime.log.write(
                logging.ERROR, "%s: the authentication hook failed", self.runtime.path, exc_info=error
            )
            await respond(scope, send, 500, headers=headers)
            return None
        if principal is None:
            self.runtime.counters.refused += 1
            await respond(scope, send, 401, headers=[*headers, (b"www-authenticate", b"Bearer")])
            return None
        request = _Request(scope, receive, send, info, query, principal, headers)
        try:
            if websocket and not negotiate:
                return await self._websocket(request)
            await self._route(request, method, negotiate=negotiate)
        except TooManyConnectionsError as refusal:
            self.runtime.counters.refused += 1
            self.runtime.log.write(logging.WARNING, "%s: a connection was refused: %s", self.runtime.path, refusal)
            await request.answer(429 if refusal.per_user else 503, str(refusal))
        return None

    async def _who(self, info: ConnectionRequest) -> Principal | None:
        if self._authenticate is None:
            return ANONYMOUS

        async def ask(authenticate: Authenticate) -> Principal | None:
            return await authenticate(info)

        try:
            return await wait_for(self.runtime.clock, ask(self._authenticate), _AUTHENTICATION_TIME)
        except TimeoutError:
            self.runtime.log.write(
                logging.ERROR,
                "%s: the authentication hook took longer than %g s",
                self.runtime.path,
                _AUTHENTICATION_TIME,
            )
            raise AuthenticationUnavailableError from None

    async def _route(self, request: _Request, method: str, *, negotiate: bool) -> None:
        if negotiate:
            if method == "POST":
                await self._negotiate(request)
            else:
                await request.answer(405)
        elif method == "GET":
            accepts = request.info.headers.get("accept", "")
            if "text/event-stream" in accepts.lower():
                await self._server_sent_events(request)
            else:
                await self._poll(request)
        elif method == "POST":
            await self._take(request)
        elif method == "DELETE":
            await self._delete(request)
        else:
            await request.answer(405)

    async def _negotiate(self, request: _Request) -> None:
        if self._redirect is not None:
            target = await self._redirect(request.info, request.principal)
            if target is not None:
                answer: dict[str, Any] = {"negotiateVersion": 0, "url": target.url}
                if target.access_token is not None:
                    answer["accessToken"] = target.access_token
                await self._json(request, answer)
                return
        wanted = request.query.get("negotiateVersion")
        try:
            version = int(wanted) if wanted is not None else 0
        except ValueError:
            await self._json(request, {"error": f"The client requested an invalid protocol version '{wanted}'"})
            return
        options = self.runtime.options
        if version < options.minimum_negotiate_version:
            text = f"The client requested version '{version}', but the server does not support this version."
            await self._json(request, {"error": text})
            return
        version = min(version, _NEGOTIATE_VERSION)
        stateful = options.allow_stateful_reconnect and request.query.get("useStatefulReconnect", "").lower() == "true"
        connection = self._connections.negotiate(
            self.runtime,
            request.principal,
            self.runtime.clock.now(),
            token_is_id=version == 0,
            stateful=stateful,
        )
        answer = {"negotiateVersion": version, "connectionId": connection.connection_id}
        if version > 0:
            answer["connectionToken"] = connection.token
        if stateful:
            answer["useStatefulReconnect"] = True
        answer["availableTransports"] = self._offers
        await self._json(request, answer)

    async def _json(self, request: _Request, answer: Mapping[str, Any]) -> None:
        body = msgspec.json.encode(answer)
        await respond(request.scope, request.send, 200, body, JSON, [*request.headers, *NO_CACHE])

    async def _find(self, request: _Request) -> Connection | None:
        token = request.query.get("id")
        if not token:
            await request.answer(400, "Connection ID required")
            return None
        connection = self._connections.find(token, self.runtime)
        # A connection of another user looks like none at all.
        if connection is None or connection.principal.user_id != request.principal.user_id:
            await request.answer(404, "No Connection with that ID")
            return None
        return connection

    async def _may_use(self, request: _Request, connection: Connection | None, transport: TransportType) -> bool:
        if transport not in self.runtime.options.transports:
            await request.answer(404, f"{transport.value} transport not supported by this end point type")
            return False
        if connection is not None:
            if connection.transport is not None and connection.transport is not transport:
                await request.answer(400, "Cannot change transports mid-connection")
                return False
            connection.transport = transport
        return True

    async def _websocket(self, request: _Request) -> Coroutine[Any, Any, None] | None:
        """Take a WebSocket; returns what serves it."""
        connection: Connection | None = None
        if request.query.get("id"):
            connection = await self._find(request)
            if connection is None:
                return None
        if not await self._may_use(request, connection, TransportType.WEB_SOCKETS):
            return None
        if connection is None:
            connection = self._connections.negotiate(self.runtime, request.principal, self.runtime.clock.now())
            connection.transport = TransportType.WEB_SOCKETS
        if connection.stateful:
            return await self._stateful_websocket(request, connection)
        if connection.session is not None:
            await request.answer(409, "Connection is already active")
            return None
        frames = request.scope.get("extensions", {}).get(EXTENSION)
        transport = WebSocketTransport(request.receive, request.send) if frames is None else FrameTransport(frames)
        session = self._session(request, connection, transport)
        try:
            await request.send({"type": "websocket.accept"})
        except BaseException:
            self._connections.remove(connection)
            raise
        return self._keep(connection, session)

    async def _stateful_websocket(self, request: _Request, connection: Connection) -> Coroutine[Any, Any, None] | None:
        transport = WebSocketTransport(request.receive, request.send, pumped=True)
        session = connection.session
        if session is not None and not session.resumable:
            await request.answer(404 if session.ended else 409, "No Connection with that ID")
            return None
        if session is None:
            session = self._session(request, connection, transport)
            await request.send({"type": "websocket.accept"})
            self.runtime.tasks.spawn(self._keep(connection, session))
        else:
            await request.send({"type": "websocket.accept"})
            if not session.resume(transport):
                # It ended just now.
                await transport.close(failed=True)
                return None
        return transport.pump()

    async def _server_sent_events(self, request: _Request) -> None:
        connection = await self._find(request)
        if connection is None or not await self._may_use(request, connection, TransportType.SERVER_SENT_EVENTS):
            return
        if connection.session is not None:
            await request.answer(409, "Connection is already active")
            return
        transport = ServerSentEventsTransport(_inbox(connection), request.receive, request.send)
        self._begin(request, connection, transport)
        await transport.open(request.headers)
        await transport.serve()

    async def _poll(self, request: _Request) -> None:
        connection = await self._find(request)
        if connection is None or not await self._may_use(request, connection, TransportType.LONG_POLLING):
            return
        transport = connection.carrier
        if not isinstance(transport, LongPollingTransport):
            clock, poll_timeout = self.runtime.clock, self.runtime.options.poll_timeout
            self._begin(request, connection, LongPollingTransport(_inbox(connection), clock, poll_timeout))
            # The first poll only begins the connection; its empty answer lets the client go on.
            await respond(request.scope, request.send, 200, b"", _BYTES, [*request.headers, *NO_CACHE])
            return
        match await transport.poll(request.receive):
            case bytes() as frame:
                await respond(request.scope, request.send, 200, frame, _BYTES, [*request.headers, *NO_CACHE])
            case PollEnd.TIMEOUT:
                await request.answer(200, headers=NO_CACHE)
            case PollEnd.REPLACED | PollEnd.CLOSED:
                await request.answer(204, headers=NO_CACHE)
            case PollEnd.GONE:
                pass

    async def _take(self, request: _Request) -> None:
        connection = await self._find(request)
        if connection is None:
            return
        if connection.transport is TransportType.WEB_SOCKETS:
            await request.answer(405, "POST requests are not allowed for WebSocket connections.")
            return
        async with connection.lock:
            try:
                taken = await self._body(request, _inbox(connection))
            except TimeoutError:
                taken = False
        if taken is None:
            await request.answer(404, "No Connection with that ID")
        elif taken:
            await request.answer(200)
        else:
            # Half of a message has been read; what would follow could not be understood.
            if connection.session is None:
                self._connections.remove(connection)
            else:
                connection.session.close(reason="A request was cut off within a message.")
            await request.answer(400, "The request was cut off")

    async def _body(self, request: _Request, inbox: Inbox) -> bool | None:
        """Pass a body on as it arrives: true when complete, false when cut off, `None` without a reader."""
        while True:
            message = await wait_for(self.runtime.clock, _receive(request.receive), self.runtime.options.client_timeout)
            if message["type"] == "http.disconnect":
                return False
            chunk = message.get("body", b"")
            if chunk and not await inbox.put(chunk):
                return None
            if not message.get("more_body", False):
                return True

    async def _delete(self, request: _Request) -> None:
        connection = await self._find(request)
        if connection is None:
            return
        if connection.carrier is None or connection.transport is not TransportType.LONG_POLLING:
            await request.answer(400, "Cannot terminate this connection using the DELETE endpoint.")
            return
        connection.carrier.abandon()
        await request.answer(202)

    def _session(self, request: _Request, connection: Connection, transport: Transport) -> Session:
        try:
            self._connections.open(connection)
        except TooManyConnectionsError:
            self._connections.remove(connection)
            raise
        session = connection.session = self._make_session(
            connection.connection_id,
            connection.principal,
            KeptRequest(self.runtime.path, request.scope),
            transport,
            stateful=connection.stateful,
        )
        return session

    def _begin(
        self, request: _Request, connection: Connection, transport: LongPollingTransport | ServerSentEventsTransport
    ) -> None:
        session = self._session(request, connection, transport)
        connection.carrier = transport
        self.runtime.tasks.spawn(self._keep(connection, session))

    async def _keep(self, connection: Connection, session: Session) -> None:
        try:
            await session.run()
        finally:
            self._connections.remove(connection)


async def _receive(receive: Receive) -> ASGIMessage:
    return await receive()


def _inbox(connection: Connection) -> Inbox:
    if connection.inbox is None:
        connection.inbox = Inbox()
    return connection.inbox
