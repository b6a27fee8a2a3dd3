"""Seeded random walk of a simulated market: the underlying's price, and the level of its volatilities.

    d ln S = -sigma^2 / 2 dt + sigma dW        sigma = base * exp(x)
    d x = -reversion * x dt + vol_of_vol (rho dW + sqrt(1 - rho^2) dZ)

with `rho` negative: when the price falls, volatility rises. `x` is an Ornstein-Uhlenbeck process, so the height of the
volatilities returns to where it began.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

# Volatility never leaves a quarter to four times its base, whatever the seed.
MAX_DEVIATION = math.log(4.0)


class WalkParameters(Struct, frozen=True):
    """How the walk moves, per year of moving time.

    Attributes
    ----------
    volatility
        The price's annual volatility at level 1, a fraction.
    correlation
        Between price and volatility.
    vol_of_vol
        Annual volatility of the logarithm of the level.
    reversion
        How fast the level returns to 1.
    """

    volatility: float = 0.13
    correlation: float = -0.75
    vol_of_vol: float = 1.1
    reversion: float = 6.0


class RandomWalk:
    """One path. The same seed gives the same path, however the steps are grouped.

    Attributes
    ----------
    deviation
        The logarithm of the volatility's level.
    """

    def __init__(self, seed: int, parameters: WalkParameters) -> None:
        self._log_price = 0.0
        self.deviation = 0.0
        self._parameters = parameters
        self._random = np.random.Generator(np.random.PCG64(seed))

    @property
    def factor(self) -> float:
        """The price relative to the start."""
        return math.exp(self._log_price)

    @property
    def level(self) -> float:
        """The height of the volatilities relative to the start."""
        return math.exp(self.deviation)

    def advance(self, steps: int, years: float) -> None:
        """Make `steps` steps of `years` of moving time each."""
        parameters = self._parameters
        root = math.sqrt(years)
        orthogonal = math.sqrt(1.0 - parameters.correlation**2)
        draws = self._random.standard_normal((steps, 2)).tolist()
        for first, second in draws:
            sigma = parameters.volatility * math.exp(self.deviation)
            self._log_price += sigma * (root * first - 0.5 * sigma * years)
            shock = parameters.vol_of_vol * root * (parameters.correlation * first + orthogonal * second)
            deviation = self.deviation * (1.0 - parameters.reversion * years) + shock
            self.deviation = min(max(deviation, -MAX_DEVIATION), MAX_DEVIATION)

    def gap(self, fraction: float) -> None:
        """Let the price jump by `fraction` (-0.03: down 3 percent), volatility with it as it usually does."""
        parameters = self._parameters
        self._log_price += math.log1p(fraction)
        shock = parameters.correlation * parameters.vol_of_vol / parameters.volatility * math.log1p(fraction)
        self.deviation = min(max(self.deviation + shock, -MAX_DEVIATION), MAX_DEVIATION)
