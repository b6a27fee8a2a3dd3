"""Implied volatility: precise for the smallest premiums, silent where there is none."""

from __future__ import annotations

import importlib
import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mesolive.pricing.black import greeks, values
from mesolive.pricing.implied import implied_volatility

JAECKEL: Any = importlib.import_module("py_lets_be_rational")  # has no types
STRIKES = (5.0, 10.0, 50.0, 80.0, 95.0, 99.0, 99.9, 100.0, 100.1, 101.0, 105.0, 120.0, 200.0, 1000.0, 2000.0)
YEARS = (1 / 365 / 24, 1 / 365, 7 / 365, 0.25, 1.0, 5.0)
VOLATILITIES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0)


def test_a_wide_grid_agrees_with_jaeckels_own_implementation_to_1e_12() -> None:
    """Last-hour options, strikes from a twentieth to twenty times the forward, premiums down to 1e-290."""
    wanted: list[tuple[float, float, float, float, float]] = []
    for strike, years, volatility, sign in product(STRIKES, YEARS, VOLATILITIES, (1.0, -1.0)):
        price: float = JAECKEL.black(100.0, strike, volatility, years, sign)
        # In the money the price's own rounding limits what anybody can find; there parity leads to the same problem.
        if (strike - 100.0) * sign >= 0.0 and price > 1e-290:
            theirs: float = JAECKEL.implied_volatility_from_a_transformed_rational_guess(
                price, 100.0, strike, years, sign
            )
            wanted.append((price, strike, years, sign, theirs))
    prices, strikes, times, signs, expected = np.array(wanted).T
    ours = implied_volatility(prices, signs > 0.0, 100.0, strikes, times, 1.0)
    assert len(wanted) > 500
    assert prices.min() < 1e-250
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=0.0)


@settings(deadline=None)
@given(
    st.booleans(),
    st.floats(0.3, 3.0),
    st.floats(1e-4, 5.0),
    st.floats(0.01, 3.0),
    st.floats(0.8, 1.02),
)
def test_the_volatility_that_made_a_price_is_implied_again(
    is_call: bool, moneyness: float, years: float, volatility: float, discount: float
) -> None:
    forward, strike = 4500.0, 4500.0 * moneyness
    price = float(values(is_call, forward, strike, years, volatility, discount))
    intrinsic = discount * max(forward - strike if is_call else strike - forward, 0.0)
    bound = discount * (forward if is_call else strike)
    # Where the time value drowns in the rounding of the price, no volatility can be read from it.
    assume(price - intrinsic > 1e-7 * max(price, 1e-250) and bound - price > 1e-6 * bound and price > 1e-250)
    implied = float(implied_volatility(price, is_call, forward, strike, years, discount))
    assert float(values(is_call, forward, strike, years, implied, discount)) == pytest.approx(price, rel=1e-12)
    assert implied == pytest.approx(volatility, rel=1e-7)


@pytest.mark.parametrize(
    ("price", "is_call"),
    [
        pytest.param(10.0, True, id="at the intrinsic value of a call"),
        pytest.param(9.0, True, id="below the intrinsic value of a call"),
        pytest.param(0.0, False, id="worthless"),
        pytest.param(-1.0, False, id="negative"),
        pytest.param(110.0, True, id="at the upper bound of a call"),
        pytest.param(120.0, True, id="above the upper bound of a call"),
        pytest.param(100.0, False, id="at the upper bound of a put"),
        pytest.param(math.inf, True, id="infinite"),
        pytest.param(math.nan, True, id="no price"),
    ],
)
def test_a_price_that_no_volatility_explains_gives_no_value(price: float, is_call: bool) -> None:
    assert math.isnan(float(implied_volatility(price, is_call, 110.0, 100.0, 0.5, 1.0)))


@pytest.mark.parametrize(
    ("forward", "strike", "years", "discount"),
    [
        (math.nan, 100.0, 0.5, 1.0),
        (0.0, 100.0, 0.5, 1.0),
        (-1.0, 100.0, 0.5, 1.0),
        (100.0, 0.0, 0.5, 1.0),
        (100.0, 100.0, 0.0, 1.0),
        (100.0, 100.0, -0.1, 1.0),
        (100.0, 100.0, math.nan, 1.0),
        (100.0, 100.0, 0.5, math.nan),
        (100.0, 100.0, 0.5, 0.0),
    ],
)
def test_senseless_arguments_give_no_value(forward: float, strike: float, years: float, discount: float) -> None:
    assert math.isnan(float(implied_volatility(5.0, True, forward, strike, years, discount)))


def test_contracts_without_a_value_do_not_disturb_their_neighbours() -> None:
    strikes = np.array([90.0, 100.0, 110.0, 120.0])
    prices = values(True, 100.0, strikes, 0.5, 0.25, 0.99)
    prices[1] = np.nan
    prices[2] = -3.0
    implied = implied_volatility(prices, True, 100.0, strikes, 0.5, 0.99)
    assert np.isnan(implied).tolist() == [False, True, True, False]
    np.testing.assert_allclose(implied[[0, 3]], 0.25, rtol=1e-13)


def test_shapes_broadcast() -> None:
    strikes = np.array([90.0, 100.0, 110.0])
    is_call = np.array([[True], [False]])
    prices = values(is_call, 100.0, strikes, 0.5, 0.25, 0.99)
    implied = implied_volatility(prices, is_call, 100.0, strikes, 0.5, 0.99)
    assert implied.shape == (2, 3)
    np.testing.assert_allclose(implied, 0.25, rtol=1e-13)


def test_a_whole_chain_is_solved_as_its_parts_are() -> None:
    strikes = np.linspace(60.0, 160.0, 12_345).reshape(5, -1)
    is_call = strikes > 100.0
    prices = values(is_call, 100.0, strikes, 0.5, 0.25, 0.99)
    whole = implied_volatility(prices, is_call, 100.0, strikes, 0.5, 0.99)
    together = greeks(is_call, 100.0, strikes, 0.5, whole, 0.99, 100.0)
    for row in range(5):
        part = implied_volatility(prices[row], is_call[row], 100.0, strikes[row], 0.5, 0.99)
        assert whole[row].tolist() == part.tolist()
        alone = greeks(is_call[row], 100.0, strikes[row], 0.5, part, 0.99, 100.0)
        for all_of_it, own in zip(together, alone, strict=True):
            assert all_of_it[row].tolist() == own.tolist()
