"""A solve that begins at earlier volatilities gives what one from nothing gives, wherever it begins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.pricing.black import FloatArray, Greeks, greeks
from mesolive.pricing.implied import implied_volatility
from mesolive.pricing.warm_start import volatility_and_greeks

SPOT = 4500.0
EXACT = 1e-12


class Chain:
    """Contracts of all kinds: a day to three years, ten deviations out to deep in the money."""

    def __init__(self, count: int = 4000, move: float = 0.0, raised: float = 0.0) -> None:
        random = np.random.default_rng(7)
        self.spot = np.full(count, SPOT * (1.0 + move))
        self.years = np.exp(random.uniform(np.log(1 / 365), np.log(3.0), count))
        self.strike = SPOT * np.exp(random.uniform(-3.0, 2.0, count) * 0.5 * np.sqrt(self.years))
        self.is_call = random.random(count) < 0.5
        self.forward, self.discount = self.spot * np.exp(0.03 * self.years), np.exp(-0.05 * self.years)
        volatility = 0.2 - 0.2 * np.log(self.strike / SPOT) + 0.05 * random.random(count)
        self.volatility = np.clip(volatility, 0.05, 2.0) + raised
        self.price = self.greeks(self.volatility).price

    def greeks(self, volatility: FloatArray) -> Greeks:
        return greeks(self.is_call, self.forward, self.strike, self.years, volatility, self.discount, self.spot)

    def cold(self) -> FloatArray:
        return implied_volatility(self.price, self.is_call, self.forward, self.strike, self.years, self.discount)

    def warm(self, start: FloatArray) -> tuple[FloatArray, Greeks]:
        return volatility_and_greeks(
            self.price, self.is_call, self.forward, self.strike, self.years, self.discount, self.spot, start
        )


def agree(chain: Chain, start: FloatArray) -> None:
    cold = chain.cold()
    warm, implied = chain.warm(start)
    np.testing.assert_allclose(warm, cold, rtol=EXACT)
    for name, ours, theirs in zip(Greeks._fields, implied, chain.greeks(cold), strict=True):
        size = float(np.nanmax(np.abs(theirs)))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12 * size, err_msg=name)


@pytest.mark.parametrize(
    ("move", "raised"), [(0.0, 0.0), (1e-4, 0.0), (0.001, 0.001), (0.01, 0.01), (-0.03, 0.05), (-0.1, 0.3)]
)
def test_volatilities_and_greeks_after_a_move_are_those_of_a_solve_from_nothing(move: float, raised: float) -> None:
    agree(Chain(move=move, raised=raised), Chain().cold())


@given(st.floats(-1.0, 1.0), st.integers(0, 2**32 - 1))
def test_the_start_does_not_matter(off: float, seed: int) -> None:
    chain = Chain(count=300)
    noise = np.random.default_rng(seed).normal(0.0, 1.0, 300)
    agree(chain, chain.volatility * np.exp(off * noise))


@pytest.mark.parametrize("start", [np.nan, 0.0, -0.2, np.inf, 1e-300, 1e300, 50.0])
def test_a_senseless_start_is_a_solve_from_nothing(start: float) -> None:
    chain = Chain(count=500)
    agree(chain, np.full(500, start))


def test_a_price_without_a_volatility_has_none_whatever_it_had_before() -> None:
    chain = Chain(count=6)
    before = chain.cold()
    intrinsic = chain.discount * np.maximum(np.where(chain.is_call, 1, -1) * (chain.forward - chain.strike), 0.0)
    chain.price = np.array([np.nan, -1.0, 0.0, intrinsic[3], 1e9, chain.price[5]])
    chain.years[5] = 0.0
    volatility, implied = chain.warm(before)
    assert np.isnan(volatility).all()
    assert all(np.isnan(array).all() for array in implied)
