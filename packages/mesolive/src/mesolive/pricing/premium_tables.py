"""Premiums of early exercise of whole families of options, at a few volatilities and strikes each, interpolated.

A family are contracts of one right that share their life, rate and cash dividends. In strikes their premium depends on
``x = ln(S*/K)``, the volatility and, because dividends are amounts and not parts of the price, on ``1/K``. It is solved
on grids (`mesolive.pricing.dividend_grid`) and interpolated: by cubics along a grid, by polynomials through Chebyshev's
points in ``ln sigma`` and in ``1/K``.

Source: L. N. Trefethen, "Approximation Theory and Approximation Practice" (2013), for Chebyshev's points.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from mesolive.pricing.black import FloatArray
from mesolive.pricing.dividend_grid import POINTS, GridProblem, solve_premiums
from mesolive.pricing.exercise_boundary import BoolArray, IntArray

MIN_POINTS: Final = 5
"""Points of either kind that are enough for differences."""


def _levels_for(ratio: float) -> int:
    """Return at how many volatilities a table is solved whose highest is `ratio` times its lowest."""
    return 4 if ratio <= 1.2 else 6 if ratio <= 2.0 else 8 if ratio <= 4.0 else 12


def _strikes_for(ratio: float) -> int:
    """Return for how many strikes a table is solved whose highest is `ratio` times its lowest."""
    return 1 if ratio <= 1.0 + 1e-12 else 4 if ratio <= 1.6 else 6 if ratio <= 4.0 else 9


class _Axis:
    """Chebyshev's points of families on an interval each, and the weights of values at them.

    Parameters
    ----------
    low, high
        (families,) the intervals.
    size
        How many points.
    """

    def __init__(self, low: FloatArray, high: FloatArray, size: int) -> None:
        self.size = size
        self._middle, self._half = 0.5 * (low + high), 0.5 * (high - low)
        self._points = -np.cos((np.arange(size) + 0.5) * np.pi / size)
        # From values at the points to coefficients of Chebyshev's polynomials, and from these to those of the slope.
        self._coefficients = np.linalg.inv(np.polynomial.chebyshev.chebvander(self._points, size - 1))
        self._derivative = np.polynomial.chebyshev.chebder(np.eye(size)) if size > 1 else None

    @property
    def nodes(self) -> FloatArray:
        """(families, size) the points."""
        return np.asarray(self._middle[:, None] + self._half[:, None] * self._points, dtype=np.float64)

    def weights(self, family: IntArray, at: FloatArray) -> FloatArray:
        """Return (N, size) the weights of the points' values for the value at a place; its nearest one within."""
        place, _ = self._place(family, at)
        return np.asarray(np.polynomial.chebyshev.chebvander(place, self.size - 1) @ self._coefficients)

    def slopes(self, family: IntArray, at: FloatArray) -> FloatArray:
        """Return (N, size) the weights of the points' values for the slope at a place."""
        if self._derivative is None:
            return np.zeros((at.size, self.size))
        place, half = self._place(family, at)
        lower = np.polynomial.chebyshev.chebvander(place, self.size - 2)
        return np.asarray(lower @ self._derivative @ self._coefficients / half[:, None])

    def _place(self, family: IntArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return places between -1 and 1, and the half widths of their intervals."""
        half = np.maximum(self._half[family], 1e-300)  # an interval of one point
        return np.clip((at - self._middle[family]) / half, -1.0, 1.0), half


class FamilyTerms(NamedTuple):
    """What the contracts of each family share; one element, or row, for each family.

    Attributes
    ----------
    is_call, years, interest
        Right, time to the expiration, and ``r T``.
    dates, amounts
        The dividends; see `mesolive.pricing.cash_dividends.CashDividends`.
    rest
        By how much the underlying's price exceeds the net price and what the dividends are worth.
    """

    is_call: BoolArray
    years: FloatArray
    interest: FloatArray
    dates: FloatArray
    amounts: FloatArray
    rest: FloatArray


class Premiums(NamedTuple):
    """Premiums of contracts in strikes, (N, levels), at the volatilities of their table, and derivatives by `x`."""

    value: FloatArray
    by_x: FloatArray
    curvature: FloatArray


class PremiumTables:
    """The premiums of families.

    Parameters
    ----------
    terms
        Of the families.
    strikes
        The lowest and the highest strike of each.
    volatilities
        Between which volatilities the tables of each serve.
    few
        Whether a handful of points is enough, as for differences.

    Attributes
    ----------
    lowest, highest
        (families,) `volatilities`.
    levels
        The axis of ``ln sigma``.
    """

    def __init__(
        self,
        terms: FamilyTerms,
        strikes: tuple[FloatArray, FloatArray],
        volatilities: tuple[FloatArray, FloatArray],
        *,
        few: bool = False,
    ) -> None:
        self.lowest, self.highest = volatilities
        least, greatest = 1.0 / strikes[1], 1.0 / strikes[0]
        of_strikes = _strikes_for(float((greatest / least).max(initial=1.0)))
        of_levels = _levels_for(float((self.highest / self.lowest).max(initial=1.0)))
        if few:
            of_strikes, of_levels = min(of_strikes, MIN_POINTS), min(of_levels, MIN_POINTS)
        self.strikes = _Axis(least, greatest, of_strikes)
        self.levels = _Axis(np.log(self.lowest), np.log(self.highest), of_levels)
        shape = (terms.years.size, of_strikes, of_levels)
        scale = np.broadcast_to(self.strikes.nodes[:, :, None], shape).ravel()
        level = np.broadcast_to(np.exp(self.levels.nodes)[:, None, :], shape).ravel()
        of = np.repeat(np.arange(terms.years.size), of_strikes * of_levels)
        grid = solve_premiums(
            GridProblem(
                terms.is_call[of],
                level**2 * terms.years[of],
                terms.interest[of],
                terms.dates[of],
                terms.amounts[of] * scale[:, None],
                terms.rest[of] * scale,
            )
        )
        self._half = grid.half.reshape(shape)
        self._premium = np.ascontiguousarray(grid.premium.T)  # a row for each grid

    def premiums(self, family: IntArray, x: FloatArray, strike: FloatArray) -> Premiums:
        """Return the premiums of contracts.

        Parameters
        ----------
        family, x, strike
            (N,) of the contracts; `x` is ``ln(S*/K)``.
        """
        half = self._half[family]
        step = 2.0 * half / (POINTS - 1)
        place = np.clip((x[:, None, None] + half) / step, 0.0, POINTS - 1.0)
        inside = (place > 0.0) & (place < POINTS - 1.0)  # beyond a grid nothing changes any more
        left = np.clip(place.astype(np.intp), 1, POINTS - 3)
        u = place - left
        first_point = np.arange(self._half.size).reshape(self._half.shape)[family] * POINTS + left
        points = self._premium.ravel()
        before, here, after, beyond = (points[first_point + move] for move in (-1, 0, 1, 2))
        # Lagrange's cubic through the four points, and its derivatives.
        third = (beyond - before + 3.0 * (here - after)) / 6.0
        second = 0.5 * (before + after) - here
        first = after - here - second - third
        value = here + u * (first + u * (second + u * third))
        by_x = np.where(inside, (first + u * (2.0 * second + 3.0 * u * third)) / step, 0.0)
        curvature = np.where(inside, (2.0 * second + 6.0 * u * third) / step**2, 0.0)
        weights = self.strikes.weights(family, 1.0 / strike)
        return Premiums(*(np.einsum("nkl,nk->nl", array, weights) for array in (value, by_x, curvature)))
