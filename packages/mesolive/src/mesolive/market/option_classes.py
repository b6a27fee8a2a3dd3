"""Option classes by trading root: underlying, exercise style, AM or PM settlement, delivery, margin rates and tick.

The classes of index options are data, in `option_classes.toml`, each with the page that publishes its terms. A root
that is not in the table is an option on 100 shares of a stock or fund. A root with a digit is neither: its contracts
were adjusted after a corporate action, are FLEX options, or are of a reduced size, and what they deliver is not known
here.
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from mesolive.market.contracts import ExerciseStyle, Settlement, Underlying

_NONSTANDARD: Final = re.compile(r"(?P<flex>\d?)(?P<base>[A-Z][A-Z.]*)(?P<suffix>\d*)")
MINI_SUFFIX: Final = "7"
"""The suffix of options on 10 shares, listed from 2013 to 2014."""


class MarginRate(enum.Enum):
    """Which percentages of the underlying's value a short option is margined at (Cboe Rule 10.3)."""

    BROAD_INDEX = "broad"
    NARROW_INDEX = "narrow"
    VOLATILITY_INDEX = "volatility"
    EQUITY = "equity"


class TickRule(enum.Enum):
    """What the price of a single option is a multiple of."""

    NICKEL = "nickel"
    """0.05 below 3.00, 0.10 from there."""
    PENNY = "penny"
    """0.01."""
    PENNY_BELOW_3 = "penny below 3"
    """0.01 below 3.00, 0.05 from there."""
    BY_CLASS = "by class"
    """Decided by the penny interval programme: 0.01, or 0.01 and 0.05, or 0.05 and 0.10."""


class Delivery(enum.Enum):
    """What an exercised option delivers."""

    CASH = "cash"
    SHARES = "shares"


@dataclass(frozen=True, slots=True)
class OptionClass:
    """The terms that all options of one root share.

    Attributes
    ----------
    root
        Trading class, such as `SPXW`.
    underlying
        Symbol of what it is written on, such as `SPX`.
    multiplier
        Units of the underlying per contract.
    source
        The page that publishes the terms; empty for options on shares.
    """

    root: str
    underlying: str
    style: ExerciseStyle
    settlement: Settlement
    delivery: Delivery
    margin: MarginRate
    tick: TickRule
    multiplier: int = 100
    source: str = ""


@dataclass(frozen=True, slots=True)
class IndexClasses:
    """An index that options are listed on.

    Attributes
    ----------
    classes
        Its option classes; the one that a contract without a root means comes first.
    names
        How files spell the index, in lower case.
    """

    symbol: str
    name: str
    classes: Sequence[OptionClass]
    names: frozenset[str]


class _Root(msgspec.Struct, forbid_unknown_fields=True):
    root: str
    style: ExerciseStyle
    settlement: Settlement
    tick: TickRule
    multiplier: int = 100


class _Index(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    margin: MarginRate
    names: list[str]
    source: str
    roots: list[_Root]


@cache
def index_classes() -> Mapping[str, IndexClasses]:
    """Return the indexes of the table by their symbol, in the table's order."""
    text = files("mesolive.market").joinpath("option_classes.toml").read_text(encoding="utf-8")
    table = msgspec.convert(tomllib.loads(text), dict[str, _Index])
    return {
        symbol: IndexClasses(
            symbol,
            index.name,
            tuple(
                OptionClass(
                    root=entry.root,
                    underlying=symbol,
                    style=entry.style,
                    settlement=entry.settlement,
                    delivery=Delivery.CASH,
                    margin=index.margin,
                    tick=entry.tick,
                    multiplier=entry.multiplier,
                    source=index.source,
                )
                for entry in index.roots
            ),
            frozenset(index.names),
        )
        for symbol, index in table.items()
    }


@cache
def _by_root() -> Mapping[str, OptionClass]:
    return {entry.root: entry for index in index_classes().values() for entry in index.classes}


def option_class(root: str) -> OptionClass:
    """Return the terms of a root: those of the table, else those of options on 100 shares of the stock of that name."""
    known = _by_root().get(root.upper())
    if known is not None:
        return known
    return OptionClass(
        root=root.upper(),
        underlying=root.upper(),
        style=ExerciseStyle.AMERICAN,
        settlement=Settlement.PM,
        delivery=Delivery.SHARES,
        margin=MarginRate.EQUITY,
        tick=TickRule.BY_CLASS,
    )


def roots_of(symbol: str) -> Sequence[str]:
    """Return the roots of an underlying, the one that a contract without a root means first."""
    index = index_classes().get(symbol.upper())
    return (symbol.upper(),) if index is None else tuple(entry.root for entry in index.classes)


def is_index(symbol: str) -> bool:
    """Return whether a symbol is an index of the table."""
    return symbol.upper() in index_classes()


def underlying_of(symbol: str) -> Underlying:
    """Return the underlying with a symbol: an index when the table has it, else a stock or fund."""
    return Underlying(symbol.upper(), is_index=is_index(symbol))


def index_named(name: str) -> str | None:
    """Return the symbol of the index that a file names so, or `None`: exact names of the table only."""
    wanted = " ".join(name.casefold().replace("®", "").replace("’", "'").split())
    return next((index.symbol for index in index_classes().values() if wanted in index.names), None)


def nonstandard(root: str) -> str | None:
    """Return why contracts of a root are not options on 100 shares of the stock that it names, or `None`.

    A digit behind the name marks contracts that a corporate action has adjusted (7: options on 10 shares); a digit
    in front of it marks FLEX options. Names of stocks have no digits.

    Source: OCC, Options Symbology Initiative, version 1.8, on nonstandard deliverables.
    """
    match = _NONSTANDARD.fullmatch(root.upper())
    if match is None or not (match["flex"] or match["suffix"]):
        return None
    if match["flex"]:
        return f"FLEX or adjusted options on {match['base']}, whose terms the file does not state"
    if match["suffix"] == MINI_SUFFIX:
        return f"options on 10 shares of {match['base']}"
    return f"options on {match['base']} adjusted after a corporate action, whose deliverable the file does not state"


def base_root(root: str) -> str:
    """Return a root without the digits that mark nonstandard contracts."""
    match = _NONSTANDARD.fullmatch(root.upper())
    return root.upper() if match is None else match["base"]


def classes_table() -> str:
    """Return the table of classes as a page shows it (Markdown)."""
    lines = [
        "| root | underlying | exercise | settles | delivers | margin | tick | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {entry.root} | {entry.underlying}, {index.name} | {entry.style.value} | {entry.settlement.value} | "
        f"{entry.delivery.value} | {entry.margin.value} | {entry.tick.value} | [terms]({entry.source}) |"
        for index in index_classes().values()
        for entry in index.classes
    ]
    return "\n".join([*lines, ""])
