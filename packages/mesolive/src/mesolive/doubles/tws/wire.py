"""Framing and fields of the TWS socket protocol: length-prefixed frames of NUL-terminated text fields.

A frame is four bytes of length in network byte order and a body. The body is UTF-8 text, each field ended by a NUL. The
protocol has no type information: both sides know the order of the fields from the message id, which is the first field,
and from the server version that the handshake has agreed on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

SERVER_VERSION: Final = 178
"""The version that TWS agrees on with a client of at most 178: the last one before the encoding became binary."""
MIN_SERVER_VERSION: Final = 157
"""The lowest version whose messages this double can write."""

UNSET_DOUBLE: Final = "1.7976931348623157E308"
UNSET_INTEGER: Final = "2147483647"

UNSET_FROM: Final = Decimal("1e300")
"""The unset number as other languages write it is above this."""
MAX_NUMBER: Final = Decimal(10) ** 12
"""No price, quantity or strike is larger."""

MAX_FRAME_BYTES: Final = 1 << 20
"""A client that announces a longer frame is not speaking this protocol."""

Field: TypeAlias = str | int | float | bool | Decimal | None
Message: TypeAlias = Sequence[Field]
"""The fields of one message, its id first."""

_PREFIX: Final = struct.Struct(">I")


class WireError(ValueError):
    """Bytes or fields that are not a message of the protocol."""


def text_of(value: Field) -> str:
    """Return a value as a field's text: no value is empty, a boolean is 0 or 1, a float has a decimal point."""
    if value is None:
        return ""
    if value is True:
        return "1"
    if value is False:
        return "0"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def frame(fields: Iterable[Field]) -> bytes:
    """Return the frame of a message."""
    body = "".join([text_of(value) + "\0" for value in fields]).encode()
    return _PREFIX.pack(len(body)) + body


def fields_of(body: bytes) -> list[str]:
    """Return the fields of a frame's body.

    Raises
    ------
    WireError
        When the body is not UTF-8 text, or its last field is not ended.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"a frame is not UTF-8 text: {error.reason}") from None
    if not text.endswith("\0"):
        raise WireError("the last field of a frame is not ended by NUL")
    return text[:-1].split("\0")


class FrameSplitter:
    """Cuts a stream of bytes into the bodies of frames; frames may come torn or glued together."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the socket; return the bodies that they complete.

        Raises
        ------
        WireError
            When a frame is announced that is longer than `MAX_FRAME_BYTES`.
        """
        self._data += data
        bodies: list[bytes] = []
        start = 0
        while len(self._data) - start >= _PREFIX.size:
            (length,) = _PREFIX.unpack_from(self._data, start)
            if length > MAX_FRAME_BYTES:
                raise WireError(f"a frame of {length} bytes is longer than {MAX_FRAME_BYTES}")
            end = start + _PREFIX.size + length
            if len(self._data) < end:
                break
            bodies.append(bytes(self._data[start + _PREFIX.size : end]))
            start = end
        del self._data[:start]
        return bodies

    def hold(self, data: bytes) -> None:
        """Take bytes without cutting them yet."""
        self._data += data

    def take(self, count: int) -> bytes | None:
        """Return the next `count` bytes outside of any frame, or `None` while they have not all come."""
        if len(self._data) < count:
            return None
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken


class FieldReader:
    """Reads the fields of one message in their order.

    Raises
    ------
    WireError
        By every method, when there is no further field or its text is not of the kind that was asked for. The error
        names the place of the field.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._at = 0

    @property
    def left(self) -> int:
        """How many fields are not read yet."""
        return len(self._fields) - self._at

    def text(self) -> str:
        """Return the next field as it is."""
        if self._at >= len(self._fields):
            raise WireError(f"the message ends after {len(self._fields)} fields; another one was expected")
        value = self._fields[self._at]
        self._at += 1
        return value

    def texts(self, count: int) -> list[str]:
        """Return the next `count` fields."""
        return [self.text() for _ in range(count)]

    def integer(self, default: int = 0) -> int:
        """Return the next field as a whole number; `default` when it is empty."""
        text = self.text()
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise WireError(f"field {self._at - 1} must be a whole number, got {text!r}") from None

    def number(self) -> Decimal | None:
        """Return the next field as an exact number; `None` when it is empty or the protocol's unset number."""
        text = self.text()
        if not text or text in {UNSET_INTEGER, UNSET_DOUBLE}:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise WireError(f"field {self._at - 1} must be a number, got {text!r}") from None
        if not value.is_finite():
            raise WireError(f"field {self._at - 1} must be a finite number, got {text!r}")
        if value > UNSET_FROM:
            return None
        if abs(value) > MAX_NUMBER:
            raise WireError(f"field {self._at - 1} must be a number up to {MAX_NUMBER}, got {text!r}")
        return value

    def flag(self) -> bool:
        """Return the next field as a boolean; an empty one is false."""
        return self.integer() != 0
