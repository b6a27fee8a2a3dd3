"""Option classes by trading root: underlying, exercise style, AM or PM settlement, delivery, margin rates and tick.

The terms are those of `mesolive_sdk.contract_specs`, each with the page that publishes it. A root that is not in the
table is an option on 100 shares of a stock or fund. A root with a digit that is not in the table is neither: its
contracts were adjusted after a corporate action, are FLEX options, or are of a reduced size, and what they deliver is
not known here.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from msgspec import Struct

from mesolive.market.contracts import (
    FRACTIONAL_UNDERLYINGS,
    ExerciseStyle,
    Settlement,
    Underlying,
    UnderlyingKind,
)
from mesolive_sdk.contract_specs import ClassSpec, UnderlyingSpec, contract_specs

_NONSTANDARD: Final = re.compile(r"(?P<flex>\d?)(?P<base>[A-Z][A-Z.]*)(?P<suffix>\d*)")
MAX_SHOWN: Final = 5
"""Classes that a message names."""

MAX_ROOT: Final = 8
"""Characters of a class that a message shows: texts from outside have any length."""

MINI_SUFFIX: Final = "7"
"""The suffix of options on 10 shares, listed from 2013 to 2014."""


class MarginRate(enum.Enum):
    """Which percentages of the underlying's value a short option is margined at (Cboe Rule 10.3)."""

    BROAD_INDEX = "broad"
    NARROW_INDEX = "narrow"
    VOLATILITY_INDEX = "volatility"
    EQUITY = "equity"
    FUTURES = "futures"


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
    GLOBEX = "globex"
    """0.05 up to 5.00, 0.25 above."""


class Delivery(enum.Enum):
    """What an exercised option delivers."""

    CASH = "cash"
    SHARES = "shares"
    FUTURE = "future"


class OptionClass(Struct, frozen=True):
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
    cycle
        When its options expire, in words; empty where that is not stated.
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
    cycle: str = ""


class UnderlyingClasses(Struct, frozen=True):
    """An underlying of the table.

    Attributes
    ----------
    classes
        Its option classes; the one that a contract without a root means comes first.
    names
        How files spell the index, in lower case.
    """

    symbol: str
    name: str
    kind: UnderlyingKind
    classes: Sequence[OptionClass]
    names: frozenset[str]


def _classes(symbol: str, spec: UnderlyingSpec) -> UnderlyingClasses:
    def terms(shared: ClassSpec, root: str) -> OptionClass:
        return OptionClass(
            root=root,
            underlying=symbol,
            style=ExerciseStyle(shared.style),
            settlement=Settlement(shared.settlement),
            delivery=Delivery(shared.delivers),
            margin=MarginRate(spec.margin),
            tick=TickRule(shared.tick),
            multiplier=shared.multiplier,
            source=spec.source,
            cycle=shared.cycle,
        )

    return UnderlyingClasses(
        symbol,
        spec.name,
        UnderlyingKind[spec.type.upper()],
        tuple(terms(shared, root) for shared in spec.classes for root in shared.roots),
        frozenset(spec.names),
    )


@cache
def listed_underlyings() -> Mapping[str, UnderlyingClasses]:
    """Return the underlyings of the table by their symbol, in the table's order."""
    return {symbol: _classes(symbol, spec) for symbol, spec in contract_specs().underlyings.items()}


@cache
def index_classes() -> Mapping[str, UnderlyingClasses]:
    """Return the indexes of the table by their symbol, in the table's order."""
    return {symbol: item for symbol, item in listed_underlyings().items() if item.kind is UnderlyingKind.INDEX}


@cache
def _by_root() -> Mapping[str, OptionClass]:
    return {entry.root: entry for item in listed_underlyings().values() for entry in item.classes}


def option_class(root: str) -> OptionClass:
    """Return the terms of a root: those of the table, else those of options on 100 shares of the stock of that name."""
    known = _by_root().get(root.upper())
    return known if known is not None else _default_class(root.upper())


@lru_cache(maxsize=4096)
def _default_class(root: str) -> OptionClass:
    return _classes(root, contract_specs().underlying(root)).classes[0]


def roots_of(symbol: str) -> Sequence[str]:
    """Return the roots of an underlying, the one that a contract without a root means first."""
    item = listed_underlyings().get(symbol.upper())
    return (symbol.upper(),) if item is None else tuple(entry.root for entry in item.classes)


def is_index(symbol: str) -> bool:
    """Return whether a symbol is an index of the table."""
    return symbol.upper() in index_classes()


def underlying_kind(symbol: str) -> UnderlyingKind:
    """Return what an underlying is: an index or a future when the table says so, else a stock or fund."""
    return UnderlyingKind[contract_specs().underlying(symbol).type.upper()]


def underlying_of(symbol: str) -> Underlying:
    """Return the underlying with a symbol; see `underlying_kind`."""
    return Underlying(symbol.upper(), underlying_kind(symbol))


def margin_rate_of(symbol: str, kind: UnderlyingKind) -> MarginRate:
    """Return which percentages apply to an underlying: of the table, else every index counts as a broad one."""
    listed = listed_underlyings().get(symbol.upper())
    spec = contract_specs().underlying(symbol)
    if listed is None and spec.type == "Stock" and kind is UnderlyingKind.INDEX:
        return MarginRate.BROAD_INDEX
    return MarginRate(spec.margin)


@lru_cache(maxsize=4096)
def why_adjusted(symbol: str, root: str, multiplier: Decimal) -> str | None:
    """Return why contracts are not of a standard class of their underlying, so that none is selected; or `None`.

    Adjusted contracts deliver something else than their root says: after a split or a special dividend the exchange
    lists them under a root with a digit, or under the same root with another multiplier.

    Parameters
    ----------
    symbol
        Of the underlying.
    root
        Trading class.
    multiplier
        Units of the underlying per contract, as the market states it.
    """
    if symbol in FRACTIONAL_UNDERLYINGS:
        return None
    known = _by_root().get(root.upper())
    if known is None and (digits := nonstandard(root)) is not None:
        return digits
    terms = known if known is not None else _default_class(root.upper())
    if multiplier != terms.multiplier:
        return f"{root} with a multiplier of {multiplier.normalize():f} in place of {terms.multiplier}"
    return None


def unknown_classes(symbol: str, roots: Iterable[str]) -> str:
    """Return a text that names classes of a listing with unknown terms; empty for none.

    Adjusted contracts are left out without a word: they come and go with corporate actions. A class without a digit in
    its root that the table does not have for this underlying is new, or the listing is wrong.

    Parameters
    ----------
    symbol
        Of the underlying.
    roots
        The classes that a provider lists on it.
    """
    unknown = sorted(
        {root for root in roots if option_class(root).underlying != symbol.upper() and nonstandard(root) is None}
    )
    if not unknown:
        return ""
    shown = ", ".join(root[:MAX_ROOT] for root in unknown[:MAX_SHOWN]) + (
        " and others" if len(unknown) > MAX_SHOWN else ""
    )
    return f"the terms of {shown} on {symbol} are not known, so their contracts are left out"


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
    match = None if root.upper() in _by_root() else _NONSTANDARD.fullmatch(root.upper())
    if match is None or not (match["flex"] or match["suffix"]):
        return None
    if match["flex"]:
        return f"FLEX or adjusted options on {match['base']}, whose terms are not known"
    if match["suffix"] == MINI_SUFFIX:
        return f"options on 10 shares of {match['base']}"
    return f"options on {match['base']} adjusted after a corporate action, whose deliverable is not known"


def base_root(root: str) -> str:
    """Return a root without the digits that mark nonstandard contracts."""
    match = None if root.upper() in _by_root() else _NONSTANDARD.fullmatch(root.upper())
    return root.upper() if match is None else match["base"]


def classes_table() -> str:
    """Return the table of classes as a page shows it (Markdown); roots with the same terms share a line."""
    lines = [
        "| roots | underlying | exercise | settles | delivers | multiplier | margin | tick | expire | source |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for symbol, spec in contract_specs().underlyings.items():
        for shared in spec.classes:
            shown = shared.roots if len(shared.roots) < 3 else (f"{shared.roots[0]} to {shared.roots[-1]}",)
            lines.append(
                f"| {', '.join(shown)} | {symbol}, {spec.name} | {shared.style} | {shared.settlement} | "
                f"{shared.delivers} | {shared.multiplier} | {spec.margin} | {shared.tick} | {shared.cycle} | "
                f"[terms]({spec.source}) |"
            )
    return "\n".join([*lines, ""])


def has_carried_forward(symbol: str) -> bool:
    """Return whether the options' forward is the underlying's price carried to their expiration.

    It is not for an index of volatility, which cannot be held: its options are on the future.
    """
    return contract_specs().underlying(symbol).margin != MarginRate.VOLATILITY_INDEX.value
