"""Writer: sends the outbox of one client over the connection's current transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from signalr_asyncio.server._outbox import Outbox
from signalr_asyncio.server._runtime import HubRuntime
from signalr_asyncio.server._transports.base import Transport

# Bytes sent past the queue before other tasks have their turn.
_BYTES_PER_TURN = 256 * 1024


class Writer:
    """The sending half of a connection.

    At any moment at most one task sends; the others only queue. What is queued is sent by the server's `Flusher`.

    Parameters
    ----------
    runtime
        What the hub's connections share.
    transport
        What carries the connection, at first.
    failed
        Called when the transport has ended, or sending failed; what was being sent is lost.

    Attributes
    ----------
    outbox
        What waits.
    transport
        What carries the connection.
    away
        True while nothing carries it: then all waits.
    direct
        Whether records may go past the queue: not with stateful reconnect, which keeps what is taken from it, nor once
        the connection closes.
    queued
        Whether the flusher will send what waits.
    sending_since
        Since when the transport has not taken a frame that it was given.
    last
        When a frame was last given to the transport.
    """

    __slots__ = (
        "_counters",
        "_failed",
        "_flusher",
        "_flushing",
        "_now",
        "_sent",
        "_task",
        "away",
        "direct",
        "last",
        "outbox",
        "queued",
        "sending_since",
        "transport",
    )

    def __init__(self, runtime: HubRuntime, transport: Transport, failed: Callable[[Exception], None]) -> None:
        options = runtime.options
        # A poll costs a round trip: it takes as much as may wait.
        frame = options.stream_high_water if transport.keeps_itself_alive else options.coalesce_limit
        self.outbox = Outbox(options.maximum_outgoing_bytes, options.stream_high_water, frame)
        self.transport = transport
        self.away = False
        self.sending_since: float | None = None
        self._now = runtime.clock.now
        self.last = self._now()
        self._counters = runtime.counters
        self._failed = failed
        self._flusher = runtime.flusher
        # The task that waits until a frame has been taken: a caller's own, or one of the flusher's.
        self._task: asyncio.Task[Any] | None = None
        self._flushing = False
        # Where `finish` waits for the end of what is being sent.
        self._sent: asyncio.Future[None] | None = None
        self.queued = False
        self.direct = True

    def flush_soon(self) -> None:
        """Send the queued records at the end of this turn of the loop, if no task is sending."""
        if self._task is None and not self.queued and self.outbox and not self.away:
            self.queued = True
            self._flusher.add(self)

    @property
    def idle(self) -> bool:
        """Whether a record may bypass the queue: no task is sending, so no record waits."""
        return self._task is None and not self.queued and self.direct

    async def send(self, record: bytes) -> None:
        """Send a record past the queue, for those who found `idle`; what is queued meanwhile follows."""
        task = self._task = asyncio.current_task()
        self.sending_since = self.last = self._now()
        try:
            await self.transport.send(record)
        except Exception as error:  # noqa: BLE001 - whatever the server below raises ends this connection, which logs it
            self._failed(error)
        finally:
            if self._task is task:
                self.sending_since = self._task = None
            self._freed()
        self._counters.bytes_out += len(record)

    async def carry(
        self, items: AsyncIterator[Any], encode: Callable[[Any], bytes], post: Callable[[bytes], bool]
    ) -> None:
        """Send the items of a stream until it, or the connection, ends.

        Parameters
        ----------
        items
            The stream.
        encode
            Makes an item's record.
        post
            Queues a record; false when the connection has ended.
        """
        outbox, transport, counters, now = self.outbox, self.transport, self._counters, self._now
        joined_below, task = outbox.frame_limit, asyncio.current_task()
        sent = 0
        async for item in items:
            frame = encode(item)
            size = len(frame)
            if self._task is not None or not self.direct:
                # A send is under way, so that this one has to follow; or it is kept until the client acknowledges it.
                if not post(frame):
                    return
                if outbox.crowded:
                    await outbox.drain()
                continue
            if size < joined_below or self.queued:
                # By the queue even when it is empty: a stream that has more at once fills it, and it goes out together.
                if not outbox.put(frame):
                    post(frame)
                    return
                if outbox.bytes < joined_below:
                    if not self.queued:
                        self.flush_soon()
                    continue
                joined = outbox.take()
                if joined is None:
                    continue
                frame, size = joined, len(joined)
            # This is `send` once more, since a call more for each item costs a twentieth. The flusher passes over it.
            self._task, self.queued = task, False
            self.sending_since = self.last = now()
            try:
                await transport.send(frame)
            except Exception as error:  # noqa: BLE001 - as in `send`
                self._failed(error)
                return
            finally:
                if self._task is task:
                    self._task = self.sending_since = None
                if outbox.bytes or self._sent is not None:
                    self._freed()
            counters.bytes_out += size
            sent += size
            if sent >= _BYTES_PER_TURN:
                # A stream that never waits, to a client that takes all at once, must let others run.
                sent = 0
                await asyncio.sleep(0)

    async def finish(self) -> None:
        """Wait until what waits has been sent, or cannot be."""
        if self._task is not None and not self._flushing:
            # The sender bypasses the queue and may have other work afterwards.
            await self._end_of_sending()
        self.flush_soon()
        if (self._task is not None or self.queued) and not self.away:
            await self._end_of_sending()

    async def _end_of_sending(self) -> None:
        if self._sent is None or self._sent.done():
            self._sent = asyncio.get_running_loop().create_future()
        await self._sent

    def _freed(self) -> None:
        """Send the records that were queued during a send that bypassed the queue."""
        self._wake()
        self.flush_soon()

    def _wake(self) -> None:
        if self._sent is not None:
            # The waiter may have been cancelled.
            if not self._sent.done():
                self._sent.set_result(None)
            self._sent = None

    def stop(self) -> None:
        """Stop the task that is sending, and send no more of what is queued."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.queued = self._flushing = False
        self.sending_since = None
        self._wake()

    def discard(self) -> None:
        """Send nothing more: the client is gone."""
        self.direct = False
        self.away = True
        self.outbox.clear()

    def move(self, transport: Transport) -> Transport:
        """Send by another transport from now on; returns the one before."""
        self.stop()
        before, self.transport = self.transport, transport
        self.away = False
        self.last = self._now()
        return before

    async def flush(self) -> None:
        """Send what is queued until nothing is: the flusher calls it and reports by the two methods below."""
        outbox, transport, now, counters = self.outbox, self.transport, self._now, self._counters
        try:
            while (frame := outbox.take()) is not None:
                self.sending_since = self.last = now()
                await transport.send(frame)
                counters.bytes_out += len(frame)
        except Exception as error:  # noqa: BLE001 - whatever the server below raises ends this connection, which logs it
            self._failed(error)

    def flush_waits(self, task: asyncio.Task[Any] | None) -> None:
        """Note that `task` waits until the client has taken a frame."""
        self._task, self._flushing, self.queued = task, True, False

    def flushed(self, task: asyncio.Task[Any] | None) -> None:
        """Note that flushing has ended; `task` is the one that had to wait for it, if one had."""
        if self._task is task:
            # Else the writer was stopped meanwhile, and may be at something new.
            self._task = self.sending_since = None
            self.queued = self._flushing = False
            self._wake()
