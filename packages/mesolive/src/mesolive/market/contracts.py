"""Instruments: option contracts and their underlyings."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

FRACTIONAL_UNDERLYINGS = frozenset({"BTCUSD", "ETHUSD", "SOLUSD"})
"""Options on these trade in fractions of a contract; all others in whole contracts."""


class Right(enum.Enum):
    """Which side an option is: the value is the letter of OSI symbols."""

    CALL = "C"
    PUT = "P"

    # Members are single objects; the hash of `Enum` runs in Python and is a tenth of the time of reading a chain.
    __hash__ = object.__hash__


class Settlement(enum.Enum):
    """When in the session of its expiration day an option's settlement value is taken."""

    AM = "AM"
    PM = "PM"


class ExerciseStyle(enum.Enum):
    """Whether an option may be exercised before its expiration."""

    EUROPEAN = "European"
    AMERICAN = "American"


class UnderlyingKind(enum.Enum):
    """What options are written on; the values are the names of the wire's contract types."""

    INDEX = "Index"
    STOCK = "Stock"
    """A stock or a fund."""
    FUTURES = "Futures"


class Underlying(Struct, frozen=True):
    """What options are written on.

    Attributes
    ----------
    symbol
        The symbol that strategies use, such as `SPX`.
    kind
        An index, a stock or fund, or a future: then its price is that of the nearest future that has not expired, and
        each option's own future may be a later one (`MarketView.forward` is its price).
    currency
        ISO code of the currency in which it is quoted.
    """

    symbol: str
    kind: UnderlyingKind = UnderlyingKind.INDEX
    currency: str = "USD"

    @property
    def is_index(self) -> bool:
        """Whether it is an index."""
        return self.kind is UnderlyingKind.INDEX

    @property
    def is_future(self) -> bool:
        """Whether it is a future."""
        return self.kind is UnderlyingKind.FUTURES


@dataclass(frozen=True, slots=True)
class Expiration:
    """One expiration of one root: the unit in which chains are kept.

    Attributes
    ----------
    root
        Trading class, such as `SPX` (AM settled) or `SPXW` (PM settled).
    day
        Exchange-local date of the last settlement.
    settles_at
        The instant, in UTC, at which the settlement value is taken: the opening of `day` for AM, its close for PM.
        Time to expiry is counted to this instant.
    settlement
        AM or PM.
    style
        European or American.
    multiplier
        Units of the underlying per contract.
    """

    root: str
    day: date
    settles_at: datetime
    settlement: Settlement
    style: ExerciseStyle = ExerciseStyle.EUROPEAN
    multiplier: Decimal = Decimal(100)


class OptionContract(Struct, frozen=True, cache_hash=True):
    """One option contract. Equal contracts are the same contract.

    It is the key of many tables, so its hash is computed once.
    """

    underlying: str
    root: str
    day: date
    right: Right
    strike: Decimal
    multiplier: Decimal = Decimal(100)

    @property
    def symbol(self) -> str:
        """The OSI-like symbol that exchange exports use, such as `SPXW220207C02400000`."""
        return f"{self.root}{self.day:%y%m%d}{self.right.value}{int(self.strike * 1000):08d}"

    def __str__(self) -> str:
        kind = "Call" if self.right is Right.CALL else "Put"
        return f"{self.underlying}.{self.root}.{self.day}.{self.strike.normalize():f}.{kind}.{self.multiplier}"
