"""A value that cannot be read or sent fails whoever wants it; the connection goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from signalr_asyncio.client import HubConnection, PayloadMismatchError
from signalr_asyncio.protocol.codec import EncodeError
from signalr_client_kit.hub import Peer, ScriptedHub, connected

HALF = "\ud800"
VALUES = pytest.mark.parametrize("value", [r'"\ud800"', "[" * 10_500 + "]" * 10_500], ids=["half", "deep"])


async def lives(connection: HubConnection, peer: Peer) -> None:
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), result="on")
    assert await call == "on"
    await connection.stop()


@VALUES
async def test_a_result_that_cannot_be_read_fails_its_call(hub: ScriptedHub, value: str) -> None:
    connection, peer = await connected(hub)
    call = asyncio.create_task(connection.invoke("Get"))
    message = await peer.receive()
    await peer.send_raw(f'{{"type":3,"invocationId":"{message["invocationId"]}","result":{value}}}\x1e')
    with pytest.raises(PayloadMismatchError, match="malformed"):
        await call
    await lives(connection, peer)


@VALUES
async def test_an_item_that_cannot_be_read_ends_its_stream(hub: ScriptedHub, value: str) -> None:
    connection, peer = await connected(hub)
    stream = connection.stream("Items")
    first = asyncio.ensure_future(anext(stream))
    message = await peer.receive()
    await peer.send_raw(f'{{"type":2,"invocationId":"{message["invocationId"]}","item":{value}}}\x1e')
    with pytest.raises(PayloadMismatchError, match="malformed"):
        await first
    assert (await peer.receive())["type"] == 5
    await lives(connection, peer)


@VALUES
async def test_a_call_whose_arguments_cannot_be_read_is_answered_with_an_error(hub: ScriptedHub, value: str) -> None:
    connection, peer = await connected(hub)
    connection.on("Ask", repr)
    await peer.send_raw(f'{{"type":1,"invocationId":"s1","target":"Ask","arguments":[{value}]}}\x1e')
    assert "do not fit" in (await peer.receive())["error"]
    await lives(connection, peer)


async def test_what_cannot_be_sent_fails_at_its_sender(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    with pytest.raises(EncodeError):
        await connection.invoke("Get", HALF)
    with pytest.raises(EncodeError):
        await connection.send("Do", {"name": HALF})
    connection.on("Ask", lambda: HALF)
    await peer.send({"type": 1, "invocationId": "s1", "target": "Ask", "arguments": []})
    assert "could not be encoded" in (await peer.receive())["error"]
    await lives(connection, peer)


async def test_an_upload_with_an_item_that_cannot_be_sent_ends_with_an_error(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)

    async def items() -> AsyncIterator[str]:
        yield "whole"
        yield HALF

    call = asyncio.create_task(connection.invoke("Join", items()))
    message = await peer.receive()
    assert (await peer.receive())["item"] == "whole"
    end = await peer.receive()
    assert (end["type"], end["error"]) == (3, "An item of the stream could not be encoded.")
    await peer.complete(message, result="ok")
    assert await call == "ok"
    await lives(connection, peer)
