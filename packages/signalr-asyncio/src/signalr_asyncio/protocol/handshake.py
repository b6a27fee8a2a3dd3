"""SignalR handshake: one JSON request and response record before any message, in every encoding.

Source: the SignalR hub protocol specification, "Overview"; the error texts are those of ASP.NET Core.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import msgspec

from signalr_asyncio.protocol.codec import ProtocolError

__all__ = [
    "HandshakeRequest",
    "HandshakeResponse",
    "encode_handshake",
    "parse_handshake_request",
    "parse_handshake_response",
]

T = TypeVar("T")

SEPARATOR = b"\x1e"

_WHITE_SPACE = " \t\r\n"
_read_value = json.JSONDecoder().raw_decode


class HandshakeRequest(msgspec.Struct, frozen=True):
    """What a client opens with: the encoding it wants, and the protocol's version."""

    protocol: str
    version: int


class HandshakeResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server answers: nothing, or why it refuses; after a refusal it closes the connection."""

    error: str | None = None


class _ResponseRecord(msgspec.Struct):
    error: str | None = None
    type: int | None = None


_read_request = msgspec.json.Decoder(HandshakeRequest).decode
_read_response = msgspec.json.Decoder(_ResponseRecord).decode


def encode_handshake(message: HandshakeRequest | HandshakeResponse) -> bytes:
    """Return the request or the response as one record."""
    return msgspec.json.encode(message) + SEPARATOR


def parse_handshake_request(data: bytes, max_size: int | None = None) -> tuple[HandshakeRequest, bytes] | None:
    """Read a client's handshake.

    Parameters
    ----------
    data
        Everything received on the connection so far.
    max_size
        The most bytes the record may have, its separator included.

    Returns
    -------
    tuple or None
        The request and the bytes that follow it, which are the first of the hub protocol; `None` while the record is
        not complete.

    Raises
    ------
    ProtocolError
        When this is no handshake request.
    """
    cut = _cut(data, max_size)
    if cut is None:
        return None
    record, rest = cut
    try:
        return _read_first(record, _read_request), rest
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"{error}. Was this a handshake request?") from error


def parse_handshake_response(data: bytes, max_size: int | None = None) -> tuple[HandshakeResponse, bytes] | None:
    """Read a server's answer; parameters, result and errors as in `parse_handshake_request`."""
    cut = _cut(data, max_size)
    if cut is None:
        return None
    record, rest = cut
    try:
        fields = _read_first(record, _read_response)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"The handshake response is malformed: {error}") from error
    if fields.type is not None:
        raise ProtocolError("Expected a handshake response from the server.")
    return HandshakeResponse(fields.error), rest


def _read_first(record: bytes, read: Callable[[bytes], T]) -> T:
    """Read the first JSON value of a record; what follows it is passed over, as in ASP.NET Core."""
    try:
        return read(record)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        first = _first_value(record)
        if first is None:
            raise
        return read(first)


def _first_value(record: bytes) -> bytes | None:
    try:
        text = record.decode()
        _, end = _read_value(text, len(text) - len(text.lstrip(_WHITE_SPACE)))
    except (ValueError, RecursionError):
        return None
    return text[:end].encode()


def _cut(data: bytes, max_size: int | None) -> tuple[bytes, bytes] | None:
    record, separator, rest = data.partition(SEPARATOR)
    if max_size is not None and len(record) >= max_size:
        raise ProtocolError(f"The maximum message size of {max_size}B was exceeded during the handshake.")
    return (record, rest) if separator else None
