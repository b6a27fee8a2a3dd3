"""Tick sizes (minimum price increments) of options and combos by trading class.

The tables are those of `contract_specs.toml`. SPX, SPXW and other broad index classes: 0.05 below 3.00 and 0.10 from
there, combos 0.05. Classes that trade in pennies throughout: 0.01. Options on E-mini futures: 0.05 up to 5.00 and 0.25
above, combos 0.05. Others: 0.05 and 0.10, combos 0.01.

Prices are those of one combo per unit of the underlying: positive a debit, negative a credit. So the lower price is the
better one for the sender of the order, whatever its sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from mesolive_sdk.contract_specs import tick_tables

__all__ = ["on_tick", "tick_above", "tick_below", "tick_of", "ticks_up"]

PENNY = Decimal("0.01")


def tick_of(roots: Sequence[str], price: Decimal) -> Decimal:
    """Return the step that the price of an order must be a multiple of.

    Parameters
    ----------
    roots
        The trading class of each leg: one for a single option, more for a combo.
    price
        Per combo and unit of the underlying; its sign does not matter.
    """
    tables = tick_tables(roots)
    if len(tables) == 1:
        return tables[0].step(abs(price))
    return max([table.combo for table in tables], default=PENNY)


def on_tick(roots: Sequence[str], price: Decimal) -> bool:
    """Whether an order may have this price."""
    return price % tick_of(roots, price) == 0


def tick_below(roots: Sequence[str], price: Decimal) -> Decimal:
    """Return the highest price of an order that is not above `price`: the rounding in favour of who sends it."""
    return _rounded(roots, price, ROUND_FLOOR)


def tick_above(roots: Sequence[str], price: Decimal) -> Decimal:
    """Return the lowest price of an order that is not below `price`: the rounding that gives way."""
    return _rounded(roots, price, ROUND_CEILING)


def ticks_up(roots: Sequence[str], price: Decimal, number: int) -> Decimal:
    """Return the price that lies `number` steps above a price on the tick; steps grow and shrink on the way."""
    for _ in range(number):
        price += tick_of(roots, price + PENNY)  # the step of where it goes, which differs at the threshold
    return price


def _rounded(roots: Sequence[str], price: Decimal, rounding: str) -> Decimal:
    tick = tick_of(roots, price)
    # Adding zero turns the zero with a minus that rounding may leave into a plain one.
    return (price / tick).to_integral_value(rounding=rounding) * tick + Decimal(0)
