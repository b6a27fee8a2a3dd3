"""Accounting of fills: holdings, cash and realised PnL, pure arithmetic on exact decimals.

Every amount in account currency is kept as the exact sum that changed hands, never as a rounded average, so that books
balance to the last digit: cash + cost of what is held = start + realised PnL. Averages are derived for display.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from math import gcd

from msgspec import Struct

AVERAGE_QUANTUM = Decimal("0.00000001")
"""Averages for display are rounded to eight decimals."""
PART_QUANTUM = Decimal("0.0000000001")
"""A part of an amount is cut at ten decimals; the other part is what is left, so that both together are the amount."""

EMPTY = Decimal(0)


class Fill(Struct, frozen=True):
    """One leg's fill.

    Attributes
    ----------
    price
        Per unit of the underlying, commission excluded.
    qty
        Signed contracts: positive bought, negative sold.
    multiplier
        Units of the underlying per contract.
    commission
        In account currency for the whole fill; positive is paid.
    """

    price: Decimal
    qty: Decimal
    multiplier: Decimal
    commission: Decimal
    at: datetime

    @property
    def cash_change(self) -> Decimal:
        """What the fill adds to the account's cash: a purchase and a commission are negative."""
        return -self.price * self.qty * self.multiplier - self.commission


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of one contract under one leg name.

    Attributes
    ----------
    qty
        Signed contracts; zero when nothing is held.
    cost
        Exact net amount paid for what is held, commissions included; negative for a credit received.
    """

    qty: Decimal
    cost: Decimal
    multiplier: Decimal

    @property
    def average_price(self) -> Decimal:
        """Average entry price per unit with commission, rounded for display; zero when nothing is held."""
        if self.qty == 0:
            return Decimal(0)
        return round_average(self.cost / (self.qty * self.multiplier))


def round_average(value: Decimal) -> Decimal:
    """Return `value` rounded half-even to eight decimals, written without an exponent or trailing zeros."""
    return _plain(value.quantize(AVERAGE_QUANTUM, rounding=ROUND_HALF_EVEN))


def apply_fill(holding: Holding, fill: Fill) -> tuple[Holding, Decimal]:
    """Add one fill to a holding.

    A fill in the direction of the holding, or onto nothing, adds to its cost. A fill against it closes up to the whole
    holding and realises the difference; one that goes through zero closes all and opens the rest at its price, with the
    commission split by quantity.

    Parameters
    ----------
    holding
        What was held before.
    fill
        What happened.

    Returns
    -------
    The holding afterwards, and the realised PnL in account currency (zero when the fill only opens).
    """
    if fill.qty == 0:
        return holding, EMPTY
    if holding.qty == 0 or (holding.qty > 0) == (fill.qty > 0):
        return Holding(holding.qty + fill.qty, holding.cost - fill.cash_change, holding.multiplier), EMPTY
    if abs(fill.qty) <= abs(holding.qty):
        remaining = holding.qty + fill.qty
        closed_cost = holding.cost if remaining == 0 else _part(holding.cost, -fill.qty, holding.qty)
        realized = fill.cash_change - closed_cost
        return Holding(remaining, holding.cost - closed_cost, holding.multiplier), realized
    closing_commission = _part(fill.commission, holding.qty, -fill.qty)
    closing = Fill(fill.price, -holding.qty, fill.multiplier, closing_commission, fill.at)
    opening = Fill(fill.price, fill.qty + holding.qty, fill.multiplier, fill.commission - closing_commission, fill.at)
    flat, realized = apply_fill(holding, closing)
    opened, _ = apply_fill(flat, opening)
    return opened, realized


def _part(amount: Decimal, qty: Decimal, of: Decimal) -> Decimal:
    """Return what `qty` contracts have of an amount for `of` contracts."""
    return (amount * qty / of).quantize(PART_QUANTUM, rounding=ROUND_HALF_EVEN)


class GroupQuantity(Struct, frozen=True):
    """A leg group as one combo: `qty` combos (0 for a group of marker legs), each with `ratios` by leg name."""

    qty: Decimal
    ratios: Mapping[str, Decimal]


def group_quantity(quantities: Mapping[str, Decimal]) -> GroupQuantity:
    """Return the largest number of equal combos that the legs of one group make.

    Parameters
    ----------
    quantities
        Signed contracts by leg name; marker legs (0) take part with ratio 0. Fractions are allowed (crypto): the
        ratios are whole all the same.

    Returns
    -------
    The number of combos and the signed whole ratio of each leg.
    """
    combos, ratios = _combos_and_ratios(tuple(quantities.values()))
    return GroupQuantity(combos, dict(zip(quantities, ratios, strict=True)))


@lru_cache(maxsize=1024)
def _combos_and_ratios(quantities: tuple[Decimal, ...]) -> tuple[Decimal, tuple[Decimal, ...]]:
    """Return the number of combos and the ratio of each leg; kept, as strategies order the same ratios again."""
    combos = combos_of(quantities)
    if combos == 0:
        return EMPTY, (EMPTY,) * len(quantities)
    return combos, tuple((qty / combos).quantize(Decimal(1)) for qty in quantities)


def combos_of(quantities: Iterable[Decimal]) -> Decimal:
    """Return the largest number of equal combos that signed quantities make: their common divisor; 0 for none but 0."""
    sizes = [abs(qty) for qty in quantities if qty != 0]
    scale = max((_decimals(size) for size in sizes), default=0)
    return _plain(Decimal(gcd(*(int(size.scaleb(scale)) for size in sizes))).scaleb(-scale))


def combo_price(ratios: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> Decimal:
    """Return the price of one combo: positive is a debit, negative a credit. Legs with ratio 0 need no price."""
    return sum((ratio * prices[name] for name, ratio in ratios.items() if ratio != 0), EMPTY)


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of `values`."""
    return sum(values, EMPTY)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _plain(value: Decimal) -> Decimal:
    """Without an exponent: 1E+1 becomes 10."""
    normal = value.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else normal
