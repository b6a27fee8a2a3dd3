"""The random walk of simulated markets: reproducible, bounded, and moving as its parameters say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.providers.simulated.random_walk import MAX_DEVIATION, RandomWalk, WalkParameters

SECOND = 1.0 / (252 * 23400)


@given(st.integers(0, 2**32), st.lists(st.integers(1, 40), max_size=8))
def test_the_path_does_not_depend_on_how_its_steps_are_asked_for(seed: int, chunks: list[int]) -> None:
    whole, parts = RandomWalk(seed, WalkParameters()), RandomWalk(seed, WalkParameters())
    whole.advance(sum(chunks), SECOND)
    for chunk in chunks:
        parts.advance(chunk, SECOND)
    assert (whole.factor, whole.deviation) == (parts.factor, parts.deviation)


def test_another_seed_is_another_path() -> None:
    first, second = RandomWalk(1, WalkParameters()), RandomWalk(2, WalkParameters())
    first.advance(10, SECOND)
    second.advance(10, SECOND)
    assert first.factor != second.factor


def test_price_and_volatility_move_as_the_parameters_say() -> None:
    parameters = WalkParameters(volatility=0.2, correlation=-0.75, vol_of_vol=1.0, reversion=6.0)
    day = 1.0 / 252
    prices: list[float] = []
    levels: list[float] = []
    for seed in range(3000):
        walk = RandomWalk(seed, parameters)
        walk.advance(1, day)
        prices.append(math.log(walk.factor))
        levels.append(walk.deviation)
    assert np.std(prices) == pytest.approx(0.2 * math.sqrt(day), rel=0.04)
    assert np.std(levels) == pytest.approx(1.0 * math.sqrt(day), rel=0.04)
    assert np.corrcoef(prices, levels)[0, 1] == pytest.approx(-0.75, abs=0.03)


def test_the_price_has_no_drift() -> None:
    ends: list[float] = []
    for seed in range(2000):
        walk = RandomWalk(seed, WalkParameters(volatility=0.2))
        walk.advance(20, 1.0 / 252)
        ends.append(walk.factor)
    assert np.mean(ends) == pytest.approx(1.0, abs=3 * float(np.std(ends)) / math.sqrt(len(ends)))


@given(st.integers(0, 1000), st.floats(-0.5, 1.0))
def test_volatility_stays_within_bounds_whatever_happens(seed: int, jump: float) -> None:
    walk = RandomWalk(seed, WalkParameters(vol_of_vol=8.0))
    for _ in range(5):
        walk.gap(jump)
        walk.advance(20, 1.0 / 52)
        assert abs(walk.deviation) <= MAX_DEVIATION
        assert walk.factor > 0.0


def test_a_fall_moves_the_price_by_what_was_asked_and_lifts_volatility() -> None:
    walk = RandomWalk(1, WalkParameters())
    walk.gap(-0.03)
    assert walk.factor == pytest.approx(0.97)
    assert walk.level > 1.1
    walk.gap(0.05)
    assert walk.level < 1.0
