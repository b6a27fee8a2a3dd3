"""Values and greeks of European options on the forward."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.pricing.black import Greeks, greeks, values

forwards = st.floats(50.0, 200.0)
strikes = st.floats(50.0, 200.0)
times = st.floats(0.05, 3.0)
volatilities = st.floats(0.05, 1.5)
discounts = st.floats(0.85, 1.02)
rights = st.booleans()


def of(is_call: bool, forward: float, strike: float, years: float, volatility: float, discount: float) -> float:
    return float(values(is_call, forward, strike, years, volatility, discount))


def bsm(is_call: bool, spot: float, strike: float, years: float, volatility: float, rate: float, carry: float) -> float:
    """Price in the spot's terms, so that the greeks can be checked by differences."""
    return of(is_call, spot * math.exp((rate - carry) * years), strike, years, volatility, math.exp(-rate * years))


def test_the_textbook_example_of_hull_is_reproduced() -> None:
    """Hull, Options, Futures, and Other Derivatives, example 15.6: S 42, K 40, r 10 %, sigma 20 %, half a year."""
    forward, discount = 42.0 * math.exp(0.05), math.exp(-0.05)
    assert of(True, forward, 40.0, 0.5, 0.2, discount) == pytest.approx(4.7594, abs=5e-5)
    assert of(False, forward, 40.0, 0.5, 0.2, discount) == pytest.approx(0.8086, abs=5e-5)


@settings(deadline=None)
@given(forwards, strikes, times, volatilities, discounts)
def test_calls_and_puts_obey_parity(
    forward: float, strike: float, years: float, volatility: float, discount: float
) -> None:
    call, put = (of(right, forward, strike, years, volatility, discount) for right in (True, False))
    assert call - put == pytest.approx(discount * (forward - strike), abs=1e-10)


@settings(deadline=None)
@given(rights, forwards, strikes, times, volatilities, discounts)
def test_values_stay_between_the_discounted_intrinsic_value_and_the_upper_bound(
    is_call: bool, forward: float, strike: float, years: float, volatility: float, discount: float
) -> None:
    value = of(is_call, forward, strike, years, volatility, discount)
    intrinsic = max(forward - strike, 0.0) if is_call else max(strike - forward, 0.0)
    assert discount * intrinsic <= value <= discount * (forward if is_call else strike) * (1.0 + 1e-14)


@settings(deadline=None)
@given(rights, forwards, strikes, times, volatilities, st.floats(1.001, 2.0))
def test_values_rise_with_volatility(
    is_call: bool, forward: float, strike: float, years: float, volatility: float, factor: float
) -> None:
    low, high = (of(is_call, forward, strike, years, sigma, 1.0) for sigma in (volatility, volatility * factor))
    assert high >= low * (1.0 - 1e-14)


@settings(deadline=None)
@given(forwards, strikes, st.floats(0.01, 20.0), times, volatilities, discounts)
def test_calls_fall_and_are_convex_in_the_strike(
    forward: float, strike: float, step: float, years: float, volatility: float, discount: float
) -> None:
    low, middle, high = (
        of(True, forward, at, years, volatility, discount) for at in (strike, strike + step, strike + 2 * step)
    )
    assert low >= middle - 1e-12 >= high - 2e-12
    assert low - 2 * middle + high >= -1e-10
    assert low - middle <= discount * step + 1e-10


@settings(deadline=None)
@given(
    rights,
    st.floats(80.0, 120.0),
    st.floats(80.0, 120.0),
    st.floats(0.1, 2.0),
    st.floats(0.1, 0.8),
    st.floats(0.0, 0.08),
    st.floats(0.0, 0.05),
)
def test_greeks_are_the_derivatives_of_the_value(
    is_call: bool, spot: float, strike: float, years: float, volatility: float, rate: float, carry: float
) -> None:
    computed = greeks(
        is_call,
        spot * math.exp((rate - carry) * years),
        strike,
        years,
        volatility,
        math.exp(-rate * years),
        spot,
    )

    def at(*, s: float = spot, t: float = years, v: float = volatility, r: float = rate) -> float:
        return bsm(is_call, s, strike, t, v, r, carry)

    assert float(computed.price) == pytest.approx(at(), rel=1e-12)
    assert float(computed.delta) == pytest.approx((at(s=spot + 1e-3) - at(s=spot - 1e-3)) / 2e-3, abs=1e-6)
    assert float(computed.gamma) == pytest.approx((at(s=spot + 0.02) - 2 * at() + at(s=spot - 0.02)) / 4e-4, abs=1e-4)
    day = 1e-3
    assert float(computed.theta) == pytest.approx(
        (at(t=years - day / 365) - at(t=years + day / 365)) / (2 * day), abs=1e-6
    )
    assert float(computed.vega) == pytest.approx((at(v=volatility + 1e-5) - at(v=volatility - 1e-5)) / 2e-3, abs=1e-6)
    assert float(computed.rho) == pytest.approx((at(r=rate + 1e-6) - at(r=rate - 1e-6)) / 2e-6, abs=1e-4)


def test_arrays_broadcast_and_give_what_single_contracts_give() -> None:
    strikes_ = np.array([90.0, 100.0, 110.0])
    is_call = np.array([[True], [False]])
    together = greeks(is_call, 101.0, strikes_, 0.5, 0.2, 0.98, 100.0)
    assert together.price.shape == (2, 3)
    for row, right in enumerate((True, False)):
        for column, strike in enumerate(strikes_):
            alone = greeks(right, 101.0, float(strike), 0.5, 0.2, 0.98, 100.0)
            assert [float(field[row, column]) for field in together] == pytest.approx(
                [float(field) for field in alone], rel=1e-14
            )


@pytest.mark.parametrize("years", [0.0, -0.1])
def test_a_settled_option_is_worth_its_intrinsic_value_and_nothing_else_moves(years: float) -> None:
    computed = greeks(
        np.array([True, True, False, False]), 100.0, np.array([90, 110, 90, 110.0]), years, 0.3, 1.0, 100.0
    )
    assert computed.price.tolist() == [10.0, 0.0, 0.0, 10.0]
    assert computed.delta.tolist() == [1.0, 0.0, 0.0, -1.0]
    for still in (computed.gamma, computed.theta, computed.vega, computed.rho):
        assert still.tolist() == [0.0] * 4


def test_without_volatility_the_option_is_its_forward_intrinsic_value() -> None:
    computed = greeks(True, 105.0, 100.0, 1.0, 0.0, 0.95, 100.0)
    assert float(computed.price) == pytest.approx(0.95 * 5.0)
    assert float(computed.gamma) == float(computed.vega) == 0.0


@pytest.mark.parametrize("missing", range(6))
def test_a_missing_argument_gives_no_value_and_no_warning(missing: int) -> None:
    arguments = [100.0, 100.0, 0.5, 0.2, 0.98, 100.0]
    arguments[missing] = math.nan
    assert all(math.isnan(float(field)) for field in greeks(True, *arguments))
    if missing < 5:
        assert math.isnan(of(True, *arguments[:5]))


def test_a_spot_of_another_moment_does_not_become_decay() -> None:
    """The index closed at 4,505 when the options already knew 4,510: over seven hours that is not a yield of 600 %."""
    honest = greeks(True, 4510.4, 4510.0, 0.0008, 0.12, 1.0, 4510.0)
    stale = greeks(True, 4510.4, 4510.0, 0.0008, 0.12, 1.0, 4505.0)
    assert float(stale.theta) == pytest.approx(float(honest.theta), rel=0.15)


def test_the_fields_of_the_greeks_are_those_that_the_language_publishes() -> None:
    assert Greeks._fields == ("price", "delta", "gamma", "theta", "vega", "rho")
