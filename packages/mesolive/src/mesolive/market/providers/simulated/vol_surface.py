"""Arbitrage-free volatility surface (SSVI) with skew and term structure, for simulated markets.

The total variance at log-moneyness `k = ln(K / F)` is the surface SVI of J. Gatheral and A. Jacquier, "Arbitrage-free
SVI volatility surfaces" (Quantitative Finance 14, 2014), equation 4.1:

    w(k, theta) = theta / 2 * (1 + rho * phi * k + sqrt((phi * k + rho)^2 + 1 - rho^2))
    phi(theta) = eta / (theta^gamma * (1 + theta)^(1 - gamma))            (their power law, example 4.2)

`theta` is the total variance at the money. It is that of a variance that reverts to its mean (S. Heston, 1993):

    theta(T) = long^2 * T + (short^2 - long^2) * (1 - exp(-kappa * T)) / kappa

With `0 < gamma <= 1/2` and `eta * (1 + |rho|) <= 2` the surface has neither calendar nor butterfly arbitrage (their
theorems 4.1 and 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesolive.market.view import FloatArray


@dataclass(frozen=True, slots=True)
class VolatilitySurface:
    """Parameters of the surface; volatilities are annual fractions, `reversion` is per year.

    Attributes
    ----------
    short, long
        Volatility at the money for the shortest and the longest expirations.
    reversion
        How fast the one goes over into the other.
    rho
        Skew, between -1 and 0 for an index.
    eta, gamma
        Strength of the smile and how it flattens with time.

    Raises
    ------
    ValueError
        When the parameters would allow arbitrage.
    """

    short: float = 0.13
    long: float = 0.19
    reversion: float = 2.5
    rho: float = -0.70
    eta: float = 1.05
    gamma: float = 0.45

    def __post_init__(self) -> None:
        if not (self.short > 0.0 and self.long > 0.0 and self.reversion > 0.0):
            raise ValueError("volatilities and reversion must be greater than zero")
        if (
            not -1.0 < self.rho < 1.0
            or not 0.0 < self.gamma <= 0.5
            or not 0.0 < self.eta * (1.0 + abs(self.rho)) <= 2.0
        ):
            raise ValueError("a surface needs |rho| < 1, 0 < gamma <= 1/2 and 0 < eta * (1 + |rho|) <= 2")

    def at_the_money(self, years: FloatArray, level: float = 1.0) -> FloatArray:
        """Return the total variance at the money per time to settlement, the short end `level` times as high."""
        short, long = (self.short * level) ** 2, self.long**2
        years = np.maximum(years, 0.0)
        return long * years + (short - long) * -np.expm1(-self.reversion * years) / self.reversion

    def volatility(self, log_moneyness: FloatArray, years: FloatArray, level: float = 1.0) -> FloatArray:
        """Return the volatilities of options.

        Parameters
        ----------
        log_moneyness
            `ln(K / F)`.
        years
            Time to settlement in years; same shape or broadcasting.
        level
            Height of the short end relative to `short`; the long end hardly moves.

        Returns
        -------
        FloatArray
            Annual volatilities as fractions; 0 where no time is left.
        """
        theta = self.at_the_money(years, level)
        with np.errstate(divide="ignore", invalid="ignore"):
            phi = self.eta / (theta**self.gamma * (1.0 + theta) ** (1.0 - self.gamma))
            tilted = phi * log_moneyness
            width = np.sqrt((tilted + self.rho) ** 2 + 1.0 - self.rho**2)
            variance = 0.5 * theta * (1.0 + self.rho * tilted + width)
            return np.where(years > 0.0, np.sqrt(variance / years), 0.0)
