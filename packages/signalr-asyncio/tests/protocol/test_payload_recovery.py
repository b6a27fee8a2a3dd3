"""A value that spoils its message costs its call, and not the connection."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.protocol._payload_recovery import (
    MAX_DEPTH,
    MAX_RECOVERABLE_BYTES,
    recover_json,
    recover_nested_messagepack,
)
from signalr_asyncio.protocol.codec import EncodeError, HubProtocol, ProtocolError
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import (
    Close,
    Completion,
    HubMessage,
    Invocation,
    Payload,
    Ping,
    StreamInvocation,
    StreamItem,
)
from signalr_testkit.messages import parse_all

JSON, MESSAGEPACK = JsonHubProtocol(), MessagePackHubProtocol()
# Deeper than any interpreter follows, and not yet too long to be mended.
LEVELS = 10_500
DEEP_JSON = b"[" * LEVELS + b'"]"' + b"]" * LEVELS
DEEP_PACKED = b"\x91" * LEVELS + b"\xc0"


def json_frame(record: bytes) -> bytes:
    return record + b"\x1e"


def packed_frame(record: bytes) -> bytes:
    return length_prefix(len(record)) + record


def length_prefix(length: int) -> bytes:
    groups = bytearray()
    while length >= 0x80:
        groups.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*groups, length))


def packed(*items: Any) -> bytes:
    """Return a MessagePack array; bytes among the items are MessagePack already."""
    parts = [item if isinstance(item, bytes) else msgspec.msgpack.encode(item) for item in items]
    return bytes((0x90 + len(parts),)) + b"".join(parts)


def array(*items: bytes) -> bytes:
    return packed(*items)


def spoilt(payload: object) -> None:
    """Assert that a payload cannot be read, in either way."""
    assert isinstance(payload, Payload)
    assert "cannot be read" in repr(payload)
    with pytest.raises(msgspec.DecodeError, match="malformed"):
        payload.decode(object)
    with pytest.raises(msgspec.DecodeError, match="malformed"):
        payload.builtins()


JSON_CASES = {
    "depth": DEEP_JSON,
    "depth in objects": b'{"a":' * LEVELS + b"1" + b"}" * LEVELS,
    "half a pair": rb'"\ud800"',
    "the other half": rb'"\uDFFF"',
    "half a pair behind an escaped backslash": rb'["\\\\\ud800x"]',
    "half a pair in a name": rb'{"\ud83d":1}',
    "both": b"[" + DEEP_JSON + rb',"\ud800"]',
}


@pytest.mark.parametrize("value", JSON_CASES.values(), ids=JSON_CASES)
def test_in_json_the_message_is_known_and_its_values_are_not(value: bytes) -> None:
    frame = b"".join(
        json_frame(record)
        for record in (
            b'{"type":1,"invocationId":"7","target":"T","arguments":[1,' + value + b'],"headers":{"h":"v"}}',
            b'{"arguments":[' + value + b'],"streamIds":["9"],"target":"T","invocationId":"8","type":4}',
            b'{"type":2,"invocationId":"9","item":' + value + b"}",
            b'{"type":3,"invocationId":"s1","result":' + value + b"}",
            b'{"type":3,"invocationId":"s2","new":' + value + b',"error":"e"}',
            b'{"type":6,"new":' + value + b"}",
            b'{"type":99,"new":' + value + b"}",
            b'{"type":6}',
        )
    )
    check(parse_all(JSON, [frame]))


PACKED_CASES = {
    "depth": DEEP_PACKED,
    "depth in maps": b"\x81\xa1a" * LEVELS + b"\xc0",
    "depth in 16 bits": b"\xdc\x00\x01" * LEVELS + b"\xc0",
    "depth in 32 bits": b"\xdf\x00\x00\x00\x01\x01" * LEVELS + b"\xc0",
    "depth beside every other form": b"\x9f"
    b"\xc4\x01x\xc5\x00\x01x\xc6\x00\x00\x00\x01x\xc7\x01\x05x"
    b"\xca....\xcb........\xcc.\xd3........\xd4\x05."
    b"\xd9\x01a\xa1b\x7f\xe0\xc3" + DEEP_PACKED,
}


@pytest.mark.parametrize("value", PACKED_CASES.values(), ids=PACKED_CASES)
def test_in_messagepack_the_message_is_known_and_its_values_are_not(value: bytes) -> None:
    frame = b"".join(
        packed_frame(record)
        for record in (
            packed(1, {"h": "v"}, "7", "T", array(b"\x01", value), []),
            packed(4, {}, "8", "T", array(value), ["9"]),
            packed(2, {}, "9", value),
            packed(3, {}, "s1", 3, value),
            packed(3, {}, "s2", 1, "e", value),
            packed(6, value),
            packed(99, value),
            packed(6),
        )
    )
    check(parse_all(MESSAGEPACK, [frame]))


def check(messages: list[HubMessage]) -> None:
    call, stream, item, result, failed, *pings = messages
    assert isinstance(call, Invocation)
    assert (call.target, call.invocation_id, call.headers, len(call.arguments)) == ("T", "7", {"h": "v"}, 2)
    spoilt(call.arguments[0])
    spoilt(call.arguments[1])
    assert isinstance(stream, StreamInvocation)
    assert (stream.target, stream.invocation_id, stream.stream_ids) == ("T", "8", ["9"])
    assert isinstance(item, StreamItem)
    assert item.invocation_id == "9"
    spoilt(item.item)
    assert isinstance(result, Completion)
    assert (result.invocation_id, result.has_result) == ("s1", True)
    spoilt(result.result)
    assert isinstance(failed, Completion)
    assert (failed.invocation_id, failed.error, failed.has_result) == ("s2", "e", False)
    assert pings == [Ping(), Ping()]


def test_half_a_pair_in_a_name_leaves_a_call_of_nothing_known() -> None:
    (call,) = parse_all(JSON, [json_frame(rb'{"type":1,"invocationId":"7","target":"T\ud800","arguments":[]}')])
    assert isinstance(call, Invocation)
    assert (call.invocation_id, call.target) == ("7", "T\ufffd")


@pytest.mark.parametrize(
    "record",
    [
        b'{"type":2,"item":' + DEEP_JSON + b"}",
        b'{"type":2,"invocationId":"1","item":' + DEEP_JSON,
        b'{"type":2,"invocationId":"1","item":' + DEEP_JSON + b"]}",
        b'{"type":2,"invocationId":"1","item":' + b"[" * LEVELS,
        rb'{"type":2,"invocationId":"1","item":"\ud800}',
        rb'{"type":2,"invocationId":"1","item":tru,"x":"\ud800"}',
        b'{"type":2,"invocationId":"1","item":"' + b"x" * MAX_RECOVERABLE_BYTES + rb'\ud800"}',
        b'{"type":1,"target":"T","invocationId":"1","arguments":{"a":' + DEEP_JSON + b"}}",
    ],
)
def test_json_that_is_malformed_besides_is_refused(record: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_all(JSON, [json_frame(record)])


@pytest.mark.parametrize(
    "record",
    [
        packed(2, {}, "", DEEP_PACKED),
        packed(2, {}, "1", DEEP_PACKED)[:-1],
        packed(2, {}, "1", DEEP_PACKED) + b"\xc0",
        packed(2, {}, "1", b"\x91" * LEVELS + b"\xc1"),
        packed(2, {}, "1", b"\x91" * LEVELS + b"\xda\xff\xffshort"),
        packed(2, {}, "1", b"\x91" * LEVELS + b"\xdd\xff\xff"),
        packed(2, {}, "1", DEEP_PACKED + b"\xc0" * MAX_RECOVERABLE_BYTES),
        packed(1, {}, "1", "T", b"\x81\xa1a" + DEEP_PACKED),
    ],
)
def test_messagepack_that_is_malformed_besides_is_refused(record: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_all(MESSAGEPACK, [packed_frame(record)])


@pytest.mark.parametrize(
    "record",
    [
        b'{"a":"' + b'\\"' * (MAX_RECOVERABLE_BYTES // 2 - 3),
        b'{"a":"' + b'\\"' * (MAX_RECOVERABLE_BYTES // 2 - 4) + b"\\",
        b'"' * MAX_RECOVERABLE_BYTES,
        b"\\" * MAX_RECOVERABLE_BYTES,
        b"[" * MAX_RECOVERABLE_BYTES,
        b'"' + rb"\ud800" * (MAX_RECOVERABLE_BYTES // 6 - 1),
        b"\x91" * MAX_RECOVERABLE_BYTES,
        b"\xdf\xff\xff\xff\xff" * (MAX_RECOVERABLE_BYTES // 5),
        b"\xdd\xff\xff\xff\xff" + b"\xc0" * (MAX_RECOVERABLE_BYTES - 5),
    ],
)
def test_mending_takes_a_time_that_grows_with_the_length_alone(record: bytes) -> None:
    started = time.process_time()
    recover_json(record)
    recover_nested_messagepack(record)
    # It takes some hundredths of a second; if each quote began anew, it would take many seconds.
    assert time.process_time() - started < 1


texts = st.text(alphabet=st.sampled_from('\\"[]{},:u0aé\U0001f600\x1f'), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(texts, inner, max_size=20),
    max_leaves=30,
)


@given(values)
def test_what_is_sound_is_left_as_it_is(value: Any) -> None:
    assert recover_json(json.dumps(value).encode()) is None
    assert recover_json(msgspec.json.encode(value)) is None
    assert recover_nested_messagepack(msgspec.msgpack.encode(value)) is None


@given(values, st.integers(1, 5))
def test_what_is_deeper_than_the_bound_becomes_null_and_the_rest_stays(value: Any, excess: int) -> None:
    deep: Any = [value]
    for _ in range(MAX_DEPTH - 2 + excess):
        deep = [deep]
    mended = recover_json(msgspec.json.encode([value, deep]))
    assert mended is not None
    shallow = msgspec.json.decode(mended[0])
    assert shallow[0] == msgspec.json.decode(msgspec.json.encode(value))
    inner: Any = shallow[1]
    levels = 1
    while inner is not None:
        inner, levels = inner[0], levels + 1
    assert levels == MAX_DEPTH
    packed_one = recover_nested_messagepack(msgspec.msgpack.encode([value, deep]))
    assert packed_one is not None
    assert msgspec.msgpack.decode(packed_one[0])[1] == shallow[1]


@given(st.text(alphabet=st.sampled_from('\\"u12aDd89Cc\ud800\udc00\U0001f600'), max_size=12))
def test_every_text_of_javascript_is_read_or_mended(text: str) -> None:
    # As JSON.stringify writes it: halves of pairs as escapes, all else as it is.
    written = "".join(
        f"\\u{ord(sign):04x}" if 0xD800 <= ord(sign) < 0xE000 else json.dumps(sign)[1:-1] for sign in text
    )
    (item,) = parse_all(JSON, [f'{{"type":2,"invocationId":"1","item":"{written}"}}\x1e'.encode()])
    assert isinstance(item, StreamItem)
    joined = text.encode("utf-16", "surrogatepass")
    try:
        expected = joined.decode("utf-16")
    except UnicodeDecodeError:
        spoilt(item.item)
    else:
        assert item.item.decode(str) == expected


PROTOCOLS = pytest.mark.parametrize("protocol", [JSON, MESSAGEPACK], ids=["json", "messagepack"])


@PROTOCOLS
def test_the_reason_of_an_error_always_arrives(protocol: HubProtocol) -> None:
    frame = b"".join(
        protocol.encode(message)
        for message in (
            Completion("1", error="h\ud800lf é"),
            Close("\udc00 of it"),
            Close(),
            Completion("1", error="é"),
        )
    )
    first, second, third, fourth = parse_all(protocol, [frame])
    assert isinstance(first, Completion)
    assert first.error == "h?lf é"
    assert second == Close("? of it")
    assert third == Close()
    assert isinstance(fourth, Completion)
    assert fourth.error == "é"


@PROTOCOLS
def test_half_a_pair_in_a_value_to_be_sent_is_an_error_of_whoever_sends_it(protocol: HubProtocol) -> None:
    for value in ("\ud800", ["\ud800"], {"\udc00": 1}):
        with pytest.raises(EncodeError):
            protocol.encode(Completion("1", value, has_result=True))
        with pytest.raises(EncodeError):
            protocol.item_encoder("1")(value)
    with pytest.raises(EncodeError):
        protocol.encode(Invocation("\ud800", []))


@PROTOCOLS
def test_a_spoilt_value_cannot_go_out_again(protocol: HubProtocol) -> None:
    (item,) = parse_all(JSON, [json_frame(rb'{"type":2,"invocationId":"1","item":"\ud800"}')])
    assert isinstance(item, StreamItem)
    with pytest.raises(EncodeError):
        protocol.encode(StreamItem("1", item.item))
