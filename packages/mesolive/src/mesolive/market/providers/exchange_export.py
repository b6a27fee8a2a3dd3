"""Reader of the option chain that the exchange's delayed-quotes page exports as CSV.

The file's first line is blank; then the name with `Last:` and `Change:`, the export time with the underlying's `Bid:`
and `Ask:`, the header, and one row per strike with the call on the left and the put on the right. The export time comes
in two spellings, `February 5 2022, 8:09 PM EST` and `September 14, 2023 at 4:31 PM EDT`.

Quotes, last trades, volume and open interest are taken; the vendor's volatilities and greeks are not, because they are
computed from these quotes by a model that the file does not state.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from mesolive.market.calendar import settlement_instant, settlement_of
from mesolive.market.contracts import ExerciseStyle, Expiration, Right, Underlying
from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray

LARGEST_FILE: Final = 64 * 1024 * 1024
LARGEST_CHAIN: Final = 200_000
LONGEST_LINE: Final = 4096
QUOTE_COLUMNS: Final = ("Last Sale", "Net", "Bid", "Ask", "Volume", "IV", "Delta", "Gamma", "Open Interest")
COLUMNS: Final = ["Expiration Date", "Calls", *QUOTE_COLUMNS, "Strike", "Puts", *QUOTE_COLUMNS]
MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
# By the full name and by its first three letters.
MONTHS: Final = {spelling: number for number, name in enumerate(MONTH_NAMES, start=1) for spelling in (name, name[:3])}
NEW_YORK: Final = ZoneInfo("America/New_York")
# The names that the exchange prints for an index, in place of a symbol.
INDEX_NAMES: Final = {
    "standard & poors 500 index": "SPX",
    "s&p 500 index": "SPX",
    "russell 2000 index": "RUT",
    "nasdaq 100 index": "NDX",
    "cboe volatility index": "VIX",
}
# Trading classes of one underlying that are not named after it.
UNDERLYING_OF_ROOT: Final = {"SPXW": "SPX", "RUTW": "RUT", "NDXP": "NDX", "VIXW": "VIX"}

_SYMBOL: Final = re.compile(r"([A-Z][A-Z0-9]{0,5})(\d{6})([CP])(\d{8})")
_DATE: Final = re.compile(r"([A-Za-z]+) (\d{1,2}),? (\d{4})(?:,| at)? (\d{1,2}):(\d{2}) ([AP])M (E[SD]T)")
_DAY: Final = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) (\d{1,2}) (\d{4})")


class ExportError(ValueError):
    """The file is not a chain export, or a broken one.

    Attributes
    ----------
    line
        Number of the line, counted from 1.
    column
        Name of the column, or `None` when the line as a whole is wrong.
    """

    def __init__(self, problem: str, line: int, column: str | None = None) -> None:
        where = f"line {line}" if column is None else f"line {line}, column {column!r}"
        super().__init__(f"{where}: {problem}")
        self.line = line
        self.column = column


@dataclass(frozen=True)
class ChainExport:
    """A whole chain at one moment; the arrays stand beside `listing`.

    Attributes
    ----------
    name
        The underlying's name as the file spells it.
    exported_at
        The time of the export in UTC.
    underlying_last, underlying_change, underlying_bid, underlying_ask
        The underlying's prices; `None` where the file has none.
    bid, ask, last
        Prices per unit; a bid of 0 next to an offer is kept as 0 (nobody buys), any other 0 is NaN (no price).
    volume, open_interest
        Contracts.
    """

    name: str
    exported_at: datetime
    underlying_last: float
    underlying_change: float | None
    underlying_bid: float | None
    underlying_ask: float | None
    listing: Listing
    bid: FloatArray
    ask: FloatArray
    last: FloatArray
    volume: FloatArray
    open_interest: FloatArray


def read_export(path: Path | str) -> ChainExport:
    """Read a chain export from a file.

    Parameters
    ----------
    path
        The CSV file, at most 64 MB.

    Raises
    ------
    OSError
        When it cannot be read.
    ExportError
        When it is no chain export; says the line and the column.
    """
    with Path(path).open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    return parse_export(content)


def parse_export(content: bytes) -> ChainExport:
    """Return the chain that the bytes of a chain export hold.

    Raises
    ------
    ExportError
        When they are no chain export; says the line and the column.
    """
    if len(content) > LARGEST_FILE:
        raise ExportError(f"the file is larger than {LARGEST_FILE // 1024 // 1024} MB", 1)
    text = _decode(content)
    rows = _rows(text)
    name_line, name_row = _next(rows, "the name of the underlying")
    name = name_row[0].strip()
    last = _labelled(name_line, name_row, "Last:")
    if last is None or last <= 0:
        raise ExportError("the underlying's 'Last:' price is missing", name_line, "Last")
    date_line, date_row = _next(rows, "the export time")
    exported_at = _export_time(date_line, date_row)
    header_line, header = _next(rows, "the header")
    if [cell.strip() for cell in header] != COLUMNS:
        missing = next((wanted for wanted, got in zip(COLUMNS, header, strict=False) if wanted != got.strip()), None)
        raise ExportError("the header of a chain export was expected here", header_line, missing)
    chain = _Chain()
    for line, row in rows:
        chain.add(line, row)
    if not chain.quotes:
        raise ExportError("the file lists no contract", header_line + 1)
    symbol = _symbol(name, chain.roots)
    listing, order = chain.listing(Underlying(symbol, is_index=_is_index(name)))
    quotes = np.array(chain.quotes, dtype=np.float64)[order]
    bid, ask, traded, volume, interest = quotes.T
    no_ask = ask <= 0.0
    return ChainExport(
        name=name,
        exported_at=exported_at,
        underlying_last=last,
        underlying_change=_labelled(name_line, name_row, "Change:"),
        underlying_bid=_positive(_labelled(date_line, date_row, "Bid:")),
        underlying_ask=_positive(_labelled(date_line, date_row, "Ask:")),
        listing=listing,
        bid=np.where(no_ask & (bid <= 0.0), np.nan, bid),
        ask=np.where(no_ask, np.nan, ask),
        last=np.where(traded > 0.0, traded, np.nan),
        volume=volume.copy(),
        open_interest=interest.copy(),
    )


class _Chain:
    """The rows read so far."""

    def __init__(self) -> None:
        self.quotes: list[tuple[float, ...]] = []
        self.roots: set[str] = set()
        self._contracts: list[tuple[str, date, Right, Decimal]] = []
        self._seen: set[tuple[str, date, Right, Decimal]] = set()
        self._days: dict[str, date] = {}
        self._symbols: dict[str, tuple[str, date]] = {}

    def add(self, line: int, row: Sequence[str]) -> None:
        if len(row) != len(COLUMNS):
            raise ExportError(f"{len(COLUMNS)} columns were expected, there are {len(row)}", line)
        if len(self.quotes) + 2 > LARGEST_CHAIN:
            raise ExportError(f"the file lists more than {LARGEST_CHAIN} contracts", line)
        day = self._days.get(row[0])
        if day is None:
            day = self._days[row[0]] = _expiration_day(line, row[0])
        strike = _strike(line, row[11])
        for right, at in ((Right.CALL, 1), (Right.PUT, 12)):
            key = self._contract(line, row[at], right, day, strike, COLUMNS[at])
            if key in self._seen:
                raise ExportError(f"{row[at]} is listed twice", line, COLUMNS[at])
            self._seen.add(key)
            self._contracts.append(key)
            side = "call's" if right is Right.CALL else "put's"
            bid, ask = _price(line, row[at + 3], f"Bid ({side})"), _price(line, row[at + 4], f"Ask ({side})")
            self.quotes.append(
                (
                    bid,
                    ask,
                    _price(line, row[at + 1], f"Last Sale ({side})"),
                    _price(line, row[at + 5], f"Volume ({side})"),
                    _price(line, row[at + 9], f"Open Interest ({side})"),
                )
            )

    def listing(self, underlying: Underlying) -> tuple[Listing, list[int]]:
        """Return the listing, and for each of its contracts the row in `quotes`."""
        # Options on these indices are European, options on stocks and funds American.
        style = ExerciseStyle.EUROPEAN if underlying.is_index else ExerciseStyle.AMERICAN
        expirations: dict[tuple[str, date], Expiration] = {}
        strikes: dict[Expiration, dict[Right, list[Decimal]]] = {}
        for root, day, right, strike in self._contracts:
            expiration = expirations.get((root, day))
            if expiration is None:
                settlement = settlement_of(root)
                expiration = Expiration(root, day, settlement_instant(root, day, settlement), settlement, style)
                expirations[root, day] = expiration
                strikes[expiration] = {Right.CALL: [], Right.PUT: []}
            strikes[expiration][right].append(strike)
        listing = Listing(underlying, strikes)
        rows = {key: row for row, key in enumerate(self._contracts)}
        order = [
            rows[expiration.root, expiration.day, right, listing.strike(index)]
            for expiration, (start, middle, end) in zip(listing.expirations, listing.bounds, strict=True)
            for right, first, last in ((Right.CALL, start, middle), (Right.PUT, middle, end))
            for index in range(first, last)
        ]
        return listing, order

    def _contract(
        self, line: int, text: str, right: Right, day: date, strike: Decimal, column: str
    ) -> tuple[str, date, Right, Decimal]:
        match = _SYMBOL.fullmatch(text)
        if match is None:
            raise ExportError(f"{text[:40]!r} is no option symbol such as SPXW220207C02400000", line, column)
        root, digits, letter, thousandths = match.groups()
        if letter != right.value:
            raise ExportError(f"{text} is not a {'call' if right is Right.CALL else 'put'}", line, column)
        if digits != f"{day:%y%m%d}":
            raise ExportError(f"{text} does not expire on {day}", line, column)
        if int(thousandths) != strike * 1000:
            raise ExportError(f"{text} does not have the strike {strike}", line, column)
        self.roots.add(root)
        return root, day, right, strike


def _decode(content: bytes) -> str:
    zero = content.find(b"\0")
    if zero >= 0:
        raise ExportError("this is not text but binary data", content.count(b"\n", 0, zero) + 1)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ExportError("this is not text in UTF-8", line) from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with their line numbers."""
    lines = io.StringIO(text, newline=None)
    for number, content in enumerate(lines, start=1):
        if len(content) > LONGEST_LINE:
            raise ExportError(f"the line is longer than {LONGEST_LINE} characters", number)
        if not content.strip():
            continue
        try:
            row = next(csv.reader([content], strict=True))
        except (csv.Error, StopIteration):
            raise ExportError("this is not a line of CSV", number) from None
        yield number, row


def _next(rows: Iterator[tuple[int, list[str]]], what: str) -> tuple[int, list[str]]:
    found = next(rows, None)
    if found is None:
        raise ExportError(f"the file ends before {what}", 1)
    return found


def _labelled(line: int, row: Sequence[str], label: str) -> float | None:
    """Return the number behind a label such as `Last:`; `None` where the row has no such cell."""
    for cell in row:
        if cell.strip().startswith(label):
            text = cell.strip().removeprefix(label).strip()
            try:
                number = float(text)
            except ValueError:
                raise ExportError(f"{text[:40]!r} is not a number", line, label.rstrip(":")) from None
            if not math.isfinite(number):
                raise ExportError(f"{text[:40]!r} is not a finite number", line, label.rstrip(":"))
            return number
    return None


def _positive(number: float | None) -> float | None:
    return number if number is not None and number > 0.0 else None


def _export_time(line: int, row: Sequence[str]) -> datetime:
    text = row[0].strip()
    match = _DATE.fullmatch(text.removeprefix("Date:").strip()) if text.startswith("Date:") else None
    if match is None:
        raise ExportError(
            f"a time such as 'Date: February 5 2022, 8:09 PM EST' was expected, not {text[:60]!r}", line, "Date"
        )
    month, day, year, hour, minute, half, zone = match.groups()
    try:
        if not 1 <= int(hour) <= 12:
            raise ValueError(hour)
        local = datetime(
            int(year),
            MONTHS[month.lower()],
            int(day),
            int(hour) % 12 + (12 if half == "P" else 0),
            int(minute),
            tzinfo=NEW_YORK,
            fold=1 if zone == "EST" else 0,  # decides only in the hour that the end of summer time repeats
        )
    except (KeyError, ValueError):
        raise ExportError(f"{text[:60]!r} is not a date", line, "Date") from None
    return local.astimezone(UTC)


def _expiration_day(line: int, text: str) -> date:
    match = _DAY.fullmatch(text)
    try:
        if match is not None:
            return date(int(match[3]), MONTHS[match[1].lower()], int(match[2]))
    except (KeyError, ValueError):
        pass
    raise ExportError(f"a date such as 'Mon Feb 07 2022' was expected, not {text[:40]!r}", line, "Expiration Date")


def _strike(line: int, text: str) -> Decimal:
    try:
        strike = Decimal(text)
    except InvalidOperation:
        raise ExportError(f"{text[:40]!r} is not a strike price", line, "Strike") from None
    if not strike.is_finite() or not 0 < strike < 100_000 or strike * 1000 % 1 != 0:
        raise ExportError(f"{text[:40]!r} is not a strike price", line, "Strike")
    return Decimal(f"{strike.normalize():f}")


def _price(line: int, text: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ExportError(f"{text[:40]!r} is not a number", line, column) from None
    if not 0.0 <= number < 1e12:  # also refuses NaN
        raise ExportError(f"{text[:40]!r} is not a number of at least 0", line, column)
    return number


def _symbol(name: str, roots: set[str]) -> str:
    """Return the underlying's symbol: by the name of the index, else by the trading classes."""
    known = INDEX_NAMES.get(name.lower())
    if known is not None:
        return known
    return UNDERLYING_OF_ROOT.get(min(roots, key=len), min(roots, key=len))


def _is_index(name: str) -> bool:
    return "index" in name.lower()
