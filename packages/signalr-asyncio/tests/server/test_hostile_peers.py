"""Peers that mean harm: the server answers or closes, others do not notice, and nothing is left behind."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import datetime as dt
import gc
import json
import logging
import random
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from signalr_asyncio import (
    Hub,
    HubOptions,
    HubProtocol,
    JsonHubProtocol,
    MessagePackHubProtocol,
    Payload,
    Principal,
    SignalRServer,
)
from signalr_asyncio.protocol.messages import (
    Ack,
    CancelInvocation,
    Completion,
    HubMessage,
    Invocation,
    Ping,
    SequenceStart,
    StreamInvocation,
    StreamItem,
)
from signalr_asyncio.server import ConnectionRequest
from signalr_server_kit import ManualClock, Peer, request
from signalr_server_kit.clock import settle
from signalr_testkit.damage import damaged

PROTOCOLS: tuple[HubProtocol, ...] = (JsonHubProtocol(), MessagePackHubProtocol())


class Order(msgspec.Struct):
    number: int
    price: Decimal | None = None
    levels: list[float] = []
    times: dict[str, dt.datetime] = {}


class PrettyHub(Hub):
    async def Add(self, left: int, right: int = 1) -> int:
        return left + right

    async def Send(self, order: Order) -> Order:
        return order

    async def Whatever(self, value: Any) -> Any:
        return value

    async def Tell(self, value: Payload) -> None:
        await self.clients.others.send("Told", value)

    async def Raw(self, value: msgspec.Raw) -> None:
        await self.clients.others.send("Told", value)

    async def Count(self, count: int) -> AsyncIterator[int]:
        for number in range(min(count, 20)):
            yield number

    async def Forever(self) -> AsyncIterator[int]:
        yield 0
        await asyncio.Event().wait()

    async def Sum(self, items: AsyncIterator[int]) -> int:
        return sum([item async for item in items])

    async def Echo(self, items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in items:
            yield item

    async def Ignore(self, items: AsyncIterator[str]) -> AsyncIterator[str]:
        yield "begun"
        await asyncio.Event().wait()


def make(clock: ManualClock | None = None, **options: Any) -> SignalRServer:
    return SignalRServer(
        {"/hub": PrettyHub}, options=HubOptions(**options), protocols=PROTOCOLS, clock=clock or ManualClock()
    )


def nothing_left(app: SignalRServer) -> None:
    stats = app.stats()
    assert (stats.connections, stats.tasks, stats.queued_bytes) == (0, 0, 0)


NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
SAID: tuple[HubMessage, ...] = (
    Invocation("Add", [1, 2], "1"),
    Invocation("Send", [Order(1, Decimal("1.50"), [1.0, -2.5], {"at": NOON})], "2"),
    Invocation("Whatever", [{"a": [1, None, True, "x"], "b": 1e300}], "3", headers={"h": "v"}),
    Invocation("Tell", [[1, {"x": "y"}]]),
    StreamInvocation("Count", [5], "4"),
    Invocation("Sum", [], "5", ["u"]),
    StreamItem("u", 5),
    Completion("u"),
    StreamInvocation("Echo", [], "6", ["v"]),
    StreamItem("v", {"a": 1}),
    Completion("v", error="no more"),
    CancelInvocation("4"),
    CancelInvocation("6"),
    Completion("s1", 5, has_result=True),
    Ping(),
    Ack(1),
    SequenceStart(1),
)


@pytest.mark.parametrize("seed", range(120))
async def test_damaged_frames_break_nothing(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret
    protocol = PROTOCOLS[seed % 2]
    clock = ManualClock()
    app = make(clock, coalesce_limit=source.choice([1, 16_384]), allow_stateful_reconnect=True)
    query = ""
    if source.random() < 0.5:
        offer = await request(app, "POST", "/hub/negotiate", "negotiateVersion=1&useStatefulReconnect=true")
        query = f"id={offer.json()['connectionToken']}"
    other = await Peer(app).start()
    peer = await Peer(app, query=query).start(2, protocol.name)
    for _ in range(30):
        frame = protocol.encode(source.choice(SAID))
        if source.random() < 0.4:
            frame = damaged(source, frame)
        cut = source.randrange(len(frame) + 1)
        for part in (frame[:cut], frame[cut:]):
            peer.raw(part)
        if source.random() < 0.3:
            await settle()
    await settle()
    assert (await other.invoke("Add", 1, id="last"))["type"] in {1, 3}, "the other connection lives"
    peer.leave()
    other.leave()
    await clock.advance(60)
    await peer.ended()
    nothing_left(app)
    # What cannot be echoed is logged; nothing else is an error of the server.
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors if "cannot be sent" not in record.getMessage()] == []


@pytest.mark.parametrize("seed", range(20))
async def test_damaged_requests_of_long_polling_break_nothing(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret
    protocol = PROTOCOLS[seed % 2]
    clock = ManualClock()
    app = make(clock)
    offer = (await request(app, "POST", "/hub/negotiate", "negotiateVersion=1")).json()
    query = f"id={offer['connectionToken']}"
    await request(app, "GET", "/hub", query)
    await request(
        app, "POST", "/hub", query, body=json.dumps({"protocol": protocol.name, "version": 1}).encode() + b"\x1e"
    )
    for _ in range(10):
        frame = damaged(source, protocol.encode(source.choice(SAID)))
        assert (await request(app, "POST", "/hub", query, body=frame)).status in {200, 404}
    await clock.advance(60)
    nothing_left(app)


@pytest.mark.parametrize("target", ["Tell", "Raw"])
async def test_bytes_that_are_no_text_are_not_handed_on_to_others(target: str) -> None:
    app = make()
    other, bad = await Peer(app).start(), await Peer(app).start()
    bad.raw(b'{"type":1,"invocationId":"1","target":"%b","arguments":["\xff\xfe"]}\x1e' % target.encode())
    assert "error" in await bad.receive()
    assert (await other.invoke("Add", 1))["result"] == 2
    assert (await bad.invoke("Add", 2))["result"] == 3


@pytest.mark.slow
async def test_a_thousand_connections_that_come_and_are_cut_leave_nothing() -> None:
    clock = ManualClock()
    app = make(clock)

    async def storm(size: int) -> None:
        peers = [Peer(app) for _ in range(size)]
        for number, peer in enumerate(peers):
            assert await peer.connect() == 101
            # Some say nothing, some stop within the handshake, some go on.
            if number % 5:
                peer.raw('{"protocol":"json",' if number % 5 == 1 else '{"protocol":"json","version":1}\x1e')
            if number % 5 > 2:
                peer.call("Add", number)
                peer.stream("Forever", id="s")
                peer.stream("Ignore", id="t", streams=["u"])
        await settle()
        await app.hub("/hub").clients.all.send("Told", "x" * 1_000)
        for peer in peers:
            peer.leave(1006)
        await clock.advance(60)
        for peer in peers:
            await peer.ended()
        nothing_left(app)

    await storm(1_000)
    gc.collect()
    tracemalloc.start()
    try:
        await storm(100)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        await storm(100)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000


async def test_a_thousand_streams_cancelled_at_once_end() -> None:
    clock = ManualClock()
    app = make(clock)
    peer = await Peer(app).start()
    for number in range(1_000):
        peer.stream("Forever", id=str(number))
    for _ in range(5):
        await settle()
    assert len(list(peer.waiting())) == 1_000
    assert app.stats().tasks >= 1_000
    peer.send(*({"type": 5, "invocationId": str(number)} for number in range(1_000)))
    for _ in range(5):
        await settle()
    ended = [message["invocationId"] for message in peer.waiting()]
    assert sorted(ended, key=int) == [str(number) for number in range(1_000)]
    assert (await peer.invoke("Add", 1))["result"] == 2
    assert app.stats().tasks <= 1


async def test_uploads_that_nobody_reads_hold_a_bounded_amount() -> None:
    clock = ManualClock()
    app = make(clock, maximum_streams=200, maximum_upload_bytes=1_000_000)
    peer = await Peer(app).start()
    for number in range(200):
        peer.stream("Ignore", id=f"c{number}", streams=[f"u{number}"])
    for _ in range(10):
        for number in range(200):
            peer.send({"type": 2, "invocationId": f"u{number}", "item": "x" * 20_000})
    for _ in range(50):
        await settle()
    # Of the bound one round of single items is left; what comes then is not read.
    unread = peer.unread_bytes()
    assert 10 * 200 * 20_000 - unread < 200 * 21_000 + 2_000_000
    peer.leave(1006)
    await clock.advance(60)
    await peer.ended()
    nothing_left(app)


async def test_an_upload_continues_while_others_hold_the_whole_allowance() -> None:
    clock = ManualClock()
    app = make(clock, maximum_upload_bytes=10_000)
    peer = await Peer(app).start()
    for number in range(5):
        peer.stream("Ignore", id=f"c{number}", streams=[f"u{number}"])
        peer.send({"type": 2, "invocationId": f"u{number}", "item": "x" * 5_000})
    peer.call("Sum", id="sum", streams=["s"])
    for number in range(50):
        peer.send({"type": 2, "invocationId": "s", "item": number})
    peer.send({"type": 3, "invocationId": "s"})
    while (answer := await peer.receive())["type"] != 3:
        pass
    assert answer["result"] == sum(range(50))
    # What is given up is free for others; an item more than that waits, and what comes behind it.
    for number in range(4):
        peer.send({"type": 5, "invocationId": f"c{number}"})
    peer.send({"type": 2, "invocationId": "u4", "item": "y" * 6_000})
    assert (await peer.invoke("Add", 1, id="heard"))["type"] == 3
    peer.send({"type": 2, "invocationId": "u4", "item": "z"})
    peer.call("Add", 1, id="not heard")
    await settle()
    assert "not heard" not in [message["invocationId"] for message in peer.waiting()]
    peer.leave(1006)
    await clock.advance(60)
    await peer.ended()
    nothing_left(app)


async def test_items_and_ends_of_unknown_uploads_are_passed_over() -> None:
    app = make()
    peer = await Peer(app).start()
    for number in range(2_000):
        peer.send({"type": 2, "invocationId": f"x{number}", "item": number})
        peer.send({"type": 3, "invocationId": f"y{number}", "error": "no"})
        peer.send({"type": 5, "invocationId": f"z{number}"})
    assert (await peer.invoke("Add", 1))["result"] == 2


@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_a_large_message_may_come_in_many_frames(size: int) -> None:
    app = make(maximum_receive_message_size=2_000_000)
    peer = await Peer(app).start()
    text = "x" * (20_000 if size < 1_000 else 1_900_000)
    record = json.dumps({"type": 1, "invocationId": "1", "target": "Whatever", "arguments": [text]}) + "\x1e"
    for start in range(0, len(record), size):
        peer.raw(record[start : start + size])
    assert (await peer.receive())["result"] == text


async def test_a_message_without_an_end_is_cut_off_at_the_bound() -> None:
    app = make()
    peer = await Peer(app).start()
    for _ in range(100):
        peer.raw("x" * 1_000)
    assert (await peer.receive())["type"] == 7
    await peer.ended()
    nothing_left(app)


async def test_a_token_serves_only_one_connection_of_its_user_and_hub() -> None:
    async def authenticate(asked: ConnectionRequest) -> Principal | None:
        return Principal(asked.token) if asked.token else None

    clock = ManualClock()
    app = SignalRServer({"/hub": PrettyHub, "/else": PrettyHub}, authenticate=authenticate, clock=clock)
    ann, bob = [("authorization", "Bearer ann")], [("authorization", "Bearer bob")]
    offer = (await request(app, "POST", "/hub/negotiate", "negotiateVersion=1", ann)).json()
    query = f"id={offer['connectionToken']}"
    assert await Peer(app, query=query, headers=bob).connect() == 404
    assert await Peer(app, "/else", query=query, headers=ann).connect() == 404
    assert await Peer(app, query=f"id={offer['connectionId']}", headers=ann).connect() == 404
    peer = await Peer(app, query=query, headers=ann).start()
    replays = [Peer(app, query=query, headers=ann) for _ in range(20)]
    assert {await replay.connect() for replay in replays} == {409}
    assert (await request(app, "GET", "/hub", query, ann)).status == 400
    assert (await request(app, "POST", "/hub", query, ann, b"x")).status == 405
    assert (await peer.invoke("Add", 1))["result"] == 2
    peer.leave()
    await peer.ended()
    assert await Peer(app, query=query, headers=ann).connect() == 404
    nothing_left(app)


async def test_many_slow_readers_hold_up_nobody_and_stay_within_their_bounds() -> None:
    clock = ManualClock()
    app = make(clock, maximum_outgoing_bytes=20_000, stream_high_water=10_000)
    slow = [await Peer(app).start() for _ in range(100)]
    for peer in slow:
        peer.stop_reading()
        peer.stream("Count", 20)
    quick = await Peer(app).start()
    for number in range(300):
        await app.hub("/hub").clients.all.send("Told", "x" * 100)
        assert (await quick.receive())["target"] == "Told", number
        assert app.stats().queued_bytes < 100 * 22_000
    await clock.advance(30)
    assert len(app.hub("/hub").connection_ids) <= 1
    assert app.stats().overflows == 100
    for peer in slow:
        peer.leave(1006)
        await peer.ended()


async def test_a_handshake_writes_no_lines_of_its_own_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    peer = Peer(make())
    assert await peer.connect() == 101
    peer.send({"protocol": "x\nERROR all is lost " + "y" * 10_000, "version": 1})
    assert "is not supported" in (await peer.receive())["error"]
    await peer.ended()
    assert all("\n" not in record.getMessage() and len(record.getMessage()) < 500 for record in caplog.records)
