"""Result types of the chain file reader: chain exports, anomalies, and the error of a rejected file."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray
from mesolive.records import replace


class ChainFormat(enum.Enum):
    """The kinds of files that hold a chain; the values are how they are called."""

    EXCHANGE_CSV = "CSV export of the exchange's delayed quotes page"
    QUOTE_DATA = "quotedata.dat of the exchange's delayed quotes page, as until 2020"
    EXCHANGE_JSON = "JSON of the exchange's delayed quotes"
    YFINANCE = "CSV of a yfinance option chain"
    OPTIONSDX = "CSV of OptionsDX"


class Treatment(enum.Enum):
    """Treatment of an anomaly in a file."""

    CORRECTED = "corrected"
    """The value in the file contradicts the rest of it; another is used."""
    LEFT_OUT = "left out"
    """The file's data of some contracts are not used."""
    ASSUMED = "assumed"
    """The file does not have it."""
    NOTED = "noted"
    """Used unchanged."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """An anomaly of a file: an unexpected or a missing value.

    Attributes
    ----------
    code
        Which kind it is, for programs: `spot_contradicted`, `nonstandard_class`, …
    text
        One sentence for the user.
    count
        How many rows, contracts or values it concerns.
    example
        One of them, as the file spells it; empty where there is only one.
    line
        Line of the example, counted from 1; `None` where it has no line.
    """

    code: str
    treatment: Treatment
    text: str
    count: int = 1
    example: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}"
        example = f"for example {self.example}" if self.example else ""
        shown = ", ".join(part for part in (example, place) if part)
        return f"{self.treatment.value}: {self.text}" + (f" ({shown})" if shown else "")


class ChainFileError(ValueError):
    """A file that holds no chain, or one that cannot be used.

    Attributes
    ----------
    line
        Number of the line, counted from 1; `None` where the format has none, or the file as a whole is meant.
    column
        Name of the column or field, or `None` when the line as a whole is wrong.
    format
        What the file was recognised as; `None` where it was not.
    """

    format: ChainFormat | None = None

    def __init__(self, problem: str, line: int | None = None, column: str | None = None) -> None:
        where = [] if line is None else [f"line {line}"]
        if column is not None:
            where.append(f"column {column!r}")
        super().__init__(f"{', '.join(where)}: {problem}" if where else problem)
        self.problem = problem
        self.line = line
        self.column = column


@dataclass(frozen=True)
class ChainExport:
    """A whole chain at one moment; the arrays are aligned with `listing`.

    Attributes
    ----------
    name
        The underlying's name as the file spells it; its symbol where it has none.
    exported_at
        The time of the quotes in UTC.
    underlying_last
        The underlying's price: the one in the file, or the one that the options imply where that contradicts it.
    underlying_change
        Since the close before; `None` where the file has none, or its print is not used.
    underlying_bid, underlying_ask
        The underlying's market; `None` where the file has none, or it contradicts the price.
    bid, ask, last
        Prices per unit; a bid of 0 next to an ask is kept as 0 (no buyer), any other 0 is NaN (no price).
    volume, open_interest
        Contracts; 0 where the file has none.
    underlying_print
        The underlying's price as the file has it; `None` where it has none.
    oddities
        What was corrected, left out, assumed or noted.
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
    format: ChainFormat = ChainFormat.EXCHANGE_CSV
    underlying_print: float | None = None
    oddities: Sequence[Oddity] = field(default=())


@dataclass(frozen=True)
class ChainFile:
    """What a file holds.

    Attributes
    ----------
    format
        What it is.
    encoding
        Of its text, such as `utf-8`.
    exports
        The chains in it, in the order of time: one, or for OptionsDX one per time of quotes.
    oddities
        Those of the file as a whole; each export has its own.
    """

    format: ChainFormat
    encoding: str
    exports: Sequence[ChainExport]
    oddities: Sequence[Oddity] = ()

    @property
    def notes(self) -> list[str]:
        """Notes for a market that starts from the file's first chain, a line each."""
        several = len(self.exports)
        first = [f"noted: the file holds {several} times of quotes: the first is taken"] if several > 1 else []
        return [*first, *(str(oddity) for oddity in (*self.oddities, *self.exports[0].oddities))]

    @property
    def all_oddities(self) -> list[Oddity]:
        """The file's oddities and those of its exports, equal kinds of several exports put together."""
        return merged([*self.oddities, *(entry for export in self.exports for entry in export.oddities)])


def merged(oddities: Iterable[Oddity]) -> list[Oddity]:
    """Return oddities of several chains, those of one kind and treatment put together: their counts added, one text."""
    kinds: dict[tuple[str, Treatment], Oddity] = {}
    for oddity in oddities:
        key = oddity.code, oddity.treatment
        known = kinds.get(key)
        kinds[key] = oddity if known is None else replace(known, count=known.count + oddity.count)
    return list(kinds.values())
