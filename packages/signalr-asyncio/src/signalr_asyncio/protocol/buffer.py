"""Stateful reconnect buffer without I/O: unacknowledged sent messages and the received sequence number.

Both ends number, from 1, the messages that carry work (calls, items, completions, cancellations) in each direction;
pings, closes, acks and sequences are not counted. The sender keeps its messages until they are acknowledged. When a new
transport takes over the connection, each side first says with `SequenceStart` which message comes next, then sends its
kept messages again; the receiver drops those that it has already seen.

The specification says that `SequenceStart` carries the id of the next *new* message. The shipped .NET and JavaScript
implementations send the id of the first *unacknowledged* message, or one more than the count of messages when there is
none, and count on their peer to do so; this does as they do.
"""

from __future__ import annotations

from collections import deque

from signalr_asyncio.protocol.codec import ProtocolError
from signalr_asyncio.protocol.messages import (
    Ack,
    CancelInvocation,
    Completion,
    HubMessage,
    Invocation,
    SequenceStart,
    StreamInvocation,
    StreamItem,
)

__all__ = [
    "COUNTED",
    "DEFAULT_BUFFER_SIZE",
    "BufferFullError",
    "MessageBuffer",
]

COUNTED = (Invocation, StreamInvocation, StreamItem, Completion, CancelInvocation)
"""The messages that are numbered, kept and acknowledged."""

DEFAULT_BUFFER_SIZE = 100_000
"""Bytes; as ASP.NET Core and the official clients."""


class BufferFullError(Exception):
    """A message was sent although the buffer was full; the sender is to wait for room first, or to give up."""


class MessageBuffer:
    """One side's memory of one connection, across the transports that carry it.

    The owner calls `keep` with each record before it writes it, `accept` with each message that it reads, `ack` now and
    then (each second, or after so many bytes), and `resume` when a new transport takes over. A parser belongs to one
    transport: half a message of the old one is not continued on the new one.

    Parameters
    ----------
    max_bytes
        From how many kept bytes on the buffer is full. It holds at most this and one record.
    """

    __slots__ = (
        "_ack_due",
        "_acked_in",
        "_bytes",
        "_max_bytes",
        "_next_in",
        "_records",
        "_seen_in",
        "_sent",
        "_waiting",
    )

    def __init__(self, max_bytes: int = DEFAULT_BUFFER_SIZE) -> None:
        self._max_bytes = max_bytes
        self._records: deque[bytes] = deque()
        self._bytes = 0
        self._sent = 0
        self._next_in = 1
        self._seen_in = 0
        self._acked_in = 0
        self._ack_due = False
        self._waiting = False

    @property
    def kept_bytes(self) -> int:
        """How many bytes wait for an ack."""
        return self._bytes

    @property
    def is_full(self) -> bool:
        """Whether the sender has to wait for an ack before it sends more."""
        return self._bytes >= self._max_bytes

    def keep(self, message: HubMessage, record: bytes) -> None:
        """Remember a message that is about to be sent, if it is one that counts.

        Raises
        ------
        BufferFullError
            When it counts and `is_full`; nothing was remembered.
        """
        if not isinstance(message, COUNTED):
            return
        if self.is_full:
            raise BufferFullError(f"The stateful reconnect buffer of {self._max_bytes} bytes is full.")
        self._records.append(record)
        self._bytes += len(record)
        self._sent += 1

    def accept(self, message: HubMessage) -> bool:
        """Take note of a message that arrived.

        Returns
        -------
        bool
            Whether it is to be handled: false for acks and sequences, which are used up here, for messages seen before,
            and, on a new transport, for everything ahead of the peer's `SequenceStart`.

        Raises
        ------
        ProtocolError
            When the peer skips messages.
        """
        if isinstance(message, SequenceStart):
            self._start_at(message.sequence_id)
            return False
        if self._waiting:
            return False
        if isinstance(message, Ack):
            self._acknowledged(message.sequence_id)
            return False
        if not isinstance(message, COUNTED):
            return True
        id_ = self._next_in
        self._next_in += 1
        if id_ <= self._seen_in:
            # That it comes again says that the ack was lost.
            self._ack_due = True
            return False
        self._seen_in = id_
        return True

    def ack(self, unhandled: int = 0) -> Ack | None:
        """Return the ack that is to be sent now, or `None` when nothing came since the last.

        Parameters
        ----------
        unhandled
            How many of the messages accepted last are not acknowledged yet, because they wait for their turn: so the
            peer stops at the bound of its own buffer.
        """
        acked = self._seen_in - unhandled
        if not self._ack_due and acked <= self._acked_in:
            return None
        self._ack_due = False
        self._acked_in = acked
        return Ack(acked)

    def resume(self) -> tuple[SequenceStart, tuple[bytes, ...]]:
        """Go on over a new transport.

        Returns
        -------
        tuple
            The sequence message, then the records to send again after it and ahead of any other that counts.
        """
        self._waiting = True
        return SequenceStart(self._sent - len(self._records) + 1), tuple(self._records)

    def _start_at(self, sequence_id: int) -> None:
        if not 1 <= sequence_id <= self._next_in:
            raise ProtocolError("Sequence ID greater than amount of messages we've received.")
        self._next_in = sequence_id
        self._waiting = False

    def _acknowledged(self, sequence_id: int) -> None:
        first = self._sent - len(self._records) + 1
        for _ in range(first, min(sequence_id, self._sent) + 1):
            self._bytes -= len(self._records.popleft())
