"""Items that get a frame of their own go past the queue: in their order, and in nobody's way."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_server_kit import ManualClock, Peer
from signalr_server_kit.clock import settle


class PushHub(Hub):
    more = asyncio.Event()
    closed = asyncio.Event()
    closing = asyncio.Event()
    ended: list[str | None] = []  # noqa: RUF012 - cleared before each test

    async def Items(self, count: int) -> AsyncIterator[str]:
        try:
            for number in range(count):
                yield f"{number}"
        finally:
            self.closed.set()

    async def Large(self, count: int) -> AsyncIterator[str]:
        for _ in range(count):
            yield "x" * 10_000

    async def Steps(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
                self.more.clear()
                await self.more.wait()
        finally:
            await self.closing.wait()
            self.closed.set()

    async def Ping(self) -> str:
        return "pong"

    async def on_disconnected(self, error: str | None) -> None:
        self.ended.append(error)


@pytest.fixture(autouse=True)
def fresh() -> None:
    PushHub.more, PushHub.closed, PushHub.closing = asyncio.Event(), asyncio.Event(), asyncio.Event()
    PushHub.ended = []


async def connect(clock: ManualClock | None = None, **options: Any) -> tuple[SignalRServer, Peer]:
    options = {"coalesce_limit": 1, **options}
    app = SignalRServer({"/hub": PushHub}, options=HubOptions(**options), clock=clock or ManualClock())
    return app, await Peer(app).start()


def what(message: dict[str, Any]) -> object:
    return message.get("item", message.get("target", message["type"]))


async def test_what_is_queued_while_an_item_is_sent_follows_it() -> None:
    app, peer = await connect()
    peer.stop_reading()
    peer.stream("Items", 5)
    await settle()
    await app.hub("/hub").clients.all.send("First")
    await app.hub("/hub").clients.all.send("Second")
    assert app.stats().queued_bytes > 0
    peer.go_on_reading()
    await settle()
    got = [what(message) for message in peer.waiting()]
    assert got == ["0", "First", "Second", "1", "2", "3", "4", 3]
    assert app.stats().queued_bytes == 0


async def test_a_stream_that_never_waits_lets_calls_be_answered() -> None:
    _, peer = await connect()
    peer.stream("Large", 1_000)
    peer.call("Ping", id="2")
    await settle()
    got = [message.get("result", "item") for message in peer.waiting()]
    assert "pong" in got[:200]


async def test_many_streams_share_a_connection() -> None:
    _, peer = await connect()
    for number in range(20):
        peer.stream("Items", 50, id=str(number))
    await settle()
    await settle()
    messages = list(peer.waiting())
    for number in range(20):
        mine = [what(message) for message in messages if message["invocationId"] == str(number)]
        assert mine == [*map(str, range(50)), 3]


async def test_a_close_follows_the_item_that_is_being_sent_and_does_not_wait_for_the_stream() -> None:
    app, peer = await connect()
    peer.stream("Steps")
    await settle()
    peer.stop_reading()
    PushHub.more.set()
    await settle()
    hub = app.hub("/hub")
    hub.abort(hub.connection_ids[0], "out")
    await settle()
    peer.go_on_reading()
    await settle()
    assert [what(message) for message in peer.waiting()] == [0, 1, 7]
    assert peer.close_code == 1011
    assert not PushHub.closed.is_set()
    PushHub.closing.set()
    await peer.ended()
    assert PushHub.closed.is_set()
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_nothing_is_sent_after_a_close() -> None:
    app, peer = await connect()
    peer.stream("Steps")
    await settle()
    hub = app.hub("/hub")
    PushHub.closing.set()
    hub.abort(hub.connection_ids[0])
    PushHub.more.set()
    await peer.ended()
    assert [what(message) for message in peer.waiting()] == [0, 7]


async def test_a_stream_cancelled_while_its_item_is_sent_ends() -> None:
    app, peer = await connect()
    peer.stop_reading()
    peer.stream("Items", 1_000_000)
    await settle()
    peer.send({"type": 5, "invocationId": "1"})
    await settle()
    assert PushHub.closed.is_set()
    peer.go_on_reading()
    peer.call("Ping", id="2")
    await settle()
    answers = [message for message in peer.waiting() if message["type"] == 3]
    assert [(answer["invocationId"], answer.get("error")) for answer in answers] == [("1", None), ("2", None)]
    assert app.stats().queued_bytes == 0


@pytest.mark.parametrize("fault", [OSError("gone"), RuntimeError("after close"), ValueError("broken")])
async def test_a_send_that_fails_ends_the_connection(fault: Exception) -> None:
    app, peer = await connect()
    peer.stream("Steps")
    await settle()
    peer.fault = fault
    PushHub.closing.set()
    PushHub.more.set()
    await peer.ended()
    assert (app.stats().connections, app.stats().tasks) == (0, 0)
    assert PushHub.ended == ["broken" if isinstance(fault, ValueError) else None]


async def test_a_client_that_takes_nothing_is_disconnected(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    app, peer = await connect(clock)
    peer.stop_reading()
    peer.stream("Items", 1_000_000)
    await clock.advance(20)
    assert PushHub.ended == ["The client took nothing within the send timeout."]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_small_items_of_a_fast_stream_reach_a_slow_reader_in_their_order() -> None:
    app, peer = await connect(coalesce_limit=200)
    peer.stop_reading()
    peer.stream("Items", 2_000)
    await settle()
    await app.hub("/hub").clients.all.send("First")
    for _ in range(50):
        peer.go_on_reading()
        await asyncio.sleep(0)
        peer.stop_reading()
        await asyncio.sleep(0)
    peer.go_on_reading()
    await settle()
    got = [what(message) for message in peer.waiting()]
    assert [each for each in got if each != "First"] == [*map(str, range(2_000)), 3]
    assert "First" in got
    assert peer.max_senders == 1
    assert app.stats().queued_bytes == 0
