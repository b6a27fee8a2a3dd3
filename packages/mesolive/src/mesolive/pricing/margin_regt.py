"""Reg-T strategy-based margin of options: the exchange's requirement for each structure in a position.

The rules are those of the exchange's margin rule (Cboe Rule 10.3, formerly 12.3, and its margin manual; FINRA Rule 4210
(f)(2) is the same), in our own words:

* **Long options** are paid in full. Nothing more is required of them, and they have no value but as cover.
* **A short option alone** requires its current value, plus a percentage of the underlying's value less the amount by
  which the option is out of the money, at least a minimum percentage of the underlying's value (call) or of the strike
  (put). See `NakedRates`.
* **A short put with a short call** requires the greater of the two requirements, plus the other option's current value.
* **A spread** requires its largest loss by intrinsic value, looked at with the underlying at each strike in it, or
  nothing where there is none. As many options of each kind are long as are short, and no long one expires before a
  short one. Verticals, butterflies, condors, their iron forms, boxes, calendars and diagonals are all spreads, and of
  an iron condor only the side that is worse counts (universal spread rule, SR-CBOE-2012-043, 77 FR 54626).

A broker may divide a position into structures as suits the customer best: the requirement of a position is the lowest
of all divisions (`mesolive.pricing.margin_search`). What the sale brought may be applied to the requirement: the
proceeds of a short option alone or of a pair, the net credit of a spread. `CBOEVanilla` is the requirement before that,
`CBOEPermissive` after it, structure by structure and never below zero.

Pure; money and quantities are exact.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec import Struct

ZERO = Decimal(0)
FINEST_STEP = Decimal("0.000001")
"""Quantities are counted in steps of this size or larger."""


class RegTMode(enum.Enum):
    """Whether what a sale brought is applied to its requirement; the values are those of strategy definitions."""

    VANILLA = "CBOEVanilla"
    PERMISSIVE = "CBOEPermissive"


class NakedRates(Struct, frozen=True):
    """What is required of a short option alone, beside its value, as fractions.

    Attributes
    ----------
    percent
        Of the underlying's value; from it the out-of-the-money amount is taken off.
    minimum
        Of the underlying's value for a call, of the strike for a put: the least.
    """

    percent: Decimal
    minimum: Decimal


BROAD_INDEX = NakedRates(Decimal("0.15"), Decimal("0.10"))
"""Options on broad-based indexes."""

EQUITY = NakedRates(Decimal("0.20"), Decimal("0.10"))
"""Options on stocks, funds, narrow-based indexes and volatility indexes."""


@dataclass(frozen=True, slots=True)
class RegTLeg:
    """One option leg. All legs that are margined together are on one underlying.

    Attributes
    ----------
    expires
        When its last settlement value is taken. Decides whether a long option covers a short one.
    quantity
        Signed contracts.
    price
        Current value per unit of the underlying.
    entry
        Average price per unit at which it was bought or sold, which only `CBOEPermissive` reads; `None` stands for
        `price`.
    multiplier
        Units of the underlying per contract. Legs of different multipliers are not combined.
    """

    is_call: bool
    strike: Decimal
    expires: datetime
    quantity: Decimal
    price: Decimal
    entry: Decimal | None = None
    multiplier: Decimal = Decimal(100)

    @property
    def paid(self) -> Decimal:
        """The entry price per unit; without one, the current price."""
        return self.price if self.entry is None else self.entry

    def intrinsic(self, price: Decimal) -> Decimal:
        """Return its intrinsic value per unit with the underlying at `price`."""
        return max(price - self.strike if self.is_call else self.strike - price, ZERO)

    def order(self) -> tuple[object, ...]:
        """Return what legs are sorted by, so that the order in which they are given means nothing."""
        return (self.multiplier, self.is_call, self.expires, self.strike, self.quantity, self.price, self.paid)


class StructureKind(enum.Enum):
    """The structures of the margin rules; a long option that covers nothing is in none of them."""

    SPREAD = "spread"
    SHORT_PAIR = "short put and call"
    NAKED = "naked"


class Structure(Struct, frozen=True):
    """A part of a position that is margined by one rule.

    Attributes
    ----------
    parts
        Its legs, each with the signed contracts of it that are in this structure.
    requirement
        In currency of the underlying.
    """

    kind: StructureKind
    parts: tuple[tuple[RegTLeg, Decimal], ...]
    requirement: Decimal


class Requirement(Struct, frozen=True):
    """The margin of a position.

    Attributes
    ----------
    amount
        The sum over its structures.
    lowest
        Whether it is proven that no other division requires less. The search is bounded: of a huge position, the
        division may be merely a good one, which the rules allow as well.
    """

    amount: Decimal
    structures: tuple[Structure, ...]
    lowest: bool


def naked_requirement(leg: RegTLeg, spot: Decimal, rates: NakedRates) -> Decimal:
    """Return what is required of one unit of a short option alone, its current value included.

    Parameters
    ----------
    leg
        The option.
    spot
        Price of the underlying.
    rates
        The percentages that apply to the underlying.
    """
    out_of_the_money = max(leg.strike - spot if leg.is_call else spot - leg.strike, ZERO)
    least = rates.minimum * (spot if leg.is_call else leg.strike)
    return leg.price + max(rates.percent * spot - out_of_the_money, least)


def pair_requirement(put: RegTLeg, call: RegTLeg, spot: Decimal, rates: NakedRates) -> Decimal:
    """Return what is required of one unit of a short put with a short call, their current values included."""
    of_put, of_call = naked_requirement(put, spot, rates), naked_requirement(call, spot, rates)
    # Of equal requirements the one counts whose partner is dearer.
    return sum(max((of_put, call.price), (of_call, put.price)), ZERO)


def spread_loss(parts: Sequence[tuple[RegTLeg, Decimal]]) -> Decimal:
    """Return the largest loss by intrinsic value per unit of multiplier, at least zero.

    Between strikes the value is a straight line, and beyond the outermost ones it is level, as there are as many long
    as short options of each kind: so the largest loss is at a strike.
    """
    worst = ZERO
    for price in {leg.strike for leg, _ in parts}:
        worst = max(worst, -sum((quantity * leg.intrinsic(price) for leg, quantity in parts), ZERO))
    return worst


def proceeds(parts: Sequence[tuple[RegTLeg, Decimal]]) -> Decimal:
    """Return what the trades brought per unit of multiplier: the net credit; negative for a debit."""
    return -sum((quantity * leg.paid for leg, quantity in parts), ZERO)


def structure(
    kind: StructureKind,
    parts: Sequence[tuple[RegTLeg, Decimal]],
    spot: Decimal,
    rates: NakedRates,
    mode: RegTMode,
) -> Structure:
    """Return a structure with what it requires.

    Parameters
    ----------
    kind
        By which rule; `parts` are what that rule is for: one short leg, a short put and a short call of equal
        quantity, or a spread.
    parts
        Legs of one multiplier with the signed contracts of each.
    """
    first, quantity = parts[0]
    match kind:
        case StructureKind.NAKED:
            required = -quantity * naked_requirement(first, spot, rates)
        case StructureKind.SHORT_PAIR:
            put, call = sorted((leg for leg, _ in parts), key=lambda leg: leg.is_call)
            required = -quantity * pair_requirement(put, call, spot, rates)
        case StructureKind.SPREAD:
            required = spread_loss(parts)
    if mode is RegTMode.PERMISSIVE:
        required = max(required - max(proceeds(parts), ZERO), ZERO)
    return Structure(kind, tuple(parts), required * first.multiplier)


def step_of(legs: Sequence[RegTLeg]) -> Decimal:
    """Return the size in which quantities are counted: one contract, or a decimal part of it where legs have parts."""
    places = max((-int(leg.quantity.normalize().as_tuple().exponent) for leg in legs if leg.quantity), default=0)
    return max(Decimal(1).scaleb(-max(places, 0)), FINEST_STEP)


def steps(leg: RegTLeg, step: Decimal) -> int:
    """Return how many steps of size `step` a leg has, without its sign.

    What does not divide is rounded so that it never lowers a requirement: short quantities up, long ones down.
    """
    counted = (abs(leg.quantity) / step).to_integral_value(ROUND_CEILING if leg.quantity < 0 else ROUND_FLOOR)
    return int(counted)
