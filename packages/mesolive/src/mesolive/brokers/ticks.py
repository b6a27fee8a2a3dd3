"""Price steps of options and combos by trading class.

Source: the minimum increments of Cboe's options exchanges. SPX, SPXW and other broad index classes: 0.05 below 3.00 and
0.10 from there, combos 0.05. Classes of the penny interval programme that trade in pennies throughout: 0.01. Others:
0.05 and 0.10, combos 0.01.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

PENNY = Decimal("0.01")
NICKEL = Decimal("0.05")
DIME = Decimal("0.10")
THRESHOLD = Decimal(3)

INDEX_ROOTS = frozenset({"SPX", "SPXW", "NDX", "NDXP", "RUT", "RUTW", "DJX", "MRUT", "XSP"})
PENNY_ROOTS = frozenset({"SPY", "QQQ", "IWM"})


def tick_of(roots: Iterable[str], price: Decimal) -> Decimal:
    """Return the step that the price of an order must be a multiple of.

    Parameters
    ----------
    roots
        The trading class of each leg: one for a single option, more for a combo.
    price
        Per combo and unit of the underlying; its sign does not matter.
    """
    classes = list(roots)
    if all(root in PENNY_ROOTS for root in classes):
        return PENNY
    if len(classes) > 1:
        return NICKEL if any(root in INDEX_ROOTS for root in classes) else PENNY
    return NICKEL if abs(price) < THRESHOLD else DIME


def on_tick(roots: Iterable[str], price: Decimal) -> bool:
    """Whether an order may have this price."""
    return price % tick_of(roots, price) == 0
