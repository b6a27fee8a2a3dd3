"""Contracts as the pricing models see them: one call for European and American exercise alike.

Early exercise is priced with a tree only where it can be worth anything: the right to exercise a put early brings at
most the interest on the strike, `K (1 - D)`, that of a call at most what the shares yield until then, `S - D F`. Where
that bound is below half a cent the European formulas are exact to half a cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.market.view import FloatArray
from mesolive.pricing import american, black
from mesolive.pricing.black import Greeks
from mesolive.pricing.implied import implied_volatility

NEGLIGIBLE: Final = 0.005
# The premium of early exercise changes slowly with volatility: each round removes nine tenths of the error and more.
ROUNDS: Final = 4
# Half of the tree's usual steps, for speed: it errs by a cent beside the exercise boundary, by far less elsewhere.
STEPS: Final = 51


@dataclass(frozen=True)
class ContractTerms:
    """What the value of some contracts depends on, apart from volatility; arrays have one element per contract.

    Attributes
    ----------
    spot
        Price of the underlying that belongs to the forward; for contracts that may be exercised early, its mark.
    may_exercise_early
        Whether the contract is American.
    """

    is_call: npt.NDArray[np.bool_]
    strikes: FloatArray
    spot: FloatArray
    forward: FloatArray
    discount: FloatArray
    years: FloatArray
    may_exercise_early: npt.NDArray[np.bool_]

    @cached_property
    def intrinsic(self) -> FloatArray:
        """The least that the contracts can be worth: on the forward, and at once where they are American."""
        sign = np.where(self.is_call, 1.0, -1.0)
        forward = self.discount * np.maximum(sign * (self.forward - self.strikes), 0.0)
        at_once = np.maximum(sign * (self.spot - self.strikes), 0.0)
        return np.where(self.may_exercise_early, np.maximum(forward, at_once), forward)

    def volatility(self, price: FloatArray) -> FloatArray:
        """Return the volatilities at which the contracts are worth `price`; NaN where there is none."""
        solved = implied_volatility(price, self.is_call, self.forward, self.strikes, self.years, self.discount)
        early = self._early
        if not early.size:
            return solved
        with np.errstate(invalid="ignore"):
            worth_solving = price[early] > self.intrinsic[early]
        solved[early[~worth_solving]] = np.nan
        early = early[worth_solving]
        solved[early] = self._taken(early).volatility_with_premium(price[early], solved[early])
        return solved

    def volatility_with_premium(self, price: FloatArray, start: FloatArray) -> FloatArray:
        """Return the volatilities of contracts whose right of early exercise is worth something.

        The European formula is inverted for the price less the premium of early exercise, over and over. Where that has
        not come within half a cent (close to the exercise boundary), the tree itself is inverted, which takes longer.

        Parameters
        ----------
        price
            Prices above `intrinsic`.
        start
            Volatilities to begin with.
        """
        volatility = start
        for _ in range(ROUNDS):
            premium = np.maximum(self.values(volatility) - self.european(volatility), 0.0)
            volatility = implied_volatility(
                price - premium, self.is_call, self.forward, self.strikes, self.years, self.discount
            )
        missed = np.flatnonzero(~(np.abs(self.values(volatility) - price) <= NEGLIGIBLE) & ~np.isnan(price))
        if missed.size:
            part = self._taken(missed)
            volatility[missed] = american.implied_volatility(
                price[missed],
                part.is_call,
                part.spot,
                part.strikes,
                part.years,
                part.discount,
                part.forward,
                steps=STEPS,
            )
        return volatility

    def values(self, volatility: FloatArray) -> FloatArray:
        """Return the contracts' values at `volatility`."""
        found = self.european(volatility)
        early = self._early
        if early.size:
            part = self._taken(early)
            found[early] = american.values(
                part.is_call,
                part.spot,
                part.strikes,
                part.years,
                volatility[early],
                part.discount,
                part.forward,
                steps=STEPS,
            )
        return found

    def greeks(self, volatility: FloatArray) -> Greeks:
        """Return the contracts' greeks at `volatility`."""
        found = black.greeks(self.is_call, self.forward, self.strikes, self.years, volatility, self.discount, self.spot)
        early = self._early[~np.isnan(volatility[self._early])]
        if early.size:
            part = self._taken(early)
            exact = american.greeks(
                part.is_call,
                part.spot,
                part.strikes,
                part.years,
                volatility[early],
                part.discount,
                part.forward,
                steps=STEPS,
            )
            for array, better in zip(found, exact, strict=True):
                array[early] = better
        return found

    def part(self, own: slice) -> ContractTerms:
        """Return the terms of the contracts in a slice."""
        return self._taken(np.arange(len(self.strikes))[own])

    @cached_property
    def _early(self) -> npt.NDArray[np.intp]:
        """Where early exercise may be worth something."""
        with np.errstate(invalid="ignore"):
            bound = np.where(
                self.is_call, self.spot - self.discount * self.forward, self.strikes * (1.0 - self.discount)
            )
            return np.flatnonzero(self.may_exercise_early & (bound > NEGLIGIBLE))

    def european(self, volatility: FloatArray) -> FloatArray:
        """Return what the contracts would be worth if nobody could exercise them early."""
        return black.values(self.is_call, self.forward, self.strikes, self.years, volatility, self.discount)

    def _taken(self, chosen: npt.NDArray[np.intp]) -> ContractTerms:
        return ContractTerms(
            self.is_call[chosen],
            self.strikes[chosen],
            self.spot[chosen],
            self.forward[chosen],
            self.discount[chosen],
            self.years[chosen],
            self.may_exercise_early[chosen],
        )
