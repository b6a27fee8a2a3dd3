"""Pricing models by exercise style: one call for European and American contracts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mesolive.market.view import FloatArray
from mesolive.pricing import black
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.black import Greeks
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.pricing.implied import implied_volatility
from mesolive.pricing.warm_start import volatility_and_greeks


@dataclass(frozen=True)
class ContractTerms:
    """What the value of some contracts depends on, apart from volatility; arrays have one element per contract.

    Attributes
    ----------
    spot
        Price of the underlying that belongs to the forward; for contracts that may be exercised early, its mark.
    may_exercise_early
        Whether the contract is American.
    dividends
        The cash dividends in their lives, as far as they are known; only those of American contracts count, for the
        forward has them already.
    """

    is_call: npt.NDArray[np.bool_]
    strikes: FloatArray
    spot: FloatArray
    forward: FloatArray
    discount: FloatArray
    years: FloatArray
    may_exercise_early: npt.NDArray[np.bool_]
    dividends: CashDividends | None = None

    @cached_property
    def intrinsic(self) -> FloatArray:
        """The least that the contracts can be worth: on the forward, and at any moment where they are American."""
        sign = np.where(self.is_call, 1.0, -1.0)
        result = self.discount * np.maximum(sign * (self.forward - self.strikes), 0.0)
        early = self._early
        if early.size:
            result[early] = np.maximum(self._american.lower_bound, result[early])
        return result

    def volatility(self, price: FloatArray) -> FloatArray:
        """Return the volatilities at which the contracts are worth `price`; NaN where there is none."""
        if self._early.size == price.size:
            return self._american.implied_volatility(price)
        solved = implied_volatility(price, self.is_call, self.forward, self.strikes, self.years, self.discount)
        if self._early.size:
            solved[self._early] = self._american.implied_volatility(price[self._early])
        return solved

    def volatility_and_greeks(self, price: FloatArray, start: FloatArray) -> tuple[FloatArray, Greeks] | None:
        """Return volatilities, as `volatility` does, and greeks at them; quicker where the volatilities moved little.

        Parameters
        ----------
        start
            Those of an earlier solve, NaN where there was none; the result does not depend on them.

        Returns
        -------
        tuple or None
            `None` where contracts may be exercised early.
        """
        if self._early.size:
            return None
        return volatility_and_greeks(
            price, self.is_call, self.forward, self.strikes, self.years, self.discount, self.spot, start
        )

    def values(self, volatility: FloatArray) -> FloatArray:
        """Return the contracts' values at `volatility`."""
        if self._early.size == volatility.size:
            return self._american.values(volatility)
        result = black.values(self.is_call, self.forward, self.strikes, self.years, volatility, self.discount)
        if self._early.size:
            result[self._early] = self._american.values(volatility[self._early])
        return result

    def greeks(self, volatility: FloatArray) -> Greeks:
        """Return the contracts' greeks at `volatility`."""
        if self._early.size == volatility.size:
            return self._american.greeks(volatility)
        result = black.greeks(
            self.is_call, self.forward, self.strikes, self.years, volatility, self.discount, self.spot
        )
        if self._early.size:
            for array, better in zip(result, self._american.greeks(volatility[self._early]), strict=True):
                array[self._early] = better
        return result

    def part(self, own: slice | npt.NDArray[np.intp]) -> ContractTerms:
        """Return the terms of the contracts in a slice, or at some places."""
        return ContractTerms(
            self.is_call[own],
            self.strikes[own],
            self.spot[own],
            self.forward[own],
            self.discount[own],
            self.years[own],
            self.may_exercise_early[own],
            None if self.dividends is None else self.dividends.part(own),
        )

    @cached_property
    def _early(self) -> npt.NDArray[np.intp]:
        """Where the contracts are American."""
        return np.flatnonzero(self.may_exercise_early)

    @cached_property
    def _american(self) -> AmericanChain:
        """The American ones; they keep the exercise boundaries that their volatilities were solved with."""
        early = self._early
        return AmericanChain(
            self.is_call[early],
            self.spot[early],
            self.strikes[early],
            self.years[early],
            self.discount[early],
            self.forward[early],
            None if self.dividends is None else self.dividends.part(early),
        )
