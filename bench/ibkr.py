"""The connector of Interactive Brokers: ticks into the book, orders beside data requests, a chain, memory over time.

Everything but the first row runs at the double of TWS in a process of its own, by its socket and in real time. The last
row takes MESOLIVE_BENCH_IBKR_SECONDS (60 by default); `python -m bench.ibkr --hour` watches memory alone, for an hour.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import numpy as np
import psutil

from bench._rounds import quantile
from bench.report import Absolute, Row, publish
from bench.yardsticks import python_loop
from mesolive.clock import ManualClock, MonotonicClock, ScaledClock
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.line_ticks import LineTicks
from mesolive.connectors.ibkr.listeners import LineSink
from mesolive.connectors.ibkr.pacing import Priority
from mesolive.connectors.ibkr.receiver import Receiver
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.ibkr.tws_decoder import StrictDecoder
from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.connectors.protocol import ConnectorRequest
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.contracts import Expiration, OptionContract, Right
from mesolive.market.lines import LineAllocator, LinePriority
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class, underlying_of
from mesolive.market.partial_chain import PartialChain
from mesolive.market.quality import QuoteQuality
from mesolive.server import calm_collector
from mesolive.tasks import Tasks, Turns
from mesolive.venues.base import Accepted, VenueLeg, VenueRequest
from mesolive_sdk.models import OrderType, TimeInForce

START = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
LINES = 80
TICKS_PER_SECOND = 20_000
ROUNDS = 5
READ_BYTES = 64 * 1024
TURN_TICKS = TICKS_PER_SECOND // 20
"""Between two times that the provider writes the book."""
QUEUED = 500
ORDERS = 40
EXPIRATION_DAYS = 3
STRIKES = 3
"""On each side of the money that count as near it."""
ORDER_EVERY = 0.1
READ_SECONDS = 180.0
WARM_UP = 0.1
"""Part of the time in which memory is not watched yet."""
SAMPLES = 50
SECONDS = float(os.environ.get("MESOLIVE_BENCH_IBKR_SECONDS", "60"))


# --- ticks into the book ------------------------------------------------------------------------------------------


def chain() -> Listing:
    """Return a listing of SPXW with 20,000 contracts."""
    terms = option_class("SPXW")
    strikes = [Decimal(3000 + 10 * number) for number in range(400)]
    expirations: dict[Expiration, dict[Right, Sequence[Decimal]]] = {}
    for number in range(25):
        day = (START + timedelta(days=7 * number + 3)).date()
        settles_at = settlement_instant("SPXW", day)
        expiration = Expiration("SPXW", day, settles_at, terms.settlement, terms.style, Decimal(terms.multiplier))
        expirations[expiration] = {Right.CALL: strikes, Right.PUT: strikes}
    return Listing(underlying_of("SPX"), expirations)


def frames(count: int) -> bytes:
    """Return ticks as TWS writes them: prices with their sizes, sizes alone, and option computations, one in ten."""
    random = Random(15)  # noqa: S311 - prices, not secrets
    parts: list[bytes] = []
    for number in range(count):
        line = 1 + number % LINES
        kind = random.randrange(10)
        price = random.uniform(5.0, 400.0)
        if kind == 9:
            fields = [21, line, 13, 0, 0.18, -0.43, price, 0.0, 0.001, 4.2, -1.3, 5000.0]
        elif kind % 3 == 2:
            fields = [2, 6, line, 0, random.randint(1, 900)]
        else:
            tick = 1 if kind % 2 else 2
            fields = [1, 6, line, tick, f"{price + tick * 0.1:.2f}", random.randint(1, 900), 0]
        text = "\0".join(map(str, fields)).encode() + b"\0"
        parts.append(struct.pack(">I", len(text)) + text)
    return b"".join(parts)


def fed_by_hand(session: TwsSession) -> Callable[[bytes], None]:
    """Return what takes bytes for a session as its socket brings them, after the handshake."""
    client_module: Any = importlib.import_module("ib_async.client")
    decoder: Any = StrictDecoder(Receiver(session), "America/New_York")
    client = client_module.Client(decoder.wrapper)
    client.decoder = decoder
    # What the handshake sets.
    client._serverVersion = decoder.serverVersion = client_module.Client.MaxClientVersion  # noqa: SLF001
    client._apiReady = True  # noqa: SLF001

    def feed(data: bytes) -> None:
        client._onSocketHasData(data)  # noqa: SLF001 - what the library's connection calls

    return feed


def ignored(*_: object) -> None:
    """Take what does not happen here."""


def ticks_booked() -> Row:
    """Measure ticks from the bytes of the socket until they are in the book, twenty writes of the book a second."""
    return asyncio.run(_ticks_booked())


async def _ticks_booked() -> Row:
    clock = ManualClock(START)
    session = TwsSession("data", "", 0, 11, clock=clock, timer=MonotonicClock())
    book = QuoteBook(chain(), clock, us_options_calendar())
    partial = PartialChain(book, LineAllocator(LINES, 36.0))
    feed = fed_by_hand(session)
    dirty: list[tuple[int, LineTicks]] = []
    span = book.listing.span("SPXW", book.listing.expirations[3].day, Right.PUT)
    assert span is not None
    sinks: dict[int, LineSink] = session.lines
    for number in range(LINES):
        index = span[0] + 160 + number
        ticks = LineTicks(lambda item, index=index: dirty.append((index, item)), ignored, ignored)
        ticks.data_type(1)
        sinks[number + 1] = ticks
    data = frames(TICKS_PER_SECOND)
    per_turn = len(data) // (TICKS_PER_SECOND // TURN_TICKS)
    chunks = [data[start : start + per_turn] for start in range(0, len(data), per_turn)]
    took: list[float] = []
    loops = [python_loop()]
    for number in range(ROUNDS):
        begun = time.process_time()
        for turn, chunk in enumerate(chunks):
            now = START + timedelta(seconds=number, milliseconds=50 * turn)
            for start in range(0, len(chunk), READ_BYTES):
                feed(chunk[start : start + READ_BYTES])
            changed, dirty[:] = list(dirty), []
            for index, item in changed:
                item.take()
                bid, ask, bid_size, ask_size = item.option_quote
                partial.quoted(now, index, bid, ask, QuoteQuality.LIVE, bid_size=bid_size, ask_size=ask_size)
        took.append(time.process_time() - begun)
        loops.append(python_loop())
    assert not session.unreadable_messages
    assert np.isfinite(book.values("bid")[span[0] + 160 : span[0] + 160 + LINES]).all()
    second, loop = min(took), min(loops)
    return Row(
        f"{TICKS_PER_SECOND:,} ticks decoded and booked, CPU per second of ticks",
        second,
        target=0.6,
        moonshot=0.3,
        unit=" of a core",
        absolutes=[
            Absolute("ticks", TICKS_PER_SECOND / second, "per s CPU"),
            Absolute("the same : the 2 M loop", second / loop, "×"),
            Absolute("2 M loop", loop * 1e3, "ms CPU"),
        ],
    )


# --- at the double --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def double(symbols: str = "SPX") -> AsyncGenerator[int]:
    """Run the double of TWS in a process of its own, in a session that runs in real time; return its port."""
    command = [sys.executable, "-m", "mesolive.doubles.tws", "run", "--port", "0", "--symbols", symbols]
    process = await asyncio.create_subprocess_exec(
        *command, "--start", START.isoformat(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        match = re.search(rb"port (\d+)", await process.stdout.readline())
        assert match is not None
        yield int(match[1])
    finally:
        process.terminate()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Sent:
    """How long an order took until it was written, in milliseconds: by the wall clock, and of the loop's own CPU."""

    wall: float
    cpu: float


class LoopWatch:
    """How much CPU the loop's own work takes between two turns: for so long an order waits on a quiet machine."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self, _turns: Turns) -> None:
        """Watch, until it is stopped."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, (time.thread_time() - before) * 1e3)


class Bench:
    """A connector at a double, which notes when orders are written to its socket."""

    def __init__(self, port: int, folder: Path, **given: object) -> None:
        self.clock = ScaledClock(START)
        self.written: dict[str, tuple[float, float]] = {}
        settings = IbkrSettings(port=port, restart_window="", **given)  # pyright: ignore[reportArgumentType] - any setting
        request = ConnectorRequest("bench", settings, folder, self.clock, us_options_calendar())
        self.connector = IbkrConnector(request, record=self._note)
        self.calendar = us_options_calendar()

    def _note(self, _connection: str, received: bool, fields: Sequence[str]) -> None:
        if not received and fields[0] == "3":
            self.written[next(field for field in fields if field.startswith("bench-"))] = (
                time.perf_counter(),
                time.thread_time(),
            )

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None]:
        """Connect, and keep the venue's stream open."""
        await self.connector.connect()
        await self.connector.venue.start()
        try:
            async with self.connector.venue.session():
                yield
        finally:
            await self.connector.venue.stop()
            await self.connector.disconnect()

    async def send(self, contract: OptionContract, due: float | None = None) -> Sent:
        """Send an order that rests, and measure until it was written to the socket.

        Parameters
        ----------
        due
            When it should have been sent, by `time.perf_counter`; now, unless it is given.
        """
        reference = f"bench-{uuid4()}"[:40]
        order = VenueRequest(
            account="DU1234567",
            reference=reference,
            legs=(VenueLeg(name="a", contract=contract, ratio=Decimal(1)),),
            qty=Decimal(1),
            order_type=OrderType.Limit,
            time_in_force=TimeInForce.Day,
            limit_price=Decimal("0.05"),
        )
        begun = time.perf_counter() if due is None else due
        cpu = time.thread_time()
        answer = await self.connector.venue.submit(order)
        assert isinstance(answer, Accepted), answer
        at, spent = self.written[reference]
        return Sent((at - begun) * 1e3, (spent - cpu) * 1e3)

    def at_the_money(self, days: int = 0) -> OptionContract:
        """Return the put nearest to the money of an expiration."""
        provider = self.connector.provider
        assert provider is not None
        book = provider.books["SPX"]
        expiration = book.listing.expirations[days]
        span = book.listing.span(expiration.root, expiration.day, Right.PUT)
        assert span is not None
        assert book.spot is not None
        near = np.argmin(np.abs(book.listing.strikes[span[0] : span[1]] - book.spot))
        return book.listing.contract(span[0] + int(near))


def synced_append(folder: Path) -> float:
    """Return the milliseconds that a line takes that is appended to a file and synced: the venue's journal does it."""
    begun = time.perf_counter()
    with (folder / "yardstick.jsonl").open("ab") as file:
        file.write(b"x" * 500 + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return (time.perf_counter() - begun) * 1e3


async def orders_beside_requests(port: int, folder: Path) -> Row:
    """Measure orders until they are written, while requests for data wait on both connections."""
    bench = Bench(port, folder, lines=LINES)
    took: list[Sent] = []
    bare: list[float] = []
    tasks = Tasks()
    async with bench.connected():
        contract = bench.at_the_money(2)
        await bench.send(contract)
        query = Contract(symbol="SPX", sec_type="IND", exchange="CBOE", currency="USD")

        async def ask(session: TwsSession) -> None:
            await session.contract_details(query, priority=Priority.BULK, seconds=600.0)

        sessions = (bench.connector.orders, bench.connector.data)
        for session in sessions:
            for _ in range(QUEUED):
                tasks.spawn("bench request", ask(session), expected=Exception)
        await asyncio.sleep(0.5)
        first = min(session.waiting_messages for session in sessions)
        for _ in range(ORDERS):
            bare.append(synced_append(folder))
            took.append(await bench.send(contract))
            await asyncio.sleep(0.1)
        last = min(session.waiting_messages for session in sessions)
        await tasks.stop()
    assert last > 0, "nothing waited any more"
    wall = [duration.wall for duration in took]
    return Row(
        f"order written while {QUEUED} requests wait on each connection, beyond a synced append, p50",
        quantile(wall, 0.5) - quantile(bare, 0.5),
        target=5.0,
        moonshot=2.0,
        unit=" ms",
        absolutes=[
            Absolute("order written, p50", quantile(wall, 0.5), "ms"),
            Absolute("longest", max(wall), "ms"),
            Absolute("synced append, p50", quantile(bare, 0.5), "ms"),
            Absolute("CPU of the loop, p50", quantile([duration.cpu for duration in took], 0.5), "ms"),
            Absolute("requests that wait at the first order", first, ""),
            Absolute("at the last", last, ""),
        ],
    )


async def chain_near_the_money(port: int, folder: Path) -> list[Row]:
    """Measure from connect until the nearest expirations are quoted, and orders until the whole chain is read."""
    calm_collector()  # as `mesolive serve` does
    bench = Bench(port, folder, lines=LINES + 10)
    provider = bench.connector.provider
    assert provider is not None
    took: list[Sent] = []
    watch, tasks = LoopWatch(), Tasks()
    begun = time.perf_counter()
    async with bench.connected():
        connected = time.perf_counter() - begun
        wanted = near_the_money(provider.books["SPX"])
        provider.pin(wanted, LinePriority.WATCHED)
        tasks.start_loop("bench loop watch", watch.run)
        quoted, due = 0.0, time.perf_counter()
        while not provider.chains_are_read and time.perf_counter() - begun < READ_SECONDS:
            if not quoted and all(is_quoted(provider.books["SPX"], contract) for contract in wanted):
                quoted = time.perf_counter() - begun
            due += ORDER_EVERY
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            took.append(await bench.send(wanted[0], due))
            due = max(due, time.perf_counter())
        read = time.perf_counter() - begun
        await tasks.stop()
        size = len(provider.books["SPX"].listing)
    wall = [duration.wall for duration in took]
    return [
        Row(
            f"nearest {EXPIRATION_DAYS} expirations quoted near the money, from connect",
            quoted or READ_SECONDS,
            target=5.0,
            moonshot=2.0,
            unit=" s",
            absolutes=[
                Absolute("contracts near the money", len(wanted), ""),
                Absolute("connected after", connected, "s"),
            ],
        ),
        Row(
            "longest that an order is held by the loop's own work while the chain is read, CPU",
            watch.longest + max(duration.cpu for duration in took),
            target=50.0,
            moonshot=20.0,
            unit=" ms",
            absolutes=[
                Absolute("of it a turn of the loop", watch.longest, "ms"),
                Absolute("wall clock from due to written: p50", quantile(wall, 0.5), "ms"),
                Absolute("p95", quantile(wall, 0.95), "ms"),
                Absolute("longest", max(wall), "ms"),
                Absolute("orders", len(took), ""),
                Absolute("contracts read", size, ""),
                Absolute("within", read, "s"),
            ],
        ),
    ]


def near_the_money(book: QuoteBook) -> list[OptionContract]:
    """Return the strikes around the money of the nearest expirations."""
    assert book.spot is not None
    result: list[OptionContract] = []
    days = sorted({expiration.day for expiration in book.listing.expirations})[:EXPIRATION_DAYS]
    for expiration in book.listing.expirations:
        for right in Right:
            span = book.listing.span(expiration.root, expiration.day, right)
            if expiration.day not in days or span is None:
                continue
            apart = np.abs(book.listing.strikes[span[0] : span[1]] - book.spot)
            result += [book.listing.contract(span[0] + int(place)) for place in np.argsort(apart)[: 2 * STRIKES + 1]]
    return result


def is_quoted(book: QuoteBook, contract: OptionContract) -> bool:
    """Whether a contract has a live quote, which is not modelled."""
    location = book.view().find(contract)
    if location is None:
        return False
    part, place = location
    return bool(np.isfinite(part.ask[place])) and part.quality[place] == QuoteQuality.LIVE


async def without_growth(port: int, folder: Path, seconds: float) -> Row:
    """Watch the memory of this process with so many lines, once the chain is read and the lines have rolled a while.

    Contracts, threads and the first fits take what they need in the beginning; what matters is whether it goes on.
    """
    bench = Bench(port, folder, lines=LINES)
    process = psutil.Process()
    async with bench.connected():
        provider = bench.connector.provider
        assert provider is not None
        begun = time.perf_counter()
        while not provider.chains_are_read and time.perf_counter() - begun < READ_SECONDS:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(1.0)
        read = time.perf_counter() - begun
        await asyncio.sleep(seconds * WARM_UP)
        cpu, begun = time.process_time(), time.perf_counter()
        samples: list[tuple[float, float]] = []
        for _ in range(SAMPLES):
            await asyncio.sleep(seconds * (1.0 - WARM_UP) / SAMPLES)
            samples.append((time.perf_counter() - begun, process.memory_info().rss / 1e6))
        watched = time.perf_counter() - begun
        used = (time.process_time() - cpu) / watched
        lines = provider.line_use.lines
    resident = [size for _, size in samples]
    fifth = SAMPLES // 5
    early, late = np.median(resident[:fifth]), np.median(resident[-fifth:])
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in itertools.combinations(samples, 2)
    ]
    return Row(
        f"memory grown in {watched * 0.8:,.0f} s with {lines} lines, once the chain is read",
        float(late - early),
        target=10.0,
        moonshot=2.0,
        unit=" MB",
        absolutes=[
            Absolute("slope (median of all pairs)", float(np.median(slopes)) * 60.0, "MB a minute"),
            Absolute("chain read within", read, "s"),
            Absolute("resident in the beginning", float(early), "MB"),
            Absolute("at the end", float(late), "MB"),
            Absolute("most", max(resident), "MB"),
            Absolute("CPU meanwhile", used * 100, "% of a core"),
        ],
    )


async def at_the_double(seconds: float, parts: Sequence[str]) -> list[Row]:
    """Measure what needs a socket."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mesolive-bench-") as name:
        for part in parts:
            folder = Path(name) / part
            folder.mkdir()
            async with double() as port:
                if part == "orders":
                    rows.append(await orders_beside_requests(port, folder))
                elif part == "chain":
                    rows += await chain_near_the_money(port, folder)
                else:
                    rows.append(await without_growth(port, folder, seconds))
    return rows


def run(seconds: float = SECONDS) -> Sequence[Row]:
    """Measure."""
    return [ticks_booked(), *asyncio.run(at_the_double(seconds, ("orders", "chain", "memory")))]


def run_for_an_hour() -> Sequence[Row]:
    """Watch memory."""
    return asyncio.run(at_the_double(3600.0, ("memory",)))


if __name__ == "__main__":
    raise SystemExit(0 if publish("ibkr", run_for_an_hour() if "--hour" in sys.argv else run(), as_json=False) else 1)
