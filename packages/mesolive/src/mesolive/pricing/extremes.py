"""Maximum profit and maximum loss of option legs: exact payoffs at expiration, a model's value before the last one.

The rules are those of `mesolive.pricing.payoff`, in arrays, for sums of many positions: the payoff is piecewise linear,
so its extremes lie at a price of zero, at a strike, or at infinity; with several expirations what is sold is covered by
what is bought of the same kind and expires no earlier.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from mesolive.pricing.black import FloatArray
from mesolive.pricing.risk_graph import RiskLeg, price_range, risk_graph

MIN_SLOPE = 1e-9
"""Contracts times multiplier below which a sum of quantities counts as none."""

MODEL_WIDTH = 0.5
"""How far around the price now the greatest value of several expirations is looked for, as a fraction of it."""


class Extremes(Struct, frozen=True):
    """The most that legs can bring and cost, in account currency, what was paid and realised included.

    Attributes
    ----------
    profit
        The maximum profit; `None` where nothing limits it.
    loss
        The maximum loss, positive; negative where something is won at any price. `None` where nothing limits it.
    estimated
        Whether the profit is the model's, at the first expiration: legs that expire later are worth more than a payoff.
    """

    profit: float | None
    loss: float | None
    estimated: bool = False


def extremes(legs: Sequence[RiskLeg], spot: float, *, realized: float = 0.0) -> Extremes:
    """Return the maximum profit and loss of legs.

    Parameters
    ----------
    legs
        What is held; NaN as the profit where it is the model's and a leg has no volatility.
    spot
        Price of the underlying now.
    realized
        What was realised, in account currency.
    """
    paid = sum(leg.cost for leg in legs) - realized
    # A leg that is closed has no expiration to outlive the others by.
    legs = [leg for leg in legs if leg.quantity]
    if not legs:
        # Zero minus it, as minus a zero is a negative zero, which would be shown with its sign.
        return Extremes(0.0 - paid, paid)
    strikes = np.array([leg.strike for leg in legs])
    quantity = np.array([leg.quantity for leg in legs])
    sign = np.where([leg.is_call for leg in legs], 1.0, -1.0)
    ends = np.array([leg.days for leg in legs])
    prices = np.unique(np.append(strikes, 0.0))
    each = np.maximum(sign * (prices[:, None] - strikes), 0.0) * quantity
    alive = (ends[:, None] >= np.unique(ends)).astype(np.float64)
    payoffs = each @ alive
    # Above the highest strike the payoff changes by the calls alone.
    slopes = (quantity * (sign > 0.0)) @ alive
    loss = None if slopes.min() < -MIN_SLOPE else paid - float(payoffs.min())
    if slopes[0] > MIN_SLOPE:
        return Extremes(None, loss)
    if alive.shape[1] == 1:
        return Extremes(float(payoffs.max()) - paid, loss)
    return Extremes(_largest_by_model(legs, spot, prices[prices > 0.0]) - paid, loss, estimated=True)


def _largest_by_model(legs: Sequence[RiskLeg], spot: float, strikes: FloatArray) -> float:
    """Return the greatest value at the first expiration; it peaks at or beside a strike that expires then."""
    prices = np.union1d(price_range(spot, width=MODEL_WIDTH), strikes)
    first = np.array([max(min(leg.days for leg in legs), 0.0)])
    return float(risk_graph(legs, spot, prices, first).value.max())
