"""Contract specifications: underlyings, option classes (trading roots), tick tables and trading hours, as data.

The data are `contract_specs.toml` beside this module, with the pages that publish them. What is not in it is a stock or
fund with options on 100 shares.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from mesolive_sdk.models import LiveUnderlying, MesoContractType

__all__ = [
    "ClassSpec",
    "ContractSpecs",
    "HoursSpec",
    "TickTable",
    "UnderlyingSpec",
    "contract_specs",
    "live_underlying",
    "underlying_type",
]


class TickTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the price of an order is a multiple of.

    Attributes
    ----------
    steps
        Pairs of a price and the step from there; the last pair that applies counts.
    above
        Whether a step applies above its price only, and not at it.
    combo
        The step of a combo's net price.
    """

    steps: tuple[tuple[Decimal, Decimal], ...]
    combo: Decimal
    above: bool = False

    def step(self, price: Decimal) -> Decimal:
        """Return the step of a single option's price."""
        result = self.steps[0][1]
        for bound, step in self.steps[1:]:
            if price > bound or (price == bound and not self.above):
                result = step
        return result


class HoursSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a class trades: times of day in New York, "-1 " before a time of the calendar day before.

    Attributes
    ----------
    sessions
        Pairs of opening and close, for one trading day.
    short
        The last close on days on which the stock exchange closes early.
    decisions
        When strategies on it are evaluated: in the session of the stock exchange, or in all sessions of its own.
    source
        The page that publishes them.
    """

    sessions: tuple[tuple[str, str], ...]
    short: str
    decisions: Literal["exchange", "own"]
    source: str


class ClassSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Terms that some roots share.

    Attributes
    ----------
    tick
        Name of a tick table.
    multiplier
        Units of the underlying per contract.
    delivers
        What an exercised option delivers.
    cycle
        When the options expire, in words.
    """

    roots: tuple[str, ...]
    style: Literal["European", "American"]
    settlement: Literal["AM", "PM"]
    tick: str
    multiplier: int = 100
    delivers: Literal["cash", "shares", "future"] = "cash"
    cycle: str = ""


class UnderlyingSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An underlying and its option classes; the class that a contract without a root means comes first.

    Attributes
    ----------
    type
        Index, stock or future.
    exchange
        Where its options are listed.
    hours
        Name of the trading hours.
    margin
        Which percentages a short option is margined at.
    source
        The page that publishes the terms.
    names
        How files spell the underlying, in lower case.
    """

    name: str
    type: Literal["Index", "Stock", "Futures"]
    exchange: str
    hours: str
    margin: Literal["broad", "narrow", "volatility", "equity", "futures"]
    source: str
    classes: tuple[ClassSpec, ...]
    names: tuple[str, ...] = ()


class _Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"option_class": "class"}):
    exchange: str
    hours: str
    margin: Literal["equity"]
    option_class: ClassSpec


class _OtherIndexes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    broad: frozenset[str]
    volatility: frozenset[str]


class ContractSpecs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table."""

    underlyings: dict[str, UnderlyingSpec]
    ticks: dict[str, TickTable]
    hours: dict[str, HoursSpec]
    default: _Default
    indexes: _OtherIndexes

    def names(self, symbol: str) -> bool:
        """Return whether the tables name a symbol; of any other `underlying` supposes a stock or fund."""
        upper = symbol.upper()
        return upper in self.underlyings or upper in self.indexes.broad or upper in self.indexes.volatility

    def underlying(self, symbol: str) -> UnderlyingSpec:
        """Return an underlying of the table, else what its symbol means: an index by name, or a stock or fund."""
        known = self.underlyings.get(symbol.upper())
        if known is not None:
            return known
        index = symbol.upper() in self.indexes.broad or symbol.upper() in self.indexes.volatility
        margin = "volatility" if symbol.upper() in self.indexes.volatility else "broad" if index else "equity"
        return UnderlyingSpec(
            name=symbol.upper(),
            type="Index" if index else "Stock",
            exchange=self.default.exchange,
            hours=self.default.hours,
            margin=margin,
            source="",
            classes=(msgspec.structs.replace(self.default.option_class, roots=(symbol.upper(),)),),
        )


@cache
def contract_specs() -> ContractSpecs:
    """Return the table; read once."""
    text = files("mesolive_sdk").joinpath("contract_specs.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), ContractSpecs)


@cache
def _ticks_by_root() -> Mapping[str, TickTable]:
    specs = contract_specs()
    return {
        root: specs.ticks[terms.tick]
        for underlying in specs.underlyings.values()
        for terms in underlying.classes
        for root in terms.roots
    }


@cache
def _usual_ticks() -> TickTable:
    specs = contract_specs()
    return specs.ticks[specs.default.option_class.tick]


def tick_tables(roots: Sequence[str]) -> list[TickTable]:
    """Return the tick table of each root."""
    by_root, usual = _ticks_by_root(), _usual_ticks()
    return [by_root.get(root, usual) for root in roots]


def underlying_type(symbol: str) -> MesoContractType:
    """Return what an underlying is: an index, a future, or else a stock or fund."""
    return MesoContractType[contract_specs().underlying(symbol).type]


def live_underlying(symbol: str, currency: str = "USD") -> LiveUnderlying:
    """Return an underlying as requests name it, with the contract type that it has."""
    return LiveUnderlying(Symbol=symbol, ContractType=underlying_type(symbol), Currency=currency)
