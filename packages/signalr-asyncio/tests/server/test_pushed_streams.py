"""Streams whose source hands each item to all of its followers: in order, each client for itself."""
# ruff: noqa: N802 - hub methods carry their wire names

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from signalr_asyncio import ExactError, Hub, HubOptions, JsonHubProtocol, Shared, SignalRServer, hub_method
from signalr_asyncio.server import PushedItems
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class Source(PushedItems[object]):
    """Pushes what the test says to all followers."""

    def __init__(self) -> None:
        self.puts: list[Callable[[object], None]] = []
        self.over = asyncio.Event()
        self.failure: Exception | None = None

    async def push(self, put: Callable[[object], None]) -> None:
        self.puts.append(put)
        try:
            await self.over.wait()
        finally:
            self.puts.remove(put)
        if self.failure is not None:
            raise self.failure

    def publish(self, item: object) -> None:
        for put in tuple(self.puts):
            put(item)


class PushHub(Hub):
    source = Source()

    async def All(self) -> PushedItems[object]:
        return self.source

    @hub_method(latest_only=True, buffer=2)
    async def Latest(self) -> PushedItems[object]:
        return self.source

    async def Ping(self) -> str:
        return "pong"


@pytest.fixture(autouse=True)
def fresh() -> None:
    PushHub.source = Source()


async def follow(method: str, count: int, **options: Any) -> tuple[SignalRServer, list[Peer]]:
    app = SignalRServer({"/hub": PushHub}, options=HubOptions(**options), clock=ManualClock())
    peers = [await Peer(app).start() for _ in range(count)]
    for peer in peers:
        peer.stream(method)
    await settle()
    return app, peers


def items(peer: Peer) -> list[object]:
    return [message["item"] for message in peer.waiting() if message["type"] == 2]


@pytest.mark.parametrize("method", ["All", "Latest"])
async def test_each_follower_gets_each_item_in_order_and_the_end(method: str) -> None:
    _, peers = await follow(method, 5)
    for number in range(3):
        PushHub.source.publish(Shared({"number": number}))
        await settle()
    PushHub.source.over.set()
    await settle()
    for peer in peers:
        messages = list(peer.waiting())
        assert [message.get("item") for message in messages] == [{"number": number} for number in range(3)] + [None]
        assert messages[-1] == {"type": 3, "invocationId": "1"}


async def test_an_item_for_many_is_encoded_once() -> None:
    encoded = 0

    class Counted:
        pass

    def encode(value: object) -> object:
        nonlocal encoded
        assert isinstance(value, Counted)
        encoded += 1
        return "counted"

    app = SignalRServer({"/hub": PushHub}, protocols=[JsonHubProtocol(encode)], clock=ManualClock())
    peers = [await Peer(app).start() for _ in range(20)]
    for peer in peers:
        peer.stream("All")
    await settle()
    PushHub.source.publish(Shared(Counted()))
    await settle()
    assert [items(peer) for peer in peers] == [["counted"]] * 20
    assert encoded == 1


async def test_a_slow_follower_gets_the_newest_items_and_keeps_no_other_waiting() -> None:
    app, (slow, quick) = await follow("Latest", 2)
    slow.stop_reading()
    got: list[object] = []
    for number in range(50):
        PushHub.source.publish(number)
        await settle()
        got += items(quick)
    assert got == list(range(50))
    slow.go_on_reading()
    await settle()
    assert items(slow)[-2:] == [48, 49]
    assert app.stats().queued_bytes == 0


async def test_a_follower_that_takes_nothing_of_all_items_loses_its_connection_alone() -> None:
    app, (slow, quick) = await follow("All", 2, maximum_outgoing_bytes=10_000, stream_high_water=5_000)
    slow.stop_reading()
    for _ in range(30):
        PushHub.source.publish("x" * 1_000)
        await settle()
    slow.go_on_reading()
    await slow.ended()
    assert (app.stats().overflows, len(items(quick))) == (1, 30)


async def test_a_cancelled_stream_is_taken_from_its_source() -> None:
    app, (peer,) = await follow("All", 1)
    peer.send({"type": 5, "invocationId": "1"})
    await settle()
    assert PushHub.source.puts == []
    assert (await peer.receive()) == {"type": 3, "invocationId": "1"}
    assert app.stats().tasks == 0


async def test_a_client_that_leaves_is_taken_from_its_source() -> None:
    app, (peer,) = await follow("All", 1)
    peer.leave()
    await peer.ended()
    assert PushHub.source.puts == []
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_a_failure_of_the_source_ends_the_stream_with_its_text() -> None:
    _, (peer,) = await follow("All", 1)
    PushHub.source.failure = ExactError("NotFound: gone")
    PushHub.source.over.set()
    assert (await peer.receive()) == {"type": 3, "invocationId": "1", "error": "NotFound: gone"}


async def test_an_item_that_cannot_be_encoded_ends_the_stream_and_not_the_source() -> None:
    _, (peer, other) = await follow("All", 2)
    PushHub.source.publish(object())
    await settle()
    for each in (peer, other):
        assert "error" in (await each.receive())
        assert (await each.invoke("Ping", id="2"))["result"] == "pong"
    assert PushHub.source.puts == []
