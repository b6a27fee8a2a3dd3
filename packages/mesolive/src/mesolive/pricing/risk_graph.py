"""Risk graph: projected PnL and greeks of a position over underlying prices and time.

Each leg keeps its own implied volatility, the carry of its forward and its discount rate, while the price and the time
change ("sticky strike"). From its settlement on a leg is worth its intrinsic value at the price looked at: it was paid
out at settlement and does not change after it. That lets a graph run beyond the first expiration of a calendar spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesolive.pricing import american, black
from mesolive.pricing.black import FloatArray, Greeks

SHORTEST_DTE = 1.0 / 96.0
"""The shortest time, in days, that weighted vega divides by: a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class RiskLeg:
    """One leg, as the model holds it constant.

    Attributes
    ----------
    strike
        Strike price.
    quantity
        Signed contracts times contract multiplier.
    cost
        Net amount paid for what is held, in account currency; negative for a credit.
    volatility
        Implied volatility as a fraction; NaN makes every value of the position NaN.
    years
        Time to settlement from now as the model counts it.
    days
        Calendar days to settlement from now.
    forward
        Forward price for the settlement now.
    discount
        Discount factor from the settlement now.
    may_exercise_early
        Whether the contract is American: it is worth at least its intrinsic value at any price and day.
    """

    is_call: bool
    strike: float
    quantity: float
    cost: float
    volatility: float
    years: float
    days: float
    forward: float
    discount: float
    may_exercise_early: bool = False


@dataclass(frozen=True, slots=True)
class RiskGraph:
    """Values of the whole position; every array but the first two has the shape (days, prices).

    Attributes
    ----------
    prices
        Prices of the underlying.
    days
        Calendar days from now.
    pnl
        Profit and loss in account currency, what was realised included.
    value
        Value of what is held, in account currency.
    delta, gamma, theta, vega, wvega
        In the strategy language's units: quantity and multiplier included, theta per calendar day, vega per point.
    """

    prices: FloatArray
    days: FloatArray
    pnl: FloatArray
    value: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    wvega: FloatArray


def risk_graph(
    legs: Sequence[RiskLeg], spot: float, prices: FloatArray, days: FloatArray, *, realized: float = 0.0
) -> RiskGraph:
    """Return the risk graph of a position.

    Parameters
    ----------
    legs
        What is held.
    spot
        Price of the underlying now, of the same moment as the legs' forwards.
    prices
        (P,) prices of the underlying to look at, greater than zero.
    days
        (D,) calendar days from now, at least zero; from a leg's settlement on it is worth its intrinsic value.
    realized
        What the position has realised in account currency.
    """
    shape = (days.size, prices.size)
    value, delta, gamma, theta, vega, wvega = (np.zeros(shape) for _ in range(6))
    cost = 0.0
    parts = [
        np.clip(1.0 - days / leg.days, 0.0, 1.0)[:, None] if leg.days > 0.0 else np.zeros((days.size, 1))
        for leg in legs
    ]
    early = _american_legs(legs, parts, spot, prices)
    for place, (leg, part) in enumerate(zip(legs, parts, strict=True)):
        result = early.get(place)
        if result is None:
            forward = prices * (leg.forward / spot) ** part
            years, discount = leg.years * part, leg.discount**part
            result = black.greeks(leg.is_call, forward, leg.strike, years, leg.volatility, discount, prices)
        # What has settled was paid out: no greek of it is left, its delta included.
        alive = leg.quantity * (part > 0.0)
        value += leg.quantity * result.price
        delta += alive * result.delta
        gamma += alive * result.gamma
        theta += alive * result.theta
        vega += alive * result.vega
        wvega += alive * result.vega * np.sqrt(30.0 / np.maximum(leg.days * part, SHORTEST_DTE))
        cost += leg.cost
    return RiskGraph(prices, days, value - cost + realized, value, delta, gamma, theta, vega, wvega)


def _american_legs(
    legs: Sequence[RiskLeg], parts: Sequence[FloatArray], spot: float, prices: FloatArray
) -> dict[int, Greeks]:
    """Return the greeks of the American legs by their places, (days, prices) each: all are solved in one go."""
    places = [place for place, leg in enumerate(legs) if leg.may_exercise_early]
    if not places:
        return {}

    def column(values: Sequence[float]) -> FloatArray:
        return np.array(values, dtype=np.float64)[:, None, None]

    chosen = [legs[place] for place in places]
    part = np.stack([parts[place] for place in places])
    result = american.greeks(
        np.array([leg.is_call for leg in chosen], dtype=np.bool_)[:, None, None],
        prices,
        column([leg.strike for leg in chosen]),
        column([leg.years for leg in chosen]) * part,
        column([leg.volatility for leg in chosen]),
        column([leg.discount for leg in chosen]) ** part,
        prices * (column([leg.forward for leg in chosen]) / spot) ** part,
    )
    return {place: Greeks(*(array[at] for array in result)) for at, place in enumerate(places)}


def thirds_to_expiration(legs: Sequence[RiskLeg]) -> FloatArray:
    """Return the usual days of a risk graph: now, one third, two thirds and all of the way to the first settlement."""
    first = min((leg.days for leg in legs), default=0.0)
    return max(first, 0.0) * np.array([0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0])


def price_range(spot: float, *, width: float = 0.15, points: int = 121) -> FloatArray:
    """Return evenly spaced prices around `spot`, which is one of them when `points` is odd.

    Parameters
    ----------
    spot
        Price of the underlying.
    width
        How far to both sides, as a fraction of the price.
    points
        How many prices.
    """
    return np.linspace(spot * (1.0 - width), spot * (1.0 + width), points)
