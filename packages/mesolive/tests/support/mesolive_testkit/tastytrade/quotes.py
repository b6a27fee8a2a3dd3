"""A provider on scripted chains and the DXLink server of the tests, whose quotes are set by hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from mesolive.clock import ManualClock
from mesolive.connectors.tastytrade.provider import ProviderConfig, TastytradeProvider
from mesolive.connectors.tastytrade.symbols import streamer_symbol
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.tastytrade_client import DxLinkConfig, FeedConfig, RestApi
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.broker import NOW
from mesolive_testkit.tastytrade.rest import FakeRest, transport
from mesolive_testkit.tastytrade.sockets import FakeDxLink, serving, until

CHAIN = "/option-chains/SPX/nested"
STRIKES = ("4000.0", "4900.0", "5000.0", "5100.0", "9000.0")
DAY = "2026-08-21"
QUICK = ProviderConfig(
    flush_seconds=0.01,
    start_seconds=60.0,
    still_seconds=30.0,
    quiet_seconds=0.02,
    miss_seconds=0.01,
    feed=FeedConfig(
        connection=DxLinkConfig(connect_seconds=60.0, action_seconds=60.0, frame_pause_seconds=0.0),
        first_pause_seconds=0.01,
        max_pause_seconds=0.05,
    ),
)


class QuotingDxLink(FakeDxLink):
    """Sends the last known quote of each symbol that is subscribed, as the real server does.

    Attributes
    ----------
    quotes
        Bid, ask and sizes by symbol; what has none is never sent.
    """

    def __init__(self) -> None:
        super().__init__()
        self.quotes: dict[str, list[object]] = {"SPX": [4999.0, 5001.0, "NaN", "NaN"]}
        self.trades: dict[str, float] = {"SPX": 5000.0}
        self.summaries: dict[str, list[object]] = {"SPX": [4990.0, 4980.0, "NaN", "NaN"]}

    async def subscribe(self, added: list[dict[str, str]]) -> None:
        quotes: list[object] = []
        for item in added:
            kind, symbol = item["type"], item["symbol"]
            if kind == "Quote" and symbol in self.quotes:
                quotes += ["Quote", symbol, *self.quotes[symbol]]
            elif kind == "Trade" and symbol in self.trades:
                await self.compact("Trade", ["Trade", symbol, self.trades[symbol]])
            elif kind == "Summary" and symbol in self.summaries:
                await self.compact("Summary", ["Summary", symbol, *self.summaries[symbol]])
            elif kind == "Greeks" and symbol in self.quotes:
                await self.compact("Greeks", ["Greeks", symbol, 12.0, 0.2, -0.3, 0.001, -0.5, 0.1, 3.0])
        if quotes:
            await self.compact("Quote", quotes)

    async def quote(self, symbol: str, *values: object) -> None:
        self.quotes[symbol] = list(values)
        await self.compact("Quote", ["Quote", symbol, *values])


@dataclass
class Quoted:
    """A provider, its market time, and the servers behind it."""

    provider: TastytradeProvider
    clock: ManualClock
    rest: FakeRest
    server: QuotingDxLink

    @property
    def book(self) -> QuoteBook:
        return self.provider.books["SPX"]

    def bid(self, contract: OptionContract) -> float:
        location = self.book.view().find(contract)
        assert location is not None
        return float(location[0].bid[location[1]])

    async def quote(self, contract: OptionContract, *values: object) -> None:
        version = self.book.version
        await self.server.quote(streamer_symbol(contract), *values)
        await until(lambda: self.book.version > version)


@asynccontextmanager
async def quoted(
    now: datetime = NOW,
    config: ProviderConfig = QUICK,
    *,
    level: str = "api",
    start: bool = True,
    symbols: Sequence[str] = ("SPX",),
) -> AsyncGenerator[Quoted]:
    rest, server, clock = FakeRest(), QuotingDxLink(), ManualClock(now)
    chains = [samples.chain("SPXW", "PM", DAY, *STRIKES), samples.chain("SPX", "AM", "2026-08-21", *STRIKES)]
    rest.on("GET", CHAIN, samples.items(*chains))
    for root in ("SPXW", "SPX"):
        for strike in ("4000", "4900", "5000", "5100"):
            for right in "CP":
                server.quotes[f".{root}260821{right}{strike}"] = [10.0, 10.4, 5, 7]
    async with serving(server) as url, transport(rest) as calls:
        token = {"token": "quote-token", "dxlink-url": url, "level": level}
        rest.on("GET", "/api-quote-tokens", samples.envelope(token))
        provider = TastytradeProvider(RestApi(calls), symbols, clock, us_options_calendar(), config)
        try:
            if start:
                await provider.start()
            yield Quoted(provider, clock, rest, server)
        finally:
            await provider.stop()
