"""Volatility surface fitted to the quotes of a part of a chain: one SVI smile per expiration, and what lies between.

Raw SVI gives the total variance of one expiration at the log-moneyness ``k = ln(K / F)``:

    w(k) = a + b * (rho * (k - m) + sqrt((k - m)^2 + sigma^2))

For given `m` and `sigma` that is linear in three numbers, which least squares gives; so only two are searched for, on a
grid that is made finer twice.

Sources: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces" (Quantitative Finance 14, 2014); Zeliade
Systems, "Quasi-explicit calibration of Gatheral's SVI model" (2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from mesolive.market.view import FloatArray

MIN_POINTS: Final = 6
"""Volatilities at different strikes that determine a smile of their own."""
GRID: Final = 9
ROUNDS: Final = 3
MIN_VARIANCE: Final = 1e-8
RIDGE: Final = 1e-9


class Smile(Struct, frozen=True):
    """SVI of one expiration: ``w = level + tilt * y + curve * sqrt(y^2 + 1)`` with ``y = (k - m) / sigma``."""

    level: float
    tilt: float
    curve: float
    m: float
    sigma: float

    def total_variance(self, k: FloatArray) -> FloatArray:
        """Return the total variance at log-moneyness."""
        y = (k - self.m) / self.sigma
        return np.maximum(self.level + self.tilt * y + self.curve * np.sqrt(y * y + 1.0), MIN_VARIANCE)

    @property
    def at_the_money(self) -> float:
        """The total variance at the forward."""
        return float(self.total_variance(np.zeros(1))[0])


def fit_smile(k: FloatArray, total_variance: FloatArray, weight: FloatArray) -> Smile | None:
    """Return the smile that fits best, or `None` where there are too few points.

    Parameters
    ----------
    k, total_variance
        Points at log-moneyness; same shape, no NaN.
    weight
        Certainty of each point, the reciprocal of its squared error in total variance.
    """
    if _distinct(k) < MIN_POINTS:
        return None
    low, high = float(k.min()), float(k.max())
    width = max(high - low, 1e-3)
    m_low, m_high, s_low, s_high = low, high, np.log(0.02 * width), np.log(2.0 * width)
    best: Smile | None = None
    for _ in range(ROUNDS):
        m = np.tile(np.linspace(m_low, m_high, GRID), GRID)
        sigma = np.repeat(np.exp(np.linspace(s_low, s_high, GRID)), GRID)
        error, parameters = _solve(k, total_variance, weight, m, sigma)
        place = int(np.argmin(error))
        level, tilt, curve = (float(value) for value in parameters[place])
        best = Smile(level, tilt, curve, float(m[place]), float(sigma[place]))
        m_step, s_step = (m_high - m_low) / (GRID - 1), (s_high - s_low) / (GRID - 1)
        m_low, m_high = best.m - m_step, best.m + m_step
        s_low, s_high = np.log(best.sigma) - s_step, np.log(best.sigma) + s_step
    return best


def _distinct(k: FloatArray) -> int:
    return int(np.unique(np.round(k, 6)).size)


def _solve(
    k: FloatArray, total_variance: FloatArray, weight: FloatArray, m: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted squared error and the linear parameters for each pair of `m` and `sigma`.

    Where the wings would turn down (``|tilt| > curve``) the tilt is cut back to the curve and both are fitted again
    with the level; a negative curve becomes a flat smile.
    """
    y = (k[None, :] - m[:, None]) / sigma[:, None]
    root = np.sqrt(y * y + 1.0)
    parameters = _least_squares([np.ones_like(y), y, root], total_variance, weight)
    bent = parameters[:, 2] > 0.0
    steep = bent & (np.abs(parameters[:, 1]) > parameters[:, 2])
    if steep.any():
        sign = np.sign(parameters[steep, 1])[:, None]
        cut = _least_squares([np.ones_like(y[steep]), sign * y[steep] + root[steep]], total_variance, weight)
        slope = np.maximum(cut[:, 1], 0.0)
        parameters[steep] = np.stack([cut[:, 0], sign[:, 0] * slope, slope], axis=1)
    mean = float(weight @ total_variance) / float(weight.sum())
    parameters[~bent] = (mean, 0.0, 0.0)
    fitted = parameters[:, :1] + parameters[:, 1:2] * y + parameters[:, 2:3] * root
    error = ((fitted - total_variance[None, :]) ** 2 * weight[None, :]).sum(axis=1)
    return error, parameters


def _least_squares(columns: Sequence[FloatArray], target: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the parameters of several weighted regressions at once; `columns` are of shape (fits, points)."""
    design = np.stack(columns, axis=2)
    weighted = design * (weight / weight.sum())[None, :, None]
    normal = np.einsum("fpi,fpj->fij", weighted, design)
    normal += RIDGE * np.eye(len(columns))[None]
    right = np.einsum("fpi,p->fi", weighted, target)
    solved = np.asarray(np.linalg.solve(normal, right[:, :, None]), dtype=np.float64)
    return solved[:, :, 0]


class ExpirationPoints(Struct, frozen=True):
    """What is known of one expiration; arrays have one element per point, `k` of any order.

    Attributes
    ----------
    years
        Time to the settlement as the pricing model counts it.
    """

    years: float
    k: FloatArray
    volatility: FloatArray
    weight: FloatArray

    @property
    def has_own_smile(self) -> bool:
        """Whether there are enough points for a smile of its own."""
        return _distinct(self.k) >= MIN_POINTS


def fit_surface(
    expirations: Sequence[ExpirationPoints], fixed: Mapping[int, Smile] | None = None
) -> list[Smile | None]:
    """Return a smile of every expiration, in the order given; `None` for all where none can be fitted.

    An expiration with too few points of its own takes the shape of the nearest one that has a smile, at the variance
    that lies between its neighbours', and at the height that its own points show.

    Parameters
    ----------
    fixed
        Smiles that were fitted to the points of an expiration before, by its place: they are not fitted again.
    """
    before = fixed or {}
    own = [
        before.get(place)
        or (fit_smile(item.k, item.volatility**2 * item.years, item.weight) if item.years > 0.0 else None)
        for place, item in enumerate(expirations)
    ]
    known = [place for place, smile in enumerate(own) if smile is not None]
    if not known:
        return own
    years = np.array([expirations[place].years for place in known])
    variance = np.array([smile.at_the_money for smile in own if smile is not None])
    order = np.argsort(years)
    years, variance, places = years[order], variance[order], [known[int(at)] for at in order]
    return [
        smile if smile is not None else _borrowed(item, years, variance, [own[place] for place in places])
        for item, smile in zip(expirations, own, strict=True)
    ]


def _borrowed(
    points: ExpirationPoints, years: FloatArray, variance: FloatArray, smiles: Sequence[Smile | None]
) -> Smile | None:
    if not points.years > 0.0:
        return None
    # Beyond the known expirations the volatility at the money stays; between them the variance is interpolated.
    ratio = np.interp(points.years, years, variance / years)
    inside = years[0] <= points.years <= years[-1]
    wanted = float(np.interp(points.years, years, variance)) if inside else float(ratio) * points.years
    nearest = smiles[int(np.argmin(np.abs(np.log(years / points.years))))]
    if nearest is None:
        return None
    smile = _scaled(nearest, wanted / nearest.at_the_money)
    if points.k.size:
        modelled = smile.total_variance(points.k)
        heights = points.volatility**2 * points.years / modelled
        smile = _scaled(smile, float(np.average(heights, weights=points.weight)))
    return smile


def _scaled(smile: Smile, factor: float) -> Smile:
    """Return the smile with `factor` times the variance, at the same distance from the money in deviations."""
    stretch = float(np.sqrt(factor))
    return Smile(
        smile.level * factor, smile.tilt * factor, smile.curve * factor, smile.m * stretch, smile.sigma * stretch
    )
