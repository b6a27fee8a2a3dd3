"""Exercise boundary of American options by spectral collocation (Andersen, Lake, Offengenden), many at once.

An American put is exercised as soon as the spot falls to a boundary ``B(u)`` that depends on the time ``u`` left. In
units of the strike and of the whole time to the expiration (``K = 1``, ``T = 1``) the boundary depends on three numbers
only: ``R = r T``, ``Q = q T`` and ``w = sigma sqrt(T)``. Such a triple is called a system here; a call is a put with
strike and spot, and rate and yield, exchanged (McDonald and Schroder).

Smooth pasting gives the equation "FP-A" of the first source, with ``z = ln B`` and ``d = (z(u) - z(v) + (R - Q)(u - v))
/ (w sqrt(u - v))``, ``d+ = d + w sqrt(u - v) / 2``, ``d- = d - w sqrt(u - v) / 2``:

    z(u) = -(R - Q) u + ln(N / D)
    N = phi(d-(u, z)) / (w sqrt u) + R int_0^u e^(R v) phi(d-) / (w sqrt(u - v)) dv
    D = phi(d+(u, z)) / (w sqrt u) + Phi(d+(u, z)) + Q int_0^u e^(Q v) (Phi(d+) + phi(d+) / (w sqrt(u - v))) dv

Four choices make it fast and exact:

* The boundary is a polynomial through Chebyshev's points in ``sqrt u``, of ``H = (z - ln X)^2`` with
  ``X = min(1, R / Q)`` its limit at the expiration: `H` is nearly a straight line where `z` has a vertical tangent.
* The integrals use Gauss-Legendre points in `t` with ``u - v = u sin^2(pi t / 2)``. The sine makes the integrand smooth
  at both ends, and ``sqrt(v / u) = cos(pi t / 2)`` makes the matrix that interpolates the boundary a constant.
* The equations of a system are solved by Newton's method for all of its points together. The plain fixed-point
  iteration of the first source takes three times as many rounds, and diverges where the rate is large against the
  volatility.
* The iteration starts at Li's "QD+" approximation, which is within a percent.

The last Jacobian also gives, by the implicit function theorem, how the boundary moves with each of the three
numbers.

Sources: L. Andersen, M. Lake, D. Offengenden, "High-performance American option pricing", Journal of Computational
Finance 20 (2016); M. Li, "Analytical approximations for the critical stock prices of American options: a performance
comparison", Review of Derivatives Research 13 (2010); P. Bjerksund and G. Stensland, "Closed-form approximation of
American options", Scandinavian Journal of Management 9 (1993), for the shape of the first guess; R. McDonald and M.
Schroder, "A parity result for American options", Journal of Computational Finance 1 (1998).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from numpy.polynomial.legendre import leggauss

from mesolive.pricing.black import INVERSE_SQRT_2PI, FloatArray
from mesolive.pricing.special import ndtr

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

BOUNDARY_POINTS: Final = 12
"""Collocation points of a boundary, its known limit at the expiration not counted."""

QUADRATURE_POINTS: Final = 12
START_STEPS: Final = 6
"""Newton steps of QD+. Short times converge slowly: four are too few."""

MAX_NEWTON_STEPS: Final = 6
MAX_STEPS_OF_STRAGGLERS: Final = 30
MAX_STEP: Final = 0.3
CONVERGED: Final = 1e-4
"""A step of `z` below this is the last one: the convergence is quadratic, so the error is below 1e-12 then."""

MIN_SQUARE: Final = 1e-6
"""`H` is at least this part of ``w^2 u``, which it is a small multiple of; a polynomial may undershoot."""

BELOW_LIMIT: Final = 1e-12
"""The boundary lies at least this far below its limit, in logarithms."""

SYSTEMS_PER_CHUNK: Final = 64
"""Systems solved side by side: their arrays stay in the processor's cache."""


def _chebyshev_points(count: int) -> FloatArray:
    """Return the extrema of Chebyshev's polynomial on [0, 1], ascending, `count` intervals."""
    return 0.5 * (1.0 - np.cos(np.pi * np.arange(count + 1) / count))


def _interpolation(nodes: FloatArray, points: FloatArray) -> FloatArray:
    """Return the matrix from values at `nodes` to the polynomial's values at `points` (barycentric formula)."""
    gaps = nodes[:, None] - nodes + np.eye(nodes.size)
    weights = 1.0 / np.prod(gaps, axis=1)
    distance = points[:, None] - nodes
    hit = np.abs(distance) < 1e-14
    parts = weights / np.where(hit, 1.0, distance)
    matrix = parts / parts.sum(axis=1, keepdims=True)
    return np.where(hit.any(axis=1, keepdims=True), hit.astype(np.float64), matrix)


def interpolation_from_boundary(root_times: FloatArray, *, below_limit: bool) -> FloatArray:
    """Return the matrix from `H` at the collocation points to `H` at other times.

    Parameters
    ----------
    root_times
        (P,) square roots of the times left, as parts of the whole: 0 to 1.
    below_limit
        For boundaries whose limit lies below the strike (`Q > R`): the polynomial is that of ``H / u``.

    Returns
    -------
    FloatArray
        (P, `BOUNDARY_POINTS`); the point at time 0 is left out, because `H` is zero there.
    """
    if below_limit:
        return _interpolation(_ROOT_TIMES[1:], root_times) * (root_times[:, None] / _ROOT_TIMES[1:]) ** 2
    return _interpolation(_ROOT_TIMES, root_times)[:, 1:]


_ROOT_TIMES: Final = _chebyshev_points(BOUNDARY_POINTS)
_LEGENDRE, _LEGENDRE_WEIGHTS = leggauss(QUADRATURE_POINTS)
_ANGLE: Final = 0.25 * np.pi * (1.0 + _LEGENDRE)
_SINE: Final = np.sin(_ANGLE)
# ds = 2 u a da with a = sin(angle); Legendre's weights are for [-1, 1].
_WEIGHTS: Final = 2.0 * _SINE * np.cos(_ANGLE) * 0.25 * np.pi * _LEGENDRE_WEIGHTS
_QUADRATURE_ROOT_TIMES: Final = _ROOT_TIMES[1:, None] * np.cos(_ANGLE)
_MATRICES: Final = {
    below_limit: interpolation_from_boundary(_QUADRATURE_ROOT_TIMES.ravel(), below_limit=below_limit).reshape(
        BOUNDARY_POINTS, QUADRATURE_POINTS, BOUNDARY_POINTS
    )
    for below_limit in (False, True)
}
"""(points, quadrature, points): `H` at the quadrature points of each collocation point."""


# For the systems, which come last in their arrays: (points, 1) and (points, quadrature, 1).
_POINT_ROOTS: Final = _ROOT_TIMES[1:, None]
_POINT_TIMES: Final = _POINT_ROOTS**2
_PAST: Final = _POINT_TIMES[:, None] * (_SINE**2)[:, None]
_LEFT: Final = _POINT_TIMES[:, None] - _PAST
_POINT_WEIGHTS: Final = _POINT_TIMES[:, None] * _WEIGHTS[:, None]


class Boundaries(Struct, frozen=True):
    """Exercise boundaries of some systems at the collocation points, and how they move.

    Attributes
    ----------
    deviation
        (systems,) `w`.
    limit, limit_by_rate, limit_by_yield
        (systems,) ``ln X`` and its derivatives by `R` and `Q`.
    log
        (systems, points) ``z = ln(B / K)``, near times first; the last point is the whole time to the expiration.
    by_rate, by_yield, by_deviation
        (systems, points) derivatives of `log` by `R`, `Q` and `w`.
    converged
        (systems,) whether Newton's method arrived; the others are not to be used.
    """

    deviation: FloatArray
    limit: FloatArray
    limit_by_rate: FloatArray
    limit_by_yield: FloatArray
    log: FloatArray
    by_rate: FloatArray
    by_yield: FloatArray
    by_deviation: FloatArray
    converged: BoolArray

    def at(self, root_times: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the boundaries at other times, and how they move there.

        Parameters
        ----------
        root_times
            (P,) square roots of the times left, as parts of the whole: 0 to 1.

        Returns
        -------
        tuple of FloatArray
            (systems, P) ``ln X - ln B``, and the derivatives of ``ln B`` by `R`, `Q` and `w`.
        """
        distance, by_rate, by_yield, by_deviation = (np.empty((self.log.shape[0], root_times.size)) for _ in range(4))
        # Where the limit does not move the strike is the limit.
        for below_limit in (False, True):
            own = np.flatnonzero((self.limit < 0.0) == below_limit)
            matrix = interpolation_from_boundary(root_times, below_limit=below_limit).T
            below = self.limit[own, None] - self.log[own]
            distance[own], inverse = _root((below * below) @ matrix, root_times * root_times, self.deviation[own, None])
            with_limit = 1.0 - (below @ matrix) * inverse
            by_rate[own] = ((below * self.by_rate[own]) @ matrix) * inverse + with_limit * self.limit_by_rate[own, None]
            by_yield[own] = ((below * self.by_yield[own]) @ matrix) * inverse + with_limit * self.limit_by_yield[
                own, None
            ]
            by_deviation[own] = ((below * self.by_deviation[own]) @ matrix) * inverse
        return distance, by_rate, by_yield, by_deviation


def _root(squares: FloatArray, time: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``sqrt(H)``, and its inverse; where a polynomial undershoots, a small root and an inverse of zero."""
    least = MIN_SQUARE * deviation * deviation * time
    sound = squares > least
    if sound.all():
        root = np.sqrt(squares)
        return root, 1.0 / root
    root = np.sqrt(np.where(sound, squares, least))
    return root, np.where(sound, 1.0 / root, 0.0)


def log_limit(rate: FloatArray, dividends: FloatArray) -> FloatArray:
    """Return ``ln X``, the logarithm of a put's boundary just before the expiration.

    Parameters
    ----------
    rate, dividends
        `R` and `Q` of puts of which a boundary exists.
    """
    above = dividends > rate
    ratio = np.where(above, rate, 1.0) / np.where(above, dividends, 1.0)
    return np.log(np.maximum(ratio, np.finfo(np.float64).tiny))


def solve_boundaries(rate: FloatArray, dividends: FloatArray, deviation: FloatArray) -> Boundaries:
    """Solve for the exercise boundaries of puts.

    Parameters
    ----------
    rate, dividends
        (systems,) ``R = r T`` and ``Q = q T``; `R` greater than zero, or zero with a negative `Q`.
    deviation
        (systems,) ``w = sigma sqrt(T)``, greater than zero.
    """
    count = rate.size
    limit = log_limit(rate, dividends)
    below_limit = limit < 0.0
    log, by_rate, by_yield, by_deviation = (np.full((BOUNDARY_POINTS, count), np.nan) for _ in range(4))
    converged = np.zeros(count, dtype=np.bool_)
    with np.errstate(all="ignore"):
        log = _first_guess(rate, dividends, deviation, limit)
        for steps in (MAX_NEWTON_STEPS, MAX_STEPS_OF_STRAGGLERS):
            for kind in (False, True):
                wanted = np.flatnonzero(~converged & (below_limit == kind))
                for first in range(0, wanted.size, SYSTEMS_PER_CHUNK):
                    part = wanted[first : first + SYSTEMS_PER_CHUNK]
                    systems = _Systems(rate[part], dividends[part], deviation[part], limit[part], below_limit=kind)
                    log[:, part], converged[part], moves = systems.solve(log[:, part], steps)
                    by_rate[:, part], by_yield[:, part], by_deviation[:, part] = moves
        limit_by_rate = np.where(below_limit, 1.0 / rate, 0.0)
        limit_by_yield = np.where(below_limit, -1.0 / dividends, 0.0)
    return Boundaries(
        deviation, limit, limit_by_rate, limit_by_yield, log.T, by_rate.T, by_yield.T, by_deviation.T, converged
    )


class _Systems:
    """Some systems side by side; arrays are (systems,), (points, systems) or (points, quadrature, systems).

    The systems come last: NumPy's loops are then long, and what is the same for all systems costs nothing.
    """

    def __init__(
        self, rate: FloatArray, dividends: FloatArray, deviation: FloatArray, limit: FloatArray, *, below_limit: bool
    ) -> None:
        self.r, self.q, self.w, self.limit = rate, dividends, deviation, limit
        self.below_limit = below_limit
        self.matrix = _MATRICES[below_limit]
        self.flat_matrix = self.matrix.reshape(-1, BOUNDARY_POINTS)
        self.time, self.root = _POINT_TIMES, _POINT_ROOTS
        self.total = self.root * self.w
        # Over the quadrature: `past` is the time from the boundary's past to now.
        self.past, self.left = _PAST, _LEFT
        self.spread = self.total[:, None] * _SINE[:, None]
        self.inverse = 1.0 / self.spread
        self.drift = (self.r - self.q) * self.past
        self.drift *= self.inverse
        self.grown_rate = np.exp(self.r * self.left)
        self.grown_rate *= _POINT_WEIGHTS
        self.grown_yield = np.exp(self.q * self.left)
        self.grown_yield *= _POINT_WEIGHTS

    def solve(self, z: FloatArray, steps: int) -> tuple[FloatArray, BoolArray, tuple[FloatArray, ...]]:
        """Return `z` after Newton's method from a guess, which systems converged, and the moves by `R`, `Q`, `w`."""
        converged = np.zeros(z.shape[1], dtype=np.bool_)
        # Far from the boundary the equations are as steep as a normal density: no step beyond a standard deviation.
        bound = np.minimum(MAX_STEP, self.total)
        for _ in range(steps):
            terms = _Terms(self, z)
            solved, sick = _solved(terms.jacobian(), terms.miss.T[:, :, None])
            step = solved[:, :, 0].T
            largest = (np.abs(step) / self.total).max(axis=0)
            stepped = np.minimum(z - np.clip(step, -bound, bound), self.limit - BELOW_LIMIT)
            z = np.where(converged | sick, z, stepped)
            converged |= ~sick & (largest < CONVERGED)
            if (converged | sick).all():
                break
        terms = _Terms(self, z)
        moves, _ = _solved(terms.jacobian(), -terms.parameter_derivatives())
        return z, converged, (moves[:, :, 0].T, moves[:, :, 1].T, moves[:, :, 2].T)


def _first_guess(r: FloatArray, q: FloatArray, w: FloatArray, limit: FloatArray) -> FloatArray:
    """Return boundaries (points, systems) by QD+: Newton's method on Li's equation, from a curve of the right shape."""
    time, root_time = _POINT_TIMES, _POINT_ROOTS
    total = root_time * w
    variance = w * w
    drift = 2.0 * (r - q) / variance
    # r / (1 - e^(-r u)), which is 1 / u where there is no rate.
    small = np.abs(r * time) < 1e-8
    rate = np.where(small, 1.0 / time, r / np.where(small, 1.0, -np.expm1(-r * time)))
    root = np.sqrt((drift - 1.0) ** 2 + 8.0 * rate / variance)
    exponent = -0.5 * ((drift - 1.0) + root)
    paid, yielded = np.exp(-r * time), np.exp(-q * time)
    weight = 2.0 * paid / (variance * (2.0 * exponent + drift - 1.0))
    slope = weight * (rate + 2.0 * rate * rate / (variance * root) / (2.0 * exponent + drift - 1.0)) - exponent
    inverse, carry, decline = 1.0 / total, (r - q) * time, 0.5 * w / root_time
    weight /= paid
    z = np.minimum(_start_curve(r, q, w, limit), limit - 1e-9)
    for _ in range(START_STEPS):
        spot = np.exp(z)
        plus = (z + carry) * inverse + 0.5 * total
        minus = plus - total
        below, below_strike = ndtr(-plus), ndtr(-minus)
        density = INVERSE_SQRT_2PI * np.exp(-0.5 * plus * plus)
        strike_density = INVERSE_SQRT_2PI * np.exp(-0.5 * minus * minus)
        forward = spot * yielded
        holding = forward * below
        shrinking = decline * forward * density
        # By z: of the held underlying, negated.
        moved = forward * (density * inverse - below)
        european = paid * below_strike - holding
        decay = r * paid * below_strike - q * holding - shrinking
        value = spot - holding - slope * (1.0 - spot - european) + weight * decay
        decay_by_z = q * moved - r * paid * strike_density * inverse - shrinking * (1.0 - plus * inverse)
        by_z = spot + moved + slope * (spot - holding) + weight * decay_by_z
        step = np.clip(value / by_z, -0.25, 0.25)
        z = np.minimum(z - np.where(np.isfinite(step), step, 0.0), limit - 1e-9)
    return z


def _start_curve(r: FloatArray, q: FloatArray, w: FloatArray, limit: FloatArray) -> FloatArray:
    """Return curves (points, systems) from the limit at the expiration towards the perpetual put's boundary."""
    variance = w * w
    half = (r - q) / variance - 0.5
    exponent = -half - np.sqrt(half * half + 2.0 * r / variance)
    perpetual = exponent / (exponent - 1.0)
    first = np.exp(limit)
    part = -2.0 * (_POINT_ROOTS * w) * first / np.maximum(first - perpetual, 1e-12)
    return np.log(perpetual + (first - perpetual) * np.exp(np.maximum(part, -700.0)))


class _Terms:
    """Both sides of the equations at a trial boundary."""

    def __init__(self, systems: _Systems, z: FloatArray) -> None:
        r, q, time, inverse = systems.r, systems.q, systems.time, systems.inverse
        self._systems = systems
        self._below = systems.limit - z
        squares = (systems.flat_matrix @ (self._below * self._below)).reshape(inverse.shape)
        root, self._inverse_root = _root(squares, systems.left, systems.w)
        root -= self._below[:, None]
        root *= inverse
        root += systems.drift
        half = 0.5 * systems.spread
        self._minus, self._plus = root - half, root + half
        own = (z + (r - q) * time) / systems.total
        self._own_minus, self._own_plus = own - 0.5 * systems.total, own + 0.5 * systems.total
        self._own_density_minus = INVERSE_SQRT_2PI * np.exp(-0.5 * self._own_minus**2) / systems.total
        self._own_density_plus = INVERSE_SQRT_2PI * np.exp(-0.5 * self._own_plus**2) / systems.total
        # Of the integrals, without the factors R and Q.
        self._n = _density(self._minus)
        self._n *= systems.grown_rate
        self._n *= inverse
        self._d = _density(self._plus)
        self._d *= systems.grown_yield
        self._d *= inverse
        self._d_all = ndtr(self._plus)
        self._d_all *= systems.grown_yield
        self._d_all += self._d
        self._numerator = self._own_density_minus + r * self._n.sum(axis=1)
        self._denominator = self._own_density_plus + ndtr(self._own_plus) + q * self._d_all.sum(axis=1)
        self.miss = z + (r - q) * time - np.log(self._numerator / self._denominator)
        # d/dz(u) of both integrands at the point's own boundary; the past boundary's is the opposite.
        scaled = self._minus * inverse
        self._n_slope = self._n * scaled
        self._n_slope *= -r
        self._d_slope = self._d * scaled
        self._d_slope *= -q

    def jacobian(self) -> FloatArray:
        """Return the derivatives of `miss` by the boundary's points: (systems, points, points)."""
        systems = self._systems
        slope = self._n_slope * (1.0 / self._numerator)[:, None]
        slope -= self._d_slope * (1.0 / self._denominator)[:, None]
        own = (
            -self._own_density_minus * self._own_minus / systems.total / self._numerator
            + self._own_density_plus * self._own_minus / systems.total / self._denominator
            + slope.sum(axis=1)
        )
        slope *= self._inverse_root
        past = np.matmul(systems.matrix.transpose(0, 2, 1), slope)
        past *= self._below
        diagonal = np.arange(BOUNDARY_POINTS)
        past[diagonal, diagonal] += 1.0 - own
        return np.ascontiguousarray(past.transpose(2, 0, 1))

    def parameter_derivatives(self) -> FloatArray:
        """Return the derivatives of `miss` by `R`, `Q` and `w` at a fixed boundary: (systems, points, 3)."""
        systems = self._systems
        r, q, w, time = systems.r, systems.q, systems.w, systems.time
        own_n = -self._own_density_minus * self._own_minus / systems.total
        own_d = -self._own_density_plus * self._own_minus / systems.total
        # The limit ln X moves with the rates where it is their ratio, and the boundary between the points with it.
        along = (systems.flat_matrix @ self._below).reshape(self._inverse_root.shape)
        with_limit = 1.0 - along * self._inverse_root
        n_limit = (self._n_slope * with_limit).sum(axis=1)
        d_limit = (self._d_slope * with_limit).sum(axis=1)
        limit_by_rate = 1.0 / r if systems.below_limit else 0.0
        limit_by_yield = -1.0 / q if systems.below_limit else 0.0
        n_past = own_n * time + (self._n_slope * systems.past).sum(axis=1)
        d_past = own_d * time + (self._d_slope * systems.past).sum(axis=1)
        n_rate = n_past + (self._n * (1.0 + r * systems.left)).sum(axis=1) - n_limit * limit_by_rate
        d_rate = d_past - d_limit * limit_by_rate
        n_yield = -n_past - n_limit * limit_by_yield
        d_yield = -d_past + (self._d_all * (1.0 + q * systems.left)).sum(axis=1) - d_limit * limit_by_yield
        product = self._minus * self._plus
        own_product = self._own_minus * self._own_plus
        n_deviation = (self._own_density_minus * (own_product - 1.0) + r * (self._n * (product - 1.0)).sum(axis=1)) / w
        d_deviation = (
            self._own_density_plus * (own_product - 1.0 - self._own_minus * systems.total)
            + q * (self._d * (product - 1.0 - self._minus * systems.spread)).sum(axis=1)
        ) / w
        n, d = self._numerator, self._denominator
        return np.stack(
            (
                (time - n_rate / n + d_rate / d).T,
                (-time - n_yield / n + d_yield / d).T,
                (-n_deviation / n + d_deviation / d).T,
            ),
            axis=-1,
        )


def _density(at: FloatArray) -> FloatArray:
    """Return the normal density."""
    result = at * at
    result *= -0.5
    np.exp(result, out=result)
    result *= INVERSE_SQRT_2PI
    return result


def _solved(matrices: FloatArray, right: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Solve linear equations; where one cannot be solved return zeros, and report which."""
    sick = ~_finite(matrices) | ~_finite(right)
    matrices[sick] = np.eye(matrices.shape[1])
    try:
        result = np.asarray(np.linalg.solve(matrices, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        singular = np.asarray(np.linalg.det(matrices) == 0.0, dtype=np.bool_)
        matrices[singular] = np.eye(matrices.shape[1])
        sick = sick | singular
        result = np.asarray(np.linalg.solve(matrices, right), dtype=np.float64)
    sick = sick | ~_finite(result)
    result[sick] = 0.0
    return result, sick


def _finite(arrays: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(arrays).all(axis=(1, 2)), dtype=np.bool_)
