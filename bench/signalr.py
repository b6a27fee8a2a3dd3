"""signalr_asyncio against bare WebSockets of the same server, and its client against others.

Server and client are one process each, on a core of its own where there are two. What else the machine does must not
decide: a ratio is the median of many short rounds, each of which measures both sides one after the other; a client is
measured by the processor time it takes, and of its rounds the best counts.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager

import psutil

from bench._signalr_clients import CLIENT_CORE
from bench._signalr_mutations import survive
from bench._signalr_server import pin
from bench._signalr_socket import SEPARATOR, RawWebSocket, frame
from bench.report import Figure
from signalr_asyncio import JsonHubProtocol
from signalr_asyncio.protocol import HandshakeRequest, Invocation, StreamInvocation, encode_handshake

ROUNDS = 150
ECHOES = 100
ECHO_BYTES = 256
ITEMS = 2_000
CONNECTIONS = 1_000
CLIENT_ROUNDS = 5
CLIENT_ITEMS = 50_000
MUTATIONS = 1_000_000

JSON = JsonHubProtocol()
END_OF_STREAM = b'{"type":3,"invocationId":"1"}\x1e'


def run() -> Sequence[Figure]:
    """Measure everything; takes about a minute and a half."""
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(CLIENT_CORE)
    try:
        with server() as port:
            figures = [*invoking(port), *streaming(port), *broadcasting(port), *comparing(port)]
        return [*figures, *idling(), *mutating()]
    finally:
        if affinity is not None:
            os.sched_setaffinity(0, affinity)


@contextmanager
def server() -> Generator[int]:
    """Run the server process, and yield its port."""
    command = [sys.executable, "-m", "bench._signalr_server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)


def hub(port: int, path: str = "/hub", protocol: str = "json") -> RawWebSocket:
    """Connect to a hub, without negotiation, and shake hands."""
    connection = RawWebSocket(port, path)
    connection.send(encode_handshake(HandshakeRequest(protocol, 1)))
    assert connection.receive() == b"{}" + SEPARATOR
    return connection


def invoking(port: int) -> list[Figure]:
    """Compare calls, one after another, with bare echoes."""
    text = "x" * ECHO_BYTES
    call = frame(JSON.encode(Invocation("Echo", [text], "1")))
    plain = frame(text.encode())
    with RawWebSocket(port, "/echo") as bare, hub(port) as called:
        echo = rates(ECHOES, lambda: back_and_forth(bare, plain), lambda: back_and_forth(called, call))
    return [
        Figure("bare echo of 256 B", echo.base, "1/s"),
        Figure("sequential invoke of 256 B", echo.own, "1/s"),
        Figure("sequential invoke : bare echo", echo.ratio, "×", 0.75, "higher"),
    ]


def streaming(port: int) -> list[Figure]:
    """Compare a server stream, in a frame each and joined as by default, with a bare push that encodes the same."""
    ask = JSON.encode(StreamInvocation("Readings", [ITEMS], "1"))
    with (
        RawWebSocket(port, "/push") as bare,
        RawWebSocket(port, "/push-made") as made,
        hub(port, "/hub-single") as single,
        hub(port) as joined,
    ):

        def push(connection: RawWebSocket) -> Callable[[], None]:
            return lambda: ask_and_read(connection, str(ITEMS).encode(), b"END")

        def stream(connection: RawWebSocket) -> Callable[[], None]:
            return lambda: ask_and_read(connection, ask, END_OF_STREAM)

        alone = rates(ITEMS, push(bare), stream(single))
        together = rates(ITEMS, push(bare), stream(joined))
        ready = rates(ITEMS, push(made), stream(joined))
    return [
        Figure("bare push of 762 B items", alone.base, "1/s"),
        Figure("bare push of 762 B text made beforehand", ready.base, "1/s"),
        Figure("stream of 762 B items, a frame each", alone.own, "1/s"),
        Figure("stream, a frame each : bare push", alone.ratio, "×", 0.9, "higher"),
        Figure("stream of 762 B items, joined", together.own, "1/s"),
        Figure("stream, joined : bare push", together.ratio, "×", 1.5, "higher"),
        Figure("stream, joined : bare push of text made beforehand", ready.ratio, "×"),
    ]


def broadcasting(port: int) -> list[Figure]:
    """Send one message to many connections, half of them in either encoding."""
    half = CONNECTIONS // 2
    with ExitStack() as stack:
        listeners = [stack.enter_context(hub(port, "/counted", "json")) for _ in range(half)]
        listeners += [stack.enter_context(hub(port, "/counted", "messagepack")) for _ in range(half)]
        sender = stack.enter_context(hub(port, "/counted"))
        before = stats(port)["encodings"]
        started = time.perf_counter()
        sender.send(JSON.encode(Invocation("Broadcast", [])))
        for listener in listeners:
            listener.read_past(b"Heard")
        elapsed = time.perf_counter() - started
        encodings = stats(port)["encodings"] - before
    return [
        Figure("encodings of a broadcast to 1,000, per encoding in use", encodings / 2, "", 1),
        Figure("broadcast until the last of 1,000 has it", elapsed * 1e3, "ms"),
    ]


def idling() -> list[Figure]:
    """Compare the memory that idle connections take with that of bare WebSockets; each in a server of its own."""
    openers: dict[str, Callable[[int], RawWebSocket]] = {"bare": lambda port: RawWebSocket(port, "/echo"), "hub": hub}
    kilobytes: dict[str, float] = {}
    for name, opener in openers.items():
        with server() as port, ExitStack() as stack:
            # The first connections fill what all share.
            for _ in range(50):
                stack.enter_context(opener(port))
            before = stats(port)["rss"]
            for _ in range(CONNECTIONS):
                stack.enter_context(opener(port))
            kilobytes[name] = (stats(port)["rss"] - before) / CONNECTIONS / 1024
    return [
        Figure("memory of an idle bare WebSocket", kilobytes["bare"], "KB"),
        Figure("memory of an idle hub connection", kilobytes["hub"], "KB"),
    ]


def comparing(port: int) -> list[Figure]:
    """Have the clients read the same stream, from a server that is faster than any of them."""
    measured: dict[str, list[float]] = {"ours": [], "ours-typed": [], "pysignalr": [], "signalrcore": []}
    for _ in range(CLIENT_ROUNDS):
        for name, rounds in measured.items():
            command = [sys.executable, "-m", "bench._signalr_clients", name, str(port), str(CLIENT_ITEMS)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            rounds.append(float(done.stdout.split()[-1]))
    rate = {name: max(rounds) for name, rounds in measured.items()}
    return [
        Figure("our client, items of 762 B", rate["ours"], "1/s of CPU"),
        Figure("our client, items decoded as a type", rate["ours-typed"], "1/s of CPU"),
        Figure("pysignalr, items of 762 B", rate["pysignalr"], "1/s of CPU"),
        Figure("signalrcore, items of 762 B", rate["signalrcore"], "1/s of CPU"),
        Figure("our client : pysignalr", rate["ours"] / rate["pysignalr"], "×", 1, "higher"),
        Figure("our client : signalrcore", rate["ours"] / rate["signalrcore"], "×", 1, "higher"),
    ]


def mutating() -> list[Figure]:
    """Feed damaged frames to the protocol core."""
    survive(MUTATIONS // 10, seed=1)
    gc.collect()
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    unexpected = survive(MUTATIONS, seed=2)
    elapsed = time.perf_counter() - started
    gc.collect()
    grown = (psutil.Process().memory_info().rss - before) / 1024
    return [
        Figure("damaged frames parsed", MUTATIONS / elapsed, "1/s"),
        Figure("unexpected errors in 1,000,000 damaged frames", unexpected, "", 0),
        Figure("memory grown by 1,000,000 damaged frames", max(0.0, grown), "KB", 1024),
    ]


class Rates:
    """Two sides measured round by round.

    Attributes
    ----------
    base, own
        The medians, per second.
    ratio
        The median of the rounds' ratios, own to base.
    """

    def __init__(self, rounds: Sequence[tuple[float, float]]) -> None:
        self.base = statistics.median(base for base, _ in rounds)
        self.own = statistics.median(own for _, own in rounds)
        self.ratio = statistics.median(own / base for base, own in rounds)


def rates(count: int, base: Callable[[], None], own: Callable[[], None]) -> Rates:
    """Run both sides in turns, the first round unmeasured; each call does `count` things."""
    rounds = [(count / seconds(base), count / seconds(own)) for _ in range(ROUNDS + 1)]
    return Rates(rounds[1:])


def seconds(work: Callable[[], None]) -> float:
    """Return how long `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def back_and_forth(connection: RawWebSocket, data: bytes) -> None:
    """Send and receive, one after the other."""
    for _ in range(ECHOES):
        connection.send_frame(data)
        connection.receive()


def ask_and_read(connection: RawWebSocket, question: bytes, end: bytes) -> None:
    """Ask for a stream, and read until its end."""
    connection.send(question)
    connection.read_past(end)


def stats(port: int) -> dict[str, int]:
    """Ask the server for its figures."""
    with RawWebSocket(port, "/stats") as connection:
        connection.send(b"?")
        return json.loads(connection.receive())
