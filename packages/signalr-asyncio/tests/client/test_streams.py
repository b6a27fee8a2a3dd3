"""Streams of the server: order, bounds, ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from signalr_asyncio.client import (
    ClientOptions,
    ConnectionLostError,
    HubError,
    PayloadMismatchError,
    StreamOverflowError,
)
from signalr_asyncio.protocol.codec import EncodeError
from signalr_client_kit.clock import ManualClock, settle
from signalr_client_kit.hub import Message, Peer, ScriptedHub, connected


def item(invocation: Message, value: Any) -> Message:
    return {"type": 2, "invocationId": invocation["invocationId"], "item": value}


def end(invocation: Message, **fields: Any) -> Message:
    return {"type": 3, "invocationId": invocation["invocationId"], **fields}


async def test_items_come_typed_and_in_order_until_the_end(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)

    async def collect() -> list[int]:
        return [value async for value in connection.stream("Count", 3, item_type=int)]

    reader = asyncio.create_task(collect())
    call = await peer.receive()
    assert call == {"type": 4, "target": "Count", "arguments": [3], "invocationId": call["invocationId"]}
    await peer.send(item(call, 0), item(call, 1), item(call, 2), end(call))
    assert await reader == [0, 1, 2]
    await connection.stop()


async def test_what_was_sent_before_an_error_is_still_delivered(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", item_type=int)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(item(call, 1), item(call, 2), end(call, error="enough"))
    assert await first == 1
    assert await anext(stream) == 2
    with pytest.raises(HubError, match="enough"):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await connection.stop()


@pytest.mark.parametrize("leave", ["aclose", "async with", "break"])
async def test_leaving_a_stream_cancels_it_on_the_server(hub: ScriptedHub, leave: str) -> None:
    connection, peer = await connected(hub)

    async def read_one() -> None:
        if leave == "break":
            async for _ in connection.stream("Count"):
                break
        elif leave == "async with":
            async with connection.stream("Count") as stream:
                await anext(stream)
        else:
            stream = connection.stream("Count")
            await anext(stream)
            await stream.aclose()
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    reader = asyncio.create_task(read_one())
    call = await peer.receive()
    await peer.send(item(call, 1))
    await reader
    del reader
    gc.collect()
    assert await peer.receive() == {"type": 5, "invocationId": call["invocationId"]}
    await connection.stop()


async def test_a_stream_that_ended_by_itself_is_not_cancelled(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count")
    first = asyncio.ensure_future(anext(stream, None))
    call = await peer.receive()
    await peer.send(end(call))
    assert await first is None
    await stream.aclose()
    await connection.send("Next")
    assert (await peer.receive())["target"] == "Next"
    await connection.stop()


async def test_a_stream_that_was_closed_before_it_began_is_never_called(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count")
    await stream.aclose()
    assert [value async for value in stream] == []
    await connection.send("Next")
    assert (await peer.receive())["target"] == "Next"
    await connection.stop()


async def test_an_item_of_another_type_ends_the_stream_and_cancels_it(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", item_type=int)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(item(call, "no number"), item(call, 2))
    with pytest.raises(PayloadMismatchError, match="'Count'"):
        await first
    assert (await peer.receive())["type"] == 5
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await connection.stop()


async def test_a_lost_connection_ends_the_stream_with_an_error_after_its_items(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, reconnect=None)
    stream = connection.stream("Count")
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(item(call, 1), item(call, 2))
    assert await first == 1
    closed = asyncio.Event()
    connection.on_close(lambda _: closed.set())
    hub.server.sever()
    await closed.wait()
    assert await anext(stream) == 2
    with pytest.raises(ConnectionLostError):
        await anext(stream)
    await connection.stop()


async def test_a_cancelled_wait_for_an_item_loses_nothing(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", item_type=int)
    waiting = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await peer.send(item(call, 1))
    assert await anext(stream) == 1
    await stream.aclose()
    await connection.stop()


async def test_only_one_task_at_a_time_reads_a_stream(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", item_type=int)
    waiting = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    with pytest.raises(RuntimeError, match="one task"):
        await anext(stream)
    await peer.send(item(call, 1))
    assert await waiting == 1
    await stream.aclose()
    await connection.stop()


async def test_latest_only_drops_the_oldest_and_says_how_many(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Quotes", item_type=int, buffer=3, latest_only=True)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(item(call, 0))
    assert await first == 0
    probe = asyncio.create_task(connection.invoke("Probe"))
    invocation = await peer.receive()
    await peer.send(*(item(call, number) for number in range(1, 11)), end(invocation))
    await probe
    assert stream.dropped == 7
    assert [await anext(stream) for _ in range(3)] == [8, 9, 10]
    await stream.aclose()
    await connection.stop()


async def _flood(peer: Peer, call: Message, sent: list[int], size: int) -> None:
    filler = "x" * size
    while True:
        await peer.send(item(call, filler))
        sent[0] += 1


async def test_a_reader_that_stops_holds_the_server_back(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", buffer=4)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    sent = [0]
    flood = asyncio.create_task(_flood(peer, call, sent, 100_000))
    await first
    # The sockets' own buffers fill up, and then nothing more goes through.
    before = -1
    while sent[0] != before:
        before = sent[0]
        for _ in range(100):
            await settle()
    assert before < 400
    for _ in range(before):
        await anext(stream)
    await stream.aclose()
    assert sent[0] > before, "reading on lets the server go on"
    flood.cancel()
    await connection.stop()


async def test_an_answer_behind_a_full_buffer_reaches_the_reader_that_waits_for_it(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", item_type=int, buffer=2)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(*(item(call, number) for number in range(10)))
    assert await first == 0
    # The buffer is full and reading pauses; now its reader calls a method, whose answer comes behind the items.
    answer = asyncio.create_task(connection.invoke("Get"))
    invocation = await peer.receive()
    await peer.send(item(call, 10), end(invocation, result="here"))
    assert await answer == "here"
    assert [await anext(stream) for _ in range(10)] == list(range(1, 11))
    await stream.aclose()
    await connection.stop()


async def test_a_reader_that_blocks_answers_for_too_long_loses_its_stream(hub: ScriptedHub) -> None:
    clock = ManualClock()
    options = ClientOptions(stall_timeout=7, read_ahead=2)
    connection, peer = await connected(hub, clock=clock, options=options)
    stream = connection.stream("Count", item_type=int, buffer=2)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(*(item(call, number) for number in range(10)))
    assert await first == 0
    answer = asyncio.create_task(connection.invoke("Get"))
    invocation = await peer.receive()
    await peer.send(end(invocation, result="here"))
    await clock.sleeping(7)
    await clock.advance(7)
    assert await answer == "here"
    with pytest.raises(StreamOverflowError):
        await anext(stream)
    assert (await peer.receive())["type"] == 5
    await connection.stop()


async def test_a_slow_reader_that_continues_keeps_its_stream(hub: ScriptedHub) -> None:
    clock = ManualClock()
    options = ClientOptions(stall_timeout=7, read_ahead=2)
    connection, peer = await connected(hub, clock=clock, options=options)
    stream = connection.stream("Count", item_type=int, buffer=2)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    await peer.send(*(item(call, number) for number in range(10)))
    assert await first == 0
    answer = asyncio.create_task(connection.invoke("Get"))
    await peer.send(end(await peer.receive(), result="here"))
    for number in range(1, 10):
        await clock.advance(6)
        assert await anext(stream) == number
    assert await answer == "here"
    await stream.aclose()
    await connection.stop()


async def test_an_argument_that_cannot_be_encoded_ends_the_stream_before_it_begins(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Count", object())
    with pytest.raises(EncodeError):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await connection.send("Next")
    assert (await peer.receive())["type"] != 4
    await connection.stop()


async def test_a_buffer_must_hold_something(hub: ScriptedHub) -> None:
    connection, _ = await connected(hub)
    with pytest.raises(ValueError, match="at least one"):
        connection.stream("Count", buffer=0)
    await connection.stop()
