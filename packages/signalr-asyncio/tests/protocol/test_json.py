"""The JSON encoding: its exact text, and what it refuses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from signalr_asyncio.protocol.codec import EncodeError, ProtocolError
from signalr_asyncio.protocol.json import JsonHubProtocol
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

PROTOCOL = JsonHubProtocol()


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Invocation("Send", ["a", 1]), '{"type":1,"target":"Send","arguments":["a",1]}'),
        (
            Invocation("Send", (), "7", ["8"], {"trace": "x"}),
            '{"type":1,"target":"Send","arguments":[],"invocationId":"7","streamIds":["8"],"headers":{"trace":"x"}}',
        ),
        (StreamInvocation("Count", [3], "1"), '{"type":4,"target":"Count","arguments":[3],"invocationId":"1"}'),
        (StreamItem("1", None), '{"type":2,"invocationId":"1","item":null}'),
        (Completion("1", 42, has_result=True), '{"type":3,"invocationId":"1","result":42}'),
        (Completion("1", None, has_result=True), '{"type":3,"invocationId":"1","result":null}'),
        (Completion("1", error="no"), '{"type":3,"invocationId":"1","error":"no"}'),
        (Completion("1"), '{"type":3,"invocationId":"1"}'),
        (CancelInvocation("1"), '{"type":5,"invocationId":"1"}'),
        (Ping(), '{"type":6}'),
        (Close(), '{"type":7}'),
        (Close("over", allow_reconnect=True), '{"type":7,"error":"over","allowReconnect":true}'),
        (Ack(5), '{"type":8,"sequenceId":5}'),
        (SequenceStart(6), '{"type":9,"sequenceId":6}'),
    ],
)
def test_each_message_has_the_text_of_the_specification(message: HubMessage, text: str) -> None:
    assert PROTOCOL.encode(message) == text.encode() + b"\x1e"


def test_the_order_of_fields_and_unknown_fields_do_not_matter() -> None:
    frame = b' {"new":[{"type":9}],"arguments":[1],"headers":{"h":"v"},"target":"T","invocationId":"1","type":1} \x1e'
    (message,) = parse_all(PROTOCOL, [frame])
    assert plain(message) == plain(Invocation("T", [1], "1", (), {"h": "v"}))


def test_fields_that_are_null_count_as_missing() -> None:
    frame = (
        b'{"type":1,"target":"T","arguments":[],"invocationId":null,"streamIds":null,"headers":null}\x1e'
        b'{"type":3,"invocationId":"1","error":null}\x1e{"type":7,"error":null,"allowReconnect":null}\x1e'
    )
    assert [plain(message) for message in parse_all(PROTOCOL, [frame])] == [
        plain(Invocation("T", [])),
        plain(Completion("1")),
        plain(Close()),
    ]


def test_a_blocking_call_needs_an_id_that_is_not_empty() -> None:
    (message,) = parse_all(PROTOCOL, [b'{"type":1,"target":"T","arguments":[],"invocationId":""}\x1e'])
    assert isinstance(message, Invocation)
    assert message.invocation_id is None


def test_messages_of_a_later_protocol_are_passed_over() -> None:
    frame = b'{"type":10,"x":1}\x1e{"type":6}\x1e'
    assert [type(message) for message in parse_all(PROTOCOL, [frame])] == [Ping]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "malformed"),
        ("[]", "malformed"),
        ("{}", "type"),
        ('{"type":"1"}', "type"),
        ('{"type":1,"arguments":[]}', "Missing required property 'target'"),
        ('{"type":1,"target":"","arguments":[]}', "Missing required property 'target'"),
        ('{"type":1,"target":"T"}', "Missing required property 'arguments'"),
        ('{"type":1,"target":"T","arguments":{}}', r"\$\.arguments"),
        ('{"type":1,"target":"T","arguments":null}', r"\$\.arguments"),
        ('{"type":1,"target":3,"arguments":[]}', r"\$\.target"),
        ('{"type":1,"target":"T","arguments":[],"headers":{"a":1}}', r"\$\.headers"),
        ('{"type":1,"target":"T","arguments":[],"streamIds":[1]}', r"\$\.streamIds"),
        ('{"type":2,"invocationId":"1"}', "Missing required property 'item'"),
        ('{"type":2,"item":1}', "Missing required property 'invocationId'"),
        ('{"type":3,"result":1}', "Missing required property 'invocationId'"),
        ('{"type":3,"invocationId":"1","result":1,"error":"e"}', "mutually exclusive"),
        ('{"type":3,"invocationId":"1","result":null,"error":"e"}', "mutually exclusive"),
        ('{"type":3,"invocationId":1,"result":1}', r"\$\.invocationId"),
        ('{"type":4,"target":"T","arguments":[]}', "Missing required property 'invocationId'"),
        ('{"type":5}', "Missing required property 'invocationId'"),
        ('{"type":7,"error":1}', r"\$\.error"),
        ('{"type":7,"allowReconnect":"yes"}', r"\$\.allowReconnect"),
        ('{"type":8}', "Missing required property 'sequenceId'"),
        ('{"type":9}', "Missing required property 'sequenceId'"),
        ('{"type":9,"sequenceId":"1"}', r"\$\.sequenceId"),
    ],
)
def test_a_broken_message_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        parse_all(PROTOCOL, [text.encode() + b"\x1e"])


def test_a_message_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ProtocolError):
        parse_all(PROTOCOL, [b'{"type":1,"target":"\xff","arguments":[]}\x1e'])


def test_the_separator_inside_a_text_is_escaped() -> None:
    record = PROTOCOL.encode(StreamItem("1", "a\x1eb"))
    assert record.count(b"\x1e") == 1
    assert [plain(message)["item"] for message in parse_all(PROTOCOL, [record])] == ["a\x1eb"]


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_finite_number_is_refused_but_its_name_as_text_is_not(value: str) -> None:
    with pytest.raises(EncodeError, match="finite"):
        PROTOCOL.encode(StreamItem("1", {"Price": Decimal(value)}))
    with pytest.raises(EncodeError, match="finite"):
        PROTOCOL.item_encoder("1")(Decimal(value))
    assert b'"item":"' + value.encode() in PROTOCOL.encode(StreamItem("1", value))


def test_bytes_are_base64_and_moments_iso_8601() -> None:
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert b'"item":["AP8=","2024-01-02T03:04:05+02:00"]' in PROTOCOL.encode(StreamItem("1", [b"\x00\xff", moment]))
