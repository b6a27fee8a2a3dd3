"""What holds for every encoding of the hub protocol."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.protocol._values import DecodeHook, EncodeHook
from signalr_asyncio.protocol.codec import EncodeError, HubProtocol, ProtocolError
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import (
    Completion,
    HubMessage,
    Invocation,
    Payload,
    Ping,
    Shared,
    StreamItem,
)
from signalr_testkit.messages import PROTOCOLS, cut_at, ids, messages, parse_all, plain, values

MAKERS: dict[str, Callable[[EncodeHook | None, DecodeHook | None], HubProtocol]] = {
    "json": JsonHubProtocol,
    "messagepack": MessagePackHubProtocol,
}
both = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS.keys())


class Quote(msgspec.Struct):
    """A value of many types."""

    size: int
    price: Decimal
    when: dt.datetime
    id: UUID
    blob: bytes
    tags: dict[str, float]


QUOTE = Quote(
    size=7,
    price=Decimal("1234567890123456789.10"),
    when=dt.datetime(2024, 2, 29, 14, 30, 0, 123456, tzinfo=dt.UTC),
    id=UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    blob=b"\x00\x1e\xff",
    tags={"a": 0.5},
)


def one(protocol: HubProtocol, message: HubMessage) -> HubMessage:
    (parsed,) = parse_all(protocol, [protocol.encode(message)])
    return parsed


def item(protocol: HubProtocol, value: object) -> Payload:
    parsed = one(protocol, StreamItem("1", value))
    assert isinstance(parsed, StreamItem)
    assert isinstance(parsed.item, Payload)
    return parsed.item


@both
@given(sent=st.lists(messages, max_size=5), places=st.lists(st.integers(0, 10_000), max_size=8))
def test_any_messages_survive_joining_and_cutting_at_any_byte(
    protocol: HubProtocol, sent: list[HubMessage], places: list[int]
) -> None:
    stream = b"".join(protocol.encode(message) for message in sent)
    received = parse_all(protocol, cut_at(stream, places))
    assert [plain(message) for message in received] == [plain(message) for message in sent]


@both
@given(sent=messages)
def test_a_message_that_arrives_byte_by_byte_is_whole(protocol: HubProtocol, sent: HubMessage) -> None:
    record = protocol.encode(sent)
    received = parse_all(protocol, (record[at : at + 1] for at in range(len(record))), limit=len(record))
    assert [plain(message) for message in received] == [plain(sent)]


@both
def test_a_long_message_in_many_pieces_is_whole(protocol: HubProtocol) -> None:
    text = "ä" * 50_000
    record = protocol.encode(StreamItem("1", text))
    received = parse_all(protocol, (record[at : at + 7] for at in range(0, len(record), 7)))
    assert [plain(message)["item"] for message in received] == [text]


@given(value=values)
def test_both_encodings_give_the_same_value(value: object) -> None:
    in_json, in_messagepack = (item(protocol, value).builtins() for protocol in PROTOCOLS.values())
    assert in_json == in_messagepack == value


@both
def test_typed_values_keep_their_digits_and_moments(protocol: HubProtocol) -> None:
    assert item(protocol, QUOTE).decode(Quote) == QUOTE


@both
@given(value=st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_every_digit_and_its_scale(protocol: HubProtocol, value: Decimal) -> None:
    decoded = item(protocol, value).decode(Decimal)
    # Not even the trailing zeros change: 1.10 is not 1.1.
    assert decoded.as_tuple() == value.as_tuple()


@both
def test_a_payload_that_does_not_fit_its_type_names_the_path(protocol: HubProtocol) -> None:
    payload = item(protocol, {"size": "many"})
    with pytest.raises(msgspec.ValidationError, match=r"\$\.size"):
        payload.decode(Quote)


@both
def test_a_message_of_exactly_the_limit_passes_and_one_byte_more_does_not(protocol: HubProtocol) -> None:
    record = protocol.encode(StreamItem("1", "x" * 500))
    assert len(parse_all(protocol, [record], limit=len(record))) == 1
    with pytest.raises(ProtocolError, match=f"maximum message size of {len(record) - 1}B"):
        parse_all(protocol, [record], limit=len(record) - 1)


@both
def test_a_message_too_long_is_refused_before_it_is_complete(protocol: HubProtocol) -> None:
    record = protocol.encode(StreamItem("1", "x" * 10_000))
    with pytest.raises(ProtocolError, match="maximum message size of 1000B"):
        parse_all(protocol, [record[:500], record[500:1001]], limit=1000)


@both
def test_what_came_before_a_broken_message_is_yielded(protocol: HubProtocol) -> None:
    broken = {"json": b"{]\x1e", "messagepack": b"\x01\xc1"}[protocol.name]
    received = protocol.parser(None).feed(protocol.encode(Ping()) + broken)
    assert isinstance(next(received), Ping)
    with pytest.raises(ProtocolError):
        next(received)


@both
def test_bytes_count_as_fed_even_when_the_messages_are_not_read(protocol: HubProtocol) -> None:
    record = protocol.encode(Ping())
    parser = protocol.parser(None)
    parser.feed(record[:1])
    assert [type(message) for message in parser.feed(record[1:])] == [Ping]


@both
def test_a_shared_value_is_encoded_once_however_often_it_is_sent(protocol: HubProtocol) -> None:
    calls: list[object] = []

    class Own:
        """Only the hook knows it."""

    def hook(value: Any) -> Any:
        calls.append(value)
        return "own"

    hooked = MAKERS[protocol.name](hook, None)
    shared = Shared([Own()])
    for id_ in range(3):
        parsed = one(hooked, StreamItem(str(id_), shared))
        assert plain(parsed)["item"] == ["own"]
    assert len(calls) == 1


def test_a_shared_value_that_writes_itself_is_sent_as_it_has_written_itself() -> None:
    class Written(Shared):
        def written(self, encoding: str) -> bytes | None:
            return b'{"a": 1.50}' if encoding == "json" else None

    shared = Written({"a": 1.5})
    for protocol in (JsonHubProtocol(), JsonHubProtocol(decimal_format="string")):
        assert b'"item":{"a": 1.50}}' in protocol.encode(StreamItem("1", shared))
        assert b'"item":{"a": 1.50}}' in protocol.item_encoder("1")(shared)
    assert item(MessagePackHubProtocol(), shared).builtins() == {"a": 1.5}


def test_a_shared_value_goes_over_protocols_that_differ_in_each_ones_form() -> None:
    shared = Shared(Decimal("1.50"))
    numbers, strings, packed = JsonHubProtocol(), JsonHubProtocol(decimal_format="string"), MessagePackHubProtocol()
    assert b'"item":1.50' in numbers.encode(StreamItem("1", shared))
    assert b'"item":"1.50"' in strings.encode(StreamItem("1", shared))
    assert item(packed, shared).builtins() == "1.50"
    assert len(shared.encoded) == 3


@both
def test_a_payload_that_came_in_goes_out_again_in_either_encoding(protocol: HubProtocol) -> None:
    came_in = item(JsonHubProtocol(), {"a": [1, "two", None]})
    assert item(protocol, {"wrapped": came_in}).builtins() == {"wrapped": {"a": [1, "two", None]}}


@both
def test_hooks_write_and_read_types_that_are_not_known(protocol: HubProtocol) -> None:
    def write(value: Any) -> Any:
        return [value.real, value.imag]

    def read(type_: type, value: Any) -> Any:
        return type_(*value)

    hooked = MAKERS[protocol.name](write, read)
    assert item(hooked, {"z": 1 + 2j}).decode(dict[str, complex]) == {"z": 1 + 2j}


@both
@pytest.mark.parametrize("value", [object(), "\ud800", {"a": [object()]}], ids=["unknown type", "surrogate", "inside"])
def test_a_value_without_a_form_is_refused_and_nothing_else_breaks(protocol: HubProtocol, value: object) -> None:
    with pytest.raises(EncodeError, match=f"cannot be sent as {protocol.name}"):
        protocol.encode(Invocation("Target", [value]))
    assert plain(one(protocol, StreamItem("1", 1)))["item"] == 1


@both
@given(invocation_id=ids, value=values)
def test_the_encoder_of_a_stream_writes_what_its_messages_would_be(
    protocol: HubProtocol, invocation_id: str, value: object
) -> None:
    assert protocol.item_encoder(invocation_id)(value) == protocol.encode(StreamItem(invocation_id, value))


@both
def test_the_encoder_of_a_stream_refuses_what_its_messages_would_refuse(protocol: HubProtocol) -> None:
    with pytest.raises(EncodeError, match=f"cannot be sent as {protocol.name}"):
        protocol.item_encoder("1")(object())


@both
def test_a_value_that_holds_itself_is_refused(protocol: HubProtocol) -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(EncodeError):
        protocol.encode(StreamItem("1", endless))


@both
def test_a_completion_with_both_a_result_and_an_error_is_not_written(protocol: HubProtocol) -> None:
    with pytest.raises(EncodeError, match="never both"):
        protocol.encode(Completion("1", result=1, error="no", has_result=True))


@both
def test_a_payload_shows_its_size_and_not_its_content(protocol: HubProtocol) -> None:
    assert "hunter2" not in repr(item(protocol, "hunter2"))
    assert f"{protocol.name} payload" in repr(item(protocol, "hunter2"))


@both
def test_bytes_that_are_no_text_fail_where_they_are_decoded(protocol: HubProtocol) -> None:
    frames = {
        "json": b'{"type":2,"invocationId":"1","item":"\xff"}\x1e',
        "messagepack": b"\x07\x94\x02\x80\xa11\xa1\xff",
    }
    (parsed,) = parse_all(protocol, [frames[protocol.name]])
    assert isinstance(parsed, StreamItem)
    with pytest.raises(msgspec.DecodeError, match="malformed"):
        parsed.item.decode(str)
    with pytest.raises(msgspec.DecodeError, match="malformed"):
        parsed.item.builtins()


@both
@given(
    sent=st.lists(messages, min_size=1, max_size=3),
    changes=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 6), st.binary(max_size=6)), min_size=1, max_size=4),
)
def test_mutated_frames_raise_protocol_errors_and_nothing_else(
    protocol: HubProtocol, sent: list[HubMessage], changes: list[tuple[int, int, bytes]]
) -> None:
    frame = b"".join(protocol.encode(message) for message in sent)
    for place, removed, inserted in changes:
        at = place % (len(frame) + 1)
        frame = frame[:at] + inserted + frame[at + removed :]
    try:
        for message in protocol.parser(1_000).feed(frame):
            decode_every_payload(message)
    except ProtocolError:
        pass


def decode_every_payload(message: HubMessage) -> None:
    """Decode as one type and as any, as a server would; only msgspec's errors may come of it."""
    for value in (*getattr(message, "arguments", ()), getattr(message, "item", None), getattr(message, "result", None)):
        for type_ in (object, Quote):
            try:
                if isinstance(value, Payload):
                    value.decode(type_)
            except msgspec.DecodeError:
                pass


@both
def test_a_protocol_says_what_it_is(protocol: HubProtocol) -> None:
    frames = {"json": "Text", "messagepack": "Binary"}
    assert (protocol.version, protocol.transfer_format) == (2, frames[protocol.name])


@both
def test_a_shared_item_of_many_streams_is_encoded_once_and_sent_as_any_other(protocol: HubProtocol) -> None:
    item = {"Symbol": "SPX", "Bid": 1.5}
    shared = Shared(item)
    frames = [protocol.item_encoder(invocation_id)(shared) for invocation_id in ("1", "2", "3")]
    assert frames == [protocol.encode(StreamItem(invocation_id, item)) for invocation_id in ("1", "2", "3")]
    assert len(set(shared.encoded.values())) == 1  # with and without the check of its text


@both
def test_a_shared_item_that_cannot_be_encoded_fails_each_stream_that_sends_it(protocol: HubProtocol) -> None:
    shared = Shared(object())
    for invocation_id in ("1", "2"):
        with pytest.raises(EncodeError, match=f"cannot be sent as {protocol.name}"):
            protocol.item_encoder(invocation_id)(shared)
