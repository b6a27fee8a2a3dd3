"""Market data of tastytrade: chains by REST, quotes by DXLink, conflated into quote books.

Whole chains are quoted in a window of days and strikes; what is leased beyond it is quoted as well. The broker's
greeks of leased contracts are kept beside ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import structlog

from mesolive.clock import Clock
from mesolive.connectors.tastytrade.chain_listing import ListedChain
from mesolive.connectors.tastytrade.chain_reader import NEVER, ReadChain, read_chain
from mesolive.connectors.tastytrade.daily_prices import SUMMARY_FIELDS, DailyPrices
from mesolive.connectors.tastytrade.quote_columns import QuoteColumns
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.listing import Listing
from mesolive.market.option_classes import underlying_of
from mesolive.market.provider import ProviderStatus
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import trading_hours
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.records import replace
from mesolive.tasks import Tasks, Turns
from mesolive.tastytrade_client import (
    EventTables,
    FeedConfig,
    FeedState,
    QuoteFeed,
    QuoteToken,
    RestApi,
    number,
    value_of,
)
from mesolive_sdk.models import AgentStatus, DataProviderType

_log = structlog.get_logger(__name__)

GREEK_FIELDS: Final = ("price", "volatility", "delta", "gamma", "theta", "rho", "vega")
TABLES: Final = {
    "Trade": ("price",),
    "Summary": SUMMARY_FIELDS,
    "Greeks": GREEK_FIELDS,
}
UNDERLYING_EVENTS: Final = ("Quote", "Trade", "Summary")
NEARLY_ALL: Final = 0.98
DAY_BEGINS: Final = timedelta(hours=1)
"""The chains are read anew so long before the opening."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What is quoted, and how often. Times are seconds of real time unless they say otherwise.

    Attributes
    ----------
    days, strikes
        The window of each chain that is quoted: expirations within so many days, strikes within this share of the
        spot.
    greeks
        Whether the broker's greeks of leased contracts are kept.
    flush_seconds
        For how long quotes are conflated before they are written into the books.
    start_seconds
        For how long `start` waits for first quotes.
    still_seconds
        Without a further first quote for so long, the others count as not quoted; from the first of them on.
    quiet_seconds
        Between two signs of life of a market that is closed.
    miss_seconds
        Between two reads of chains because a contract was not listed.
    """

    days: int = 200
    strikes: float = 0.3
    greeks: bool = True
    flush_seconds: float = 0.1
    start_seconds: float = 20.0
    still_seconds: float = 1.5
    quiet_seconds: float = 10.0
    miss_seconds: float = 600.0
    feed: FeedConfig = field(default_factory=FeedConfig)


@dataclass(frozen=True, slots=True)
class BrokerGreeks:
    """Greeks as the broker's data provider calculates them, per unit of the underlying; NaN for none.

    `volatility` is a fraction.
    """

    price: float
    volatility: float
    delta: float
    gamma: float
    theta: float
    rho: float
    vega: float


class TastytradeProvider:
    """Quotes of configured underlyings and their options. Implements `mesolive.market.provider.Provider`.

    Parameters
    ----------
    symbols
        The underlyings.
    url
        The address of the quotes; empty for the one that comes with the token.
    """

    def __init__(
        self,
        api: RestApi,
        symbols: Sequence[str],
        clock: Clock,
        calendar: ExchangeCalendar,
        config: ProviderConfig | None = None,
        *,
        url: str = "",
    ) -> None:
        self.status_changes = ChangeSignal()
        self.tasks = Tasks()
        self._api = api
        self._clock = clock
        self._calendar = calendar
        self._config = config or ProviderConfig()
        self._underlyings = tuple(underlying_of(symbol) for symbol in symbols)
        self._books = {
            item.symbol: QuoteBook(Listing(item, {}), clock, calendar, hours=trading_hours(item.symbol, calendar))
            for item in self._underlyings
        }
        self._read = {
            item.symbol: ReadChain(ListedChain(Listing(item, {}), ()), ((NEVER, item.symbol),))
            for item in self._underlyings
        }
        self._sources: dict[str, str] = {}
        self._quotes = QuoteColumns(list(self._books.values()))
        self._tables = EventTables({"Quote": self._quotes, **TABLES})
        self._data = asyncio.Event()
        self._missed = asyncio.Event()
        self._feed = QuoteFeed(
            self._token,
            self._tables,
            self._data.set,
            self._feed_changed,
            self._config.feed,
            url=url,
            is_quiet=self._is_quiet,
        )
        self._leased: dict[OptionContract, str] = {}
        self._window: set[str] = set()
        self._greeks: dict[str, BrokerGreeks] = {}
        self._days = DailyPrices(calendar)
        self._listed_on = calendar.local(clock.now()).date()
        self._status = ProviderStatus(AgentStatus.Disconnected, "not started")
        self._running = False

    # --- the interface ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> DataProviderType:
        """The kind of provider: `TastyTrade`."""
        return DataProviderType.TastyTrade

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The configured underlyings."""
        return self._underlyings

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """One book per underlying, the same ones for ever."""
        return self._books

    @property
    def status(self) -> ProviderStatus:
        """The connection of the quotes."""
        return self._status

    @property
    def feed(self) -> QuoteFeed:
        """The connection itself."""
        return self._feed

    def greeks_of(self, contract: OptionContract) -> BrokerGreeks | None:
        """Return the broker's greeks of a leased contract, beside which ours stand in the view."""
        return self._greeks.get(self._leased.get(contract, ""))

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Quote contracts that lie outside of the window; one that is not listed lets the chain be read again."""
        symbols: list[str] = []
        for contract in contracts:
            symbol = self._symbol(contract)
            if symbol:
                symbols.append(symbol)
            elif contract.underlying in self._books:
                self._missed.set()
            self._leased[contract] = symbol
        self._feed.subscribe(self._wishes(symbols))

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Quote contracts no more, unless the window has them."""
        symbols = [symbol for contract in contracts if (symbol := self._leased.pop(contract, ""))]
        outside = [symbol for symbol in symbols if symbol not in self._window]
        self._feed.unsubscribe([("Greeks", symbol) for symbol in symbols])
        self._feed.unsubscribe([("Quote", symbol) for symbol in outside])
        self._release(outside)

    async def start(self) -> None:
        """Read the chains, connect, and return once first quotes are there.

        Raises
        ------
        mesolive.tastytrade_client.CallFailedError
            When a chain cannot be read.
        TimeoutError
            When the quotes cannot be connected, or the underlyings have no price.
        """
        if self._running:
            raise RuntimeError("the provider runs already")
        self._running = True
        try:
            await self._read_chains(self._underlyings)
            self.tasks.start_loop("tastytrade quotes", self._run_feed)
            self.tasks.start_loop("tastytrade books", self._flush_loop)
            await self._first_quotes()
            self.tasks.start_loop("tastytrade days", self._follow_days)
            self.tasks.start_loop("tastytrade chains", self._follow_misses)
            self.tasks.start_loop("tastytrade quiet market", self._follow_quiet)
            await asyncio.sleep(0)  # the loops now wait for their first turn
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Disconnect; quotes stay and grow old."""
        if not self._running:
            return
        self._running = False
        await self.tasks.stop()
        self._lost("stopped")

    # --- chains -------------------------------------------------------------------------------------------------------

    async def _read_chains(self, underlyings: Iterable[Underlying]) -> None:
        for item in underlyings:
            read = await read_chain(self._api, item, self._clock, self._calendar)
            # In one step: quotes go to the places of the listing that they came under.
            self.flush()
            self._read[item.symbol] = read
            self._books[item.symbol].relist(read.chain.listing)
            self._quotes.relist([self._read[symbol].chain.places() for symbol in self._books])
            _log.info("chain_read", underlying=item.symbol, contracts=len(read.chain.listing))
        self._choose_sources()
        self._listed_on = self._today()
        for contract, symbol in list(self._leased.items()):
            if not symbol:
                self._leased[contract] = self._symbol(contract)

    def _choose_sources(self) -> None:
        """Subscribe the quotes of the underlyings: of futures those of the nearest that still trades."""
        now = self._clock.now()
        for symbol, read in self._read.items():
            source, before = read.source(now), self._sources.get(symbol)
            if source and source != before:
                self._sources[symbol] = source
                if before is not None:
                    self._feed.unsubscribe((kind, before) for kind in UNDERLYING_EVENTS)
                self._feed.subscribe((kind, source) for kind in UNDERLYING_EVENTS)

    def _choose_window(self) -> None:
        """Subscribe the window of each chain, and what is leased; leave out what is in neither any more."""
        now, config = self._clock.now(), self._config
        window: set[str] = set()
        for symbol, read in self._read.items():
            chain = read.chain
            chosen = chain.window(now, self._books[symbol].spot, config.days, config.strikes)
            window.update(chain.symbols[int(place)] for place in chosen)
        window.discard("")
        leased = {symbol for symbol in self._leased.values() if symbol}
        gone = self._window - window - leased
        self._window = window
        self._feed.unsubscribe([("Quote", symbol) for symbol in gone])
        self._release(gone)
        self._feed.subscribe([("Quote", symbol) for symbol in sorted(window)])
        self._feed.subscribe(self._wishes(leased))

    def _wishes(self, symbols: Iterable[str]) -> list[tuple[str, str]]:
        kinds = ("Quote", "Greeks") if self._config.greeks else ("Quote",)
        return [(kind, symbol) for symbol in symbols for kind in kinds]

    def _symbol(self, contract: OptionContract) -> str:
        read = self._read.get(contract.underlying)
        place = None if read is None else read.chain.listing.find(contract)
        return "" if read is None or place is None else read.chain.symbols[place]

    def _release(self, symbols: Iterable[str]) -> None:
        """Let the quotes of symbols grow old that are no longer updated."""
        wanted = set(symbols)
        if not wanted:
            return
        for symbol, read in self._read.items():
            places = [place for name, place in read.chain.places().items() if name in wanted]
            if places:
                self._books[symbol].release(self._clock.now(), np.array(places, dtype=np.intp))

    # --- quotes -------------------------------------------------------------------------------------------------------

    async def _token(self) -> QuoteToken:
        return value_of("the quote token", await self._api.quote_token())

    async def _run_feed(self, turns: Turns) -> None:
        turns.turned()
        await self._feed.run()

    async def _first_quotes(self) -> None:
        """Wait for the underlyings' prices, then for first quotes of the window."""
        config = self._config
        try:
            async with asyncio.timeout(config.start_seconds):
                while True:
                    if all(book.spot is not None for book in self._books.values()):
                        break
                    await asyncio.sleep(config.flush_seconds)
        except TimeoutError:
            raise TimeoutError(self._feed.state.message or "the underlyings have no price") from None
        self._choose_window()
        loop = asyncio.get_running_loop()
        seen, grown = -1, loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(config.start_seconds):
                while (quoted := self._quotes.quoted(self._window)) < NEARLY_ALL * len(self._window):
                    if quoted != seen or self._feed.pending:
                        seen, grown = quoted, loop.time()
                    if seen > 0 and loop.time() - grown > config.still_seconds:
                        break  # the others have no quote, and never will
                    await asyncio.sleep(config.flush_seconds)
        _log.info("first_quotes_received", quoted=self._quotes.quoted(self._window), wanted=len(self._window))

    async def _flush_loop(self, turns: Turns) -> None:
        pause = 0.0
        while True:
            await self._data.wait()
            await asyncio.sleep(max(self._config.flush_seconds, pause))
            self._data.clear()
            begun = time.perf_counter()
            self.flush()
            pause = pause_after(time.perf_counter() - begun)
            turns.turned()

    def flush(self) -> None:
        """Write what has arrived into the books: of each contract the latest quote only."""
        now = self._clock.now()
        qualities = [self._quality(book, now) for book in self._books.values()]
        rows = self._quotes.take()  # of the underlyings
        trades, summaries = self._tables["Trade"].take(), self._tables["Summary"].take()
        for (symbol, book), quality in zip(self._books.items(), qualities, strict=True):
            source = self._sources.get(symbol, symbol)
            row, trade, summary = rows.get(source), trades.get(source), summaries.get(source)
            if row is not None or trade is not None or summary is not None:
                self._set_underlying(book, now, quality, row, trade, summary)
        self._quotes.write(now, qualities)
        for symbol, values in self._tables["Greeks"].take().items():
            self._greeks[symbol] = BrokerGreeks(*(number(value) for value in values))

    def _set_underlying(
        self,
        book: QuoteBook,
        now: datetime,
        quality: QuoteQuality,
        quote: tuple[object, ...] | None,
        trade: tuple[object, ...] | None,
        summary: tuple[object, ...] | None,
    ) -> None:
        prices = book.prices
        if quote is not None or trade is not None:
            self._days.priced(book.listing.underlying.symbol, now)
        if quote is not None:
            prices = replace(prices, bid=_price(quote[0]), ask=_price(quote[1]))
        if trade is not None and (last := _price(trade[0])) is not None:
            prices = replace(prices, last=last)
        if summary is not None:
            opened, closed = self._days.note(book, now, summary)
            prices = replace(prices, today_open=opened, previous_close=closed)
        if prices != UnderlyingPrices():
            book.set_underlying(now, prices, quality)
            book.note_volatility(now)

    @property
    def unknown_classes(self) -> str:
        """Which listed classes are left out because their terms are not known, in words; empty for none."""
        return "; ".join(filter(None, (read.chain.unknown for read in self._read.values())))

    def _quality(self, book: QuoteBook, now: datetime) -> QuoteQuality:
        if self._feed.state.is_delayed:
            return QuoteQuality.DELAYED
        # Outside of trading hours a subscription is answered with the last quote, however old.
        return QuoteQuality.LIVE if book.hours.is_open(now) else QuoteQuality.FROZEN

    # --- the connection -----------------------------------------------------------------------------------------------

    def _feed_changed(self, state: FeedState) -> None:
        if not self._running:
            return
        if state.is_connected:
            if self._status.state is not AgentStatus.Connected or state.message != self._status.message:
                since = self._status.connected_at or self._clock.now()
                self._set_status(ProviderStatus(AgentStatus.Connected, state.message, since))
        else:
            self._lost(state.message)

    def _lost(self, reason: str) -> None:
        """Let all quotes grow old: a quote is fresh again only when it has come again."""
        now = self._clock.now()
        for book in self._books.values():
            if len(book.listing):
                book.release(now, slice(None))
        self._set_status(ProviderStatus(AgentStatus.Disconnected, reason or "the quotes are not connected"))

    def _set_status(self, status: ProviderStatus) -> None:
        if status != self._status:
            self._status = status
            self.status_changes.bump()

    def _is_quiet(self) -> bool:
        now = self._clock.now()
        return not any(book.hours.is_open(now) for book in self._books.values())

    # --- days ---------------------------------------------------------------------------------------------------------

    def _today(self) -> date:
        return self._calendar.local(self._clock.now()).date()

    async def _follow_days(self, turns: Turns) -> None:
        """Store each day's close, and read the chains again before each opening."""
        while True:
            now = self._clock.now()
            session = self._calendar.open_session_at_or_after(now)
            listing_at = session[0] - DAY_BEGINS
            boundary = min(moment for moment in (listing_at, session[0], session[1]) if moment > now)
            await self._clock.sleep((boundary - now).total_seconds())
            if boundary == session[1]:
                self._keep_close(session[1])
            elif self._listed_on != self._today():
                await self._list_anew()
            self._choose_sources()  # a future expires at an opening
            turns.turned()

    def _keep_close(self, at: datetime) -> None:
        """Keep the prices of a close that were received then; others come with the summary of the next day."""
        self.flush()
        for symbol, book in self._books.items():
            self._days.keep_close(symbol, book, at, is_delayed=self._feed.state.is_delayed)

    async def _list_anew(self) -> None:
        await self._read_chains(self._underlyings)
        self._choose_window()

    async def _follow_misses(self, turns: Turns) -> None:
        """Read the chains again when a contract was asked for that they lack: new strikes are listed during the day."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            turns.turned()
            await self._list_anew()
            await asyncio.sleep(self._config.miss_seconds)

    async def _follow_quiet(self, turns: Turns) -> None:
        """Count a market that is closed as heard of while the connection lives: no quotes are sent then."""
        while True:
            await asyncio.sleep(self._config.quiet_seconds)
            now = self._clock.now()
            if self._status.state is AgentStatus.Connected:
                for book in self._books.values():
                    if not book.hours.is_open(now):
                        book.mark_received(now)
            turns.turned()


def pause_after(took: float) -> float:
    """Return for how long quotes are conflated at least after a write that took so long: a flood must leave time."""
    return took * 40


def _price(value: object) -> float | None:
    result = number(value)
    return result if result == result else None  # noqa: PLR0124 - NaN differs from itself
