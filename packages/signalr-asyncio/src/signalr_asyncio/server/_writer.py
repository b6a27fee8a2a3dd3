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

    There is no task while there is nothing to send. At any moment at most one task sends; the others only queue.

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
    sending_since
        Since when the transport has not taken a frame that it was given.
    last
        When a frame was last given to the transport.
    """

    __slots__ = (
        "_counters",
        "_failed",
        "_flushing",
        "_now",
        "_sent",
        "_task",
        "away",
        "direct",
        "last",
        "outbox",
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
        # The current sender: the task that empties the queue, or a caller's own task.
        self._task: asyncio.Task[Any] | None = None
        self._flushing: asyncio.Task[None] | None = None
        # Where `finish` waits for the latter.
        self._sent: asyncio.Future[None] | None = None
        self.direct = True

    def flush_soon(self) -> None:
        """Send the queued records, in a new task if none is sending."""
        if self._task is None and self.outbox and not self.away:
            self._task = self._flushing = asyncio.get_running_loop().create_task(self._flush())

    @property
    def idle(self) -> bool:
        """Whether a record may bypass the queue: no task is sending, so no record waits."""
        return self._task is None and self.direct

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
        joined_below = outbox.frame_limit
        task = asyncio.current_task()
        sent = 0
        async for item in items:
            record = encode(item)
            size = len(record)
            if self._task is None and size >= joined_below and self.direct:
                # It has a frame of its own anyway, and nothing is before it: the queue would only cost time. This is
                # `send` once more, since a call for each item would be felt.
                self._task = task
                self.sending_since = self.last = now()
                try:
                    await transport.send(record)
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
            # By the queue even when it is empty: a stream that has more at once fills it, and it goes out together.
            elif not post(record):
                return
            elif outbox.crowded:
                await outbox.drain()

    async def finish(self) -> None:
        """Wait until what waits has been sent, or cannot be."""
        if self._task is not None and self._task is not self._flushing:
            # The sender bypasses the queue and may have other work afterwards.
            self._sent = asyncio.get_running_loop().create_future()
            await self._sent
        self.flush_soon()
        if self._task is not None and not self.away:
            await asyncio.wait([self._task])

    def _freed(self) -> None:
        """Send the records that were queued during a send that bypassed the queue."""
        if self._sent is not None:
            # The waiter may have been cancelled.
            if not self._sent.done():
                self._sent.set_result(None)
            self._sent = None
        self.flush_soon()

    def stop(self) -> None:
        """Stop the task that is sending."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.sending_since = None

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

    async def _flush(self) -> None:
        outbox, transport, now, counters = self.outbox, self.transport, self._now, self._counters
        try:
            while (frame := outbox.take()) is not None:
                self.sending_since = self.last = now()
                await transport.send(frame)
                counters.bytes_out += len(frame)
        except Exception as error:  # noqa: BLE001 - whatever the server below raises ends this connection, which logs it
            self._failed(error)
        finally:
            if self._task is asyncio.current_task():
                self.sending_since = self._task = self._flushing = None
