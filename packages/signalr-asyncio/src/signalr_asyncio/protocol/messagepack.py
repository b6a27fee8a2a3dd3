"""The hub protocol in MessagePack: one array per message, preceded by its length as a VarInt.

Values take the forms that ASP.NET Core and the official JavaScript client give them: a moment with a UTC offset is the
timestamp extension (-1), bytes are binary, a UUID and a `Decimal` are strings. A datetime is read from the extension
(of 32, 64 or 96 bits) and from ISO 8601 text, a `Decimal` from text and from any number.

Source: the SignalR hub protocol specification, "MessagePack encoding". Where it leaves a choice, this does as ASP.NET
Core's implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from signalr_asyncio.protocol._forms import EnumForm, Naming
from signalr_asyncio.protocol._payload_recovery import (
    LostPayload,
    UnreadablePayload,
    mark_unreadable,
    readable,
    recover_messagepack_values,
    recover_nested_messagepack,
)
from signalr_asyncio.protocol._values import (
    UNDECODABLE,
    UNENCODABLE,
    DecodeHook,
    EncodedPayload,
    EncodeHook,
    ValueCodec,
    prepare_message,
    unencodable,
)
from signalr_asyncio.protocol.codec import PROTOCOL_VERSION, EncodeError, MessageParser, ProtocolError, TransferFormat
from signalr_asyncio.protocol.messages import (
    NO_HEADERS,
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

__all__ = [
    "MessagePackHubProtocol",
]

_Items = tuple[Any, ...]

# Result kinds of a completion.
_ERROR, _VOID, _RESULT = 1, 2, 3

# A length is at most 2^31 - 1, in at most five groups of seven bits.
_LENGTH_BYTES = 5
_MAX_LENGTH = 2**31 - 1


# What is read. Items beyond those named are passed over: a later version of the protocol may add some.
class _Invocation(msgspec.Struct, array_like=True, tag=1):
    headers: dict[str, str] | None
    invocation_id: str | None
    target: str
    arguments: list[msgspec.Raw]
    stream_ids: list[str] | None = None


class _StreamItem(msgspec.Struct, array_like=True, tag=2):
    headers: dict[str, str] | None
    invocation_id: str
    item: msgspec.Raw


class _Completion(msgspec.Struct, array_like=True, tag=3):
    headers: dict[str, str] | None
    invocation_id: str
    kind: int
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _StreamInvocation(msgspec.Struct, array_like=True, tag=4):
    headers: dict[str, str] | None
    invocation_id: str
    target: str
    arguments: list[msgspec.Raw]
    stream_ids: list[str] | None = None


class _CancelInvocation(msgspec.Struct, array_like=True, tag=5):
    headers: dict[str, str] | None
    invocation_id: str


class _Ping(msgspec.Struct, array_like=True, tag=6):
    pass


class _Close(msgspec.Struct, array_like=True, tag=7):
    error: str | None
    allow_reconnect: bool | None = None


class _Ack(msgspec.Struct, array_like=True, tag=8):
    sequence_id: int


class _SequenceStart(msgspec.Struct, array_like=True, tag=9):
    sequence_id: int


class _Unknown(msgspec.Struct, array_like=True):
    type: int


_Message = (
    _Invocation
    | _StreamItem
    | _Completion
    | _StreamInvocation
    | _CancelInvocation
    | _Ping
    | _Close
    | _Ack
    | _SequenceStart
)
_KNOWN_TYPES = range(1, 10)

_EXACT = (msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode)
_read_message = msgspec.msgpack.Decoder(_Message).decode
_read_unknown = msgspec.msgpack.Decoder(_Unknown).decode
_read_text = msgspec.msgpack.Decoder(str).decode


class MessagePackHubProtocol:
    """The MessagePack encoding of the hub protocol.

    Parameters
    ----------
    enc_hook
        Called with a value of a type that msgspec does not know; returns one that it knows. Must be hashable.
    dec_hook
        Called with a type that msgspec does not know and the plain value; returns the typed value.
    naming
        The names on the wire of the fields of dataclasses: `"camel"`, or a function of the name in Python. They are
        read in both forms. A `msgspec.Struct` has `rename` for that.
    enums
        Whether the members of enums are written as their values or by name. They are read in both forms.
    """

    def __init__(
        self,
        enc_hook: EncodeHook | None = None,
        dec_hook: DecodeHook | None = None,
        *,
        naming: Naming | None = None,
        enums: EnumForm = "value",
    ) -> None:
        self._values = ValueCodec(
            ("messagepack", enc_hook),
            lambda unknown: msgspec.msgpack.Encoder(enc_hook=unknown, decimal_format="string").encode,
            lambda type_: msgspec.msgpack.Decoder(type_, dec_hook=dec_hook).decode,
            enc_hook,
            _EXACT,
            naming,
            enums,
        )
        self._prepare = self._values.prepare
        self._encode = self._values.encode

    @property
    def name(self) -> str:
        """The name in the handshake."""
        return "messagepack"

    @property
    def version(self) -> int:
        """The highest protocol version that is spoken."""
        return PROTOCOL_VERSION

    @property
    def transfer_format(self) -> TransferFormat:
        """Whether frames are text or binary."""
        return "Binary"

    def encode(self, message: HubMessage) -> bytes:
        """Return the message as one length-prefixed record; see `HubProtocol.encode`."""
        if self._prepare is not None:
            message = prepare_message(message, self._prepare)
        try:
            record = self._encode(_ITEMS_OF[type(message)](message))
        except UNENCODABLE as error:
            raise unencodable("messagepack", error) from error
        return _length_prefix(len(record)) + record

    def item_encoder(self, invocation_id: str) -> Callable[[object], bytes]:
        """Return what encodes the items of one stream; see `HubProtocol.item_encoder`."""
        encode, prepare = self._encode, self._prepare
        head = encode(_ITEMS_OF[StreamItem](StreamItem(invocation_id, None))).removesuffix(b"\xc0")

        def encode_item(item: object) -> bytes:
            try:
                value = encode(item if prepare is None else prepare(item))
            except UNENCODABLE as error:
                raise unencodable("messagepack", error) from error
            return _length_prefix(len(head) + len(value)) + head + value

        return encode_item

    def parser(self, max_message_size: int | None) -> MessageParser:
        """Return a new parser for one connection; see `HubProtocol.parser`."""
        return _MessagePackParser(self._values, max_message_size)


def _call_items(type_: int, message: Invocation | StreamInvocation) -> _Items:
    headers = _headers(message.headers)
    return (type_, headers, message.invocation_id, message.target, message.arguments, message.stream_ids)


def _completion_items(message: Completion) -> _Items:
    headers = _headers(message.headers)
    if message.error is not None:
        if message.has_result:
            raise EncodeError("A completion has a result or an error, never both.")
        return (3, headers, message.invocation_id, _ERROR, readable(message.error))
    if message.has_result:
        return (3, headers, message.invocation_id, _RESULT, message.result)
    return (3, headers, message.invocation_id, _VOID)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return dict(headers) if headers else {}


_ITEMS_OF: dict[type[HubMessage], Callable[[Any], _Items]] = {
    Invocation: lambda message: _call_items(1, message),
    StreamInvocation: lambda message: _call_items(4, message),
    StreamItem: lambda message: (2, _headers(message.headers), message.invocation_id, message.item),
    Completion: _completion_items,
    CancelInvocation: lambda message: (5, _headers(message.headers), message.invocation_id),
    Ping: lambda _: (6,),
    Close: lambda message: (7, None if message.error is None else readable(message.error), message.allow_reconnect),
    Ack: lambda message: (8, message.sequence_id),
    SequenceStart: lambda message: (9, message.sequence_id),
}


def _length_prefix(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    if length < 0x4000:
        return bytes((length & 0x7F | 0x80, length >> 7))
    groups = bytearray()
    while length >= 0x80:
        groups.append(length & 0x7F | 0x80)
        length >>= 7
    groups.append(length)
    return bytes(groups)


def _read_length(data: bytes, start: int) -> tuple[int, int] | None:
    """Return the length at `start` and where its record begins; `None` when the prefix is not complete."""
    length = 0
    for index in range(_LENGTH_BYTES):
        at = start + index
        if at == len(data):
            return None
        group = data[at]
        length |= (group & 0x7F) << (7 * index)
        if group < 0x80:
            if length > _MAX_LENGTH:
                break
            return length, at + 1
    raise ProtocolError("Messages over 2GB in size are not supported.")


class _MessagePackParser:
    """See `MessageParser`."""

    __slots__ = ("_limit", "_needed", "_tail", "_values")

    def __init__(self, values: ValueCodec, limit: int | None) -> None:
        self._values = values
        self._limit = limit
        self._tail = bytearray()
        # How many bytes the tail must have before it is worth looking at, so that a message that arrives byte by byte
        # is not copied with each of them.
        self._needed = 1

    def feed(self, data: bytes) -> Iterator[HubMessage]:
        """Add bytes; see `MessageParser.feed`."""
        if self._tail:
            self._tail += data
            if len(self._tail) < self._needed:
                return iter(())
            data = bytes(self._tail)
        records: list[bytes] = []
        start, error = 0, None
        try:
            start = self._cut(data, records)
        except ProtocolError as raised:
            error = raised
        self._tail = bytearray(data[start:]) if error is None else bytearray()
        return self._messages(records, error)

    def _cut(self, data: bytes, records: list[bytes]) -> int:
        """Add the records complete in `data`, and return where the first incomplete one starts."""
        start = 0
        while True:
            prefix = _read_length(data, start)
            if prefix is None:
                self._needed = len(data) - start + 1
                return start
            length, begin = prefix
            end = begin + length
            if self._limit is not None and end - start > self._limit:
                raise ProtocolError(f"The maximum message size of {self._limit}B was exceeded.")
            if end > len(data):
                self._needed = end - start
                return start
            records.append(data[begin:end])
            start = end

    def _messages(self, records: list[bytes], error: ProtocolError | None) -> Iterator[HubMessage]:
        for record in records:
            message = self._message(record)
            if message is not None:
                yield message
        if error is not None:
            raise error

    def _message(self, record: bytes) -> HubMessage | None:
        try:
            return self._read(record)
        except RecursionError as error:
            mended = recover_nested_messagepack(record)
            if mended is None:
                raise _malformed(error) from error
            shallow, reason = mended
            return self._read_recovered(shallow, reason)
        except ProtocolError:
            recovered = recover_messagepack_values(record)
            if recovered is None:
                raise
            return self._read_recovered(*recovered, LostPayload)

    def _read_recovered(
        self, record: bytes, reason: str, payload: type[UnreadablePayload] = UnreadablePayload
    ) -> HubMessage | None:
        message = self._read(record)
        if message is not None:
            mark_unreadable(message, reason, payload)
        return message

    def _read(self, record: bytes) -> HubMessage | None:
        fields = _read(record)
        if fields is None:
            return None
        match fields:
            case _Invocation():
                return Invocation(
                    _required(fields.target, "target"),
                    self._payloads(fields.arguments),
                    fields.invocation_id or None,
                    fields.stream_ids or (),
                    fields.headers or NO_HEADERS,
                )
            case _StreamItem():
                item = EncodedPayload(fields.item, self._values)
                return StreamItem(_id(fields.invocation_id), item, fields.headers or NO_HEADERS)
            case _Completion():
                return self._completion(fields)
            case _StreamInvocation():
                return StreamInvocation(
                    _required(fields.target, "target"),
                    self._payloads(fields.arguments),
                    _id(fields.invocation_id),
                    fields.stream_ids or (),
                    fields.headers or NO_HEADERS,
                )
            case _CancelInvocation():
                return CancelInvocation(_id(fields.invocation_id), fields.headers or NO_HEADERS)
            case _Ping():
                return Ping()
            case _Close():
                return Close(fields.error, allow_reconnect=bool(fields.allow_reconnect))
            case _Ack():
                return Ack(fields.sequence_id)
            case _SequenceStart():  # pragma: no branch - the union has no more members
                return SequenceStart(fields.sequence_id)

    def _payloads(self, raws: list[msgspec.Raw]) -> list[EncodedPayload]:
        values = self._values
        return [EncodedPayload(raw, values) for raw in raws]

    def _completion(self, fields: _Completion) -> Completion:
        headers = fields.headers or NO_HEADERS
        invocation_id = _id(fields.invocation_id)
        if fields.kind == _VOID:
            return Completion(invocation_id, headers=headers)
        if isinstance(fields.payload, msgspec.UnsetType):
            raise ProtocolError("A completion with a result or an error has neither.")
        if fields.kind == _RESULT:
            payload = EncodedPayload(fields.payload, self._values)
            return Completion(invocation_id, payload, has_result=True, headers=headers)
        if fields.kind == _ERROR:
            return Completion(invocation_id, error=_text(fields.payload), headers=headers)
        raise ProtocolError(f"Invalid invocation result kind {fields.kind}.")


def _read(record: bytes) -> _Message | None:
    try:
        return _read_message(record)
    except msgspec.ValidationError as error:
        if _is_of_unknown_type(record):
            # A later version of the protocol may add messages; those that do not know them pass over them.
            return None
        raise _malformed(error) from error
    except RecursionError:
        raise
    except UNDECODABLE as error:
        raise _malformed(error) from error


def _is_of_unknown_type(record: bytes) -> bool:
    try:
        return _read_unknown(record).type not in _KNOWN_TYPES
    except RecursionError:
        raise
    except UNDECODABLE:
        return False


def _text(raw: msgspec.Raw) -> str:
    try:
        return _read_text(raw)
    except UNDECODABLE as error:
        raise _malformed(error) from error


def _malformed(error: Exception) -> ProtocolError:
    return ProtocolError(f"A message is malformed: {error}")


def _id(value: str) -> str:
    return _required(value, "invocationId")


def _required(value: str, name: str) -> str:
    if not value:
        raise ProtocolError(f"Missing required property '{name}'.")
    return value
