"""The messages of the SignalR hub protocol, as values.

A message that was parsed carries its payloads (arguments, items, results) undecoded, as `Payload`: only the receiver
knows their types. A message to be sent carries Python values, or `Shared` values, which are encoded once per protocol
however many connections they go to.

Source: the SignalR hub protocol specification, and what the shipped .NET and JavaScript implementations do.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

__all__ = [
    "HubMessage",
    "Invocation",
    "StreamInvocation",
    "StreamItem",
    "Completion",
    "CancelInvocation",
    "Ping",
    "Close",
    "Ack",
    "SequenceStart",
    "Payload",
    "Shared",
    "NO_HEADERS",
]

T = TypeVar("T")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@runtime_checkable
class Payload(Protocol):
    """One undecoded value of a message."""

    def decode(self, type_: type[T]) -> T:
        """Decode the value as `type_`.

        Raises
        ------
        msgspec.ValidationError
            When the value does not fit `type_`; its text names the path within the value.
        msgspec.DecodeError
            When the bytes are not valid in their encoding.
        """
        ...

    def builtins(self) -> Any:  # noqa: ANN401 - any JSON value
        """Decode the value as plain dicts, lists, strings, numbers, booleans and None.

        Raises
        ------
        msgspec.DecodeError
            When the bytes are not valid in their encoding.
        """
        ...


class Shared:
    """A value that goes to many connections: each protocol encodes it once and keeps the bytes here.

    Parameters
    ----------
    value
        What to send; it must not change afterwards.

    Attributes
    ----------
    encoded
        The bytes so far, by the identity of the encoding: its name together with its hooks and options.
    """

    __slots__ = ("encoded", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.encoded: dict[Hashable, bytes] = {}

    def written(self, encoding: str) -> bytes | None:
        """Return the value as a subclass writes it in an encoding; `None` where the protocol has to encode it.

        What it returns is sent as it is, unchecked, whatever the protocol's options: it must be sound.

        Parameters
        ----------
        encoding
            The protocol's name, such as "json".
        """
        del encoding
        return None


class Invocation(msgspec.Struct):
    """A call of a method; without `invocation_id` no answer is wanted."""

    target: str
    arguments: Sequence[Any]
    invocation_id: str | None = None
    stream_ids: Sequence[str] = ()
    headers: Mapping[str, str] = NO_HEADERS


class StreamInvocation(msgspec.Struct):
    """A call of a streaming method; its items follow as `StreamItem`, its end as `Completion`."""

    target: str
    arguments: Sequence[Any]
    invocation_id: str
    stream_ids: Sequence[str] = ()
    headers: Mapping[str, str] = NO_HEADERS


class StreamItem(msgspec.Struct):
    """One item of a stream in either direction."""

    invocation_id: str
    item: Any
    headers: Mapping[str, str] = NO_HEADERS


class Completion(msgspec.Struct):
    """The end of an invocation or a stream: a result, an error, or neither (void). Never both."""

    invocation_id: str
    result: Any = None
    error: str | None = None
    has_result: bool = False
    headers: Mapping[str, str] = NO_HEADERS


class CancelInvocation(msgspec.Struct):
    """The caller wants no more of a stream or of an answer."""

    invocation_id: str
    headers: Mapping[str, str] = NO_HEADERS


class Ping(msgspec.Struct):
    """Says that the connection lives."""


class Close(msgspec.Struct):
    """The connection ends; with `allow_reconnect` the client may come back."""

    error: str | None = None
    allow_reconnect: bool = False


class Ack(msgspec.Struct):
    """Stateful reconnect: all messages up to and including `sequence_id` have been received."""

    sequence_id: int


class SequenceStart(msgspec.Struct):
    """Stateful reconnect: the id of the next message that follows."""

    sequence_id: int


HubMessage = (
    Invocation | StreamInvocation | StreamItem | Completion | CancelInvocation | Ping | Close | Ack | SequenceStart
)
