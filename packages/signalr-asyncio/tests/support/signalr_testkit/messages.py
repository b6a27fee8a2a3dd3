"""Hub messages for property tests: how to make any of them, and how to compare one that was parsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from hypothesis import strategies as st

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import (
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

PROTOCOLS: dict[str, HubProtocol] = {"json": JsonHubProtocol(), "messagepack": MessagePackHubProtocol()}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
headers = st.dictionaries(texts, texts, max_size=2)
stream_ids = st.lists(ids, max_size=2)

messages: st.SearchStrategy[HubMessage] = st.one_of(
    st.builds(Invocation, ids, st.lists(values, max_size=3), st.none() | ids, stream_ids, headers),
    st.builds(StreamInvocation, ids, st.lists(values, max_size=3), ids, stream_ids, headers),
    st.builds(StreamItem, ids, values, headers),
    st.builds(Completion, ids, values, st.none(), st.just(True), headers),
    st.builds(Completion, ids, st.none(), texts, st.just(False), headers),
    st.builds(Completion, ids, headers=headers),
    st.builds(CancelInvocation, ids, headers),
    st.builds(Ping),
    st.builds(Close, st.none() | texts, st.booleans()),
    st.builds(Ack, st.integers(0, 2**53)),
    st.builds(SequenceStart, st.integers(1, 2**53)),
)


def plain(message: HubMessage) -> dict[str, Any]:
    """Return the message's fields with every payload decoded and containers in one form, for comparing."""
    fields = {name: _plain(getattr(message, name)) for name in message.__struct_fields__}
    return {"kind": type(message).__name__, **fields}


def parse_all(protocol: HubProtocol, frames: Iterable[bytes], limit: int | None = None) -> list[HubMessage]:
    """Feed the frames to a new parser and return every message that came out."""
    parser = protocol.parser(limit)
    return [message for frame in frames for message in parser.feed(frame)]


def cut_at(data: bytes, places: Sequence[int]) -> Iterator[bytes]:
    """Yield the data in pieces, cut at the given offsets."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    for begin, end in pairwise(edges):
        yield data[begin:end]


def _plain(value: object) -> Any:
    if isinstance(value, Payload):
        return value.builtins()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in cast("list[object]", value)]
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    return value
