"""American options on what pays cash dividends: values, greeks and implied volatilities of whole chains.

The European value is Black's, on the forward; what early exercise is worth beside it comes from tables
(`mesolive.pricing.premium_tables`). Pass a chain in one call: contracts of one right and expiration share a table.

The European value is exact, and so is all of a contract that is exercised at once. Between the two the error is below
1e-5 of the underlying's price for usual options, and 1e-4 for a year's at a volatility of 60 %.

Sources: those of `mesolive.pricing.dividend_grid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from mesolive.pricing import black
from mesolive.pricing.american import CarrySensitivities
from mesolive.pricing.black import FloatArray, Greeks
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.pricing.exercise_boundary import BoolArray, IntArray
from mesolive.pricing.implied import implied_volatility as european_volatility
from mesolive.pricing.option_families import Families
from mesolive.pricing.premium_tables import FamilyTerms, PremiumTables

KEY_DIGITS: Final = 10
MIN_VOLATILITY: Final = 1e-3
GREATEST_VOLATILITY: Final = 10.0
ROUNDS: Final = 4
"""Tables that are tried: a volatility below the first is looked for in the next, which reaches further down."""
FIRST_REACH: Final = 0.7
"""The lowest volatility of the first tables, as a part of the lowest European one; later ones take powers of it."""
MARGIN: Final = 1.02
NEWTON_STEPS: Final = 60
PRECISION: Final = 1e-9
EXERCISED: Final = 1e-7
"""Of the strike: what is worth no more above its exercise is exercised."""
UNCERTAIN: Final = 1e-6
"""Of the strike: a price so near to what the option is worth without volatility tells nothing of it."""
STEP: Final = 1e-3
"""By how much ``r T``, or the yield, is moved for the derivative by it."""


class _Move(NamedTuple):
    """A market beside the present one: ``r T`` by a step higher, and the net prices and rests of contracts in it."""

    interest_step: float
    net: FloatArray
    rest: FloatArray


class DividendOptions:
    """American contracts with cash dividends in their lives, apart from their volatilities; arrays have one length.

    A forward below what these dividends explain, or above it, is a yield or a cost of borrowing that accrues evenly.

    Parameters
    ----------
    is_call, spot, strike, years, discount, forward
        As in `mesolive.pricing.american.values`.
    dividends
        Of each contract.
    """

    def __init__(
        self,
        is_call: BoolArray,
        spot: FloatArray,
        strike: FloatArray,
        years: FloatArray,
        discount: FloatArray,
        forward: FloatArray,
        dividends: CashDividends,
    ) -> None:
        with np.errstate(invalid="ignore"):
            sound = np.isfinite(spot + strike + years + discount + forward)
            sound &= (spot > 0.0) & (strike > 0.0) & (discount > 0.0) & (forward > 0.0)
        self._sound = sound & (years > 0.0)
        self._over = sound & (years <= 0.0)
        self.is_call, self.spot, self.strike, self.years = is_call, spot, strike, years
        self.discount, self.forward, self.dividends = discount, forward, dividends
        with np.errstate(all="ignore"):
            self.interest: FloatArray = -np.log(discount)
            self.net = forward * discount
            """What the underlying is worth without its dividends."""
            self.rest = spot - self.net - dividends.worth(self.interest)
            self._x = np.log(self.net / strike)
        self._sign = np.where(is_call, 1.0, -1.0)
        self._payoff = np.maximum(self._sign * (spot - strike), 0.0)
        self._cached: tuple[PremiumTables, IntArray] | None = None

    def values(self, volatility: FloatArray) -> FloatArray:
        """Return the contracts' values at `volatility`."""
        result = self._european(volatility)
        looked_up = self._table(volatility)
        if looked_up is not None:
            own, tables, family = looked_up
            premium = self._premium(own, tables, family, volatility[own])[0]
            result[own] = np.maximum(result[own] + self.strike[own] * premium, self._payoff[own])
        return self._finished(result, volatility)

    def greeks(self, volatility: FloatArray) -> Greeks:
        """Return the contracts' values and greeks at `volatility`; dividends stay when the spot moves."""
        result = self._european_greeks(volatility)
        looked_up = self._table(volatility)
        if looked_up is not None:
            own, tables, family = looked_up
            strike, net, level = self.strike[own], self.net[own], volatility[own]
            premium, by_x, curvature, by_level = self._premium(own, tables, family, level)
            part = Greeks(*(array[own] for array in result))
            value = part.price + strike * premium
            delta = part.delta + strike * by_x / net
            gamma = part.gamma + strike * (curvature - by_x) / net**2
            vega = part.vega + 0.01 * strike * by_level
            interest, dividends = self.interest[own], self.dividends.part(own)
            less, more = self._moved(own, level, [_Move(step, net, self.rest[own]) for step in (-STEP, STEP)])
            # Of a higher rate, the dividends are worth less and the net price more.
            of_interest = strike * (more - less) / (2.0 * STEP) + delta * dividends.by_interest(interest)
            rho = part.rho + self.years[own] * of_interest
            exercised = (self._payoff[own] > 0.0) & (value <= self._payoff[own] + EXERCISED * strike)
            better = Greeks(value, delta, gamma, self._theta(own, level, value, delta, gamma), vega, rho)
            at_once = (self._payoff[own], self._sign[own], *(np.zeros(own.size) for _ in range(4)))
            for array, new, fixed in zip(result, better, at_once, strict=True):
                array[own] = np.where(exercised, fixed, new)
        over = np.flatnonzero(self._over & np.isfinite(volatility))
        expired_delta = np.where(self._sign * (self.spot - self.strike) >= 0.0, self._sign, 0.0)
        for array, fixed in zip(
            result, (self._payoff, expired_delta, *(np.zeros(expired_delta.size) for _ in range(4))), strict=True
        ):
            array[over] = fixed[over]
        return Greeks(*(np.where(self._sound | self._over, array, np.nan) for array in result))

    def carry_sensitivities(self, volatility: FloatArray) -> CarrySensitivities:
        """Return the contracts' values at `volatility`, and how rate and yield move them; the dividends are given."""
        european = self._european_greeks(volatility)
        with np.errstate(divide="ignore", invalid="ignore"):
            by_rate = european.rho / self.years
        result = CarrySensitivities(european.price, 100.0 * european.vega, by_rate, -self.net * european.delta)
        looked_up = self._table(volatility)
        if looked_up is not None:
            own, tables, family = looked_up
            strike, interest, dividends = self.strike[own], self.interest[own], self.dividends.part(own)
            worth, moved_worth = dividends.worth(interest), dividends.worth(interest + STEP)
            net, rest = self.net[own], self.rest[own]
            # The print stays what it is: what net price and dividends do not explain is the rest.
            less = net * np.exp(-STEP)
            unmoved, rate, dividend = self._moved(
                own,
                volatility[own],
                [
                    _Move(0.0, net, rest),
                    _Move(STEP, net, rest + worth - moved_worth),
                    _Move(0.0, less, rest + net - less),
                ],
            )
            premium, _, _, by_level = self._premium(own, tables, family, volatility[own])
            result.value[own] = np.maximum(result.value[own] + strike * premium, self._payoff[own])
            result.by_volatility[own] += strike * by_level
            result.by_rate[own] += strike * (rate - unmoved) / STEP
            result.by_yield[own] += strike * (dividend - unmoved) / STEP
        return CarrySensitivities(*(np.where(self._sound, array, np.nan) for array in result))

    def implied_volatility(self, price: FloatArray) -> FloatArray:
        """Return the volatilities at which the contracts are worth `price`; NaN where there is none."""
        start = european_volatility(price, self.is_call, self.forward, self.strike, self.years, self.discount)
        highest = np.where(self.is_call, self.spot, self.strike)
        with np.errstate(invalid="ignore"):
            solvable = self._sound & (price > self.lower_bound + UNCERTAIN * self.strike) & (price < highest)
        # An American option may be worth more than a European one can.
        start = np.where(np.isnan(start), 1.0, start)
        start = np.clip(start, MIN_VOLATILITY, GREATEST_VOLATILITY)
        result = np.full(price.size, np.nan)
        left = np.flatnonzero(solvable)
        for turn in range(ROUNDS):
            if not left.size:
                break
            families = self._families(left)
            lowest = np.maximum(FIRST_REACH ** (1.0 + 3.0 * turn) * families.least(start[left]), MIN_VOLATILITY)
            highest_level = np.maximum(families.greatest(start[left]) * MARGIN, lowest * MARGIN)
            tables = self._tables(left[families.order], families, lowest, highest_level)
            own = left[families.order]
            volatilities = self._invert(own, tables, families.family, price[own])
            good = np.isfinite(volatilities)
            result[own[good]] = volatilities[good]
            if turn == 0:
                of = np.full(price.size, -1, dtype=np.intp)
                of[own] = families.family
                self._cached = tables, of
            left = np.sort(own[~good])
        return result

    @cached_property
    def lower_bound(self) -> FloatArray:
        """What the contracts are worth without any volatility: the best of all moments of exercise."""
        dates, amounts = self.dividends.dates, self.dividends.amounts
        best = np.maximum(self._payoff, self._sign * (self.net - self.strike * self.discount))
        for place in range(dates.shape[1]):
            at = dates[:, place]
            decay = np.exp(-self.interest * at)
            wait = np.maximum(dates - at[:, None], 0.0)
            due = amounts * np.exp(-self.interest[:, None] * wait)
            for first in (place, place + 1):  # just before and just after
                carried = due[:, first:].sum(axis=1) + self.rest * (1.0 - at)
                best = np.maximum(best, self._sign * (self.net + decay * (carried - self.strike)))
        return best

    def _families(self, contracts: IntArray) -> Families:
        """Sort contracts that share right, life, rate and dividends together."""
        dates, amounts = self.dividends.dates[contracts], self.dividends.amounts[contracts]
        weighted: FloatArray = (amounts * dates) @ np.ones(dates.shape[1])
        keys = (
            np.where(self.is_call[contracts], 1.0, 0.0),
            np.round(self.years[contracts], KEY_DIGITS),
            np.round(self.interest[contracts], KEY_DIGITS),
            np.round(self.rest[contracts], 6),
            np.round(dates @ (1.0 + np.arange(dates.shape[1], dtype=np.float64)), KEY_DIGITS),
            np.round(weighted, KEY_DIGITS),
        )
        return Families.of(*keys)

    def _tables(
        self, contracts: IntArray, families: Families, lowest: FloatArray, highest: FloatArray
    ) -> PremiumTables:
        """Solve the tables of families.

        Parameters
        ----------
        contracts
            By family.
        lowest, highest
            (families,) between which volatilities.
        """
        first, strike = contracts[families.starts], self.strike[contracts]
        strikes = np.minimum.reduceat(strike, families.starts), np.maximum.reduceat(strike, families.starts)
        return PremiumTables(self._terms(first, self.interest[first], self.rest[first]), strikes, (lowest, highest))

    def _terms(self, contracts: IntArray, interest: FloatArray, rest: FloatArray) -> FamilyTerms:
        """Return what the families of some contracts have in common."""
        dividends = self.dividends.part(contracts)
        right, years = self.is_call[contracts], self.years[contracts]
        return FamilyTerms(right, years, interest, dividends.dates, dividends.amounts, rest)

    def _moved(self, own: IntArray, volatility: FloatArray, moves: Sequence[_Move]) -> list[FloatArray]:
        """Return the premiums of contracts in strikes when the market moves, all from one pass of the grids."""
        families = self._families(own)
        order, starts = families.order, families.starts
        contracts, level = own[order], volatility[order]
        first, strike = contracts[starts], self.strike[contracts]
        terms = [
            self._terms(first, self.interest[first] + move.interest_step, move.rest[order][starts]) for move in moves
        ]
        low, high = (of.reduceat(strike, starts) for of in (np.minimum, np.maximum))
        lowest, highest = np.minimum.reduceat(level, starts) / MARGIN, np.maximum.reduceat(level, starts) * MARGIN
        every = len(moves)
        tables = PremiumTables(
            FamilyTerms(*(np.concatenate(arrays) for arrays in zip(*terms, strict=True))),
            (np.tile(low, every), np.tile(high, every)),
            (np.tile(lowest, every), np.tile(highest, every)),
            few=True,
        )
        results: list[FloatArray] = []
        for turn, move in enumerate(moves):
            family = families.family + turn * starts.size
            premiums = tables.premiums(family, np.log(move.net[order] / strike), strike).value
            value = np.empty(own.size)
            value[order] = (premiums * tables.levels.weights(family, np.log(level))).sum(axis=1)
            results.append(value)
        return results

    def _table(self, volatility: FloatArray) -> tuple[IntArray, PremiumTables, IntArray] | None:
        """Return the contracts that have a premium, the tables that have it, and their families there, if any."""
        with np.errstate(invalid="ignore"):
            own = np.flatnonzero(self._sound & (volatility >= MIN_VOLATILITY) & (volatility <= GREATEST_VOLATILITY))
        if not own.size:
            return None
        if self._cached is not None:
            tables, of = self._cached
            family = of[own]
            served = family >= 0
            served[served] &= volatility[own[served]] >= tables.lowest[family[served]] / MARGIN**0.5
            served[served] &= volatility[own[served]] <= tables.highest[family[served]] * MARGIN**0.5
            if served.all():
                return own, tables, family
        families = self._families(own)
        own = own[families.order]
        sorted_level = volatility[own]
        lowest = np.minimum.reduceat(sorted_level, families.starts) / MARGIN
        highest = np.maximum.reduceat(sorted_level, families.starts) * MARGIN
        tables = self._tables(own, families, lowest, highest)
        of = np.full(volatility.size, -1, dtype=np.intp)
        of[own] = families.family
        self._cached = tables, of
        return own, tables, families.family

    def _premium(
        self, own: IntArray, tables: PremiumTables, family: IntArray, volatility: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the premiums of contracts in strikes, and their derivatives by `x`, twice by it, by the volatility."""
        premiums = tables.premiums(family, self._x[own], self.strike[own])
        weights, slopes = (of(family, np.log(volatility)) for of in (tables.levels.weights, tables.levels.slopes))
        value = np.maximum((premiums.value * weights).sum(axis=1), 0.0)
        by_level = (premiums.value * slopes).sum(axis=1) / volatility
        return value, (premiums.by_x * weights).sum(axis=1), (premiums.curvature * weights).sum(axis=1), by_level

    def _invert(self, own: IntArray, tables: PremiumTables, family: IntArray, price: FloatArray) -> FloatArray:
        """Return the volatilities of contracts that lie within their tables; NaN for others."""
        premiums = tables.premiums(family, self._x[own], self.strike[own]).value
        low, high = np.log(tables.lowest[family]), np.log(tables.highest[family])

        def worth(part: IntArray, level: FloatArray) -> tuple[FloatArray, FloatArray]:
            at, volatility = own[part], np.exp(level)
            weights, slopes = (of(family[part], level) for of in (tables.levels.weights, tables.levels.slopes))
            deviation = volatility * np.sqrt(self.years[at])
            value = black.values(
                self.is_call[at], self.forward[at], self.strike[at], self.years[at], volatility, self.discount[at]
            )
            d1 = np.log(self.forward[at] / self.strike[at]) / deviation + 0.5 * deviation
            density = black.INVERSE_SQRT_2PI * np.exp(-0.5 * d1 * d1)
            by_level = self.net[at] * density * deviation + self.strike[at] * (premiums[part] * slopes).sum(axis=1)
            premium = np.maximum((premiums[part] * weights).sum(axis=1), 0.0)
            return value + self.strike[at] * premium, by_level

        everything = np.arange(own.size)
        below, above = worth(everything, low)[0] > price, worth(everything, high)[0] < price
        level, result = 0.5 * (low + high), np.full(own.size, np.nan)
        active = np.flatnonzero(~below & ~above)
        for _ in range(NEWTON_STEPS):
            if not active.size:
                break
            value, slope = worth(active, level[active])
            miss = value - price[active]
            low[active] = np.where(miss < 0.0, level[active], low[active])
            high[active] = np.where(miss > 0.0, level[active], high[active])
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = level[active] - miss / slope
            inside = (newton > low[active]) & (newton < high[active])
            new = np.where(miss == 0.0, level[active], np.where(inside, newton, 0.5 * (low[active] + high[active])))
            done = np.abs(new - level[active]) < PRECISION
            level[active] = new
            result[active[done]] = np.exp(new[done])
            active = active[~done]
        result[active] = np.exp(level[active])
        return result

    def _european(self, volatility: FloatArray) -> FloatArray:
        """Return the values without early exercise."""
        return black.values(self.is_call, self.forward, self.strike, self.years, volatility, self.discount)

    def _european_greeks(self, volatility: FloatArray) -> Greeks:
        """Return the greeks without early exercise: the net price moves one for one with the spot."""
        return black.greeks(self.is_call, self.forward, self.strike, self.years, volatility, self.discount, self.net)

    def _theta(
        self, own: IntArray, volatility: FloatArray, value: FloatArray, delta: FloatArray, gamma: FloatArray
    ) -> FloatArray:
        """Return what a day takes away, from the pricing equation; dividends to come are worth more each day."""
        net, interest = self.net[own], self.interest[own]
        part = self.dividends.part(own)
        nearer = interest * part.worth(interest) - self.rest[own]
        convexity = 0.5 * volatility**2 * self.years[own] * net**2 * gamma
        whole = interest * value - interest * net * delta - convexity - delta * nearer
        return whole / (self.years[own] * black.DAYS_PER_YEAR)

    def _finished(self, result: FloatArray, volatility: FloatArray) -> FloatArray:
        """Return values with those at the end of life, without volatility and without arguments."""
        with np.errstate(invalid="ignore"):
            still = self._sound & (volatility >= 0.0) & (volatility < MIN_VOLATILITY)
        result = np.where(still, np.maximum(result, self.lower_bound), result)
        result = np.where(self._over & np.isfinite(volatility), self._payoff, result)
        return np.where(self._sound | self._over, result, np.nan)
