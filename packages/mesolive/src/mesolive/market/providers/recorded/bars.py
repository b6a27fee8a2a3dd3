"""Recorded minute bars of an underlying and its options: one day, or several days as one session after another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import Expiration, Right
from mesolive.market.history import DailySeries, Day
from mesolive.market.listing import Listing
from mesolive.market.moments import from_micros, to_micros
from mesolive.market.providers.minute_bars import (
    OptionBars,
    StockBars,
    read_daily,
    read_option_quotes,
    read_stock,
    symbol_of,
)
from mesolive.market.providers.recorded.recording import Recording, RecordingError
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import FloatArray
from mesolive.records import replace

SILENCE: Final = timedelta(minutes=5)
"""Minute bars are silent for a minute by nature."""


class BarRecording:
    """A day of minute bars of an underlying and its options.

    Parameters
    ----------
    options
        The options' quotes.
    calendar
        The exchange's sessions.
    trades, quotes
        The underlying's bars of the same day, where there are any.
    history
        The underlying's days before that day.
    close
        The day's close, for where the bars do not have it.

    Raises
    ------
    RecordingError
        When the parts are not of one day.
    """

    silence = SILENCE

    def __init__(
        self,
        options: OptionBars,
        calendar: ExchangeCalendar,
        *,
        trades: StockBars | None = None,
        quotes: StockBars | None = None,
        history: DailySeries | None = None,
        close: float | None = None,
    ) -> None:
        for part in (trades, quotes):
            if part is not None and part.day != options.day:
                raise RecordingError(f"the stock's bars are of {part.day}, the options' of {options.day}")
        begins_at = from_micros(int(options.times[0])) if options.times.size else None
        if begins_at is None:
            raise RecordingError("the recording has no option quote")
        self.listing = options.listing
        self.begins_at = begins_at
        self.history = history or DailySeries()
        self._options = options
        self._trades, self._quotes = trades, quotes
        self._close = close
        self.moments = np.unique(np.concatenate([part.times for part in (options, trades, quotes) if part is not None]))
        session = calendar.session(options.day)
        self._session = None if session is None else (to_micros(session[0]), to_micros(session[1]))

    @property
    def day(self) -> date:
        """The exchange-local date of the recording."""
        return self._options.day

    @property
    def days(self) -> Sequence[date]:
        """That date."""
        return (self.day,)

    @property
    def notes(self) -> Sequence[str]:
        """Nothing: bars that contradict themselves are refused."""
        return ()

    @property
    def has_underlying(self) -> bool:
        """Whether the underlying's price is recorded."""
        return self._trades is not None or self._quotes is not None

    def apply(self, book: QuoteBook, micros: int) -> None:
        """Write the minute that ended at `micros` into the book."""
        at = from_micros(micros)
        if at is None:
            return
        options = self._options
        rows = _rows(options.times, micros)
        if rows.start < rows.stop:
            _quote(
                book,
                at,
                options.contracts[rows],
                (options.bid[rows], options.bid_size[rows]),
                (options.ask[rows], options.ask_size[rows]),
            )
        book.mark_received(at)
        before = book.prices
        prices = self._underlying_prices(book, before, micros)
        if prices != before:
            book.set_underlying(at, prices)
        known = book.history.of_day(self.day)
        if prices.today_open is not None and (known is None or known.open is None):
            book.history = book.history.record(self.day, opening=prices.today_open)
        if self._session is not None and micros >= self._session[1] and not book.history.closed(self.day):
            # The day's close is the last trade up to the close, the minute that ends with it included.
            close = (prices.last if micros == self._session[1] else before.last) or self._close
            if close is not None:
                book.history = book.history.record(self.day, close=close)

    def _underlying_prices(self, book: QuoteBook, prices: UnderlyingPrices, micros: int) -> UnderlyingPrices:
        if prices.previous_close is None:
            before = book.history.previous_close(self.day) or self.history.previous_close(self.day)
            prices = replace(prices, previous_close=before)
        if self._quotes is not None:
            rows = _rows(self._quotes.times, micros)
            if rows.start < rows.stop:
                bid, ask = float(self._quotes.first[rows.stop - 1]), float(self._quotes.second[rows.stop - 1])
                prices = replace(prices, bid=_price(bid), ask=_price(ask))
        if self._trades is not None:
            rows = _rows(self._trades.times, micros)
            if rows.start < rows.stop:
                prices = replace(prices, last=_price(float(self._trades.second[rows.stop - 1])) or prices.last)
                if prices.today_open is None and self._session is not None and micros > self._session[0]:
                    prices = replace(prices, today_open=_price(float(self._trades.first[rows.start])))
        return prices


class DailyBarRecordings:
    """Several days of minute bars of one underlying, one session after another.

    Each day lists what was quoted on it. A day begins without the quotes of the day before: a contract without
    a quote of that day has no price.

    Parameters
    ----------
    days
        At least one, each of another day, in any order.

    Raises
    ------
    RecordingError
        When there is none, or two are of one day.
    """

    silence = SILENCE

    def __init__(self, days: Sequence[BarRecording]) -> None:
        self._days = sorted(days, key=lambda item: item.day)
        if not self._days:
            raise RecordingError("there is no day of bars to replay")
        for before, after in pairwise(self._days):
            if before.day == after.day:
                raise RecordingError(
                    f"there is more than one recording of {before.listing.underlying.symbol} on {before.day}"
                )
        first = self._days[0]
        self.listing = first.listing
        self.begins_at = first.begins_at
        self.history = first.history
        self.moments = np.concatenate([day.moments for day in self._days])
        self._starts = np.array([int(day.moments[0]) for day in self._days], dtype=np.int64)

    @property
    def days(self) -> Sequence[date]:
        """The exchange-local dates of the days."""
        return tuple(day.day for day in self._days)

    @property
    def notes(self) -> Sequence[str]:
        """Nothing: bars that contradict themselves are refused."""
        return ()

    @property
    def has_underlying(self) -> bool:
        """Whether the underlying's price is recorded on each day."""
        return all(day.has_underlying for day in self._days)

    def apply(self, book: QuoteBook, micros: int) -> None:
        """Write the minute that ended at `micros` into the book."""
        place = max(int(np.searchsorted(self._starts, micros, side="right")) - 1, 0)
        day = self._days[place]
        if book.listing is not day.listing:
            self._begin(book, day, micros)
        day.apply(book, micros)

    def _begin(self, book: QuoteBook, day: BarRecording, micros: int) -> None:
        at = from_micros(micros)
        assert at is not None  # noqa: S101 - recorded moments are real times
        book.relist(day.listing)
        book.update(at, slice(None), dict.fromkeys(("bid", "ask", "bid_size", "ask_size"), math.nan))
        book.set_underlying(at, replace(book.prices, today_open=None, previous_close=None))


class BarFiles(Struct, frozen=True):
    """Archives of minute bars by what they hold."""

    options: Sequence[Path]
    trades: Sequence[Path]
    quotes: Sequence[Path]
    daily: Sequence[Path]


def read_bars(files: BarFiles, calendar: ExchangeCalendar) -> list[Recording]:
    """Return a recording for each underlying with option bars.

    Raises
    ------
    OSError
        When a file cannot be read.
    BarsError
        When a file is broken.
    RecordingError
        When two archives are of the same options on one day.
    """
    options: dict[tuple[str, date], list[OptionBars]] = {}
    for file in files.options:
        bars = read_option_quotes(file, calendar)
        options.setdefault((bars.listing.underlying.symbol, bars.day), []).append(bars)
    trades = _by_day(files.trades, "trade")
    quotes = _by_day(files.quotes, "quote")
    history: dict[str, list[Day]] = {}
    for file in files.daily:
        history.setdefault(symbol_of(file), []).extend(read_daily(file))
    days: dict[str, list[BarRecording]] = {}
    for (symbol, day), parts in options.items():
        known = history.get(symbol, [])
        days.setdefault(symbol, []).append(
            BarRecording(
                merged(parts),
                calendar,
                trades=trades.get((symbol, day)),
                quotes=quotes.get((symbol, day)),
                history=DailySeries.of([item for item in known if item.day < day]),
                close=next((item.close for item in known if item.day == day), None),
            )
        )
    return [own[0] if len(own) == 1 else DailyBarRecordings(own) for own in days.values()]


def _by_day(files: Sequence[Path], kind: str) -> dict[tuple[str, date], StockBars]:
    result: dict[tuple[str, date], StockBars] = {}
    for file in files:
        bars = read_stock(file, kind)
        result[symbol_of(file), bars.day] = bars
    return result


def merged(parts: Sequence[OptionBars]) -> OptionBars:
    """Return the bars of several classes of one underlying on one day as one.

    Raises
    ------
    RecordingError
        When two parts have the same expiration of the same class.
    """
    if len(parts) == 1:
        return parts[0]
    strikes: dict[Expiration, Mapping[Right, Sequence[Decimal]]] = {}
    for part in parts:
        for expiration, (start, middle, end) in zip(part.listing.expirations, part.listing.bounds, strict=True):
            if expiration in strikes:
                raise RecordingError(
                    f"there is more than one recording of {expiration.root} {expiration.day} on {part.day}"
                )
            strikes[expiration] = {
                Right.CALL: [part.listing.strike(index) for index in range(start, middle)],
                Right.PUT: [part.listing.strike(index) for index in range(middle, end)],
            }
    listing = Listing(parts[0].listing.underlying, strikes)
    places: list[npt.NDArray[np.intp]] = []
    for part in parts:
        result = [listing.find(part.listing.contract(index)) for index in range(len(part.listing))]
        places.append(np.array(result, dtype=np.intp)[part.contracts])
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")

    def column(name: str) -> FloatArray:
        return np.concatenate([getattr(part, name) for part in parts])[order]

    return OptionBars(
        listing=listing,
        day=parts[0].day,
        times=times[order],
        contracts=np.concatenate(places)[order],
        bid=column("bid"),
        ask=column("ask"),
        bid_size=column("bid_size"),
        ask_size=column("ask_size"),
    )


def _price(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _rows(times: npt.NDArray[np.int64], micros: int) -> slice:
    """Return the rows of one moment."""
    return slice(int(np.searchsorted(times, micros, side="left")), int(np.searchsorted(times, micros, side="right")))


def _quote(
    book: QuoteBook,
    at: datetime,
    contracts: npt.NDArray[np.intp],
    bids: tuple[FloatArray, FloatArray],
    asks: tuple[FloatArray, FloatArray],
) -> None:
    """Write the sides with a new quote; the other side is kept, unless the new one contradicts it.

    A bid that the recording never withdraws (no buyer is left) would otherwise stay above the falling offer.
    """
    bid_there, ask_there = ~np.isnan(bids[0]), ~np.isnan(asks[0])
    book.update(at, contracts[bid_there], {"bid": bids[0][bid_there], "bid_size": bids[1][bid_there]})
    book.update(at, contracts[ask_there], {"ask": asks[0][ask_there], "ask_size": asks[1][ask_there]})
    with np.errstate(invalid="ignore"):
        crossed = book.values("bid")[contracts] > book.values("ask")[contracts]
    book.update(at, contracts[crossed & ~bid_there], {"bid": math.nan})
    book.update(at, contracts[crossed & ~ask_there], {"ask": math.nan})
