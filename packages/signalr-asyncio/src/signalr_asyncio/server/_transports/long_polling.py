"""Server long polling transport: each poll is answered with the records queued since the last one."""

from __future__ import annotations

import asyncio
from enum import Enum, auto

from signalr_asyncio._clock import Clock
from signalr_asyncio.protocol.codec import TransferFormat
from signalr_asyncio.server._options import TransportType
from signalr_asyncio.server._responses import Receive
from signalr_asyncio.server._transports.base import Inbox, TransportClosedError


class PollEnd(Enum):
    """Why a poll ends without data."""

    TIMEOUT = auto()
    REPLACED = auto()
    CLOSED = auto()
    GONE = auto()


class LongPollingTransport:
    """The polls of one client, one at a time; a new one replaces the one before.

    Parameters
    ----------
    inbox
        What the client's requests bring.
    clock
        Where time comes from.
    poll_timeout
        An empty poll ends after so many seconds.
    """

    kind = TransportType.LONG_POLLING
    formats: tuple[TransferFormat, ...] = ("Text", "Binary")
    keeps_itself_alive = True
    gone_errors: tuple[type[Exception], ...] = ()

    def __init__(self, inbox: Inbox, clock: Clock, poll_timeout: float) -> None:
        self.inbox = inbox
        self.idle_since: float | None = clock.now()
        """Since when no poll waits; `None` while one does."""
        self._clock = clock
        self._poll_timeout = poll_timeout
        self._closed = False
        self._frame: bytes | None = None
        self._taken: asyncio.Future[None] | None = None
        self._poll: asyncio.Future[bytes | PollEnd] | None = None

    def use(self, transfer_format: TransferFormat) -> None:
        """Do nothing: an answer's body is bytes in either."""

    async def poll(self, receive: Receive) -> bytes | PollEnd:
        """Wait for data.

        Parameters
        ----------
        receive
            The poll's own request, which ends when the client gives it up.

        Returns
        -------
        bytes or PollEnd
            One frame, or why there is none.
        """
        self._end_poll(PollEnd.REPLACED)
        poll = self._poll = asyncio.get_running_loop().create_future()
        self.idle_since = None
        if self._closed and self._frame is None:
            poll.set_result(PollEnd.CLOSED)
        self._match()
        handle = self._clock.call_later(self._poll_timeout, lambda: _settle(poll, PollEnd.TIMEOUT))
        watching = asyncio.ensure_future(_watch(receive, poll))
        try:
            return await poll
        finally:
            handle.cancel()
            watching.cancel()
            if self._poll is poll:
                self._poll = None
                self.idle_since = self._clock.now()

    async def receive(self) -> bytes | None:
        """Return what the client's requests brought."""
        return await self.inbox.get()

    async def send(self, frame: bytes) -> None:
        """Hand one frame to the poll that waits, or to the next."""
        if self._closed:
            raise TransportClosedError
        self._frame = frame
        self._taken = asyncio.get_running_loop().create_future()
        self._match()
        await self._taken

    async def close(self, *, failed: bool) -> None:  # noqa: ARG002 - the Close message has said it
        """End the poll that waits."""
        self.abandon()

    def abandon(self) -> None:
        """End it."""
        self._closed = True
        self.inbox.close()
        if self._taken is not None and not self._taken.done():
            self._taken.set_exception(TransportClosedError())
        self._end_poll(PollEnd.CLOSED)

    def _match(self) -> None:
        if self._frame is None or self._poll is None or self._poll.done():
            return
        self._poll.set_result(self._frame)
        self._frame = None
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)

    def _end_poll(self, end: PollEnd) -> None:
        if self._poll is not None:
            _settle(self._poll, end)


def _settle(poll: asyncio.Future[bytes | PollEnd], end: PollEnd) -> None:
    if not poll.done():
        poll.set_result(end)


async def _watch(receive: Receive, poll: asyncio.Future[bytes | PollEnd]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    _settle(poll, PollEnd.GONE)
