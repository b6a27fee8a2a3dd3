"""Early exercise premium: values, derivatives and implied volatilities of American puts from boundary tables.

Kim's formula gives an American put as the European one and what its holder earns while it is exercised. In the units of
`mesolive.pricing.exercise_boundary` (strike and time to the expiration are one), with ``x = ln S`` and
``y = x - ln B(1 - s)``, and with ``d = (y + (R - Q) s) / (w sqrt s)``, ``d+ = d + w sqrt(s) / 2``,
``d- = d - w sqrt(s) / 2``:

    V = e^(-R) Phi(-d2) - S e^(-Q) Phi(-d1) + int_0^1 (R e^(-R s) Phi(-d-) - Q S e^(-Q s) Phi(-d+)) ds

All contracts of one expiration and right share `R` and `Q`, so their boundaries are one family in the volatility. It is
solved at a few volatilities (`BoundaryTables`) and interpolated between them: ``(ln X - ln B) / w`` hardly changes with
``ln w``, and both its values and its derivatives are known, so that few volatilities suffice. A chain of 7,000
contracts needs some hundreds of boundaries and not several per contract.

Because ``S phi(d+) e^(-Q s) = B phi(d-) e^(-R s)``, every derivative contains the density only as

    e(s) = e^(-R s) phi(d-) (R - Q B)

which is what keeps them exact where the two halves of the integrand nearly cancel:

    S V_S     = -S e^(-Q) Phi(-d1) - int (e / (w sqrt s) + Q S e^(-Q s) Phi(-d+)) ds
    S^2 V_SS  = S e^(-Q) phi(d1) / w + int (e d+ / (w^2 s) + Q B e^(-R s) phi(d-) / (w sqrt s)) ds
    V_w       = S e^(-Q) phi(d1) + int (e (d+ / w + B_w / (w sqrt s)) + Q B e^(-R s) phi(d-) sqrt s) ds

and likewise by `R` and `Q`, with the boundary's own move (`B_w` stands for ``d ln B / dw``): Kim's formula is not
stationary in the boundary. Theta follows from the pricing equation.

Sources: I. J. Kim, "The analytic valuation of American options", Review of Financial Studies 3 (1990), and those of
`mesolive.pricing.exercise_boundary`. The tables over the volatility are our own.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.polynomial.legendre import leggauss

from mesolive.pricing.black import INVERSE_SQRT_2PI, FloatArray
from mesolive.pricing.exercise_boundary import (
    BoolArray,
    IntArray,
    solve_boundaries,
)
from mesolive.pricing.special import ndtr

PREMIUM_POINTS: Final = 24
"""Quadrature points of Kim's integral."""

MAP_POWER: Final = 2.5
"""The points are Legendre's in `t` with ``s = sin^2(pi t^2.5 / 2)``: dense at ``s = 0``, where the integrand of a spot
beside the boundary is a step."""

NUMBERS_PER_CHUNK: Final = 16_384
"""Contracts times points that are evaluated side by side: their arrays stay in the processor's cache."""

SCRATCH_ARRAYS: Final = 8
WIDTHS: Final = (1, 4, 8, 16, 32, 64, 128)
ROW_COST: Final = 8
"""Contracts of a row, of which all have one family, and the cost of a row in contracts."""

NODES_BY_RANGE: Final = ((1.0 + 1e-9, 1), (1.2, 3), (4.0, 4), (15.0, 5), (60.0, 6), (np.inf, 8))
"""Volatilities at which a family is solved, by the ratio of its highest to its lowest: values are exact to 1e-9."""

_POINTS, _POINT_WEIGHTS = leggauss(PREMIUM_POINTS)
# (points, 1): contracts come last.
_PARTS: Final = 0.5 * (1.0 + _POINTS)[:, None]
_ANGLES: Final = 0.5 * np.pi * _PARTS**MAP_POWER
_ROOTS: Final = np.sin(_ANGLES)
"""Square roots of `s` at the quadrature points."""

# ds = 2 sqrt(s) d sqrt(s)
_WEIGHTS: Final = (
    2.0
    * _ROOTS
    * np.cos(_ANGLES)
    * 0.5
    * np.pi
    * MAP_POWER
    * _PARTS ** (MAP_POWER - 1.0)
    * 0.5
    * _POINT_WEIGHTS[:, None]
)
_TIMES: Final = _ROOTS * _ROOTS
_INVERSE_ROOTS: Final = 1.0 / _ROOTS
# The boundary at the quadrature points, and at the whole time: today's.
_ROOT_TIMES: Final = np.append(np.cos(_ANGLES[:, 0]), 1.0)


class Sensitivities(NamedTuple):
    """Values of puts in units of the strike and of the time to the expiration, and derivatives.

    Attributes
    ----------
    value
        `V`.
    by_log_spot
        ``S V_S``.
    curvature
        ``S^2 V_SS``.
    by_deviation
        ``V_w``: vega.
    by_rate, by_yield
        ``V_R`` and ``V_Q``.
    exercised
        Where the put is exercised at once: 1, else 0.
    """

    value: FloatArray
    by_log_spot: FloatArray
    curvature: FloatArray
    by_deviation: FloatArray
    by_rate: FloatArray
    by_yield: FloatArray
    exercised: FloatArray


class BoundaryTables(Struct, frozen=True):
    """Exercise boundaries of some families of puts, by volatility.

    Attributes
    ----------
    rate, dividends, limit
        (families,) `R`, `Q` and ``ln X``.
    middle, half
        (families,) the range of ``ln w`` in the tables.
    shape
        (families, points + 1, coefficients) Chebyshev coefficients of ``(ln X - ln B) / w``; the last point is today's
        boundary.
    by_rate, by_yield
        (families, points, coefficients) of the derivatives of ``ln (ln X - ln B)`` by `R` and `Q`.
    converged
        (families,) whether every boundary of a family was found.
    paid, yielded
        (families, points, 1) ``e^(-R s)`` and ``e^(-Q s)``, times the weights of the quadrature.
    """

    rate: FloatArray
    dividends: FloatArray
    limit: FloatArray
    middle: FloatArray
    half: FloatArray
    shape: FloatArray
    by_rate: FloatArray
    by_yield: FloatArray
    converged: BoolArray
    paid: FloatArray
    yielded: FloatArray

    @classmethod
    def solve(cls, rate: FloatArray, dividends: FloatArray, low: FloatArray, high: FloatArray) -> BoundaryTables:
        """Solve for the boundaries of families.

        Parameters
        ----------
        rate, dividends
            (families,) as `solve_boundaries` takes them.
        low, high
            (families,) between which `w` the tables are to be read.
        """
        counts = nodes_for(high / low)
        size = 2 * int(counts.max(initial=1))
        families, points = rate.size, PREMIUM_POINTS
        shape = np.zeros((families, size, points + 1))
        by_rate, by_yield = np.zeros((families, size, points)), np.zeros((families, size, points))
        middle, half = 0.5 * np.log(low * high), np.maximum(0.5 * np.log(high / low), 1e-3)
        limit, converged = np.zeros(families), np.zeros(families, dtype=np.bool_)
        for count in sorted({int(count) for count in counts}):
            own = np.flatnonzero(counts == count)
            node = np.cos(np.pi * (np.arange(count) + 0.5) / count)
            deviation = np.exp(middle[own, None] + half[own, None] * node)
            boundaries = solve_boundaries(
                np.repeat(rate[own], count), np.repeat(dividends[own], count), deviation.ravel()
            )
            distance, moved_by_rate, moved_by_yield, moved_by_deviation = (
                array.reshape(own.size, count, points + 1) for array in boundaries.at(_ROOT_TIMES)
            )
            ratio_to_deviation = distance / deviation[:, :, None]
            slope = -(moved_by_deviation + ratio_to_deviation) * half[own, None, None]
            shape[own, : 2 * count] = np.matmul(_hermite(count), np.concatenate((ratio_to_deviation, slope), axis=1))
            plain = _chebyshev(count)
            for table, moved, move_of_limit in (
                (by_rate, moved_by_rate, boundaries.limit_by_rate),
                (by_yield, moved_by_yield, boundaries.limit_by_yield),
            ):
                relative = (move_of_limit.reshape(own.size, count, 1) - moved) / distance
                table[own, :count] = np.matmul(plain, relative[:, :, :-1])
            limit[own] = boundaries.limit[::count]
            converged[own] = boundaries.converged.reshape(own.size, count).all(axis=1)
        paid, yielded = (np.exp(-each[:, None, None] * _TIMES) * _WEIGHTS for each in (rate, dividends))
        # A row of contracts is multiplied from the right.
        shape, by_rate, by_yield = (
            np.ascontiguousarray(table.transpose(0, 2, 1)) for table in (shape, by_rate, by_yield)
        )
        return cls(rate, dividends, limit, middle, half, shape, by_rate, by_yield, converged, paid, yielded)

    def evaluate(
        self, family: IntArray, log_spot: FloatArray, deviation: FloatArray, *, everything: bool
    ) -> Sensitivities:
        """Return values and derivatives of puts.

        Parameters
        ----------
        family
            (contracts,) to which family each belongs, ascending.
        log_spot
            (contracts,) ``x = ln(S / K)``.
        deviation
            (contracts,) ``w = sigma sqrt(T)``, greater than zero.
        everything
            False computes value, vega and `exercised` only; the other fields are empty.
        """
        fields = len(Sensitivities._fields)
        out = [np.empty(family.size if everything or place in (0, 3, 6) else 0) for place in range(fields)]
        row_family, places = _rows(family)
        width = places.shape[1]
        step = max(1, min(NUMBERS_PER_CHUNK // (PREMIUM_POINTS * width), row_family.size))
        # Fresh memory for every array would take as long as what is computed in it.
        scratch = np.empty((SCRATCH_ARRAYS, step, PREMIUM_POINTS, width))
        with np.errstate(all="ignore"):
            for first in range(0, row_family.size, step):
                part = slice(first, first + step)
                own = places[part]
                use = scratch[:, : own.shape[0]]
                result = self._evaluate(row_family[part], log_spot[own], deviation[own], use, everything)
                for array, new in zip(out, result, strict=True):
                    if array.size:
                        array[own] = new
        return Sensitivities(*out)

    def _evaluate(
        self, family: IntArray, x: FloatArray, w: FloatArray, scratch: FloatArray, everything: bool
    ) -> Sensitivities:
        # Arrays of rows by points by contracts are written over in place: the passes over memory are what this costs.
        shape, slope, inverse, middle, plus, in_strikes, in_spots, products = scratch
        r, q, limit = (array[family, None] for array in (self.rate, self.dividends, self.limit))
        half_range = self.half[family, None]
        place = (np.log(w) - self.middle[family, None]) / half_range
        basis, slopes = _chebyshev_series(np.clip(place, -1.0, 1.0), self.shape.shape[2])
        slopes /= half_range[:, None]
        table = self.shape[family]
        np.matmul(table[:, :-1], basis, out=shape)
        np.matmul(table[:, :-1], slopes, out=slope)
        today = np.einsum("rk,rkc->rc", table[:, -1], basis)

        exercised = x <= limit - w * today
        now = np.where(exercised, 1.0, 0.0)
        spot, inverse_w = np.exp(x), 1.0 / w
        d1 = (x + r - q) * inverse_w + 0.5 * w
        paid, yielded = np.exp(-r), spot * np.exp(-q)
        in_strike, in_spot = paid * ndtr(w - d1), yielded * ndtr(-d1)
        density = INVERSE_SQRT_2PI * yielded * np.exp(-0.5 * d1 * d1)

        np.multiply(inverse_w[:, None], _INVERSE_ROOTS, out=inverse)
        below = np.multiply(w[:, None], shape, out=shape)
        np.subtract((limit - x)[:, None], below, out=middle)
        middle *= inverse
        middle -= np.multiply(((r - q) * inverse_w)[:, None], _ROOTS, out=products)
        half = np.multiply((0.5 * w)[:, None], _ROOTS, out=products)
        np.subtract(middle, half, out=plus)  # -d+
        middle += half  # -d-
        ndtr(middle, out=in_strikes)
        in_strikes *= self.paid[family]
        ndtr(plus, out=in_spots)
        in_spots *= self.yielded[family]
        all_in_strike, all_in_spot = in_strikes.sum(axis=1), in_spots.sum(axis=1)
        later_in_strike = _weighted(in_strikes, _TIMES) if everything else all_in_strike
        later_in_spot = _weighted(in_spots, _TIMES) if everything else all_in_spot
        middle *= middle
        middle *= -0.5
        strike_density = np.exp(middle, out=middle)
        strike_density *= INVERSE_SQRT_2PI * self.paid[family]
        spot_density = np.subtract(limit[:, None], below, out=in_spots)
        np.exp(spot_density, out=spot_density)
        spot_density *= strike_density
        spot_density *= q[:, None]
        # The integrand of every derivative.
        e = strike_density
        e *= r[:, None]
        e -= spot_density
        along_plus = _along(e, plus)
        moved = _weighted(e, _ROOTS)
        scaled = np.multiply(e, inverse, out=e)

        dividends = q * spot * all_in_spot
        payoff = -np.expm1(x)
        value = in_strike - in_spot + r * all_in_strike - dividends
        value = np.where(exercised, payoff, np.maximum(value, payoff))
        vega = density + _weighted(spot_density, _ROOTS) - _along(scaled, slope)
        vega -= (along_plus + _along(scaled, below)) * inverse_w
        vega = np.where(exercised, 0.0, vega)
        if not everything:
            return Sensitivities(value, value, value, vega, value, value, now)
        all_scaled = scaled.sum(axis=1)
        by_log_spot = -in_spot - all_scaled - dividends
        moved *= inverse_w
        limit_by_rate, limit_by_yield = np.where(q > r, 1.0 / r, 0.0), np.where(q > r, -1.0 / q, 0.0)
        rho = all_in_strike - in_strike - r * later_in_strike - moved + limit_by_rate * all_scaled
        phi = in_spot - spot * (all_in_spot - q * later_in_spot) + moved + limit_by_yield * all_scaled
        below *= scaled
        rho -= _along(below, np.matmul(self.by_rate[family], basis, out=products))
        phi -= _along(below, np.matmul(self.by_yield[family], basis, out=products))
        plus *= inverse
        curvature = density * inverse_w - _along(scaled, plus) + _along(spot_density, inverse)
        return Sensitivities(
            value,
            np.where(exercised, -spot, by_log_spot),
            np.where(exercised, 0.0, curvature),
            vega,
            np.where(exercised, 0.0, rho),
            np.where(exercised, 0.0, phi),
            now,
        )


def _rows(family: IntArray) -> tuple[IntArray, IntArray]:
    """Lay contracts out in rows, each of one family; the last row of a family is filled with its last contract.

    Parameters
    ----------
    family
        (contracts,) to which family each belongs, ascending.

    Returns
    -------
    tuple of IntArray
        (rows,) the family of each row, and (rows, width) the places of its contracts.
    """
    starts = np.append(0, np.flatnonzero(np.diff(family)) + 1)[: family.size]
    ends = np.append(starts[1:], family.size)[: family.size]
    sizes = ends - starts
    costs = [int((-(-sizes // width)).sum()) * (width + ROW_COST) for width in WIDTHS]
    width = WIDTHS[int(np.argmin(costs))]
    rows = -(-sizes // width)
    number = np.arange(int(rows.sum())) - np.repeat(np.cumsum(rows) - rows, rows)
    first = np.repeat(starts, rows) + width * number
    places = np.minimum(first[:, None] + np.arange(width), np.repeat(ends, rows)[:, None] - 1)
    return np.repeat(family[starts], rows), places


def _along(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the sums of the products over the points."""
    return np.asarray(np.einsum("rpc,rpc->rc", left, right), dtype=np.float64)


def _weighted(array: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the sums over the points, each with its weight."""
    return np.asarray(np.matmul(weights[:, 0], array), dtype=np.float64)


def nodes_for(ratio: FloatArray) -> IntArray:
    """Return at how many volatilities families are solved.

    Parameters
    ----------
    ratio
        (families,) highest volatility over lowest.
    """
    limits = np.array([limit for limit, _ in NODES_BY_RANGE])
    # Not a number sorts behind every limit; such a family has no value, whatever the number of its nodes.
    place = np.minimum(np.searchsorted(limits, ratio), len(limits) - 1)
    return np.array([count for _, count in NODES_BY_RANGE], dtype=np.intp)[place]


def _chebyshev_series(place: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Return Chebyshev's polynomials of degree 0 to `size` - 1, and their derivatives: (rows, size, contracts).

    Parameters
    ----------
    place
        (rows, contracts) where they are evaluated.
    """
    basis = np.empty((place.shape[0], size, place.shape[1]))
    slopes = np.zeros_like(basis)
    basis[:, 0] = 1.0
    if size > 1:
        basis[:, 1], slopes[:, 1] = place, 1.0
    twice = 2.0 * place
    for degree in range(2, size):
        basis[:, degree] = twice * basis[:, degree - 1] - basis[:, degree - 2]
        slopes[:, degree] = 2.0 * basis[:, degree - 1] + twice * slopes[:, degree - 1] - slopes[:, degree - 2]
    return basis, slopes


def _at_nodes(count: int, size: int) -> tuple[FloatArray, FloatArray]:
    """Return polynomials and derivatives at Chebyshev's `count` roots: (nodes, size)."""
    basis, slopes = _chebyshev_series(np.cos(np.pi * (np.arange(count) + 0.5) / count)[None], size)
    return basis[0].T, slopes[0].T


def _hermite(count: int) -> FloatArray:
    """Return the matrix from values and slopes at Chebyshev's `count` roots to the coefficients of the polynomial."""
    return np.asarray(np.linalg.inv(np.concatenate(_at_nodes(count, 2 * count))), dtype=np.float64)


def _chebyshev(count: int) -> FloatArray:
    """Return the matrix from values at Chebyshev's `count` roots to the coefficients of the polynomial."""
    return np.asarray(np.linalg.inv(_at_nodes(count, count)[0]), dtype=np.float64)
