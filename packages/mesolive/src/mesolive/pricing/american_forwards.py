"""Forwards and discount factors implied by American options: parity of prices without early-exercise premium.

Calls less puts of one strike are not a straight line where they may be exercised early. They still have one volatility,
which is enough: at the right rate and yield the volatility of the option out of the money, whose right of early
exercise is worth least, gives the price of the one in the money. With ``R = r T`` and ``Q = q T`` of one expiration

    miss(K; R, Q) = price of the one in the money - its value at the volatility of the one out of the money

is to vanish over all strikes near the money. It is solved by Gauss and Newton's method, all expirations together; the
derivatives are those of `mesolive.pricing.american`. Weights fall with the square of the spread, and Huber's weights
keep a stale pair from bending the fit. Taking the premium out of the prices and fitting the line of European parity
again, over and over, does not converge: a rate that is too low makes the premium of puts too low, and that the next
rate lower still.

Options of a few weeks, or with wide quotes, hardly determine a rate. A weak prior supplies the rest: a forward above
the spot means a rate without a yield, and a forward below it means dividends and not a negative rate.

Sources: F. Burkovska et al., "Calibration to American options: numerical investigation of the de-Americanization
method", Quantitative Finance 18 (2018); P. J. Huber, "Robust estimation" (1964).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.pricing.american import CarrySensitivities
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.black import FloatArray
from mesolive.pricing.cash_dividends import CashDividends

IntArray = npt.NDArray[np.intp]

MAX_PAIRS: Final = 24
"""Pairs of an expiration that take part: those nearest to the money."""

MAX_STEPS: Final = 8
LAST_STEP: Final = 2e-4
"""Steps of `R` and `Q` below this are the last ones: the misses are straight lines over such a distance."""

MAX_STEP: Final = 0.05
HUBER: Final = 1.345
MIN_SCALE: Final = 0.01

BELIEF: Final = 0.05
"""How far (annual rate) the belief about rate and yield may be off: a standard deviation."""

PAIRS_PER_OBSERVATION: Final = 8.0
"""Quotes of neighbouring strikes err together: so many pairs count as one."""

MIN_TIME_VALUE: Final = 0.01
"""Options in the money that are worth hardly more than their exercise value carry no information."""


class Pairs(Struct, frozen=True):
    """The sound pairs of call and put of one expiration, near the money.

    Attributes
    ----------
    years
        Time to the expiration.
    index
        (pairs,) places in the expiration's strikes.
    strikes, call, put
        (pairs,) strikes and midpoints.
    spread
        (pairs,) spreads of both together.
    dividends
        The cash dividends within the expiration's life that are known: part of the life, and amount; ascending.
    """

    years: float
    index: IntArray
    strikes: FloatArray
    call: FloatArray
    put: FloatArray
    spread: FloatArray
    dividends: Sequence[tuple[float, float]] = ()


class Carry(Struct, frozen=True):
    """The carry that one expiration's pairs imply.

    Attributes
    ----------
    rate, dividends
        ``R = r T`` and ``Q = q T``.
    error
        Standard error of `rate`.
    residuals
        (pairs,) by how much each call less its put is dearer than the fit.
    """

    rate: float
    dividends: float
    error: float
    residuals: FloatArray


class CarryFit:
    """The search for rate and yield of American expirations; `solve` may be called again after `hold_rates`.

    Parameters
    ----------
    spot
        Price of the underlying, of the same moment as the quotes.
    expirations
        Their pairs; at least one each.
    """

    # Arrays are (pairs,), all pairs of all expirations one after the other, or (expirations,).
    def __init__(self, spot: float, expirations: Sequence[Pairs]) -> None:
        counts = np.array([pairs.strikes.size for pairs in expirations])
        self._spot = spot
        self._counts = counts
        self._starts = np.cumsum(counts) - counts
        self._of = np.repeat(np.arange(counts.size), counts)
        self._years = np.array([pairs.years for pairs in expirations])
        self._strikes = np.concatenate([pairs.strikes for pairs in expirations])
        self._spread = np.concatenate([pairs.spread for pairs in expirations])
        call = np.concatenate([pairs.call for pairs in expirations])
        put = np.concatenate([pairs.put for pairs in expirations])
        self._call_is_out = self._strikes >= spot
        self._out = np.where(self._call_is_out, call, put)
        self._in = np.where(self._call_is_out, put, call)
        self._rates_known = False
        # Of an expiration, then of the calls and puts of each pair.
        paid = CashDividends.of([pairs.dividends for pairs in expirations])
        self._paid = paid.amounts.sum(axis=1)
        self._dividends_paid = paid.part(np.tile(self._of, 2)) if paid.paid.any() else None
        carry = self._first_carries(call - put)
        # What the dividends that are known explain is no reason to believe in a yield.
        self._known = -np.log1p(-np.minimum(self._paid / spot, 0.5))
        self._rate = np.maximum(carry + self._known, 0.0)
        self._dividends = self._rate - carry

    def hold_rates(self, rates: FloatArray, carries: FloatArray | None = None) -> None:
        """Fix the rates at `R` and solve for yields only; negative rates count as zero.

        Parameters
        ----------
        carries
            Where to start: ``ln(F / S)`` of each expiration, NaN where it is not known; by default what is solved so
            far.
        """
        carry = self._rate - self._dividends
        if carries is not None:
            carry = np.where(np.isnan(carries), carry, carries)
        self._rate = np.maximum(rates, 0.0)
        self._dividends = self._rate - carry
        self._rates_known = True

    def _first_carries(self, difference: FloatArray) -> FloatArray:
        """Return ``ln(F / S)`` as the pairs nearest to the money have it: little is early there."""
        result = np.empty(self._counts.size)
        for place, (start, count) in enumerate(zip(self._starts, self._counts, strict=True)):
            strikes = self._strikes[start : start + count]
            nearest = np.argsort(np.abs(strikes - self._spot), kind="stable")[:5]
            forward = float(np.median((strikes + difference[start : start + count])[nearest]))
            result[place] = np.log(max(forward, 0.5 * self._spot) / self._spot)
        return result

    def solve(self) -> list[Carry]:
        """Return the carry of each expiration."""
        miss, weights, slopes = np.empty(0), np.empty(0), (np.empty(0), np.empty(0))
        bound = MAX_STEP * np.maximum(self._years, 0.02)
        for _ in range(MAX_STEPS):
            miss, weights, slopes = self._evaluate()
            by_rate, by_yield = (np.clip(step, -bound, bound) for step in self._step(miss, weights, slopes))
            # Below zero there are two boundaries at times; a stock's options hardly separate a negative rate from zero.
            by_rate = np.maximum(self._rate + by_rate, 0.0) - self._rate
            self._rate, self._dividends = self._rate + by_rate, self._dividends + by_yield
            miss = miss + slopes[0] * by_rate[self._of] + slopes[1] * by_yield[self._of]
            if max(np.abs(by_rate).max(initial=0.0), np.abs(by_yield).max(initial=0.0)) < LAST_STEP:
                break
        errors = self._errors(miss, weights, slopes)
        signed = np.where(self._call_is_out, -miss, miss)
        return [
            Carry(
                float(self._rate[place]),
                float(self._dividends[place]),
                float(errors[place]),
                signed[start : start + count],
            )
            for place, (start, count) in enumerate(zip(self._starts, self._counts, strict=True))
        ]

    def _evaluate(self) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
        """Return by how much the options in the money are off, their weights, and the derivatives by `R` and `Q`."""
        count = self._strikes.size
        rate, dividends = self._rate[self._of], self._dividends[self._of]
        # Those out of the money, then those in it: calls and puts of an expiration share their boundaries.
        options = AmericanChain(
            np.concatenate((self._call_is_out, ~self._call_is_out)),
            np.full(2 * count, self._spot),
            np.tile(self._strikes, 2),
            np.tile(self._years[self._of], 2),
            np.tile(np.exp(-rate), 2),
            np.tile(self._spot * np.exp(rate - dividends), 2),
            self._dividends_paid,
        )
        volatility = options.implied_volatility(np.concatenate((self._out, np.full(count, np.nan))))[:count]
        sound = np.isfinite(volatility)
        result = options.carry_sensitivities(np.tile(np.where(sound, volatility, 0.2), 2))
        of_out = CarrySensitivities(*(array[:count] for array in result))
        of_in = CarrySensitivities(*(array[count:] for array in result))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = of_in.by_volatility / of_out.by_volatility
            slopes = (
                of_out.by_rate * ratio - of_in.by_rate,
                of_out.by_yield * ratio - of_in.by_yield,
            )
        miss = self._in - of_in.value
        gain = np.maximum(np.where(self._call_is_out, self._strikes - self._spot, self._spot - self._strikes), 0.0)
        sound &= (self._in > gain + MIN_TIME_VALUE) & np.isfinite(miss + slopes[0] + slopes[1])
        sound &= of_in.by_volatility > 0.0
        miss = np.where(sound, miss, 0.0)
        weights = np.where(sound, 1.0 / (self._spread * self._spread), 0.0)
        scale = self._scale(np.abs(miss) / self._spread, sound)[self._of]
        weights /= np.maximum(np.abs(miss) / self._spread / (HUBER * scale), 1.0)
        return miss, weights, (np.where(sound, slopes[0], 0.0), np.where(sound, slopes[1], 0.0))

    def _scale(self, scaled: FloatArray, sound: npt.NDArray[np.bool_]) -> FloatArray:
        """Return the robust scale of each expiration's misses, in spreads."""
        result = np.empty(self._counts.size)
        for place, (start, count) in enumerate(zip(self._starts, self._counts, strict=True)):
            part = slice(start, start + count)
            own = scaled[part][sound[part]]
            result[place] = max(1.4826 * float(np.median(own)), MIN_SCALE) if own.size else MIN_SCALE
        return result

    def _normal(
        self, miss: FloatArray, weights: FloatArray, slopes: tuple[FloatArray, FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the sums of the normal equations of each expiration, in observations of unit variance."""
        scale = self._scale(np.abs(miss) / self._spread, weights > 0.0)[self._of]
        weights = weights / (scale * scale) / PAIRS_PER_OBSERVATION
        by_rate, by_yield = slopes
        sums = (
            weights * by_rate * by_rate,
            weights * by_rate * by_yield,
            weights * by_yield * by_yield,
            -weights * by_rate * miss,
            -weights * by_yield * miss,
        )
        a, b, c, d, e = (np.add.reduceat(product, self._starts) for product in sums)
        return a, b, c, d, e

    def _step(
        self, miss: FloatArray, weights: FloatArray, slopes: tuple[FloatArray, FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the steps of `R` and `Q`, the belief included."""
        a, b, c, d, e = self._normal(miss, weights, slopes)
        belief = 1.0 / (BELIEF * np.maximum(self._years, 1e-4)) ** 2
        rising = self._rate - self._dividends + self._known > 0.0
        no_yield, no_rate = np.where(rising, belief, 0.0), np.where(rising, 0.0, belief)
        a, d = a + no_rate, d - no_rate * self._rate
        c, e = c + no_yield, e - no_yield * (self._dividends - self._known)
        with np.errstate(divide="ignore", invalid="ignore"):
            determinant = a * c - b * b
            both = (d * c - e * b) / determinant, (a * e - b * d) / determinant
            step_rate, step_dividends = (np.zeros(a.size), e / c) if self._rates_known else both
        return np.nan_to_num(step_rate), np.nan_to_num(step_dividends)

    def _errors(self, miss: FloatArray, weights: FloatArray, slopes: tuple[FloatArray, FloatArray]) -> FloatArray:
        """Return the standard errors of `R`, at most that of the prior."""
        a, b, c, _, _ = self._normal(miss, weights, slopes)
        a = a + 1.0 / (BELIEF * np.maximum(self._years, 1e-4)) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(c / (a * c - b * b))
        return np.where(np.isfinite(error), error, np.inf)
