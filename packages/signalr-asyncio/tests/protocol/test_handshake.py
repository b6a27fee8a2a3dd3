"""The handshake record in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.protocol.codec import ProtocolError
from signalr_asyncio.protocol.handshake import (
    HandshakeRequest,
    HandshakeResponse,
    encode_handshake,
    parse_handshake_request,
    parse_handshake_response,
)


def test_a_request_has_the_text_of_the_specification() -> None:
    assert encode_handshake(HandshakeRequest("json", 1)) == b'{"protocol":"json","version":1}\x1e'


def test_a_response_is_empty_or_names_the_error() -> None:
    assert encode_handshake(HandshakeResponse()) == b"{}\x1e"
    assert encode_handshake(HandshakeResponse("no")) == b'{"error":"no"}\x1e'


@given(
    protocol=st.sampled_from(["json", "messagepack", "x"]),
    version=st.integers(0, 3),
    rest=st.binary(max_size=20),
)
def test_what_follows_the_request_is_handed_on_whole(protocol: str, version: int, rest: bytes) -> None:
    request = HandshakeRequest(protocol, version)
    assert parse_handshake_request(encode_handshake(request) + rest) == (request, rest)


@given(error=st.none() | st.text(st.characters(exclude_categories=["Cs"])), rest=st.binary(max_size=20))
def test_what_follows_the_response_is_handed_on_whole(error: str | None, rest: bytes) -> None:
    response = HandshakeResponse(error)
    assert parse_handshake_response(encode_handshake(response) + rest) == (response, rest)


def test_half_a_record_is_waited_for() -> None:
    request = encode_handshake(HandshakeRequest("messagepack", 2))
    assert [parse_handshake_request(request[:cut]) for cut in range(len(request))] == [None] * len(request)
    assert parse_handshake_response(b'{"err') is None


def test_fields_of_later_versions_are_passed_over() -> None:
    request = b'{"version":1,"new":{"a":[1]},"protocol":"json"}\x1e'
    assert parse_handshake_request(request) == (HandshakeRequest("json", 1), b"")
    assert parse_handshake_response(b'{"minorVersion":3}\x1e') == (HandshakeResponse(), b"")


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"type":6}',
        b'{"protocol":"json"}',
        b'{"version":1}',
        b'{"protocol":1,"version":1}',
        b'{"protocol":"\xff","version":1}',
        b'{"protocol":"json","version":"1"}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_request_is_refused(record: bytes) -> None:
    with pytest.raises(ProtocolError, match="Was this a handshake request"):
        parse_handshake_request(record + b"\x1e")


def test_a_hub_message_in_place_of_the_response_is_recognised() -> None:
    with pytest.raises(ProtocolError, match="Expected a handshake response"):
        parse_handshake_response(b'{"type":6}\x1e')


@pytest.mark.parametrize("record", [b"", b"[]", b'{"error":1}', b'{"error":"\xff"}'])
def test_what_is_no_response_is_refused(record: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed"):
        parse_handshake_response(record + b"\x1e")


def test_a_handshake_is_no_longer_than_the_limit() -> None:
    request = encode_handshake(HandshakeRequest("json", 1))
    assert parse_handshake_request(request, max_size=len(request)) is not None
    with pytest.raises(ProtocolError, match="during the handshake"):
        parse_handshake_request(request, max_size=len(request) - 1)
    with pytest.raises(ProtocolError, match="during the handshake"):
        parse_handshake_request(b"x" * 100, max_size=100)


@pytest.mark.parametrize("more", [b'{"second":"object"}', b"  [1] ", b"garbage", b"\xc3\xa9", b'{"protocol":"xml"}'])
@pytest.mark.parametrize("space", [b"", b" \r\n\t"])
def test_what_follows_the_first_object_of_a_record_is_passed_over(space: bytes, more: bytes) -> None:
    # As ASP.NET Core, which reads to the end of the first object.
    record = space + b'{"protocol":"json","version":1}' + more
    assert parse_handshake_request(record + b"\x1erest") == (HandshakeRequest("json", 1), b"rest")
    assert parse_handshake_response(space + b'{"error":"no"}' + more + b"\x1e") == (HandshakeResponse("no"), b"")


@pytest.mark.parametrize("record", [b'{"protocol":"json"}{"version":1}', b'"text"{"protocol":"json","version":1}'])
def test_only_the_first_object_counts(record: bytes) -> None:
    with pytest.raises(ProtocolError, match="handshake request"):
        parse_handshake_request(record + b"\x1e")
