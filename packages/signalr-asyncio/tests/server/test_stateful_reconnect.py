"""Coming back to the same connection without losing messages."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_server_kit import ManualClock, Peer, request
from signalr_server_kit.clock import settle


class TickHub(Hub):
    log: list[Any] = []  # noqa: RUF012 - cleared before each test
    release = asyncio.Event()

    async def Note(self, text: str) -> str:
        self.log.append(text)
        return text

    async def Hold(self) -> str:
        await self.release.wait()
        return "held"

    async def Gather(self, items: AsyncIterator[int]) -> int:
        return sum([item async for item in items])

    async def on_connected(self) -> None:
        self.log.append("connected")

    async def on_disconnected(self, error: str | None) -> None:
        self.log.append(("disconnected", error))


@pytest.fixture(autouse=True)
def fresh() -> None:
    TickHub.log = []
    TickHub.release = asyncio.Event()


class World:
    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.app = SignalRServer(
            {"/hub": TickHub}, options=HubOptions(allow_stateful_reconnect=True, **options), clock=self.clock
        )
        self.query = ""

    async def connect(self, version: int = 2) -> Peer:
        body = (
            await request(self.app, "POST", "/hub/negotiate", "negotiateVersion=1&useStatefulReconnect=true")
        ).json()
        assert body["useStatefulReconnect"] is True
        self.query = f"id={body['connectionToken']}"
        return await Peer(self.app, query=self.query).start(version)

    async def again(self) -> Peer:
        peer = Peer(self.app, query=self.query)
        assert await peer.connect() == 101
        return peer

    async def tell(self, text: str) -> None:
        await self.app.hub("/hub").clients.all.send("Tell", text)


def reported(messages: list[Any]) -> list[str]:
    return [message["arguments"][0] for message in messages if message["type"] == 1]


async def test_it_is_offered_to_those_who_ask_and_only_if_allowed() -> None:
    app = SignalRServer({"/hub": TickHub}, clock=ManualClock())
    body = (await request(app, "POST", "/hub/negotiate", "negotiateVersion=1&useStatefulReconnect=true")).json()
    assert "useStatefulReconnect" not in body
    body = (await request(World().app, "POST", "/hub/negotiate", "negotiateVersion=1")).json()
    assert "useStatefulReconnect" not in body


async def test_messages_of_the_gap_arrive_after_the_return() -> None:
    world = World()
    first = await world.connect()
    await world.tell("a")
    assert reported([await first.receive()]) == ["a"]
    first.leave(1006)
    await first.ended()
    await world.tell("b")
    second = await world.again()
    assert await second.receive() == {"type": 9, "sequenceId": 1}
    assert reported([await second.receive(), await second.receive()]) == ["a", "b"]
    await world.tell("c")
    assert reported([await second.receive()]) == ["c"]
    assert TickHub.log == ["connected"]
    second.send({"type": 9, "sequenceId": 1})
    assert (await second.invoke("Note", "x"))["result"] == "x"


async def test_acknowledged_messages_are_not_sent_again() -> None:
    world = World()
    first = await world.connect()
    for text in "abc":
        await world.tell(text)
    for _ in range(3):
        await first.receive()
    first.send({"type": 8, "sequenceId": 2})
    await settle()
    first.leave(1006)
    await first.ended()
    second = await world.again()
    assert await second.receive() == {"type": 9, "sequenceId": 3}
    assert reported([await second.receive()]) == ["c"]


async def test_calls_that_come_twice_run_once() -> None:
    world = World()
    first = await world.connect()
    assert (await first.invoke("Note", "one", id="1"))["result"] == "one"
    first.leave(1006)
    await first.ended()
    second = await world.again()
    second.send({"type": 9, "sequenceId": 1})
    second.call("Note", "one", id="1")
    second.call("Note", "two", id="2")
    await settle()
    assert TickHub.log == ["connected", "one", "two"]


async def test_a_client_that_takes_nothing_may_come_back() -> None:
    world = World()
    first = await world.connect()
    first.stop_reading()
    await world.tell("a")
    await world.clock.advance(11)
    assert TickHub.log == ["connected"]
    await first.ended()
    second = await world.again()
    assert await second.receive() == {"type": 9, "sequenceId": 1}
    assert reported([await second.receive()]) == ["a"]


async def test_a_call_that_runs_during_the_gap_is_answered_after_it() -> None:
    world = World()
    first = await world.connect()
    first.call("Hold")
    await settle()
    first.leave(1006)
    await first.ended()
    TickHub.release.set()
    await settle()
    second = await world.again()
    assert await second.receive() == {"type": 9, "sequenceId": 1}
    assert (await second.receive())["result"] == "held"


async def test_a_new_transport_replaces_one_that_only_seems_alive() -> None:
    world = World()
    first = await world.connect()
    await world.tell("a")
    await first.receive()
    second = await world.again()
    await first.ended()
    assert await second.receive() == {"type": 9, "sequenceId": 1}
    assert reported([await second.receive()]) == ["a"]
    second.send({"type": 9, "sequenceId": 1})
    assert (await second.invoke("Note", "x"))["result"] == "x"
    assert TickHub.log == ["connected", "x"]


async def test_received_messages_are_acknowledged_each_second() -> None:
    world = World()
    peer = await world.connect()
    for number in range(3):
        await peer.invoke("Note", str(number))
    await world.clock.advance(1.1)
    assert [message for message in peer.waiting() if message["type"] == 8] == [{"type": 8, "sequenceId": 3}]
    await world.clock.advance(3)
    assert [message for message in peer.waiting() if message["type"] == 8] == []


async def test_a_client_that_does_not_return_is_disconnected() -> None:
    world = World()
    peer = await world.connect()
    peer.leave(1006)
    await peer.ended()
    await world.clock.advance(14)
    assert TickHub.log == ["connected"]
    await world.clock.advance(2)
    assert TickHub.log == ["connected", ("disconnected", "The client did not come back.")]
    late = Peer(world.app, query=world.query)
    assert await late.connect() == 404
    assert world.app.stats().connections == 0
    assert world.app.stats().tasks == 0


async def test_a_full_buffer_holds_messages_back_until_an_ack() -> None:
    world = World(stateful_buffer_size=1000)
    peer = await world.connect()
    for number in range(100):
        await world.tell(f"{number:03}" + "x" * 97)
    await settle()
    got = reported(list(peer.waiting()))
    assert 5 < len(got) < 15
    while len(got) < 100:
        peer.send({"type": 8, "sequenceId": len(got)})
        await settle()
        more = reported(list(peer.waiting()))
        assert more
        got += more
    assert [text[:3] for text in got] == [f"{number:03}" for number in range(100)]


async def test_an_upload_is_read_while_the_buffer_is_full_so_that_the_ack_behind_it_is_read() -> None:
    world = World(stateful_buffer_size=1000, stream_high_water=1500, stream_buffer_capacity=2)
    peer = await world.connect()
    for _ in range(30):
        await world.tell("x" * 100)
    await settle()
    peer.send({"type": 1, "invocationId": "1", "target": "Gather", "arguments": [], "streamIds": ["u"]})
    for number in range(10):
        peer.send({"type": 2, "invocationId": "u", "item": number})
    peer.send({"type": 3, "invocationId": "u"})
    await settle()
    received = list(peer.waiting())
    while not any(message["type"] == 3 for message in received):
        peer.send({"type": 8, "sequenceId": len(reported(received))})
        await settle()
        more = list(peer.waiting())
        assert more, "the server hears no ack any more"
        received += more
    assert [message["result"] for message in received if message["type"] == 3] == [45]


async def test_a_dead_peer_with_a_full_buffer_stalls_nobody_and_is_closed_at_its_bound() -> None:
    world = World(stateful_buffer_size=1000, maximum_outgoing_bytes=50_000, stream_high_water=20_000)
    dead = await world.connect()
    dead.leave(1006)
    await dead.ended()
    alive = await Peer(world.app).start()
    for number in range(600):
        await world.tell("x" * 100)
        assert (await alive.receive())["target"] == "Tell", number
        assert world.app.stats().queued_bytes < 60_000
    await world.clock.advance(6)
    assert ("disconnected", "The client reads too slowly: too many bytes were waiting for it.") in TickHub.log
    assert len(world.app.hub("/hub").connection_ids) == 1


async def test_a_client_that_shakes_hands_in_version_1_is_a_plain_one() -> None:
    world = World()
    peer = await world.connect(version=1)
    peer.send({"type": 6})
    assert (await peer.invoke("Note", "x"))["result"] == "x"
    peer.leave(1006)
    await peer.ended()
    await settle()
    assert TickHub.log[-1] == ("disconnected", None)
    assert await Peer(world.app, query=world.query).connect() == 404


async def test_a_close_message_ends_it_for_good() -> None:
    world = World()
    peer = await world.connect()
    peer.send({"type": 7})
    await peer.ended()
    await settle()
    assert TickHub.log[-1] == ("disconnected", None)
    assert await Peer(world.app, query=world.query).connect() == 404


async def test_a_server_side_close_reaches_the_client_and_ends_it() -> None:
    world = World()
    peer = await world.connect()
    hub = world.app.hub("/hub")
    hub.abort(hub.connection_ids[0], "out")
    assert await peer.receive() == {"type": 7, "error": "out"}
    await peer.ended()
    await settle()
    assert TickHub.log[-1] == ("disconnected", "out")
    assert world.app.stats().connections == 0


async def test_a_sequence_that_skips_messages_is_a_protocol_error() -> None:
    world = World()
    first = await world.connect()
    first.leave(1006)
    await first.ended()
    second = await world.again()
    assert (await second.receive())["type"] == 9
    second.send({"type": 9, "sequenceId": 50})
    assert (await second.receive())["type"] == 7
    await second.ended()


async def test_shutdown_ends_connections_whose_client_is_away() -> None:
    world = World()
    peer = await world.connect()
    peer.leave(1006)
    await peer.ended()
    await world.app.shutdown()
    assert TickHub.log[-1] == ("disconnected", "The server is stopping.")
