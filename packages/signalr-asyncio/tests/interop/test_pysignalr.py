"""pysignalr, an asyncio client from PyPI, against this server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pysignalr.client import SignalRClient
from pysignalr.messages import CompletionMessage
from pysignalr.protocol.abstract import Protocol
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol

from signalr_testkit.conformance import ConformanceServer

WAIT = 60.0

encodings = pytest.mark.parametrize("protocol", [JSONProtocol, MessagepackProtocol], ids=["json", "messagepack"])


class Heard:
    """Awaitable callbacks: what they were called with, in order."""

    def __init__(self) -> None:
        self._values: asyncio.Queue[Any] = asyncio.Queue(maxsize=1_000)

    async def __call__(self, value: Any) -> None:
        self._values.put_nowait(value)

    async def next(self) -> Any:
        return await asyncio.wait_for(self._values.get(), WAIT)


@asynccontextmanager
async def connected(url: str, protocol: Callable[[], Protocol], **options: Any) -> AsyncGenerator[SignalRClient]:
    """Connect, and disconnect at the end."""
    client = SignalRClient(url, protocol=protocol(), **options)
    opened = asyncio.Event()

    async def on_open() -> None:
        opened.set()

    client.on_open(on_open)
    running = asyncio.create_task(client.run())
    try:
        await asyncio.wait_for(opened.wait(), WAIT)
        yield client
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def call(client: SignalRClient, method: str, *arguments: Any) -> CompletionMessage:
    answer = Heard()
    await client.send(method, list(arguments), answer)
    completion = await answer.next()
    assert isinstance(completion, CompletionMessage)
    return completion


@encodings
async def test_calls_bring_results_and_errors(protocol: Callable[[], Protocol]) -> None:
    async with ConformanceServer() as server, connected(f"{server.url}/hubs/open", protocol) as client:
        assert (await call(client, "Add", 20, 22)).result == 42
        assert (await call(client, "Echo", {"a": [1, "ü", None, 1.5]})).result == {"a": [1, "ü", None, 1.5]}
        assert (await call(client, "Nothing")).result is None
        failed = Heard()
        client.on_error(failed)
        await call(client, "Refuse", "no")
        assert (
            await failed.next()
        ).error == "An unexpected error occurred invoking 'Refuse' on the server. HubException: no"


@encodings
async def test_the_server_calls_back_and_is_answered(protocol: Callable[[], Protocol]) -> None:
    async def answer(arguments: list[Any]) -> str:
        return f"{arguments[0]}: 42"

    async with ConformanceServer() as server, connected(f"{server.url}/hubs/open", protocol) as client:
        received = Heard()
        client.on("Heard", received)
        client.on("Question", answer)
        await client.send("Say", [{"text": "hello"}])
        assert await received.next() == [{"text": "hello"}]
        assert (await call(client, "Ask", "the answer")).result == "the answer: 42"


@encodings
async def test_streams_come_item_by_item_and_complete(protocol: Callable[[], Protocol]) -> None:
    async with ConformanceServer() as server, connected(f"{server.url}/hubs/open", protocol) as client:
        items, completed = Heard(), Heard()
        await client.stream("Repeat", ["x"], items, completed)
        assert [await items.next() for _ in range(100)] == ["x"] * 100
        assert (await completed.next()).error is None


@encodings
async def test_uploads_are_read_to_their_end(protocol: Callable[[], Protocol]) -> None:
    async with ConformanceServer() as server, connected(f"{server.url}/hubs/open", protocol) as client:
        received = Heard()
        client.on("Heard", received)
        async with client.client_stream("SumAndSay") as upload:
            for number in (20, 22):
                await upload.send(number)
        assert await received.next() == ["42"]


@encodings
async def test_a_token_lets_it_in(protocol: Callable[[], Protocol]) -> None:
    options: dict[str, Any] = {"headers": {"Authorization": "Bearer good-ann"}}
    async with ConformanceServer() as server, connected(f"{server.url}/hubs/guarded", protocol, **options) as client:
        assert (await call(client, "User")).result == "ann"
