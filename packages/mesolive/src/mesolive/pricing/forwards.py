"""Forwards and discount factors from put-call parity of the quotes: no dividend or interest rate is an input.

Put-call parity of European options says ``C(K) - P(K) = D * (F - K)`` for every strike of one expiration: a straight
line in `K` whose slope is the discount factor and whose root is the forward. Two strikes of that line are a box
spread, so the fitted slope is the rate that all of the box spreads agree on. Three steps:

1. Each expiration: a weighted, robust regression over its pairs of call and put (weights fall with the square of the
   combined spread; Huber's weights keep a stale pair from bending the line).
2. All expirations: the rates ``-ln(D) / T`` lie on a smooth curve, but a slope over a few days is hardly a rate at
   all. Each expiration's rate is therefore averaged with its neighbours', weighted by the certainty of each slope and
   by the distance in time.
3. Each expiration again: with the discount factor given, the forward is the robust mean of ``K + (C - P) / D`` over
   the pairs.

Options that may be exercised early do not obey that line; step 1 and step 3 are then those of
`mesolive.pricing.american_forwards`.

An expiration with too few sound pairs takes rate and carry from the curve of its neighbours; with no neighbour at all
the forward is the spot and the discount factor one.

Sources: H. R. Stoll, "The relationship between put and call option prices" (1969); A. Binsbergen, W. Diamond, M.
Grotteria, "Risk-free interest rates" (2022), for discount factors by regression over strikes; P. J. Huber, "Robust
estimation" (1964).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mesolive.pricing.american_forwards import MAX_PAIRS, CarryFit, Pairs
from mesolive.pricing.black import FloatArray
from mesolive.pricing.parity_lines import Line, ParityLines

MINIMUM_PAIRS = 4
MIN_SPREAD = 0.01
# American options farther from the money than this part of the spot are near their exercise: they imply little.
AMERICAN_WIDTH = 0.15
# By how much (annual rate) the curve may bend per unit of `_curve_time`.
DRIFT = 0.01
# Minimum forwards for an implied spot, and the most by which it may differ from the print.
MINIMUM_CURVE = 3
HIGHEST_SPOT_ERROR = 0.05
# No slope is more certain than this (annual rate).
MIN_RATE_ERROR = 0.0002


class ForwardSource(enum.Enum):
    """Where an expiration's forward comes from."""

    PARITY = "parity"
    NEIGHBOURS = "neighbours"
    SPOT = "spot"


@dataclass(frozen=True, slots=True)
class PairQuotes:
    """The quotes of one expiration, strike by strike; all arrays have the same length, NaN where there is no quote.

    Attributes
    ----------
    years
        Calendar time to the settlement, actual/365; rates accrue at weekends too.
    european
        False for options that may be exercised early: the premium of that right is then taken out of their prices
        (`mesolive.pricing.american_forwards`).
    dividends
        The cash dividends within the life that are known: part of the life, and amount; ascending. European options
        do not need them.
    """

    years: float
    strikes: FloatArray
    call_bid: FloatArray
    call_ask: FloatArray
    put_bid: FloatArray
    put_ask: FloatArray
    european: bool = True
    dividends: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class ImpliedForward:
    """What one expiration's quotes imply.

    Attributes
    ----------
    forward
        Forward price of the underlying.
    discount
        Discount factor from the settlement to now.
    source
        Where the forward comes from.
    pairs
        How many pairs of call and put it rests on.
    residuals
        For every strike of the input, by how much ``C - P`` of the midpoints misses ``D * (F - K)``, per unit of the
        underlying; NaN where there is no sound pair.
    spot
        The forwards of all expirations extrapolated to this moment: the price of the underlying that the options
        imply. It differs from the last print by what happened since, after hours above all. Greeks that depend on
        the carry between spot and forward (theta) use this price.
    rate
        Annual, continuous, averaged along the curve; the discount factor of American options has none below zero.
    """

    forward: float
    discount: float
    source: ForwardSource
    pairs: int
    residuals: FloatArray
    spot: float
    rate: float


class ParityFit(NamedTuple):
    """The forward of one expiration at a given rate.

    Attributes
    ----------
    forward, discount
        Forward price of the underlying, and discount factor from the settlement to now.
    pairs
        How many pairs of call and put it rests on.
    residuals
        As `ImpliedForward.residuals`.
    """

    forward: float
    discount: float
    pairs: int
    residuals: FloatArray


def imply_forwards(spot: float, expirations: Sequence[PairQuotes]) -> list[ImpliedForward]:
    """Return forward, rate and discount factor of every expiration, in the order given.

    Parameters
    ----------
    spot
        Price of the underlying; only where quotes are missing does it enter a forward.
    expirations
        The quotes of each expiration, in any order.
    """
    sound = _SoundPairs(spot, expirations)
    rates = sound.rates()
    fits = sound.forwards(rates)
    carries = [
        (quotes.years, math.log(fit.forward / spot) / quotes.years)
        for quotes, fit in zip(expirations, fits, strict=True)
        if fit is not None and quotes.years > 0.0
    ]
    carries.sort()
    implied_spot = _spot_of_forwards(spot, carries)
    offset = math.log(implied_spot / spot)
    carries = [(years, carry - offset / years) for years, carry in carries]
    return [
        _without_quotes(spot, quotes, rate, carries, implied_spot)
        if fit is None
        else ImpliedForward(
            fit.forward, fit.discount, ForwardSource.PARITY, fit.pairs, fit.residuals, implied_spot, rate
        )
        for quotes, rate, fit in zip(expirations, rates, fits, strict=True)
    ]


def fit_forwards(
    spot: float,
    expirations: Sequence[PairQuotes],
    rates: Sequence[float],
    carries: Sequence[float] | None = None,
) -> list[ParityFit | None]:
    """Return the forwards of some expirations at rates that are known; `None` where sound pairs are too few.

    Rates come from all expirations of a chain together and change within days, forwards with every tick: given the
    rates, an expiration needs no other's quotes.

    Parameters
    ----------
    rates
        Annual, one per expiration: `ImpliedForward.rate` of an earlier moment.
    carries
        ``ln(F / S)`` of an earlier moment, NaN where it is not known: where the search for the forwards of American
        options starts.
    """
    return _SoundPairs(spot, expirations).forwards(rates, carries)


def spot_of_forwards(spot: float, forwards: Sequence[tuple[float, float, float]]) -> float:
    """Return the price of the underlying that forwards imply, given the carry of each; `spot` where there is none.

    Parameters
    ----------
    spot
        The last print.
    forwards
        Per expiration: years to its settlement, its forward, and its annual carry (`ln(F / S) / years`).
    """
    known = [(years, math.log(forward) - carry * years) for years, forward, carry in forwards if years > 0.0]
    if not known:
        return spot
    years, level = (np.array(column, dtype=np.float64) for column in zip(*known, strict=True))
    weight = _certainty(years)
    offset = float(weight @ level) / float(weight.sum()) - math.log(spot)
    return spot * math.exp(offset) if abs(offset) < HIGHEST_SPOT_ERROR else spot


class _SoundPairs:
    """The sound pairs of some expirations: straight lines of European ones, and those near the money of American ones.

    Parameters
    ----------
    spot
        Price of the underlying.
    expirations
        Their quotes.
    """

    def __init__(self, spot: float, expirations: Sequence[PairQuotes]) -> None:
        self._spot = spot
        self._expirations = expirations
        self._lines = {
            place: line
            for place, quotes in enumerate(expirations)
            if quotes.european and (line := _european_line(quotes)) is not None
        }
        self._pairs = {
            place: chosen
            for place, quotes in enumerate(expirations)
            if not quotes.european and quotes.years > 0.0 and (chosen := _american_pairs(spot, quotes)) is not None
        }
        self._parity = ParityLines(list(self._lines.values())) if self._lines else None
        self._fit = CarryFit(spot, list(self._pairs.values())) if self._pairs else None

    def rates(self) -> list[float]:
        """Return the annual rate of every expiration, averaged along the curve."""
        certain: list[tuple[float, float] | None] = [None] * len(self._expirations)
        if self._parity is not None:
            for place, rate, error in zip(self._lines, *self._parity.rates(self._spot), strict=True):
                certain[place] = float(rate), float(error)
        for place, carry in zip(self._pairs, self._fit.solve() if self._fit is not None else [], strict=True):
            years = self._expirations[place].years
            certain[place] = carry.rate / years, carry.error / years
        return _smooth_rates(self._expirations, certain)

    def forwards(self, rates: Sequence[float], carries: Sequence[float] | None = None) -> list[ParityFit | None]:
        """Return the forward of every expiration at its rate."""
        fits: list[ParityFit | None] = [None] * len(self._expirations)
        if self._fit is not None:
            self._fit.hold_rates(
                np.array([rates[place] * self._expirations[place].years for place in self._pairs]),
                None if carries is None else np.array([carries[place] for place in self._pairs]),
            )
            for (place, pairs), carry in zip(self._pairs.items(), self._fit.solve(), strict=True):
                residuals = np.full(self._expirations[place].strikes.shape, np.nan)
                residuals[pairs.index] = carry.residuals
                forward = self._spot * math.exp(carry.rate - carry.dividends)
                fits[place] = ParityFit(forward, math.exp(-carry.rate), pairs.index.size, residuals)
        if self._parity is not None:
            implied = self._parity.forwards(np.array([rates[place] for place in self._lines]))
            for (place, line), forward in zip(self._lines.items(), implied.tolist(), strict=True):
                if not math.isfinite(forward):
                    continue
                quotes = self._expirations[place]
                discount = math.exp(-rates[place] * max(quotes.years, 0.0))
                residuals = np.full(quotes.strikes.shape, np.nan)
                residuals[line.sound] = line.difference - discount * (forward - line.strikes)
                fits[place] = ParityFit(forward, discount, line.strikes.size, residuals)
        return fits


def _without_quotes(
    spot: float,
    quotes: PairQuotes,
    rate: float,
    carries: Sequence[tuple[float, float]],
    implied_spot: float,
) -> ImpliedForward:
    """Return the forward of an expiration without sound pairs: by the carry of its neighbours, else the spot."""
    residuals = np.full(quotes.strikes.shape, np.nan)
    discount = math.exp(-rate * max(quotes.years, 0.0))
    if carries and quotes.years > 0.0:
        carry = float(np.interp(quotes.years, [years for years, _ in carries], [carry for _, carry in carries]))
        forward = implied_spot * math.exp(carry * quotes.years)
        return ImpliedForward(forward, discount, ForwardSource.NEIGHBOURS, 0, residuals, implied_spot, rate)
    return ImpliedForward(spot, discount, ForwardSource.SPOT, 0, residuals, implied_spot, rate)


def _spot_of_forwards(spot: float, carries: Sequence[tuple[float, float]]) -> float:
    """Return the price to which the forwards lead back: `ln F` regressed on time, near times first."""
    if len(carries) < MINIMUM_CURVE:
        return spot
    years, carry = (np.array(column, dtype=np.float64) for column in zip(*carries, strict=True))
    level = carry * years
    weight = _certainty(years)
    total = float(weight.sum())
    mean_x, mean_y = float(weight @ years) / total, float(weight @ level) / total
    dx = years - mean_x
    denominator = float(weight @ (dx * dx))
    if denominator <= 0.0:
        return spot
    intercept = mean_y - mean_x * float(weight @ (dx * (level - mean_y))) / denominator
    return spot * math.exp(intercept) if abs(intercept) < HIGHEST_SPOT_ERROR else spot


def _certainty(years: FloatArray) -> FloatArray:
    """Return the weights of forwards: each is accurate to about 2e-5 of itself, and drifts off its carry with time."""
    return 1.0 / (2e-5 + DRIFT * years) ** 2


def _sound_pairs(quotes: PairQuotes) -> npt.NDArray[np.bool_]:
    """Return where both options have a market of two sides."""
    with np.errstate(invalid="ignore"):
        return (
            (quotes.call_bid > 0.0)
            & (quotes.put_bid > 0.0)
            & (quotes.call_ask >= quotes.call_bid)
            & (quotes.put_ask >= quotes.put_bid)
        )


def _american_pairs(spot: float, quotes: PairQuotes) -> Pairs | None:
    """Return the pairs near the money, or `None` where there are too few."""
    near = np.flatnonzero(_sound_pairs(quotes) & (np.abs(quotes.strikes / spot - 1.0) < AMERICAN_WIDTH))
    if near.size < MINIMUM_PAIRS:
        return None
    if near.size > MAX_PAIRS:
        # Every so many-th of the range: strikes far apart determine a rate.
        near = near[np.linspace(0, near.size - 1, MAX_PAIRS).round().astype(np.intp)]
    call_bid, call_ask = quotes.call_bid[near], quotes.call_ask[near]
    put_bid, put_ask = quotes.put_bid[near], quotes.put_ask[near]
    return Pairs(
        quotes.years,
        near,
        quotes.strikes[near],
        0.5 * (call_bid + call_ask),
        0.5 * (put_bid + put_ask),
        np.maximum(call_ask - call_bid + put_ask - put_bid, MIN_SPREAD),
        quotes.dividends,
    )


def _european_line(quotes: PairQuotes) -> Line | None:
    """Return the sound pairs of an expiration, or `None` where there are too few."""
    sound = _sound_pairs(quotes)
    if np.count_nonzero(sound) < MINIMUM_PAIRS:
        return None
    call_bid, call_ask = quotes.call_bid[sound], quotes.call_ask[sound]
    put_bid, put_ask = quotes.put_bid[sound], quotes.put_ask[sound]
    return Line(
        quotes.years,
        sound,
        quotes.strikes[sound],
        0.5 * (call_bid + call_ask - put_bid - put_ask),
        np.maximum(call_ask - call_bid + put_ask - put_bid, MIN_SPREAD),
    )


def _smooth_rates(expirations: Sequence[PairQuotes], slopes: Sequence[tuple[float, float] | None]) -> list[float]:
    """Average each expiration's rate with the others', by their certainty and by their distance in time.

    The estimate of expiration `j` for `i` has the variance ``error_j^2 + (DRIFT * distance)^2``: a precise slope keeps
    its own rate, and an imprecise one follows its neighbours.
    """
    known = [
        (_curve_time(quotes.years), rate[0], max(rate[1], MIN_RATE_ERROR))
        for quotes, rate in zip(expirations, slopes, strict=True)
        if rate is not None and np.isfinite(rate[1])
    ]
    if not known:
        return [0.0] * len(expirations)
    at, rate, error = (np.array(column, dtype=np.float64) for column in zip(*known, strict=True))
    rates: list[float] = []
    for quotes in expirations:
        drift = DRIFT * (_curve_time(quotes.years) - at)
        weight = 1.0 / (error * error + drift * drift)
        rates.append(float(weight @ rate) / float(weight.sum()))
    return rates


def _curve_time(years: float) -> float:
    """Return the scale on which a rate curve bends evenly: logarithmic, but linear within the first weeks."""
    return math.log(max(years, 0.0) + 0.05)
