"""From an event's append to a hundred subscribers: the transaction, its commit, the deliverer, the hub, the sockets.

Events come at a steady rate, whatever became of those before; each is a transaction of its own, begun at the moment
that it carries. Subscribers are real sockets in a process of their own, which notes when the text arrives; a few are
clients of the SDK and note when their callback is called. Beside it, in the same run, the same processes and at the
same rate: a bare loop that writes the same frames to as many sockets and stores nothing.
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
from typing import Any, cast

import uvicorn

from bench.report import Figure
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


async def measure() -> list[Figure]:
    """Run the hub, its subscribers, and events; return the figures."""
    async with contextlib.AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        database = await Database.open(f"sqlite:///{directory}/bench.sqlite3")
        stack.push_async_callback(database.close)
        access = Access(database, ServerSecret("a secret for benchmarks, long enough as it is"))
        token = (await access.create_key("bench")).token
        user_id = (await access.user("bench")).user_id
        bus = LocalBus()
        journal = Journal(database, bus, ManualClock(datetime(2026, 1, 5, 16, tzinfo=UTC)))
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
        gc.collect()
        gc.freeze()  # as `mesolive serve` does

        async def write() -> None:
            text = hub_protocol("json").encode(Invocation(models.AgentStatusEvent.callback, [event()]))
            data = b"\x81\x7e" + len(text).to_bytes(2, "big") + text
            for transport in transports:
                transport.write(data)

        async def append() -> None:
            one = event()
            async with database.write(user_id) as tx:
                await journal.append(tx, user_id, [one])

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
    heard = _sorted(took["read"], WARM * (SUBSCRIBERS - TYPED), EVENTS * (SUBSCRIBERS - TYPED))
    decoded = _sorted(took["decoded"], WARM * TYPED, EVENTS * TYPED)
    plain = _sorted(took["bare"], WARM * SUBSCRIBERS, BARE_EVENTS * SUBSCRIBERS)
    what = f"{RATE} events/s, {SUBSCRIBERS} subscribers"
    return [
        Figure(f"a bare loop that sends the same frames, {what}, p50", _part(plain, 0.5), "ms"),
        Figure(f"a bare loop that sends the same frames, {what}, p99", _part(plain, 0.99), "ms"),
        Figure(f"event append to client, {what}, p50", _part(heard, 0.5), "ms"),
        Figure(f"event append to client, {what}, p99", _part(heard, 0.99), "ms", 20),
        Figure("event append to the callback of an SDK client among them, p99", _part(decoded, 0.99), "ms", 20),
        Figure("processor time of the server for it", busy * 100, "% of a core"),
    ]


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


def _sorted(took: Sequence[float], warm: int, expected: int) -> list[float]:
    """Return what was heard after the first ones, sorted; nothing may be missing or be heard twice."""
    assert len(took) == warm + expected, f"{len(took)} arrived, {warm + expected} were sent"
    return sorted(took[warm:])


def _part(sorted_times: Sequence[float], part: float) -> float:
    return sorted_times[int(len(sorted_times) * part)]


def run() -> Sequence[Figure]:
    """Measure; takes a quarter of a minute."""
    configure_logs()  # as `mesolive serve` does: without it every call would be written out
    return server.run(measure())
