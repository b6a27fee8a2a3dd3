"""American option values, greeks and implied volatilities of whole chains, accurate to about a millionth.

Contracts are priced by the cheapest of three ways that is exact for them:

1. **European formulas** where early exercise is never worth anything: a put without interest, a call without dividends,
   and any contract so far from its exercise boundary that the premium is below rounding.
2. **Spectral collocation** of the exercise boundary (`mesolive.pricing.exercise_boundary`) and Kim's integral over it
   (`mesolive.pricing.early_exercise`), everywhere else.
3. **A binomial tree** (`mesolive.pricing.binomial_tree`) where there are two boundaries (both rates negative, the
   yield below the rate), and where the boundary was not found.

A call is priced as the put with spot and strike, and rate and yield, exchanged. Rate and yield are spread evenly over
the time: ``r T = -ln D`` and ``q T = r T - ln(F / S)``. Contracts that share both share their boundaries, so pass a
chain in one call rather than contract by contract.

Sources: those of the modules named; R. McDonald and M. Schroder, "A parity result for American options", Journal of
Computational Finance 1 (1998); A. Battauz, M. De Donno, A. Sbuelz, "Real options with a double continuation region",
Quantitative Finance 12 (2012), for which rates have which boundaries.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from mesolive.pricing import binomial_tree, black
from mesolive.pricing.black import BoolLike, FloatArray, FloatLike, Greeks
from mesolive.pricing.early_exercise import BoundaryTables, Sensitivities
from mesolive.pricing.exercise_boundary import BoolArray, IntArray, log_limit
from mesolive.pricing.implied import implied_volatility as european_volatility
from mesolive.pricing.option_families import MIN_DEVIATION, CachedTables, Families, solve_deviations

NEGLIGIBLE_PREMIUM: Final = 1e-12
"""Of the strike: contracts whose right of early exercise cannot be worth more are European."""

FAR: Final = 6.5
"""Standard deviations from the boundary beyond which the premium is below 1e-17 of the strike."""

RATE_DIGITS: Final = 12
"""Contracts whose `r T` and `q T` agree to so many decimals share a boundary."""

LOWEST_START: Final = 0.7
HIGHEST_START: Final = 1.01
"""The volatilities of a family's first tables, as parts of its lowest and highest European ones."""

LOWEST_VOLATILITY: Final = 1e-3
HIGHEST_VOLATILITY: Final = 10.0
MAX_ROUNDS: Final = 6
"""Tables that are tried: a volatility that leaves one is looked for in the next."""


def values(
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
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

    Returns
    -------
    FloatArray
        Values per unit of the underlying; NaN wherever an argument is NaN.
    """
    contracts, shape, level = _flat(is_call, spot, strike, years, discount, forward, volatility)
    # Rounding may leave a value some ulps below what exercise pays; the option is never worth less.
    exercise = np.where(is_call, np.subtract(spot, strike), np.subtract(strike, spot))
    return np.maximum(contracts.values(level).reshape(shape), exercise)


def greeks(
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
) -> Greeks:
    """Return values and greeks of American options, in the units of `mesolive.pricing.black.greeks`.

    What is exercised at once has the greeks of its intrinsic value: it moves as the underlying does, and nothing else
    moves it.

    Parameters
    ----------
    is_call, spot, strike, years, volatility, discount, forward
        As in `values`.
    """
    contracts, shape, level = _flat(is_call, spot, strike, years, discount, forward, volatility)
    return Greeks(*(array.reshape(shape) for array in contracts.greeks(level)))


def implied_volatility(
    price: FloatLike,
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
) -> FloatArray:
    """Return the volatilities at which American options are worth `price`. Arguments broadcast.

    Newton's method with the exact vega, kept inside a bracket, begins at the European volatility. That is too high
    where the right of early exercise is worth something, and the value is convex there: the way down does not
    overshoot.

    Returns
    -------
    FloatArray
        Annual volatilities as fractions; NaN where none exists: at or below what the option is worth without any
        volatility (immediate exercise among others), at or above the upper bound.
    """
    contracts, shape, level = _flat(is_call, spot, strike, years, discount, forward, price)
    return contracts.implied_volatility(level).reshape(shape)


def _flat(
    is_call: BoolLike,
    spot: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    discount: FloatLike,
    forward: FloatLike,
    level: FloatLike,
) -> tuple[AmericanOptions, tuple[int, ...], FloatArray]:
    """Broadcast arguments and lay them out in one dimension."""
    right, *arrays = np.broadcast_arrays(
        np.asarray(is_call, dtype=np.bool_),
        *(np.asarray(array, dtype=np.float64) for array in (spot, strike, years, discount, forward, level)),
    )
    flat = [array.ravel() for array in arrays]
    return AmericanOptions(right.ravel(), *flat[:5]), right.shape, flat[5]


def _finite(volatility: FloatArray) -> FloatArray:
    """Return volatilities with NaN for what is none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(volatility) & (volatility >= 0.0), volatility, np.nan)


class CarrySensitivities(NamedTuple):
    """Values of contracts and what moves them but the spot; per unit of the underlying.

    Attributes
    ----------
    value
        The value.
    by_volatility
        Its derivative by the annual volatility.
    by_rate, by_yield
        Its derivatives by ``R = r T`` at a fixed yield, and by ``Q = q T`` at a fixed rate.
    """

    value: FloatArray
    by_volatility: FloatArray
    by_rate: FloatArray
    by_yield: FloatArray


class AmericanOptions:
    """Contracts that may be exercised early, apart from their volatilities; arrays of one dimension and length.

    Boundaries that `implied_volatility` solved for are kept for `greeks` and `values`.

    Parameters
    ----------
    is_call, spot, strike, years, discount, forward
        As in `values`.
    """

    def __init__(
        self,
        is_call: BoolArray,
        spot: FloatArray,
        strike: FloatArray,
        years: FloatArray,
        discount: FloatArray,
        forward: FloatArray,
    ) -> None:
        with np.errstate(invalid="ignore"):
            sound = np.isfinite(spot + strike + years + discount + forward)
            sound &= (spot > 0.0) & (strike > 0.0) & (discount > 0.0) & (forward > 0.0)
        spot, strike, years, discount, forward = (
            np.where(sound, array, np.nan) for array in (spot, strike, years, discount, forward)
        )
        self._is_call, self._spot, self._strike = is_call, spot, strike
        self._years, self._discount, self._forward = years, discount, forward
        with np.errstate(all="ignore"):
            interest = np.round(-np.log(discount), RATE_DIGITS)
            dividends = np.round(-np.log(discount) - np.log(forward / spot), RATE_DIGITS)
            self._rate = np.where(is_call, dividends, interest)
            self._dividends = np.where(is_call, interest, dividends)
            self._price_scale = np.where(is_call, spot, strike)
            self._log_spot = np.log(np.where(is_call, strike / spot, spot / strike))
            self._payoff = np.maximum(np.where(is_call, spot - strike, strike - spot), 0.0)
            self._root_years = np.sqrt(np.maximum(years, 0.0))
            known = np.isfinite(self._log_spot + years + self._rate + self._dividends)
            self._unknown = ~known
            self._over = known & (years <= 0.0)
            alive = known & (years > 0.0)
            rate, dividends = self._rate, self._dividends
            # Where the rate is not positive and the yield is not below it, waiting always pays.
            never = (rate <= 0.0) & (dividends >= rate)
            self._two_boundaries = alive & (rate < 0.0) & (dividends < rate)
            largest = -np.expm1(-rate) + np.exp(self._log_spot) * np.maximum(np.expm1(-dividends), 0.0)
            self._one_boundary = alive & ~never & ~self._two_boundaries & (largest > NEGLIGIBLE_PREMIUM)
        limit = np.zeros(years.size)
        limit[self._one_boundary] = log_limit(rate[self._one_boundary], dividends[self._one_boundary])
        with np.errstate(invalid="ignore"):
            # How far the contract lies above the highest point of its boundary, allowing for the drift.
            self._distance = self._log_spot - limit + np.minimum(rate - dividends, 0.0)
        self._family = np.full(years.size, -1, dtype=np.intp)
        early = np.flatnonzero(self._one_boundary)
        families = Families.of(rate[early], dividends[early])
        self._family[early[families.order]] = families.family
        self._cached: CachedTables | None = None

    def values(self, volatility: FloatArray) -> FloatArray:
        """Return the contracts' values at `volatility`."""
        volatility = _finite(volatility)
        result = black.values(self._is_call, self._forward, self._strike, self._years, volatility, self._discount)
        over = self._over & np.isfinite(volatility)
        result[over] = self._payoff[over]
        early, by_tree = self._early(volatility), self._by_tree(volatility)
        if early.size:
            sensitivities, missed = self._sensitivities(early, volatility, everything=False)
            result[early] = self._priced(early, sensitivities)
            by_tree = np.union1d(by_tree, missed)
        if by_tree.size:
            result[by_tree] = binomial_tree.values(*self._arguments(by_tree, volatility))
        result[self._unknown] = np.nan
        return result

    def greeks(self, volatility: FloatArray) -> Greeks:
        """Return the contracts' values and greeks at `volatility`."""
        volatility = _finite(volatility)
        result = black.greeks(
            self._is_call, self._forward, self._strike, self._years, volatility, self._discount, self._spot
        )
        over = np.flatnonzero(self._over & np.isfinite(volatility))
        for array, at_end in zip(result, self._greeks_at_the_end(over), strict=True):
            array[over] = at_end
        early, by_tree = self._early(volatility), self._by_tree(volatility)
        if early.size:
            sensitivities, missed = self._sensitivities(early, volatility, everything=True)
            for array, better in zip(result, self._in_units(early, volatility, sensitivities), strict=True):
                array[early] = better
            by_tree = np.union1d(by_tree, missed)
        if by_tree.size:
            exact = binomial_tree.greeks(*self._arguments(by_tree, volatility))
            for array, better in zip(result, exact, strict=True):
                array[by_tree] = better
        for array in result:
            array[self._unknown] = np.nan
        return result

    def carry_sensitivities(self, volatility: FloatArray) -> CarrySensitivities:
        """Return the contracts' values at `volatility`, and how rate and yield move them.

        NaN for contracts that are left to the tree.
        """
        european = black.greeks(
            self._is_call, self._forward, self._strike, self._years, volatility, self._discount, self._spot
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            by_rate = european.rho / self._years
        result = CarrySensitivities(european.price, 100.0 * european.vega, by_rate, -self._spot * european.delta)
        early, by_tree = self._early(volatility), self._by_tree(volatility)
        if early.size:
            part, missed = self._sensitivities(early, volatility, everything=True)
            by_tree = np.union1d(by_tree, missed)
            call, scale = self._is_call[early], self._price_scale[early]
            result.value[early] = self._priced(early, part)
            result.by_volatility[early] = scale * self._root_years[early] * part.by_deviation
            result.by_rate[early] = scale * np.where(call, part.by_yield, part.by_rate)
            result.by_yield[early] = scale * np.where(call, part.by_rate, part.by_yield)
        for array in result:
            array[by_tree] = np.nan
        return result

    def implied_volatility(self, price: FloatArray) -> FloatArray:
        """Return the volatilities at which the contracts are worth `price`."""
        result = european_volatility(price, self._is_call, self._forward, self._strike, self._years, self._discount)
        can_be_early = self._one_boundary | self._two_boundaries
        with np.errstate(invalid="ignore"):
            solvable = (price > self.lower_bound) & (price < self._price_scale)
            # An American option may be worth more than a European one can.
            beyond = price >= self._discount * np.where(self._is_call, self._forward, self._strike)
        result = np.where(can_be_early & beyond, 0.5 * HIGHEST_VOLATILITY, result)
        result = np.where(can_be_early & ~solvable, np.nan, result)
        early, by_tree = self._early(result), self._by_tree(result)
        if early.size:
            result[early], missed = self._invert(early, result[early], price[early])
            by_tree = np.union1d(by_tree, missed)
        if by_tree.size:
            right, spot, strike, years, _, discount, forward = self._arguments(by_tree, result)
            result[by_tree] = binomial_tree.implied_volatility(
                price[by_tree], right, spot, strike, years, discount, forward
            )
        result[self._unknown] = np.nan
        return result

    @cached_property
    def lower_bound(self) -> FloatArray:
        """What the contracts are worth without any volatility: the best of all moments of exercise."""
        rate, dividends, spot = self._rate, self._dividends, np.exp(self._log_spot)
        with np.errstate(all="ignore"):
            # The gain e^(-R s) - S e^(-Q s) is greatest at the start, at the end, or where its slope is zero.
            best = np.clip(np.log(dividends * spot / rate) / (dividends - rate), 0.0, 1.0)
            best = np.where(np.isfinite(best), best, 0.0)
            waiting = np.exp(-rate * best) - spot * np.exp(-dividends * best)
            at_last = np.exp(-rate) - spot * np.exp(-dividends)
            return np.maximum(self._payoff, self._price_scale * np.maximum(waiting, at_last))

    def _early(self, volatility: FloatArray) -> IntArray:
        """Return the contracts whose premium of early exercise is to be computed."""
        with np.errstate(invalid="ignore"):
            reachable = self._distance <= FAR * volatility * self._root_years
        return np.flatnonzero(self._one_boundary & reachable & np.isfinite(volatility))

    def _by_tree(self, volatility: FloatArray) -> IntArray:
        """Return the contracts that have two boundaries, and a volatility."""
        return np.flatnonzero(self._two_boundaries & np.isfinite(volatility))

    def _arguments(
        self, chosen: IntArray, volatility: FloatArray
    ) -> tuple[BoolArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the arguments of the tree for some contracts."""
        return (
            self._is_call[chosen],
            self._spot[chosen],
            self._strike[chosen],
            self._years[chosen],
            volatility[chosen],
            self._discount[chosen],
            self._forward[chosen],
        )

    def _greeks_at_the_end(self, chosen: IntArray) -> Greeks:
        """Return the greeks of contracts whose time is over."""
        sign = np.where(self._is_call[chosen], 1.0, -1.0)
        nothing = np.zeros(chosen.size)
        delta = np.where(sign * (self._spot[chosen] - self._strike[chosen]) >= 0.0, sign, 0.0)
        return Greeks(self._payoff[chosen], delta, nothing, nothing, nothing, nothing)

    def _priced(self, chosen: IntArray, sensitivities: Sensitivities) -> FloatArray:
        """Return the values of some contracts per unit of the underlying."""
        return np.where(
            sensitivities.exercised > 0.0, self._payoff[chosen], self._price_scale[chosen] * sensitivities.value
        )

    def _in_units(self, chosen: IntArray, volatility: FloatArray, sensitivities: Sensitivities) -> Greeks:
        """Return the greeks of some contracts in the units of `mesolive.pricing.black`."""
        call, scale, spot = self._is_call[chosen], self._price_scale[chosen], self._spot[chosen]
        years, volatility = self._years[chosen], volatility[chosen]
        value = self._priced(chosen, sensitivities)
        delta = np.where(
            call, sensitivities.value - sensitivities.by_log_spot, scale / spot * sensitivities.by_log_spot
        )
        exercised = sensitivities.exercised > 0.0
        delta = np.where(exercised, np.where(call, 1.0, -1.0), delta)
        gamma = scale / (spot * spot) * sensitivities.curvature
        rate = np.where(call, self._dividends[chosen], self._rate[chosen]) / years
        carry = rate - np.where(call, self._rate[chosen], self._dividends[chosen]) / years
        # The pricing equation: what is held until later earns its financing, its carry and its convexity.
        theta = rate * value - carry * spot * delta - 0.5 * (volatility * spot) ** 2 * gamma
        theta = np.where(exercised, 0.0, theta)
        vega = scale * np.sqrt(years) * sensitivities.by_deviation
        rho = scale * years * np.where(call, sensitivities.by_yield, sensitivities.by_rate)
        return Greeks(value, delta, gamma, theta / black.DAYS_PER_YEAR, vega * 0.01, rho)

    def _sensitivities(
        self, chosen: IntArray, volatility: FloatArray, *, everything: bool
    ) -> tuple[Sensitivities, IntArray]:
        """Return values and derivatives of some contracts, and which are to be left to the tree."""
        deviation = np.maximum(volatility[chosen] * self._root_years[chosen], MIN_DEVIATION)
        rate, dividends, log_spot = self._rate[chosen], self._dividends[chosen], self._log_spot[chosen]
        result = Sensitivities(*(np.empty(chosen.size) for _ in Sensitivities._fields))
        missed = volatility[chosen] * self._root_years[chosen] < MIN_DEVIATION

        def evaluate(own: IntArray, family: IntArray, tables: BoundaryTables) -> None:
            order = np.argsort(family, kind="stable")
            own, family = own[order], family[order]
            part = tables.evaluate(family, log_spot[own], deviation[own], everything=everything)
            for array, new in zip(result, part, strict=True):
                if new.size:
                    array[own] = new
            missed[own] |= ~tables.converged[family]

        family = self._cached.family_of(chosen, deviation) if self._cached is not None else np.full(chosen.size, -1)
        served = np.flatnonzero(family >= 0)
        if self._cached is not None and served.size:
            evaluate(served, family[served], self._cached.tables)
        own = np.flatnonzero(family < 0)
        if own.size:
            families = Families.with_tables(rate[own], dividends[own], deviation[own])
            tables = BoundaryTables.solve(
                families.first(rate[own]),
                families.first(dividends[own]),
                families.least(deviation[own]),
                families.greatest(deviation[own]),
            )
            evaluate(own[families.order], families.family, tables)
        return result, chosen[missed]

    def _invert(self, chosen: IntArray, volatility: FloatArray, price: FloatArray) -> tuple[FloatArray, IntArray]:
        """Return volatilities of some contracts with one boundary, and which are to be left to the tree."""
        rate, dividends = self._rate[chosen], self._dividends[chosen]
        root_years = self._root_years[chosen]
        deviation = np.maximum(volatility * root_years, MIN_DEVIATION)
        target = price / self._price_scale[chosen]
        highest = np.maximum(HIGHEST_VOLATILITY * root_years, 2.0 * MIN_DEVIATION)
        missed = np.zeros(chosen.size, dtype=np.bool_)
        left = np.arange(chosen.size)
        for _ in range(MAX_ROUNDS):
            families = Families.of(rate[left], dividends[left])
            low = np.maximum(LOWEST_START * families.least(deviation[left]), MIN_DEVIATION)
            high = HIGHEST_START * families.greatest(deviation[left])
            tables = BoundaryTables.solve(families.first(rate[left]), families.first(dividends[left]), low, high)
            at, family = left[families.order], families.family
            if self._cached is None:
                self._cached = CachedTables.of(
                    self._family, self._family[chosen[at[families.starts]]], tables, low, high
                )
            sound = tables.converged[family]
            missed[at[~sound]] = True
            at, family = at[sound], family[sound]
            deviation[at] = solve_deviations(
                tables, family, self._log_spot[chosen[at]], target[at], deviation[at], highest[at]
            )
            left = at[(deviation[at] < low[family]) | (deviation[at] > high[family])]
            if not left.size:
                break
        missed[left] = True
        result = deviation / root_years
        # At either end of the bracket there may be no volatility at all: the tree looks.
        missed |= (result <= LOWEST_VOLATILITY) | (deviation < 1.01 * MIN_DEVIATION)
        return result, chosen[missed | (deviation > 0.999 * highest)]
