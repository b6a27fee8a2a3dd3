"""What early exercise is worth when cash dividends are paid on known days: implicit finite differences, many at once.

Between the days the price of the underlying without its dividends moves as Black's model has it (the escrowed model):
with ``S*`` that price, ``C(t)`` what the dividends still to come are worth at ``t``, and ``S = S* + C``, an option is
exercised for ``S - K`` or ``K - S``. ``C`` falls at each day, so that a call is worth exercising just before one and a
put just after: both are asked for at every such day.

Everything is in units of the strike and of the option's life: the grid is one of ``x = ln(S*/K)``, the clock runs from
0 to 1, the variance is ``sigma^2 T`` and the interest ``r T``. Time steps are Crank and Nicolson's, and the linear
complementarity problem in each is solved exactly by Brennan and Schwartz's elimination, which works from the end where
exercise pays. The European option is carried along on the same grid: what is returned is the difference, from which
the grid's own error has gone.

Sources: M. Brennan, E. Schwartz, "The valuation of American put options", Journal of Finance 32 (1977); P. Jaillet,
D. Lamberton, B. Lapeyre, "Variational inequalities and the pricing of American options" (1990), for why the elimination
is exact; R. Rannacher, "Finite element solution of diffusion problems with irregular data", Numerische Mathematik 43
(1984); J. Hull, "Options, Futures, and Other Derivatives", for the escrowed model.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.pricing import black
from mesolive.pricing.black import FloatArray

POINTS: Final = 121
"""Points of a grid: twice as many change a value by less than 1e-5 of the underlying."""

WIDTH: Final = 5.5
"""Half the width of a grid, in total volatilities: beyond it nothing is uncertain."""

STEPS: Final = 32
"""Time steps over a whole life; each stretch between two dividends has two at least."""

WORTH_A_PASS: Final = 600
"""Fewer options are solved together, whatever their dividends: a pass costs as much as some hundreds of them."""

GRADE: Final = 2.0
"""Times run as the square of the step's number, back from the end of a stretch: the boundary moves fastest there."""

SMOOTHING_STEPS: Final = 1
"""Steps of a stretch that are wholly implicit (Rannacher): the corner at the strike would swing otherwise."""

MIN_WIDTH: Final = 1e-9


class GridProblem(Struct, frozen=True):
    """Options to be solved for; one element, or row, for each.

    Attributes
    ----------
    is_call
        (N,) true for calls.
    variance, interest
        (N,) ``sigma^2 T`` and ``r T``.
    dates
        (N, D) when dividends are paid, as parts of the life, ascending, above 0 and below 1.
    amounts
        (N, D) the dividends in strikes; zero where an option has fewer than D.
    rest
        (N,) in strikes: by how much the underlying's price exceeds ``S*`` and what these dividends are worth, a yield
        or a cost of borrowing; it is used up evenly.
    """

    is_call: npt.NDArray[np.bool_]
    variance: FloatArray
    interest: FloatArray
    dates: FloatArray
    amounts: FloatArray
    rest: FloatArray

    def part(self, own: npt.NDArray[np.intp], days: int) -> GridProblem:
        """Return some of the options, with their first `days` dividends."""
        return GridProblem(
            self.is_call[own],
            self.variance[own],
            self.interest[own],
            self.dates[own, :days],
            self.amounts[own, :days],
            self.rest[own],
        )

    def carried(self, at: FloatArray, first: int = 0) -> FloatArray:
        """Return (N,) what the underlying is worth above ``S*`` at a time; dividends from `first` on are to come."""
        wait = np.maximum(self.dates[:, first:] - at[:, None], 0.0)
        due = (self.amounts[:, first:] * np.exp(-self.interest[:, None] * wait)).sum(axis=1)
        return np.asarray(due + self.rest * (1.0 - at), dtype=np.float64)


class PremiumGrid(Struct, frozen=True):
    """What early exercise is worth now, on the options' grids.

    Attributes
    ----------
    half
        (N,) the grids run from `-half` to `half` in ``x = ln(S*/K)``.
    premium
        (POINTS, N) in strikes, from the lowest ``x`` to the highest.
    """

    half: FloatArray
    premium: FloatArray


def solve_premiums(problem: GridProblem) -> PremiumGrid:
    """Return the premiums of early exercise of some options over their European values."""
    size = problem.variance.size
    half, premium = np.empty(size), np.empty((POINTS, size))
    # Stretches are as many as dividends: many options do not wait for the steps of those that have more of them.
    number = np.count_nonzero(problem.amounts, axis=1)
    if size < WORTH_A_PASS:
        number[:] = number.max(initial=0)
    for count in np.unique(number):
        own = np.flatnonzero(number == count)
        part = _solve(problem.part(own, int(count)))
        half[own], premium[:, own] = part.half, part.premium
    return PremiumGrid(half, premium)


def _solve(problem: GridProblem) -> PremiumGrid:
    """Return the premiums of options with the same number of dividends."""
    half = WIDTH * np.sqrt(problem.variance) + MIN_WIDTH
    premium = np.maximum(_run(problem, half), 0.0)
    # From the end where exercise pays to the other: with rising x that is so for puts.
    premium = np.where(problem.is_call, premium[::-1], premium)
    price = np.exp(np.linspace(-1.0, 1.0, POINTS)[:, None] * half)
    growth = np.exp(problem.interest)
    european = black.values(problem.is_call, price * growth, 1.0, 1.0, np.sqrt(problem.variance), 1.0 / growth)
    sign = np.where(problem.is_call, 1.0, -1.0)
    pays = sign * (price + problem.carried(np.zeros(half.size)) - 1.0)
    # Where exercise pays now, the premium is known exactly.
    return PremiumGrid(half, np.maximum(premium, pays - european))


def _run(problem: GridProblem, half: FloatArray) -> FloatArray:
    """Return (POINTS, N) the premiums, the first of them deep in the money."""
    size, days = problem.dates.shape
    sign = np.where(problem.is_call, 1.0, -1.0)
    price = np.exp(np.linspace(1.0, -1.0, POINTS)[:, None] * (sign * half))
    width = 2.0 * half / (POINTS - 1)
    spread = 0.5 * problem.variance / width**2
    # Along the rows x falls for calls and rises for puts; `near` is the row before, nearer to the money.
    slope = sign * (problem.interest - 0.5 * problem.variance) / (2.0 * width)
    near, far, middle = spread + slope, spread - slope, -2.0 * spread - problem.interest

    values = np.empty((POINTS, 2, size))  # the American options and the European ones
    values[:, 0] = values[:, 1] = np.maximum(sign * (price - 1.0), 0.0)
    # Deep in the money nothing is uncertain: what is paid or received for the strike at the best time.
    best, at_end = np.ones(size), np.ones(size)
    edges = np.concatenate((np.zeros((size, 1)), problem.dates, np.ones((size, 1))), axis=1)
    for stretch in range(days, -1, -1):
        length = edges[:, stretch + 1] - edges[:, stretch]
        count = max(2, math.ceil(STEPS * float(length.max(initial=0.0))))
        done = np.zeros(size)
        for turn in range(count):
            after = length * ((turn + 1) / count) ** GRADE
            step, done = after - done, after
            implicit = step if turn < SMOOTHING_STEPS else 0.5 * step
            explicit = step - implicit
            values[1:-1] += explicit * (near * values[:-2] + middle * values[1:-1] + far * values[2:])
            own = 1.0 - problem.carried(np.maximum(edges[:, stretch + 1] - done, 0.0), stretch)
            decay = np.exp(-problem.interest * step)
            best, at_end = _better(problem.is_call, best * decay, own), at_end * decay
            factor = _eliminate(values, -implicit * near, -implicit * far, 1.0 - implicit * middle)
            values[0, 0] = np.maximum(sign * (price[0] - best), 0.0)
            values[0, 1] = np.maximum(sign * (price[0] - at_end), 0.0)
            _substitute(values, sign * (price - own), factor)
        if stretch:  # just before the dividend
            own = 1.0 - problem.carried(edges[:, stretch], stretch - 1)
            best = _better(problem.is_call, best, own)
            np.maximum(values[:, 0], sign * (price - own), out=values[:, 0])
    return np.asarray(values[:, 0] - values[:, 1])


def _better(is_call: npt.NDArray[np.bool_], strike: FloatArray, other: FloatArray) -> FloatArray:
    """Return which strike its holder would rather exercise at: a call's the lower one, a put's the higher one."""
    return np.where(is_call, np.minimum(strike, other), np.maximum(strike, other))


def _eliminate(values: FloatArray, near: FloatArray, far: FloatArray, diagonal: FloatArray) -> FloatArray:
    """Eliminate from the end out of the money towards the other, in place; return the factors that are left."""
    values[-1] = 0.0
    factor = np.zeros((POINTS, near.size))
    for row in range(POINTS - 2, 0, -1):
        pivot = 1.0 / (diagonal - far * factor[row + 1])
        factor[row] = near * pivot
        values[row] -= far * values[row + 1]
        values[row] *= pivot
    return factor


def _substitute(values: FloatArray, pays: FloatArray, factor: FloatArray) -> None:
    """Substitute back from the end where exercise pays, in place; no American option is worth less than it pays."""
    for row in range(1, POINTS - 1):
        values[row] -= factor[row] * values[row - 1]
        np.maximum(values[row, 0], pays[row], out=values[row, 0])
