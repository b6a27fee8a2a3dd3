"""Value and running PnL of what is held, by its marks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.positions import Leg


def open_value(held: Iterable[Leg], marks: Marks) -> Decimal | None:
    """Return the value of the legs at their marks, in account currency; `None` while one has no mark."""
    value = Decimal(0)
    for leg in held:
        if leg.holding.qty != 0:
            mark = marks.of(leg.traded.contract)
            if mark is None:
                return None
            value += mark * leg.holding.qty * leg.holding.multiplier
    return value


def unrealized(held: Iterable[Leg], value: Decimal | None) -> Decimal | None:
    """Return what legs of a value have brought so far, rounded to 1/10,000; `None` where the value is not known."""
    if value is None:
        return None
    return round(value - sum((leg.holding.cost for leg in held), Decimal(0)), 4)


def sum_of(*amounts: Decimal | None) -> Decimal | None:
    """Return the sum of some amounts; `None` where one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None
