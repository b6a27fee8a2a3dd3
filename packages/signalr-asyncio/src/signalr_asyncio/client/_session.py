"""Client session: invocations, streams, uploads and keep-alive of one connection after its handshake."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from signalr_asyncio._clock import Clock, is_done_within
from signalr_asyncio._tasks import Tasks
from signalr_asyncio.client._exceptions import (
    ClientError,
    ClosedByServerError,
    ConnectionLostError,
    HandlerStalledError,
    HubError,
    InvocationTimeoutError,
    ProtocolViolationError,
    ServerTimeoutError,
    StreamOverflowError,
    TooManyInvocationsError,
)
from signalr_asyncio.client._handlers import NO_RESULT, Handlers
from signalr_asyncio.client._mailbox import Mailbox
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._transports.base import TransportClosedError
from signalr_asyncio.client._uploads import Upload, pump, split_arguments
from signalr_asyncio.client._wire import Wire
from signalr_asyncio.protocol.codec import ProtocolError
from signalr_asyncio.protocol.messages import (
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Payload,
    Ping,
    StreamInvocation,
    StreamItem,
)

logger = logging.getLogger("signalr_asyncio.client")

Items = Mailbox[Payload]

_MAX_NAME_LENGTH = 100
_MAX_STRANGERS = 100
_MAX_REFUSALS = 1000


class Session:
    """One connection to the hub, after its handshake.

    Parameters
    ----------
    wire
        Carries the messages.
    handlers
        Where the server's calls go.
    options
        Limits and times.
    clock
        For keep-alive and timeouts.
    next_id
        Makes ids of invocations and client streams.
    """

    def __init__(
        self, wire: Wire, handlers: Handlers, options: ClientOptions, clock: Clock, next_id: Callable[[], str]
    ) -> None:
        self._wire = wire
        # An ack may be queued behind items that no consumer takes during the wait for it.
        wire.watch(self.wake)
        self._write = wire.write
        self._handlers = handlers
        self._options = options
        self._clock = clock
        self._next_id = next_id
        self._pending: dict[str, asyncio.Future[Completion | None]] = {}
        self._streams: dict[str, Items] = {}
        self._uploads: dict[str, list[asyncio.Task[None]]] = {}
        self._tasks = Tasks(logger)
        self._strangers: set[str] = set()
        self._received_at = clock.now()
        self._room: asyncio.Future[None] | None = None
        self._holding = False
        self._error: ConnectionLostError | None = None
        self._ended = False

    # -- life

    async def run(self) -> ConnectionLostError | None:
        """Read until the end; return why it ended, or None when `close` was called."""
        heartbeat = asyncio.get_running_loop().create_task(self._heartbeat(), name="signalr heartbeat")
        # It ends by itself only when it has given up the connection, or is broken: no connection goes on unwatched.
        heartbeat.add_done_callback(lambda ended: None if ended.cancelled() else self._wire.abort())
        try:
            await self._read()
        except TransportClosedError as error:
            self._fail(ConnectionLostError(f"The connection was lost: {error}"))
        except ProtocolError as error:
            self._fail(ProtocolViolationError(f"The server broke the hub protocol: {error}"))
        except ConnectionLostError as error:
            self._fail(error)
        finally:
            self._end()
            heartbeat.cancel()
            await asyncio.wait((heartbeat,))
            await self._tasks.stop(self._options.stop_timeout)
            await self._wire.close(self._options.stop_timeout)
        if not heartbeat.cancelled() and (failure := heartbeat.exception()) is not None:
            raise failure
        return self._error

    async def close(self) -> None:
        """Tell the server that this is the end, in bounded time; `run` returns then."""
        if self._ended:
            return
        self._ended = True
        try:
            async with asyncio.timeout(self._options.stop_timeout):
                await self._write(Close())
        except (TimeoutError, TransportClosedError):
            logger.debug("The close message could not be sent to the server")
        await self._wire.close(self._options.stop_timeout)
        self.wake()

    def wake(self) -> None:
        """Resume reading after a consumer made room."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _fail(self, error: ConnectionLostError) -> None:
        if self._error is None and not self._ended:
            self._error = error

    def _end(self) -> None:
        self._ended = True
        for future in self._pending.values():
            if not future.done():
                future.set_result(None)
        self._pending.clear()
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.end(self._lost())

    def _lost(self) -> ConnectionLostError:
        # One exception for each caller, because each raise adds to its traceback.
        if self._error is None:
            return ConnectionLostError("The connection was stopped.")
        if isinstance(self._error, ClosedByServerError):
            return ClosedByServerError(self._error.error, allow_reconnect=self._error.allow_reconnect)
        return type(self._error)(str(self._error))

    # -- calls

    async def send(self, target: str, arguments: tuple[object, ...]) -> None:
        """Call a method without waiting for an answer."""
        plain, uploads = split_arguments(arguments, self._next_id)
        await self._send(Invocation(target, plain, stream_ids=[stream_id for stream_id, _ in uploads]))
        for upload in uploads:
            self._tasks.spawn(pump(upload, self._write), "signalr upload")

    async def invoke(self, target: str, arguments: tuple[object, ...], within: float | None) -> Completion:
        """Call a method and return its successful completion.

        Raises
        ------
        HubError, InvocationTimeoutError, ConnectionLostError, TooManyInvocationsError
            See `HubConnection.invoke`.
        """
        if self._ended:
            raise self._lost()
        if len(self._pending) >= self._options.max_pending:
            raise TooManyInvocationsError(f"{self._options.max_pending} answers are waited for already")
        invocation_id = self._next_id()
        plain, uploads = split_arguments(arguments, self._next_id)
        message = Invocation(target, plain, invocation_id, [stream_id for stream_id, _ in uploads])
        future = asyncio.get_running_loop().create_future()
        self._pending[invocation_id] = future
        if self._holding:
            # The answer may be queued behind items that no consumer takes during this wait.
            self.wake()
        try:
            if within is None:
                completion = await self._call(message, uploads, future)
            else:
                async with asyncio.timeout(within):
                    completion = await self._call(message, uploads, future)
        except asyncio.CancelledError:
            self._cancel(invocation_id)
            raise
        except TimeoutError:
            if within is None:
                raise
            self._cancel(invocation_id)
            raise InvocationTimeoutError(f"'{target}' gave no answer within {within:g} s") from None
        finally:
            self._pending.pop(invocation_id, None)
            if uploads:
                self._stop_uploads(invocation_id)
        if completion is None:
            raise self._lost()
        if completion.error is not None:
            raise HubError(completion.error)
        return completion

    async def _call(
        self, message: Invocation, uploads: list[Upload], future: asyncio.Future[Completion | None]
    ) -> Completion | None:
        await self._send(message)
        if uploads and message.invocation_id is not None:
            self._start_uploads(message.invocation_id, uploads)
        return await future

    async def open_stream(self, target: str, arguments: tuple[object, ...], items: Items) -> str:
        """Call a streaming method whose items go to `items`; return the id of the stream."""
        if self._ended:
            raise self._lost()
        invocation_id = self._next_id()
        plain, uploads = split_arguments(arguments, self._next_id)
        self._streams[invocation_id] = items
        try:
            await self._send(StreamInvocation(target, plain, invocation_id, [stream_id for stream_id, _ in uploads]))
        except BaseException:
            self.cancel_stream(invocation_id)
            raise
        if uploads:
            self._start_uploads(invocation_id, uploads)
        return invocation_id

    def cancel_stream(self, invocation_id: str) -> None:
        """Cancel a stream, with a message to the server."""
        items = self._streams.pop(invocation_id, None)
        if items is not None:
            items.discard()
            self._stop_uploads(invocation_id)
            self._cancel(invocation_id)

    async def answer(self, completion: Completion) -> None:
        """Answer a call of the server."""
        await self._send(completion)

    async def _send(self, message: HubMessage) -> None:
        if self._ended:
            raise self._lost()
        try:
            await self._write(message)
        except TransportClosedError as error:
            if self._error is not None:
                raise self._lost() from error
            raise ConnectionLostError(f"The connection was lost: {error}") from error

    def _cancel(self, invocation_id: str) -> None:
        if not self._ended:
            self._tasks.spawn(self._write_quietly(CancelInvocation(invocation_id)), "signalr cancel")

    async def _write_quietly(self, message: HubMessage) -> None:
        try:
            await self._write(message)
        except TransportClosedError:
            logger.debug("The connection was gone before %s could be sent", type(message).__name__)

    def _start_uploads(self, invocation_id: str, uploads: list[Upload]) -> None:
        self._uploads[invocation_id] = [
            self._tasks.spawn(pump(upload, self._write), "signalr upload") for upload in uploads
        ]

    def _stop_uploads(self, invocation_id: str) -> None:
        for task in self._uploads.pop(invocation_id, ()):
            task.cancel()

    # -- reading

    async def _read(self) -> None:
        read, streams, time = self._wire.read, self._streams, self._clock.now
        while True:
            messages = await read()
            self._received_at = time()
            for message in messages:
                if type(message) is StreamItem:
                    items = streams.get(message.invocation_id)
                    if items is not None and items.put(message.item):
                        await self._hold_stream(message.invocation_id, items)
                else:
                    await self._handle(message)

    async def _handle(self, message: HubMessage) -> None:
        match message:
            case Completion():
                self._complete(message)
            case Invocation():
                await self._called(message)
            case Close():
                raise ClosedByServerError(message.error, allow_reconnect=message.allow_reconnect)
            case Ping():
                return
            case _:
                # Nothing a client has a use for; a later server may know better.
                logger.debug("Ignored a message of kind %s", type(message).__name__)

    def _complete(self, message: Completion) -> None:
        invocation_id = message.invocation_id
        future = self._pending.pop(invocation_id, None)
        if future is not None:
            if not future.done():
                future.set_result(message)
            return
        items = self._streams.pop(invocation_id, None)
        if items is not None:
            items.end(None if message.error is None else HubError(message.error))
            self._stop_uploads(invocation_id)

    async def _called(self, message: Invocation) -> None:
        target = self._handlers.find(message.target)
        if target is not None:
            if target.put(message, self):
                await self._hold(target.mailbox, message.target)
            return
        name = message.target[:_MAX_NAME_LENGTH]
        if name not in self._strangers and len(self._strangers) < _MAX_STRANGERS:
            # Once for each, because a server that calls it will do so again and again.
            self._strangers.add(name)
            logger.warning("The server called %r, for which no handler is registered", name)
        if message.invocation_id is not None and len(self._tasks) < _MAX_REFUSALS:
            refusal = Completion(message.invocation_id, error=NO_RESULT)
            self._tasks.spawn(self._write_quietly(refusal), "signalr refusal")

    # -- back-pressure

    async def _hold_stream(self, invocation_id: str, items: Items) -> None:
        if not await self._make_room(items):
            items.items.clear()
            items.end(
                StreamOverflowError("The stream's items were not taken, while what came behind them was waited for.")
            )
            self.cancel_stream(invocation_id)

    async def _hold(self, mailbox: Mailbox[Any], name: str) -> None:
        if not await self._make_room(mailbox):
            self._wire.abort()
            raise HandlerStalledError(
                f"A handler of '{name}' takes no more calls, while what comes behind them is waited for."
            )

    async def _make_room(self, mailbox: Mailbox[Any]) -> bool:
        """Stop reading until the consumer took enough; return False when it never will.

        Reading goes on, up to a bound, while answers or acks are waited for: the consumer may be the one who waits.
        """
        limit = mailbox.capacity * self._options.read_ahead
        while len(mailbox.items) >= mailbox.capacity and not mailbox.ended and not self._ended and self._error is None:
            awaited = bool(self._pending) or self._wire.full
            if awaited and len(mailbox.items) < limit:
                return True
            taken = mailbox.taken
            mailbox.paused = self._holding = True
            self._room = asyncio.get_running_loop().create_future()
            try:
                if not awaited:
                    await self._room
                elif (
                    not await is_done_within(self._clock, self._room, self._options.stall_timeout)
                    and mailbox.taken == taken
                ):
                    return False
            finally:
                self._room = None
                self._holding = False
                self._received_at = self._clock.now()
        return True

    # -- keeping alive

    async def _heartbeat(self) -> None:
        """Send pings, and end a connection whose server is silent."""
        clock, options = self._clock, self._options
        next_ping = clock.now() + options.keep_alive
        ping: asyncio.Task[None] | None = None
        while True:
            await clock.sleep(max(0.0, min(next_ping, self._received_at + options.server_timeout) - clock.now()))
            now = clock.now()
            if self._holding or self._wire.quiet:
                # While reading is paused, silence of the server cannot be measured.
                self._received_at = now
            if now - self._received_at >= options.server_timeout:
                silence = ServerTimeoutError(f"Nothing was heard of the server for {options.server_timeout:g} s.")
                if not self._wire.expire():
                    self._fail(silence)
                    self.wake()
                    return
                self._received_at = now
            if now >= next_ping:
                next_ping = now + options.keep_alive
                # A ping that a full socket holds back must not hold back the watch over the server.
                if (ping is None or ping.done()) and not self._wire.quiet:
                    ping = self._tasks.spawn(self._write_quietly(Ping()), "signalr ping")


def reconnects(error: ClientError) -> bool:
    """Return whether a connection that ended so is to be made again."""
    return not isinstance(error, ClosedByServerError) or error.allow_reconnect
