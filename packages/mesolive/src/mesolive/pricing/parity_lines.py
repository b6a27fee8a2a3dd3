"""Put-call parity regression: straight lines through the pairs of many expirations at once.

Each expiration is a row; rows are padded to the longest, with pairs of no weight. A regression over 65 expirations of
400 pairs so costs some dozens of array operations instead of thousands.

Sources: those of `mesolive.pricing.forwards`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mesolive.pricing.black import FloatArray

BoolArray = npt.NDArray[np.bool_]

HUBER: Final = 1.345
ITERATIONS: Final = 4
MIN_SCALE: Final = 0.01

HIGHEST_RATE: Final = 0.5
"""Rates beyond this are noise of a short expiration, not rates."""

PAIRS_PER_OBSERVATION: Final = 8.0
"""Quotes of neighbouring strikes err together: the effective number of pairs is far below their count."""


class Line(NamedTuple):
    """The sound pairs of one expiration.

    Attributes
    ----------
    years
        Time to the expiration.
    sound
        Which of the expiration's strikes they are.
    strikes, difference, spread
        (pairs,) strikes, midpoints of calls less puts, and both spreads together.
    """

    years: float
    sound: BoolArray
    strikes: FloatArray
    difference: FloatArray
    spread: FloatArray


class ParityLines:
    """The pairs of all expirations, as rows.

    Parameters
    ----------
    lines
        One at least, each with one pair at least.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self._years = np.array([line.years for line in lines])
        self._counts = np.array([line.strikes.size for line in lines])
        width = int(self._counts.max())
        self._real = np.arange(width) < self._counts[:, None]
        self._strikes, self._difference = np.zeros(self._real.shape), np.zeros(self._real.shape)
        self._spread = np.ones(self._real.shape)
        self._strikes[self._real] = np.concatenate([line.strikes for line in lines])
        self._difference[self._real] = np.concatenate([line.difference for line in lines])
        self._spread[self._real] = np.concatenate([line.spread for line in lines])
        self._base = np.where(self._real, 1.0 / (self._spread * self._spread), 0.0)

    def rates(self, spot: float) -> tuple[FloatArray, FloatArray]:
        """Return the annual rates of the slopes, and their standard errors; infinite where a slope is not a rate.

        The slopes are those of a weighted Huber regression of the differences on the strikes.
        """
        x, y = self._strikes - spot, self._difference
        weights = self._base
        slope, error = np.full(self._years.size, -1.0), np.full(self._years.size, np.inf)
        effective = np.sqrt(self._counts / np.maximum(self._counts / PAIRS_PER_OBSERVATION, 1.0))
        with np.errstate(all="ignore"):
            for _ in range(ITERATIONS):
                total = weights.sum(axis=1)
                dx = x - ((weights * x).sum(axis=1) / total)[:, None]
                dy = y - ((weights * y).sum(axis=1) / total)[:, None]
                denominator = (weights * dx * dx).sum(axis=1)
                slope = (weights * (dx * dy)).sum(axis=1) / denominator
                scaled, scale = self._scaled(dy - slope[:, None] * dx)
                error = scale / np.sqrt(denominator) * effective
                weights = self._base / np.maximum(scaled / (HUBER * scale[:, None]), 1.0)
            rate = -np.log(-slope) / self._years
            error = error / (-slope * self._years)
            sound = (self._years > 0.0) & (slope < 0.0) & np.isfinite(rate) & (np.abs(rate) <= HIGHEST_RATE)
        return np.where(sound, rate, 0.0), np.where(sound, error, np.inf)

    def forwards(self, rates: FloatArray) -> FloatArray:
        """Return the robust weighted means of ``K + (C - P) / D`` at given rates; NaN where there is none."""
        growth = np.exp(rates * np.maximum(self._years, 0.0))
        implied = self._strikes + self._difference * growth[:, None]
        order = np.argsort(np.where(self._real, implied, np.inf), axis=1)
        cumulative = np.cumsum(np.take_along_axis(self._base, order, axis=1), axis=1)
        half = (cumulative < 0.5 * cumulative[:, -1:]).sum(axis=1)
        middle = np.take_along_axis(implied, np.take_along_axis(order, half[:, None], axis=1), axis=1)[:, 0]
        with np.errstate(all="ignore"):
            for _ in range(ITERATIONS):
                scaled, scale = self._scaled(implied - middle[:, None])
                weights = self._base / np.maximum(scaled / (HUBER * scale[:, None]), 1.0)
                middle = (weights * implied).sum(axis=1) / weights.sum(axis=1)
        return np.where(np.isfinite(middle) & (middle > 0.0), middle, np.nan)

    def _scaled(self, misses: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far pairs are off in their spreads, and the robust scale of each row."""
        scaled = np.abs(misses) / self._spread
        rows = np.sort(np.where(self._real, scaled, np.inf), axis=1)
        place, half = np.arange(self._counts.size), self._counts // 2
        upper = rows[place, half]
        median = np.where(self._counts % 2 == 1, upper, 0.5 * (rows[place, half - 1] + upper))
        return scaled, np.maximum(1.4826 * median, MIN_SCALE)
