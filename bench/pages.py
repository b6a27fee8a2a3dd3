"""What 50 open pages cost the server more than the same streams by SDK clients: processor time of its process.

A server with 20 positions and a market that changes ten times a second runs in this process; browsers' connections
(cookie, three JSON WebSockets, `Origin`, no negotiation) and SDK clients take turns, each in a process of its own.
`MESOLIVE_BENCH_PAGES` says how many. A busy machine delivers fewer items in a second, so that the judged figure is the
processor time per item, and the share of a core follows from the items of both.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench._condor_server import condor_server, move
from bench.report import Figure

PAGES = int(os.environ.get("MESOLIVE_BENCH_PAGES", "50"))
POSITIONS = 20
HERTZ = 10
SECONDS = 8.0
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """Processor time of the server's process and items that arrived, within some seconds."""

    used: float
    items: int
    seconds: float


@asynccontextmanager
async def running() -> AsyncGenerator[tuple[str, str]]:
    """Run the server with its positions and a market that moves; yield its address and a key."""
    async with condor_server(POSITIONS, max_streams=PAGES * (POSITIONS + 2)) as server:
        moving = asyncio.create_task(move(server.clock, HERTZ))
        try:
            yield server.url, server.token
        finally:
            moving.cancel()


async def turn(url: str, token: str, kind: str) -> Turn:
    """Run the clients of a kind, and measure while all of them follow."""
    arguments = ["-m", "bench._page_clients", url, token, kind, str(PAGES), str(POSITIONS)]
    clients = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    reader, writer = clients.stdout, clients.stdin
    if reader is None or writer is None:
        raise RuntimeError("the clients have no pipes")

    async def items() -> int:
        writer.write(b"\n")
        return int(await reader.readline())

    try:
        if await reader.readline() != b"ready\n":
            raise RuntimeError(f"the clients of the kind {kind} have failed")
        before, started, used = await items(), time.perf_counter(), time.process_time()
        await asyncio.sleep(SECONDS)
        used, seconds = time.process_time() - used, time.perf_counter() - started
        return Turn(used, await items() - before, seconds)
    finally:
        writer.close()
        await clients.wait()


async def measure() -> list[Figure]:
    """Return the figures: each round has clients of both kinds, for the load of the machine is that of both."""
    turns: dict[str, list[Turn]] = {"browser": [], "sdk": []}
    async with running() as (url, token):
        for _ in range(ROUNDS):
            for kind, of in turns.items():
                of.append(await turn(url, token, kind))
    per_item = {kind: statistics.median(each.used / each.items for each in of) for kind, of in turns.items()}
    rate = statistics.median(each.items / each.seconds for of in turns.values() for each in of)
    more = (per_item["browser"] - per_item["sdk"]) * rate * 100
    return [
        Figure(f"{PAGES} pages more than SDK clients", more, "% of a core", target=15),
        Figure("an item to a page : to an SDK client", per_item["browser"] / per_item["sdk"], "ratio"),
        *(
            Figure(
                f"process of the server, {PAGES} clients, {kind}",
                statistics.median(each.used / each.seconds for each in of) * 100,
                "% of a core",
            )
            for kind, of in turns.items()
        ),
        Figure("items", rate, "a second"),
    ]


def run() -> Sequence[Figure]:
    """Measure."""
    return asyncio.run(measure())
