"""What an encoding of the hub protocol must offer; implemented by `json` and `messagepack` beside this module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from signalr_asyncio.protocol.messages import HubMessage

TransferFormat = Literal["Text", "Binary"]


class ProtocolError(Exception):
    """The peer broke the hub protocol; the connection cannot go on."""


class HubProtocol(Protocol):
    """Turns messages into bytes and bytes into messages. Stateless: one object serves every connection."""

    @property
    def name(self) -> str:
        """The name in the handshake: `json` or `messagepack`."""
        ...

    @property
    def version(self) -> int:
        """The highest protocol version that is spoken."""
        ...

    @property
    def transfer_format(self) -> TransferFormat:
        """Whether frames are text or binary."""
        ...

    def encode(self, message: HubMessage) -> bytes:
        """Return the message as one framed record (0x1E ended, or length prefixed)."""
        ...

    def parser(self, max_message_size: int | None) -> MessageParser:
        """Return a new parser for one connection; a message longer than `max_message_size` is a `ProtocolError`."""
        ...


class MessageParser(Protocol):
    """Gathers the bytes of one connection and yields the messages complete so far."""

    def feed(self, data: bytes) -> Iterator[HubMessage]:
        """Add bytes, cut anywhere, and yield each message that they complete.

        Raises
        ------
        ProtocolError
            When the bytes are no valid message. What came before has been yielded.
        """
        ...
