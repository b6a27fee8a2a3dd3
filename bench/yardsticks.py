"""Yardsticks: what the machine does bare, measured in the same run as the product that is compared with it.

Each function measures for about a second and returns what it measured; none keeps anything. Call it right beside the
measured side, before and after or in turns (`bench._rounds.in_turns`): a shared machine changes its speed within
minutes.

| function | measures |
|---|---|
| `python_loop` | 2 M `s += i * i` in a function, CPU seconds |
| `python_pass` | the start and end of `python -c pass`, seconds |
| `numpy_exp` | `numpy.exp` over `n` doubles in chunks that fit the cache, CPU seconds |
| `encode` | msgspec's JSON encoding of an item, CPU seconds |
| `bare_lua_call` | a call from Python of a compiled Lua function of two numbers, CPU seconds |
| `raw_commits` | durable SQLite transactions of one row, by 1 caller or by many |
| `bare_hub_call` | calls of an empty hub method: server CPU per call, p50, calls per second |
| `bare_hub_call_in_one_process` | the same with our client's half in the same process |
| `bare_echo` | WebSocket echoes per second of uvicorn, server and client a process each |
| `bare_push` | WebSocket messages per second that uvicorn pushes, each encoded |
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import lupa.lua54
import msgspec
import numpy as np
import uvloop

from bench._callers import Call, Callers
from bench._rounds import cpu_seconds, quantile, quickest, seconds
from bench._signalr_process import SignalRProcess
from bench._signalr_server import serving_here
from bench._signalr_socket import frame
from signalr_asyncio import HubConnection

_EXP_CHUNK = 4_000
"""Doubles per chunk: 32 KB, which fits the first cache with its result in the second."""
_LOOP_TURNS = 2_000_000
_LUA_CALLS = 20_000
_ENCODES = 2_000


def python_loop() -> float:
    """Return the CPU seconds of 2,000,000 turns of `s += i * i`, the median of 5."""

    def loop() -> None:
        total = 0
        for i in range(_LOOP_TURNS):
            total += i * i

    return statistics.median(cpu_seconds(loop) for _ in range(5))


def python_pass() -> float:
    """Return the seconds that `python -c pass` takes, the median of 15."""
    command = [sys.executable, "-c", "pass"]
    return statistics.median(seconds(lambda: subprocess.run(command, check=True)) for _ in range(15))


def numpy_exp(n: int) -> float:
    """Return the seconds of `numpy.exp` over `n` doubles in -1 to 1, in chunks, of the quickest quarter of 200."""
    values = np.random.default_rng(1).uniform(-1.0, 1.0, n)
    out = np.empty(n)
    chunks = [slice(start, start + _EXP_CHUNK) for start in range(0, n, _EXP_CHUNK)]

    def work() -> None:
        for chunk in chunks:
            np.exp(values[chunk], out=out[chunk])

    return quickest(work, 200)


def encode(item: object) -> float:
    """Return the CPU seconds of encoding `item` once as JSON by msgspec."""
    encoder = msgspec.json.Encoder()

    def work() -> None:
        for _ in range(_ENCODES):
            encoder.encode(item)

    return statistics.median(cpu_seconds(work) for _ in range(5)) / _ENCODES


def bare_lua_call() -> float:
    """Return the CPU seconds of one call from Python of `function(a, b) return a > 0.3 * b end`, nothing around it."""
    runtime = lupa.lua54.LuaRuntime(unpack_returned_tuples=False)
    compiled = runtime.execute("return function(a, b) return a > 0.3 * b end")
    function = cast("Callable[[float, float], bool]", compiled)

    def work() -> None:
        for _ in range(_LUA_CALLS):
            function(1.0, 2.0)

    return statistics.median(cpu_seconds(work) for _ in range(9)) / _LUA_CALLS


@dataclass(frozen=True, slots=True)
class Commits:
    """What `raw_commits` measured.

    Attributes
    ----------
    per_second
        Transactions that were durable in a second, over all callers.
    p50_seconds
        From a caller's wish to write to its durable commit, its turn awaited.
    """

    per_second: float
    p50_seconds: float


def raw_commits(callers: int = 1, directory: Path | None = None, number: int = 320) -> Commits:
    """Commit transactions of one row of 200 bytes to SQLite, WAL and `synchronous = FULL`.

    Parameters
    ----------
    callers
        Threads, each with a connection of its own; they take turns by a lock of the process, so that none polls for
        the lock of the file.
    directory
        Where the database lies: on the disk that the measured side uses; a temporary directory when `None`.
    number
        Transactions in all.
    """
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        file = Path(temporary) / "raw.sqlite3"
        connections = [_connect(file) for _ in range(callers)]
        connections[0].execute("CREATE TABLE rows (number INTEGER, body TEXT)")
        turn = threading.Lock()
        took: list[float] = []
        begin = threading.Barrier(callers + 1)

        def write(connection: sqlite3.Connection) -> None:
            begin.wait()
            for row in range(number // callers):
                started = time.perf_counter()
                with turn:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute("INSERT INTO rows VALUES (?, ?)", (row, "x" * 200))
                    connection.execute("COMMIT")
                took.append(time.perf_counter() - started)

        threads = [threading.Thread(target=write, args=(connection,)) for connection in connections]
        for thread in threads:
            thread.start()
        begin.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - started
        for connection in connections:
            connection.close()
    return Commits(len(took) / elapsed, statistics.median(took))


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@dataclass(frozen=True, slots=True)
class HubCalls:
    """What `bare_hub_call` measured.

    Attributes
    ----------
    cpu_seconds
        Processor time of the server's process per call.
    p50_seconds, p99_seconds
        From sending to the answer.
    per_second
        Calls of all callers together.
    """

    cpu_seconds: float
    p50_seconds: float
    p99_seconds: float
    per_second: float


def bare_hub_call(callers: int = 1, number: int = 4_000) -> HubCalls:
    """Call a hub method that does nothing, server and callers a process each on a core of its own.

    Parameters
    ----------
    callers
        Connections, each with one call in flight.
    number
        Calls in all.
    """
    each = [Call("Nothing", [])] * (number // callers)
    with SignalRProcess() as server, Callers(server.port, "/hub", callers) as load:
        load.play([each[: max(20, 200 // callers)]] * callers)
        before = server.cpu_seconds()
        played = load.play([each] * callers)
        spent = server.cpu_seconds() - before
    calls = len(played.took)
    return HubCalls(spent / calls, quantile(played.took, 0.5), quantile(played.took, 0.99), played.per_second)


def bare_hub_call_in_one_process(callers: int = 32, number: int = 6_000) -> HubCalls:
    """Call a hub method that does nothing with `HubConnection` clients that share the server's process and loop.

    Processor time and latency then hold the clients' half too: the yardstick of a bench that measures so, as the first
    figures of orders did. Prefer `bare_hub_call`.
    """

    async def measure() -> HubCalls:
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(serving_here())
            clients = [
                await stack.enter_async_context(HubConnection(f"http://127.0.0.1:{port}/hub")) for _ in range(callers)
            ]
            took: list[float] = []

            async def call(client: HubConnection, times: int) -> None:
                for _ in range(times):
                    started = time.perf_counter()
                    await client.invoke("Nothing")
                    took.append(time.perf_counter() - started)

            await asyncio.gather(*(call(client, 20) for client in clients))
            took.clear()
            started, before = time.perf_counter(), time.process_time()
            await asyncio.gather(*(call(client, number // callers) for client in clients))
            elapsed, spent = time.perf_counter() - started, time.process_time() - before
        return HubCalls(spent / len(took), quantile(took, 0.5), quantile(took, 0.99), len(took) / elapsed)

    return uvloop.run(measure())


def bare_echo(size: int = 256, number: int = 4_000) -> float:
    """Return how many messages of `size` bytes uvicorn echoes in a second, one after another."""
    data = frame(b"x" * size)
    with SignalRProcess() as server, server.connect("/echo") as connection:

        def work(times: int) -> None:
            for _ in range(times):
                connection.send_frame(data)
                connection.receive()

        work(200)
        return number / seconds(lambda: work(number))


def bare_push(number: int = 10_000) -> float:
    """Return how many items of 762 bytes uvicorn pushes in a second, each encoded and sent by itself."""
    with SignalRProcess() as server, server.connect("/push") as connection:

        def work(times: int) -> None:
            connection.send(str(times).encode())
            connection.read_past(b"END")

        work(500)
        return number / seconds(lambda: work(number))
