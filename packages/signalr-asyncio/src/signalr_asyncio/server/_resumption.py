"""Server-side stateful reconnect: resumes a session over a new transport."""

from __future__ import annotations

import asyncio

from signalr_asyncio.protocol.buffer import MessageBuffer
from signalr_asyncio.protocol.messages import Ack, HubMessage, Ping, SequenceStart
from signalr_asyncio.server._inbound_queue import InboundQueue

_ACK_EVERY = 1.0


class Resumption:
    """The memory of one connection across its transports.

    Parameters
    ----------
    buffer
        Keeps what was sent, and knows what was received.
    inbound
        Handles what was received.
    now
        The clock's time.

    Attributes
    ----------
    away_since
        Since when no transport carries the connection; `None` while one does.
    held_since
        Since when nothing is read because too much waits.
    given_up
        Whether the client was away for too long.
    """

    __slots__ = ("_last_ack", "_returned", "away_since", "buffer", "given_up", "held_since", "inbound")

    def __init__(self, buffer: MessageBuffer, inbound: InboundQueue, now: float) -> None:
        self.buffer = buffer
        self.inbound = inbound
        self.away_since: float | None = None
        self.held_since: float | None = None
        self.given_up = False
        self._last_ack = now
        self._returned: asyncio.Future[bool] | None = None

    def take(self, message: HubMessage) -> None:
        """Take a message: acks at once, whatever waits; what carries work in its turn, and each only once."""
        if self.buffer.accept(message) and not isinstance(message, Ping):
            self.inbound.put(message)

    async def room(self, now: float) -> None:
        """Wait until more may be read."""
        if self.inbound.full:
            self.held_since = now
            try:
                await self.inbound.room()
            finally:
                self.held_since = None

    def stuck_for(self, now: float) -> float:
        """Return for how many seconds both sides have waited: the client for us to read on, we for its acks."""
        return now - self.held_since if self.held_since is not None and self.buffer.is_full else 0.0

    def ack(self, now: float) -> Ack | None:
        """Return the ack that is due, if there is one."""
        if now - self._last_ack < _ACK_EVERY:
            return None
        ack = self.buffer.ack(len(self.inbound))
        if ack is not None:
            self._last_ack = now
        return ack

    def leave(self, now: float) -> None:
        """Take note that no transport carries the connection."""
        if self.away_since is None:
            self.away_since = now

    async def absence(self, now: float) -> bool:
        """Wait for the client to come back; False when it was given up."""
        if self.given_up:
            return False
        self._returned = asyncio.get_running_loop().create_future()
        self.leave(now)
        return await self._returned

    def give_up(self) -> None:
        """Wait no longer for the client."""
        self.given_up = True
        self.inbound.lift_limit()
        self._settle(came_back=False)

    def come_back(self) -> tuple[SequenceStart, tuple[bytes, ...]]:
        """Go on over a new transport; returns what goes out first, as `MessageBuffer.resume`."""
        first = self.buffer.resume()
        self.away_since = None
        self._settle(came_back=True)
        return first

    def _settle(self, *, came_back: bool) -> None:
        if self._returned is not None and not self._returned.done():
            self._returned.set_result(came_back)
