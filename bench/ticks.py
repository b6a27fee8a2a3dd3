"""10,000 ticks a second into 200 streams of positions: the server's processor time, and what calls wait meanwhile.

The server, the followers of the streams and the caller are a process each. The yardstick is the same server process
when it encodes items of the same content and pushes them over one bare WebSocket: the least that sending them costs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from bench._callers import CALLER_CORE, Call, Callers
from bench._rounds import quantile
from bench._signalr_server import pin
from bench._signalr_socket import RawWebSocket
from bench._stream_readers import StreamReaders
from bench.report import Absolute, Row

RATE = 10_000
STREAMS = 200
CONNECTIONS = 4
WARM_UP_SECONDS = 3.0
SECONDS = 10.0
PUSHED = 1_000
CALLS = 2_000
PATH = "/hubs/data/v1"
CALL = Call("GetUnderlyingSnapshot", [{"Underlying": {"Symbol": "SPX"}}])


class TickServer:
    """Runs `bench._market_server`."""

    def __init__(self, rate: int, positions: int) -> None:
        self._command = [sys.executable, "-m", "bench._market_server", str(rate), str(positions)]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu_seconds(self) -> float:
        """Return the processor time that it has taken."""
        with RawWebSocket(self.port, "/cpu") as connection:
            connection.send(b"?")
            return float(connection.receive())

    def push(self, items: int) -> tuple[float, int]:
        """Have it encode and push so many items of positions; returns its processor seconds per item and their size."""
        with RawWebSocket(self.port, "/push") as connection:
            before = self.cpu_seconds()
            connection.send(str(items).encode())
            connection.read_past(b"END")
            return (self.cpu_seconds() - before) / items, int(connection.receive())


def run() -> Sequence[Row]:
    """Measure; takes half a minute."""
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(CALLER_CORE)
    try:
        with TickServer(RATE, STREAMS) as server, Callers(server.port, PATH, 1) as caller:
            return _measure(server, caller)
    finally:
        if affinity is not None:
            os.sched_setaffinity(0, affinity)


def _measure(server: TickServer, caller: Callers) -> list[Row]:
    calls = [CALL] * CALLS
    caller.play([calls[:200]])
    idle = caller.play([calls]).took
    streams = [("StreamPositionData", [{"PositionId": number}]) for number in range(1, STREAMS + 1)]
    with StreamReaders(server.port, PATH, CONNECTIONS, streams) as readers:
        time.sleep(WARM_UP_SECONDS)
        items, cpu, started = readers.items(), server.cpu_seconds(), time.perf_counter()
        time.sleep(SECONDS)
        cpu, elapsed = server.cpu_seconds() - cpu, time.perf_counter() - started
        items = readers.items() - items
        busy: list[float] = []
        until = time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            busy += caller.play([calls[:100]]).took
    server.push(50)
    bare, size = min(server.push(PUSHED) for _ in range(3))
    milliseconds = [quantile(took, part) * 1e3 for took in (idle, busy) for part in (0.5, 0.99)]
    return [
        Row(
            "CPU of 10,000 ticks/s into 200 streams : encoding and pushing the same items bare",
            cpu / (items * bare),
            3,
            2,
            absolutes=[
                Absolute("processor time of the server", 100 * cpu / elapsed, "% of a core"),
                Absolute("items", items / elapsed, "1/s"),
                Absolute("processor time of the server per item", cpu / items * 1e6, "µs"),
                Absolute(f"bare, an item of {size:,} B", bare * 1e6, "µs"),
            ],
        ),
        Row(
            "p99 of calls meanwhile : p99 of calls with no streams and the same ticks",
            milliseconds[3] / milliseconds[1],
            5,
            absolutes=[
                Absolute(f"{when}, {part}", value, "ms")
                for (when, part), value in zip(
                    ((when, part) for when in ("no streams", "200 streams") for part in ("p50", "p99")),
                    milliseconds,
                    strict=True,
                )
            ],
        ),
    ]
