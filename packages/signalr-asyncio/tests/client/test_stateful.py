"""Stateful reconnect: a lost transport loses nothing and doubles nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from signalr_asyncio.client import (
    ClientOptions,
    ConnectionLostError,
    ConnectionState,
    HubConnection,
    RetryPolicy,
    StreamOverflowError,
)
from signalr_client_kit.clock import ManualClock, settle
from signalr_client_kit.hub import EVERY_TRANSPORT, Peer, ScriptedHub, connected

AT_ONCE = RetryPolicy(initial=0, maximum=0)
OFFER = {
    "negotiateVersion": 1,
    "connectionId": "visible",
    "connectionToken": "token",
    "availableTransports": EVERY_TRANSPORT,
    "useStatefulReconnect": True,
}


async def begun(hub: ScriptedHub, **arguments: Any) -> tuple[HubConnection, Peer]:
    """Return a stateful connection; from here on, new transports shake no hands."""
    hub.negotiations = [dict(OFFER)]
    arguments = {"reconnect": AT_ONCE, **arguments}
    connection, peer = await connected(hub, stateful=True, **arguments)
    assert peer.handshake == {"protocol": "json", "version": 2}
    hub.handshake = None
    return connection, peer


async def resumed(hub: ScriptedHub, sequence_id: int) -> Peer:
    """Cut the transport and take the next one, after the client's sequence message."""
    hub.server.sever()
    return await came_back(hub, sequence_id)


async def came_back(hub: ScriptedHub, sequence_id: int) -> Peer:
    peer = await hub.peer()
    assert peer.query["id"] == ["token"], "it is the same connection"
    assert await peer.receive() == {"type": 9, "sequenceId": sequence_id}
    return peer


async def test_a_stateful_connection_is_asked_for_and_used_only_if_offered(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, stateful=True, reconnect=None)
    assert hub.requests[0][1]["useStatefulReconnect"] == ["true"]
    assert peer.handshake == {"protocol": "json", "version": 1}, "the server did not offer it"
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    hub.server.sever()
    assert isinstance(await ended, ConnectionLostError)


async def test_a_call_outlives_its_transport_and_is_sent_again(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub)
    news: list[object] = []
    connection.on_reconnecting(news.append)
    connection.on_reconnected(news.append)
    call = asyncio.create_task(connection.invoke("Get", result_type=int))
    message = await peer.receive()
    peer = await resumed(hub, 1)
    assert await peer.receive() == message
    await peer.send({"type": 9, "sequenceId": 1})
    await peer.complete(message, result=7)
    assert await call == 7
    assert news == [], "nobody had to notice"
    assert connection.state is ConnectionState.CONNECTED
    assert len(hub.requests) == 1
    await connection.stop()


async def test_only_what_was_not_acknowledged_is_sent_again(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub)
    for number in range(4):
        await connection.send("Tell", number)
        await peer.receive()
    await peer.send({"type": 8, "sequenceId": 3})
    # The ack was read once something behind it was.
    call = asyncio.create_task(connection.invoke("Probe"))
    await peer.complete(await peer.receive())
    await call
    peer = await resumed(hub, 4)
    assert (await peer.receive())["arguments"] == [3]
    assert (await peer.receive())["target"] == "Probe"
    await connection.stop()


async def test_what_is_sent_while_the_transport_is_away_follows_in_order(hub: ScriptedHub) -> None:
    clock = ManualClock()
    policy = RetryPolicy(initial=1, maximum=1)
    connection, _ = await begun(hub, clock=clock, reconnect=policy, random=lambda: 1.0)
    await connection.send("Tell", 0)
    await hub.server.stop()
    await clock.sleeping(1)
    for number in range(1, 4):
        await connection.send("Tell", number)
    await hub.server.start()
    await clock.advance(1)
    peer = await came_back(hub, 1)
    assert [(await peer.receive())["arguments"] for _ in range(4)] == [[0], [1], [2], [3]]
    await connection.send("Tell", 4)
    assert (await peer.receive())["arguments"] == [4]
    await connection.stop()


async def test_what_is_sent_while_old_messages_are_sent_again_comes_behind_them(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub, options=ClientOptions(resend_buffer=50_000_000))
    await connection.send("Tell", "x" * 10_000_000)
    await peer.receive()
    hub.deaf = True
    hub.server.sever()
    peer = await hub.peer()
    # The large message does not go through as long as nobody reads, so sending again takes its time.
    for _ in range(20):
        await settle()
    await connection.send("Tell", "y")
    peer.reading.set()
    assert (await peer.receive())["type"] == 9
    assert len((await peer.receive())["arguments"][0]) == 10_000_000
    assert (await asyncio.wait_for(peer.receive(), 60))["arguments"] == ["y"]
    await connection.stop()


async def test_reading_continues_while_old_messages_are_sent_again(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub, options=ClientOptions(resend_buffer=50_000_000))
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait)
    await connection.send("Tell", "x" * 10_000_000)
    await peer.receive()
    hub.deaf = True
    hub.server.sever()
    peer = await hub.peer()
    # A server that reads nothing before all it has to say is taken.
    await peer.send({"type": 9, "sequenceId": 1}, {"type": 1, "target": "Tell", "arguments": [1]})
    assert await got.get() == 1
    # It is lost once more, in the middle of this; nothing is forgotten.
    hub.deaf = False
    hub.server.sever()
    peer = await came_back(hub, 1)
    assert len((await peer.receive())["arguments"][0]) == 10_000_000
    await connection.stop()


async def test_a_transport_that_takes_nothing_after_resuming_is_replaced_too(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await begun(hub, clock=clock, options=ClientOptions(resend_buffer=50_000_000))
    await connection.send("Tell", "x" * 10_000_000)
    await peer.receive()
    hub.deaf = True
    hub.server.sever()
    await hub.peer()
    hub.deaf = False
    await clock.advance(60)
    peer = await came_back(hub, 1)
    assert len((await peer.receive())["arguments"][0]) == 10_000_000
    await connection.stop()


async def test_what_the_server_sends_again_is_not_seen_twice(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub)
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait)

    def tell(number: int) -> dict[str, object]:
        return {"type": 1, "target": "Tell", "arguments": [number]}

    await peer.send(tell(1), tell(2))
    assert [await got.get(), await got.get()] == [1, 2]
    peer = await resumed(hub, 1)
    await peer.send({"type": 9, "sequenceId": 2}, tell(2), tell(3))
    assert await got.get() == 3
    await connection.stop()


async def test_half_a_message_of_the_old_transport_is_forgotten(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub)
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait)
    await peer.send_raw('{"type":1,"target":"Tell","arguments":[1]}\x1e{"type":1,"target":"Te')
    assert await got.get() == 1
    peer = await resumed(hub, 1)
    await peer.send({"type": 9, "sequenceId": 2}, {"type": 1, "target": "Tell", "arguments": [2]})
    assert await got.get() == 2
    await connection.stop()


async def test_what_arrived_is_acknowledged_after_a_second(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await begun(hub, clock=clock)
    await peer.send(*({"type": 1, "target": "Tell", "arguments": [number]} for number in range(5)))
    await clock.sleeping(1)
    await clock.advance(1)
    assert await peer.receive() == {"type": 8, "sequenceId": 5}
    await connection.stop()


async def test_many_bytes_are_acknowledged_at_once(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub, clock=ManualClock())
    for _ in range(2):
        await peer.send({"type": 1, "target": "Tell", "arguments": ["x" * 40_000]})
    assert (await peer.receive())["type"] == 8
    await connection.stop()


async def test_senders_wait_while_too_much_is_not_acknowledged(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub, options=ClientOptions(resend_buffer=1000))
    await connection.send("Tell", "x" * 1000)
    blocked = asyncio.create_task(connection.send("Tell", "y"))
    await peer.receive()
    await settle()
    assert not blocked.done()
    await peer.send({"type": 8, "sequenceId": 1})
    await blocked
    assert (await peer.receive())["arguments"] == ["y"]
    await connection.stop()


async def test_a_sender_that_waits_fails_when_the_connection_ends(hub: ScriptedHub) -> None:
    connection, _ = await begun(hub, options=ClientOptions(resend_buffer=1000))
    await connection.send("Tell", "x" * 1000)
    blocked = asyncio.create_task(connection.send("Tell", "y"))
    await settle()
    await connection.stop()
    with pytest.raises(ConnectionLostError):
        await blocked


async def test_a_server_that_forgot_the_connection_is_connected_to_anew(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.receive()
    back: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    connection.on_reconnected(back.set_result)
    hub.refusals = [404]
    hub.handshake = "{}\x1e"
    hub.negotiations = [{**OFFER, "connectionId": "second"}]
    hub.server.sever()
    with pytest.raises(ConnectionLostError, match="does not know"):
        await call
    assert await back == "second"
    peer = await hub.peer()
    assert peer.handshake is not None
    await connection.stop()


async def test_resuming_is_tried_for_a_while_and_then_given_up(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, _ = await begun(hub, clock=clock, reconnect=RetryPolicy(initial=4, maximum=4), random=lambda: 1.0)
    lost: asyncio.Future[ConnectionLostError] = asyncio.get_running_loop().create_future()
    connection.on_reconnecting(lost.set_result)
    await hub.server.stop()
    for _ in range(7):
        await clock.sleeping(4)
        assert not lost.done()
        await clock.advance(4)
    assert "not be resumed in time" in str(await lost)
    await connection.stop()


async def test_every_loss_has_the_whole_time_to_resume(hub: ScriptedHub) -> None:
    clock = ManualClock()
    options = ClientOptions(keep_alive=5000, server_timeout=9000, resume_timeout=30)
    connection, peer = await begun(hub, clock=clock, options=options, random=lambda: 1.0)
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait)
    for number in range(1, 4):
        peer = await resumed(hub, 1)
        await peer.send({"type": 9, "sequenceId": number}, {"type": 1, "target": "Tell", "arguments": [number]})
        assert await got.get() == number
        await clock.advance(60)
    await connection.stop()


async def test_a_new_token_is_asked_for_when_resuming(hub: ScriptedHub) -> None:
    tokens = iter(["one", "two"])
    connection, peer = await begun(hub, token=lambda: next(tokens))
    assert peer.headers["authorization"] == "Bearer one"
    peer = await resumed(hub, 1)
    assert peer.headers["authorization"] == "Bearer two"
    await connection.stop()


async def test_a_silent_transport_is_replaced(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, peer = await begun(hub, clock=clock)
    call = asyncio.create_task(connection.invoke("Get"))
    message = await peer.receive()
    await clock.sleeping(15)
    await clock.advance(30)
    peer = await came_back(hub, 1)
    assert await peer.receive() == message
    await peer.send({"type": 9, "sequenceId": 1})
    await peer.complete(message, result=1)
    assert await call == 1
    await connection.stop()


async def test_stop_ends_the_attempts_to_resume(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, _ = await begun(hub, clock=clock, reconnect=RetryPolicy(initial=1, maximum=1), random=lambda: 1.0)
    await hub.server.stop()
    await clock.sleeping(1)
    await connection.stop()
    assert connection.state is ConnectionState.DISCONNECTED


async def test_a_close_message_is_the_end_also_of_a_stateful_connection(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub)
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    await peer.send({"type": 7, "error": "go away"})
    assert "go away" in str(await ended)
    assert hub.waiting == 0


async def test_transports_that_open_and_end_at_once_do_not_make_a_busy_loop(hub: ScriptedHub) -> None:
    clock = ManualClock()
    connection, _ = await begun(hub, clock=clock, reconnect=RetryPolicy(initial=1, maximum=8), random=lambda: 1.0)
    peer = await resumed(hub, 1)
    for pause in (1, 2, 4):
        await peer.close()
        await clock.sleeping(pause)
        await settle()
        assert hub.waiting == 0
        await clock.advance(pause)
        peer = await came_back(hub, 1)
    await connection.stop()


def item(stream: dict[str, Any], value: object) -> dict[str, Any]:
    return {"type": 2, "invocationId": stream["invocationId"], "item": value}


async def test_a_reader_that_sends_reads_the_ack_behind_its_items(hub: ScriptedHub) -> None:
    connection, peer = await begun(hub, options=ClientOptions(resend_buffer=300, read_ahead=8))
    stream = connection.stream("Items", buffer=2)
    first = asyncio.ensure_future(anext(stream))
    opened = await peer.receive()
    await peer.send(*(item(opened, number) for number in range(10)))
    await peer.send({"type": 8, "sequenceId": 4})
    assert await first == 0
    # The third waits for the ack, and with it the only one who takes items.
    for number in range(4):
        async with asyncio.timeout(60):
            await connection.send("Note", number, "x" * 100)
    assert [await anext(stream) for _ in range(9)] == list(range(1, 10))
    await connection.stop()


async def test_a_reader_that_waits_for_an_ack_that_does_not_come_loses_its_stream_and_no_more(
    hub: ScriptedHub,
) -> None:
    clock = ManualClock()
    options = ClientOptions(resend_buffer=300, read_ahead=2, stall_timeout=7)
    connection, peer = await begun(hub, options=options, clock=clock)
    stream = connection.stream("Items", buffer=2)
    first = asyncio.ensure_future(anext(stream))
    opened = await peer.receive()
    await peer.send(*(item(opened, number) for number in range(50)))
    await peer.send({"type": 8, "sequenceId": 4})
    assert await first == 0

    async def send() -> None:
        for number in range(4):
            await connection.send("Note", number, "x" * 100)

    sending = asyncio.create_task(send())
    await settle()
    await clock.advance(6)
    assert not sending.done()
    await clock.advance(2)
    async with asyncio.timeout(60):
        await sending
    with pytest.raises(StreamOverflowError):
        await anext(stream)
    await peer.send({"type": 8, "sequenceId": 5})
    call = asyncio.create_task(connection.invoke("Get"))
    while (message := await peer.receive())["type"] != 1 or message["target"] != "Get":
        pass
    await peer.complete(message, result="on")
    assert await call == "on"
    await connection.stop()
