"""Event appends beside raw commits, and from an append to a hundred subscribers: commit, deliverer, hub, sockets.

Writers append one event after another, each in a transaction of its own; the yardstick commits rows of one table by as
many callers, on the same disk and in turns with them.

Then events come at a steady rate, whatever became of those before; each is a transaction of its own, begun at the
moment that it carries. Subscribers are real sockets in a process of their own, which notes when the text arrives; a
few are clients of the SDK and note when their callback is called. Beside it, in the same run, the same processes and
at the same rate: a bare loop that writes the same frames to as many sockets and stores nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import uvicorn

from bench._rounds import Rounds, quantile
from bench.report import Absolute, Row
from bench.yardsticks import raw_commits
from mesolive import server
from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.clock import ManualClock
from mesolive.hubs.envelope import principal_of
from mesolive.hubs.event import EventHub, HubSink
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.events import Events
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.logs import configure_logs
from mesolive.store.database import Database
from mesolive.store.paging import Pager
from mesolive_sdk import models
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import ConnectionRequest, HubRoute, Principal, SignalRServer
from signalr_asyncio.protocol import Invocation

SUBSCRIBERS = 100
TYPED = 4
RATE = 200
WARM = 100
BARE_EVENTS = 600
EVENTS = 2000
WRITERS = (1, 8, 32)
APPENDS = 800
ROUNDS = 5
PATH = "/hubs/event/v1"


def event() -> models.AgentStatusEvent:
    """Return an event that carries the present moment."""
    return models.AgentStatusEvent(
        EventTime=UNSTAMPED,
        Status=models.AgentStatus.Connected,
        Message=f"{time.perf_counter():.9f}",
        Connector=models.AgentConnector.Simulated,
    )


class Bare(asyncio.Protocol):
    """A connection that takes any request for an upgrade, and is written to."""

    def __init__(self, transports: list[asyncio.Transport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writable = cast("asyncio.Transport", transport)
        writable.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        self._transports.append(writable)


async def steadily(number: int, happen: Callable[[], Awaitable[None]]) -> None:
    """Let something happen at the rate, without waiting for what began before."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.TaskGroup() as group:
        for count in range(number):
            await asyncio.sleep(started + count / RATE - loop.time())
            group.create_task(_awaited(happen))


async def _awaited(happen: Callable[[], Awaitable[None]]) -> None:
    await happen()


async def appends(database: Database, journal: Journal, user_id: int, writers: int, directory: Path) -> Rounds:
    """Return raw commits and appends per second, by as many callers, in turns."""

    async def write(number: int) -> None:
        for _ in range(number):
            async with database.write(user_id) as tx:
                await journal.append(tx, user_id, [event()])

    rounds: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        raw = raw_commits(writers, directory).per_second
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(writers):
                group.create_task(write(APPENDS // writers))
        rounds.append((raw, APPENDS // writers * writers / (time.perf_counter() - started)))
    return Rounds(rounds)


def _append_row(writers: int, rounds: Rounds) -> Row:
    callers = "1 writer" if writers == 1 else f"{writers} writers"
    target, moonshot = (0.8, 2.0) if writers == 8 else (None, None)
    sides = [
        Absolute(f"event appends, {callers}", rounds.own, "per second"),
        Absolute(f"raw commits, {callers}", rounds.base, "per second"),
    ]
    return Row(f"event appends, {callers} : raw commits", rounds.ratio, target, moonshot, "higher", sides)


async def measure() -> list[Row]:
    """Run writers, then the hub with its subscribers, and return the ratios."""
    rows: list[Row] = []
    async with contextlib.AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        database = await Database.open(f"sqlite:///{directory}/bench.sqlite3")
        stack.push_async_callback(database.close)
        access = Access(database, ServerSecret("a secret for benchmarks, long enough as it is"))
        token = (await access.create_key("bench")).token
        user_id = (await access.user("bench")).user_id
        bus = LocalBus()
        journal = Journal(database, bus, ManualClock(datetime(2026, 1, 5, 16, tzinfo=UTC)))
        for writers in WRITERS:
            rounds = await appends(database, journal, user_id, writers, Path(directory))
            rows.append(_append_row(writers, rounds))
        port = await _hub(stack, access, Events(database, journal, Pager(b"k" * 32)), journal, bus)
        transports: list[asyncio.Transport] = []
        bare = await asyncio.get_running_loop().create_server(lambda: Bare(transports), "127.0.0.1", 0)
        stack.callback(bare.close)
        command = ["-m", "bench._event_listeners", str(port), str(bare.sockets[0].getsockname()[1]), token]
        listeners = await asyncio.create_subprocess_exec(
            sys.executable, *command, str(SUBSCRIBERS), str(TYPED), stdin=PIPE, stdout=PIPE, limit=1 << 26
        )
        stack.callback(_end, listeners)
        assert listeners.stdin is not None
        assert listeners.stdout is not None
        async with asyncio.timeout(60):
            assert await listeners.stdout.readline() == b"ready\n"
        server.calm_collector()  # as `mesolive serve` does

        async def write() -> None:
            text = hub_protocol("json").encode(Invocation(models.AgentStatusEvent.callback, [event()]))
            data = b"\x81\x7e" + len(text).to_bytes(2, "big") + text
            for transport in transports:
                transport.write(data)

        async def append() -> None:
            made = event()
            async with database.write(user_id) as tx:
                await journal.append(tx, user_id, [made])

        await steadily(WARM, write)
        await steadily(BARE_EVENTS, write)
        await steadily(WARM, append)
        busy = time.process_time()
        await steadily(EVENTS, append)
        busy = (time.process_time() - busy) / (EVENTS / RATE)
        await asyncio.sleep(1)  # for the last ones to arrive
        gc.unfreeze()
        listeners.stdin.close()
        took = json.loads(await listeners.stdout.readline())
        await listeners.wait()
    received = _kept(took["read"], WARM * (SUBSCRIBERS - TYPED), EVENTS * (SUBSCRIBERS - TYPED))
    decoded = _kept(took["decoded"], WARM * TYPED, EVENTS * TYPED)
    plain = _kept(took["bare"], WARM * SUBSCRIBERS, BARE_EVENTS * SUBSCRIBERS)
    what = f"{RATE} events/s to {SUBSCRIBERS} subscribers"
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        own, base = quantile(received, part), quantile(plain, part)
        sides = [
            Absolute(f"event append to client, {name}", own, "ms"),
            Absolute(f"the same frames written by a bare loop, {name}", base, "ms"),
            Absolute(f"to the callback of an SDK client among them, {name}", quantile(decoded, part), "ms"),
        ]
        rows.append(Row(f"{what}, {name} : a bare loop that stores nothing", own / base, absolutes=sides))
    rows.append(Row(f"processor of the server for {what}", busy * 100, unit="% of a core"))
    return rows


async def _hub(
    stack: contextlib.AsyncExitStack, access: Access, events: Events, journal: Journal, bus: LocalBus
) -> int:
    """Run the Event Hub as the server does, and return its port."""

    async def authenticate(request: ConnectionRequest) -> Principal | None:
        user = None if request.token is None else await access.authenticate(request.token)
        return None if user is None else principal_of(user)

    def hub() -> EventHub:
        return EventHub(events, deliverer)

    hubs = SignalRServer(
        {PATH: HubRoute(hub)},
        authenticate=authenticate,
        protocols=[hub_protocol("json"), hub_protocol("messagepack")],
    )
    deliverer = Deliverer(journal, bus, HubSink(hubs.hub(PATH).clients))
    await deliverer.start()
    stack.push_async_callback(deliverer.stop)
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    config = uvicorn.Config(
        cast("Any", hubs),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve(sockets=[listener]))

    async def stop() -> None:
        await hubs.shutdown()
        running.should_exit = True
        await task

    stack.push_async_callback(stop)
    return int(listener.getsockname()[1])


def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()


def _kept(took: Sequence[float], warm: int, expected: int) -> Sequence[float]:
    """Return what was heard after the first ones; nothing may be missing or be heard twice."""
    assert len(took) == warm + expected, f"{len(took)} arrived, {warm + expected} were sent"
    return took[warm:]


def run() -> Sequence[Row]:
    """Measure; takes half a minute."""
    configure_logs()  # as `mesolive serve` does: without it every call would be written out
    return server.run(measure())
