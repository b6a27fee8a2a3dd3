"""Message wire: encodes and decodes hub messages over a link, for a session to write and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from signalr_asyncio.client._link import Link
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import HubMessage


class Wire(Protocol):
    """Carries messages. `write` may be called by many tasks, `read` by one."""

    @property
    def full(self) -> bool:
        """Whether senders wait for an ack of the server."""
        ...

    def watch(self, stopped: Callable[[], None]) -> None:
        """Have `stopped` called when one begins to."""
        ...

    @property
    def quiet(self) -> bool:
        """Whether silence of the server means nothing at the moment."""
        ...

    async def write(self, message: HubMessage) -> None:
        """Send a message.

        Raises
        ------
        TransportClosedError
            When the connection is gone.
        EncodeError
            When a value of the message cannot be encoded; nothing was sent.
        """
        ...

    async def read(self) -> Iterator[HubMessage]:
        """Return the messages that came next.

        Raises
        ------
        TransportClosedError
            When the connection is gone.
        ProtocolError
            When the bytes are no messages; also from the iterator.
        """
        ...

    def expire(self) -> bool:
        """Take note that the server was silent for too long; return whether the connection may go on nevertheless."""
        ...

    def abort(self) -> None:
        """End at once; a waiting `read` raises `TransportClosedError`."""
        ...

    async def close(self, within: float) -> None:
        """Say good-bye and free everything, within so many seconds."""
        ...


class PlainWire:
    """A connection that ends with its transport.

    Parameters
    ----------
    link
        The link, whose messages came with the handshake are read first.
    protocol
        The encoding.
    """

    __slots__ = ("_encode", "_feed", "_first", "_link", "_receive", "_send", "full", "quiet")

    def __init__(self, link: Link, protocol: HubProtocol) -> None:
        self._link = link
        self._encode = protocol.encode
        self._send = link.transport.send
        self._receive = link.transport.receive
        self._feed = link.parser.feed
        self._first: Iterator[HubMessage] | None = link.first
        self.full: bool = False
        # A poll of long polling may be answered late without meaning anything.
        self.quiet: bool = link.transport.inherent_keep_alive

    def watch(self, stopped: Callable[[], None]) -> None:
        """Do nothing: no sender waits for acks; see `Wire`."""

    async def write(self, message: HubMessage) -> None:
        """Send a message; see `Wire`."""
        await self._send(self._encode(message))

    async def read(self) -> Iterator[HubMessage]:
        """Return the messages that came next; see `Wire`."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return self._feed(await self._receive())

    def expire(self) -> bool:
        """End the transport; see `Wire`."""
        self.abort()
        return False

    def abort(self) -> None:
        """End at once; see `Wire`."""
        self._link.transport.abort()

    async def close(self, within: float) -> None:
        """Say good-bye and free everything; see `Wire`."""
        await self._link.close(within)
