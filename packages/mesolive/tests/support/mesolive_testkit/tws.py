"""Double of TWS in tests: a running one on a manual clock, and clients of the real library `ib_async` on its socket."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import types
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from mesolive.clock import Clock, ManualClock
from mesolive.doubles.markets import Markets
from mesolive.doubles.product_model import ProductModel
from mesolive.doubles.products import PRODUCTS, Product, Terms
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire_contract import ContractQuery
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.provider import Provider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.records import replace

# The library's annotations are partial: its objects are of any type here.
ib: Any = importlib.import_module("ib_async")
ib_client: Any = importlib.import_module("ib_async.client")
ib_decoder: Any = importlib.import_module("ib_async.decoder")

IN_SESSION = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
"""Ten o'clock in New York, on a Monday."""

WAIT_SECONDS = 60.0
"""How long a test waits for a message before it fails: only a broken test waits so long."""

Call: TypeAlias = tuple[Any, ...]


class Recorder:
    """What the library's client reports to: keeps every callback with its arguments."""

    def __init__(self) -> None:
        self.defaultTimezone = UTC
        self.ib = types.SimpleNamespace(TimezoneTWS="")
        self.calls: list[Call] = []
        self.news = asyncio.Event()

    def setEventsDone(self) -> None:  # noqa: N802 - the library's name
        """Do nothing."""

    def connectAck(self) -> None:  # noqa: N802 - the library's name
        """Do nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith(("tcpData", "__")):
            raise AttributeError(name)

        def record(*arguments: Any) -> None:
            self.calls.append((name, *arguments))
            self.news.set()

        return record


def strict_decoder(recorder: Recorder, broken: list[str]) -> Any:
    """Return the library's decoder, which keeps the errors that it would only log."""
    decoder = ib_decoder.Decoder(recorder, 0)

    def interpret(fields: list[str]) -> None:
        try:
            decoder.handlers[int(fields[0])](fields)
        except Exception as error:  # noqa: BLE001 - any failure of the decoder is what is looked for
            broken.append(f"{fields[0]}: {error!r}")
            recorder.news.set()

    decoder.interpret = interpret
    return decoder


@dataclass
class TwsClient:
    """A client of the library with the calls that it received.

    Attributes
    ----------
    api
        The library's `Client`.
    broken
        Messages that its decoder could not read.
    """

    api: Any
    recorder: Recorder
    broken: list[str] = field(default_factory=list[str])
    expects_broken: bool = False
    _read: int = 0

    @property
    def calls(self) -> list[Call]:
        """All callbacks so far."""
        return self.recorder.calls

    def named(self, name: str) -> list[Call]:
        """Return the callbacks of one name, without it."""
        return [call[1:] for call in self.calls if call[0] == name]

    def mark(self) -> None:
        """Forget the calls received so far."""
        self.calls.clear()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is true of the calls received."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not done():
                self.recorder.news.clear()
                await self.recorder.news.wait()

    async def get(self, name: str, matching: Callable[[Call], bool] | None = None, number: int = 1) -> Call:
        """Wait for the callback of a name that matches, the `number`-th such; return its arguments."""

        def calls() -> list[Call]:
            return [call for call in self.named(name) if matching is None or matching(call)]

        await self.until(lambda: len(calls()) >= number)
        return calls()[number - 1]

    async def error(self, code: int, number: int = 1) -> Call:
        """Wait for an error or notice of a code; return its request id, code, text and reject."""
        return await self.get("error", lambda call: call[1] == code, number)

    async def settle(self) -> None:
        """Wait until everything that was asked before is answered."""
        count = len(self.named("currentTime"))
        self.api.reqCurrentTime()
        await self.until(lambda: len(self.named("currentTime")) > count)

    def next_id(self) -> int:
        """Return a fresh id for a request or an order."""
        return int(self.api.getReqId())

    def place(self, contract: Any, order: Any, order_id: int | None = None) -> int:
        """Place an order; return its id."""
        number = self.next_id() if order_id is None else order_id
        self.api.placeOrder(number, contract, order)
        return number


@dataclass
class TwsKit:
    """A running double with its clocks, and a factory of clients."""

    double: TwsDouble
    clock: ManualClock
    timer: ManualClock
    clients: list[TwsClient] = field(default_factory=list[TwsClient])

    async def client(self, client_id: int = 10, *, ready: bool = True, patience: float = WAIT_SECONDS) -> TwsClient:
        """Return a client that has connected; unless `ready`, after its attempt to."""
        recorder = Recorder()
        client = TwsClient(ib_client.Client(recorder), recorder)
        client.api.decoder = strict_decoder(recorder, client.broken)
        client.api.MaxRequests = 0
        self.clients.append(client)
        if ready:
            await client.api.connectAsync("127.0.0.1", self.double.port, client_id, patience)
            await client.error(2158)
        else:
            attempt = asyncio.ensure_future(client.api.connectAsync("127.0.0.1", self.double.port, client_id, patience))
            self.attempts.append(attempt)
            await asyncio.sleep(0)
        return client

    attempts: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])

    async def until(self, done: Callable[[], bool]) -> None:
        """Let the loop turn until something is true of the double: no message tells a client of it."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not done():  # noqa: ASYNC110 - the double has no event for tests
                await asyncio.sleep(0)

    def instruments(self, symbol: str, **fields: Any) -> list[Instrument]:
        """Return the listed contracts that match."""
        now = self.clock.now()
        return self.double.gateway.instruments.find(ContractQuery(symbol=symbol, **fields), now)

    def option(self, moneyness: float = 1.0, right: str = "C", root: str = "SPXW", days: int = 18) -> Instrument:
        """Return the option nearest to a strike, `moneyness` times the price of the underlying, some days ahead."""
        markets = self.double.gateway.markets
        symbol = {"SPXW": "SPX"}.get(root, root)
        spot = float(markets.spot(symbol) or 0)
        now = self.clock.now()
        listed = markets.book(symbol).listing.expirations
        nearest = min(
            (expiration for expiration in listed if expiration.root == root and expiration.settles_at > now),
            key=lambda expiration: abs((expiration.day - now.date()).days - days),
        )
        day = f"{nearest.day:%Y%m%d}"
        options = self.instruments(symbol, trading_class=root, right=right, sec_type="OPT", last_trade=day)
        return min(options, key=lambda option: abs(float(option.strike) - spot * moneyness))

    async def advance(self, seconds: float = 1.0) -> None:
        """Let market time pass."""
        await self.clock.advance(seconds)


def bag(legs: Sequence[tuple[Instrument, int]], symbol: str = "SPX", **fields: Any) -> Any:
    """Return the library's combo of legs with signed ratios."""
    return ib.Bag(
        symbol=symbol,
        currency="USD",
        exchange="SMART",
        comboLegs=[
            ib.ComboLeg(
                conId=instrument.con_id, ratio=abs(ratio), action="BUY" if ratio > 0 else "SELL", exchange="SMART"
            )
            for instrument, ratio in legs
        ],
        **fields,
    )


def limit(quantity: float, price: float | Decimal, ref: str = "ref-1", **fields: Any) -> Any:
    """Return the library's limit order: a purchase of a quantity, a sale of a negative one."""
    fields.setdefault("tif", "DAY")
    return ib.LimitOrder("BUY" if quantity > 0 else "SELL", abs(quantity), price, orderRef=ref, **fields)


def few_options(
    clock: Clock, symbols: Sequence[str], seed: int, step: timedelta, days: Collection[int] | None = None
) -> Markets:
    """Return simulated markets with the expirations of the next three days and of some others.

    Parameters
    ----------
    days
        The others, by calendar days from now; by default those of one third Friday's week.
    """
    calendar = us_options_calendar()

    def shortened(product: Product) -> Product:
        def terms(moment: datetime, sessions: ExchangeCalendar) -> list[Terms]:
            listed = product.terms(moment, sessions)
            nearest = sorted({day for _, day, _ in listed})[:3]
            first = moment.date()
            friday = next(day for day in days_after(first) if day.weekday() == 4 and 15 <= day.day <= 21)
            week = range((friday - first).days - 4, (friday - first).days + 1)
            wanted = week if days is None else days
            return [
                expiration
                for expiration in listed
                if expiration[1] in nearest or (expiration[1] - first).days in wanted
            ]

        return replace(product, terms=terms)

    providers: dict[str, Provider] = {}
    for symbol in symbols:
        model = ProductModel(shortened(PRODUCTS[symbol]), calendar, 5000.0)
        providers[symbol] = SimulatedProvider(model, clock, calendar, seed=seed, step=step)
    return Markets(providers, clock, calendar)


def days_after(first: date) -> Iterator[date]:
    """Return the days from one on."""
    return (first + timedelta(days=number) for number in itertools.count())


@asynccontextmanager
async def running_double(
    settings: DoubleSettings | None = None,
    *,
    start: datetime = IN_SESSION,
    symbols: Sequence[str] = ("SPX",),
    seed: int = 1,
    step: timedelta = timedelta(seconds=1),
    whole_chain: bool = False,
    around_the_clock: bool = False,
) -> AsyncGenerator[TwsKit]:
    """Run a double on manual clocks; at its end no client may have met a message that it could not read.

    A test that lets hours pass takes a longer step: the market is priced at each. Unless `whole_chain`, only some
    expirations are listed, which takes a tenth of the time.
    """
    clock, timer = ManualClock(start), ManualClock(start)
    if whole_chain or around_the_clock or "ES" in symbols:
        markets = Markets.simulated(clock, seed=seed, symbols=symbols, step=step, around_the_clock=around_the_clock)
    else:
        markets = few_options(clock, symbols, seed, step)
    await markets.start()
    double = TwsDouble(markets, clock, settings, timer=timer, seed=seed, step=step)
    await double.start()
    kit = TwsKit(double, clock, timer)
    try:
        yield kit
    finally:
        for attempt in kit.attempts:
            attempt.cancel()
        await asyncio.gather(*kit.attempts, return_exceptions=True)
        for client in kit.clients:
            client.api.disconnect()
        await double.stop()
        await markets.stop()
    for client in kit.clients:
        assert client.expects_broken == bool(client.broken), client.broken
