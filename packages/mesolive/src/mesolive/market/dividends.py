"""Cash dividends of underlyings: a table that the user gives, and what of it lies within the life of an expiration.

The file is CSV with a header and the columns `Symbol`, `ExDate` (YYYY-MM-DD) and `Amount` (per share, in the
underlying's currency), in any order; one line for each dividend, expected ones included. Others are left unread.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from mesolive.pricing.business_time import calendar_years

EXCHANGE_ZONE: Final = ZoneInfo("America/New_York")
"""Where a day begins: whoever holds the share at the close before the ex-date gets the dividend."""

COLUMNS: Final = ("Symbol", "ExDate", "Amount")
MAX_BYTES: Final = 4_000_000


class DividendFileError(ValueError):
    """A table of dividends cannot be used; the text names the line, what was expected and what came."""


class Dividend(NamedTuple):
    """A cash dividend.

    Attributes
    ----------
    ex_date
        The first exchange day on which the share is traded without it.
    amount
        Per share, in the currency of the underlying.
    """

    ex_date: date
    amount: float


class DividendSchedule(Struct, frozen=True):
    """The dividends of one underlying that are known, by ex-date, one for each.

    Attributes
    ----------
    dividends
        Ascending.
    """

    dividends: Sequence[Dividend] = ()

    @classmethod
    def of(cls, dividends: Iterable[Dividend]) -> DividendSchedule:
        """Sort dividends; those of one day are added up."""
        by_day: dict[date, float] = {}
        for item in dividends:
            by_day[item.ex_date] = by_day.get(item.ex_date, 0.0) + item.amount
        return cls(tuple(Dividend(day, amount) for day, amount in sorted(by_day.items())))

    def within(self, now: datetime, settles_at: datetime) -> list[tuple[float, float]]:
        """Return the dividends that go off the price between two instants.

        Returns
        -------
        list of tuple
            The part of the time at which each does, above 0 and below 1, and its amount; ascending.
        """
        if not self.dividends:
            return []
        whole = calendar_years(now, settles_at)
        result: list[tuple[float, float]] = []
        for item in self.dividends:
            goes_off = datetime.combine(item.ex_date, time(), EXCHANGE_ZONE).astimezone(UTC)
            if now < goes_off < settles_at:
                part = calendar_years(now, goes_off) / whole
                if 0.0 < part < 1.0:
                    result.append((part, item.amount))
        return result


NO_DIVIDENDS: Final = DividendSchedule()


def read_dividends(path: Path) -> Mapping[str, DividendSchedule]:
    """Return the schedules of a table of dividends, by symbol in capitals.

    Raises
    ------
    DividendFileError
        When the file is none, or a line of it cannot be understood.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DividendFileError(f"{path.name}: expected a table of at most {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DividendFileError(f"{path.name} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise DividendFileError(f"{path.name}: expected text in UTF-8") from None
    lines = csv.reader(text.splitlines())
    first = next(lines, None) or list[str]()
    header = [name.strip() for name in first]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise DividendFileError(
            f"{path.name}: expected a first line with the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
        )
    places = [header.index(name) for name in COLUMNS]
    by_symbol: dict[str, list[Dividend]] = {}
    for row in lines:
        if not any(field.strip() for field in row):
            continue
        where = f"{path.name}, line {lines.line_num}"
        if len(row) <= max(places):
            raise DividendFileError(f"{where}: expected {len(header)} fields, got {len(row)}")
        symbol, day, amount = (row[place].strip() for place in places)
        by_symbol.setdefault(_symbol(symbol, where), []).append(Dividend(_day(day, where), _amount(amount, where)))
    return {symbol: DividendSchedule.of(dividends) for symbol, dividends in by_symbol.items()}


def _symbol(text: str, where: str) -> str:
    if not text:
        raise DividendFileError(f"{where}: Symbol: expected the symbol of an underlying, got nothing")
    return text.upper()


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DividendFileError(f"{where}: ExDate: expected a day as YYYY-MM-DD, got {text[:40]!r}") from None


def _amount(text: str, where: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount > 0.0):
        raise DividendFileError(f"{where}: Amount: expected an amount greater than 0, got {text[:40]!r}")
    return amount
