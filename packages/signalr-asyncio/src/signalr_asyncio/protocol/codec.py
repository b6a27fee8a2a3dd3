"""Hub protocol interface: encoder and incremental parser, implemented by `json` and `messagepack`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from signalr_asyncio.protocol.messages import HubMessage

__all__ = [
    "HubProtocol",
    "MessageParser",
    "TransferFormat",
    "PROTOCOL_VERSION",
    "ProtocolError",
    "EncodeError",
]

TransferFormat = Literal["Text", "Binary"]

PROTOCOL_VERSION = 2
"""The highest version of the hub protocol that both encodings speak: 2 adds acks and sequences to 1."""


class ProtocolError(Exception):
    """The peer broke the hub protocol; the connection cannot go on."""


class EncodeError(ValueError):
    """A value to be sent has no form in the encoding; the connection is unharmed, nothing was written."""


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
        """Return the message as one framed record (0x1E ended, or length prefixed).

        Raises
        ------
        EncodeError
            When a value of the message has no form in this encoding.
        """
        ...

    def item_encoder(self, invocation_id: str) -> Callable[[object], bytes]:
        """Return what encodes the items of one stream, each as `encode` would encode its `StreamItem`, but faster.

        What is the same in all of them is made once. The function raises as `encode`.
        """
        ...

    def parser(self, max_message_size: int | None) -> MessageParser:
        """Return a new parser for one connection.

        Parameters
        ----------
        max_message_size
            The most bytes one framed record may have, its separator or length prefix included; a longer one is a
            `ProtocolError`. `None` sets no limit, for peers that are trusted.
        """
        ...


class MessageParser(Protocol):
    """Gathers the bytes of one connection and yields the messages complete so far."""

    def feed(self, data: bytes) -> Iterator[HubMessage]:
        """Add bytes, cut anywhere, and yield each message that they complete.

        The bytes count as added with the call, whether or not the iterator is read to its end.

        Raises
        ------
        ProtocolError
            When the bytes are no valid message. What came before has been yielded; the parser is of no more use.
        """
        ...
