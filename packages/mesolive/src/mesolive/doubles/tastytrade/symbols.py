"""Symbols of tastytrade and of DXLink for options and futures: `SPXW  261218P05000000`, `.SPXW261218P5000`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from mesolive.doubles.products import FutureMonth
from mesolive.market.contracts import OptionContract

MONTHS: Final = "FGHJKMNQUVXZ"
"""Letters of the months of futures, January first."""

_OCC: Final = re.compile(r"(?P<root>[A-Z][A-Z.]{0,5}) *(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
_STREAMER: Final = re.compile(r"\.(?P<root>[A-Z][A-Z.]*)(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d+(\.\d+)?)")
_FUTURE_OPTION: Final = re.compile(
    r"\./[A-Z0-9]+ +(?P<series>[A-Z0-9]+) +(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d+(\.\d+)?)"
)


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """What a symbol says of an option. `strike` is per unit of the underlying."""

    root: str
    day: date
    right: str
    strike: Decimal


def occ_symbol(option: OptionContract) -> str:
    """Return the symbol of an option on an index or on shares, with its root filled up to six characters."""
    strike = int(option.strike * 1000)
    return f"{option.root:<6}{option.day:%y%m%d}{option.right.value}{strike:08d}"


def streamer_symbol(option: OptionContract) -> str:
    """Return the symbol of the same option in market data."""
    return f".{option.root}{option.day:%y%m%d}{option.right.value}{_plain(option.strike)}"


def future_symbol(future: FutureMonth, root: str = "ES") -> str:
    """Return the symbol of a future, such as `/ESZ6`."""
    return f"/{root}{future.code}"


def future_streamer(future: FutureMonth, root: str = "ES") -> str:
    """Return the symbol of a future in market data, such as `/ESZ26:XCME`."""
    return f"/{root}{MONTHS[future.month - 1]}{future.year % 100:02d}:XCME"


def series_of(option: OptionContract) -> str:
    """Return the series of an option on a future, such as `E1AN6`."""
    return f"{option.root}{MONTHS[option.day.month - 1]}{option.day.year % 10}"


def future_option_symbol(option: OptionContract, future: FutureMonth) -> str:
    """Return the symbol of an option on a future, such as `./ESU6 E1AN6 260706C6260`."""
    underlying, series = f".{future_symbol(future)}", series_of(option)
    return f"{underlying:<6} {series:<6}{option.day:%y%m%d}{option.right.value}{_plain(option.strike)}"


def future_option_streamer(option: OptionContract) -> str:
    """Return the symbol of the same option in market data, such as `./E1AN26C6260:XCME`."""
    month = f"{MONTHS[option.day.month - 1]}{option.day.year % 100:02d}"
    return f"./{option.root}{month}{option.right.value}{_plain(option.strike)}:XCME"


def read_option(symbol: str) -> OptionTerms | None:
    """Return the terms in the symbol of an option on an index or on shares; `None` for anything else."""
    match = _OCC.fullmatch(symbol)
    if match is None or len(symbol) != 21:
        return None
    return _terms(match, Decimal(match["strike"]) / 1000)


def read_streamer(symbol: str) -> OptionTerms | None:
    """Return the terms in the market data symbol of such an option; `None` for anything else."""
    match = _STREAMER.fullmatch(symbol)
    return None if match is None else _terms(match, Decimal(match["strike"]))


def read_future_option(symbol: str) -> OptionTerms | None:
    """Return the terms in the symbol of an option on a future; `None` for anything else."""
    match = _FUTURE_OPTION.fullmatch(symbol)
    if match is None:
        return None
    terms = _terms(match, Decimal(match["strike"]))
    return None if terms is None else OptionTerms(match["series"][:-2], terms.day, terms.right, terms.strike)


def _terms(match: re.Match[str], strike: Decimal) -> OptionTerms | None:
    try:
        day = datetime.strptime(match["day"], "%y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None
    root = match["root"] if "root" in match.re.groupindex else ""
    return OptionTerms(root, day, match["right"], strike)


def _plain(strike: Decimal) -> str:
    return f"{strike.normalize():f}"
