"""Implied volatility and greeks of European options from the volatilities of an earlier solve, in one pass.

Between two looks at a chain most volatilities move by little. From those of the last look one step of third order on
``ln b(x, s)`` (the objective of `mesolive.pricing.implied` for small prices) is enough for nearly all contracts, and
what the step computed is shared with the greeks. It costs a third to a half of a solve from nothing.

The result does not depend on the start: steps are repeated until one is so small that the next would be below rounding,
and a contract that does not get there in a few steps is solved from nothing. Results from different starts agree to
1e-12 of a volatility, as tests show. So that nothing depends on what was looked at before, replays use it too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.pricing import black
from mesolive.pricing.black import (
    DAYS_PER_YEAR,
    HIGHEST_YIELD,
    INVERSE_SQRT_2PI,
    LOWEST_YIELD,
    FloatArray,
    Greeks,
    chunks,
)
from mesolive.pricing.implied import LOG_SQRT_2PI, implied_volatility, price_to_vega
from mesolive.pricing.special import ndtr

NEAR: Final = 2.0
"""Of ``ln b``: contracts whose start misses their price by more are solved from nothing."""

STEPS: Final = 3
"""Further steps that a contract may take before it is solved from nothing."""

SMALL_STEP: Final = 3e-4
"""Of the volatility: a step below this leaves an error below its fourth power."""

HIGHEST_PART: Final = 0.5
"""Of the highest price: contracts above it are solved from nothing, ``ln b`` is flat there."""


def volatility_and_greeks(
    price: FloatArray,
    is_call: npt.NDArray[np.bool_],
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    discount: FloatArray,
    spot: FloatArray,
    start: FloatArray,
) -> tuple[FloatArray, Greeks]:
    """Return implied volatilities and the greeks at them; arrays have one element per contract.

    Parameters
    ----------
    price, is_call, forward, strike, years, discount
        As `mesolive.pricing.implied.implied_volatility` takes them.
    spot
        As `mesolive.pricing.black.greeks` takes it.
    start
        Volatilities of an earlier solve; NaN where there was none.

    Returns
    -------
    tuple of FloatArray and Greeks
        What `implied_volatility` and `greeks` return, within 1e-10 of it.
    """
    volatility = np.full(price.size, np.nan)
    greeks = Greeks(*(np.full(price.size, np.nan) for _ in Greeks._fields))
    for part in chunks(price.size):
        right = is_call[part]
        arrays = (price[part], forward[part], strike[part], years[part], discount[part], spot[part])
        solved, hopeless, part_greeks = _from_start(right, *arrays, start[part])
        cold = np.flatnonzero(np.isnan(solved) & ~hopeless)
        if cold.size:
            right = right[cold]
            of_price, of_forward, of_strike, of_years, of_discount, of_spot = (array[cold] for array in arrays)
            solved[cold] = implied_volatility(of_price, right, of_forward, of_strike, of_years, of_discount)
            better = black.greeks(right, of_forward, of_strike, of_years, solved[cold], of_discount, of_spot)
            for array, new in zip(part_greeks, better, strict=True):
                array[cold] = new
        volatility[part] = solved
        for array, new in zip(greeks, part_greeks, strict=True):
            array[part] = new
    return volatility, greeks


def _from_start(
    is_call: npt.NDArray[np.bool_],
    price: FloatArray,
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    discount: FloatArray,
    spot: FloatArray,
    start: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_], Greeks]:
    """Return volatilities, which contracts have none (no price, or no time value), and greeks, by steps from a start.

    Volatilities are NaN where they are to be solved from nothing, too.
    """
    with np.errstate(all="ignore"):
        sign = np.where(is_call, 1.0, -1.0)
        moneyness = np.log(forward / strike)
        x = -np.abs(moneyness)
        gain = sign * (forward - strike)
        root = np.sqrt(forward * strike)
        beta = (price / discount - np.maximum(gain, 0.0)) / root
        root_years = np.sqrt(years)
        s = start * root_years
        # Comparisons with NaN are false: what has no start, no price or no time is left out here.
        sound = (beta > 0.0) & (beta < HIGHEST_PART * np.exp(0.5 * x)) & (s > 0.0) & (s < np.inf)
        log_beta = np.log(beta)
        s, miss, step = _stepped(x, s, log_beta)
        sound &= (np.abs(miss) < NEAR) & (step < 0.5)
        for _ in range(STEPS):
            rough = np.flatnonzero(sound & (step > SMALL_STEP))
            if not rough.size:
                break
            s[rough], _, step[rough] = _stepped(x[rough], s[rough], log_beta[rough])
        sound &= (step <= SMALL_STEP) & (s > 0.0)
        s = np.where(sound, s, np.nan)
        volatility = s / root_years
        greeks = _greeks(sign, moneyness, s, volatility, forward, strike, years, root_years, discount, spot)
        return volatility, ~(beta > 0.0), greeks


def _stepped(x: FloatArray, s: FloatArray, log_beta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Take one step of third order; return where it leads, what ``ln b`` missed, and the step's relative size."""
    h, t = x / s, 0.5 * s
    ratio = price_to_vega(h, t)
    squares = h * h
    miss = log_beta - (np.log(ratio) - 0.5 * (squares + t * t) - LOG_SQRT_2PI)
    slope = 1.0 / ratio
    inverse = 1.0 / s
    # The objective is ln b: b'/b = slope, and b''/b' and b'''/b' are those of Jaeckel's paper.
    bend = (squares - t * t) * inverse
    second = bend - slope
    squares *= inverse
    squares *= inverse
    third = bend * bend - 3.0 * squares - 0.25 - 3.0 * bend * slope + 2.0 * slope * slope
    newton = miss * ratio
    step = newton * (1.0 + 0.5 * second * newton)
    step /= 1.0 + newton * (second + third * newton * (1.0 / 6.0))
    return s + step, miss, np.abs(step) * inverse


def _greeks(
    sign: FloatArray,
    moneyness: FloatArray,
    s: FloatArray,
    volatility: FloatArray,
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    root_years: FloatArray,
    discount: FloatArray,
    spot: FloatArray,
) -> Greeks:
    """Return the greeks of contracts with time and volatility left, as `mesolive.pricing.black.greeks` does."""
    d1 = moneyness / s + 0.5 * s
    in_forward, in_strike = sign * ndtr(sign * d1), sign * ndtr(sign * (d1 - s))
    receive, pay = discount * forward, discount * strike
    density = INVERSE_SQRT_2PI * np.exp(-0.5 * d1 * d1) * receive
    intrinsic = np.maximum(sign * (receive - pay), 0.0)
    receive *= in_forward
    pay *= in_strike
    rate = -np.log(discount) / years
    carry = np.clip(rate - np.log(forward / spot) / years, LOWEST_YIELD, HIGHEST_YIELD)
    theta = carry * receive - rate * pay - 0.5 * density * volatility / root_years
    return Greeks(
        np.maximum(receive - pay, intrinsic),
        receive / spot,
        density / (spot * spot * s),
        theta / DAYS_PER_YEAR,
        density * root_years * 0.01,
        years * pay,
    )
