"""Portfolio-style margin: the largest loss of a position today over a range of prices of its underlying.

The exchange's portfolio margin (Cboe Rule 10.4, the clearing house's theoretical model) revalues a position at several
moves of the underlying and requires the largest loss. This does the same on the position's own risk graph, on its curve
of today, each leg at its own implied volatility. It has no minimum per contract and does not shock volatility, so it
approximates portfolio margin and does not equal it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mesolive.pricing.risk_graph import RiskLeg, risk_graph

POINTS = 401
"""Evenly spaced prices that are looked at, beside the strikes in the range."""

POINTS_AROUND = 101
"""Further prices between the neighbours of the one with the largest loss."""


def pm_like(legs: Sequence[RiskLeg], spot: float, lower: float, upper: float) -> float:
    """Return the largest drop of the position's value today when the underlying's price moves.

    Parameters
    ----------
    legs
        What is held.
    spot
        Price of the underlying now, of the same moment as the legs' forwards.
    lower, upper
        How far the price may fall and rise, as fractions of it; `lower` below one.

    Returns
    -------
    float
        At least zero, in account currency; not-a-number when a leg has no volatility.
    """
    if not legs:
        return 0.0
    lowest, highest = spot * (1.0 - lower), spot * (1.0 + upper)
    # Near expiration the curve has its corners at the strikes.
    strikes = [leg.strike for leg in legs if lowest < leg.strike < highest]
    prices = np.unique(np.concatenate([[spot], strikes, np.linspace(lowest, highest, POINTS)]))
    value = risk_graph(legs, spot, prices, np.zeros(1)).value[0]
    # The curve of a short term is sharp: hours before the end its bottom may lie well between two of the prices.
    bottom = int(np.argmin(value))
    left, right = float(prices[max(bottom - 1, 0)]), float(prices[min(bottom + 1, len(prices) - 1)])
    around = np.linspace(left, right, POINTS_AROUND)
    lower_still = risk_graph(legs, spot, around, np.zeros(1)).value[0]
    at_spot = value[int(np.searchsorted(prices, spot))]
    return float(at_spot - min(np.min(value), np.min(lower_still)))
