"""Risk graph: projected PnL and greeks of a position over underlying prices and time.

Each leg keeps its own implied volatility, the carry of its forward and its discount rate, while the price and the time
change ("sticky strike"). From its settlement on a leg is worth its intrinsic value at the price looked at: it was paid
out at settlement and does not change after it. That lets a graph run beyond the first expiration of a calendar spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from mesolive.pricing import black
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.black import FloatArray, Greeks
from mesolive.pricing.cash_dividends import CashDividends

MIN_NET = 1e-6
"""Of a price: what is left of it at least when the dividends to come are taken off."""

MAX_VALUES = 1 << 16
"""Values of a leg's price that are computed at once: legs of one batch share the overhead of a call, and memory is
bounded."""

MIN_DTE = 1.0 / 96.0
"""The shortest time, in days, that weighted vega divides by: a quarter of an hour."""


class RiskLeg(Struct, frozen=True):
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
    dividends
        Of an American contract the cash dividends that are known: part of its life, and amount; ascending. They stay
        what they are at every price.
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
    dividends: Sequence[tuple[float, float]] = ()


class RiskGraph(Struct, frozen=True):
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
    value, delta, gamma, theta, vega, wvega = (np.zeros((days.size, prices.size)) for _ in range(6))
    parts = _parts(legs, days)
    early = _american_legs(legs, parts, spot, prices)
    european = [place for place in range(len(legs)) if place not in early]
    at_once = max(MAX_VALUES // value.size, 1)
    batches = [
        (places, _european_legs([legs[place] for place in places], parts[places], spot, prices))
        for places in (european[first : first + at_once] for first in range(0, len(european), at_once))
    ]
    batches += [([place], Greeks(*(array[None] for array in result))) for place, result in early.items()]
    for places, result in batches:
        part = parts[places]
        quantity = np.array([legs[place].quantity for place in places])
        # What has settled was paid out: no greek of it is left, its delta included.
        alive = quantity[:, None] * (part > 0.0)
        life = np.array([legs[place].days for place in places])[:, None] * part
        weighted = alive * np.sqrt(30.0 / np.maximum(life, MIN_DTE))
        value += np.einsum("l,ldp->dp", quantity, result.price)
        delta += np.einsum("ld,ldp->dp", alive, result.delta)
        gamma += np.einsum("ld,ldp->dp", alive, result.gamma)
        theta += np.einsum("ld,ldp->dp", alive, result.theta)
        vega += np.einsum("ld,ldp->dp", alive, result.vega)
        wvega += np.einsum("ld,ldp->dp", weighted, result.vega)
    cost = sum(leg.cost for leg in legs)
    return RiskGraph(prices, days, value - cost + realized, value, delta, gamma, theta, vega, wvega)


def _parts(legs: Sequence[RiskLeg], days: FloatArray) -> FloatArray:
    """Return (legs, days) what part of its life is left of each leg."""
    life = np.array([leg.days for leg in legs], dtype=np.float64)[:, None]
    safe = np.where(life > 0.0, life, 1.0)
    return np.where(life > 0.0, np.clip(1.0 - days / safe, 0.0, 1.0), 0.0)


def _european_legs(legs: Sequence[RiskLeg], parts: FloatArray, spot: float, prices: FloatArray) -> Greeks:
    """Return the greeks of European legs, (legs, days, prices) each."""

    def column(values: Sequence[float]) -> FloatArray:
        return np.array(values, dtype=np.float64)[:, None, None]

    part = parts[:, :, None]
    forward = prices * (column([leg.forward for leg in legs]) / spot) ** part
    return black.greeks(
        np.array([leg.is_call for leg in legs], dtype=np.bool_)[:, None, None],
        forward,
        column([leg.strike for leg in legs]),
        column([leg.years for leg in legs]) * part,
        column([leg.volatility for leg in legs]),
        column([leg.discount for leg in legs]) ** part,
        prices,
    )


def _american_legs(legs: Sequence[RiskLeg], parts: FloatArray, spot: float, prices: FloatArray) -> dict[int, Greeks]:
    """Return the greeks of the American legs by their places, (days, prices) each: all are solved in one go."""
    places = [place for place, leg in enumerate(legs) if leg.may_exercise_early]
    if not places:
        return {}

    def column(values: Sequence[float]) -> FloatArray:
        return np.array(values, dtype=np.float64)[:, None, None]

    chosen = [legs[place] for place in places]
    part = parts[places][:, :, None]
    discount = column([leg.discount for leg in chosen]) ** part
    arrays = np.broadcast_arrays(
        np.array([leg.is_call for leg in chosen], dtype=np.bool_)[:, None, None],
        prices,
        column([leg.strike for leg in chosen]),
        column([leg.years for leg in chosen]) * part,
        discount,
        np.stack([_forwards(leg, at, spot, prices) for leg, at in zip(chosen, part, strict=True)]),
        column([leg.volatility for leg in chosen]),
    )
    shape = arrays[0].shape
    right = arrays[0].ravel()
    price, strike, years, of_discount, forward, volatility = (array.ravel() for array in arrays[1:])
    rows = [_to_come(leg, float(left)) for leg, at in zip(chosen, part, strict=True) for left in at[:, 0]]
    dividends = CashDividends.of(rows, [prices.size] * len(rows)) if any(rows) else None
    result = AmericanChain(right, price, strike, years, of_discount, forward, dividends).greeks(volatility)
    return {place: Greeks(*(array.reshape(shape)[at] for array in result)) for at, place in enumerate(places)}


def _to_come(leg: RiskLeg, left: float) -> list[tuple[float, float]]:
    """Return a leg's dividends when a part of its life is left: part of that part, and amount."""
    over = 1.0 - left
    return [((at - over) / left, amount) for at, amount in leg.dividends if over < at < 1.0] if left > 0.0 else []


def _forwards(leg: RiskLeg, part: FloatArray, spot: float, prices: FloatArray) -> FloatArray:
    """Return the forwards of a leg, (days, prices): by its yield, or by dividends, which do not move with prices."""
    if not leg.dividends:
        return np.asarray(prices * (leg.forward / spot) ** part)
    interest = -np.log(leg.discount)
    worth = sum(amount * leg.discount**at for at, amount in leg.dividends)
    rest = spot - leg.forward * leg.discount - worth
    rows: list[FloatArray] = []
    for left in part[:, 0].tolist():
        due = sum(amount * np.exp(-interest * left * at) for at, amount in _to_come(leg, left))
        net = np.maximum(prices - due - rest * left, MIN_NET * prices)
        rows.append(net / leg.discount**left)
    return np.stack(rows)


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
