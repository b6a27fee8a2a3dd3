"""Sends what waits for one client, by whichever transport carries the connection at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from signalr_asyncio.server.outbox import Outbox
from signalr_asyncio.server.runtime import HubRuntime
from signalr_asyncio.server.transports.base import Transport


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
    sending_since
        Since when the transport has not taken a frame that it was given.
    last
        When a frame was last given to the transport.
    """

    __slots__ = (
        "_clock",
        "_counters",
        "_failed",
        "_task",
        "away",
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
        self._clock = runtime.clock
        self.last = self._clock.now()
        self._counters = runtime.counters
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def flush_soon(self) -> None:
        """See that what waits gets sent, by a task of its own if nobody is at it."""
        if self._task is None and self.outbox and not self.away:
            self._task = asyncio.get_running_loop().create_task(self._flush())

    @property
    def idle(self) -> bool:
        """Whether a record may be sent past the queue: nobody is at it (so nothing waits), and nothing need be kept."""
        return self._task is None and not self.away and self.outbox.buffer is None

    async def send(self, record: bytes) -> None:
        """Send a record past the queue, for those who found `idle`; what is queued meanwhile follows."""
        task = self._task = asyncio.current_task()
        self.sending_since = self.last = self._clock.now()
        try:
            await self.transport.send(record)
            self._counters.bytes_out += len(record)
        except Exception as error:  # noqa: BLE001 - whatever the server below raises ends this connection, which logs it
            self._failed(error)
        finally:
            if self._task is task:
                self.sending_since = self._task = None
        if self.outbox:
            self.flush_soon()

    async def finish(self) -> None:
        """Wait until what waits has been sent, or cannot be."""
        self.flush_soon()
        if self._task is not None and not self.away:
            await asyncio.wait([self._task])

    def stop(self) -> None:
        """Stop whoever is sending."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.sending_since = None

    def move(self, transport: Transport) -> Transport:
        """Send by another transport from now on; returns the one before."""
        self.stop()
        before, self.transport = self.transport, transport
        self.away = False
        self.last = self._clock.now()
        return before

    async def _flush(self) -> None:
        outbox, transport, clock, counters = self.outbox, self.transport, self._clock, self._counters
        try:
            while (frame := outbox.take()) is not None:
                self.sending_since = self.last = clock.now()
                await transport.send(frame)
                counters.bytes_out += len(frame)
        except Exception as error:  # noqa: BLE001 - whatever the server below raises ends this connection, which logs it
            self._failed(error)
        finally:
            if self._task is asyncio.current_task():
                self.sending_since = None
                self._task = None
