"""signalrcore, a threaded client from PyPI, against this server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import pytest

from signalr_testkit.conformance import ConformanceServer

# It has no types; through `Any` this is said once.
_builder: Any = import_module("signalrcore.hub_connection_builder")
_subject: Any = import_module("signalrcore.subject")
_types: Any = import_module("signalrcore.types")

WAIT = 60.0

# This client's `stop` returns only once something more has arrived, so it needs a server that pings often.
HUB = "/hubs/chatty"
ENCODINGS = {"json": _types.HubProtocolEncoding.text, "messagepack": _types.HubProtocolEncoding.binary}
TRANSPORTS = {
    "WebSockets": _types.HttpTransportType.web_sockets,
    "ServerSentEvents": _types.HttpTransportType.server_sent_events,
    "LongPolling": _types.HttpTransportType.long_polling,
}
COMBINATIONS = [
    ("WebSockets", "json"),
    ("WebSockets", "messagepack"),
    ("ServerSentEvents", "json"),
    ("LongPolling", "json"),
]

combinations = pytest.mark.parametrize(("transport", "encoding"), COMBINATIONS)


class Heard:
    """Callbacks from the client's threads: what they were called with, in order."""

    def __init__(self) -> None:
        self._values: asyncio.Queue[Any] = asyncio.Queue(maxsize=1_000)
        self._loop = asyncio.get_running_loop()

    def __call__(self, value: Any = None) -> None:
        self._loop.call_soon_threadsafe(self._values.put_nowait, value)

    async def next(self) -> Any:
        return await asyncio.wait_for(self._values.get(), WAIT)


@asynccontextmanager
async def connected(url: str, transport: str, encoding: str, **options: Any) -> AsyncGenerator[Any]:
    """Connect, and disconnect at the end."""
    builder = _builder.HubConnectionBuilder().with_url(url, {"transport": TRANSPORTS[transport], **options})
    client = builder.with_hub_protocol(ENCODINGS[encoding]).build()
    opened = Heard()
    client.on_open(opened)
    await asyncio.wait_for(asyncio.to_thread(client.start), WAIT)
    try:
        await opened.next()
        yield client
    finally:
        await asyncio.wait_for(asyncio.to_thread(client.stop), WAIT)


async def call(client: Any, method: str, *arguments: Any) -> Any:
    answer = Heard()
    await in_thread(client.send, method, list(arguments), answer)
    return (await answer.next()).result


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a call of the client that may block on the network."""
    return await asyncio.wait_for(asyncio.to_thread(function, *arguments), WAIT)


@combinations
async def test_calls_bring_results_and_errors(transport: str, encoding: str) -> None:
    async with ConformanceServer() as server, connected(f"{server.url}{HUB}", transport, encoding) as client:
        failed = Heard()
        client.on_error(failed)
        assert await call(client, "Add", 20, 22) == 42
        assert await call(client, "Echo", {"a": [1, "ü", None, 1.5]}) == {"a": [1, "ü", None, 1.5]}
        await in_thread(client.send, "Refuse", ["no"])
        text = (await failed.next()).error
        assert text == "An unexpected error occurred invoking 'Refuse' on the server. HubException: no"


@combinations
async def test_the_server_calls_back(transport: str, encoding: str) -> None:
    async with ConformanceServer() as server, connected(f"{server.url}{HUB}", transport, encoding) as client:
        received = Heard()
        client.on("Heard", received)
        await in_thread(client.send, "Say", ["hello"])
        assert await received.next() == ["hello"]


# Over long polling this client handles one record of each answer and leaves the others, so no stream gets through.
@pytest.mark.parametrize(("transport", "encoding"), [entry for entry in COMBINATIONS if entry[0] != "LongPolling"])
async def test_streams_come_item_by_item_and_complete(transport: str, encoding: str) -> None:
    async with ConformanceServer() as server, connected(f"{server.url}{HUB}", transport, encoding) as client:
        items, completed, failed = Heard(), Heard(), Heard()

        def start() -> None:
            # It begins to listen after it has asked, so the first item must not come at once.
            client.stream("CountWhenTold", [20]).subscribe({"next": items, "complete": completed, "error": failed})
            client.send("Go", [])

        await in_thread(start)
        assert [await items.next() for _ in range(20)] == list(range(20))
        await completed.next()


async def test_uploads_are_read_to_their_end() -> None:
    async with ConformanceServer() as server, connected(f"{server.url}{HUB}", "WebSockets", "json") as client:
        received = Heard()
        client.on("Heard", received)
        upload = _subject.Subject()

        def send() -> None:
            client.send("SumAndSay", upload)
            for number in (20, 22):
                upload.next(number)
            upload.complete()

        await in_thread(send)
        assert await received.next() == ["42"]


async def test_a_token_lets_it_in() -> None:
    async with (
        ConformanceServer() as server,
        connected(
            f"{server.url}/hubs/guarded-chatty", "WebSockets", "json", access_token_factory=lambda: "good-ann"
        ) as client,
    ):
        assert await call(client, "User") == "ann"
