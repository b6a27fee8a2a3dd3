"""Raw connections: the transports of SignalR without the hub protocol, as ASP.NET Core's `MapConnectionHandler`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from signalr_asyncio._clock import wait_for
from signalr_asyncio.protocol.codec import TransferFormat
from signalr_asyncio.server._auth import ConnectionRequest, KeptRequest, Principal, seconds_to_expiry
from signalr_asyncio.server._errors import ClientDisconnectedError
from signalr_asyncio.server._runtime import Runtime
from signalr_asyncio.server._transports.base import Transport, TransportClosedError

log = logging.getLogger("signalr_asyncio.server")


class RawConnection:
    """One client of a `ConnectionHandler`.

    Attributes
    ----------
    connection_id
        The public id.
    principal
        Who connected.
    path
        The handler's path.
    transport
        How the client connected: `WebSockets`, `ServerSentEvents` or `LongPolling`.
    items
        The handler's own notes for the life of the connection.
    """

    __slots__ = ("_lock", "_request", "_session", "connection_id", "items", "path", "principal", "transport")

    def __init__(self, session: RawSession, connection_id: str, principal: Principal, request: KeptRequest) -> None:
        self._session = session
        self._request = request
        self._lock = asyncio.Lock()
        self.connection_id = connection_id
        self.principal = principal
        self.path = session.runtime.path
        self.transport: str = session.transport.kind.value
        self.items: dict[Any, Any] = {}

    @property
    def user_id(self) -> str | None:
        """The principal's user id."""
        return self.principal.user_id

    @property
    def request(self) -> ConnectionRequest:
        """The request that the connection began with, without its token."""
        return self._request.read()

    async def receive(self) -> bytes | None:
        """Return the next bytes of the client; `None` when it has left, or the server stops.

        With WebSockets they are one frame. The other transports hand over what has arrived, joined or cut anywhere.
        """
        return await self._session.receive()

    async def send(self, data: bytes) -> None:
        """Send bytes, one frame of a WebSocket or one event; done when more may follow.

        Raises
        ------
        ClientDisconnectedError
            When the client is not connected any more.
        """
        async with self._lock:
            await self._session.send(data)

    def abort(self) -> None:
        """End the connection."""
        self._session.close()


class ConnectionHandler:
    """Base class of what serves raw connections. One object serves one connection.

    Attributes
    ----------
    transfer_format
        Whether frames of WebSockets are `Text` or `Binary`. Server-sent events carry text only.
    """

    transfer_format: TransferFormat = "Text"

    async def on_connected(self, connection: RawConnection) -> None:
        """Serve the connection; it ends when this returns."""
        raise NotImplementedError


class RawSession:
    """One raw connection, from its first request to its end.

    Parameters
    ----------
    runtime
        What the connections of this path share.
    factory
        Makes the handler.
    connection_id, principal, request, transport
        Who connects, and how.
    """

    def __init__(
        self,
        runtime: Runtime,
        factory: Callable[[], ConnectionHandler],
        connection_id: str,
        principal: Principal,
        request: KeptRequest,
        transport: Transport,
        *,
        stateful: bool = False,
    ) -> None:
        # It is never negotiated: see `resumable`.
        del stateful
        self.runtime = runtime
        self.transport = transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._factory = factory
        self._clock = runtime.clock
        self._connection = RawConnection(self, connection_id, principal, request)
        self._serving: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()
        self._ended = False
        self._failed = False
        self._sending_since: float | None = None
        expires_in = seconds_to_expiry(principal) if runtime.options.close_on_authentication_expiration else None
        self._expires = None if expires_in is None else self._clock.now() + expires_in

    def __repr__(self) -> str:
        return f"<{self.runtime.path} {self._connection.connection_id}>"

    @property
    def ended(self) -> bool:
        """Whether it is closing or has ended."""
        return self._ended

    @property
    def resumable(self) -> bool:
        """Return False: the hub protocol is what goes on over a new transport."""
        return False

    @property
    def queued_bytes(self) -> int:
        """How much waits to be sent: senders wait themselves."""
        return 0

    async def run(self) -> None:
        """Serve it until it ends."""
        handler = self._factory()
        self.transport.use(handler.transfer_format)
        serving = self._serving = asyncio.ensure_future(handler.on_connected(self._connection))
        try:
            await asyncio.wait((serving,))
            if not serving.cancelled() and (error := serving.exception()) is not None:
                self._failed = not isinstance(error, ClientDisconnectedError)
                if self._failed:
                    log.error("%s: the connection handler failed", self, exc_info=error)
        finally:
            self._ended = True
            serving.cancel()
            try:
                await wait_for(
                    self._clock, self.transport.close(failed=self._failed), self.runtime.options.close_timeout
                )
            except TimeoutError:
                log.info("%s: the client did not take what was left for it", self)
            self.transport.abandon()
            self.done.set_result(None)

    async def receive(self) -> bytes | None:
        """Return the next bytes; `None` at the end."""
        receiving = asyncio.ensure_future(self.transport.receive())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait((receiving, stopped), return_when=asyncio.FIRST_COMPLETED)
            data = receiving.result() if receiving.done() else None
        finally:
            receiving.cancel()
            stopped.cancel()
        if data:
            self.runtime.counters.bytes_in += len(data)
        return data

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        if self._ended:
            raise ClientDisconnectedError("The connection has ended.")
        self._sending_since = self._clock.now()
        try:
            await self.transport.send(data)
        except (TransportClosedError, *self.transport.gone_errors) as error:
            raise ClientDisconnectedError("The client is gone.") from error
        finally:
            self._sending_since = None
        self.runtime.counters.bytes_out += len(data)

    def tick(self, now: float) -> None:
        """Look at the times: of polls, of sending, of the authentication."""
        options = self.runtime.options
        idle_since = self.transport.idle_since
        if self._expires is not None and now >= self._expires:
            self.close()
        elif self.transport.keeps_itself_alive:
            if idle_since is not None and now - idle_since >= options.disconnect_timeout:
                self.transport.abandon()
        elif self._sending_since is not None and now - self._sending_since >= options.send_timeout:
            log.info("%s: the client takes nothing", self)
            self.close(error="The client took nothing within the send timeout.")

    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection: the handler is cancelled. Raw connections have no message that could carry a reason."""
        del reason, allow_reconnect
        self._failed = self._failed or error is not None
        self._ended = True
        if self._serving is not None:
            self._serving.cancel()

    async def stop(self, seconds: float) -> None:
        """Let the handler see the end of what it receives, and cancel it when it does not return in time."""
        self._stopped.set()
        if self._serving is not None:
            try:
                await wait_for(self._clock, _settled(self._serving), seconds)
            except TimeoutError:
                self.close()

    def resume(self, transport: Transport) -> bool:
        """Return False: see `resumable`."""
        del transport
        return False


async def _settled(task: asyncio.Task[None]) -> None:
    await asyncio.wait((task,))
