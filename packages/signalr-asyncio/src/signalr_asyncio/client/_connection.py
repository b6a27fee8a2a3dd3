# ruff: noqa: ASYNC109 - `invoke` ends its invocation on the server at its timeout, which asyncio.timeout cannot
"""`HubConnection`: start, stop, invocations and automatic reconnect of a client connection."""

from __future__ import annotations

import asyncio
import enum
import itertools
import logging
import random as random_module
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from signalr_asyncio._clock import Clock, LoopClock
from signalr_asyncio._tasks import Tasks
from signalr_asyncio.client._credentials import TokenSource
from signalr_asyncio.client._exceptions import ConnectError, ConnectionLostError, NotConnectedError
from signalr_asyncio.client._handlers import Handler, Handlers, Notifier
from signalr_asyncio.client._link import Connector
from signalr_asyncio.client._mailbox import Mailbox
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._retry import RetryPolicy
from signalr_asyncio.client._session import Session, reconnects
from signalr_asyncio.client._stateful import ResumableWire
from signalr_asyncio.client._streams import Stream, decode
from signalr_asyncio.client._transports import LongPolling, ServerSentEvents, TransportFactory, WebSockets
from signalr_asyncio.client._urls import http_url, shown
from signalr_asyncio.client._wire import PlainWire, Wire
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.json import JsonHubProtocol

logger = logging.getLogger("signalr_asyncio.client")

T = TypeVar("T")


class ConnectionState(enum.Enum):
    """Where a connection is in its life."""

    DISCONNECTED = "Disconnected"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    RECONNECTING = "Reconnecting"
    DISCONNECTING = "Disconnecting"


class HubConnection:
    """A connection to one hub.

    It belongs to the event loop that starts it, and may be stopped and started again. Calls may be made from any number
    of tasks at the same time.

    Parameters
    ----------
    url
        The hub's URL: `http`, `https`, `ws` or `wss`.
    token
        A bearer token, or a function (sync or async) that is asked for one at each connect and reconnect. It travels in
        the `Authorization` header only, and appears in no log and no exception.
    protocol
        The encoding; JSON if not given.
    headers
        Headers to send with each request.
    transports
        Transports in order of preference; the first one that the server offers and that can be opened is used.
    skip_negotiation
        Open a WebSocket at once; `transports` must then be `(WebSockets,)` or begin with it.
    reconnect
        When to come back after the connection was lost; None for not at all.
    stateful
        Ask the server to keep messages while the transport is away, so that a short interruption loses nothing and is
        not seen by the calls. Where the server does not know how, or has forgotten the connection, it is as without.
    options
        Limits and times.
    clock
        The source of time for keep-alive, timeouts and back-off.
    random
        Returns a uniformly random number of [0, 1), for the jitter of `reconnect`.

    Raises
    ------
    ValueError
        When the URL or a combination of arguments cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        token: TokenSource = None,
        protocol: HubProtocol | None = None,
        headers: Mapping[str, str] | None = None,
        transports: Sequence[TransportFactory] = (WebSockets, ServerSentEvents, LongPolling),
        skip_negotiation: bool = False,
        reconnect: RetryPolicy | None = RetryPolicy.default(),  # noqa: B008 - an immutable value
        stateful: bool = False,
        options: ClientOptions | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        if not transports:
            raise ValueError("at least one transport is needed")
        if skip_negotiation and transports[0].name != WebSockets.name:
            raise ValueError("only WebSockets can be opened without negotiation")
        if skip_negotiation and stateful:
            raise ValueError("a stateful connection has to be negotiated")
        self._options = options or ClientOptions()
        self._protocol: HubProtocol = protocol or JsonHubProtocol()
        self._reconnect = reconnect
        self._clock = clock or LoopClock()
        self._random = random
        self._connector = Connector(
            url=http_url(url),
            token=token,
            headers=dict(headers or {}),
            protocol=self._protocol,
            transports=tuple(transports),
            skip_negotiation=skip_negotiation,
            stateful=stateful,
            options=self._options,
        )
        self._ids = itertools.count()
        self._tasks = Tasks(logger)
        self._handlers = Handlers(self._options.handler_buffer, self._wake, self._tasks)
        self._notifier = Notifier(self._tasks)
        self._callbacks: dict[str, list[Handler]] = {"reconnecting": [], "reconnected": [], "close": []}
        self._state = ConnectionState.DISCONNECTED
        self._connection_id: str | None = None
        self._session: Session | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._connected_at = 0.0
        self._attempts = 0

    def __repr__(self) -> str:
        return f"<HubConnection to {shown(self._connector.url)}: {self._state.value}>"

    @property
    def state(self) -> ConnectionState:
        """Where the connection is in its life."""
        return self._state

    @property
    def connection_id(self) -> str | None:
        """The server's name for this connection; None while there is none, and without negotiation."""
        return self._connection_id

    # -- life

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        ConnectError
            When no connection could be made; a kind of it says more where more is known.
        RuntimeError
            When the connection is not disconnected.
        """
        if self._state is not ConnectionState.DISCONNECTED:
            raise RuntimeError(f"a connection that is {self._state.value.lower()} cannot be started")
        self._state = ConnectionState.CONNECTING
        started: asyncio.Future[ConnectError | None] = asyncio.get_running_loop().create_future()
        supervisor = asyncio.get_running_loop().create_task(self._supervise(started), name="signalr connection")
        supervisor.add_done_callback(_report)
        self._supervisor = supervisor
        try:
            # The supervisor always ends, because each of its steps does; `wait` does not cancel it with its caller.
            await asyncio.wait((started, supervisor), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.stop()
            raise
        if not started.done():
            # It ended without connecting: stopped by another task, or broken, which must be seen.
            if not supervisor.cancelled():
                supervisor.result()
            raise ConnectError("the connection was stopped before it was made")
        failure = started.result()
        if failure is not None:
            raise failure

    async def stop(self) -> None:
        """Disconnect, in bounded time. Handlers that run are waited for, and cancelled when they take too long."""
        supervisor = self._supervisor
        if supervisor is None:
            return
        self._state = ConnectionState.DISCONNECTING
        if self._session is not None:
            await self._session.close()
            await asyncio.wait((supervisor,), timeout=self._options.stop_timeout)
        supervisor.cancel()
        await asyncio.wait((supervisor,))
        await self._tasks.finish(self._options.stop_timeout)
        self._handlers.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    # -- calls

    @overload
    async def invoke(self, target: str, *args: object, result_type: type[T], timeout: float | None = None) -> T: ...

    @overload
    async def invoke(
        self, target: str, *args: object, result_type: object = None, timeout: float | None = None
    ) -> Any: ...  # noqa: ANN401 - plain values, or what a type form describes that is no class

    async def invoke(self, target: str, *args: object, result_type: Any = None, timeout: float | None = None) -> Any:
        """Call a method of the hub and return its result.

        Cancelling the waiting task cancels the invocation on the server.

        Parameters
        ----------
        target
            The method's name.
        *args
            Its arguments. Each asynchronous iterable among them is uploaded item by item.
        result_type
            What to decode the result as; without it, plain dicts, lists, strings, numbers, booleans and None.
        timeout
            How long to wait for the answer, in seconds; None for as long as the connection lasts.

        Raises
        ------
        NotConnectedError
            When there is no connection.
        HubError
            When the method answered with an error.
        ConnectionLostError
            When the connection went away before the answer came; the method may or may not have run.
        InvocationTimeoutError
            When the answer did not come within `timeout`.
        PayloadMismatchError
            When the result does not fit `result_type`.
        TooManyInvocationsError
            When `ClientOptions.max_pending` answers are waited for already.
        signalr_asyncio.protocol.codec.EncodeError
            When an argument cannot be encoded; nothing was sent.
        """
        completion = await self._connected().invoke(target, args, timeout)
        return decode(completion.result if completion.has_result else None, result_type, f"The result of '{target}'")

    async def send(self, target: str, *args: object) -> None:
        """Call a method of the hub without waiting for an answer; arguments as for `invoke`.

        Raises
        ------
        NotConnectedError, ConnectionLostError, signalr_asyncio.protocol.codec.EncodeError
            As `invoke`.
        """
        await self._connected().send(target, args)

    @overload
    def stream(
        self, target: str, *args: object, item_type: type[T], buffer: int | None = None, latest_only: bool = False
    ) -> Stream[T]: ...

    @overload
    def stream(
        self, target: str, *args: object, item_type: object = None, buffer: int | None = None, latest_only: bool = False
    ) -> Stream[Any]: ...

    def stream(
        self, target: str, *args: object, item_type: Any = None, buffer: int | None = None, latest_only: bool = False
    ) -> Stream[Any]:
        """Call a streaming method of the hub and iterate over its items.

        Parameters
        ----------
        target
            The method's name.
        *args
            Its arguments. Each asynchronous iterable among them is uploaded item by item.
        item_type
            What to decode each item as; without it, plain values.
        buffer
            Items kept for the reader; `ClientOptions.stream_buffer` if not given.
        latest_only
            What happens when the buffer is full: the oldest item is dropped; or else reading from the server pauses,
            for everything on this connection, until the reader has caught up. In a pause that answers are waited for,
            the buffer may grow to `ClientOptions.read_ahead` times its size.

        Returns
        -------
        Stream
            An asynchronous iterator, and a context manager that cancels the stream at its end.
        """
        items: Mailbox[Any] = Mailbox(
            self._options.stream_buffer if buffer is None else buffer, self._wake, latest_only=latest_only
        )
        return Stream(self._connected, items, target, args, item_type)

    # -- calls of the server

    def on(self, target: str, handler: Handler, types: Sequence[Any] | None = None) -> Callable[[], None]:
        """Have the server's calls of `target` handled.

        Handlers of one target run one after another, in the order of the calls. What a handler raises is logged. Where
        the server waits for a result, it gets what the handler returns.

        Parameters
        ----------
        target
            The name that the server calls; case does not matter.
        handler
            A function, sync or async.
        types
            What to decode the arguments as. Arguments beyond them are passed over; without `types`, all are handed over
            as plain values.

        Returns
        -------
        Callable
            Removes the handler.
        """
        return self._handlers.on(target, handler, types)

    def on_reconnecting(self, callback: Callable[[ConnectionLostError], object]) -> None:
        """Have `callback(error)` called when the connection was lost and is to be made again."""
        self._callbacks["reconnecting"].append(callback)

    def on_reconnected(self, callback: Callable[[str | None], object]) -> None:
        """Have `callback(connection_id)` called when the connection is back, with a new id and nothing remembered."""
        self._callbacks["reconnected"].append(callback)

    def on_close(self, callback: Callable[[ConnectionLostError | None], object]) -> None:
        """Have `callback(error)` called when the connection has ended for good; None after `stop()`."""
        self._callbacks["close"].append(callback)

    # -- inside

    def _connected(self) -> Session:
        if self._session is None:
            raise NotConnectedError(f"There is no connection; it is {self._state.value.lower()}.")
        return self._session

    def _wake(self) -> None:
        if self._session is not None:
            self._session.wake()

    def _next_id(self) -> str:
        return str(next(self._ids))

    async def _supervise(self, started: asyncio.Future[ConnectError | None]) -> None:
        reason: ConnectionLostError | None = None
        was_connected = False
        try:
            try:
                session = await self._connect()
            except ConnectError as error:
                started.set_result(error)
                return
            was_connected = True
            self._attempts = 0
            started.set_result(None)
            while True:
                reason = await session.run()
                self._session = self._connection_id = None
                if reason is None or self._stopping or self._reconnect is None or not reconnects(reason):
                    return
                next_session, reason = await self._come_back(reason, self._reconnect)
                if next_session is None:
                    return
                session = next_session
                self._notifier.notify(self._callbacks["reconnected"], self._connection_id)
        except asyncio.CancelledError:
            # Only `stop()` cancels this task.
            reason = None
        finally:
            self._session = self._connection_id = self._supervisor = None
            self._state = ConnectionState.DISCONNECTED
            if was_connected:
                self._notifier.notify(self._callbacks["close"], reason)

    @property
    def _stopping(self) -> bool:
        return self._state is ConnectionState.DISCONNECTING

    async def _connect(self) -> Session:
        link = await self._connector.connect()
        wire: Wire
        if link.reopening is None:
            wire = PlainWire(link, self._protocol)
        else:
            wire = ResumableWire(
                link, self._protocol, self._options, self._clock, self._reconnect or RetryPolicy.default(), self._random
            )
        self._session = session = Session(wire, self._handlers, self._options, self._clock, self._next_id)
        self._connection_id = link.connection_id
        self._connected_at = self._clock.now()
        self._state = ConnectionState.CONNECTED
        return session

    async def _come_back(
        self, lost: ConnectionLostError, policy: RetryPolicy
    ) -> tuple[Session | None, ConnectionLostError]:
        """Try to connect as the policy says; return the session, or None and why there is none."""
        self._state = ConnectionState.RECONNECTING
        logger.info("%s Reconnecting.", lost)
        self._notifier.notify(self._callbacks["reconnecting"], lost)
        since = self._clock.now()
        if since - self._connected_at >= policy.stable_after:
            self._attempts = 0
        failure: ConnectError | None = None
        while True:
            delay = policy.delay(self._attempts, self._clock.now() - since, self._random)
            if delay is None:
                break
            self._attempts += 1
            await self._clock.sleep(delay)
            try:
                return await self._connect(), lost
            except ConnectError as error:
                failure = error
                logger.info("Attempt %d to reconnect failed: %s", self._attempts, error)
        if failure is None:
            return None, lost
        end = ConnectionLostError(f"{lost} It could not be made again: {failure}")
        end.__cause__ = failure
        return None, end


def _report(supervisor: asyncio.Task[None]) -> None:
    """Make a failure of our own seen; what the network does never ends the supervisor so."""
    if not supervisor.cancelled() and (error := supervisor.exception()) is not None:
        logger.error("The connection ended by an internal failure", exc_info=error)
