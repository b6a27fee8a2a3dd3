"""Leisen-Reimer binomial tree: values, implied volatilities and greeks of American options, for whole chains.

The tree is Leisen and Reimer's: its nodes lie so that the European value converges with the square of the number of
steps, without the zigzag of the tree of Cox, Ross and Rubinstein. Two things sharpen it: the control variate (the
same tree prices the European option too, whose exact value is known, and the difference is taken off), and Richardson's
extrapolation from a tree of half the steps, since the right of early exercise still errs with one over the steps.

All contracts of a call walk one tree each, side by side in arrays, so that a chain costs as many array operations as a
tree has steps.

Sources: D. Leisen and M. Reimer, "Binomial models for option valuation", Applied Mathematical Finance 3 (1996), with
the Peizer-Pratt inversion; J. Hull and A. White, "The use of the control variate technique in option pricing" (1988).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mesolive.pricing import black
from mesolive.pricing.black import BoolLike, FloatArray, FloatLike, Greeks
from mesolive.pricing.implied import implied_volatility as european_volatility

STEPS = 101
"""Steps of a tree; odd, as the method requires."""

HIGHEST_VOLATILITY = 10.0
LOWEST_VOLATILITY = 1e-3
PRECISION = 1e-9
MAX_ROUNDS = 60


def values(
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
    *,
    steps: int = STEPS,
) -> FloatArray:
    """Return the present values of American options. Arguments broadcast against each other.

    Parameters
    ----------
    is_call
        True for calls, false for puts.
    spot
        Price of the underlying now.
    strike
        Strike price.
    years
        Time to expiration in years; at zero or less the option is worth its intrinsic value.
    volatility
        Annual volatility as a fraction.
    discount
        Discount factor from the expiration to now.
    forward
        Forward price for the expiration: rate and dividends are spread evenly over the time.
    steps
        Steps of the tree, odd.

    Returns
    -------
    FloatArray
        Values per unit of the underlying; NaN wherever an argument is NaN.
    """
    flat = _Flat(is_call, spot, strike, years, volatility, discount, forward)
    return flat.shaped(_tree(flat, steps).value)


def greeks(
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
    *,
    steps: int = STEPS,
) -> Greeks:
    """Return values and greeks of American options, in the units of `mesolive.pricing.black.greeks`.

    Delta and gamma are read off the first levels of the tree; theta, vega and rho are central differences.

    Parameters
    ----------
    is_call, spot, strike, years, volatility, discount, forward, steps
        As in `values`.
    """
    flat = _Flat(is_call, spot, strike, years, volatility, discount, forward)
    result = _tree(flat, steps)
    day = np.minimum(1.0 / 365.0, 0.5 * np.maximum(flat.years, 0.0))

    def moved(
        *, years: FloatArray | None = None, volatility: FloatArray | None = None, rate: float = 0.0
    ) -> FloatArray:
        time = flat.years if years is None else years
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(flat.years > 0.0, time / flat.years, 0.0)
        other = flat.replaced(
            years=time,
            volatility=flat.volatility if volatility is None else volatility,
            discount=flat.discount**part * np.exp(-rate * time),
            forward=flat.spot * (flat.forward / flat.spot) ** part * np.exp(rate * time),
        )
        return _tree(other, steps).value

    bump = 1e-3
    vega = (
        moved(volatility=flat.volatility + bump) - moved(volatility=np.maximum(flat.volatility - bump, 0.0))
    ) / np.maximum(2.0 * bump, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = np.where(day > 0.0, (moved(years=flat.years - day) - moved(years=flat.years + day)) / (2.0 * day), 0.0)
    rho = (moved(rate=bump) - moved(rate=-bump)) / (2.0 * bump)
    return Greeks(
        *(flat.shaped(array) for array in (result.value, result.delta, result.gamma, theta / 365.0, vega * 0.01, rho))
    )


def implied_volatility(
    price: FloatLike,
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
    *,
    steps: int = STEPS,
) -> FloatArray:
    """Return the volatilities at which American options are worth `price`. Arguments broadcast.

    The search is a bracketed secant (the Illinois form of regula falsi) on all contracts at once, begun at the European
    volatility.

    Returns
    -------
    FloatArray
        Annual volatilities as fractions, to about 1e-9 of the tree's own; NaN where none exists: at or below the
        value of immediate exercise, at or above the upper bound.
    """
    start = np.full(np.shape(price), 0.2)
    flat = _Flat(is_call, spot, strike, years, start, discount, forward)
    target = np.broadcast_to(np.asarray(price, dtype=np.float64), flat.shape).ravel()
    exercise = np.maximum(flat.sign * (flat.spot - flat.strike), 0.0)
    bound = np.where(flat.sign > 0.0, flat.spot, flat.strike)
    with np.errstate(invalid="ignore"):
        solvable = (target > exercise) & (target < bound) & (flat.years > 0.0)
    low, high = np.full(target.shape, LOWEST_VOLATILITY), np.full(target.shape, HIGHEST_VOLATILITY)

    def error(volatility: FloatArray, chosen: npt.NDArray[np.intp]) -> FloatArray:
        return _tree(flat.replaced(volatility=volatility).taken(chosen), steps).value - target[chosen]

    everyone = np.flatnonzero(solvable)
    result = np.full(target.shape, np.nan)
    if not everyone.size:
        return flat.shaped(result)
    below, above = np.full(target.shape, np.nan), np.full(target.shape, np.nan)
    below[everyone], above[everyone] = error(low, everyone), error(high, everyone)
    solvable &= (below < 0.0) & (above > 0.0)
    # A European volatility is a little too high, because the right of early exercise is worth something too.
    guess = european_volatility(target, flat.sign > 0.0, flat.forward, flat.strike, flat.years, flat.discount)
    active = np.flatnonzero(solvable)
    at = np.where(np.isfinite(guess), np.clip(guess, 2.0 * LOWEST_VOLATILITY, 0.5 * HIGHEST_VOLATILITY), 0.3)
    for _ in range(MAX_ROUNDS):
        if not active.size:
            break
        miss = error(at, active)
        is_low = miss < 0.0
        lows, highs = active[is_low], active[~is_low]
        # Illinois: an end that stays twice counts half, so that the other moves too.
        above[lows] = np.where(low[lows] == at[lows], above[lows], 0.5 * above[lows])
        below[highs] = np.where(high[highs] == at[highs], below[highs], 0.5 * below[highs])
        low[lows], below[lows] = at[lows], miss[is_low]
        high[highs], above[highs] = at[highs], miss[~is_low]
        done = (np.abs(miss) <= 1e-12 * np.maximum(target[active], 1.0)) | (high[active] - low[active] < PRECISION)
        result[active[done]] = at[active[done]]
        active = active[~done]
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = (low * above - high * below) / (above - below)
        inside = (secant > low) & (secant < high)
        at = np.where(inside, secant, 0.5 * (low + high))
    result[active] = at[active]
    return flat.shaped(result)


class _Flat:
    """Arguments broadcast against each other and laid out in one dimension."""

    def __init__(
        self,
        is_call: BoolLike,
        spot: FloatLike,
        strike: FloatLike,
        years: FloatLike,
        volatility: FloatLike,
        discount: FloatLike,
        forward: FloatLike,
    ) -> None:
        arrays = np.broadcast_arrays(
            np.where(is_call, 1.0, -1.0),
            *(np.asarray(array, dtype=np.float64) for array in (spot, strike, years, volatility, discount, forward)),
        )
        self.shape = arrays[0].shape
        self.sign, self.spot, self.strike, self.years, self.volatility, self.discount, self.forward = (
            np.array(array, dtype=np.float64).ravel() for array in arrays
        )

    @property
    def european(self) -> tuple[npt.NDArray[np.bool_], FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """The arguments of the European formulas."""
        return self.sign > 0.0, self.forward, self.strike, self.years, self.volatility, self.discount

    def shaped(self, array: FloatArray) -> FloatArray:
        return array.reshape(self.shape)

    def replaced(
        self,
        *,
        volatility: FloatArray,
        years: FloatArray | None = None,
        discount: FloatArray | None = None,
        forward: FloatArray | None = None,
    ) -> _Flat:
        return _Flat(
            self.sign > 0.0,
            self.spot,
            self.strike,
            self.years if years is None else years,
            volatility,
            self.discount if discount is None else discount,
            self.forward if forward is None else forward,
        )

    def taken(self, chosen: npt.NDArray[np.intp]) -> _Flat:
        return _Flat(
            self.sign[chosen] > 0.0,
            self.spot[chosen],
            self.strike[chosen],
            self.years[chosen],
            self.volatility[chosen],
            self.discount[chosen],
            self.forward[chosen],
        )


class _Walked(NamedTuple):
    """The results of a tree."""

    value: FloatArray
    delta: FloatArray
    gamma: FloatArray


CHUNK = 256
"""Contracts that walk their trees together: their nodes fit into the processor's cache."""


def _tree(flat: _Flat, steps: int) -> _Walked:
    """Walk the trees of all contracts, a fine one and a coarse one each, and extrapolate."""
    half = steps // 4 * 2 + 1
    ahead = half / (steps - half)
    count = flat.sign.size
    value, delta, gamma = np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        finite = np.isfinite(flat.spot + flat.strike + flat.years + flat.volatility + flat.discount + flat.forward)
        over = finite & (flat.years <= 0.0)
        intrinsic = np.maximum(flat.sign * (flat.spot - flat.strike), 0.0)
        value[over], gamma[over] = intrinsic[over], 0.0
        delta[over] = np.where(flat.sign * (flat.spot - flat.strike) >= 0.0, flat.sign, 0.0)[over]
        alive = np.flatnonzero(finite & ~over & (flat.spot > 0.0) & (flat.strike > 0.0))
        for first in range(0, alive.size, CHUNK):
            chosen = alive[first : first + CHUNK]
            part = flat.taken(chosen)
            fine, coarse = _walk(part, steps), _walk(part, half)
            exact, exercise = black.values(*part.european), intrinsic[chosen]
            value[chosen] = np.maximum(np.maximum(fine.value + ahead * (fine.value - coarse.value), exact), exercise)
            # Where it is exercised at once it moves as the underlying does.
            now = value[chosen] <= exercise
            delta[chosen] = np.where(now, part.sign, fine.delta + ahead * (fine.delta - coarse.delta))
            gamma[chosen] = np.where(now, 0.0, fine.gamma + ahead * (fine.gamma - coarse.gamma))
    return _Walked(value, delta, gamma)


def _walk(flat: _Flat, steps: int) -> _Walked:
    growth = (flat.forward / flat.spot) ** (1.0 / steps)
    discount = (flat.discount ** (1.0 / steps))[:, None]
    deviation = np.maximum(flat.volatility, 1e-6) * np.sqrt(flat.years)
    d1 = np.log(flat.forward / flat.strike) / deviation + 0.5 * deviation
    up_of_price, up = _peizer_pratt(d1, steps), _peizer_pratt(d1 - deviation, steps)
    rise = growth * up_of_price / up
    fall = growth * (1.0 - up_of_price) / (1.0 - up)
    node = np.arange(steps + 1)
    price = flat.spot[:, None] * rise[:, None] ** node * fall[:, None] ** (steps - node)
    sign, strike = flat.sign[:, None], flat.strike[:, None]
    american = np.maximum(sign * (price - strike), 0.0)
    european = american.copy()
    rising, falling, back = discount * up[:, None], discount * (1.0 - up[:, None]), 1.0 / fall[:, None]
    levels: dict[int, tuple[FloatArray, FloatArray, FloatArray]] = {}
    for level in range(steps - 1, -1, -1):
        price = price[:, :-1] * back
        european = rising * european[:, 1:] + falling * european[:, :-1]
        american = rising * american[:, 1:] + falling * american[:, :-1]
        np.maximum(american, sign * (price - strike), out=american)
        if level <= 2:
            levels[level] = (price, american, european)
    exact = black.greeks(*flat.european, flat.spot)
    # What the tree gets wrong about the European option it gets wrong about the American one too.
    value = levels[0][1][:, 0] + (exact.price - levels[0][2][:, 0])
    tree_delta = [_slope(levels[1][0], levels[1][side]) for side in (1, 2)]
    tree_gamma = [_curvature(levels[2][0], levels[2][side]) for side in (1, 2)]
    return _Walked(
        value,
        tree_delta[0] + (exact.delta - tree_delta[1]),
        tree_gamma[0] + (exact.gamma - tree_gamma[1]),
    )


def _slope(price: FloatArray, value: FloatArray) -> FloatArray:
    return (value[:, 1] - value[:, 0]) / (price[:, 1] - price[:, 0])


def _curvature(price: FloatArray, value: FloatArray) -> FloatArray:
    upper = (value[:, 2] - value[:, 1]) / (price[:, 2] - price[:, 1])
    lower = (value[:, 1] - value[:, 0]) / (price[:, 1] - price[:, 0])
    return 2.0 * (upper - lower) / (price[:, 2] - price[:, 0])


def _peizer_pratt(z: FloatArray, steps: int) -> FloatArray:
    """Return the probability whose binomial distribution inverts the normal one at `z` (the second method)."""
    inner = z / (steps + 1.0 / 3.0 + 0.1 / (steps + 1.0))
    root = np.sqrt(0.25 - 0.25 * np.exp(-inner * inner * (steps + 1.0 / 6.0)))
    return np.clip(0.5 + np.sign(z) * root, 1e-12, 1.0 - 1e-12)
