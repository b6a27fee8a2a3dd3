"""External data from CSV: columns become variables, looked up without look-ahead. Pure; the fetch is elsewhere.

The first column is `date` or `datetime`. A row with a date alone counts from the end of that exchange-local day; one
with a time counts from that time. The latest row that counts gives the values; more than five days old, it gives none.
"""

from __future__ import annotations

import bisect
import csv
import io
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import Struct

from mesolive.language.variables import is_own_name

MAX_BYTES = 2 * 1024 * 1024
MAX_COLUMNS = 200
MAX_AGE = timedelta(days=5)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)")


class ExternalDataError(Exception):
    """A CSV that cannot be used, or has nothing recent enough; the text names the line and what is wrong."""


class ExternalTable(Struct, frozen=True):
    """The rows of a CSV, by the moment from which each counts.

    Attributes
    ----------
    names
        The variables.
    moments
        In UTC, ascending.
    rows
        The values; `None` where a cell is empty.
    """

    names: tuple[str, ...]
    moments: tuple[datetime, ...]
    rows: tuple[tuple[float | None, ...], ...]

    def values(self, now: datetime) -> dict[str, float]:
        """Return the values without look-ahead at `now`; an empty cell's variable is left out.

        Raises
        ------
        ExternalDataError
            When no row counts yet, or the latest is more than `MAX_AGE` old.
        """
        index = bisect.bisect_right(self.moments, now) - 1
        if index < 0:
            raise ExternalDataError(f"no row of the external data is older than {now:%Y-%m-%d %H:%M} UTC")
        age = now - self.moments[index]
        if age > MAX_AGE:
            raise ExternalDataError(
                f"the latest row of the external data is {age.total_seconds() / 86400:.1f} days old"
            )
        row = self.rows[index]
        return {name: value for name, value in zip(self.names, row, strict=True) if value is not None}


def parse_csv(content: bytes, zone: tzinfo) -> ExternalTable:
    """Read a CSV of external data.

    Parameters
    ----------
    content
        UTF-8 text of at most `MAX_BYTES`.
    zone
        The exchange's time zone, in which dates and times are meant.

    Raises
    ------
    ExternalDataError
        When it is too large, or a name, a date or a number is none.
    """
    if len(content) > MAX_BYTES:
        raise ExternalDataError(f"the external data has more than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExternalDataError(f"the external data is not UTF-8 text (byte {error.start})") from None
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ExternalDataError(f"the external data is not CSV: {error}") from None
    if not lines:
        raise ExternalDataError("the external data is empty")
    names = _header(lines[0])
    result: list[tuple[datetime, tuple[float | None, ...]]] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names) + 1:
            raise ExternalDataError(f"line {number} has {len(cells)} cells, the header {len(names) + 1}")
        values = tuple(_number(cell, number) for cell in cells[1:])
        result.append((_moment(cells[0].strip(), zone, number), values))
    # Of rows that count from the same moment the one written last is taken.
    result.sort(key=lambda row: row[0])
    return ExternalTable(names, tuple(moment for moment, _ in result), tuple(row for _, row in result))


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    titles = [cell.strip() for cell in cells]
    if not titles or titles[0].lower() not in {"date", "datetime"}:
        first = titles[0][:40] if titles else ""
        raise ExternalDataError(f"the first column of the external data is '{first}', not 'date' or 'datetime'")
    names = titles[1:]
    if not 0 < len(names) <= MAX_COLUMNS:
        raise ExternalDataError(f"the external data has {len(names)} columns of values, not 1 to {MAX_COLUMNS}")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ExternalDataError(f"'{name[:40]}' is not a name for a variable: letters, digits and _")
        if is_own_name(name):
            raise ExternalDataError(f"the column '{name}' is named like a variable of the language's own")
    if len(set(names)) != len(names):
        raise ExternalDataError("a column of the external data stands twice")
    return tuple(names)


def _moment(text: str, zone: tzinfo, line: int) -> datetime:
    try:
        if _DATE.fullmatch(text):
            following = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(following, time.min, zone).astimezone(UTC)
        match = _DATETIME.fullmatch(text)
        if match:
            clock = match[2] if match[2].count(":") == 2 else f"{match[2]}:00"
            return datetime.fromisoformat(f"{match[1]}T{clock}").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ExternalDataError(f"line {line}: '{text[:40]}' is not a date (YYYY-MM-DD, or with hh:mm:ss)")


def _number(text: str, line: int) -> float | None:
    cell = text.strip()
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ExternalDataError(f"line {line}: '{cell[:40]}' is not a number")
    return value
