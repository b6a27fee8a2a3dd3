"""Value, running PnL and greeks of what is held, by its marks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from math import isfinite

from msgspec import Struct

from mesolive.market.contracts import Right
from mesolive.pricing.black import FloatArray
from mesolive.trading.portfolio.marks import Marks, exact
from mesolive.trading.portfolio.positions import Leg
from mesolive_sdk import models

GREEK_DECIMALS = 6


class HeldGreeks(Struct, frozen=True):
    """Greeks of all that is held.

    Attributes
    ----------
    values
        Sums over the legs at their marks, in the units of the wire.
    delta_dollars
        Each underlying's delta times its price, in account currency: deltas of several underlyings in one measure.
    """

    values: models.GreekValues
    delta_dollars: Decimal | None


def held_greeks(held: Iterable[Leg], marks: Marks) -> HeldGreeks | None:
    """Return the greeks of the legs; `None` while one of them has none."""
    delta = gamma = theta = vega = dollars = 0.0
    columns: dict[tuple[str, date, Right], tuple[FloatArray, ...]] = {}
    for leg in held:
        if leg.holding.qty == 0:
            continue
        view = marks.view(leg.traded.contract.underlying)
        location = None if view is None else view.find(leg.traded.contract)
        spot = None if view is None else view.underlying.quote.mark
        if location is None or spot is None:
            return None
        chain, index = location
        contract = leg.traded.contract
        of_chain = columns.get((contract.root, contract.day, contract.right))
        if of_chain is None:
            of_chain = chain.delta, chain.gamma, chain.theta, chain.vega
            columns[contract.root, contract.day, contract.right] = of_chain
        scale = float(leg.holding.qty * leg.holding.multiplier)
        of_leg, *others = (scale * float(column[index]) for column in of_chain)
        delta += of_leg
        dollars += of_leg * spot
        gamma, theta, vega = gamma + others[0], theta + others[1], vega + others[2]
    if not isfinite(delta + gamma + theta + vega):
        return None
    sums = (exact(round(value, GREEK_DECIMALS)) for value in (delta, gamma, theta, vega))
    return HeldGreeks(
        models.GreekValues(**dict(zip(("Delta", "Gamma", "Theta", "Vega"), sums, strict=True))),
        exact(round(dollars, 2)),
    )


def open_value(legs: Iterable[Leg], marks: Marks) -> Decimal | None:
    """Return the value of the legs at their marks, in account currency; `None` while one has no mark."""
    value = Decimal(0)
    for leg in legs:
        if leg.holding.qty != 0:
            mark = marks.of(leg.traded.contract)
            if mark is None:
                return None
            value += mark * leg.holding.qty * leg.holding.multiplier
    return value


def unrealized(legs: Iterable[Leg], value: Decimal | None) -> Decimal | None:
    """Return what legs of a value have brought so far, rounded to 1/10,000; `None` where the value is not known."""
    if value is None:
        return None
    return round(value - sum((leg.holding.cost for leg in legs), Decimal(0)), 4)


def sum_of(*amounts: Decimal | None) -> Decimal | None:
    """Return the sum of some amounts; `None` where one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None
