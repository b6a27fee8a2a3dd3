"""Reader of the option chain that the exchange's delayed quotes page exports: CSV, and the older quotedata.dat.

| part | today | until 2020 |
|---|---|---|
| name | `S&P 500 INDEX,Last: 6500,Change: 1` | `^SPX (S&P 500 INDEX),6500,1` |
| time | `"Date: March 16, 2026 at 4:15 PM EDT",Bid: 6499,Ask: 6501,…` | `Mar 16 2026 @ 16:15 ET,Bid,6499,Ask,6501,…` |
| header | `Expiration Date,Calls,Last Sale,Net,Bid,Ask,…,Strike,Puts,Last Sale,…` | the same, some names shorter |

One row per strike has the call on the left and the put on the right. The option's symbol has expiration and strike;
the cells that repeat them are compared with it. The vendor's greeks are not taken, its volatilities only to check
the date.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files.builder import Contract, Quote, RawChain, Symbols, Underlier, strike_of
from mesolive.market.providers.chain_files.dates import UnreadableDateError, may_mean, read_export_time
from mesolive.market.providers.chain_files.model import ChainFileError, Oddity, Treatment
from mesolive.market.providers.chain_files.text import Numbers, Table

MARKS: Final = ("calls", "puts", "bid", "ask")
MAX_NUMBER: Final = 1e12
MAX_NAME_CHARACTERS: Final = 100

_NAMES: Final = {
    "last sale": "last",
    "last": "last",
    "bid": "bid",
    "ask": "ask",
    "vol": "volume",
    "volume": "volume",
    "iv": "volatility",
    "open int": "open_interest",
    "open interest": "open_interest",
}
_QUOTE_ORDER: Final = ("bid", "ask", "last", "volume", "open_interest", "volatility")
_LABEL: Final = re.compile(r"(last|change|bid|ask|size|volume|vol)\s*:?\s*(.*)", re.IGNORECASE | re.DOTALL)
# Year, strike, root, day, and the month by a letter: A to L for calls, M to X for puts.
_OLD_SYMBOL: Final = re.compile(
    r"(\d{2}) [A-Za-z]{3} (\d+(?:\.\d+)?) \(([A-Z][A-Z.]{0,5}?\d?)\1(\d{2})([A-X])\d+(?:\.\d+)?(?:-\w)?\)"
)
_OLD_NAME: Final = re.compile(r"(\^?)([A-Z][A-Z0-9.]{0,7}) \((.*)\)")


class _Side(Struct, frozen=True):
    """Column indices of the calls or of the puts; -1 for missing ones.

    Attributes
    ----------
    plain
        The columns in the order of `Quote`, where all are there and their numbers are Python's; else empty.
    """

    right: Right
    symbol: int
    bid: int
    ask: int
    last: int
    volume: int
    open_interest: int
    volatility: int
    plain: tuple[int, ...]


def is_old(table: Table) -> bool:
    """Return whether a file is of the kind until 2020, whose prices have no labels with a colon."""
    return not any(_is_labelled(row) for _, row in table.preamble)


def _is_labelled(row: Sequence[str]) -> bool:
    return any(re.match(r"\s*last\s*:", cell, re.IGNORECASE) for cell in row)


def read(table: Table) -> RawChain:
    """Return the rows of an export.

    Raises
    ------
    ChainFileError
        When it is malformed; names line and column.
    """
    chain = RawChain()
    _preamble(table, chain)
    header = [name.lower() for name in table.header]
    sides = _sides(table, header)
    if "strike" not in header and "expiration date" not in header:
        _read_oldest(table, sides, chain)
        return chain
    if "strike" not in header:
        raise ChainFileError(
            "the header of a chain export was expected here, with a column Strike", table.header_line, "Strike"
        )
    if "expiration date" not in header:
        missing = "Expiration Date"
        raise ChainFileError(
            f"the header of a chain export was expected here, with {missing}", table.header_line, missing
        )
    day_at, strike_at = header.index("expiration date"), header.index("strike")
    symbols = Symbols()
    number = _Cells(table.numbers)
    days: set[tuple[str, object]] = set()
    previous: tuple[str, Decimal] = ("", Decimal(0))
    for line, row in table.rows():
        text = row[strike_at]
        if text != previous[0]:
            previous = text, _strike(text, table.numbers, line)
        for side in sides:
            column = table.header[side.symbol]
            cell = row[side.symbol]
            if not cell.strip():
                continue  # a strike with one right only
            contract = symbols.contract(cell, line, column)
            if contract.right is not side.right:
                raise ChainFileError(
                    f"{cell.strip()} is not a {'call' if side.right is Right.CALL else 'put'}", line, column
                )
            if contract.strike != previous[1]:
                raise ChainFileError(f"{cell.strip()} does not have the strike {previous[1]}", line, column)
            written_day = row[day_at]
            if (written_day, contract.day) not in days:
                if not may_mean(written_day, contract.day):
                    raise ChainFileError(
                        f"{cell.strip()} does not expire on {written_day.strip()[:40]!r}, but on {contract.day}",
                        line,
                        "Expiration Date",
                    )
                days.add((written_day, contract.day))
            chain.add(contract, number.quote(row, side, line), line, column)
    return chain


def _read_oldest(table: Table, sides: Sequence[_Side], chain: RawChain) -> None:
    """Read the rows of a file until 2016, whose only description of a contract is `15 Apr 1200.00 (SPXW1524D1200-E)`.

    The letter behind the hyphen is the exchange that quotes; where several are listed the first stays.

    Raises
    ------
    ChainFileError
        When a row is malformed; names line and column.
    """
    number = _Cells(table.numbers)
    for line, row in table.rows():
        for side in sides:
            column, cell = table.header[side.symbol], row[side.symbol].strip()
            if not cell:
                continue
            contract = _oldest_contract(cell, line, column)
            if contract.right is not side.right:
                raise ChainFileError(f"{cell[:40]} is not a {side.right.name.lower()}", line, column)
            quote = number.quote(row, side, line)
            if contract in chain.quotes:
                chain.repeated += 1
                chain.first_repeated = chain.first_repeated or (cell, line)
            else:
                chain.add(contract, quote, line, column)


def _oldest_contract(cell: str, line: int, column: str) -> Contract:
    match = _OLD_SYMBOL.fullmatch(cell)
    if match is None:
        raise ChainFileError(
            f"{cell[:40]!r} is not a contract such as '15 Apr 1200.00 (SPXW1524D1200-E)'", line, column
        )
    letter = ord(match[5]) - ord("A")
    try:
        day = date(2000 + int(match[1]), letter % 12 + 1, int(match[4]))
    except ValueError:
        raise ChainFileError(f"{cell[:40]!r} has no expiration date", line, column) from None
    return Contract(match[3], day, Right.CALL if letter < 12 else Right.PUT, strike_of(match[2], line, column))


class _Cells:
    """Numbers of a row, not negative."""

    def __init__(self, numbers: Numbers) -> None:
        self._value = numbers.value

    def quote(self, row: list[str], side: _Side, line: int) -> Quote:
        """Return the quote fields of the call or of the put in a row."""
        if side.plain:
            try:
                values = [float(row[at]) for at in side.plain]
            except ValueError:
                pass  # read cell by cell below
            else:
                if min(values) >= 0.0 and max(values) <= MAX_NUMBER:
                    return Quote._make(values)
        volatility = float("nan")
        if side.volatility >= 0:
            with contextlib.suppress(ValueError):  # a witness of the date only
                volatility = self._value(row[side.volatility])
        return Quote(
            self.number(row, side.bid, line, "Bid", side),
            self.number(row, side.ask, line, "Ask", side),
            self.number(row, side.last, line, "Last Sale", side),
            self.number(row, side.volume, line, "Volume", side),
            self.number(row, side.open_interest, line, "Open Interest", side),
            volatility,
        )

    def number(self, row: list[str], at: int, line: int, name: str, side: _Side) -> float:
        """Return a number of at least 0; NaN for an empty cell."""
        if at < 0:
            return float("nan")
        try:
            number = self._value(row[at])
        except ValueError:
            problem = f"{row[at][:40]!r} is not a number"
        else:
            if not (number < 0.0 or number > MAX_NUMBER):
                return number
            problem = f"{row[at][:40]!r} is not a number of at least 0"
        whose = "call's" if side.right is Right.CALL else "put's"
        raise ChainFileError(problem, line, f"{name} ({whose})")


def _sides(table: Table, header: Sequence[str]) -> tuple[_Side, _Side]:
    """Return where the columns are: those behind `Calls` are the call's, those behind `Puts` the put's."""
    places = {name: header.index(name) for name in ("calls", "puts") if name in header}
    for name in ("calls", "puts"):
        if name not in places:
            raise ChainFileError("the header of a chain export was expected here", table.header_line, name.capitalize())
    sides: list[_Side] = []
    for name, right in (("calls", Right.CALL), ("puts", Right.PUT)):
        start = places[name]
        others = [place for place in places.values() if place > start]
        end = min(others) if others else len(header)
        columns: dict[str, int] = {}
        for place in range(start + 1, end):
            known = _NAMES.get(header[place])
            if known is not None:
                columns.setdefault(known, place)
        for needed in ("bid", "ask"):
            if needed not in columns:
                raise ChainFileError(
                    f"the {name} have no column {needed.capitalize()}", table.header_line, needed.capitalize()
                )
        order = [columns.get(name, -1) for name in _QUOTE_ORDER]
        sides.append(
            _Side(
                right=right,
                symbol=start,
                bid=columns["bid"],
                ask=columns["ask"],
                last=columns.get("last", -1),
                volume=columns.get("volume", -1),
                open_interest=columns.get("open_interest", -1),
                volatility=columns.get("volatility", -1),
                plain=tuple(order) if table.numbers.plain and min(order) >= 0 else (),
            )
        )
    return sides[0], sides[1]


def _strike(text: str, numbers: Numbers, line: int) -> Decimal:
    """Return a strike, exact where it is written as a plain number."""
    if not (numbers.decimal_comma and "." in text):  # there the point separates thousands
        with contextlib.suppress(ChainFileError):
            return strike_of(text, line, "Strike")
    try:
        value = numbers.value(text)
    except ValueError:
        value = math.nan
    return strike_of(text if math.isnan(value) else repr(value), line, "Strike")


def _preamble(table: Table, chain: RawChain) -> None:
    """Read the lines above the header."""
    rows = list(table.preamble)
    if not rows:
        raise ChainFileError(
            "the lines above the header are missing: the underlying's name with its price ('Last:'), and the export "
            "time ('Date:')",
            table.header_line,
        )
    if len(rows) < 2:
        raise ChainFileError(
            "of the two lines above the header one is missing: name and price, or the export time", rows[0][0]
        )
    (name_line, name_row), (date_line, date_row) = rows[-2], rows[-1]
    labelled = _is_labelled(name_row)
    chain.underlier = (
        _named(table.numbers, name_line, name_row) if labelled else _old_named(table.numbers, name_line, name_row)
    )
    text = _date_text(date_row, table.delimiter)
    labels = _labels(date_row[1:])
    chain.underlier.bid = _number(table.numbers, labels.get("bid"), date_line, "Bid")
    chain.underlier.ask = _number(table.numbers, labels.get("ask"), date_line, "Ask")
    chain.moment_text, chain.moment_line = text, date_line
    try:
        time = read_export_time(text.replace("@", " "))
    except UnreadableDateError as error:
        raise ChainFileError(
            f"{error}; a time such as 'Date: March 16, 2026 at 4:15 PM EDT' was expected", date_line, "Date"
        ) from None
    chain.moments = time.moments
    if time.zone is None:
        chain.oddities.append(
            Oddity(
                "zone_missing",
                Treatment.ASSUMED,
                f"the time {text[:60]!r} names no zone: New York's is taken",
                line=date_line,
            )
        )
    if time.contradicts_summer_time:
        spelled = f"the time {text[:60]!r} is not in the zone that New York has on that day: New York's clock is taken"
        chain.oddities.append(Oddity("zone_contradicted", Treatment.CORRECTED, spelled, line=date_line))


def _labels(row: Sequence[str]) -> dict[str, str]:
    """Return the values of a line's labels, `Bid: 6499` in one cell or `Bid`, `6499` in two."""
    values: dict[str, str] = {}
    waiting: str | None = None
    for cell in row:
        text = cell.strip()
        match = _LABEL.fullmatch(text)
        if match is not None and (match[2] or text[-1:] == ":" or match[1].lower() == text.lower()):
            name, value = match[1].lower(), match[2].strip()
            if value:
                values.setdefault(name, value)
                waiting = None
            else:
                waiting = name
        elif waiting is not None:
            values.setdefault(waiting, text)
            waiting = None
    return values


def _named(numbers: Numbers, line: int, row: Sequence[str]) -> Underlier:
    at = next(place for place, cell in enumerate(row) if re.match(r"\s*last\s*:", cell, re.IGNORECASE))
    labels = _labels(row[at:])
    name = _printable(", ".join(cell.strip() for cell in row[:at] if cell.strip()))
    price = _number(numbers, labels.get("last"), line, "Last")
    if price is not None and price < 0.0:
        raise ChainFileError(f"the underlying's 'Last:' price {labels['last'][:40]!r} is negative", line, "Last")
    change = _number(numbers, labels.get("change"), line, "Change")
    return Underlier(name=name, price=price or None, change=change, line=line)


def _printable(name: str) -> str:
    """Return a name without characters that would steer a terminal, cut to a sensible length."""
    return "".join(character for character in name if character.isprintable())[:MAX_NAME_CHARACTERS]


def _old_named(numbers: Numbers, line: int, row: Sequence[str]) -> Underlier:
    """Read `^SPX (S&P 500 INDEX),6500,1`: symbol and name, last, change."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    text = ", ".join(cells[:-2])
    match = _OLD_NAME.fullmatch(text)
    if len(cells) < 3 or match is None:
        raise ChainFileError("the underlying's 'Last:' price is missing", line, "Last")
    price = _number(numbers, cells[-2], line, "Last")
    return Underlier(
        name=_printable(match[3]),
        symbol=match[2],
        is_index=True if match[1] else None,
        price=price or None,
        change=_number(numbers, cells[-1], line, "Change"),
        line=line,
    )


def _number(numbers: Numbers, text: str | None, line: int, column: str) -> float | None:
    """Return a number of the lines above the header, which spreadsheets leave as they were; `None` for none."""
    if text is None:
        return None
    try:
        value = Numbers(decimal_comma=False).value(text)
    except ValueError:
        try:
            value = numbers.value(text)
        except ValueError:
            raise ChainFileError(f"{text[:40]!r} is not a number", line, column) from None
    return None if math.isnan(value) else value


def _date_text(row: Sequence[str], delimiter: str) -> str:
    """Return the text of the time: all cells before the first label, since a comma in the date may have split it."""
    parts: list[str] = []
    for cell in row:
        if parts and _LABEL.fullmatch(cell.strip()):
            break
        parts.append(cell.strip())
    joined = " ".join(part for part in parts if part)
    return joined.replace(delimiter, " ") if delimiter != "," else joined
