"""A market day at the double of tastytrade: see `broker_day`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from mesolive.backtest.runner import StepClock
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.venue import TastytradeVenue
from mesolive.connectors.tastytrade.venue_core import VenueRules
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.market.calendar import us_options_calendar
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.tastytrade_client import AccountStream, RestApi, StreamConfig
from mesolive.venues.combo_quotes import quote_combo
from mesolive_testkit.broker_crash.drivers import BrokerTruth
from mesolive_testkit.broker_crash.tastytrade import truth_of
from mesolive_testkit.broker_day import CASH, EVERY
from mesolive_testkit.tastytrade.bench import QUICK_SETTINGS, QUICK_TIMES, client_of

ACCOUNT = "5WX00001"


@dataclass
class Tastytrade:
    """The double of tastytrade and its venue; implements `Broker`."""

    double: TastytradeDouble
    venue: TastytradeVenue
    account: str = ACCOUNT

    def step(self) -> None:
        self.double.step()

    async def heard(self) -> None:
        """Let the frames be read that were sent: what is filled is awaited in the books."""
        await asyncio.sleep(0)

    def filled(self) -> int:
        """Return how many legs of single combos were filled: each combo is one execution."""
        return sum(order.filled * len(order.legs) for order in self.double.desk.orders.values())

    def truth(self) -> BrokerTruth:
        return truth_of(self.double, ACCOUNT)


@asynccontextmanager
async def tastytrade(directory: Path, clock: StepClock, markets: Markets) -> AsyncGenerator[Tastytrade]:
    """Run the double of tastytrade, and a venue that checks each order by a dry run first."""
    settings = replace(QUICK_SETTINGS, accounts=(ACCOUNT,), cash=CASH, slippage=Decimal("0.25"))
    double = TastytradeDouble(markets, clock, settings, step=EVERY)
    await double.start()
    try:
        async with client_of(double) as transport:
            market = Market([markets.provider("SPX")])
            venue = TastytradeVenue(
                RestApi(transport),
                AccountStream(double.stream_url, transport.tokens, StreamConfig(connect_seconds=60.0)),
                clock,
                us_options_calendar(),
                lambda legs: quote_combo(market, legs),
                journal=OrderJournal(directory / "orders.jsonl"),
                rules=VenueRules(dry_run=True),
                times=replace(QUICK_TIMES, quarantine=60.0, commission=30.0, fills_missing=60.0),
            )
            venue.come_up([ACCOUNT])
            yield Tastytrade(double, venue)
    finally:
        await double.stop()
