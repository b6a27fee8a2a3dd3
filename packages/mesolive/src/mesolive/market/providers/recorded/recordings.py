"""What can be replayed: a day of minute bars, or a series of the exchange's chain exports."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from mesolive.market.book import QuoteBook, UnderlyingPrices
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.history import DailySeries
from mesolive.market.listing import Listing
from mesolive.market.moments import from_micros, to_micros
from mesolive.market.providers.exchange_export import ChainExport, ExportError, read_export
from mesolive.market.providers.minute_bars import (
    BarsError,
    OptionBars,
    StockBars,
    kind_of,
    read_daily,
    read_option_quotes,
    read_stock,
    symbol_of,
)
from mesolive.market.view import FloatArray

MOST_FILES: Final = 1000


class RecordingError(ValueError):
    """Nothing can be replayed from the files that were given."""


class Recording(Protocol):
    """Recorded market data of one underlying.

    Attributes
    ----------
    listing
        The contracts at the beginning.
    moments
        When something became known (microseconds UTC), ascending, each once.
    begins_at
        The moment from which there are option quotes: where a replay's clock should start.
    history
        The underlying's days before.
    """

    listing: Listing
    moments: npt.NDArray[np.int64]
    begins_at: datetime
    history: DailySeries

    def apply(self, book: QuoteBook, micros: int) -> None:
        """Write what became known at one of the moments into the book."""
        ...


class BarRecording:
    """A day of minute bars of a stock and its options.

    Parameters
    ----------
    options
        The options' quotes.
    calendar
        The exchange's sessions.
    trades, quotes
        The stock's bars of the same day, where there are any.
    history
        The stock's days before that day.

    Raises
    ------
    RecordingError
        When the parts are not of one day.
    """

    def __init__(
        self,
        options: OptionBars,
        calendar: ExchangeCalendar,
        *,
        trades: StockBars | None = None,
        quotes: StockBars | None = None,
        history: DailySeries | None = None,
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
        self.moments = np.unique(np.concatenate([part.times for part in (options, trades, quotes) if part is not None]))
        session = calendar.session(options.day)
        self._session = None if session is None else (to_micros(session[0]), to_micros(session[1]))

    @property
    def day(self) -> date:
        """The exchange-local date of the recording."""
        return self._options.day

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
        book.heard(at)
        before = book.prices
        prices = self._stock_prices(before, micros)
        if prices != before:
            book.set_underlying(at, prices)
        known = book.history.of_day(self.day)
        if prices.today_open is not None and (known is None or known.open is None):
            book.history = book.history.record(self.day, opening=prices.today_open)
        if self._session is not None and micros >= self._session[1] and not book.history.closed(self.day):
            # The day's close is the last trade up to the close, the minute that ends with it included.
            close = prices.last if micros == self._session[1] else before.last
            if close is not None:
                book.history = book.history.record(self.day, close=close)

    def _stock_prices(self, prices: UnderlyingPrices, micros: int) -> UnderlyingPrices:
        if prices.previous_close is None:
            prices = replace(prices, previous_close=self.history.previous_close(self.day))
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


class ExportRecording:
    """A series of the exchange's chain exports: each is the market until the next one.

    Parameters
    ----------
    exports
        At least one, of one underlying, in any order.

    Raises
    ------
    RecordingError
        When there is none, or they are of different underlyings or of one time.
    """

    def __init__(self, exports: Iterable[ChainExport]) -> None:
        self._exports = sorted(exports, key=lambda export: export.exported_at)
        if not self._exports:
            raise RecordingError("there is no chain export to replay")
        first = self._exports[0]
        if any(export.listing.underlying != first.listing.underlying for export in self._exports):
            raise RecordingError("the chain exports are of different underlyings")
        self.listing = first.listing
        self.begins_at = first.exported_at
        self.history = DailySeries()
        self.moments = np.array([to_micros(export.exported_at) for export in self._exports], dtype=np.int64)
        if np.any(np.diff(self.moments) <= 0):
            raise RecordingError("two chain exports are of the same time")

    def apply(self, book: QuoteBook, micros: int) -> None:
        """Make the book what the export of that time says."""
        export = self._exports[bisect.bisect_left(self.moments.tolist(), micros)]
        if book.listing is not export.listing:
            book.relist(export.listing)
        at = export.exported_at
        book.update(at, slice(None), {"bid": export.bid, "ask": export.ask, "last": export.last})
        change = export.underlying_change
        book.set_underlying(
            at,
            UnderlyingPrices(
                bid=export.underlying_bid,
                ask=export.underlying_ask,
                last=export.underlying_last,
                previous_close=None if change is None else round(export.underlying_last - change, 4),
            ),
        )


def open_recordings(path: Path, calendar: ExchangeCalendar) -> list[Recording]:
    """Return what can be replayed from a file or a folder.

    A chain export (`.csv`), an archive of option minute bars (`.zip`), or a folder with any number of them at any
    depth. In a folder, the stock's minute bars of the same day and its daily bars are found by their content.

    Raises
    ------
    OSError
        When the path cannot be read.
    RecordingError
        When nothing in it can be replayed, or a file is broken; the text names the file.
    """
    files = _files(path)
    exports = [file for file in files if file.suffix == ".csv" and _is_export(file)]
    kinds: dict[str, list[Path]] = {}
    for file in files:
        kind = kind_of(file) if file.suffix == ".zip" else None
        if kind is not None:
            kinds.setdefault(kind, []).append(file)
    try:
        by_symbol: dict[str, list[ChainExport]] = {}
        for file in exports:
            export = _export(file)
            by_symbol.setdefault(export.listing.underlying.symbol, []).append(export)
        found: list[Recording] = [ExportRecording(of_one) for of_one in by_symbol.values()]
        found.extend(_bars(file, kinds, calendar) for file in kinds.get("options", ()))
    except BarsError as error:
        raise RecordingError(str(error)) from None
    if not found:
        raise RecordingError(f"{path.name}: neither a chain export nor option minute bars were found")
    symbols = [recording.listing.underlying.symbol for recording in found]
    if len(set(symbols)) < len(symbols):
        raise RecordingError(f"{path.name}: there is more than one recording of one underlying")
    return found


def _files(path: Path) -> Sequence[Path]:
    if not path.is_dir():
        path.stat()  # a missing file is an OSError, not an empty folder
        return [path]
    files: list[Path] = []
    for file in sorted(path.rglob("*")):
        if file.suffix in {".csv", ".zip"} and file.is_file():
            files.append(file)
            if len(files) > MOST_FILES:
                raise RecordingError(f"{path.name}: the folder holds more than {MOST_FILES} files")
    return files


def _is_export(file: Path) -> bool:
    """Whether a CSV file begins like a chain export; a folder may hold others."""
    with file.open("rb") as opened:
        return b"Last:" in opened.read(1024)


def _export(file: Path) -> ChainExport:
    try:
        return read_export(file)
    except ExportError as error:
        raise RecordingError(f"{file.name}: {error}") from None


def _bars(file: Path, kinds: dict[str, list[Path]], calendar: ExchangeCalendar) -> BarRecording:
    options = read_option_quotes(file, calendar)
    symbol = options.listing.underlying.symbol
    parts: dict[str, StockBars] = {}
    for kind in ("trade", "quote"):
        for candidate in kinds.get(kind, ()):
            if symbol_of(candidate) == symbol:
                bars = read_stock(candidate, kind)
                if bars.day == options.day:
                    parts[kind] = bars
    days = [
        day
        for candidate in kinds.get("daily", ())
        if symbol_of(candidate) == symbol
        for day in read_daily(candidate)
        if day.day < options.day
    ]
    return BarRecording(
        options, calendar, trades=parts.get("trade"), quotes=parts.get("quote"), history=DailySeries.of(days)
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
    """Write the sides that were quoted anew; the other side stands, unless the new one shows that it cannot.

    A bid that is never taken back in the recording (nobody buys any more) would otherwise stay above the falling offer.
    """
    bid_there, ask_there = ~np.isnan(bids[0]), ~np.isnan(asks[0])
    book.update(at, contracts[bid_there], {"bid": bids[0][bid_there], "bid_size": bids[1][bid_there]})
    book.update(at, contracts[ask_there], {"ask": asks[0][ask_there], "ask_size": asks[1][ask_there]})
    with np.errstate(invalid="ignore"):
        crossed = book.values("bid")[contracts] > book.values("ask")[contracts]
    book.update(at, contracts[crossed & ~bid_there], {"bid": math.nan})
    book.update(at, contracts[crossed & ~ask_there], {"ask": math.nan})
