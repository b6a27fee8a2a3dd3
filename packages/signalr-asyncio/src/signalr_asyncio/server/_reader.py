"""Message reader of one hub connection: dispatches what the client sends, and runs calls in the task that read them.

A call begins in the reader's own task. Most methods answer without waiting for anything, and then a call costs no task
and no turn of the event loop. When a method has to wait, the task goes on as the call's own, and a new task reads. So
the method has the task, the context and the cancellation that it would have in a task made for it. To begin it in the
reader and move it to another task later would not do: `asyncio.timeout` and task groups bind to the task in which they
begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextvars import copy_context
from typing import Any, Protocol

from signalr_asyncio._clock import Clock
from signalr_asyncio._first_step import Rest
from signalr_asyncio.protocol.codec import HubProtocol, MessageParser
from signalr_asyncio.protocol.messages import HubMessage, Invocation, Ping
from signalr_asyncio.server._call import Call
from signalr_asyncio.server._calls import Calls
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._resumption import Resumption
from signalr_asyncio.server._runtime import HubRuntime
from signalr_asyncio.server._timeouts import Timeouts
from signalr_asyncio.server._transports.base import Transport
from signalr_asyncio.server._writer import Writer

MAX_CALLS_PER_TURN = 16
"""Calls that run one after another before other tasks have their turn: a client may send hundreds in one frame."""


class ReaderHost(Protocol):
    """What reading needs of its connection."""

    runtime: HubRuntime
    options: HubOptions
    writer: Writer
    resumption: Resumption | None

    @property
    def protocol(self) -> HubProtocol:
        """The encoding."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing more is sent."""
        ...

    @property
    def closing(self) -> bool:
        """Whether the server ends the connection, so that nothing more is read."""
        ...

    def dispatch(self, message: HubMessage) -> Awaitable[None] | None:
        """Handle a message; what is returned is to be awaited before the next."""
        ...

    async def return_of_client(self, transport: Transport) -> bool:
        """Wait, after a transport has ended, for the next; False when there will be none."""
        ...


class Reader:
    """Reads one connection until the client is gone, the connection closes, or a message breaks the protocol.

    Parameters
    ----------
    host
        The connection.
    calls
        Its calls.
    times
        Notes when something arrived.
    clock
        Where time comes from.
    """

    __slots__ = ("_calls", "_clock", "_cut_off", "_host", "_messages", "_over", "_parser", "_task", "_times")

    def __init__(self, host: ReaderHost, calls: Calls, times: Timeouts, clock: Clock) -> None:
        self._host = host
        self._calls = calls
        self._times = times
        self._clock = clock
        # The task that reads at the moment.
        self._task: asyncio.Task[Any] | None = None
        # Done when reading is over. None while the connection's own task reads, which it does until the first call:
        # a connection that only listens needs no second task.
        self._over: asyncio.Future[None] | None = None
        self._cut_off = False
        self._parser = host.protocol.parser(host.options.maximum_receive_message_size)
        self._messages: Iterator[HubMessage] = iter(())

    async def run(self, data: bytes) -> None:
        """Read until the end.

        Parameters
        ----------
        data
            What came behind the handshake.

        Raises
        ------
        ProtocolError
            When the client sends what is no message.
        """
        self._task = asyncio.current_task()
        try:
            await self._read(data)
            if self._over is not None:
                await self._over
        finally:
            reading, self._task = self._task, None
            if self._over is not None:
                if reading is not None:
                    reading.cancel()
                if not self._over.done():
                    self._over.cancel()

    def interrupt(self) -> bool:
        """End reading where a task of its own reads; returns False where the connection's own task does."""
        if self._over is None or self._over.done():
            return False
        self._over.set_result(None)
        return True

    def cut_off(self, turns: int = 3) -> None:
        """End the wait for more from a client that is gone, in case the server below does not end it.

        What has arrived is handed over without waiting, so a reader that waits some turns of the loop has it all.
        """
        if self._times.busy or self._host.closing or self._task is None:
            return
        if turns:
            asyncio.get_running_loop().call_soon(self.cut_off, turns - 1)
        else:
            self._cut_off = True
            self._task.cancel()

    async def _read(self, data: bytes | None, call: Call | None = None) -> bool:
        """Read on.

        Parameters
        ----------
        data
            Bytes to begin with; none when messages are left of what was read before.
        call
            A call to begin before.

        Returns
        -------
        bool
            False when another task reads from now on.
        """
        host, calls, times, clock = self._host, self._calls, self._times, self._clock
        counters, resumption, transport = host.runtime.counters, host.resumption, host.writer.transport
        parser, messages = self._parser, self._messages
        # What most messages are goes past `_handle`, unless they are counted.
        quick = resumption is None
        in_a_row = 0
        while not host.closing:
            if data:
                counters.bytes_in += len(data)
                times.last_in = clock.now()
                times.busy = True
                messages = parser.feed(data)
            elif data is None:
                if not await host.return_of_client(transport):
                    return True
                transport = host.writer.transport
                parser = host.protocol.parser(host.options.maximum_receive_message_size)
            while True:
                if call is None:
                    message = next(messages, None)
                    if message is None:
                        break
                    if type(message) is not Invocation or not quick or host.closing:
                        if not await self._handle(message):
                            return True
                        continue
                    call = calls.admit(message)
                    if call is None:
                        await calls.turn()
                        continue
                if self._over is None:
                    # A call may outlast its connection: the connection's own task becomes no call's.
                    self._over = asyncio.get_running_loop().create_future()
                    self._read_elsewhere(parser, messages, call)
                    return False
                context, work = copy_context(), calls.invoke(call)
                try:
                    waits_for = context.run(work.send, None)
                except StopIteration:
                    call = None
                    in_a_row += 1
                    if in_a_row == MAX_CALLS_PER_TURN:
                        in_a_row = 0
                        await asyncio.sleep(0)
                except asyncio.CancelledError:
                    # The method raised it: the call ends without an answer, and the reader was not cancelled.
                    call = None
                else:
                    calls.go_on_in(call, asyncio.current_task())
                    self._read_elsewhere(parser, messages)
                    await Rest(work, waits_for, context)
                    return False
            if resumption is not None:
                host.writer.flush_soon()
                await resumption.room(clock.now())
            times.busy = False
            if host.ended:
                self.cut_off()
            try:
                data = await transport.receive()
            except asyncio.CancelledError:
                if not self._cut_off or self._task is None:
                    raise
                self._cut_off = False
                self._task.uncancel()
                data = None
        return True

    def _read_elsewhere(self, parser: MessageParser, messages: Iterator[HubMessage], call: Call | None = None) -> None:
        """Let a new task read on, from the messages that are left, after it has begun `call`."""
        self._parser, self._messages = parser, messages
        self._task = asyncio.get_running_loop().create_task(self._read_on(call))

    async def _read_on(self, call: Call | None) -> None:
        over = self._over
        try:
            reads = await self._read(b"", call)
        except Exception as error:
            if self._task is not asyncio.current_task() or over is None or over.done():
                raise
            over.set_exception(error)
        except asyncio.CancelledError:
            if self._task is asyncio.current_task() and over is not None and not over.done():
                over.cancel()
            raise
        else:
            if reads and over is not None and not over.done():
                over.set_result(None)

    async def _handle(self, message: HubMessage) -> bool:
        host = self._host
        if host.closing:
            return False
        if type(message) is Ping:
            self._times.pinged = True
        elif host.resumption is not None:
            host.resumption.take(message)
        elif (waiting := host.dispatch(message)) is not None:
            await waiting
        return not host.closing
