"""The binomial tree for options that may be exercised early."""

from __future__ import annotations

import csv
import math
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesolive.pricing import binomial_tree, black
from mesolive_testkit.pricing.exchange import SHARED_DATA

ql: Any = pytest.importorskip("QuantLib", reason="QuantLib, with which trees are compared, is not installed")

rights = st.booleans()
moneyness = st.floats(0.7, 1.4)
times = st.floats(0.05, 2.0)
volatilities = st.floats(0.1, 0.8)
rates = st.floats(0.0, 0.08)
yields = st.floats(0.0, 0.08)


def world(spot: float, years: float, rate: float, dividends: float) -> tuple[float, float]:
    """Return discount factor and forward."""
    return math.exp(-rate * years), spot * math.exp((rate - dividends) * years)


def by_quantlib(
    is_call: bool, spot: float, strike: float, days: int, volatility: float, rate: float, dividends: float
) -> float:
    """Return the value by QuantLib's most precise method, which solves for the exercise boundary: no tree at all."""
    today = ql.Date(2, 1, 2020)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()

    def flat(level: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, level, count))

    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), flat(dividends), flat(rate), surface)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, strike)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + days))
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return float(option.NPV())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_call", "strike", "days", "volatility", "rate", "dividends"),
    [
        pytest.param(right, strike, days, volatility, rate, dividends)
        for right, strike, days, volatility, (rate, dividends) in product(
            (True, False), (85.0, 100.0, 115.0), (30, 365), (0.15, 0.4), ((0.05, 0.0), (0.03, 0.06))
        )
    ],
)
def test_values_and_greeks_agree_with_quantlibs(
    is_call: bool, strike: float, days: int, volatility: float, rate: float, dividends: float
) -> None:
    def theirs(spot: float) -> float:
        return by_quantlib(is_call, spot, strike, days, volatility, rate, dividends)

    discount, forward = world(100.0, days / 365, rate, dividends)
    computed = binomial_tree.greeks(is_call, 100.0, strike, days / 365, volatility, discount, forward)
    low, middle, high = (theirs(spot) for spot in (99.9, 100.0, 100.1))
    assert float(computed.price) == pytest.approx(middle, abs=6e-3)
    # Where exercise begins gamma jumps; within a cent of that the tree may stand on the other side.
    if middle > max(100.0 - strike if is_call else strike - 100.0, 0.0) + 0.01:
        assert float(computed.delta) == pytest.approx((high - low) / 0.2, abs=2e-3)
        assert float(computed.gamma) == pytest.approx((high - 2 * middle + low) / 0.01, abs=2e-3)


@settings(max_examples=20, deadline=None)
@given(rights, moneyness, times, volatilities, rates, yields)
def test_early_exercise_is_worth_something_and_never_too_much(
    is_call: bool, ratio: float, years: float, volatility: float, rate: float, dividends: float
) -> None:
    strike = 100.0 * ratio
    discount, forward = world(100.0, years, rate, dividends)
    value = float(binomial_tree.values(is_call, 100.0, strike, years, volatility, discount, forward))
    european = float(black.values(is_call, forward, strike, years, volatility, discount))
    exercise = max(100.0 - strike if is_call else strike - 100.0, 0.0)
    assert value >= max(european, exercise)
    assert value <= (100.0 if is_call else strike)


@settings(max_examples=15, deadline=None)
@given(moneyness, times, volatilities, rates)
def test_a_call_without_dividends_is_never_exercised_early(
    ratio: float, years: float, volatility: float, rate: float
) -> None:
    strike = 100.0 * ratio
    discount, forward = world(100.0, years, rate, 0.0)
    value = float(binomial_tree.values(True, 100.0, strike, years, volatility, discount, forward))
    european = float(black.values(True, forward, strike, years, volatility, discount))
    assert value == pytest.approx(european, abs=1e-6)


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@example(True, 0.88963, 525, 0.1, 0.0, 0.01886)
@given(rights, moneyness, st.integers(20, 730), volatilities, rates, yields)
def test_anywhere_values_and_greeks_stay_near_quantlibs(
    is_call: bool, ratio: float, days: int, volatility: float, rate: float, dividends: float
) -> None:
    strike = 100.0 * ratio

    def theirs(spot: float = 100.0, sigma: float = volatility) -> float:
        # Its method does not take a rate of zero.
        return by_quantlib(is_call, spot, strike, days, sigma, max(rate, 1e-9), max(dividends, 1e-9))

    discount, forward = world(100.0, days / 365, rate, dividends)
    computed = binomial_tree.greeks(is_call, 100.0, strike, days / 365, volatility, discount, forward)
    assert float(computed.price) == pytest.approx(theirs(), abs=0.03)
    above_exercise = float(computed.price) - max(100.0 - strike if is_call else strike - 100.0, 0.0)
    if above_exercise > 0.05:
        assert float(computed.delta) == pytest.approx((theirs(100.1) - theirs(99.9)) / 0.2, abs=0.015)
    # Beside the boundary of exercise vega climbs from zero, and a tree has few nodes there: 6 cents above exercise it
    # said 0.148 where QuantLib's is 0.118 (a call of 525 days at a volatility of 0.1).
    if above_exercise > 0.15:
        vega = theirs(sigma=volatility + 0.005) - theirs(sigma=volatility - 0.005)
        assert float(computed.vega) == pytest.approx(vega, abs=0.03)


@settings(max_examples=15, deadline=None)
@given(rights, st.floats(0.85, 1.2), times, volatilities, rates, yields)
def test_the_volatility_that_made_a_price_is_implied_again(
    is_call: bool, ratio: float, years: float, volatility: float, rate: float, dividends: float
) -> None:
    strike = 100.0 * ratio
    discount, forward = world(100.0, years, rate, dividends)
    price = float(binomial_tree.values(is_call, 100.0, strike, years, volatility, discount, forward))
    if price - max(100.0 - strike if is_call else strike - 100.0, 0.0) > 0.2:
        implied = binomial_tree.implied_volatility(price, is_call, 100.0, strike, years, discount, forward)
        assert float(implied) == pytest.approx(volatility, abs=1e-5)


@pytest.mark.parametrize(
    "price", [10.0, 9.0, 0.0, -1.0, 110.0, 200.0, math.nan, math.inf], ids=lambda price: f"{price:g}"
)
def test_a_price_that_no_volatility_explains_gives_no_value(price: float) -> None:
    assert math.isnan(float(binomial_tree.implied_volatility(price, False, 100.0, 110.0, 0.5, 0.97, 103.0)))


def test_an_expired_option_is_worth_its_exercise() -> None:
    computed = binomial_tree.greeks(np.array([True, False]), 100.0, 90.0, 0.0, 0.3, 1.0, 100.0)
    assert computed.price.tolist() == [10.0, 0.0]
    assert computed.delta.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("missing", range(6))
def test_a_missing_argument_gives_no_value(missing: int) -> None:
    arguments = [100.0, 100.0, 0.5, 0.2, 0.98, 101.0]
    arguments[missing] = math.nan
    assert math.isnan(float(binomial_tree.values(True, *arguments)))


def test_many_contracts_at_once_are_what_each_is_alone() -> None:
    strikes = np.linspace(60.0, 140.0, 600)  # more than walk together
    together = binomial_tree.values(False, 100.0, strikes, 0.5, 0.3, 0.97, 101.0)
    for place in (0, 255, 256, 599):
        alone = float(binomial_tree.values(False, 100.0, float(strikes[place]), 0.5, 0.3, 0.97, 101.0))
        assert float(together[place]) == pytest.approx(alone, rel=1e-14)


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the recorded market data is not beside the checkout")
def test_greeks_of_the_recorded_stock_agree_with_those_of_its_file() -> None:
    """GOOG on 24 December 2015: the file's volatilities in, its deltas, gammas and vegas out."""
    with (SHARED_DATA / "lean/option/goog/universe_20151224.csv").open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[0].isdigit()]
    day, spot = date(2015, 12, 24), 748.40
    chosen = [row for row in rows if row[9] and 0.05 < abs(float(row[10])) < 0.95]
    days = np.array([(date(int(row[0][:4]), int(row[0][4:6]), int(row[0][6:])) - day).days for row in chosen])
    years = days / 365.0
    strike, iv, delta, gamma, vega = (np.array([float(row[at]) for row in chosen]) for at in (1, 9, 10, 11, 12))
    is_call = np.array([row[2] == "C" for row in chosen])
    rate = 0.005
    computed = binomial_tree.greeks(
        is_call, spot, strike, years, iv, np.exp(-rate * years), spot * np.exp(rate * years)
    )
    assert len(chosen) > 400
    assert float(np.median(np.abs(computed.delta - delta))) < 0.01
    assert float(np.median(np.abs(computed.gamma / gamma - 1.0))) < 0.05
    assert float(np.median(np.abs(computed.vega / vega - 1.0))) < 0.05
