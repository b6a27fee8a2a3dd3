"""Payload recovery: an undecodable value fails its own call and not the connection.

Three kinds of values make a whole message unreadable: one that is nested too deeply, a JSON text that holds half of a
surrogate pair, and arguments, an item or a result that are not valid MessagePack. The value is taken out of such a
message, so that its invocation id can be read; its values are then `UnreadablePayload`s, which raise when they are
decoded.

The texts of errors that we send are made encodable too, since an error must arrive.
"""

from __future__ import annotations

import re
from typing import NoReturn, TypeVar

import msgspec

from signalr_asyncio.protocol.messages import Completion, HubMessage, Invocation, StreamInvocation, StreamItem

T = TypeVar("T")

MAX_DEPTH = 64
"""Levels of nesting that a recovered message keeps; deeper values become null. As many levels as ASP.NET Core reads."""

MAX_RECOVERABLE_BYTES = 64 * 1024
"""Bytes up to which a message is recovered; to search a larger one would block the event loop."""

_TOO_DEEP = "it is nested too deeply"
_HALF_PAIR = "a text holds half of a surrogate pair"

# A text as a whole, so that brackets inside it are none; what opens; what closes.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
# Every escape in its turn, so that an escaped backslash begins none: a pair, half of one (the group), any other.
_ESCAPES = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)

# MessagePack: how many bytes follow the first, by that byte; and by how many bytes the length is given, and what is
# to be added to it.
_FIXED = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8} | {
    0xD4 + power: 2**power + 1 for power in range(5)
}
_COUNTED = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)} | {
    0xD9: (1, 0),
    0xDA: (2, 0),
    0xDB: (4, 0),
}
_CONTAINERS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
_NIL = b"\xc0"
_NEVER = 0xC1

# How many elements of a message stand before its values, by its type: calls, items and completions with a result.
_BEFORE_VALUES = {1: 4, 2: 3, 3: 4, 4: 4}
_CALLS = {1, 4}
_ONE_NIL = b"\x91\xc0"
_UNREADABLE = "it is not valid MessagePack, or not an array where one belongs"


class UnreadablePayload:
    """A `Payload` of a recovered message: decoding it raises.

    Parameters
    ----------
    reason
        What is wrong.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def decode(self, type_: type[T]) -> T:
        """Raise `msgspec.DecodeError`."""
        del type_
        self._fail()

    def builtins(self) -> object:
        """Raise `msgspec.DecodeError`."""
        self._fail()

    def __repr__(self) -> str:
        return f"<payload that cannot be read: {self.reason}>"

    def _fail(self) -> NoReturn:
        raise msgspec.DecodeError(f"The value is malformed: {self.reason}")


class LostPayload(UnreadablePayload):
    """A payload whose bytes are not known either: not even a parameter annotated `Payload` can take it."""


def recover_json(record: bytes) -> tuple[bytes, str] | None:
    """Return a JSON message that can be read, and what was wrong with it; `None` when there is nothing to mend."""
    if len(record) > MAX_RECOVERABLE_BYTES:
        return None
    reason = _TOO_DEEP
    mended = _shallow(record)
    whole = _ESCAPES.sub(lambda match: rb"\ufffd" if match[1] else match[0], mended)
    if whole != mended:
        reason = _HALF_PAIR
    return (whole, reason) if whole != record else None


def _shallow(record: bytes) -> bytes:
    parts: list[bytes] = []
    depth = start = 0
    for bracket in _BRACKETS.finditer(record):
        match record[bracket.start()]:
            case 0x5B | 0x7B:
                depth += 1
                if depth == MAX_DEPTH + 1:
                    parts += record[start : bracket.start()], b"null"
            case 0x5D | 0x7D:
                if depth == MAX_DEPTH + 1:
                    start = bracket.end()
                depth -= 1
            case _:
                pass
    parts.append(record[start:] if depth <= MAX_DEPTH else b"")
    return b"".join(parts)


def recover_nested_messagepack(record: bytes) -> tuple[bytes, str] | None:
    """Return a MessagePack message that can be read, and what was wrong; `None` when there is nothing to mend."""
    if len(record) > MAX_RECOVERABLE_BYTES:
        return None
    mended = bytearray()
    # How many values each of the open arrays and maps still wants.
    wanted = [1]
    at = 0
    while wanted:
        if not wanted[-1]:
            wanted.pop()
            continue
        wanted[-1] -= 1
        token = _token(record, at)
        if token is None:
            return None
        end, children = token
        if len(wanted) <= MAX_DEPTH + 1:
            mended += _NIL if children and len(wanted) == MAX_DEPTH + 1 else record[at:end]
        if children:
            wanted.append(children)
        at = end
    return (bytes(mended), _TOO_DEEP) if at == len(record) > len(mended) else None


def recover_messagepack_values(record: bytes) -> tuple[bytes, str] | None:
    """Return a MessagePack message without its values, where it is they that cannot be read; `None` otherwise.

    As in ASP.NET Core an `arguments` that is no array, or holds what is no value, fails the call and not the
    connection; so do an item and a result.
    """
    head = _token(record, 0) if len(record) <= MAX_RECOVERABLE_BYTES and _is_array(record, 0) else None
    if head is None:
        return None
    begin, count = head
    before_values = _BEFORE_VALUES.get(record[begin], count) if begin < len(record) else count
    if count <= before_values:
        return None
    at = begin
    for _ in range(before_values):
        end = _end_of(record, at)
        if end is None:
            return None
        at = end
    is_call = record[begin] in _CALLS
    if _end_of(record, at) is not None and (_is_array(record, at) or not is_call):
        return None
    values = _ONE_NIL if is_call else _NIL
    return bytes((0x90 | (before_values + 1),)) + record[begin:at] + values, _UNREADABLE


def _is_array(record: bytes, at: int) -> bool:
    head = record[at] if at < len(record) else 0
    return 0x90 <= head < 0xA0 or head in {0xDC, 0xDD}


def _end_of(record: bytes, at: int) -> int | None:
    """Return where the value at `at` ends; `None` when it is none."""
    wanted = 1
    while wanted:
        token = _token(record, at)
        if token is None:
            return None
        at, children = token
        wanted += children - 1
    return at


def _token(record: bytes, at: int) -> tuple[int, int] | None:
    """Return where the value or head at `at` ends and how many values belong to it; `None` when it is none."""
    head = record[at] if at < len(record) else _NEVER
    children = 0
    end = at + 1
    if 0x80 <= head < 0x90:
        children = (head & 0xF) * 2
    elif 0x90 <= head < 0xA0:
        children = head & 0xF
    elif 0xA0 <= head < 0xC0:
        end += head & 0x1F
    elif head in _FIXED:
        end += _FIXED[head]
    elif head in _COUNTED:
        width, more = _COUNTED[head]
        end += width + int.from_bytes(record[end : end + width], "big") + more
    elif head in _CONTAINERS:
        width, per_entry = _CONTAINERS[head]
        children = int.from_bytes(record[end : end + width], "big") * per_entry
        end += width
    elif head == _NEVER:
        return None
    return (end, children) if end <= len(record) else None


def mark_unreadable(message: HubMessage, reason: str, payload: type[UnreadablePayload] = UnreadablePayload) -> None:
    """Put payloads that raise in place of a message's values."""
    match message:
        case Invocation() | StreamInvocation():
            message.arguments = [payload(reason) for _ in message.arguments]
        case StreamItem():
            message.item = payload(reason)
        case Completion(has_result=True):
            message.result = payload(reason)
        case _:
            pass


def readable(text: str) -> str:
    """Return a reason so that every encoding can carry it: halves of surrogate pairs become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
