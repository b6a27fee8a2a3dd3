"""signalr_asyncio against bare WebSockets of the same server, and its client against others.

Server and client are one process each, on a core of its own where there are two. What else the machine does must not
decide: a ratio is the median of many short rounds, each of which measures both sides one after the other; a client is
measured by the processor time it takes, and of its rounds the best counts.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

import psutil

from bench._rounds import Rounds, in_turns, seconds
from bench._signalr_clients import CLIENT_CORE
from bench._signalr_mutations import survive
from bench._signalr_process import SignalRProcess
from bench._signalr_server import ITEM_BYTES, pin
from bench._signalr_socket import SMALL_CHUNK, RawWebSocket, frame
from bench.report import Absolute, Row
from signalr_asyncio import JsonHubProtocol
from signalr_asyncio.protocol import Invocation, StreamInvocation

ROUNDS = 150
ECHOES = 100
ECHO_BYTES = 256
ITEMS = 2_000
CONNECTIONS = 1_000
BROADCASTS = 30
CLIENT_ROUNDS = 5
CLIENT_ITEMS = 50_000
MUTATIONS = 1_000_000

JSON = JsonHubProtocol()


class Goal(NamedTuple):
    """The targets of one implementation of WebSockets."""

    by: str
    call: float
    broadcast: float


UVICORN = Goal("", 0.85, 0.5)
PICOWS = Goal(" by picows", 1.1, 0.8)
CPU_ROUNDS = 10
END_OF_STREAM = b'{"type":3,"invocationId":"1"}\x1e'


def run() -> Sequence[Row]:
    """Measure everything; takes about a minute and a half."""
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(CLIENT_CORE)
    try:
        with SignalRProcess() as server:
            rows = [*calling(server, server), *streaming(server), *broadcasting(server, server)]
            if find_spec("picows") is None:
                print("bench: picows is not installed; its rows are left out (pip install 'signalr-asyncio[picows]')")
            else:
                with SignalRProcess("picows") as native:
                    rows += [*calling(server, native, PICOWS), *broadcasting(server, native, PICOWS)]
            rows += comparing(server.port)
        return [*rows, *idling(), *mutating()]
    finally:
        if affinity is not None:
            os.sched_setaffinity(0, affinity)


def calling(bare: SignalRProcess, server: SignalRProcess, goal: Goal = UVICORN) -> list[Row]:
    """Compare calls, one after another, with bare echoes of uvicorn."""
    text = "x" * ECHO_BYTES
    call = frame(JSON.encode(Invocation("Echo", [text], "1")))
    plain = frame(text.encode())
    with bare.connect("/echo", SMALL_CHUNK) as echoed, server.hub(chunk=SMALL_CHUNK) as called:
        echo = rates(ECHOES, lambda: back_and_forth(echoed, plain), lambda: back_and_forth(called, call))
        cpu = [
            min(cpu_per(process, ECHOES, partial(back_and_forth, connection, data)) for _ in range(CPU_ROUNDS))
            for process, connection, data in ((server, called, call), (bare, echoed, plain))
        ]
    sides = [
        Absolute("hub calls of 256 B", echo.own, "1/s"),
        Absolute("bare echoes of 256 B", echo.base, "1/s"),
        Absolute("processor time of the server, a hub call", cpu[0] * 1e6, "µs"),
        Absolute("processor time of the server, a bare echo", cpu[1] * 1e6, "µs"),
    ]
    return [Row(f"hub call{goal.by} : bare echo of uvicorn", echo.ratio, goal.call, 1.3, "higher", sides)]


def streaming(server: SignalRProcess) -> list[Row]:
    """Compare a server stream, in a frame each and joined as by default, with a bare push that encodes the same."""
    ask = JSON.encode(StreamInvocation("Readings", [ITEMS], "1"))
    with (
        server.connect("/push") as bare,
        server.connect("/push-made") as made,
        server.hub("/hub-single") as single,
        server.hub() as joined,
    ):

        def push(connection: RawWebSocket) -> Callable[[], None]:
            return lambda: ask_and_read(connection, str(ITEMS).encode(), b"END")

        def stream(connection: RawWebSocket) -> Callable[[], None]:
            return lambda: ask_and_read(connection, ask, END_OF_STREAM)

        alone = rates(ITEMS, push(bare), stream(single))
        together = rates(ITEMS, push(bare), stream(joined))
        ready = rates(ITEMS, push(made), stream(joined))
    size = f"items of {ITEM_BYTES} B"
    sides = [Absolute(f"stream, {size}", alone.own, "1/s"), Absolute(f"bare push, {size}", alone.base, "1/s")]
    all_sides = [
        Absolute(f"stream, {size}", together.own, "1/s"),
        Absolute(f"bare push, {size}", together.base, "1/s"),
        Absolute("joined stream : bare push of text made beforehand", ready.ratio, "×"),
    ]
    return [
        Row("stream, a frame per item : bare push", alone.ratio, 0.92, 1.0, "higher", sides),
        Row("stream, joined : bare push", together.ratio, 2.8, 3.5, "higher", all_sides),
    ]


def broadcasting(bare: SignalRProcess, server: SignalRProcess, goal: Goal = UVICORN) -> list[Row]:
    """Send messages to many connections, half of them in either encoding, and compare with a bare push of as many."""
    half = CONNECTIONS // 2
    with ExitStack() as stack:
        listeners = [stack.enter_context(server.hub("/counted", "json", SMALL_CHUNK)) for _ in range(half)]
        listeners += [stack.enter_context(server.hub("/counted", "messagepack", SMALL_CHUNK)) for _ in range(half)]
        sender = stack.enter_context(server.hub("/counted"))
        pushed = stack.enter_context(bare.connect("/push"))
        ask = frame(JSON.encode(Invocation("Broadcast", [])))

        def broadcast() -> None:
            sender.send_frame(ask)
            for listener in listeners:
                listener.read_past(b"Heard")

        before = server.encodings()
        broadcast()
        encodings = server.encodings() - before
        push = str(CONNECTIONS).encode()
        measured = rates(CONNECTIONS, lambda: ask_and_read(pushed, push, b"END"), broadcast, BROADCASTS)
        cpu = min(cpu_per(server, CONNECTIONS, broadcast) for _ in range(CPU_ROUNDS))
    sides = [
        Absolute("deliveries of a broadcast to 1,000", measured.own, "1/s"),
        Absolute("until the last of 1,000 has it", CONNECTIONS / measured.own * 1e3, "ms"),
        Absolute("bare push of uvicorn", measured.base, "1/s"),
        Absolute("processor time of the server, a delivery", cpu * 1e6, "µs"),
    ]
    name = f"broadcast to 1,000{goal.by}, deliveries/s : bare push/s of uvicorn"
    return [
        Row(name, measured.ratio, goal.broadcast, 1.0, "higher", sides),
        Row("encodings of a broadcast to 1,000, per encoding in use", encodings / 2, 1, unit=""),
    ]


def idling() -> list[Row]:
    """Compare the memory that idle connections take with that of bare WebSockets; each in a server of its own."""
    kilobytes: dict[str, float] = {}
    for name in ("bare", "hub"):
        with SignalRProcess() as server, ExitStack() as stack:

            def connect(server: SignalRProcess = server, name: str = name) -> RawWebSocket:
                return server.connect("/echo") if name == "bare" else server.hub()

            # The first connections fill what all share.
            for _ in range(50):
                stack.enter_context(connect())
            before = server.rss()
            for _ in range(CONNECTIONS):
                stack.enter_context(connect())
            kilobytes[name] = (server.rss() - before) / CONNECTIONS / 1024
    sides = [Absolute(f"memory of an idle {name} connection", size, "KB") for name, size in kilobytes.items()]
    return [
        Row("memory of an idle hub connection : bare WebSocket", kilobytes["hub"] / kilobytes["bare"], absolutes=sides)
    ]


def comparing(port: int) -> list[Row]:
    """Have the clients read the same stream, from a server that is faster than any of them."""
    measured: dict[str, list[float]] = {"ours": [], "ours-typed": [], "pysignalr": [], "signalrcore": []}
    for _ in range(CLIENT_ROUNDS):
        for name, rounds in measured.items():
            command = [sys.executable, "-m", "bench._signalr_clients", name, str(port), str(CLIENT_ITEMS)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            rounds.append(float(done.stdout.split()[-1]))
    rate = {name: max(rounds) for name, rounds in measured.items()}
    sides = [Absolute(f"{name}, items of {ITEM_BYTES} B", value, "1/s of CPU") for name, value in rate.items()]
    return [
        Row("our client : pysignalr", rate["ours"] / rate["pysignalr"], 1, None, "higher", sides),
        Row("our client : signalrcore", rate["ours"] / rate["signalrcore"], 1, None, "higher"),
    ]


def mutating() -> list[Row]:
    """Feed damaged frames to the protocol core."""
    survive(MUTATIONS // 10, seed=1)
    gc.collect()
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    unexpected = survive(MUTATIONS, seed=2)
    elapsed = time.perf_counter() - started
    gc.collect()
    grown = (psutil.Process().memory_info().rss - before) / 1024
    sides = [Absolute("damaged frames parsed", MUTATIONS / elapsed, "1/s")]
    return [
        Row("unexpected errors in 1,000,000 damaged frames", unexpected, 0, absolutes=sides, unit=""),
        Row("memory grown by 1,000,000 damaged frames", max(0.0, grown), 1024, unit="KB"),
    ]


def cpu_per(server: SignalRProcess, count: int, work: Callable[[], None]) -> float:
    """Return the processor seconds of the server for each of the `count` things that `work` does."""
    before = server.cpu_seconds()
    work()
    return (server.cpu_seconds() - before) / count


def rates(count: int, base: Callable[[], None], own: Callable[[], None], rounds: int = ROUNDS) -> Rounds:
    """Run both sides in turns; each call does `count` things; the sides are stated per second."""
    return in_turns(lambda: count / seconds(base), lambda: count / seconds(own), rounds)


def back_and_forth(connection: RawWebSocket, data: bytes) -> None:
    """Send and receive, one after the other."""
    for _ in range(ECHOES):
        connection.send_frame(data)
        connection.receive()


def ask_and_read(connection: RawWebSocket, question: bytes, end: bytes) -> None:
    """Ask for a stream, and read until its end."""
    connection.send(question)
    connection.read_past(end)
