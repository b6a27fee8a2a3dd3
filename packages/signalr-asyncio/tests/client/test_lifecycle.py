"""From start to stop, through lost connections."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from signalr_asyncio.client import (
    ClientOptions,
    ClosedByServerError,
    ConnectError,
    ConnectionLostError,
    ConnectionState,
    HandshakeError,
    HubConnection,
    NotConnectedError,
    ProtocolViolationError,
    RetryPolicy,
    ServerTimeoutError,
    WebSockets,
)
from signalr_client_kit.clock import ManualClock, settle
from signalr_client_kit.hub import ScriptedHub, connected

AT_ONCE = RetryPolicy(initial=0, maximum=0)


def closing(connection: HubConnection) -> asyncio.Future[ConnectionLostError | None]:
    """Return a future of what `on_close` is told."""
    future: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(future.set_result)
    return future


async def test_the_states_of_a_connection_from_start_to_stop(hub: ScriptedHub) -> None:
    connection = HubConnection(hub.url)
    ended = closing(connection)
    assert connection.state is ConnectionState.DISCONNECTED
    starting = asyncio.create_task(connection.start())
    await asyncio.sleep(0)
    assert connection.state is ConnectionState.CONNECTING
    await starting
    assert connection.state is ConnectionState.CONNECTED
    assert connection.connection_id == "visible"
    await connection.stop()
    assert connection.state is ConnectionState.DISCONNECTED
    assert connection.connection_id is None
    assert await ended is None


async def test_the_handshake_names_the_encoding_and_version_one(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    assert peer.handshake == {"protocol": "json", "version": 1}
    await connection.stop()


async def test_messages_that_come_together_with_the_handshake_are_not_lost(hub: ScriptedHub) -> None:
    hub.handshake = '{}\x1e{"type":1,"target":"Tell","arguments":[1]}\x1e{"type":1,"target":"Tell","argu'
    connection = HubConnection(hub.url)
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait)
    await connection.start()
    peer = await hub.peer()
    await peer.send_raw('ments":[2]}\x1e')
    assert [await got.get(), await got.get()] == [1, 2]
    await connection.stop()


async def test_a_stopped_connection_sends_a_close_message(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    await connection.stop()
    assert await peer.receive() == {"type": 7}
    with pytest.raises(EOFError):
        await peer.receive()


async def test_the_context_manager_starts_and_stops(hub: ScriptedHub) -> None:
    async with HubConnection(hub.url) as connection:
        assert connection.state is ConnectionState.CONNECTED
    assert connection.state is ConnectionState.DISCONNECTED


async def test_a_connection_can_be_started_again_after_stop(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub)
    await connection.stop()
    await connection.start()
    peer = await hub.peer()
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), result=1)
    assert await call == 1
    await connection.stop()


async def test_a_started_connection_cannot_be_started(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub)
    with pytest.raises(RuntimeError, match="connected"):
        await connection.start()
    await connection.stop()
    await connection.stop()


async def test_stop_ends_a_start_that_hangs(hub: ScriptedHub) -> None:
    hub.handshake = None
    connection = HubConnection(hub.url)
    starting = asyncio.create_task(connection.start())
    await hub.peer()
    await connection.stop()
    with pytest.raises(ConnectError, match="stopped"):
        await starting
    assert connection.state is ConnectionState.DISCONNECTED


async def test_a_cancelled_start_leaves_nothing_behind(hub: ScriptedHub) -> None:
    hub.handshake = None
    connection = HubConnection(hub.url)
    starting = asyncio.create_task(connection.start())
    peer = await hub.peer()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert connection.state is ConnectionState.DISCONNECTED
    await peer.gone()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ('{"error":"The protocol \'json\' is not supported."}\x1e', "not supported"),
        ("this is no handshake\x1e", "malformed"),
        ('{"type":6}\x1e', "malformed"),
        (None, "within 0.05 s"),
    ],
)
async def test_a_failed_handshake_is_reported(hub: ScriptedHub, answer: str | None, text: str) -> None:
    hub.handshake = answer
    limit = 60.0 if answer is not None else 0.05
    connection = HubConnection(hub.url, options=ClientOptions(handshake_timeout=limit))
    with pytest.raises(HandshakeError, match=text):
        await connection.start()
    assert connection.state is ConnectionState.DISCONNECTED


async def test_a_start_without_a_server_fails(hub: ScriptedHub) -> None:
    await hub.server.stop()
    connection = HubConnection(hub.url)
    ended = closing(connection)
    with pytest.raises(ConnectError, match="could not be reached"):
        await connection.start()
    await settle()
    assert not ended.done(), "what never was does not close"


# -- coming back


async def test_a_lost_connection_comes_back_with_handlers_and_a_new_id(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub, reconnect=AT_ONCE)
    news: asyncio.Queue[Any] = asyncio.Queue()
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on_reconnecting(news.put_nowait)
    connection.on_reconnected(news.put)
    connection.on("Tell", got.put_nowait)
    hub.negotiations[0]["connectionId"] = "second"  # type: ignore[index] - it is the answer, not a status
    hub.server.sever()
    assert isinstance(await news.get(), ConnectionLostError)
    assert await news.get() == "second"
    assert connection.connection_id == "second"
    peer = await hub.peer()
    await peer.send({"type": 1, "target": "Tell", "arguments": [5]})
    assert await got.get() == 5
    await connection.stop()


async def test_a_server_that_is_away_is_waited_for_with_growing_pauses(hub: ScriptedHub) -> None:
    clock = ManualClock()
    policy = RetryPolicy(initial=1, multiplier=2, maximum=8)
    connection, _ = await connected(hub, reconnect=policy, clock=clock, random=lambda: 1.0)
    back = asyncio.Event()
    connection.on_reconnected(lambda _: back.set())
    clock.slept.clear()
    await hub.server.stop()
    for pause in (1, 2, 4, 8, 8):
        await clock.sleeping(pause)
        with pytest.raises(NotConnectedError, match="reconnecting"):
            await connection.invoke("Get")
        await clock.advance(pause)
    await clock.sleeping(8)
    await hub.server.start()
    await clock.advance(8)
    await back.wait()
    assert [pause for pause in clock.slept if pause in {1, 2, 4, 8}] == [1, 2, 4, 8, 8, 8]

    # After a connection that lasted, the pauses begin small again.
    back.clear()
    clock.slept.clear()
    await clock.advance(10)
    hub.server.sever()
    await clock.sleeping(1)
    await clock.advance(1)
    await back.wait()
    assert 2 not in clock.slept
    await connection.stop()


async def test_a_server_that_drops_every_connection_at_once_is_not_called_in_a_tight_loop(hub: ScriptedHub) -> None:
    clock = ManualClock()
    policy = RetryPolicy(initial=1, multiplier=2, maximum=8)
    connection, peer = await connected(hub, reconnect=policy, clock=clock, random=lambda: 1.0)
    clock.slept.clear()
    for pause in (1, 2, 4, 8, 8):
        await peer.close()
        await clock.sleeping(pause)
        await clock.advance(pause)
        peer = await hub.peer()
    assert [pause for pause in clock.slept if pause in {1, 2, 4, 8}] == [1, 2, 4, 8, 8]
    await connection.stop()


async def test_a_policy_that_gives_up_closes_with_the_last_reason(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub, reconnect=RetryPolicy(initial=0, maximum=0, max_attempts=3))
    ended = closing(connection)
    await hub.server.stop()
    error = await ended
    assert isinstance(error, ConnectionLostError)
    assert "could not be made again" in str(error)
    assert isinstance(error.__cause__, ConnectError)
    assert connection.state is ConnectionState.DISCONNECTED


async def test_without_a_policy_a_lost_connection_is_closed(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub, reconnect=None)
    ended = closing(connection)
    hub.server.sever()
    assert isinstance(await ended, ConnectionLostError)
    with pytest.raises(NotConnectedError):
        await connection.invoke("Get")


async def test_stop_ends_the_wait_between_attempts(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, _ = await connected(hub, clock=clock, random=lambda: 1.0)
    ended = closing(connection)
    await hub.server.stop()
    await clock.sleeping(1)
    await connection.stop()
    assert await ended is None
    assert connection.state is ConnectionState.DISCONNECTED


async def test_a_refused_token_is_asked_for_anew_at_each_attempt(hub: ScriptedHub) -> None:
    tokens = iter(["one", "two", "three"])

    async def token() -> str:
        return next(tokens)

    connection, peer = await connected(hub, token=token, reconnect=AT_ONCE)
    assert peer.headers["authorization"] == "Bearer one"
    hub.negotiations.insert(0, 401)
    hub.server.sever()
    peer = await hub.peer()
    assert peer.headers["authorization"] == "Bearer three"
    assert [headers["authorization"] for headers, _ in hub.requests] == ["Bearer one", "Bearer two", "Bearer three"]
    await connection.stop()


async def test_callbacks_run_in_order_and_their_failures_are_logged(
    hub: ScriptedHub, caplog: pytest.LogCaptureFixture
) -> None:
    connection, _ = await connected(hub, reconnect=AT_ONCE)
    order: list[str] = []
    back = asyncio.Event()

    async def slowly(_: ConnectionLostError) -> None:
        await settle()
        order.append("reconnecting")
        raise LookupError("broken on purpose")

    def reconnected(_: str | None) -> None:
        order.append("reconnected")
        back.set()

    connection.on_reconnecting(slowly)
    connection.on_reconnected(reconnected)
    hub.server.sever()
    await back.wait()
    assert order == ["reconnecting", "reconnected"]
    assert "broken on purpose" in caplog.text
    await connection.stop()


async def test_a_callback_may_start_the_connection_again(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub, reconnect=None)
    again = asyncio.Event()

    async def restart(error: ConnectionLostError | None) -> None:
        if error is not None:
            await connection.start()
            again.set()

    connection.on_close(restart)
    hub.server.sever()
    await again.wait()
    assert connection.state is ConnectionState.CONNECTED
    await connection.stop()


# -- closed by the server


async def test_a_close_message_ends_the_connection_with_its_reason(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, reconnect=AT_ONCE)
    ended = closing(connection)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.receive()
    await peer.send({"type": 7, "error": "go away"})
    error = await ended
    assert isinstance(error, ClosedByServerError)
    assert error.error == "go away"
    with pytest.raises(ClosedByServerError, match="go away"):
        await call
    assert hub.waiting == 0


async def test_a_close_message_that_invites_back_is_followed(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, reconnect=AT_ONCE)
    await peer.send({"type": 7, "allowReconnect": True})
    await hub.peer()
    await connection.stop()


@pytest.mark.parametrize(
    "frame", ["no json\x1e", '{"type":3}\x1e', "x" * 300, '{"type":1,"target":"' + "y" * 300 + '","arguments":[]}\x1e']
)
async def test_a_server_that_breaks_the_protocol_loses_the_connection(hub: ScriptedHub, frame: str) -> None:
    connection, peer = await connected(hub, reconnect=None, options=ClientOptions(max_message_size=200))
    ended = closing(connection)
    await peer.send_raw(frame)
    assert isinstance(await ended, ProtocolViolationError)
    await peer.gone()


async def test_a_frame_beyond_all_bounds_loses_the_connection(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, reconnect=None, options=ClientOptions(max_message_size=1000))
    ended = closing(connection)
    await peer.send_raw("x" * 100_000)
    assert isinstance(await ended, ConnectionLostError)


# -- keeping alive


async def test_pings_go_out_at_the_keep_alive_interval(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await connected(hub, clock=clock, options=ClientOptions(keep_alive=15, server_timeout=100))
    for _ in range(3):
        await clock.sleeping(15)
        await clock.advance(15)
        assert await peer.receive(pings=True) == {"type": 6}
    await connection.stop()


async def test_a_silent_server_is_given_up_after_the_server_timeout(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, _ = await connected(hub, clock=clock, reconnect=None)
    ended = closing(connection)
    await clock.sleeping(15)
    await clock.advance(29)
    assert not ended.done()
    await clock.advance(1)
    assert isinstance(await ended, ServerTimeoutError)


async def test_any_message_of_the_server_counts_as_a_heartbeat(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await connected(hub, clock=clock, reconnect=None)
    ended = closing(connection)
    for _ in range(4):
        await clock.sleeping(15)
        await clock.advance(20)
        await peer.send({"type": 6})
        call = asyncio.create_task(connection.invoke("Get"))
        await peer.complete(await peer.receive())
        await call
    assert not ended.done()
    await connection.stop()


async def test_a_client_that_does_not_read_does_not_blame_the_server(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await connected(hub, clock=clock, reconnect=None)
    ended = closing(connection)
    stream = connection.stream("Count", buffer=1)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(*({"type": 2, "invocationId": call["invocationId"], "item": 1} for _ in range(9)))
    await first
    await clock.advance(300)
    assert not ended.done()
    await stream.aclose()
    await connection.stop()


# -- what is refused beforehand


@pytest.mark.parametrize(
    "url", ["", "/hub", "ftp://host/hub", "http:///hub", "http://host:port/hub", "http://user:hunter2@host/hub"]
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as caught:
        HubConnection(url + "?access_token=hunter2")
    assert "hunter2" not in str(caught.value)


def test_arguments_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one transport"):
        HubConnection("http://host/hub", transports=())
    with pytest.raises(ValueError, match="negotiated"):
        HubConnection("http://host/hub", skip_negotiation=True, stateful=True)


@pytest.mark.parametrize("name", ["keep_alive", "server_timeout", "max_message_size", "stream_buffer", "max_pending"])
def test_options_must_be_above_zero(name: str) -> None:
    wrong: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=name):
        ClientOptions(**wrong)


async def test_skipping_negotiation_opens_the_websocket_at_once(hub: ScriptedHub) -> None:
    connection, peer = await connected(
        hub, skip_negotiation=True, transports=(WebSockets,), headers={"X-Custom": "1"}, token="key"
    )
    assert hub.requests == []
    assert peer.query == {}
    assert peer.headers["x-custom"] == "1"
    assert peer.headers["authorization"] == "Bearer key"
    assert connection.connection_id is None
    assert json.dumps(peer.handshake) == '{"protocol": "json", "version": 1}'
    await connection.stop()
