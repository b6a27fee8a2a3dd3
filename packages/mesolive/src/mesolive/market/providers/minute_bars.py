"""Reader of recorded minute bars: option quotes, the stock's trades and quotes, and its daily bars.

The bars come as zip files of CSV files. Prices are integers of 1/10,000; times are milliseconds since midnight in New
York at which the minute begins, so that the closing values of a bar are available a minute later. A minute without a
change is left out, and so is a side of a quote: an empty side has no new quote in that minute. Files are untrusted:
sizes are bounded before anything is unpacked, and a malformed row is named.

| entry of a zip file | columns |
|---|---|
| `20151224_goog_minute_quote_american_call_7500000_20160115.csv` | time, bid open/high/low/close, bid size, ask … |
| `20210104_spxw_minute_quote_european_put_37000000_20210115.csv` (index options, by class) | the same |
| `20151224_goog_minute_quote.csv` (the stock) | the same |
| `20151224_goog_minute_trade.csv` (the stock) | time, open, high, low, close, volume |
| `goog.csv` (daily) | `yyyymmdd 00:00`, open, high, low, close, volume |
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.market.calendar import NEW_YORK, ExchangeCalendar, settlement_instant
from mesolive.market.contracts import ExerciseStyle, Expiration, Right, Underlying, UnderlyingKind
from mesolive.market.history import Day
from mesolive.market.listing import Listing
from mesolive.market.moments import to_micros
from mesolive.market.option_classes import option_class, underlying_kind
from mesolive.market.view import FloatArray

MAX_ENTRY: Final = 64 * 1024 * 1024
MAX_ARCHIVE: Final = 1024 * 1024 * 1024
MAX_ENTRIES: Final = 50_000
PRICE_UNIT: Final = 10_000
QUOTE_COLUMNS: Final = 11
TRADE_COLUMNS: Final = 6
ENCRYPTED: Final = 0x1
DAY_MILLISECONDS: Final = 86_400_000
MINUTE_MICROSECONDS: Final = 60_000_000

_OPTION: Final = re.compile(
    r"(\d{8})_([a-z][a-z0-9.]{0,15})_minute_quote_(american|european)_(call|put)_(\d{1,12})_(\d{8})\.csv"
)
_STOCK: Final = re.compile(r"(\d{8})_([a-z][a-z0-9.]{0,15})_minute_(quote|trade)\.csv")
_DAILY: Final = re.compile(r"([a-z][a-z0-9.]{0,15})\.csv")


class BarsError(ValueError):
    """A file of bars cannot be used; the text names the file and the entry in it."""


@dataclass(frozen=True)
class OptionBars:
    """The recorded quotes of all options on one underlying on one day, in the order of time.

    Attributes
    ----------
    listing
        The contracts.
    day
        Exchange-local date.
    times
        Time from which each quote is available (microseconds UTC): the end of its minute.
    contracts
        Index of its contract in the listing.
    bid, ask, bid_size, ask_size
        The quote at the end of the minute; NaN for a side on which nothing new was quoted.
    """

    listing: Listing
    day: date
    times: npt.NDArray[np.int64]
    contracts: npt.NDArray[np.intp]
    bid: FloatArray
    ask: FloatArray
    bid_size: FloatArray
    ask_size: FloatArray


@dataclass(frozen=True)
class StockBars:
    """One field-set of a stock's recorded minutes: `times` as in `OptionBars`, prices per share.

    Attributes
    ----------
    first, second
        Bid and ask of quotes; opening and closing price of trades.
    """

    day: date
    times: npt.NDArray[np.int64]
    first: FloatArray
    second: FloatArray


def read_option_quotes(path: Path, calendar: ExchangeCalendar) -> OptionBars:
    """Read a day's minute quotes of all options on one underlying.

    Parameters
    ----------
    path
        A zip file with one CSV per contract.
    calendar
        The exchange's sessions: gives the instants of settlement.

    Raises
    ------
    OSError
        When the file cannot be read.
    BarsError
        When it is not such a file, or a broken one.
    """
    symbol: str | None = None
    day: date | None = None
    chain: dict[tuple[date, ExerciseStyle], dict[Right, dict[Decimal, npt.NDArray[np.float64]]]] = {}
    for name, content in _entries(path):
        match = _OPTION.fullmatch(name)
        if match is None:
            raise BarsError(f"{path.name}: {name!r} is not a minute bar file of an option")
        file_day, file_symbol = _date(path, name, match[1]), match[2].upper()
        if (symbol or file_symbol, day or file_day) != (file_symbol, file_day):
            raise BarsError(f"{path.name}: {name!r} is not of {symbol} on {day}")
        symbol, day = file_symbol, file_day
        style = ExerciseStyle.AMERICAN if match[3] == "american" else ExerciseStyle.EUROPEAN
        right = Right.CALL if match[4] == "call" else Right.PUT
        strike = Decimal(int(match[5])) / PRICE_UNIT
        if strike <= 0:
            raise BarsError(f"{path.name}: {name!r} has no strike price")
        rights = chain.setdefault((_date(path, name, match[6]), style), {})
        rights.setdefault(right, {})[strike] = _table(path, name, content, QUOTE_COLUMNS)
    if symbol is None or day is None:
        raise BarsError(f"{path.name}: the archive is empty")
    terms = option_class(symbol)
    expirations = {
        key: Expiration(
            symbol,
            key[0],
            settlement_instant(symbol, key[0], terms.settlement, calendar),
            terms.settlement,
            key[1],
            Decimal(terms.multiplier),
        )
        for key in chain
    }
    # European options are listed on indexes only; the table maps a class to its index.
    european = all(style is ExerciseStyle.EUROPEAN for _, style in chain)
    kind = UnderlyingKind.INDEX if european else underlying_kind(terms.underlying)
    underlying = Underlying(terms.underlying, kind)
    listing = Listing(underlying, {expirations[key]: rights for key, rights in chain.items()})
    return _in_order_of_time(path, day, listing, {expirations[key]: rights for key, rights in chain.items()})


def read_stock(path: Path, kind: str) -> StockBars:
    """Read a day's minute bars of a stock.

    Parameters
    ----------
    path
        A zip file with one CSV.
    kind
        `quote` or `trade`.

    Raises
    ------
    OSError, BarsError
        As `read_option_quotes`.
    """
    name, content = _only_entry(path)
    match = _STOCK.fullmatch(name)
    if match is None or match[3] != kind:
        raise BarsError(f"{path.name}: {name!r} is not a minute {kind} file of a stock")
    day = _date(path, name, match[1])
    table = _table(path, name, content, QUOTE_COLUMNS if kind == "quote" else TRADE_COLUMNS)
    times = _known_at(day, table[:, 0])
    first, second = (table[:, 4], table[:, 9]) if kind == "quote" else (table[:, 1], table[:, 4])
    return StockBars(day, times, _price(first), _price(second))


def read_daily(path: Path) -> list[Day]:
    """Read the daily closes of a stock, oldest first.

    Raises
    ------
    OSError, BarsError
        As `read_option_quotes`.
    """
    name, content = _only_entry(path)
    if _DAILY.fullmatch(name) is None:
        raise BarsError(f"{path.name}: {name!r} is not a daily bar file")
    days: list[Day] = []
    for number, line in enumerate(content.splitlines(), start=1):
        cells = line.split(",")
        if len(cells) != TRADE_COLUMNS:
            raise BarsError(
                f"{path.name}: {name}, line {number}: {TRADE_COLUMNS} columns were expected, as daily bars of "
                "LEAN have; unpack an archive of chain files"
            )
        try:
            days.append(Day(_date(path, name, cells[0].partition(" ")[0]), int(cells[4]) / PRICE_UNIT))
        except ValueError:
            raise BarsError(f"{path.name}: {name}, line {number}: this is not a daily bar") from None
    return days


def kind_of(path: Path) -> str | None:
    """Return what a zip file holds by the name of its first entry: `options`, `quote`, `trade`, `daily` or `None`.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(iter(archive.namelist()), "")
    except zipfile.BadZipFile:
        return None
    if _OPTION.fullmatch(name):
        return "options"
    stock = _STOCK.fullmatch(name)
    if stock is not None:
        return stock[3]
    return "daily" if _DAILY.fullmatch(name) else None


def symbol_of(path: Path) -> str:
    """Return the symbol that a zip file of bars is about, upper case; empty when its first entry has none."""
    with zipfile.ZipFile(path) as archive:
        name = next(iter(archive.namelist()), "")
    for pattern, group in ((_OPTION, 2), (_STOCK, 2), (_DAILY, 1)):
        match = pattern.fullmatch(name)
        if match is not None:
            return match[group].upper()
    return ""


def _in_order_of_time(
    path: Path,
    day: date,
    listing: Listing,
    chain: dict[Expiration, dict[Right, dict[Decimal, npt.NDArray[np.float64]]]],
) -> OptionBars:
    tables: list[npt.NDArray[np.float64]] = []
    for expiration, (start, middle, end) in zip(listing.expirations, listing.bounds, strict=True):
        for right, first, last in ((Right.CALL, start, middle), (Right.PUT, middle, end)):
            tables.extend(chain[expiration][right][listing.strike(index)] for index in range(first, last))
    contracts = np.repeat(np.arange(len(listing)), [len(table) for table in tables])
    rows = np.concatenate(tables)
    times = _known_at(day, rows[:, 0])
    if np.any((np.diff(times) <= 0) & (np.diff(contracts) == 0)):
        raise BarsError(f"{path.name}: the minutes of a contract are not in order")
    order = np.argsort(times, kind="stable")
    rows = rows[order]
    return OptionBars(
        listing=listing,
        day=day,
        times=times[order],
        contracts=contracts[order],
        bid=_price(rows[:, 4]),
        ask=_price(rows[:, 9]),
        bid_size=rows[:, 5].copy(),
        ask_size=rows[:, 10].copy(),
    )


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_ENTRIES or sum(info.file_size for info in infos) > MAX_ARCHIVE:
                raise BarsError(f"{path.name}: the archive is too large")
            for info in infos:
                if info.file_size > MAX_ENTRY:
                    raise BarsError(f"{path.name}: {info.filename!r} is too large")
                if info.flag_bits & ENCRYPTED:
                    raise BarsError(f"{path.name}: {info.filename!r} is encrypted")
                with archive.open(info) as entry:
                    content = entry.read(MAX_ENTRY + 1)
                yield info.filename, content.decode("ascii")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BarsError(f"{path.name}: this is not a readable zip file ({error})") from None
    except UnicodeDecodeError:
        raise BarsError(f"{path.name}: an entry is not text") from None


def _only_entry(path: Path) -> tuple[str, str]:
    result = list(_entries(path))
    if len(result) != 1:
        raise BarsError(f"{path.name}: one entry was expected, there are {len(result)}")
    return result[0]


def _table(path: Path, name: str, content: str, columns: int) -> npt.NDArray[np.float64]:
    """Return the rows of a CSV of numbers; an empty cell is NaN."""
    filled = content.replace(",,", ",nan,").replace(",,", ",nan,").replace(",\n", ",nan\n")
    if not filled.strip():
        return np.empty((0, columns))
    try:
        table = np.loadtxt(io.StringIO(filled), delimiter=",", dtype=np.float64, ndmin=2, comments=None)
    except ValueError as error:
        raise BarsError(f"{path.name}: {name}: {error}") from None
    if table.shape[1] != columns:
        raise BarsError(f"{path.name}: {name}: {columns} columns were expected, there are {table.shape[1]}")
    times = table[:, 0]
    if not np.all((times >= 0) & (times < DAY_MILLISECONDS)):  # also refuses NaN
        raise BarsError(f"{path.name}: {name}: a time lies outside of the day")
    return table


def _known_at(day: date, milliseconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return when minutes that begin at `milliseconds` after midnight in New York are over."""
    midnight = to_micros(_new_york_midnight(day))
    return midnight + milliseconds.astype(np.int64) * 1000 + MINUTE_MICROSECONDS


def _new_york_midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, NEW_YORK).astimezone(UTC)


def _price(raw: npt.NDArray[np.float64]) -> FloatArray:
    """Return prices per unit; NaN where there is none."""
    with np.errstate(invalid="ignore"):
        return np.where(raw > 0.0, np.round(raw / PRICE_UNIT, 4), np.nan)


def _date(path: Path, name: str, digits: str) -> date:
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise BarsError(f"{path.name}: {name!r}: {digits!r} is not a date") from None
