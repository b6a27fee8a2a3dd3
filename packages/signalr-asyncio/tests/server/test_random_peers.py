"""Whatever a client sends, the server answers or closes; it never breaks, and nothing is left behind."""
# ruff: noqa: N802 - hub methods carry their wire names

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class AnyHub(Hub):
    async def Add(self, left: int, right: int = 1) -> int:
        return left + right

    async def Count(self, count: int) -> AsyncIterator[int]:
        for number in range(min(count, 50)):
            yield number

    async def Sum(self, items: AsyncIterator[int]) -> int:
        return sum([item async for item in items])

    async def Echo(self, items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in items:
            yield item


ids = st.sampled_from(["1", "2", "3", ""])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 100)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
messages = st.fixed_dictionaries(
    {"type": st.integers(0, 12)},
    optional={
        "target": st.sampled_from(["Add", "Count", "Sum", "Echo", "Nope", ""]),
        "arguments": st.lists(values, max_size=3),
        "invocationId": ids,
        "streamIds": st.lists(st.sampled_from(["u", "v"]), max_size=2),
        "item": values,
        "result": values,
        "error": st.text(max_size=5),
        "sequenceId": st.integers(-1, 5),
        "allowReconnect": st.booleans(),
    },
)


@pytest.mark.slow
@given(st.lists(st.lists(messages, min_size=1, max_size=4), max_size=20), st.booleans())
@settings(max_examples=150, deadline=None)
@pytest.mark.asyncio(loop_scope="function")
async def test_random_messages(frames: list[list[Any]], stateful: bool) -> None:
    clock = ManualClock()
    app = SignalRServer({"/hub": AnyHub}, options=HubOptions(allow_stateful_reconnect=stateful), clock=clock)
    peer = await Peer(app).start()
    for frame in frames:
        peer.raw("".join(json.dumps(message) + "\x1e" for message in frame))
        await settle()
    for answer in peer.waiting():
        assert answer["type"] in {2, 3, 6, 7}
        assert not ("error" in answer and "result" in answer)
    peer.leave()
    await clock.advance(60)
    await peer.ended()
    assert app.stats().connections == 0
    assert app.stats().tasks == 0
    assert app.stats().queued_bytes == 0


@given(st.lists(st.binary(max_size=60), max_size=15))
@settings(max_examples=100, deadline=None)
async def test_random_bytes(frames: list[bytes]) -> None:
    clock = ManualClock()
    app = SignalRServer({"/hub": AnyHub}, clock=clock)
    peer = Peer(app)
    assert await peer.connect() == 101
    for frame in frames:
        peer.raw(frame)
    await settle()
    peer.leave()
    await clock.advance(60)
    await peer.ended()
    assert (app.stats().connections, app.stats().tasks) == (0, 0)
