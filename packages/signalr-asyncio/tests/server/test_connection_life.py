"""Times, limits and endings of a connection."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signalr_asyncio import (
    AccessDeniedError,
    ConnectionRequest,
    HubCall,
    HubContext,
    HubFilter,
    HubOptions,
    Principal,
    SignalRServer,
)
from signalr_server_kit import ManualClock, Peer, request
from signalr_server_kit.clock import settle
from signalr_server_kit.life import LifeHub, World


class FailingHub(LifeHub):
    async def on_connected(self) -> None:
        raise ValueError("no")

    async def on_disconnected(self, error: str | None) -> None:
        await super().on_disconnected(error)
        raise ValueError("no again")


# -- connected and disconnected ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1006])
async def test_on_disconnected_runs_once_when_the_client_leaves(code: int) -> None:
    world = World()
    peer = await world.peer()
    peer.leave(code)
    await peer.ended()
    assert LifeHub.log == ["connected", ("disconnected", None, True)]
    assert world.app.stats().connections == 0


async def test_a_close_message_of_the_client_states_its_reason() -> None:
    world = World()
    peer = await world.peer()
    peer.send({"type": 7, "error": "I broke"})
    assert await peer.ended() == 1000
    assert LifeHub.log[-1] == ("disconnected", "I broke", True)
    assert list(peer.waiting()) == []


async def test_a_failing_on_connected_closes_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    world = World(FailingHub)
    peer = await world.peer()
    assert await peer.receive() == {"type": 7, "error": "Connection closed with an error."}
    assert await peer.ended() == 1011
    assert LifeHub.log == [("disconnected", "no", True)]
    assert world.app.stats().connections == 0
    assert "on_connected failed" in caplog.text
    assert "on_disconnected failed" in caplog.text


async def test_cleanup_that_hangs_does_not_keep_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    peer = await world.peer()
    peer.stream("Stuck")
    assert (await peer.receive())["item"] == 1
    peer.leave()
    await world.clock.advance(5.1)
    await peer.ended()
    assert world.app.stats().connections == 0
    assert LifeHub.log[-1] == ("disconnected", None, True)
    assert "its streams took longer" in caplog.text


# -- bad messages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record", ["no json", "[]", '{"type":1}', '{"type":3,"invocationId":"1","error":"e","result":1}']
)
async def test_a_broken_message_closes_the_connection_with_an_error(record: str) -> None:
    world = World()
    peer = await world.peer()
    other = await world.peer()
    peer.raw(record + "\x1e")
    assert await peer.receive() == {"type": 7, "error": "Connection closed with an error."}
    assert await peer.ended() == 1011
    assert LifeHub.log[-1][0] == "disconnected"
    assert LifeHub.log[-1][1]
    assert (await other.invoke("Ping"))["result"] == "pong"


async def test_messages_before_a_broken_one_are_served() -> None:
    world = World()
    peer = await world.peer()
    peer.raw('{"type":1,"target":"Ping","arguments":[],"invocationId":"1"}\x1e{"type":\x1e')
    answers = [await peer.receive()]
    if answers[0]["type"] != 7:
        answers.append(await peer.receive())
    assert answers[-1]["type"] == 7


async def test_an_oversized_message_closes_only_its_own_connection() -> None:
    world = World(maximum_receive_message_size=1000)
    peer, other = await world.peer(), await world.peer()
    peer.call("Ping", "x" * 2000)
    assert (await peer.receive())["type"] == 7
    await peer.ended()
    assert "maximum message size" in LifeHub.log[-1][1]
    assert (await other.invoke("Ping"))["result"] == "pong"


async def test_unknown_message_types_are_passed_over() -> None:
    peer = await World().peer()
    peer.send({"type": 99})
    assert (await peer.invoke("Ping"))["result"] == "pong"


# -- time --------------------------------------------------------------------------------------------------------------


async def test_a_silent_server_pings() -> None:
    world = World()
    peer = await world.peer()
    for _ in range(3):
        peer.send({"type": 6})
        await world.clock.advance(14)
        assert list(peer.waiting()) == []
        await world.clock.advance(1)
        assert list(peer.waiting()) == [{"type": 6}]


async def test_no_ping_is_sent_while_messages_are() -> None:
    world = World()
    peer = await world.peer()
    for _ in range(5):
        await world.clock.advance(10)
        assert (await peer.invoke("Ping"))["result"] == "pong"


async def test_a_client_that_has_pinged_and_falls_silent_is_disconnected() -> None:
    world = World()
    peer = await world.peer()
    peer.send({"type": 6})
    await world.clock.advance(29)
    assert [message["type"] for message in peer.waiting()] == [6]
    await world.clock.advance(2)
    assert await peer.receive() == {"type": 7, "error": "Connection closed with an error."}
    assert await peer.ended() == 1011
    assert "ClientTimeoutInterval" in LifeHub.log[-1][1]


async def test_a_client_that_never_pings_is_not_held_to_the_time_out() -> None:
    world = World()
    peer = await world.peer()
    await world.clock.advance(600)
    assert not peer.closed.is_set()
    peer.call("Ping")
    while (message := await peer.receive()) == {"type": 6}:
        pass
    assert message["result"] == "pong"
    # Its first ping arms the time-out.
    peer.send({"type": 6})
    await world.clock.advance(32)
    assert await peer.ended() == 1011
    assert "ClientTimeoutInterval" in LifeHub.log[-1][1]


async def test_pings_of_the_client_keep_the_connection() -> None:
    world = World()
    peer = await world.peer()
    for _ in range(10):
        await world.clock.advance(20)
        peer.send({"type": 6})
    assert {message["type"] for message in peer.waiting()} == {6}
    assert (await peer.invoke("Ping"))["result"] == "pong"


async def test_a_client_is_not_blamed_for_our_pause_in_reading() -> None:
    world = World()
    LifeHub.gate.clear()
    peer = await world.peer()
    await world.clock.advance(100)
    LifeHub.gate.set()
    await settle()
    assert not peer.closed.is_set()
    peer.call("Ping")
    while (message := await peer.receive()) == {"type": 6}:
        pass
    assert message["result"] == "pong"


async def test_authentication_that_expires_ends_the_connection_if_asked_to() -> None:
    async def authenticate(_: ConnectionRequest) -> Principal:
        return Principal("u", expires_at=datetime.now(UTC) + timedelta(seconds=60))

    for close in (True, False):
        clock = ManualClock()
        options = HubOptions(close_on_authentication_expiration=close, client_timeout=600.0)
        app = SignalRServer({"/hub": LifeHub}, authenticate=authenticate, options=options, clock=clock)
        peer = await Peer(app).start()
        await clock.advance(55)
        assert not peer.closed.is_set()
        await clock.advance(10)
        assert peer.closed.is_set() is close


# -- slow readers ------------------------------------------------------------------------------------------------------


async def test_a_slow_reader_is_closed_with_a_reason_and_stalls_nobody(caplog: pytest.LogCaptureFixture) -> None:
    world = World(maximum_outgoing_bytes=100_000)
    slow, quick = await world.peer(), await world.peer()
    slow.stop_reading()
    hub = world.app.hub("/hub")
    with caplog.at_level(logging.WARNING):
        for number in range(150):
            await hub.clients.all.send("Fill", "x" * 1000)
            assert (await quick.receive())["target"] == "Fill", number
            assert world.app.stats().queued_bytes < 110_000
    assert world.app.stats().overflows == 1
    slow.go_on_reading()
    messages = [await slow.receive()]
    while messages[-1]["type"] != 7:
        messages.append(await slow.receive())
    assert messages[-1]["error"].endswith("The client reads too slowly: too many bytes were waiting for it.")
    await slow.ended()
    assert LifeHub.log[-1][1] == "The client reads too slowly: too many bytes were waiting for it."
    assert "reads too slowly" in caplog.text


async def test_a_reader_that_takes_nothing_is_disconnected_after_the_send_timeout() -> None:
    world = World()
    peer = await world.peer()
    peer.stop_reading()
    await world.app.hub("/hub").clients.all.send("Fill", "x")
    await world.clock.advance(9)
    assert LifeHub.log == ["connected"]
    await world.clock.advance(2)
    await world.clock.advance(5.1)
    await peer.ended()
    assert LifeHub.log[-1] == ("disconnected", "The client took nothing within the send timeout.", True)


async def test_a_message_larger_than_the_bound_still_arrives_when_nothing_waits() -> None:
    world = World(maximum_outgoing_bytes=100_000)
    peer = await world.peer()
    assert len((await peer.invoke("Big", 500_000))["result"]) == 500_000
    assert (await peer.invoke("Ping"))["result"] == "pong"


async def test_a_client_that_calls_without_reading_is_slowed_down_and_not_closed() -> None:
    world = World(stream_high_water=10_000, maximum_outgoing_bytes=20_000)
    peer = await world.peer()
    peer.stop_reading()
    for number in range(100):
        peer.call("Big", 1000, id=str(number))
        await settle()
    assert world.app.stats().queued_bytes < 20_000
    peer.go_on_reading()
    assert [(await peer.receive())["invocationId"] for _ in range(100)] == [str(number) for number in range(100)]


async def test_a_fault_of_the_server_below_ends_only_that_connection(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    broken, other = await world.peer(), await world.peer()
    broken.fault = KeyError("a bug of the server below")
    broken.call("Ping")
    await broken.ended()
    assert LifeHub.log[-1] == ("disconnected", "'a bug of the server below'", True)
    assert "sending failed" in caplog.text
    assert (await other.invoke("Ping"))["result"] == "pong"
    assert world.app.stats().connections == 1


# -- limits of connections ---------------------------------------------------------------------------------------------


async def test_connections_are_limited_in_number() -> None:
    world = World(maximum_connections=2)
    first, _ = await world.peer(), await world.peer()
    third = Peer(world.app)
    assert await third.connect() == 503
    assert (await request(world.app, "POST", "/hub/negotiate")).status == 503
    first.leave()
    await first.ended()
    await world.peer()
    assert world.app.stats().refused == 2


async def test_connections_of_one_user_are_limited_in_number() -> None:
    async def authenticate(asked: ConnectionRequest) -> Principal:
        return Principal(asked.query.get("user"))

    app = SignalRServer(
        {"/hub": LifeHub},
        authenticate=authenticate,
        options=HubOptions(maximum_connections_per_user=1),
        clock=ManualClock(),
    )
    first = await Peer(app, query="user=ann").start()
    assert await Peer(app, query="user=ann").connect() == 429
    await Peer(app, query="user=bob").start()
    first.leave()
    await first.ended()
    await Peer(app, query="user=ann").start()


# -- shutdown ----------------------------------------------------------------------------------------------------------


async def test_shutdown_allows_every_client_to_reconnect() -> None:
    world = World()
    peers = [await world.peer(), await world.peer()]
    await world.app.shutdown()
    for peer in peers:
        assert await peer.receive() == {"type": 7, "allowReconnect": True}
        assert await peer.ended() == 1000
    assert LifeHub.log[2:] == [("disconnected", "The server is stopping.", True)] * 2
    assert await Peer(world.app).connect() == 503
    assert world.app.stats().tasks == 0


async def test_shutdown_cancels_what_does_not_end() -> None:
    world = World()
    peer = await world.peer()
    peer.call("Hold")
    await settle()
    stopping = asyncio.create_task(world.app.shutdown(timeout=3))
    await world.clock.advance(2.9)
    assert not stopping.done()
    await world.clock.advance(0.2)
    await stopping
    await settle()
    assert world.app.stats().tasks == 0


async def test_the_lifespan_of_the_application_ends_in_a_shutdown() -> None:
    world = World()
    peer = await world.peer()
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: list[str] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    events.put_nowait({"type": "lifespan.startup"})
    events.put_nowait({"type": "lifespan.shutdown"})
    await world.app({"type": "lifespan"}, events.get, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    await peer.ended()


async def test_an_application_that_is_cancelled_still_cleans_up() -> None:
    world = World()
    peer = await world.peer()
    assert peer.task is not None
    peer.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await peer.task
    assert LifeHub.log[-1] == ("disconnected", "The server stopped the connection.", True)
    assert world.app.stats().connections == 0


# -- filters -----------------------------------------------------------------------------------------------------------


class Recorder(HubFilter):
    def __init__(self, name: str, notes: list[Any]) -> None:
        self.name = name
        self.notes = notes

    async def invoke(self, call: HubCall, proceed: Callable[[HubCall], Awaitable[Any]]) -> Any:
        self.notes.append((self.name, call.method, list(call.arguments), call.streaming))
        if call.method == "Hold":
            raise AccessDeniedError
        if call.method == "Big":
            call.arguments = [3]
        result = await proceed(call)
        self.notes.append((self.name, "after"))
        return f"<{result}>" if call.method == "Ping" else result

    async def connected(self, context: HubContext, proceed: Callable[[], Awaitable[None]]) -> None:
        self.notes.append((self.name, "connected", context.path))
        await proceed()

    async def disconnected(
        self, context: HubContext, error: str | None, proceed: Callable[[], Awaitable[None]]
    ) -> None:
        await proceed()
        self.notes.append((self.name, "disconnected", error))


async def test_filters_stand_around_calls_and_the_life_of_a_connection() -> None:
    notes: list[Any] = []
    clock = ManualClock()
    app = SignalRServer({"/hub": LifeHub}, filters=[Recorder("outer", notes), Recorder("inner", notes)], clock=clock)
    peer = await Peer(app).start()
    assert (await peer.invoke("Ping"))["result"] == "<<pong>>"
    assert notes == [
        ("outer", "connected", "/hub"),
        ("inner", "connected", "/hub"),
        ("outer", "Ping", [], False),
        ("inner", "Ping", [], False),
        ("inner", "after"),
        ("outer", "after"),
    ]
    assert (await peer.invoke("Hold"))["error"] == "Failed to invoke 'Hold' because user is unauthorized"
    assert (await peer.invoke("Big", 5))["result"] == "xxx"
    peer.stream("Stuck")
    assert (await peer.receive())["item"] == 1
    assert ("inner", "Stuck", [], True) in notes
    peer.leave()
    await clock.advance(6)
    await peer.ended()
    assert notes[-2:] == [("inner", "disconnected", None), ("outer", "disconnected", None)]
