"""Client-side stateful reconnect: resumes a connection over a new transport without loss or duplicates.

Source: the SignalR hub protocol specification, version 2, and `signalr_asyncio.protocol.buffer`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence

from signalr_asyncio._clock import Clock, is_done_within
from signalr_asyncio._tasks import Tasks
from signalr_asyncio.client._exceptions import ConnectError, UnknownConnectionError
from signalr_asyncio.client._link import Link
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._retry import RetryPolicy
from signalr_asyncio.client._transports.base import Transport, TransportClosedError
from signalr_asyncio.protocol.buffer import COUNTED, MessageBuffer
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import Close, HubMessage

logger = logging.getLogger("signalr_asyncio.client")

# An ack is sent this long after the first message that wants one, or after so many bytes. The bytes are well below the
# 100,000 that servers keep by default, so that a server that sends much never has to wait for the second to pass.
_ACK_DELAY = 1.0
_ACK_BYTES = 32 * 1024


class ResumableWire:
    """A connection that outlives its transport.

    Parameters
    ----------
    link
        The link, which can be reopened.
    protocol
        The encoding.
    options
        Limits and times.
    clock
        For acks and for the pauses between attempts.
    policy
        The pauses between attempts to resume; the first attempt is made at once.
    random
        For the jitter of the pauses.
    """

    def __init__(
        self,
        link: Link,
        protocol: HubProtocol,
        options: ClientOptions,
        clock: Clock,
        policy: RetryPolicy,
        random: Callable[[], float],
    ) -> None:
        if link.reopening is None:
            raise ValueError("this link cannot be reopened")
        self._factory, self._endpoint = link.reopening
        self._link = link
        self._protocol = protocol
        self._options = options
        self._clock = clock
        self._policy = policy
        self._random = random
        self._transport: Transport = link.transport
        self._parser = link.parser
        self._first: Iterator[HubMessage] | None = link.first
        self._buffer = MessageBuffer(options.resend_buffer)
        self._late: list[bytes] = []
        # No transport carries the connection; and, until all is sent again, what is new waits behind what is old.
        self._away = False
        self._catching_up = False
        self._ended = False
        self._room: asyncio.Event = asyncio.Event()
        self._reopening: asyncio.Task[Transport] | None = None
        self._resending: asyncio.Task[None] | None = None
        self._lost_since: float | None = None
        self._attempt = 0
        self._unacked_bytes = 0
        self._ack_wanted: asyncio.Future[None] | None = None
        self._tasks = Tasks(logger)
        self._writers = 0
        self._stopped: Callable[[], None] = lambda: None

    @property
    def full(self) -> bool:
        """Whether senders wait for an ack; see `Wire`."""
        return self._writers > 0

    def watch(self, stopped: Callable[[], None]) -> None:
        """Have `stopped` called when a sender begins to wait; see `Wire`."""
        self._stopped = stopped

    @property
    def quiet(self) -> bool:
        """Whether silence of the server means nothing: while the transport is away."""
        return self._away

    async def write(self, message: HubMessage) -> None:
        """Send a message, now or once the transport is back; see `Wire`.

        Waits while more than `ClientOptions.resend_buffer` bytes are not acknowledged.
        """
        record = self._protocol.encode(message)
        if isinstance(message, COUNTED):
            while self._buffer.is_full and not self._ended:
                await self._acked()
            if self._ended:
                raise TransportClosedError("the connection has ended")
            self._buffer.keep(message, record)
            if self._catching_up:
                # The resend takes what is kept when it begins; this is what comes after.
                self._late.append(record)
                return
        elif self._ended:
            raise TransportClosedError("the connection has ended")
        elif self._away:
            return
        await self._send(record)

    async def read(self) -> Iterator[HubMessage]:
        """Return the messages that came next, resuming where the transport ended; see `Wire`."""
        if self._first is not None:
            first, self._first = self._first, None
            return self._accepted(first, 1)
        while True:
            try:
                data = await self._transport.receive()
            except TransportClosedError as error:
                if self._ended:
                    raise
                await self._resume(error)
                continue
            self._lost_since, self._attempt = None, 0
            return self._accepted(self._parser.feed(data), len(data))

    def expire(self) -> bool:
        """Let a silent transport go, and resume; see `Wire`."""
        self._transport.abort()
        return True

    def abort(self) -> None:
        """End at once; see `Wire`."""
        self._end()
        self._transport.abort()

    async def close(self, within: float) -> None:
        """Say good-bye and free everything; see `Wire`."""
        self._end()
        await self._tasks.stop(within)
        self._link.transport = self._transport
        await self._link.close(within)

    def _end(self) -> None:
        self._ended = True
        self._room.set()
        if self._reopening is not None:
            self._reopening.cancel()

    def _accepted(self, messages: Iterator[HubMessage], size: int) -> Iterator[HubMessage]:
        accept, buffer = self._buffer.accept, self._buffer
        for message in messages:
            if accept(message):
                if isinstance(message, Close):
                    # After it, the end of the transport is the end.
                    self._end()
                yield message
            elif not self._room.is_set() and not buffer.is_full:
                self._room.set()
        # Only now, since a reader that pauses in the middle has not taken what comes behind.
        self._want_ack(size)

    async def _acked(self) -> None:
        self._room.clear()
        self._writers += 1
        self._stopped()
        try:
            await self._room.wait()
        finally:
            self._writers -= 1

    async def _send(self, record: bytes) -> None:
        try:
            await self._transport.send(record)
        except TransportClosedError:
            # The reader finds out too, and resumes; what counts is in the buffer.
            if self._ended:
                raise

    # -- acks

    def _want_ack(self, size: int) -> None:
        self._unacked_bytes += size
        wanted = self._ack_wanted
        if wanted is None:
            wanted = self._ack_wanted = asyncio.get_running_loop().create_future()
            self._tasks.spawn(self._acknowledge(wanted), "signalr ack")
        if self._unacked_bytes >= _ACK_BYTES and not wanted.done():
            wanted.set_result(None)

    async def _acknowledge(self, urgent: asyncio.Future[None]) -> None:
        await is_done_within(self._clock, urgent, _ACK_DELAY)
        self._ack_wanted = None
        self._unacked_bytes = 0
        if self._away or self._ended:
            return
        ack = self._buffer.ack()
        if ack is not None:
            await self._send(self._protocol.encode(ack))

    # -- coming back

    async def _resume(self, lost: TransportClosedError) -> None:
        """Open a new transport for the same connection, and send again what was not acknowledged.

        Raises
        ------
        TransportClosedError
            When the server has forgotten the connection, or could not be reached in time.
        """
        self._away = self._catching_up = True
        logger.info("The transport was lost (%s); resuming the connection", lost)
        await self._close_quietly(self._transport)
        if self._resending is not None:
            # It wrote to the transport that is closed now, and must not take what is for the next.
            self._resending.cancel()
            await asyncio.wait((self._resending,))
        self._transport = transport = await self._reopened(lost)
        self._parser = self._protocol.parser(self._options.max_message_size)
        sequence, records = self._buffer.resume()
        self._late.clear()
        try:
            await transport.send(self._protocol.encode(sequence))
        except TransportClosedError:
            # It is gone again; the next `receive` says so.
            return
        self._away = False
        # Reading goes on meanwhile: the server sends again too, and might not read before it has.
        self._resending = self._tasks.spawn(self._resend(transport, records), "signalr resend")

    async def _resend(self, transport: Transport, records: Sequence[bytes]) -> None:
        try:
            for record in records:
                await transport.send(record)
            while self._late:
                late, self._late = self._late, []
                for record in late:
                    await transport.send(record)
        except TransportClosedError:
            # The next resume sends everything anew.
            return
        self._catching_up = False
        logger.info("The connection was resumed")

    async def _reopened(self, lost: TransportClosedError) -> Transport:
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(lost), name="signalr resume")
        try:
            # `_end` cancels the task; that is not a cancellation of this one.
            await asyncio.wait((self._reopening,))
        finally:
            self._reopening.cancel()
        if self._reopening.cancelled():
            raise TransportClosedError("the connection was stopped")
        transport = self._reopening.result()
        if self._ended:
            await self._close_quietly(transport)
            raise TransportClosedError("the connection was stopped")
        return transport

    async def _reopen(self, lost: TransportClosedError) -> Transport:
        # The count goes on over transports that open and bring nothing, so that these do not make a busy loop.
        while True:
            now = self._clock.now()
            if self._lost_since is None:
                self._lost_since = now
            elapsed = now - self._lost_since
            delay = self._policy.delay(self._attempt - 1, elapsed, self._random) if self._attempt else 0.0
            if delay is None or elapsed + delay > self._options.resume_timeout:
                raise TransportClosedError(f"{lost}; it could not be resumed in time")
            self._attempt += 1
            if delay:
                await self._clock.sleep(delay)
            try:
                await self._endpoint.credentials.refresh()
                return await self._factory.connect(self._endpoint, self._protocol.transfer_format)
            except UnknownConnectionError:
                raise TransportClosedError(f"{lost}; the server does not know the connection any more") from None
            except ConnectError as error:
                logger.info("Attempt %d to resume failed: %s", self._attempt, error)

    async def _close_quietly(self, transport: Transport) -> None:
        transport.abort()
        try:
            async with asyncio.timeout(self._options.stop_timeout):
                await transport.close()
        except (TimeoutError, TransportClosedError):
            logger.debug("A transport that was lost did not close in time")
