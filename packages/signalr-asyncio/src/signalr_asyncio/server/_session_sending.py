"""What one hub connection sends: records in its outbox, and the end of a client that reads too slowly."""

from __future__ import annotations

import logging

from signalr_asyncio.server._session_times import TimedSession


class SendingSession(TimedSession):
    """The part of a session that queues and sends records.

    Attributes
    ----------
    _muted
        Nothing more is sent: the connection closes, or the client is gone.
    """

    __slots__ = ()

    _muted: bool

    @property
    def queued_bytes(self) -> int:
        """How much waits to be sent."""
        return self.writer.outbox.bytes

    def post(self, record: bytes) -> bool:
        """Queue a record and see that it gets sent; never waits. Closes a connection that has too much waiting.

        Returns
        -------
        bool
            False when the connection is closing, and nothing more will be sent.
        """
        if self._muted:
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
        if self.writer.idle and not self._muted:
            await self.writer.send(record)
        else:
            self.post(record)

    def _overflow(self) -> None:
        self.runtime.counters.overflows += 1
        self.runtime.log.write(
            logging.WARNING,
            "%s: %d bytes wait for a client that reads too slowly; closing",
            self,
            self.writer.outbox.bytes,
        )
        self.writer.outbox.clear()
        reason = "The client reads too slowly: too many bytes were waiting for it."
        self.close(f"Connection closed with an error. {reason}", reason=reason)
