"""Acks are heard although what stands before them has to wait: a stateful connection never waits for itself."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_server_kit import ManualClock, Peer, request
from signalr_server_kit.clock import settle

BUFFER = 1_000


class FlowHub(Hub):
    noted: list[int] = []  # noqa: RUF012 - cleared before each test
    release = asyncio.Event()

    async def Mirror(self, items: AsyncIterator[str]) -> AsyncIterator[str]:
        async for item in items:
            for copy in range(4):
                yield f"{item}/{copy}"

    async def Note(self, number: int) -> str:
        self.noted.append(number)
        return "x" * 100

    async def Hold(self, items: AsyncIterator[int]) -> int:
        await self.release.wait()
        return sum([item async for item in items])


@pytest.fixture(autouse=True)
def fresh() -> None:
    FlowHub.noted = []
    FlowHub.release = asyncio.Event()


class Client:
    """A client with a bounded buffer of its own, which sends work only while there is room in it."""

    def __init__(self, app: SignalRServer, peer: Peer, query: str) -> None:
        self.app = app
        self.query = query
        self.peer = peer
        self.sent: list[dict[str, Any]] = []
        self.acknowledged = 0
        self.received: list[dict[str, Any]] = []

    def can_send(self) -> bool:
        return sum(len(str(message)) for message in self.sent[self.acknowledged :]) < BUFFER

    def work(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.peer.send(message)

    def read(self) -> None:
        for message in self.peer.waiting():
            match message["type"]:
                case 8:
                    self.acknowledged = max(self.acknowledged, message["sequenceId"])
                case 6 | 9:
                    pass
                case _:
                    self.received.append(message)

    def ack(self) -> None:
        self.peer.send({"type": 8, "sequenceId": len(self.received)})

    async def again(self) -> None:
        """Come back over a new transport, having lost nothing of what was received."""
        self.peer.leave(1006)
        await self.peer.ended()
        self.read()
        self.peer = Peer(self.app, query=self.query)
        assert await self.peer.connect() == 101
        start = await self.peer.receive()
        assert start["type"] == 9
        expected = len(self.received) + 1
        skip = expected - start["sequenceId"]
        assert skip >= 0
        first = self.acknowledged + 1
        self.peer.send({"type": 9, "sequenceId": first}, *self.sent[first - 1 :])
        await settle()
        for message in list(self.peer.waiting()):
            if message["type"] in {8, 6}:
                self.acknowledged = max(self.acknowledged, message.get("sequenceId", 0))
            elif skip:
                skip -= 1
            else:
                self.received.append(message)


async def connect(**options: Any) -> tuple[ManualClock, Client]:
    clock = ManualClock()
    bounds: dict[str, Any] = {
        "stateful_buffer_size": BUFFER,
        "stream_high_water": 500,
        "stream_buffer_capacity": 2,
        "maximum_waiting_invocations": 2,
        **options,
    }
    app = SignalRServer({"/hub": FlowHub}, options=HubOptions(allow_stateful_reconnect=True, **bounds), clock=clock)
    body = (await request(app, "POST", "/hub/negotiate", "negotiateVersion=1&useStatefulReconnect=true")).json()
    query = f"id={body['connectionToken']}"
    return clock, Client(app, await Peer(app, query=query).start(2), query)


async def test_a_stream_and_its_upload_that_both_stall_resume() -> None:
    clock, client = await connect()
    client.work({"type": 4, "invocationId": "1", "target": "Mirror", "arguments": [], "streamIds": ["u"]})
    number = 0
    for _ in range(400):
        # The ack stands behind all that the client could send before it.
        while client.can_send() and number < 100:
            client.work({"type": 2, "invocationId": "u", "item": f"item {number}"})
            number += 1
            if number == 100:
                client.work({"type": 3, "invocationId": "u"})
        await settle()
        client.read()
        client.ack()
        await clock.advance(1.1)
        client.read()
        if client.received[-1]["type"] == 3:
            break
    items = [message["item"] for message in client.received if message["type"] == 2]
    assert items == [f"item {item}/{copy}" for item in range(100) for copy in range(4)]


async def test_waiting_calls_do_not_prevent_the_ack_from_being_read() -> None:
    clock, client = await connect()
    number = 0
    for _ in range(400):
        while client.can_send() and number < 200:
            client.work({"type": 1, "invocationId": str(number), "target": "Note", "arguments": [number]})
            number += 1
        await settle()
        client.read()
        client.ack()
        await clock.advance(1.1)
        client.read()
        if len(client.received) == 200:
            break
    assert FlowHub.noted == list(range(200))
    assert [message["invocationId"] for message in client.received] == [str(number) for number in range(200)]


async def test_what_waits_is_not_acknowledged_so_that_the_client_stops_at_its_own_bound() -> None:
    clock, client = await connect()
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(10):
        client.work({"type": 2, "invocationId": "u", "item": number})
    await clock.advance(1.1)
    client.read()
    # The call, the two items that the upload holds.
    assert client.acknowledged == 3
    await clock.advance(5)
    client.read()
    assert client.acknowledged == 3
    FlowHub.release.set()
    client.work({"type": 3, "invocationId": "u"})
    await clock.advance(1.1)
    client.read()
    assert client.acknowledged == 12
    assert [message["result"] for message in client.received] == [45]


async def test_what_waits_outlives_the_transport_and_comes_once() -> None:
    clock, client = await connect()
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(10):
        client.work({"type": 2, "invocationId": "u", "item": number})
    await settle()
    await client.again()
    client.work({"type": 3, "invocationId": "u"})
    FlowHub.release.set()
    await clock.advance(1.1)
    client.read()
    assert [message["result"] for message in client.received] == [45]


async def test_a_client_that_sends_on_and_acknowledges_nothing_is_closed_with_the_reason() -> None:
    clock, client = await connect(client_timeout=20.0)
    client.work({"type": 4, "invocationId": "1", "target": "Mirror", "arguments": [], "streamIds": ["u"]})
    for number in range(200):
        client.work({"type": 2, "invocationId": "u", "item": f"item {number}"})
    for _ in range(12):
        await clock.advance(1)
        client.peer.send({"type": 6})
    client.read()
    assert all(message["type"] == 2 for message in client.received)
    for _ in range(12):
        await clock.advance(1)
    last = list(client.peer.waiting())[-1]
    assert (last["type"], last["error"]) == (7, "Connection closed with an error.")
    await client.peer.ended()
    assert client.app.stats().connections == 0
    assert client.app.stats().tasks == 0


async def test_a_slow_hub_method_alone_is_no_fault_of_the_client() -> None:
    clock, client = await connect(client_timeout=20.0)
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(500):
        client.work({"type": 2, "invocationId": "u", "item": number})
    client.work({"type": 3, "invocationId": "u"})
    for _ in range(60):
        client.peer.send({"type": 6})
        await clock.advance(1)
    FlowHub.release.set()
    for _ in range(60):
        await clock.advance(0.1)
    client.read()
    assert [message["result"] for message in client.received] == [sum(range(500))]


async def test_a_close_message_behind_what_waits_is_reached_in_its_turn() -> None:
    clock, client = await connect()
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(10):
        client.work({"type": 2, "invocationId": "u", "item": number})
    client.work({"type": 3, "invocationId": "u"})
    client.peer.send({"type": 7})
    await settle()
    assert not client.peer.closed.is_set()
    FlowHub.release.set()
    await clock.advance(1.1)
    await client.peer.ended()
    assert client.app.stats().connections == 0


async def test_an_end_from_outside_leaves_nothing_of_what_waits() -> None:
    clock, client = await connect()
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(10):
        client.work({"type": 2, "invocationId": "u", "item": number})
    await settle()
    hub = client.app.hub("/hub")
    hub.abort(hub.connection_ids[0])
    FlowHub.release.set()
    await clock.advance(10)
    await client.peer.ended()
    assert (client.app.stats().connections, client.app.stats().tasks) == (0, 0)


@given(st.lists(st.sampled_from(["send", "read", "ack", "tick", "cut"]), max_size=60))
@settings(max_examples=60, deadline=None)
@pytest.mark.asyncio(loop_scope="function")
async def test_whatever_comes_in_between_all_arrives_once_and_in_order(steps: list[str]) -> None:
    FlowHub.noted = []
    clock, client = await connect()
    client.work({"type": 4, "invocationId": "1", "target": "Mirror", "arguments": [], "streamIds": ["u"]})
    await settle()
    number = 0
    # In the end whatever is left is done.
    for step in [*steps, *(["send", "read", "ack", "tick"] * 150)]:
        match step:
            case "send":
                while client.can_send() and number < 30:
                    client.work({"type": 2, "invocationId": "u", "item": f"item {number}"})
                    number += 1
                    if number == 30:
                        client.work({"type": 3, "invocationId": "u"})
            case "read":
                await settle()
                client.read()
            case "ack":
                client.ack()
            case "tick":
                await clock.advance(1.1)
            case _:
                await client.again()
        if client.received and client.received[-1]["type"] == 3:
            break
    items = [message["item"] for message in client.received if message["type"] == 2]
    assert items == [f"item {item}/{copy}" for item in range(30) for copy in range(4)]
    client.peer.leave()
    await clock.advance(60)
    assert (client.app.stats().connections, client.app.stats().tasks) == (0, 0)


async def test_a_client_that_leaves_while_nothing_is_read_of_it_is_noticed() -> None:
    clock, client = await connect()
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(1_000):
        client.work({"type": 2, "invocationId": "u", "item": number})
    await settle()
    client.peer.leave(1006)
    # The next ack or ping shows that it is gone; then it may come back for a while.
    await clock.advance(45)
    assert client.app.hub("/hub").connection_ids == ()
    # The method runs on, as every method whose client left.
    FlowHub.release.set()
    await settle()
    assert (client.app.stats().connections, client.app.stats().tasks) == (0, 0)


async def test_a_client_that_returns_after_its_loss_was_noticed_resumes() -> None:
    clock, client = await connect()
    client.work({"type": 1, "invocationId": "1", "target": "Hold", "arguments": [], "streamIds": ["u"]})
    for number in range(1_000):
        client.work({"type": 2, "invocationId": "u", "item": number})
    client.work({"type": 3, "invocationId": "u"})
    await settle()
    client.peer.leave(1006)
    await clock.advance(10)
    await client.again()
    FlowHub.release.set()
    for _ in range(100):
        await clock.advance(0.1)
        client.read()
    assert [message["result"] for message in client.received] == [sum(range(1_000))]
