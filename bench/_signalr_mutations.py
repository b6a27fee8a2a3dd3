"""Frames that were damaged: whatever arrives, the protocol core answers with messages or a `ProtocolError`."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from signalr_asyncio import HubProtocol, JsonHubProtocol, MessagePackHubProtocol, ProtocolError
from signalr_asyncio.protocol import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Payload,
    Ping,
    SequenceStart,
    StreamInvocation,
    StreamItem,
)

_LIMIT = 1_000


class Sample(msgspec.Struct):
    """A value of many types."""

    number: int
    when: dt.datetime
    amount: Decimal
    values: list[float]
    names: dict[int, str]
    blob: bytes


_SAMPLE = Sample(1, dt.datetime(2026, 1, 5, 16, tzinfo=dt.UTC), Decimal("1.25"), [1.5, -2.0], {1: "a"}, b"\x00\xff")
_MESSAGES: tuple[HubMessage, ...] = (
    Invocation("Method", [1, "two", _SAMPLE], "1", ["s"], {"h": "v"}),
    StreamInvocation("Method", [_SAMPLE], "2"),
    StreamItem("2", [_SAMPLE, {"deep": [None, True, {"deeper": []}]}, 2**63]),
    Completion("1", _SAMPLE, has_result=True),
    Completion("1", error="no"),
    Completion("1"),
    CancelInvocation("1"),
    Ping(),
    Close("over", allow_reconnect=True),
    Ack(3),
    SequenceStart(4),
)


def survive(count: int, seed: int) -> int:
    """Feed `count` damaged frames to parsers of both encodings, and decode what comes out.

    Returns
    -------
    int
        How many raised something other than the errors that are promised.
    """
    source = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    protocols: tuple[HubProtocol, ...] = (JsonHubProtocol(), MessagePackHubProtocol())
    frames = [(protocol, [protocol.encode(message) for message in _MESSAGES]) for protocol in protocols]
    unexpected = 0
    for _ in range(count):
        protocol, records = source.choice(frames)
        frame = _damaged(source, source.choice(records) + source.choice(records))
        try:
            for message in protocol.parser(_LIMIT).feed(frame):
                _decode(message)
        except ProtocolError:
            pass
        except Exception as error:  # noqa: BLE001 - what is counted here is anything that is not promised
            print(f"{protocol.name}: {frame!r}: {error!r}")
            unexpected += 1
    return unexpected


def _damaged(source: random.Random, frame: bytes) -> bytes:
    data = bytearray(frame)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data) + 1)
        match source.randrange(5):
            case 0:
                data[at : at + 1] = bytes((source.randrange(256),))
            case 1:
                del data[at : at + source.randrange(8)]
            case 2:
                data[at:at] = source.randbytes(source.randrange(8))
            case 3:
                start = source.randrange(len(data) + 1)
                data[at:at] = data[start : start + 40]
            case _:
                del data[at:]
    return bytes(data)


def _decode(message: HubMessage) -> None:
    for value in _values(message):
        for type_ in (object, Sample):
            try:
                if isinstance(value, Payload):
                    value.decode(type_)
            except msgspec.DecodeError:
                pass


def _values(message: HubMessage) -> Iterator[object]:
    yield from getattr(message, "arguments", ())
    yield getattr(message, "item", None)
    yield getattr(message, "result", None)
