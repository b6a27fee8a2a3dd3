"""American contracts of a chain, each by the method that suits it: with cash dividends in its life, or without."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np

from mesolive.pricing.american import AmericanOptions, CarrySensitivities
from mesolive.pricing.black import FloatArray, Greeks
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.pricing.dividend_options import DividendOptions
from mesolive.pricing.exercise_boundary import BoolArray, IntArray

_Part: TypeAlias = AmericanOptions | DividendOptions
_Fields = TypeVar("_Fields", Greeks, CarrySensitivities)


class AmericanChain:
    """Contracts that may be exercised early, apart from their volatilities; arrays of one dimension and length.

    Parameters
    ----------
    is_call, spot, strike, years, discount, forward
        As in `mesolive.pricing.american.values`.
    dividends
        The cash dividends in the lives of the contracts; `None` where none is known: then whatever the forward lacks
        is a yield, spread evenly over the time.
    """

    def __init__(
        self,
        is_call: BoolArray,
        spot: FloatArray,
        strike: FloatArray,
        years: FloatArray,
        discount: FloatArray,
        forward: FloatArray,
        dividends: CashDividends | None = None,
    ) -> None:
        self._size = is_call.size
        self._parts: list[tuple[IntArray | None, _Part]] = []
        paid = np.zeros(self._size, dtype=np.bool_) if dividends is None else dividends.paid
        if dividends is None or not paid.any():
            self._parts.append((None, AmericanOptions(is_call, spot, strike, years, discount, forward)))
            return
        without, having = np.flatnonzero(~paid), np.flatnonzero(paid)
        if without.size:
            arrays = (array[without] for array in (spot, strike, years, discount, forward))
            self._parts.append((without, AmericanOptions(is_call[without], *arrays)))
        arrays = (array[having] for array in (spot, strike, years, discount, forward))
        self._parts.append((having, DividendOptions(is_call[having], *arrays, dividends=dividends.part(having))))

    def values(self, volatility: FloatArray) -> FloatArray:
        """Return the contracts' values at `volatility`."""
        return self._one(lambda part, own: part.values(volatility if own is None else volatility[own]))

    def greeks(self, volatility: FloatArray) -> Greeks:
        """Return the contracts' values and greeks at `volatility`."""
        return self._all(Greeks, lambda part, own: part.greeks(volatility if own is None else volatility[own]))

    def carry_sensitivities(self, volatility: FloatArray) -> CarrySensitivities:
        """Return the contracts' values at `volatility`, and how rate and yield move them; see `AmericanOptions`."""
        return self._all(
            CarrySensitivities,
            lambda part, own: part.carry_sensitivities(volatility if own is None else volatility[own]),
        )

    def implied_volatility(self, price: FloatArray) -> FloatArray:
        """Return the volatilities at which the contracts are worth `price`; NaN where there is none."""
        return self._one(lambda part, own: part.implied_volatility(price if own is None else price[own]))

    @cached_property
    def lower_bound(self) -> FloatArray:
        """What the contracts are worth without any volatility: the best of all moments of exercise."""
        return self._one(lambda part, own: part.lower_bound)  # noqa: ARG005 - the same signature for all

    def _one(self, of: Callable[[_Part, IntArray | None], FloatArray]) -> FloatArray:
        """Return one array of all parts."""
        result = np.empty(self._size)
        for own, part in self._parts:
            values = of(part, own)
            if own is None:
                return values
            result[own] = values
        return result

    def _all(self, kind: type[_Fields], of: Callable[[_Part, IntArray | None], _Fields]) -> _Fields:
        """Return several arrays of all parts."""
        result = [np.empty(self._size) for _ in kind._fields]
        for own, part in self._parts:
            arrays = of(part, own)
            if own is None:
                return arrays
            for array, new in zip(result, arrays, strict=True):
                array[own] = new
        return kind(*result)
