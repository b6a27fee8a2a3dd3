"""The end of the server: calls are answered or told, on every transport, within the time that it has."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import signal
from collections.abc import AsyncIterator
from types import FrameType
from typing import Any

import pytest

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_server_kit import ManualClock, OpenRequest, Peer, request
from signalr_server_kit.clock import settle


class WorkHub(Hub):
    gate = asyncio.Event()
    done: list[Any] = []  # noqa: RUF012 - cleared before each test

    async def Work(self, name: str) -> str:
        await self.gate.wait()
        self.done.append(name)
        return name

    async def Ask(self) -> Any:
        return await self.clients.caller.invoke("Question")

    async def Forever(self) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            self.done.append("stream")

    async def on_disconnected(self, error: str | None) -> None:
        self.done.append(error)


@pytest.fixture(autouse=True)
def fresh() -> None:
    WorkHub.gate = asyncio.Event()
    WorkHub.done = []


class World:
    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.app = SignalRServer({"/hub": WorkHub}, options=HubOptions(**options), clock=self.clock)


async def test_calls_that_run_or_wait_are_answered_before_the_connection_ends() -> None:
    world = World()
    peer = await Peer(world.app).start()
    for name in ("a", "b", "c"):
        peer.call("Work", name, id=name)
    peer.stream("Forever", id="s")
    assert (await peer.receive())["item"] == 1
    stopping = asyncio.create_task(world.app.shutdown(10))
    await settle()
    assert not stopping.done()
    WorkHub.gate.set()
    assert [(await peer.receive())["result"] for _ in range(3)] == ["a", "b", "c"]
    assert await peer.receive() == {"type": 7, "allowReconnect": True}
    await stopping
    assert await peer.ended() == 1000
    assert "stream" in WorkHub.done
    assert world.app.stats().tasks == 0


async def test_calls_that_take_too_long_are_notified_and_then_cancelled() -> None:
    world = World()
    peer = await Peer(world.app).start()
    peer.call("Work", "a", id="a")
    peer.call("Work", "b", id="b")
    peer.call("Work", "c", id=None)
    stopping = asyncio.create_task(world.app.shutdown(8))
    await world.clock.advance(5.9)
    assert list(peer.waiting()) == []
    await world.clock.advance(0.2)
    assert [await peer.receive() for _ in range(2)] == [
        {
            "type": 3,
            "invocationId": id_,
            "error": "Failed to invoke 'Work' due to an error on the server. HubException: The server is stopping.",
        }
        for id_ in ("a", "b")
    ]
    assert await peer.receive() == {"type": 7, "allowReconnect": True}
    await world.clock.advance(2)
    await stopping
    await settle()
    assert world.app.stats().tasks == 0
    assert "a" not in WorkHub.done


async def test_a_call_that_waits_for_its_client_gets_the_result_during_the_shutdown() -> None:
    world = World()
    peer = await Peer(world.app).start()
    peer.call("Ask", id="1")
    question = await peer.receive()
    stopping = asyncio.create_task(world.app.shutdown(8))
    await settle()
    peer.send({"type": 3, "invocationId": question["invocationId"], "result": 7})
    assert await peer.receive() == {"type": 3, "invocationId": "1", "result": 7}
    await stopping


HANDSHAKE = b'{"protocol":"json","version":1}\x1e'
CALL = b'{"type":1,"target":"Work","arguments":["x"],"invocationId":"1"}\x1e'


async def negotiated(app: SignalRServer) -> str:
    return f"id={(await request(app, 'POST', '/hub/negotiate', 'negotiateVersion=1')).json()['connectionToken']}"


async def test_an_event_stream_ends_and_its_call_is_answered() -> None:
    world = World()
    query = await negotiated(world.app)
    stream = OpenRequest(world.app, "GET", "/hub", query, [("accept", "text/event-stream")])
    await request(world.app, "POST", "/hub", query, body=HANDSHAKE)
    await request(world.app, "POST", "/hub", query, body=CALL)
    stopping = asyncio.create_task(world.app.shutdown(8))
    await settle()
    WorkHub.gate.set()
    await stopping
    body = (await stream.done()).body
    assert b'"result":"x"' in body
    assert b'{"type":7,"allowReconnect":true}' in body


async def test_a_poll_ends_and_its_call_is_answered() -> None:
    world = World()
    query = await negotiated(world.app)
    await request(world.app, "GET", "/hub", query)
    await request(world.app, "POST", "/hub", query, body=HANDSHAKE)
    await request(world.app, "GET", "/hub", query)
    await request(world.app, "POST", "/hub", query, body=CALL)
    poll = OpenRequest(world.app, "GET", "/hub", query)
    stopping = asyncio.create_task(world.app.shutdown(8))
    await settle()
    WorkHub.gate.set()
    body = (await poll.done()).body
    if b'"type":7' not in body:
        body += (await request(world.app, "GET", "/hub", query)).body
    await stopping
    assert b'"result":"x"' in body
    assert b'{"type":7,"allowReconnect":true}' in body
    assert (await request(world.app, "GET", "/hub", query)).status == 404


class WebServer:
    """The part of a web server that handles signals."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.count = 0

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1
        self.asked.set()


async def test_a_signal_ends_the_hubs_before_the_web_server_acts_on_it() -> None:
    world = World()
    web_server = WebServer()
    before = signal.signal(signal.SIGTERM, web_server.handle_exit)
    try:
        async with world.app.lifespan():
            peer = await Peer(world.app).start()
            peer.call("Work", "a", id="a")
            await settle()
            signal.raise_signal(signal.SIGTERM)
            await settle()
            assert not web_server.asked.is_set()
            assert await Peer(world.app).connect() == 503
            WorkHub.gate.set()
            assert (await peer.receive())["result"] == "a"
            assert (await peer.receive())["type"] == 7
            await asyncio.wait_for(web_server.asked.wait(), 60)
            # A second one is the web server's alone.
            signal.raise_signal(signal.SIGTERM)
            assert web_server.count == 2
        assert signal.getsignal(signal.SIGTERM) == web_server.handle_exit
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_a_second_signal_reaches_the_web_server_at_once() -> None:
    world = World()
    web_server = WebServer()
    before = signal.signal(signal.SIGTERM, web_server.handle_exit)
    try:
        async with world.app.lifespan():
            peer = await Peer(world.app).start()
            peer.call("Work", "a", id="a")
            await settle()
            signal.raise_signal(signal.SIGTERM)
            await settle()
            signal.raise_signal(signal.SIGTERM)
            assert web_server.count == 1
            WorkHub.gate.set()
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_signals_are_left_alone_where_the_application_says_so() -> None:
    web_server = WebServer()
    before = signal.signal(signal.SIGTERM, web_server.handle_exit)
    try:
        async with SignalRServer({"/hub": WorkHub}, handle_signals=False).lifespan():
            assert signal.getsignal(signal.SIGTERM) == web_server.handle_exit
    finally:
        signal.signal(signal.SIGTERM, before)
