"""Bench of the acceptance matrix for the venue of tastytrade: the connector's venue at the double of the broker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from mesolive.clock import Clock
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.symbols import instrument_type, order_symbol
from mesolive.connectors.tastytrade.venue import TastytradeVenue
from mesolive.connectors.tastytrade.venue_core import VenueRules, VenueTimes
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.fees import SETTLEMENT_FEE
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.tastytrade_client import (
    AccountStream,
    ClientConfig,
    Credentials,
    Endpoints,
    Hidden,
    NewLeg,
    NewOrder,
    RestApi,
    StreamConfig,
    Transport,
    value_of,
)
from mesolive.tastytrade_client.rate_limits import ALL, RATES
from mesolive.venues.base import VenueLeg, VenueRequest
from mesolive.venues.combo_quotes import quote_combo
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.tws import few_options
from mesolive_testkit.venues.benches import ACCOUNT, Bench

MORNING = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""A Monday, half an hour after the opening."""

QUICK_SETTINGS = DoubleSettings(
    accounts=(ACCOUNT,),
    flight_seconds=0.0,
    live_seconds=0.0,
    cancel_seconds=0.0,
    leg_seconds=0.0,
    position_lag=0.0,
    ledger_lag=0.0,
    transaction_lag=0.0,
    rate_limits=False,
)
# Nothing gives up because the machine is busy: a test that waits for the end of a time makes that time short.
QUICK_TIMES = VenueTimes(
    search_pauses=(0.05, 0.1, 0.2),
    quarantine=3600.0,
    quiet=0.05,
    commission=60.0,
    fills_missing=60.0,
    ledger=60.0,
    ledger_again=0.05,
    settle=60.0,
    work=0.02,
    settlements=0.05,
    settlements_due=0.05,
    dry_run=60.0,
)
UNSEARCHED = replace(QUICK_TIMES, search_pauses=(3600.0,))
"""For a venue that ends before it has searched for an order in doubt."""
UNLIMITED = dict.fromkeys([ALL, *(rate.name for rate in RATES)], 10_000.0)
CLIENT = ClientConfig(order_seconds=60.0, call_seconds=60.0, refresh_pause_seconds=0.05, rates=UNLIMITED)
AFTER_THE_CLOSE = time(16, 16)


def client_of(double: TastytradeDouble, config: ClientConfig = CLIENT) -> Transport:
    """Return a client with the double's own credentials."""
    settings = double.desk.settings
    endpoints = Endpoints(double.url, double.stream_url, is_sandbox=True)
    credentials = Credentials(Hidden(settings.client_secret), Hidden(settings.refresh_token))
    return Transport(endpoints, credentials, config)


@dataclass
class TastytradeBench(Bench):
    """The venue of tastytrade, and the double of the broker that it trades at."""

    markets: Markets = field(kw_only=True)
    settings: DoubleSettings = QUICK_SETTINGS
    times: VenueTimes = QUICK_TIMES
    config: ClientConfig = CLIENT
    rules: VenueRules = field(default_factory=lambda: VenueRules(dry_run=False))
    combos_a_step: int | None = 2
    heartbeat_seconds: float = 20.0
    venue_clock: Clock | None = None
    """The venue's, where it differs from the broker's."""
    double: TastytradeDouble = field(init=False)
    transport: Transport = field(init=False)

    @classmethod
    def made(cls, directory: Path, start: datetime, symbols: Sequence[str] = ("SPX",)) -> TastytradeBench:
        """Return a bench that is not open yet."""
        clock = JumpingClock(start)
        markets = few_options(clock, symbols, seed=7, step=timedelta(seconds=1))
        market = Market([markets.provider(symbol) for symbol in symbols])
        return cls(directory, market, clock, symbols[0], 5, SETTLEMENT_FEE, markets=markets)

    async def open(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.double = TastytradeDouble(self.markets, self.clock, self.settings)
        await self.double.start()
        if self.combos_a_step is not None:
            self.double.faults.switch_on("partial_fills", quantity=self.combos_a_step)
        await self.open_venue()

    async def open_venue(self) -> None:
        """Start the venue alone."""
        self.transport = client_of(self.double, self.config)
        stream = AccountStream(
            self.double.stream_url,
            self.transport.tokens,
            StreamConfig(heartbeat_seconds=self.heartbeat_seconds, connect_seconds=60.0),
        )
        self.venue = TastytradeVenue(
            RestApi(self.transport),
            stream,
            self.venue_clock or self.clock,
            us_options_calendar(),
            lambda legs: quote_combo(self.market, legs),
            journal=OrderJournal(self.directory / "orders.jsonl"),
            rules=self.rules,
            times=self.times,
        )
        self.venue.come_up([ACCOUNT])
        await self.venue.start()

    def take_times(self, times: VenueTimes) -> None:
        """Let the venue that runs, and those that follow it, have other times."""
        self.times = self.venue.core.times = times

    async def close_venue(self) -> None:
        """Stop the venue alone, as a server that ends."""
        await self.venue.stop()
        await self.transport.close()

    async def close(self) -> None:
        await self.close_venue()
        await self.double.stop()

    async def restart(self) -> None:
        """Start the server's side anew: the broker goes on."""
        await self.close_venue()
        await self.open_venue()

    async def tick(self) -> None:
        await self.clock.advance(1)

    async def close_of_session(self) -> None:
        """Let the options' session end, a quarter of an hour after that of the shares."""
        day = self.clock.now().astimezone(NEW_YORK).date()
        await self.to(datetime.combine(day, AFTER_THE_CLOSE, NEW_YORK).astimezone(UTC))
        await self.tick()

    async def settled(self, settles_at: datetime) -> None:
        """Let the hours pass after which the broker's history has what expired."""
        day = settles_at.astimezone(NEW_YORK).date()
        evening = datetime.combine(day + timedelta(days=1), time(2, 5), UTC)
        await self.to(evening)
        await self.tick()

    async def night(self) -> None:
        await self.settled(self.clock.now())

    def work(self) -> None:
        """Do nothing: the broker ends orders by itself."""

    async def trade_by_hand(self) -> None:
        """Send an order as another application of the trader does."""
        number = int(await by_hand(self.transport, self.order(1)))
        await self.tick()
        await until(lambda: self.double.desk.orders[number].is_terminal)

    async def exercise_early(self, contract: OptionContract, qty: Decimal) -> None:
        instrument = self.double.desk.instrument(order_symbol(contract))
        account = self.double.desk.account(ACCOUNT)
        self.double.expirations.assign(account, instrument, int(qty))
        await self.tick()

    def american(self) -> TastytradeBench:
        """Return a bench that trades options on shares."""
        return TastytradeBench.made(self.directory / "american", self.clock.now(), ("SPY",))

    def expiring(self, root: str) -> tuple[VenueLeg, ...]:
        return super().expiring(self.underlying if self.underlying != "SPX" else root)


def at_the_broker(bench: TastytradeBench, order: VenueRequest) -> int:
    """Return how many orders the broker has under a reference."""
    return sum(item.identifier == order.reference for item in bench.double.desk.orders.values())


async def by_hand(transport: Transport, order: VenueRequest) -> str:
    """Send an order that is not ours at its far price; returns its id."""
    legs = tuple(
        NewLeg(
            instrument_type=instrument_type(leg.contract),
            symbol=order_symbol(leg.contract),
            quantity=int(abs(leg.ratio) * order.qty),
            action=f"{'Buy' if leg.ratio > 0 else 'Sell'} to Open",
        )
        for leg in order.legs
    )
    body = NewOrder(
        order_type="Limit", time_in_force="Day", price="0.05", price_effect="Credit", source="Desktop/9.1", legs=legs
    )
    placed = value_of("the order by hand", await RestApi(transport).submit(order.account, body))
    return placed.order.order_id


@asynccontextmanager
async def at_the_double(directory: Path, start: datetime, **changes: object) -> AsyncGenerator[TastytradeBench]:
    """Run a bench with its market."""
    bench = replace(TastytradeBench.made(directory, start), **changes)
    await bench.market.start()
    await bench.open()
    try:
        yield bench
    finally:
        await bench.close()
        await bench.market.stop()
