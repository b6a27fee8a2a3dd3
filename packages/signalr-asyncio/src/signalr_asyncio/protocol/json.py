"""The hub protocol in JSON: one object per message, ended by the byte 0x1E.

Source: the SignalR hub protocol specification, "JSON encoding". Where it leaves a choice (a field of a wrong type that
the message does not use, a missing `arguments`), this does as ASP.NET Core's implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from signalr_asyncio.protocol._forms import EnumForm, Naming
from signalr_asyncio.protocol._payload_recovery import mark_unreadable, readable, recover_json
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
    Shared,
    StreamInvocation,
    StreamItem,
)

__all__ = [
    "JsonHubProtocol",
]

SEPARATOR = b"\x1e"


# What is written, one struct per form, so that a message costs one call of the encoder.
class _Record(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True, tag_field="type"):
    headers: Mapping[str, str] | None = None


class _CallRecord(_Record):
    target: str
    arguments: Sequence[Any]
    invocation_id: str | None = None
    stream_ids: Sequence[str] | None = None


class _InvocationRecord(_CallRecord, tag=1):
    pass


class _StreamInvocationRecord(_CallRecord, tag=4):
    pass


class _ItemRecord(msgspec.Struct, rename="camel", omit_defaults=True, tag_field="type", tag=2):
    invocation_id: str
    item: Any
    headers: Mapping[str, str] | None = None


class _ResultRecord(msgspec.Struct, rename="camel", omit_defaults=True, tag_field="type", tag=3):
    invocation_id: str
    result: Any
    headers: Mapping[str, str] | None = None


class _ErrorRecord(_Record, tag=3):
    invocation_id: str
    error: str


class _VoidRecord(_Record, tag=3):
    invocation_id: str


class _CancelRecord(_Record, tag=5):
    invocation_id: str


class _PingRecord(msgspec.Struct, tag_field="type", tag=6):
    pass


class _CloseRecord(msgspec.Struct, rename="camel", omit_defaults=True, tag_field="type", tag=7):
    error: str | None = None
    allow_reconnect: bool = False


class _AckRecord(msgspec.Struct, rename="camel", tag_field="type", tag=8):
    sequence_id: int


class _SequenceRecord(msgspec.Struct, rename="camel", tag_field="type", tag=9):
    sequence_id: int


class _AnyRecord(msgspec.Struct, rename="camel"):
    """What is read: every field of every message, as ASP.NET reads them, in one pass wherever `type` stands."""

    type: int
    invocation_id: str | None = None
    target: str | None = None
    arguments: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    stream_ids: list[str] | None = None
    headers: dict[str, str] | None = None
    item: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: str | None = None
    allow_reconnect: bool | None = None
    sequence_id: int | None = None


_read_record = msgspec.json.Decoder(_AnyRecord).decode
# A float of JSON may be a `Decimal` for its reader: all its digits are kept.
_EXACT = (
    msgspec.json.Encoder(decimal_format="number").encode,
    msgspec.json.Decoder(object, float_hook=Decimal).decode,
)
_pass_over = msgspec.json.Decoder(msgspec.Raw).decode


class JsonHubProtocol:
    """The JSON encoding of the hub protocol.

    Parameters
    ----------
    enc_hook
        Called with a value of a type that msgspec does not know; returns one that it knows. Must be hashable.
    dec_hook
        Called with a type that msgspec does not know and the plain value; returns the typed value.
    decimal_format
        How a `Decimal` is written: as a JSON number with its exact digits, or as a string. Both are read.
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
        decimal_format: Literal["number", "string"] = "number",
        *,
        naming: Naming | None = None,
        enums: EnumForm = "value",
    ) -> None:
        self._values = ValueCodec(
            ("json", enc_hook, decimal_format),
            lambda unknown: msgspec.json.Encoder(enc_hook=unknown, decimal_format=decimal_format).encode,
            lambda type_: msgspec.json.Decoder(type_, dec_hook=dec_hook).decode,
            enc_hook,
            _EXACT,
            naming,
            enums,
        )
        self._prepare = self._values.prepare
        self._encode = self._values.encode
        self._shared_key = ("checked", *self._values.identity)

    @property
    def name(self) -> str:
        """The name in the handshake."""
        return "json"

    @property
    def version(self) -> int:
        """The highest protocol version that is spoken."""
        return PROTOCOL_VERSION

    @property
    def transfer_format(self) -> TransferFormat:
        """Whether frames are text or binary."""
        return "Text"

    def encode(self, message: HubMessage) -> bytes:
        """Return the message as one record; see `HubProtocol.encode`."""
        if self._prepare is not None:
            message = prepare_message(message, self._prepare)
        try:
            record = self._encode(_RECORD_OF[type(message)](message))
        except UNENCODABLE as error:
            raise unencodable("json", error) from error
        _require_json(record)
        return record + SEPARATOR

    def item_encoder(self, invocation_id: str) -> Callable[[object], bytes]:
        """Return what encodes the items of one stream; see `HubProtocol.item_encoder`."""
        encode, prepare, shared_text = self._encode, self._prepare, self._shared_text
        head = self.encode(StreamItem(invocation_id, None)).removesuffix(b"null}" + SEPARATOR)
        tail = b"}" + SEPARATOR

        def encode_item(item: object) -> bytes:
            if isinstance(item, Shared):
                return head + shared_text(item) + tail
            try:
                value = encode(item if prepare is None else prepare(item))
            except UNENCODABLE as error:
                raise unencodable("json", error) from error
            try:
                # As `_require_json`, without a call more for each item.
                _pass_over(value)
                if not value.isascii():
                    value.decode()
            except UNDECODABLE as error:
                raise _no_json(error) from error
            return head + value + tail

        return encode_item

    def _shared_text(self, item: Shared) -> bytes:
        """Return the text of a shared value, checked once however many connections it goes to."""
        text = item.encoded.get(self._shared_key)
        if text is None:
            try:
                text = item.written("json")
                written = text is not None
                if text is None:
                    text = self._encode(item)
            except UNENCODABLE as error:
                raise unencodable("json", error) from error
            if not written:
                _require_json(text)
            item.encoded[self._shared_key] = text
        return text

    def parser(self, max_message_size: int | None) -> MessageParser:
        """Return a new parser for one connection; see `HubProtocol.parser`."""
        return _JsonParser(self._values, max_message_size)


def _item_record(message: StreamItem) -> msgspec.Struct:
    headers = message.headers
    return _ItemRecord(message.invocation_id, message.item, None if headers is NO_HEADERS else _headers(headers))


def _invocation_record(message: Invocation) -> msgspec.Struct:
    return _InvocationRecord(
        target=message.target,
        arguments=message.arguments,
        invocation_id=message.invocation_id,
        stream_ids=message.stream_ids or None,
        headers=_headers(message.headers),
    )


def _stream_invocation_record(message: StreamInvocation) -> msgspec.Struct:
    return _StreamInvocationRecord(
        target=message.target,
        arguments=message.arguments,
        invocation_id=message.invocation_id,
        stream_ids=message.stream_ids or None,
        headers=_headers(message.headers),
    )


def _headers(headers: Mapping[str, str]) -> dict[str, str] | None:
    return dict(headers) if headers else None


def _completion_record(message: Completion) -> msgspec.Struct:
    headers = _headers(message.headers)
    if message.error is not None:
        if message.has_result:
            raise EncodeError("A completion has a result or an error, never both.")
        return _ErrorRecord(invocation_id=message.invocation_id, error=readable(message.error), headers=headers)
    if message.has_result:
        return _ResultRecord(message.invocation_id, message.result, headers)
    return _VoidRecord(invocation_id=message.invocation_id, headers=headers)


def _cancel_record(message: CancelInvocation) -> msgspec.Struct:
    return _CancelRecord(invocation_id=message.invocation_id, headers=_headers(message.headers))


def _ping_record(_: Ping) -> msgspec.Struct:
    return _PingRecord()


def _close_record(message: Close) -> msgspec.Struct:
    return _CloseRecord(None if message.error is None else readable(message.error), message.allow_reconnect)


def _ack_record(message: Ack) -> msgspec.Struct:
    return _AckRecord(message.sequence_id)


def _sequence_record(message: SequenceStart) -> msgspec.Struct:
    return _SequenceRecord(message.sequence_id)


_RECORD_OF: dict[type[HubMessage], Callable[[Any], msgspec.Struct]] = {
    Invocation: _invocation_record,
    StreamInvocation: _stream_invocation_record,
    StreamItem: _item_record,
    Completion: _completion_record,
    CancelInvocation: _cancel_record,
    Ping: _ping_record,
    Close: _close_record,
    Ack: _ack_record,
    SequenceStart: _sequence_record,
}


def _require_json(written: bytes) -> None:
    # msgspec writes a Decimal that is no finite number as a bare word, which is no JSON and would cost the other side
    # the connection; it writes such a float as null. To pass over the text once costs less than to look for the words,
    # which may as well stand inside a string.
    try:
        _pass_over(written)
        if not written.isascii():
            # Bytes that came in undecoded, and go out again, may be no text.
            written.decode()
    except UNDECODABLE as error:
        raise _no_json(error) from error


def _no_json(error: Exception) -> EncodeError:
    text = "as a Decimal that is no finite number and bytes that are no UTF-8 cannot"
    return EncodeError(f"A value cannot be sent as json, {text}: {error}")


class _JsonParser:
    """See `MessageParser`."""

    __slots__ = ("_limit", "_tail", "_values")

    def __init__(self, values: ValueCodec, limit: int | None) -> None:
        self._values = values
        self._limit = limit
        self._tail = bytearray()

    def feed(self, data: bytes) -> Iterator[HubMessage]:
        """Add bytes; see `MessageParser.feed`."""
        *records, rest = data.split(SEPARATOR)
        if self._tail and records:
            self._tail += records[0]
            records[0] = bytes(self._tail)
            self._tail = bytearray()
        self._tail += rest
        return self._messages(records, len(self._tail))

    def _messages(self, records: list[bytes], waiting: int) -> Iterator[HubMessage]:
        limit = self._limit
        values = self._values
        for record in records:
            if limit is not None and len(record) >= limit:
                raise ProtocolError(f"The maximum message size of {limit}B was exceeded.")
            try:
                fields = _read_record(record)
            except UNDECODABLE as error:
                if (message := self._mended(record, error)) is not None:
                    yield message
                continue
            # By far the most frequent message, and the only one made here: a call more would be felt.
            if fields.type == 2 and fields.invocation_id and fields.item is not msgspec.UNSET:
                item = EncodedPayload(fields.item, values)
                yield StreamItem(fields.invocation_id, item, fields.headers or NO_HEADERS)
            elif (message := self._message(fields)) is not None:
                yield message
        if limit is not None and waiting >= limit:
            raise ProtocolError(f"The maximum message size of {limit}B was exceeded.")

    def _mended(self, record: bytes, error: Exception) -> HubMessage | None:
        mended = recover_json(record)
        if mended is None:
            raise ProtocolError(f"A message is malformed: {error}") from error
        text, reason = mended
        try:
            message = self._message(_read_record(text))
        except UNDECODABLE as still:
            raise ProtocolError(f"A message is malformed: {still}") from still
        if message is not None:
            mark_unreadable(message, reason)
        return message

    def _message(self, fields: _AnyRecord) -> HubMessage | None:
        match fields.type:
            case 1:
                return Invocation(
                    _required(fields.target, "target"),
                    self._arguments(fields),
                    fields.invocation_id or None,
                    fields.stream_ids or (),
                    fields.headers or NO_HEADERS,
                )
            case 2:
                invocation_id = _id(fields)
                if isinstance(fields.item, msgspec.UnsetType):
                    raise _missing("item")
                return StreamItem(
                    invocation_id, EncodedPayload(fields.item, self._values), fields.headers or NO_HEADERS
                )
            case 3:
                return self._completion(fields)
            case 4:
                return StreamInvocation(
                    _required(fields.target, "target"),
                    self._arguments(fields),
                    _id(fields),
                    fields.stream_ids or (),
                    fields.headers or NO_HEADERS,
                )
            case 5:
                return CancelInvocation(_id(fields), fields.headers or NO_HEADERS)
            case 6:
                return Ping()
            case 7:
                return Close(fields.error, allow_reconnect=bool(fields.allow_reconnect))
            case 8:
                return Ack(_sequence_id(fields))
            case 9:
                return SequenceStart(_sequence_id(fields))
            case _:
                # A later version of the protocol may add messages; those that do not know them pass over them.
                return None

    def _arguments(self, fields: _AnyRecord) -> list[EncodedPayload]:
        if isinstance(fields.arguments, msgspec.UnsetType):
            raise _missing("arguments")
        values = self._values
        return [EncodedPayload(raw, values) for raw in fields.arguments]

    def _completion(self, fields: _AnyRecord) -> Completion:
        headers = fields.headers or NO_HEADERS
        if isinstance(fields.result, msgspec.UnsetType):
            return Completion(_id(fields), None, fields.error, has_result=False, headers=headers)
        if fields.error is not None:
            raise ProtocolError("The 'error' and 'result' properties are mutually exclusive.")
        payload = EncodedPayload(fields.result, self._values)
        return Completion(_id(fields), payload, None, has_result=True, headers=headers)


def _id(fields: _AnyRecord) -> str:
    return _required(fields.invocation_id, "invocationId")


def _required(value: str | None, name: str) -> str:
    if not value:
        raise _missing(name)
    return value


def _sequence_id(fields: _AnyRecord) -> int:
    if fields.sequence_id is None:
        raise _missing("sequenceId")
    return fields.sequence_id


def _missing(name: str) -> ProtocolError:
    return ProtocolError(f"Missing required property '{name}'.")
