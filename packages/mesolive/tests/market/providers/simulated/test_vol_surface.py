"""The volatility surface of simulated markets: skew, term structure, and no arbitrage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.providers.simulated.vol_surface import VolatilitySurface
from mesolive.pricing.black import values

surfaces = st.builds(
    VolatilitySurface,
    short=st.floats(0.05, 0.6),
    long=st.floats(0.08, 0.4),
    reversion=st.floats(0.5, 10.0),
    rho=st.floats(-0.9, 0.0),
    eta=st.floats(0.3, 1.05),
    gamma=st.floats(0.3, 0.5),
)
levels = st.floats(0.25, 4.0)
MONEYNESS = np.linspace(-1.0, 0.6, 161)
YEARS = np.array([1 / 365, 7 / 365, 30 / 365, 0.25, 1.0, 3.0])


@given(surfaces, levels, st.sampled_from(YEARS.tolist()))
def test_prices_fall_and_are_convex_in_the_strike(surface: VolatilitySurface, level: float, years: float) -> None:
    strikes = np.linspace(0.4, 1.8, 281)
    volatility = surface.volatility(np.log(strikes), np.full_like(strikes, years), level)
    call = values(True, 1.0, strikes, years, volatility, 1.0)
    slopes = np.diff(call) / np.diff(strikes)
    assert np.all(slopes <= 1e-9)
    assert np.all(slopes >= -1.0 - 1e-9)
    assert np.all(np.diff(slopes) >= -1e-7), "a butterfly would cost less than nothing"


@given(surfaces, levels)
def test_total_variance_grows_with_time_at_every_moneyness(surface: VolatilitySurface, level: float) -> None:
    total = np.array(
        [surface.volatility(MONEYNESS, np.full_like(MONEYNESS, years), level) ** 2 * years for years in YEARS]
    )
    assert np.all(np.diff(total, axis=0) >= -1e-12), "a calendar spread would cost less than nothing"


def test_puts_far_below_the_money_are_dearer_than_calls_far_above() -> None:
    down, middle, up = VolatilitySurface().volatility(np.array([-0.1, 0.0, 0.05]), np.full(3, 30 / 365))
    assert down > middle + 0.05
    assert up < middle


def test_a_higher_level_lifts_the_short_end_and_hardly_the_long_one() -> None:
    surface, at = VolatilitySurface(), np.zeros(2)
    calm, wild = (surface.volatility(at, np.array([7 / 365, 3.0]), level) for level in (1.0, 2.0))
    assert wild[0] / calm[0] > 1.9
    assert wild[1] / calm[1] < 1.3


def test_no_time_left_is_no_volatility() -> None:
    assert VolatilitySurface().volatility(np.array([-0.1, 0.1]), np.array([0.0, -1.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "parameters", [{"eta": 2.0}, {"gamma": 0.7}, {"rho": -1.0}, {"short": 0.0}, {"long": -0.1}, {"reversion": 0.0}]
)
def test_parameters_that_would_allow_arbitrage_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"surface needs|must be greater than zero"):
        VolatilitySurface(**parameters)
