"""Servers that mean harm: the connection ends with an error or goes on, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random

import pytest

from signalr_asyncio.client import ClientError, ClientOptions, ConnectionState, HubConnection
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Ping,
    SequenceStart,
    StreamInvocation,
    StreamItem,
)
from signalr_client_kit.clock import settle
from signalr_client_kit.hub import Peer, ScriptedHub, connected
from signalr_testkit.damage import damaged

PROTOCOLS: tuple[HubProtocol, ...] = (JsonHubProtocol(), MessagePackHubProtocol())
SAID: tuple[HubMessage, ...] = (
    Invocation("Told", ["a", 1]),
    Invocation("Asked", ["a"], "s1"),
    Invocation("Unknown", [], "s2"),
    StreamItem("1", {"a": [1.5, None]}),
    StreamItem("2", "x"),
    StreamItem("9", "x"),
    Completion("1"),
    Completion("2", {"a": 1}, has_result=True),
    Completion("3", error="no"),
    CancelInvocation("s1"),
    StreamInvocation("Told", [], "s3"),
    Ping(),
    Close("over"),
    Ack(5),
    SequenceStart(1),
)


async def outcome(work: asyncio.Task[object]) -> None:
    with contextlib.suppress(ClientError):
        await asyncio.wait_for(work, 60)


async def greeted(hub: ScriptedHub, protocol: HubProtocol, options: ClientOptions) -> tuple[HubConnection, Peer]:
    """Return a started connection in this encoding, and the hub's end of it."""
    hub.handshake = None
    connection = HubConnection(hub.url, protocol=protocol, options=options, reconnect=None)
    starting = asyncio.create_task(connection.start())
    peer = await hub.peer()
    await peer.receive_raw()
    await peer.send_raw(b"{}\x1e")
    await starting
    return connection, peer


async def read(connection: HubConnection) -> None:
    async for _ in connection.stream("Items"):
        pass


@pytest.mark.parametrize("seed", range(60))
async def test_damaged_frames_break_nothing(hub: ScriptedHub, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret
    protocol = PROTOCOLS[seed % 2]
    options = ClientOptions(max_message_size=50_000, stop_timeout=1)
    connection, peer = await greeted(hub, protocol, options)
    connection.on("Told", lambda *_: None, types=(str, int))
    connection.on("Asked", str.upper, types=(str,))
    works: list[asyncio.Task[object]] = [
        asyncio.create_task(read(connection)),
        asyncio.create_task(connection.invoke("Get", result_type=int)),
        asyncio.create_task(connection.invoke("Get")),
    ]
    await settle()
    for _ in range(15):
        if connection.state is not ConnectionState.CONNECTED:
            break
        frame = protocol.encode(source.choice(SAID))
        if source.random() < 0.5:
            frame = damaged(source, frame)
        try:
            await peer.send_raw(frame if protocol.transfer_format == "Binary" else frame.decode())
        except UnicodeDecodeError:
            await peer.send_raw(frame)
        except OSError:
            break
    await settle()
    await connection.stop()
    for work in works:
        await outcome(work)
    assert connection.state is ConnectionState.DISCONNECTED
    broken = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert [text for text in broken if "do not fit" not in text] == []
    assert {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("signalr")} == set()


async def test_a_server_that_sends_too_much_at_once_is_disconnected(hub: ScriptedHub) -> None:
    options = ClientOptions(max_message_size=10_000)
    connection, peer = await connected(hub, options=options, reconnect=None)
    ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.receive()
    for _ in range(20):
        await peer.send_raw("x" * 1_000)
    assert "maximum message size" in str(await asyncio.wait_for(ended, 60))
    with pytest.raises(ClientError):
        await call


async def test_a_server_that_calls_without_end_does_not_make_the_client_grow(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub, options=ClientOptions(handler_buffer=10, stop_timeout=0.01))
    release = asyncio.Event()
    heard = 0

    async def slow(_: object) -> None:
        nonlocal heard
        await release.wait()
        heard += 1

    connection.on("Told", slow)
    for number in range(2_000):
        await peer.send({"type": 1, "target": "Told", "arguments": [number]})
    for number in range(2_000):
        await peer.send({"type": 1, "target": f"Nobody{number}", "arguments": []})
    await settle()
    assert heard == 0
    release.set()
    async with asyncio.timeout(60):
        while heard < 2_000:
            await settle()
    await connection.stop()
