"""Builds the contracts of a chain file: option symbols, strikes, duplicates, and the underlying."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

import numpy as np

from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import Right
from mesolive.market.option_classes import base_root, index_classes, index_named, is_index, nonstandard, option_class
from mesolive.market.providers.chain_files.model import ChainFileError, Oddity, Treatment
from mesolive.market.view import FloatArray

MAX_CONTRACTS: Final = 200_000
MAX_STRIKE: Final = 1_000_000
COLUMNS: Final = ("bid", "ask", "last", "volume", "open interest", "IV")

_RIGHTS: Final = {right.value: right for right in Right}
_SYMBOL: Final = re.compile(r"([0-9]?[A-Z][A-Z.]{0,5}[0-9]{0,2}) *(\d{6})([CP])(\d{8})")


class Contract(NamedTuple):
    """Which option a row is about."""

    root: str
    day: date
    right: Right
    strike: Decimal


class Quote(NamedTuple):
    """Quote fields of a row; NaN for a missing value."""

    bid: float
    ask: float
    last: float
    volume: float
    open_interest: float
    volatility: float


@dataclass
class Underlier:
    """The underlying's data in a file.

    Attributes
    ----------
    name
        As the file spells it; empty where it does not.
    symbol
        Its symbol, where the file has one.
    is_index
        Whether it is an index, where the file has that.
    price, change, bid, ask
        `None` where the file has none.
    estimated
        Whether the price is not the file's but was computed from its volatilities.
    line
        Line of the price.
    """

    name: str = ""
    symbol: str | None = None
    is_index: bool | None = None
    price: float | None = None
    change: float | None = None
    bid: float | None = None
    ask: float | None = None
    line: int | None = None
    estimated: bool = False


@dataclass
class RawChain:
    """The rows of one chain, before it is decided what they are worth.

    Attributes
    ----------
    moments
        The readings of the time of the quotes, in UTC; more than one where the text has two.
    """

    underlier: Underlier = field(default_factory=Underlier)
    moments: Sequence[datetime] = ()
    moment_text: str = ""
    moment_line: int | None = None
    oddities: list[Oddity] = field(default_factory=list[Oddity])
    quotes: dict[Contract, Quote] = field(default_factory=dict[Contract, Quote])
    lines: dict[Contract, int] = field(default_factory=dict[Contract, int])
    repeated: int = 0
    first_repeated: tuple[str, int] | None = None

    def add(self, contract: Contract, quote: Quote, line: int, column: str | None = None) -> None:
        """Take a row.

        Raises
        ------
        ChainFileError
            When there are too many, or the same contract was quoted otherwise before.
        """
        known = self.quotes.get(contract)
        if known is not None:
            if not _equal(known, quote):
                raise ChainFileError(
                    f"{symbol_of(contract)} is listed twice with different values, first in line "
                    f"{self.lines[contract]}",
                    line,
                    column,
                )
            self.repeated += 1
            self.first_repeated = self.first_repeated or (symbol_of(contract), line)
            return
        if len(self.quotes) >= MAX_CONTRACTS:
            raise ChainFileError(f"the file lists more than {MAX_CONTRACTS} contracts", line)
        self.quotes[contract] = quote
        self.lines[contract] = line

    def table(self) -> FloatArray:
        """Return the quotes, one row per contract in the order of reading, columns as in `Quote`."""
        return np.array(list(self.quotes.values()), dtype=np.float64).reshape(-1, len(COLUMNS))


def _equal(first: Quote, second: Quote) -> bool:
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(first, second, strict=True))


def symbol_of(contract: Contract) -> str:
    """Return the OSI-like symbol of a contract."""
    return f"{contract.root}{contract.day:%y%m%d}{contract.right.value}{int(contract.strike * 1000):08d}"


class Symbols:
    """Reader of option symbols such as `SPXW220207C02400000`; caches repeated ones."""

    def __init__(self) -> None:
        self._days: dict[str, date] = {}
        self._strikes: dict[int, Decimal] = {}

    def _strike(self, thousandths: int) -> Decimal:
        strike = self._strikes.get(thousandths)
        if strike is None:
            strike = self._strikes[thousandths] = exact_strike(thousandths)
        return strike

    def contract(self, text: str, line: int | None, column: str) -> Contract:
        """Return what a symbol means.

        Raises
        ------
        ChainFileError
            When it is none.
        """
        match = _SYMBOL.fullmatch(text) or _SYMBOL.fullmatch(text.strip().lstrip("^_.").upper())
        if match is None:
            raise ChainFileError(f"{text[:40]!r} is not an option symbol such as SPXW220207C02400000", line, column)
        root, digits, letter, thousandths = match.groups()
        day = self._days.get(digits)
        if day is None:
            try:
                day = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
            except ValueError:
                raise ChainFileError(f"{text[:40]!r} has no expiration date", line, column) from None
            calendar = us_options_calendar()
            if not calendar.first < day < calendar.last:
                raise ChainFileError(f"{text[:40]!r} expires after {calendar.last:%Y}", line, column)
            self._days[digits] = day
        thousands = int(thousandths)
        if thousands == 0:
            raise ChainFileError(f"{text[:40]!r} has no strike", line, column)
        return Contract(root, day, _RIGHTS[letter], self._strike(thousands))


def exact_strike(thousandths: int) -> Decimal:
    """Return a strike of so many thousandths, without trailing zeros."""
    whole, rest = divmod(thousandths, 1000)
    return Decimal(whole) if rest == 0 else Decimal(f"{(Decimal(thousandths) / 1000).normalize():f}")


def strike_of(text: str, line: int, column: str) -> Decimal:
    """Return a strike that is written as a number with a decimal point.

    Raises
    ------
    ChainFileError
        When it is none.
    """
    try:
        strike = Decimal(text.strip())
    except InvalidOperation:
        raise ChainFileError(f"{text[:40]!r} is not a strike price", line, column) from None
    if not strike.is_finite() or not 0 < strike < MAX_STRIKE or strike * 1000 % 1 != 0:
        raise ChainFileError(f"{text[:40]!r} is not a strike price", line, column)
    return exact_strike(int(strike * 1000))


@dataclass(frozen=True)
class Identified:
    """Which underlying a chain is on, and which of its contracts are standard options on it."""

    symbol: str
    is_index: bool
    standard: Sequence[int]
    oddities: Sequence[Oddity]


def identify(chain: RawChain, file_stem: str) -> Identified:
    """Return which underlying a chain is on: by the file's symbol and the roots, the names only as a last hint.

    Raises
    ------
    ChainFileError
        When the contracts are on several underlyings, or none of them is a standard option.
    """
    oddities: list[Oddity] = []
    counts = Counter(contract.root for contract in chain.quotes)
    odd = {root: reason for root in counts if (reason := nonstandard(root)) is not None}
    stated = chain.underlier.symbol
    symbols = Counter[str]()
    for root, count in counts.items():
        if root not in odd:
            symbols[option_class(root).underlying] += count
    if stated is None and not symbols:
        bases = ", ".join(sorted(odd))
        raise ChainFileError(
            f"all contracts are of the class {bases}: {next(iter(odd.values()))}; standard options are needed"
        )
    symbol = stated or symbols.most_common(1)[0][0]
    foreign = {root for root in counts if root not in odd and not _belongs(root, symbol)}
    if foreign:
        count = sum(counts[root] for root in foreign)
        if count * 10 > sum(counts.values()):
            names = sorted({option_class(root).underlying for root in foreign} | {symbol})
            first = next(contract for contract in chain.quotes if contract.root in foreign)
            raise ChainFileError(
                f"the file lists options on several underlyings: {', '.join(names)}; one of them per file is needed",
                chain.lines[first],
            )
        odd |= dict.fromkeys(foreign, f"not a class of {symbol}")
    for root in sorted(odd):
        first = next(contract for contract in chain.quotes if contract.root == root)
        oddities.append(
            Oddity(
                "nonstandard_class",
                Treatment.LEFT_OUT,
                f"contracts of {root} ({base_root(root)}): {odd[root]}",
                counts[root],
                symbol_of(first),
                chain.lines[first],
            )
        )
    standard = [place for place, contract in enumerate(chain.quotes) if contract.root not in odd]
    if not standard:
        raise ChainFileError(f"no contract of {symbol} is a standard option; there are {', '.join(sorted(odd))}")
    index, notes_of_class = _is_index(chain.underlier, symbol)
    return Identified(
        symbol, index, standard, [*oddities, *notes_of_class, *_misnamed(chain.underlier, symbol, file_stem)]
    )


def _belongs(root: str, symbol: str) -> bool:
    known = option_class(root)
    return symbol in {known.underlying, root} or root == symbol.replace(".", "")


def _is_index(underlier: Underlier, symbol: str) -> tuple[bool, list[Oddity]]:
    """Return whether the underlying is an index: by the table, by what the file states, last by its name."""
    if is_index(symbol):
        return True, []
    if underlier.is_index is not None:
        if not underlier.is_index:
            return False, []
        text = (
            f"{symbol} is an index by what the file states, not in the table of classes: European, settled at the close"
        )
        return True, [Oddity("index_by_statement", Treatment.ASSUMED, text)]
    words = set(re.findall(r"[a-z]+", underlier.name.casefold()))
    if "index" in words and not words & {"fund", "etf", "etn", "trust", "shares", "ishares", "inc", "corp", "note"}:
        text = f"{symbol} is an index by its name {underlier.name[:60]!r} alone: European, settled at the close"
        return True, [Oddity("index_by_name", Treatment.ASSUMED, text)]
    return False, []


def _misnamed(underlier: Underlier, symbol: str, file_stem: str) -> list[Oddity]:
    """Return the anomalies of the underlying's name and of the file name that contradict the contracts."""
    named = index_named(underlier.name) if underlier.name else None
    oddities: list[Oddity] = []
    if named is not None and named != symbol:
        text = f"the file calls its underlying {underlier.name[:60]!r}, which is {named}; its options are on {symbol}"
        oddities.append(Oddity("name_contradicted", Treatment.CORRECTED, text))
    token = re.match(r"[A-Za-z]+", file_stem)
    hint = token[0].upper() if token else ""
    if hint in index_classes() and hint != symbol:
        text = f"the file's name begins with {hint}; its contracts are options on {symbol}"
        oddities.append(Oddity("file_name_contradicted", Treatment.NOTED, text))
    return oddities


def expiries(contracts: Mapping[Contract, object]) -> tuple[date, date]:
    """Return the first and the last expiration day."""
    days = {contract.day for contract in contracts}
    return min(days), max(days)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
