"""Server-side session of one hub connection: handshake, dispatch, keep-alive and close."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from signalr_asyncio._clock import wait_for
from signalr_asyncio.protocol.buffer import MessageBuffer
from signalr_asyncio.protocol.codec import HubProtocol, ProtocolError
from signalr_asyncio.protocol.handshake import HandshakeResponse, encode_handshake
from signalr_asyncio.protocol.messages import (
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Ping,
    StreamInvocation,
    StreamItem,
)
from signalr_asyncio.server._auth import KeptRequest, Principal, seconds_to_expiry
from signalr_asyncio.server._calls import Calls
from signalr_asyncio.server._client_results import PendingResults, current_connecting
from signalr_asyncio.server._clients import GroupManager, HubCallerClients
from signalr_asyncio.server._errors import ClientDisconnectedError, ClientResultError, describe
from signalr_asyncio.server._handshake import HandshakeRefusedError, read_handshake
from signalr_asyncio.server._hub import Hub, HubContext
from signalr_asyncio.server._inbound_queue import InboundQueue
from signalr_asyncio.server._lifecycle import announce_connected, announce_disconnected
from signalr_asyncio.server._reader import Reader
from signalr_asyncio.server._resumption import Resumption
from signalr_asyncio.server._runtime import HubRuntime
from signalr_asyncio.server._session_sending import SendingSession
from signalr_asyncio.server._timeouts import Timeouts
from signalr_asyncio.server._transports.base import Transport, TransportClosedError
from signalr_asyncio.server._writer import Writer

log = logging.getLogger("signalr_asyncio.server")

_PING = Ping()
_STATEFUL_VERSION = 2
_STOPPING = "The server is stopping."


class HubSession(SendingSession):
    """One connection to one hub, from the handshake to `on_disconnected`.

    Parameters
    ----------
    runtime
        What the hub's connections share.
    connection_id
        The public id.
    principal
        Who connects.
    request
        The request that it began with.
    transport
        What carries the connection, at first.
    stateful
        Whether the client negotiated stateful reconnect: the session then outlives its transports.
    """

    __slots__ = (
        "_calls",
        "_client_results",
        "_clock",
        "_connecting",
        "_hub",
        "_interrupted",
        "_muted",
        "_reader",
        "_shutting",
        "_stateful",
        "_task",
        "_times",
        "chosen_protocol",
        "closing",
        "connection_id",
        "context",
        "done",
        "end_error",
        "options",
        "ping_record",
        "resumption",
        "runtime",
        "user_id",
        "writer",
    )

    def __init__(
        self,
        runtime: HubRuntime,
        connection_id: str,
        principal: Principal,
        request: KeptRequest,
        transport: Transport,
        *,
        stateful: bool = False,
    ) -> None:
        self.runtime = runtime
        self.options = runtime.options
        self.connection_id = connection_id
        self.user_id = principal.user_id
        self.context = HubContext(connection_id, principal, runtime.path, transport.kind.value, self._abort, request)
        self.writer = Writer(runtime, transport, self._not_sent)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when `on_disconnected` has run."""
        self._clock = runtime.clock
        self._stateful = stateful
        self.chosen_protocol: HubProtocol | None = None
        self.ping_record = b""
        self.resumption: Resumption | None = None
        self._hub: Hub | None = None
        self._calls: Calls | None = None
        self._client_results = PendingResults(runtime.clock, self.options.maximum_streams)
        self._reader: Reader | None = None
        # The task of the transport, which waits for the end of the connection.
        self._task: asyncio.Task[Any] | None = None
        self._interrupted = False
        self.closing = False
        self._shutting: asyncio.Task[None] | None = None
        self.end_error: str | None = None
        now = self._clock.now()
        self._times = Timeouts(self.options, now, seconds_to_expiry(principal))
        self._connecting = False
        # Nothing more is sent: the connection closes, or the client is gone.
        self._muted = False

    def __repr__(self) -> str:
        return f"<{self.runtime.path} {self.connection_id}>"

    @property
    def principal(self) -> Principal:
        """Who connected."""
        return self.context.principal

    @property
    def protocol(self) -> HubProtocol:
        """The encoding that the handshake chose."""
        if self.chosen_protocol is None:
            raise AssertionError("the handshake comes first")
        return self.chosen_protocol

    @property
    def ended(self) -> bool:
        """Whether the connection is closing or has ended: nothing more is sent."""
        return self._muted

    @property
    def resumable(self) -> bool:
        """Whether the connection can go on over a new transport."""
        return self.resumption is not None and not (self.closing or self.resumption.given_up)

    # -- the life of the connection ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the connection until it ends; returns after `on_disconnected`."""
        self._task = asyncio.current_task()
        try:
            rest = await self._handshake()
            if rest is not None:
                await self._connected()
                await self._serve(rest)
        except asyncio.CancelledError:
            if not self._interrupted:
                # A cancellation ends the session now: no message to the client, only our own cleanup.
                self.end_error = self.end_error or "The server stopped the connection."
                self.closing = self._muted = True
                self.writer.transport.abandon()
                raise
            if self._task is not None:
                self._task.uncancel()
        finally:
            self._task = None
            await self._end()

    async def _handshake(self) -> bytes | None:
        try:
            handshake = await read_handshake(self.writer.transport, self.runtime.protocols, self.options)
        except HandshakeRefusedError as refusal:
            self.runtime.log.write(logging.INFO, "%s: the handshake was refused: %s", self, refusal.reason)
            self.refuse(refusal.text)
            return None
        if handshake is None:
            return None
        self.chosen_protocol = protocol = handshake.protocol
        self.ping_record = protocol.encode(_PING)
        if self._stateful and handshake.version >= _STATEFUL_VERSION:
            size = self.options.stateful_buffer_size
            # Twice, since a client holds at most its buffer and one message: so the ack that follows these is read.
            inbound = InboundQueue(self.dispatch, 2 * size, self.runtime.tasks, self._broken)
            self.resumption = Resumption(MessageBuffer(size), inbound, self._clock.now())
            self.writer.outbox.buffer = self.resumption.buffer
            self.writer.direct = False
        self.context.protocol = protocol.name
        self.writer.transport.use(protocol.transfer_format)
        self.writer.outbox.put_control(encode_handshake(HandshakeResponse()))
        self.writer.flush_soon()
        return handshake.rest

    async def _connected(self) -> None:
        hub = self.runtime.factory()
        registry = self.runtime.registry
        hub.context = self.context
        hub.clients = HubCallerClients(registry, self.connection_id)
        hub.groups = GroupManager(registry)
        self._hub = hub
        self._calls = Calls(self, hub)
        self._reader = Reader(self, self._calls, self._times, self._clock)
        registry.add(self)

        self._times.busy = self._connecting = True
        current_connecting.set(self.connection_id)
        try:
            await announce_connected(self.runtime, self.context, hub)
        except Exception as error:
            log.exception("%s: on_connected failed", self)
            self.fail(error)
        finally:
            current_connecting.set(None)
        self._times.busy = self._connecting = False

    async def _serve(self, rest: bytes) -> None:
        """Dispatch what the client sends, to its last message.

        As in ASP.NET Core the end of a connection is one more event behind its messages: calls that wait for a slot
        begin before it, whether the client has left, said Close, or sent what is no message.
        """
        if self._reader is None:
            raise AssertionError("no messages before the handshake")
        try:
            await self._reader.run(rest)
        except ProtocolError as error:
            self.runtime.log.write(logging.INFO, "%s: the client broke the protocol: %s", self, error)
            await self._dispatch_received()
            self.fail(error)
        else:
            self._client_gone()
            self._client_results.end(self.connection_id)
            await self._dispatch_received()

    async def _dispatch_received(self) -> None:
        """Wait until every call that was received has begun; not when the server itself ended the connection."""
        if self._calls is None or self.closing:
            return
        # It is we who do not read.
        self._times.busy = True
        if self.resumption is not None:
            # A method that takes no items of an upload holds up what came behind them, but not for ever.
            ending = self._clock.call_later(self.options.close_timeout, self._calls.end_uploads)
            await self.resumption.inbound.drained()
            ending.cancel()
        # A call that waits for more items of an upload would hold its slot for ever.
        self._calls.end_uploads()
        await self._calls.all_begun()

    def _client_gone(self) -> None:
        """Stop sending and cancel what waits for the client. Messages that were received are still dispatched."""
        if self._muted:
            return
        self._muted = True
        self.writer.discard()
        self.context.cancellation.set()
        if self._calls is not None:
            self._calls.end_streams()

    def dispatch(self, message: HubMessage) -> Awaitable[None] | None:
        """Handle a message; what is returned is to be awaited before the next."""
        calls = self._calls
        if calls is None:
            raise AssertionError("no messages before the handshake")
        if self.closing:
            return None
        match message:
            case Invocation() | StreamInvocation():
                if not calls.start(message):
                    return calls.turn()
            case StreamItem():
                upload = calls.upload(message.invocation_id)
                if upload is not None:
                    return upload.put(message.item)
            case Completion():
                if not self._client_results.complete(message):
                    calls.end_upload(message.invocation_id, message.error)
            case CancelInvocation():
                calls.cancel(message.invocation_id)
            case Close():
                return self._leave(message.error)
            case _:
                pass
        return None

    async def _leave(self, error: str | None) -> None:
        """End the connection as the client wants: no Close message, only the transport's own end."""
        if self._calls is not None:
            await self._calls.all_begun()
        if not self.closing:
            self.end_error = error
            self._begin_closing(failed=False)

    async def _end(self) -> None:
        if not self.closing:
            # The client left.
            self._begin_closing(failed=False)
        if self._shutting is not None:
            await asyncio.shield(self._shutting)
        self.writer.stop()
        if self.resumption is not None:
            self.resumption.inbound.stop()
        self.context.cancellation.set()
        self.runtime.registry.remove(self)
        self._client_results.end(self.connection_id)
        streams = self._calls.end() if self._calls is not None else []
        self.writer.outbox.clear()
        try:
            if streams:
                await self._at_most(asyncio.wait(streams), "its streams")
            await self._at_most(self._farewell(), "on_disconnected")
        finally:
            self.done.set_result(None)

    async def _at_most(self, work: Coroutine[Any, Any, Any], what: str) -> None:
        try:
            await wait_for(self._clock, work, self.options.close_timeout)
        except TimeoutError:
            log.warning("%s: %s took longer than %g s to end", self, what, self.options.close_timeout)

    async def _farewell(self) -> None:
        hub = self._hub
        if hub is None:
            return

        try:
            await announce_disconnected(self.runtime, self.context, hub, self.end_error)
        except Exception:
            log.exception("%s: on_disconnected failed", self)

    # -- closing -------------------------------------------------------------------------------------------------------

    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection: a Close message, what waits before it, then the transport's end.

        Parameters
        ----------
        error
            The error text for the client; `None` is an orderly end.
        reason
            The error passed to `on_disconnected`, where it differs.
        allow_reconnect
            Whether the client may reconnect by itself.
        """
        if self.closing:
            return
        self.end_error = reason or error or self.end_error
        if self.chosen_protocol is not None:
            self.writer.outbox.append_close(self.chosen_protocol.encode(Close(error, allow_reconnect)))
        self._begin_closing(failed=error is not None)

    async def stop(self, seconds: float) -> None:
        """End the connection because the server stops; calls may finish before, and are answered.

        Parameters
        ----------
        seconds
            For how long. The calls that remain are then answered with an error.
        """
        if self._calls is not None and not self._muted:
            try:
                await wait_for(self._clock, self._finish_calls(self._calls), seconds)
            except TimeoutError:
                self._calls.refuse_unfinished(_STOPPING)
        self.close(reason=_STOPPING, allow_reconnect=True)

    async def _finish_calls(self, calls: Calls) -> None:
        if self.resumption is not None:
            await self.resumption.inbound.drained()
        await calls.all_finished()

    def _abort(self) -> None:
        self.close()

    def fail(self, error: Exception) -> None:
        """Close the connection with an error; the client sees its text only where details are enabled."""
        text = describe("Connection closed with an error.", error, detailed=self.options.enable_detailed_errors)
        self.close(text, reason=str(error))

    def _broken(self, error: Exception) -> None:
        log.error("%s: a message could not be handled", self, exc_info=error)
        self.fail(error)

    def refuse(self, error: str) -> None:
        if not self.closing:
            self.end_error = error
            self.writer.outbox.put_control(encode_handshake(HandshakeResponse(error)))
            self._begin_closing(failed=False)

    def _begin_closing(self, *, failed: bool) -> None:
        self.closing = self._muted = True
        self.writer.direct = False
        self._shutting = self.runtime.tasks.spawn(self._shut(failed=failed))

    async def _shut(self, *, failed: bool) -> None:
        async def deliver() -> None:
            await self.writer.finish()
            await self.writer.transport.close(failed=failed)

        try:
            await wait_for(self._clock, deliver(), self.options.close_timeout)
        except TimeoutError:
            log.info("%s: the client did not take what was left for it", self)
        except Exception:
            log.exception("%s: closing failed", self)
        self.writer.stop()
        self.writer.transport.abandon()
        if self._reader is not None and self._reader.interrupt():
            return
        task = self._task
        if task is not None and not task.done():
            self._interrupted = True
            task.cancel()

    # -- sending -------------------------------------------------------------------------------------------------------

    def _not_sent(self, error: Exception) -> None:
        # A client that is gone is noticed by the reader as well, unless that is busy with what came before. One that
        # may come back has all in the buffer.
        if isinstance(error, (TransportClosedError, *self.writer.transport.gone_errors)):
            if self.resumption is not None:
                self.writer.away = True
                self.resumption.leave(self._clock.now())
                return
            self._client_gone()
            if self._reader is not None:
                self._reader.cut_off()
            if self._calls is not None:
                # A method that takes no items of an upload holds up the reader, which would never come to the end.
                self._clock.call_later(self.options.close_timeout, self._calls.end_uploads)
            return
        log.error("%s: sending failed", self, exc_info=error)
        self.end_error = str(error)
        self.writer.outbox.clear()
        self.close()

    async def ask(self, target: str, arguments: Sequence[Any], result_type: Any, seconds: float) -> Any:  # noqa: ANN401 - of `result_type`
        """Call a method of the client and wait for its answer; see `SingleClientProxy.invoke`."""
        if self._muted:
            raise ClientDisconnectedError(f"Connection '{self.connection_id}' does not exist.")
        if self._connecting and current_connecting.get() == self.connection_id:
            # Nothing is read before it ends, the answer neither. ASP.NET Core refuses likewise.
            raise ClientResultError("Client results inside on_connected are not allowed.")
        return await self._client_results.invoke(self.post, self.protocol, target, arguments, result_type, seconds)

    # -- stateful reconnect --------------------------------------------------------------------------------------------

    def resume(self, transport: Transport) -> bool:
        """Go on over a new transport.

        Returns
        -------
        bool
            False when the connection cannot: it has ended, or is not stateful.
        """
        resumption = self.resumption
        if resumption is None or not self.resumable:
            return False
        transport.use(self.protocol.transfer_format)
        old = self.writer.move(transport)
        sequence, records = resumption.come_back()
        self.writer.outbox.restart((self.protocol.encode(sequence), *records))
        self._times.last_in = self._clock.now()
        old.abandon()
        self.writer.flush_soon()
        return True

    async def return_of_client(self, transport: Transport) -> bool:
        """Wait, after a transport has ended, for the next one; false when there will be none."""
        resumption = self.resumption
        if resumption is None:
            return False
        if self.writer.transport is transport:
            self.writer.away = True
            transport.abandon()
            log.debug("%s: the client is away", self)
            if not await resumption.absence(self._clock.now()):
                return False
        return not self.closing

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look at the times; called regularly.

        Parameters
        ----------
        now
            The clock's time, in seconds.
        """
        if not self._muted:
            self._times.check(self, now)
