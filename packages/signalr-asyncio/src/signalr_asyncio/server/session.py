"""One client's hub connection: handshake, messages in, messages out, times, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

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
from signalr_asyncio.server.auth import Principal
from signalr_asyncio.server.calls import Calls
from signalr_asyncio.server.clients import GroupManager, HubCallerClients
from signalr_asyncio.server.clock import wait_for
from signalr_asyncio.server.errors import ClientGone, describe
from signalr_asyncio.server.greeting import Refused, greet
from signalr_asyncio.server.hub import Hub, HubContext
from signalr_asyncio.server.questions import Questions
from signalr_asyncio.server.read_ahead import ReadAhead
from signalr_asyncio.server.resumption import Resumption
from signalr_asyncio.server.runtime import HubRuntime
from signalr_asyncio.server.transports.base import Transport, TransportClosed
from signalr_asyncio.server.writer import Writer

log = logging.getLogger("signalr_asyncio.server")

_PING = Ping()
_STATEFUL_VERSION = 2


class HubSession:
    """One connection to one hub, from the handshake to `on_disconnected`.

    Parameters
    ----------
    runtime
        What the hub's connections share.
    connection_id
        The public id.
    principal
        Who connects.
    transport
        What carries the connection, at first.
    stateful
        Whether the client negotiated stateful reconnect: the session then outlives its transports.
    """

    __slots__ = (
        "_busy",
        "_calls",
        "_clock",
        "_closing",
        "_error",
        "_expires",
        "_hub",
        "_interrupted",
        "_last_in",
        "_ping",
        "_protocol",
        "_questions",
        "_reader",
        "_resumption",
        "_shutting",
        "_started",
        "_stateful",
        "connection_id",
        "context",
        "done",
        "options",
        "runtime",
        "user_id",
        "writer",
    )

    def __init__(
        self,
        runtime: HubRuntime,
        connection_id: str,
        principal: Principal,
        transport: Transport,
        *,
        stateful: bool = False,
    ) -> None:
        self.runtime = runtime
        self.options = runtime.options
        self.connection_id = connection_id
        self.user_id = principal.user_id
        self.context = HubContext(connection_id, principal, runtime.path, transport.kind.value, self._abort)
        self.writer = Writer(runtime, transport, self._not_sent)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when `on_disconnected` has run."""
        self._clock = runtime.clock
        self._stateful = stateful
        self._protocol: HubProtocol | None = None
        self._ping = b""
        self._resumption: Resumption | None = None
        self._hub: Hub | None = None
        self._calls: Calls | None = None
        self._questions = Questions(runtime.clock, self.options.maximum_streams)
        self._reader: asyncio.Task[Any] | None = None
        self._interrupted = False
        self._closing = False
        self._shutting: asyncio.Task[None] | None = None
        self._error: str | None = None
        now = self._clock.now()
        self._started = now
        self._last_in = now
        self._busy = False
        self._expires = _expiry(principal, now) if self.options.close_on_authentication_expiration else None

    def __repr__(self) -> str:
        return f"<{self.runtime.path} {self.connection_id}>"

    @property
    def protocol(self) -> HubProtocol:
        """The encoding that the handshake chose."""
        if self._protocol is None:
            raise AssertionError("the handshake comes first")
        return self._protocol

    @property
    def ended(self) -> bool:
        """Whether the connection is closing or has ended."""
        return self._closing

    @property
    def asking(self) -> bool:
        """Whether an answer of the client is awaited."""
        return bool(self._questions)

    @property
    def resumable(self) -> bool:
        """Whether the connection can go on over a new transport."""
        return self._resumption is not None and not self.ended

    # -- the life of the connection ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the connection until it ends; returns after `on_disconnected`."""
        self._reader = asyncio.current_task()
        try:
            rest = await self._handshake()
            if rest is not None:
                await self._connected()
                await self._read(rest)
        except ProtocolError as error:
            log.info("%s: the client broke the protocol: %s", self, error)
            self._fail(error)
        except asyncio.CancelledError:
            if not self._interrupted:
                # Whoever cancels wants it to end now: no word to the client, only our own cleanup.
                self._error = self._error or "The server stopped the connection."
                self._closing = True
                self.writer.transport.abandon()
                raise
            if self._reader is not None:
                self._reader.uncancel()
        finally:
            self._reader = None
            await self._end()

    async def _handshake(self) -> bytes | None:
        try:
            greeting = await greet(self.writer.transport, self.runtime.protocols, self.options)
        except Refused as refusal:
            log.info("%s: the handshake was refused: %s", self, refusal.reason)
            self._refuse(refusal.text)
            return None
        if greeting is None:
            return None
        self._protocol = protocol = greeting.protocol
        self._ping = protocol.encode(_PING)
        if self._stateful and greeting.version >= _STATEFUL_VERSION:
            size = self.options.stateful_buffer_size
            # Twice, since a client holds at most its buffer and one message: so the ack that follows these is read.
            ahead = ReadAhead(self._dispatch, 2 * size, self.runtime.tasks, self._broken)
            self._resumption = Resumption(MessageBuffer(size), ahead, self._clock.now())
            self.writer.outbox.buffer = self._resumption.buffer
            self.writer.direct = False
        self.context.protocol = protocol.name
        self.writer.transport.use(protocol.transfer_format)
        self.writer.outbox.put_control(encode_handshake(HandshakeResponse()))
        self.writer.flush_soon()
        return greeting.rest

    async def _connected(self) -> None:
        hub = self.runtime.factory()
        registry = self.runtime.registry
        hub.context = self.context
        hub.clients = HubCallerClients(registry, self.connection_id)
        hub.groups = GroupManager(registry)
        self._hub = hub
        self._calls = Calls(self, hub)
        registry.add(self)

        async def proceed(depth: int = 0) -> None:
            filters = self.runtime.filters
            if depth < len(filters):
                await filters[depth].connected(self.context, lambda: proceed(depth + 1))
            else:
                await hub.on_connected()

        self._busy = True
        try:
            await proceed()
        except Exception as error:
            log.exception("%s: on_connected failed", self)
            self._fail(error)
        self._busy = False

    async def _read(self, data: bytes | None) -> None:
        transport = self.writer.transport
        parser = self.protocol.parser(self.options.maximum_receive_message_size)
        clock, counters, calls = self._clock, self.runtime.counters, self._calls
        if calls is None:
            raise AssertionError("no messages before the handshake")
        resumption = self._resumption
        # What most messages are goes past `_handle`, unless they are counted.
        quick = resumption is None
        while not self._closing:
            if data is None:
                if not await self._return_of_client(transport):
                    return
                transport = self.writer.transport
                parser = self.protocol.parser(self.options.maximum_receive_message_size)
            elif data:
                counters.bytes_in += len(data)
                self._last_in = clock.now()
                self._busy = True
                for message in parser.feed(data):
                    if type(message) is Invocation and quick and not self._closing:
                        if not calls.start(message):
                            await calls.turn()
                    elif not await self._handle(message):
                        return
                if resumption is not None:
                    self.writer.flush_soon()
                    await resumption.room(clock.now())
                self._busy = False
            data = await transport.receive()

    async def _handle(self, message: HubMessage) -> bool:
        if self._closing:
            return False
        if self._resumption is not None:
            self._resumption.take(message)
        elif (waiting := self._dispatch(message)) is not None:
            await waiting
        return not self._closing

    def _dispatch(self, message: HubMessage) -> Awaitable[None] | None:
        """Handle a message; what is returned is to be awaited before the next."""
        calls = self._calls
        if calls is None:
            raise AssertionError("no messages before the handshake")
        if self._closing:
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
                if not self._questions.answered(message):
                    calls.end_upload(message.invocation_id, message.error)
            case CancelInvocation():
                calls.cancel(message.invocation_id)
            case Close():
                self._error = message.error
                # It leaves: no Close message, only the transport's own end.
                self._begin_closing(failed=False)
            case _:
                pass
        return None

    async def _end(self) -> None:
        if not self._closing:
            # The client left.
            self._begin_closing(failed=False)
        if self._shutting is not None:
            await asyncio.shield(self._shutting)
        self.writer.stop()
        if self._resumption is not None:
            self._resumption.ahead.stop()
        self.context.cancellation.set()
        self.runtime.registry.remove(self)
        self._questions.end(self.connection_id)
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

        async def proceed(depth: int = 0) -> None:
            filters = self.runtime.filters
            if depth < len(filters):
                await filters[depth].disconnected(self.context, self._error, lambda: proceed(depth + 1))
            else:
                await hub.on_disconnected(self._error)

        try:
            await proceed()
        except Exception:
            log.exception("%s: on_disconnected failed", self)

    # -- closing -------------------------------------------------------------------------------------------------------

    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection: a Close message, what waits before it, then the transport's end.

        Parameters
        ----------
        error
            What the client is told; `None` is an orderly end.
        reason
            What `on_disconnected` is told, where it differs.
        allow_reconnect
            Whether the client may reconnect by itself.
        """
        if self._closing:
            return
        self._error = reason or error or self._error
        if self._protocol is not None:
            self.writer.outbox.append_close(self._protocol.encode(Close(error, allow_reconnect)))
        self._begin_closing(failed=error is not None)

    def _abort(self) -> None:
        self.close()

    def _fail(self, error: BaseException) -> None:
        text = describe("Connection closed with an error.", error, detailed=self.options.enable_detailed_errors)
        self.close(text, reason=str(error))

    def _broken(self, error: Exception) -> None:
        log.error("%s: a message could not be handled", self, exc_info=error)
        self._fail(error)

    def _refuse(self, error: str) -> None:
        if not self._closing:
            self._error = error
            self.writer.outbox.put_control(encode_handshake(HandshakeResponse(error)))
            self._begin_closing(failed=False)

    def _begin_closing(self, *, failed: bool) -> None:
        self._closing = True
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
        reader = self._reader
        if reader is not None and not reader.done():
            self._interrupted = True
            reader.cancel()

    # -- sending -------------------------------------------------------------------------------------------------------

    def post(self, record: bytes) -> bool:
        """Queue a record and see that it gets sent; never waits. Closes a connection that has too much waiting.

        Returns
        -------
        bool
            False when the connection is closing, and nothing more will be sent.
        """
        if self._closing:
            return False
        writer = self.writer
        if not writer.outbox.put(record):
            self._overflow()
            return False
        writer.flush_soon()
        return True

    async def send(self, record: bytes) -> None:
        """Send a record at once where nothing is in its way, else queue it.

        For tasks that have nothing left to do: while they are at it they may be cancelled in favour of a new transport.
        """
        if self.writer.idle and not self._closing:
            await self.writer.send(record)
        else:
            self.post(record)

    def _overflow(self) -> None:
        self.runtime.counters.overflows += 1
        log.warning("%s: %d bytes wait for a client that reads too slowly; closing", self, self.writer.outbox.bytes)
        self.writer.outbox.clear()
        reason = "The client reads too slowly: too many bytes were waiting for it."
        self.close(f"Connection closed with an error. {reason}", reason=reason)

    def _not_sent(self, error: Exception) -> None:
        # A client that is gone is noticed by the reader as well, unless that is busy with what came before. One that
        # may come back has all in the buffer.
        if isinstance(error, (TransportClosed, *self.writer.transport.gone_errors)):
            if self._resumption is not None:
                self.writer.away = True
                self._resumption.leave(self._clock.now())
                return
        else:
            log.error("%s: sending failed", self, exc_info=error)
            self._error = str(error)
        self.writer.outbox.clear()
        self.close()

    async def ask(self, target: str, arguments: Sequence[Any], result_type: Any, seconds: float) -> Any:  # noqa: ANN401 - of `result_type`
        """Call a method of the client and wait for its answer; see `SingleClientProxy.invoke`."""
        if self._closing:
            raise ClientGone(f"Connection '{self.connection_id}' does not exist.")
        if self._calls is not None:
            self._calls.wake()
        return await self._questions.ask(self.post, self.protocol, target, arguments, result_type, seconds)

    # -- stateful reconnect --------------------------------------------------------------------------------------------

    def resume(self, transport: Transport) -> bool:
        """Go on over a new transport.

        Returns
        -------
        bool
            False when the connection cannot: it has ended, or is not stateful.
        """
        resumption = self._resumption
        if resumption is None or self._closing:
            return False
        transport.use(self.protocol.transfer_format)
        old = self.writer.move(transport)
        sequence, records = resumption.come_back()
        self.writer.outbox.restart((self.protocol.encode(sequence), *records))
        self._last_in = self._clock.now()
        old.abandon()
        self.writer.flush_soon()
        return True

    async def _return_of_client(self, transport: Transport) -> bool:
        """Wait, after a transport has ended, for the next one; false when there will be none."""
        resumption = self._resumption
        if resumption is None:
            return False
        if self.writer.transport is transport:
            self.writer.away = True
            transport.abandon()
            log.debug("%s: the client is away", self)
            await resumption.absence(self._clock.now())
        return not self._closing

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look at the times; called regularly.

        Parameters
        ----------
        now
            The clock's time, in seconds.
        """
        if self._closing:
            return
        options, resumption = self.options, self._resumption
        if self._protocol is None:
            if now - self._started >= options.handshake_timeout:
                log.info("%s: no handshake within %g s", self, options.handshake_timeout)
                self._refuse("Handshake was canceled.")
            return
        if self._expires is not None and now >= self._expires:
            self.close(reason="The authentication has expired.")
            return
        if resumption is not None and resumption.away_since is not None:
            if now - resumption.away_since >= options.disconnect_timeout:
                self.close(reason="The client did not come back.")
            return
        if self.writer.transport.keeps_itself_alive:
            idle_since = self.writer.transport.idle_since
            if idle_since is not None and now - idle_since >= options.disconnect_timeout:
                # Nobody is there to hear a Close message.
                self._error = "The client stopped asking for messages."
                self.writer.transport.abandon()
            return
        if self.writer.sending_since is not None and now - self.writer.sending_since >= options.send_timeout:
            self._stuck()
            return
        if self._busy:
            # Then it is we who do not read; the client's time begins anew when we do.
            self._last_in = now
        if now - self._last_in >= options.client_timeout:
            text = "Client hasn't sent a message/ping within the configured ClientTimeoutInterval."
            log.info("%s: %s", self, text)
            self._fail(TimeoutError(text))
            return
        if resumption is not None:
            if resumption.stuck_for(now) >= options.client_timeout:
                self._fail(ProtocolError("The client sends on, and acknowledges nothing of what is sent to it."))
                return
            if (ack := resumption.ack(now)) is not None:
                self.writer.outbox.put_control(self.protocol.encode(ack))
                self.writer.flush_soon()
        if self.writer.sending_since is None and now - self.writer.last >= options.keep_alive_interval:
            self.writer.last = now
            self.writer.outbox.put_control(self._ping)
            self.writer.flush_soon()

    def _stuck(self) -> None:
        log.info("%s: the client takes nothing", self)
        if self._resumption is not None:
            self.writer.transport.abandon()
            return
        self.writer.outbox.clear()
        self.close("Connection closed with an error.", reason="The client took nothing within the send timeout.")


def _expiry(principal: Principal, now: float) -> float | None:
    if principal.expires_at is None:
        return None
    return now + (principal.expires_at - datetime.now(UTC)).total_seconds()
