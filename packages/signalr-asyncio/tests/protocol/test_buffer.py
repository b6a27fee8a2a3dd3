"""Stateful reconnect: nothing is lost, nothing comes twice, and the memory is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalr_asyncio.protocol.buffer import BufferFullError, MessageBuffer
from signalr_asyncio.protocol.codec import ProtocolError
from signalr_asyncio.protocol.messages import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Ping,
    SequenceStart,
    StreamInvocation,
    StreamItem,
)

COUNTED = [
    Invocation("T", []),
    StreamInvocation("T", [], "1"),
    StreamItem("1", 1),
    Completion("1"),
    CancelInvocation("1"),
]
UNCOUNTED = [Ping(), Close(), Ack(1), SequenceStart(1)]


def call(number: int) -> Invocation:
    return Invocation("T", [number])


def keep(buffer: MessageBuffer, *numbers: int) -> None:
    for number in numbers:
        buffer.keep(call(number), b"%d" % number)


def test_messages_with_a_sequence_number_are_buffered_and_others_are_not() -> None:
    buffer = MessageBuffer()
    for message in [*COUNTED, *UNCOUNTED]:
        buffer.keep(message, type(message).__name__.encode())
    _, records = buffer.resume()
    assert records == (b"Invocation", b"StreamInvocation", b"StreamItem", b"Completion", b"CancelInvocation")


def test_a_sequence_names_the_first_message_without_an_ack() -> None:
    buffer = MessageBuffer()
    keep(buffer, 1, 2, 3)
    buffer.accept(Ack(1))
    assert buffer.resume() == (SequenceStart(2), (b"2", b"3"))


def test_a_sequence_of_an_empty_buffer_names_the_next_message() -> None:
    buffer = MessageBuffer()
    assert buffer.resume() == (SequenceStart(1), ())
    buffer.accept(SequenceStart(1))
    keep(buffer, 1, 2)
    buffer.accept(Ack(2))
    assert buffer.resume() == (SequenceStart(3), ())


def test_acks_of_the_past_and_of_the_future_do_no_harm() -> None:
    buffer = MessageBuffer()
    keep(buffer, 1, 2)
    for id_ in (1, 1, 0, -5):
        buffer.accept(Ack(id_))
    assert buffer.resume() == (SequenceStart(2), (b"2",))
    buffer.accept(SequenceStart(1))
    buffer.accept(Ack(99))
    keep(buffer, 3)
    assert buffer.resume() == (SequenceStart(3), (b"3",))


def test_the_buffer_is_full_at_its_limit_until_an_ack_makes_room() -> None:
    buffer = MessageBuffer(max_bytes=10)
    buffer.keep(call(1), b"x" * 9)
    assert not buffer.is_full
    buffer.keep(call(2), b"y")
    assert (buffer.is_full, buffer.kept_bytes) == (True, 10)
    with pytest.raises(BufferFullError, match="10 bytes"):
        buffer.keep(call(3), b"z")
    buffer.keep(Ping(), b"never kept")
    buffer.accept(Ack(1))
    assert (buffer.is_full, buffer.kept_bytes) == (False, 1)
    assert buffer.resume() == (SequenceStart(2), (b"y",))


def test_an_ack_is_due_once_after_messages_came() -> None:
    buffer = MessageBuffer()
    assert buffer.ack() is None
    for message in COUNTED:
        assert buffer.accept(message)
    assert buffer.accept(Ping())
    assert buffer.ack() == Ack(5)
    assert buffer.ack() is None


def test_acks_and_sequences_are_used_up() -> None:
    buffer = MessageBuffer()
    assert not buffer.accept(Ack(1))
    assert not buffer.accept(SequenceStart(1))


def test_on_a_new_transport_all_is_dropped_until_the_sequence_comes() -> None:
    buffer = MessageBuffer()
    buffer.accept(call(1))
    buffer.resume()
    assert not buffer.accept(Ping())
    assert not buffer.accept(call(9))
    buffer.accept(SequenceStart(2))
    assert buffer.accept(call(2))
    assert buffer.accept(Ping())


def test_messages_seen_before_are_dropped_and_acknowledged_again() -> None:
    buffer = MessageBuffer()
    for number in (1, 2, 3):
        buffer.accept(call(number))
    assert buffer.ack() == Ack(3)
    buffer.resume()
    buffer.accept(SequenceStart(2))
    assert [buffer.accept(call(number)) for number in (2, 3, 4)] == [False, False, True]
    assert buffer.ack() == Ack(4)


@pytest.mark.parametrize("sequence_id", [5, 3, 0, -1])
def test_a_peer_that_skips_messages_is_refused(sequence_id: int) -> None:
    buffer = MessageBuffer()
    buffer.accept(call(1))
    buffer.resume()
    with pytest.raises(ProtocolError, match="Sequence ID greater"):
        buffer.accept(SequenceStart(sequence_id))


@settings(max_examples=200)
@given(steps=st.lists(st.sampled_from(["left", "right", "lose", "ack", "reconnect"]), max_size=60))
def test_whatever_is_lost_each_message_arrives_once_and_in_order(steps: list[str]) -> None:
    """Two ends over a wire that loses everything in flight whenever it breaks."""
    ends = {"left": MessageBuffer(), "right": MessageBuffer()}
    other = {"left": "right", "right": "left"}
    sent: dict[str, list[int]] = {"left": [], "right": []}
    arrived: dict[str, list[int]] = {"left": [], "right": []}
    wire: list[tuple[str, HubMessage]] = []  # who reads it, and what
    connected = True

    def deliver() -> None:
        for reader, message in wire:
            if ends[reader].accept(message):
                assert isinstance(message, Invocation)
                arrived[reader].append(message.arguments[0])
        wire.clear()

    def reconnect() -> None:
        wire.clear()
        for side, end in ends.items():
            start, records = end.resume()
            wire.append((other[side], start))
            wire.extend((other[side], call(int(record))) for record in records)

    for step in [*steps, "reconnect"]:
        if step == "lose":
            wire.clear()
            connected = False
        elif step == "reconnect":
            connected = True
            reconnect()
            deliver()
        elif step == "ack":
            deliver()
            if connected:
                acks = ((other[side], end.ack()) for side, end in ends.items())
                wire.extend((reader, ack) for reader, ack in acks if ack is not None)
        else:
            number = len(sent[step]) + 1
            sent[step].append(number)
            keep(ends[step], number)
            if connected:
                wire.append((other[step], call(number)))
    assert (arrived["right"], arrived["left"]) == (sent["left"], sent["right"])
