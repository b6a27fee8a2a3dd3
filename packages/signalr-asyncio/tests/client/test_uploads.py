"""Client streams: asynchronous iterables among the arguments of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from signalr_asyncio.client import HubError
from signalr_client_kit.hub import ScriptedHub, connected, scripted_hub


async def numbers(*values: object) -> AsyncGenerator[object]:
    for value in values:
        yield value


class Endless:
    """Yields once and then waits until it is cancelled."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __aiter__(self) -> AsyncGenerator[int]:
        yield 1
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


async def test_an_upload_travels_item_by_item_beside_the_other_arguments(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Sum", "a", numbers(1, 2), "b", result_type=int))
    message = await peer.receive()
    assert message["arguments"] == ["a", "b"]
    (stream_id,) = message["streamIds"]
    assert stream_id != message["invocationId"]
    assert await peer.receive() == {"type": 2, "invocationId": stream_id, "item": 1}
    assert await peer.receive() == {"type": 2, "invocationId": stream_id, "item": 2}
    assert await peer.receive() == {"type": 3, "invocationId": stream_id}
    await peer.complete(message, result=3)
    assert await call == 3
    await connection.stop()


async def test_two_uploads_and_a_stream_back_run_at_the_same_time(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Merge", numbers("a"), numbers("b"), item_type=str)
    first = asyncio.ensure_future(anext(stream))
    call = await peer.receive()
    assert call["type"] == 4
    assert len(set(call["streamIds"])) == 2
    seen = [await peer.receive() for _ in range(4)]
    assert {message["invocationId"] for message in seen} == set(call["streamIds"])
    await peer.send({"type": 2, "invocationId": call["invocationId"], "item": "ab"})
    assert await first == "ab"
    await stream.aclose()
    await connection.stop()


async def test_send_uploads_in_the_background(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    await connection.send("Take", numbers(7))
    (stream_id,) = (await peer.receive())["streamIds"]
    assert await peer.receive() == {"type": 2, "invocationId": stream_id, "item": 7}
    assert await peer.receive() == {"type": 3, "invocationId": stream_id}
    await connection.stop()


@pytest.mark.parametrize("ending", ["answered", "cancelled", "stopped", "lost"])
async def test_an_upload_ends_with_its_call(hub: ScriptedHub, ending: str) -> None:
    connection, peer = await connected(hub, reconnect=None)
    source = Endless()
    call = asyncio.create_task(connection.invoke("Sum", source))
    message = await peer.receive()
    await source.waiting.wait()
    match ending:
        case "answered":
            await peer.complete(message, result=1)
            assert await call == 1
        case "cancelled":
            call.cancel()
        case "stopped":
            await connection.stop()
        case _:
            hub.server.sever()
    await asyncio.wait_for(source.cancelled.wait(), 60)
    await asyncio.gather(call, return_exceptions=True)
    await connection.stop()


@pytest.mark.parametrize("ending", ["left", "ended"])
async def test_an_upload_ends_with_its_stream(hub: ScriptedHub, ending: str) -> None:
    connection, peer = await connected(hub)
    source = Endless()
    stream = connection.stream("Merge", source, item_type=int)
    first = asyncio.ensure_future(anext(stream, None))
    call = await peer.receive()
    await source.waiting.wait()
    if ending == "left":
        await peer.send({"type": 2, "invocationId": call["invocationId"], "item": 1})
        assert await first == 1
        await stream.aclose()
    else:
        await peer.complete(call)
        assert await first is None
    await asyncio.wait_for(source.cancelled.wait(), 60)
    await connection.stop()


async def test_a_generator_that_waits_at_its_yield_is_closed_with_its_call(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    closed = asyncio.Event()

    async def flood() -> AsyncGenerator[str]:
        try:
            while True:
                yield "x" * 100_000
        finally:
            closed.set()

    call = asyncio.create_task(connection.invoke("Sum", flood()))
    message = await peer.receive()
    await peer.complete(message, result=1)
    assert await call == 1
    await asyncio.wait_for(closed.wait(), 60)
    await connection.stop()


async def test_a_stream_of_one_hub_can_be_uploaded_to_another_and_its_loss_ends_the_upload(hub: ScriptedHub) -> None:
    async with scripted_hub() as other:
        source, source_peer = await connected(hub, reconnect=None)
        connection, peer = await connected(other)
        call = asyncio.create_task(connection.invoke("Take", source.stream("Quotes")))
        message = await peer.receive()
        quotes = await source_peer.receive()
        await source_peer.send({"type": 2, "invocationId": quotes["invocationId"], "item": 5})
        assert (await peer.receive())["item"] == 5
        hub.server.sever()
        end = await peer.receive()
        assert end["type"] == 3
        assert end["error"]
        await peer.complete(message)
        await call
        await connection.stop()


async def test_the_server_learns_that_an_upload_failed_but_not_its_secrets(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)

    async def broken(error: Exception) -> AsyncGenerator[int]:
        yield 1
        raise error

    await connection.send("Take", broken(LookupError("a secret of the client")))
    await peer.receive()
    await peer.receive()
    assert (await peer.receive())["error"] == "An unexpected error occurred in the stream of the client."
    await connection.send("Take", broken(HubError("no more")))
    await peer.receive()
    await peer.receive()
    assert (await peer.receive())["error"] == "no more"
    await connection.send("Take", numbers(object()))
    await peer.receive()
    assert (await peer.receive())["error"] == "An item of the stream could not be encoded."
    await connection.stop()
