"""The MessagePack encoding: its exact bytes, and what it refuses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from signalr_asyncio.protocol.codec import EncodeError, ProtocolError
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
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
from signalr_testkit.messages import parse_all, plain

PROTOCOL = MessagePackHubProtocol()


def packed(*items: object) -> bytes:
    """Return the items as one array, with a length of one byte before it."""
    body = msgspec.msgpack.encode(items)
    assert len(body) < 128
    return bytes((len(body),)) + body


ARRAYS: list[tuple[HubMessage, tuple[object, ...]]] = [
    (Invocation("Send", ["a", 1]), (1, {}, None, "Send", ["a", 1], [])),
    (Invocation("Send", (), "7", ["8"], {"t": "x"}), (1, {"t": "x"}, "7", "Send", [], ["8"])),
    (StreamInvocation("Count", [3], "1"), (4, {}, "1", "Count", [3], [])),
    (StreamItem("1", None), (2, {}, "1", None)),
    (Completion("1", error="no"), (3, {}, "1", 1, "no")),
    (Completion("1"), (3, {}, "1", 2)),
    (Completion("1", 42, has_result=True), (3, {}, "1", 3, 42)),
    (Completion("1", None, has_result=True), (3, {}, "1", 3, None)),
    (CancelInvocation("1"), (5, {}, "1")),
    (Ping(), (6,)),
    (Close(), (7, None, False)),
    (Close("over", allow_reconnect=True), (7, "over", True)),
    (Ack(5), (8, 5)),
    (SequenceStart(6), (9, 6)),
]


@pytest.mark.parametrize(("message", "items"), ARRAYS)
def test_each_message_has_the_array_of_the_specification(message: HubMessage, items: tuple[object, ...]) -> None:
    assert PROTOCOL.encode(message) == packed(*items)


def test_a_call_written_by_hand_is_read() -> None:
    body = b"\x96\x01\x80\xa3xyz\xa6method\x91\x2a\x91\xa11"
    (message,) = parse_all(PROTOCOL, [bytes((len(body),)) + body])
    assert plain(message) == plain(Invocation("method", [42], "xyz", ["1"]))


@pytest.mark.parametrize("size", [0, 100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_the_length_has_as_many_groups_of_seven_bits_as_it_needs(size: int) -> None:
    record = PROTOCOL.encode(StreamItem("1", b"\x00" * size))
    length = shift = used = 0
    for byte in record:
        length |= (byte & 0x7F) << shift
        shift, used = shift + 7, used + 1
        if byte < 0x80:
            break
    assert length == len(record) - used
    (message,) = parse_all(PROTOCOL, [record])
    assert isinstance(message, StreamItem)
    assert message.item.decode(bytes) == b"\x00" * size


def test_arrays_shorter_and_longer_than_ours_are_read() -> None:
    frame = (
        packed(1, None, None, "T", [])
        + packed(1, {}, "1", "T", [], None, "later")
        + packed(4, {}, "1", "T", [])
        + packed(6, "later")
        + packed(7, None)
        + packed(7, "e", None)
        + packed(3, {}, "1", 2, "later")
    )
    assert [plain(message) for message in parse_all(PROTOCOL, [frame])] == [
        plain(Invocation("T", [])),
        plain(Invocation("T", [], "1")),
        plain(StreamInvocation("T", [], "1")),
        plain(Ping()),
        plain(Close()),
        plain(Close("e")),
        plain(Completion("1")),
    ]


def test_messages_of_a_later_protocol_are_passed_over() -> None:
    frame = packed(10, "x", 1) + packed(-1) + packed(6)
    assert [type(message) for message in parse_all(PROTOCOL, [frame])] == [Ping]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (b"\x00", "malformed"),
        (b"\x01\xc0", "malformed"),
        (b"\x01\x90", "malformed"),
        (b"\x02\x91\xc1", "malformed"),
        (b"\x03\x91\x06\x06", "malformed"),
        (b"\x03\x92\x06\xc1", "malformed"),
        (packed("1"), "malformed"),
        (packed(1, {}, None, "T"), "malformed"),
        (packed(1, {}, None, "", []), "Missing required property 'target'"),
        (packed(1, {"a": 1}, None, "T", []), "malformed"),
        (packed(2, {}, "", 1), "Missing required property 'invocationId'"),
        (packed(2, {}, None, 1), "malformed"),
        (packed(3, {}, "", 2), "Missing required property 'invocationId'"),
        (packed(3, {}, "1", 1), "neither"),
        (packed(3, {}, "1", 3), "neither"),
        (packed(3, {}, "1", 1, 5), "malformed"),
        (packed(3, {}, "1", 4, 5), "result kind 4"),
        (packed(4, {}, None, "T", []), "malformed"),
        (packed(4, {}, "", "T", []), "Missing required property 'invocationId'"),
        (packed(5, {}, ""), "Missing required property 'invocationId'"),
        (packed(7), "malformed"),
        (packed(8), "malformed"),
        (packed(9, "1"), "malformed"),
        (b"\x06\x95\x03\x80\xa11\x01\xa1\xff", "malformed"),
        (b"\x08\x95\x03\x80\xa11\x01\xa1\xff", "malformed"),
    ],
)
def test_a_broken_message_is_refused_with_its_reason(frame: bytes, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        parse_all(PROTOCOL, [frame])


def test_a_call_whose_target_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ProtocolError):
        parse_all(PROTOCOL, [b"\x07\x95\x01\x80\xc0\xa1\xff\x90"])


@pytest.mark.parametrize("prefix", [b"\xff\xff\xff\xff\xff\x01", b"\xff\xff\xff\xff\x08", b"\x80\x80\x80\x80\x80"])
def test_a_length_beyond_two_gigabytes_is_refused(prefix: bytes) -> None:
    with pytest.raises(ProtocolError, match="over 2GB"):
        parse_all(PROTOCOL, [prefix])


def test_the_largest_length_is_awaited_and_not_allocated() -> None:
    assert parse_all(PROTOCOL, [b"\xff\xff\xff\xff\x07", b"\x91"]) == []


def test_a_length_that_arrives_in_pieces_is_read() -> None:
    record = PROTOCOL.encode(StreamItem("1", "x" * 20_000))
    parser = PROTOCOL.parser(None)
    assert [list(parser.feed(piece)) for piece in (record[:1], record[1:2], record[2:4])] == [[], [], []]
    assert len(list(parser.feed(record[4:] + record[:2]))) == 1
    assert len(list(parser.feed(record[2:]))) == 1


def test_moments_are_timestamp_extensions_of_every_width_or_text() -> None:
    seconds32 = b"\xd6\xff\x65\x92\x00\x80"
    nanoseconds64 = b"\xd7\xff" + (500_000_000 << 34 | 0x65920080).to_bytes(8, "big")
    before_1970_96 = b"\xc7\x0c\xff" + (0).to_bytes(4, "big") + (-1).to_bytes(8, "big", signed=True)
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    expected = [
        (seconds32, start),
        (nanoseconds64, start + dt.timedelta(milliseconds=500)),
        (before_1970_96, dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
        (msgspec.msgpack.encode("2024-01-01T00:00:00Z"), start),
    ]
    for raw, moment in expected:
        body = b"\x94\x02\x80\xa11" + raw
        (message,) = parse_all(PROTOCOL, [bytes((len(body),)) + body])
        assert isinstance(message, StreamItem)
        assert message.item.decode(dt.datetime) == moment
    assert PROTOCOL.encode(StreamItem("1", start)).endswith(seconds32)


def test_values_take_the_forms_of_the_official_clients() -> None:
    record = PROTOCOL.encode(StreamItem("1", [b"\x00\xff", UUID(int=1), Decimal("1.10")]))
    assert record.endswith(b"\xc4\x02\x00\xff\xd9$00000000-0000-0000-0000-000000000001\xa41.10")


def test_a_decimal_is_also_read_from_a_number() -> None:
    (message,) = parse_all(PROTOCOL, [PROTOCOL.encode(StreamItem("1", [1.1, 3]))])
    assert isinstance(message, StreamItem)
    assert message.item.decode(list[Decimal]) == [Decimal("1.1"), Decimal(3)]


def test_an_integer_beyond_64_bits_is_refused() -> None:
    with pytest.raises(EncodeError):
        PROTOCOL.encode(StreamItem("1", 2**64))


def framed(*parts: bytes) -> bytes:
    record = b"".join(parts)
    return bytes((len(record),)) + record


HEAD = b"\x80\xa11\xa3Add"


@pytest.mark.parametrize(
    "arguments",
    [
        b"\xc0",
        b"\x01",
        b"\xa3abc",
        b"\x81\xa1a\x01",
        b"\x91\xc1",
        b"\x91\xd9\x20a",
        b"\xc1",
    ],
    ids=["nil", "a number", "text", "a map", "no value", "a cut text", "none"],
)
@pytest.mark.parametrize("type_", [1, 4])
def test_arguments_that_are_none_fail_their_call_and_not_the_connection(type_: int, arguments: bytes) -> None:
    # ASP.NET Core: InvocationBindingFailureMessage.
    record = framed(bytes((0x96, type_)), HEAD, arguments, b"\x90")
    bad, good = MessagePackHubProtocol().parser(None).feed(record + MessagePackHubProtocol().encode(Ping()))
    assert isinstance(bad, Invocation | StreamInvocation)
    assert (bad.target, bad.invocation_id, len(bad.arguments)) == ("Add", "1", 1)
    with pytest.raises(msgspec.DecodeError, match="malformed"):
        bad.arguments[0].decode(int)
    assert good == Ping()


def test_an_item_and_a_result_that_cannot_be_read_fail_alone() -> None:
    item, result = (
        MessagePackHubProtocol()
        .parser(None)
        .feed(framed(b"\x94\x02\x80\xa11\xc1") + framed(b"\x95\x03\x80\xa11\x03\x92\x01"))
    )
    assert isinstance(item, StreamItem)
    assert isinstance(result, Completion)
    for payload in (item.item, result.result):
        with pytest.raises(msgspec.DecodeError, match="malformed"):
            payload.builtins()


@pytest.mark.parametrize(
    "record",
    [
        b"\x96\x01\x80\xa11\xc1\x90\x90",
        b"\x96\x01\x80\xa11\xa0\xc0\x90",
        b"\x96\x01\x80\xa11\xa3Add\x90\xc1",
        b"\x95\x03\x80\xa11\x01\xc1",
        b"\x91\x05",
        b"\x94\x01\x80\xa11\xa3Add",
        b"\x93\x05\xc1\xa11",
        b"\x90",
        b"\xdd\x00\x00\x00\x05",
        b"\x81\x01\x02",
    ],
    ids=[
        "no target",
        "an empty target",
        "bad stream ids",
        "an error that is no text",
        "too short",
        "no arguments",
        "bad headers",
        "nothing",
        "only a head",
        "no array",
    ],
)
def test_what_cannot_be_read_around_the_values_costs_the_connection(record: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(MessagePackHubProtocol().parser(None).feed(framed(record)))
