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

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr

from mesolive.pricing.black import INVERSE_SQRT_2PI, FloatArray
from mesolive.pricing.exercise_boundary import (
    BoolArray,
    IntArray,
    solve_boundaries,
)

PREMIUM_POINTS: Final = 24
"""Quadrature points of Kim's integral."""

MAP_POWER: Final = 2.5
"""The points are Legendre's in `t` with ``s = sin^2(pi t^2.5 / 2)``: dense at ``s = 0``, where the integrand of a spot
beside the boundary is a step."""

CONTRACTS_PER_CHUNK: Final = 512
"""Contracts evaluated side by side: their arrays stay in the processor's cache."""

NODES_BY_RANGE: Final = ((1.0 + 1e-9, 1), (1.2, 3), (4.0, 4), (15.0, 5), (60.0, 6), (np.inf, 8))
"""Volatilities at which a family is solved, by the ratio of its highest to its lowest: values are exact to 1e-9."""

_POINTS, _POINT_WEIGHTS = leggauss(PREMIUM_POINTS)
_PARTS: Final = 0.5 * (1.0 + _POINTS)
_ANGLES: Final = 0.5 * np.pi * _PARTS**MAP_POWER
_ROOTS: Final = np.sin(_ANGLES)
"""Square roots of `s` at the quadrature points."""

# ds = 2 sqrt(s) d sqrt(s)
_WEIGHTS: Final = (
    2.0 * _ROOTS * np.cos(_ANGLES) * 0.5 * np.pi * MAP_POWER * _PARTS ** (MAP_POWER - 1.0) * 0.5 * _POINT_WEIGHTS
)
_TIMES: Final = _ROOTS * _ROOTS
# The boundary at the quadrature points, and at the whole time: today's.
_ROOT_TIMES: Final = np.append(np.cos(_ANGLES), 1.0)


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


@dataclass(frozen=True, slots=True)
class BoundaryTables:
    """Exercise boundaries of some families of puts, by volatility.

    Attributes
    ----------
    rate, dividends, limit
        (families,) `R`, `Q` and ``ln X``.
    middle, half
        (families,) the range of ``ln w`` in the tables.
    shape
        (families, coefficients, points + 1) Chebyshev coefficients of ``(ln X - ln B) / w``; the last point is today's
        boundary.
    by_rate, by_yield
        (families, coefficients, points) of the derivatives of ``ln (ln X - ln B)`` by `R` and `Q`.
    converged
        (families,) whether every boundary of a family was found.
    paid, yielded
        (families, points) ``e^(-R s)`` and ``e^(-Q s)``, times the weights of the quadrature.
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
        paid, yielded = (np.exp(-each[:, None] * _TIMES) * _WEIGHTS for each in (rate, dividends))
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
        count = family.size
        fields = len(Sensitivities._fields)
        out = [np.empty(count if everything or place in (0, 3, 6) else 0) for place in range(fields)]
        with np.errstate(all="ignore"):
            for first in range(0, count, CONTRACTS_PER_CHUNK):
                part = slice(first, first + CONTRACTS_PER_CHUNK)
                result = self._evaluate(family[part], log_spot[part], deviation[part], everything)
                for array, new in zip(out, result, strict=True):
                    if array.size:
                        array[part] = new
        return Sensitivities(*out)

    def _boundary(
        self, family: IntArray, deviation: FloatArray, everything: bool
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return ``(ln X - ln B) / w``, its slope in ``ln w``, and ``d ln B`` by `R` and by `Q`."""
        points, size = PREMIUM_POINTS, self.shape.shape[1]
        half = self.half[family]
        place = np.clip((np.log(deviation) - self.middle[family]) / half, -1.0, 1.0)
        basis, slopes = _chebyshev_series(place, size)
        slopes /= half[:, None]
        shape, slope = np.empty((family.size, points + 1)), np.empty((family.size, points + 1))
        by_rate = np.empty((family.size if everything else 0, points))
        by_yield = np.empty_like(by_rate)
        cuts = np.flatnonzero(np.diff(family)) + 1
        for start, end in zip(np.append(0, cuts), np.append(cuts, family.size), strict=True):
            own, rows = int(family[start]), slice(start, end)
            np.matmul(basis[rows], self.shape[own], out=shape[rows])
            np.matmul(slopes[rows], self.shape[own], out=slope[rows])
            if everything:
                np.matmul(basis[rows], self.by_rate[own], out=by_rate[rows])
                np.matmul(basis[rows], self.by_yield[own], out=by_yield[rows])
        return shape, slope, by_rate, by_yield

    def _evaluate(self, family: IntArray, x: FloatArray, w: FloatArray, everything: bool) -> Sensitivities:
        # The arrays of contracts by points are written over in place: the passes over memory are what this costs.
        r, q, limit = self.rate[family], self.dividends[family], self.limit[family]
        shape, slope, by_rate, by_yield = self._boundary(family, w, everything)
        exercised = x <= limit - w * shape[:, -1]
        now = np.where(exercised, 1.0, 0.0)
        spot = np.exp(x)
        d1 = (x + r - q) / w + 0.5 * w
        paid, yielded = np.exp(-r), spot * np.exp(-q)
        in_strike, in_spot = paid * ndtr(w - d1), yielded * ndtr(-d1)
        density = INVERSE_SQRT_2PI * yielded * np.exp(-0.5 * d1 * d1)

        spread = w[:, None] * _ROOTS
        inverse = 1.0 / spread
        below, slope = np.ascontiguousarray(shape[:, :-1]), slope[:, :-1]
        below *= w[:, None]
        middle = (limit - x)[:, None] - below
        middle *= inverse
        middle -= ((r - q) / w)[:, None] * _ROOTS
        spread *= 0.5
        minus, plus = middle + spread, middle - spread  # -d- and -d+
        paid_then, yielded_then = self.paid[family], self.yielded[family]
        strike_part = ndtr(minus)
        strike_part *= paid_then
        spot_part = ndtr(plus)
        spot_part *= yielded_then
        minus *= minus
        minus *= -0.5
        strike_density = np.exp(minus, out=minus)
        strike_density *= paid_then
        strike_density *= INVERSE_SQRT_2PI
        spot_density = np.exp(-below)
        spot_density *= (q * np.exp(limit))[:, None]
        spot_density *= strike_density
        e = strike_density
        e *= r[:, None]
        e -= spot_density
        scaled = e * inverse

        dividends = q * spot * spot_part.sum(axis=1)
        payoff = -np.expm1(x)
        value = in_strike - in_spot + r * strike_part.sum(axis=1) - dividends
        value = np.where(exercised, payoff, np.maximum(value, payoff))
        vega = density + spot_density @ _ROOTS - (_along(e, plus) + _along(scaled, below)) / w - _along(scaled, slope)
        vega = np.where(exercised, 0.0, vega)
        if not everything:
            return Sensitivities(value, value, value, vega, value, value, now)
        by_log_spot = -in_spot - scaled.sum(axis=1) - dividends
        moved = (e @ _ROOTS) / w
        limit_by_rate, limit_by_yield = np.where(q > r, 1.0 / r, 0.0), np.where(q > r, -1.0 / q, 0.0)
        all_scaled = scaled.sum(axis=1)
        rho = (
            -in_strike
            + strike_part.sum(axis=1)
            - r * (strike_part @ _TIMES)
            - moved
            + limit_by_rate * all_scaled
            - _along(scaled, below * by_rate)
        )
        phi = (
            in_spot
            - spot * (spot_part.sum(axis=1) - q * (spot_part @ _TIMES))
            + moved
            + limit_by_yield * all_scaled
            - _along(scaled, below * by_yield)
        )
        curvature = density / w - _along(scaled, inverse * plus) + _along(spot_density, inverse)
        return Sensitivities(
            value,
            np.where(exercised, -spot, by_log_spot),
            np.where(exercised, 0.0, curvature),
            vega,
            np.where(exercised, 0.0, rho),
            np.where(exercised, 0.0, phi),
            now,
        )


def _along(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the sums of the products over the points."""
    return np.asarray(np.einsum("ij,ij->i", one, other), dtype=np.float64)


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
    """Return Chebyshev's polynomials of degree 0 to `size` - 1 at `place`, and their derivatives."""
    basis, slopes = np.empty((place.size, size)), np.zeros((place.size, size))
    basis[:, 0] = 1.0
    if size > 1:
        basis[:, 1], slopes[:, 1] = place, 1.0
    for degree in range(2, size):
        basis[:, degree] = 2.0 * place * basis[:, degree - 1] - basis[:, degree - 2]
        slopes[:, degree] = 2.0 * basis[:, degree - 1] + 2.0 * place * slopes[:, degree - 1] - slopes[:, degree - 2]
    return basis, slopes


def _hermite(count: int) -> FloatArray:
    """Return the matrix from values and slopes at Chebyshev's `count` roots to the coefficients of the polynomial."""
    basis, slopes = _chebyshev_series(np.cos(np.pi * (np.arange(count) + 0.5) / count), 2 * count)
    return np.asarray(np.linalg.inv(np.concatenate((basis, slopes))), dtype=np.float64)


def _chebyshev(count: int) -> FloatArray:
    """Return the matrix from values at Chebyshev's `count` roots to the coefficients of the polynomial."""
    basis, _ = _chebyshev_series(np.cos(np.pi * (np.arange(count) + 0.5) / count), count)
    return np.asarray(np.linalg.inv(basis), dtype=np.float64)
