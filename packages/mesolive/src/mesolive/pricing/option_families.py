"""Batches of American options that share rate and yield: their boundary tables, and implied volatility search."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from mesolive.pricing.black import FloatArray
from mesolive.pricing.early_exercise import BoundaryTables, nodes_for
from mesolive.pricing.exercise_boundary import IntArray

MIN_DEVIATION: Final = 1e-5
"""Below this total volatility boundaries are not solved for."""

MAX_NEWTON_STEPS: Final = 40
PRECISION: Final = 3e-6
"""A relative step below this is the last one: the convergence is quadratic, so the error is below 1e-10 then."""

CUBIC_PRECISION: Final = 1e-6
"""Where the inverse cubic and Newton's method differ by less than this part, the cubic's error is below 1e-9."""


class Families(Struct, frozen=True):
    """Contracts by what they share.

    Attributes
    ----------
    order
        Places of the contracts, so that those of a family follow each other.
    family
        (contracts,) in that order.
    starts
        (families,) the first of each family in that order.
    """

    order: IntArray
    family: IntArray
    starts: IntArray

    @classmethod
    def of(cls, *keys: FloatArray) -> Families:
        """Sort contracts that agree in all keys together."""
        order = np.lexsort(keys)
        new = np.zeros(order.size, dtype=np.bool_)
        new[:1] = True
        for key in keys:
            new[1:] |= np.diff(key[order]) != 0.0
        return cls(order, np.cumsum(new) - 1, np.flatnonzero(new))

    @classmethod
    def with_tables(cls, rate: FloatArray, dividends: FloatArray, deviation: FloatArray) -> Families:
        """Sort contracts for tables that serve given volatilities.

        A family with fewer contracts than its table would have nodes is cut into single contracts.
        """
        families = cls.of(rate, dividends)
        size = np.diff(np.append(families.starts, rate.size))
        few = size <= nodes_for(families.greatest(deviation) / families.least(deviation))
        alone = np.zeros(rate.size)
        alone[families.order] = np.where(few[families.family], deviation[families.order], 0.0)
        return cls.of(alone, rate, dividends)

    def least(self, array: FloatArray) -> FloatArray:
        """Return the least of each family."""
        return np.minimum.reduceat(array[self.order], self.starts)

    def greatest(self, array: FloatArray) -> FloatArray:
        """Return the greatest of each family."""
        return np.maximum.reduceat(array[self.order], self.starts)

    def first(self, array: FloatArray) -> FloatArray:
        """Return what is the same within each family."""
        return array[self.order][self.starts]


class CachedTables(Struct, frozen=True):
    """Boundary tables that were solved for, and whom they serve.

    Attributes
    ----------
    family
        (contracts,) each contract's family in the tables; -1 for those that have none.
    low, high
        (families,) between which total volatilities the tables are exact.
    """

    family: IntArray
    tables: BoundaryTables
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(
        cls, family: IntArray, solved: IntArray, tables: BoundaryTables, low: FloatArray, high: FloatArray
    ) -> CachedTables:
        """Note whom tables serve.

        Parameters
        ----------
        family
            (contracts,) to which of all families each contract belongs; -1 for none.
        solved
            (families,) which of them the tables are of, in their order.
        """
        place = np.full(int(family.max(initial=-1)) + 2, -1, dtype=np.intp)
        place[solved] = np.arange(solved.size)
        return cls(place[family], tables, low, high)

    def family_of(self, contracts: IntArray, deviation: FloatArray) -> IntArray:
        """Return the families of contracts; -1 where the tables do not serve at a total volatility."""
        family = self.family[contracts]
        known = family >= 0
        inside = known & (deviation >= self.low[family]) & (deviation <= self.high[family])
        return np.where(inside, family, -1)


def solve_deviations(
    tables: BoundaryTables,
    family: IntArray,
    log_spot: FloatArray,
    target: FloatArray,
    deviation: FloatArray,
    highest: FloatArray,
) -> FloatArray:
    """Return the total volatilities at which the tables' values are `target`.

    The first step is Newton's, later ones take the cubic of the inverse function through the last two points: two
    evaluations are enough for nine contracts of ten.

    Parameters
    ----------
    family, log_spot, target, deviation
        (contracts,) by family, the last one to begin at.
    highest
        (contracts,) the end of the bracket.
    """
    deviation = deviation.copy()
    low, high = np.full(family.size, MIN_DEVIATION), highest.copy()
    # Of the step before: total volatility, value, and the slope of their inverse function.
    before, value_before, slope_before = (np.full(family.size, np.nan) for _ in range(3))
    active = np.arange(family.size)
    for _ in range(MAX_NEWTON_STEPS):
        if not active.size:
            break
        at, goal = deviation[active], target[active]
        result = tables.evaluate(family[active], log_spot[active], at, everything=False)
        miss = result.value - goal
        low[active] = np.where(miss < 0.0, at, low[active])
        high[active] = np.where(miss > 0.0, at, high[active])
        with np.errstate(all="ignore"):
            slope = 1.0 / result.by_deviation
            newton = at - miss * slope
            cubic = _inverse_cubic(
                goal, before[active], value_before[active], slope_before[active], at, result.value, slope
            )
        before[active], value_before[active], slope_before[active] = at, result.value, slope
        better = (cubic > low[active]) & (cubic < high[active])
        new = np.where(better, cubic, newton)
        inside = (new > low[active]) & (new < high[active])
        new = np.where(miss == 0.0, at, np.where(inside, new, np.sqrt(low[active] * high[active])))
        deviation[active] = new
        # What the cubic says better than Newton's method is nearly all of the latter's error.
        left = np.where(better, np.abs(new - newton) > CUBIC_PRECISION * at, np.abs(new - at) > PRECISION * at)
        active = active[left & (miss != 0.0)]
    return deviation


def _inverse_cubic(
    goal: FloatArray,
    first: FloatArray,
    first_value: FloatArray,
    first_slope: FloatArray,
    second: FloatArray,
    second_value: FloatArray,
    second_slope: FloatArray,
) -> FloatArray:
    """Return where a function is `goal`, by the cubic of its inverse through two points with their slopes."""
    width = second_value - first_value
    part = (goal - second_value) / width  # 0 at the second point, -1 at the first
    chord = (second - first) / width
    rest = 1.0 + part
    curved = part * rest * ((second_slope - chord) * rest + (first_slope - chord) * part)
    return second + width * (part * chord + curved)
