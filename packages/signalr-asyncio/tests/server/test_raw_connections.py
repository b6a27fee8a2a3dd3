"""Connection handlers: the transports without the hub protocol."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signalr_asyncio import (
    ClientDisconnectedError,
    ConnectionHandler,
    ConnectionRequest,
    ConnectionRoute,
    Hub,
    HubOptions,
    Principal,
    RawConnection,
    SignalRServer,
)
from signalr_server_kit import ManualClock, OpenRequest, Peer, request
from signalr_server_kit.clock import settle


class EchoHandler(ConnectionHandler):
    log: list[Any] = []  # noqa: RUF012 - cleared before each test

    async def on_connected(self, connection: RawConnection) -> None:
        self.log.append((connection.user_id, connection.transport, connection.request.query.get("tenant")))
        while (data := await connection.receive()) is not None:
            if data == b"fail":
                raise LookupError("broken")
            if data == b"abort":
                connection.abort()
            await connection.send(data.upper())
            if data == b"last":
                return
        self.log.append("end")


class BinaryHandler(EchoHandler):
    transfer_format = "Binary"


class HoldingHandler(ConnectionHandler):
    async def on_connected(self, connection: RawConnection) -> None:
        await asyncio.Event().wait()


class SendingHandler(ConnectionHandler):
    log: list[Any] = []  # noqa: RUF012 - cleared before each test

    async def on_connected(self, connection: RawConnection) -> None:
        await connection.receive()
        assert await connection.receive() is None
        try:
            await connection.send(b"too late")
        except ClientDisconnectedError as error:
            self.log.append(str(error))


@pytest.fixture(autouse=True)
def fresh() -> None:
    EchoHandler.log = []
    SendingHandler.log = []


class World:
    def __init__(self, handler: type[ConnectionHandler] = EchoHandler, **options: Any) -> None:
        self.clock = ManualClock()
        self.app = SignalRServer({"/raw": handler, "/hub": Hub}, options=HubOptions(**options), clock=self.clock)

    async def peer(self) -> Peer:
        peer = Peer(self.app, "/raw", "tenant=7")
        assert await peer.connect() == 101
        return peer

    def is_empty(self) -> bool:
        return (self.app.stats().connections, self.app.stats().tasks) == (0, 0)


async def frame(peer: Peer) -> str | bytes:
    return await asyncio.wait_for(peer.frames.get(), 60)


async def test_frames_of_a_websocket_go_to_the_handler_and_back() -> None:
    world = World()
    peer = await world.peer()
    peer.raw("hello")
    assert await frame(peer) == "HELLO"
    peer.leave()
    await peer.ended()
    assert EchoHandler.log == [(None, "WebSockets", "7"), "end"]
    assert world.is_empty()


async def test_a_handler_may_speak_in_binary_frames() -> None:
    peer = await World(BinaryHandler).peer()
    peer.raw(b"hello")
    assert await frame(peer) == b"HELLO"


async def test_the_connection_ends_when_the_handler_returns() -> None:
    world = World()
    peer = await world.peer()
    peer.raw("last")
    assert await frame(peer) == "LAST"
    assert await peer.ended() == 1000
    assert world.is_empty()


async def test_a_handler_that_fails_is_logged_and_ends_its_own_connection(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    peer, other = await world.peer(), await world.peer()
    peer.raw("fail")
    assert await peer.ended() == 1011
    assert "the connection handler failed" in caplog.text
    other.raw("still here")
    assert await frame(other) == "STILL HERE"


async def test_abort_ends_the_connection() -> None:
    world = World()
    peer = await world.peer()
    peer.raw("abort")
    assert await peer.ended() == 1000
    assert world.is_empty()


async def test_sending_to_a_client_that_is_gone_raises(caplog: pytest.LogCaptureFixture) -> None:
    world = World(SendingHandler)
    peer = await world.peer()
    peer.raw("x")
    await settle()
    peer.leave()
    await peer.ended()
    assert SendingHandler.log == ["The client is gone."]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_events_and_polls_carry_raw_bytes_too() -> None:
    world = World()
    negotiated = await request(world.app, "POST", "/raw/negotiate", "negotiateVersion=1&useStatefulReconnect=true")
    assert "useStatefulReconnect" not in negotiated.json()
    query = f"id={negotiated.json()['connectionToken']}"
    stream = OpenRequest(world.app, "GET", "/raw", query, [("accept", "text/event-stream")])
    await request(world.app, "POST", "/raw", query, body=b"hello")
    await stream.until(b"data: HELLO\r\n\r\n")
    stream.leave()
    await stream.done()
    negotiated = await request(world.app, "POST", "/raw/negotiate", "negotiateVersion=1")
    query = f"id={negotiated.json()['connectionToken']}"
    await request(world.app, "GET", "/raw", query)
    await request(world.app, "POST", "/raw", query, body=b"again")
    assert (await request(world.app, "GET", "/raw", query)).body == b"AGAIN"
    assert (await request(world.app, "DELETE", "/raw", query)).status == 202
    await settle()
    assert [entry for entry in EchoHandler.log if entry == "end"] == ["end", "end"]
    assert world.is_empty()


async def test_a_poll_that_never_comes_ends_the_connection() -> None:
    world = World()
    negotiated = await request(world.app, "POST", "/raw/negotiate", "negotiateVersion=1")
    await request(world.app, "GET", "/raw", f"id={negotiated.json()['connectionToken']}")
    await world.clock.advance(17)
    assert EchoHandler.log[-1] == "end"
    assert world.is_empty()


async def test_a_client_that_takes_nothing_is_disconnected() -> None:
    world = World()
    peer = await world.peer()
    peer.stop_reading()
    peer.raw("x")
    await world.clock.advance(12)
    await world.clock.advance(6)
    peer.go_on_reading()
    await peer.ended()
    assert world.is_empty()


async def test_raw_connections_are_authenticated_and_expire_as_hubs() -> None:
    async def authenticate(asked: ConnectionRequest) -> Principal | None:
        if asked.token is None:
            return None
        return Principal(asked.token, expires_at=datetime.now(UTC) + timedelta(seconds=60))

    clock = ManualClock()
    route = ConnectionRoute(EchoHandler, HubOptions(close_on_authentication_expiration=True), authenticate=authenticate)
    app = SignalRServer({"/raw": route}, clock=clock)
    assert await Peer(app, "/raw").connect() == 401
    peer = Peer(app, "/raw", "access_token=ann")
    assert await peer.connect() == 101
    await settle()
    assert EchoHandler.log == [("ann", "WebSockets", None)]
    await clock.advance(55)
    assert not peer.closed.is_set()
    await clock.advance(10)
    await peer.ended()


async def test_a_server_that_stops_shows_handlers_the_end_and_cancels_those_that_stay() -> None:
    world = World()
    peer = await world.peer()
    await settle()
    await world.app.shutdown()
    assert await peer.ended() == 1000
    assert EchoHandler.log[-1] == "end"
    world = World(HoldingHandler)
    peer = await world.peer()
    await settle()
    stopping = asyncio.create_task(world.app.shutdown(4))
    await world.clock.advance(2.9)
    assert not peer.closed.is_set()
    await world.clock.advance(0.2)
    await stopping
    await peer.ended()
    assert world.is_empty()


async def test_what_makes_no_handler_is_refused() -> None:
    def handler() -> int:
        return 1

    broken: Any = ConnectionRoute(handler)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(TypeError, match="not a connection handler class"):
        SignalRServer({"/raw": broken})
