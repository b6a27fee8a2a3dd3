"""The client side of the client comparison, a process of its own: one stream, read by one of three clients.

    python -m bench._signalr_clients NAME PORT COUNT

Prints the items per second of processor time, which other processes do not change.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from importlib import import_module
from typing import Any

from bench._signalr_server import REPLAY, Reading, pin
from signalr_asyncio import HubConnection

CLIENT_CORE = 1


async def ours(url: str, count: int, item_type: object) -> float:
    """Read the stream with this package's client."""
    async with HubConnection(url) as connection:
        await connection.invoke("Echo", "warm")
        started = time.process_time()
        got = 0
        async for _ in connection.stream("Readings", count, item_type=item_type):
            got += 1
        assert got == count
        return count / (time.process_time() - started)


async def pysignalr(url: str, count: int) -> float:
    """Read the stream with pysignalr."""
    client: Any = import_module("pysignalr.client").SignalRClient(url)
    opened, ended = asyncio.Event(), asyncio.Event()
    got = 0

    async def on_open() -> None:
        opened.set()

    async def on_item(_: object) -> None:
        nonlocal got
        got += 1

    async def on_end(_: object) -> None:
        ended.set()

    client.on_open(on_open)
    running = asyncio.create_task(client.run())
    await asyncio.wait_for(opened.wait(), 30)
    started = time.process_time()
    await client.stream("Readings", [count], on_item, on_end)
    await asyncio.wait_for(ended.wait(), 60)
    elapsed = time.process_time() - started
    assert got == count
    running.cancel()
    return count / elapsed


def signalrcore(url: str, count: int) -> float:
    """Read the stream with signalrcore, a client with threads."""
    builder: Any = import_module("signalrcore.hub_connection_builder").HubConnectionBuilder()
    protocol: Any = import_module("signalrcore.protocol.json_hub_protocol").JsonHubProtocol(1)
    client = builder.with_url(url).with_hub_protocol(protocol).build()
    opened, ended = threading.Event(), threading.Event()
    client.on_open(opened.set)
    client.start()
    assert opened.wait(30)
    started = time.process_time()

    # It begins to listen after it has asked and may miss the first items, so the end is what counts.
    def complete(_: object) -> None:
        ended.set()

    client.stream("Readings", [count]).subscribe({"next": _drop, "complete": complete, "error": _drop})
    assert ended.wait(60)
    return count / (time.process_time() - started)


def _drop(_: object) -> None:
    pass


def main() -> None:
    """Measure the client named on the command line."""
    pin(CLIENT_CORE)
    name, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    url = f"http://127.0.0.1:{port}{REPLAY}"
    match name:
        case "ours":
            rate = asyncio.run(ours(url, count, None))
        case "ours-typed":
            rate = asyncio.run(ours(url, count, Reading))
        case "pysignalr":
            rate = asyncio.run(pysignalr(url, count))
        case "signalrcore":
            rate = signalrcore(url, count)
        case _:
            raise SystemExit(f"no client named {name}")
    print(rate, flush=True)


if __name__ == "__main__":
    main()
