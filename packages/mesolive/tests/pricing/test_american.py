"""American options: values, greeks and implied volatilities against QuantLib, trees, and their own laws."""

from __future__ import annotations

import csv
import math
from datetime import date
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.pricing import american, binomial_tree, black
from mesolive.pricing.american import AmericanOptions
from mesolive.pricing.black import FloatArray, Greeks
from mesolive_testkit.pricing.exchange import SHARED_DATA
from mesolive_testkit.pricing.quantlib import Case, american_value

CENT = 0.01
"""Prices of less are compared as if they were a cent, on an underlying of 100."""

RATES = [
    (0.0005, 0.0),
    (0.005, 0.02),
    (0.03, 0.03),
    (0.043, 0.012),
    (0.05, 0.0),
    (0.03, 0.06),
    (0.1, 0.02),
    (0.02, -0.01),
]
"""Rate and dividend yield: q = 0, q > r, q = r, q < r, q < 0."""

rights = st.booleans()
moneyness = st.floats(0.6, 1.6)
times = st.floats(1 / 8760, 3.0)
volatilities = st.floats(0.05, 2.0)
rates = st.floats(-0.02, 0.1)


def market(rate: float, dividends: float, years: float, spot: float = 100.0) -> tuple[float, float]:
    """Return discount factor and forward."""
    return math.exp(-rate * years), spot * math.exp((rate - dividends) * years)


def greeks_of(case: Case) -> Greeks:
    years = case.days / 365
    discount, forward = market(case.rate, case.dividends, years, case.spot)
    return american.greeks(case.is_call, case.spot, case.strike, years, case.volatility, discount, forward)


def payoff(case: Case) -> float:
    return max(case.spot - case.strike if case.is_call else case.strike - case.spot, 0.0)


def by_quantlib(case: Case) -> Greeks:
    """Return QuantLib's value, and greeks by central differences of its values (none for theta)."""
    deviation = case.volatility * math.sqrt(case.days / 365)
    step = case.spot * min(1e-3, 0.005 * deviation)
    low, middle, high = (american_value(case._replace(spot=case.spot + move)) for move in (-step, 0.0, step))
    of_volatility, of_rate = 1e-3 * case.volatility, 2e-5
    vega = american_value(case._replace(volatility=case.volatility + of_volatility)) - american_value(
        case._replace(volatility=case.volatility - of_volatility)
    )
    rho = american_value(case._replace(rate=case.rate + of_rate)) - american_value(
        case._replace(rate=case.rate - of_rate)
    )
    return Greeks(
        *(
            np.array(figure)
            for figure in (
                middle,
                (high - low) / (2 * step),
                (high - 2 * middle + low) / step**2,
                math.nan,
                vega / (2 * of_volatility) * 0.01,
                rho / (2 * of_rate),
            )
        )
    )


GRID = [
    Case(is_call, 100.0, 100.0 * math.exp(width * volatility * math.sqrt(days / 365)), days, volatility, *both)
    for days, both, volatility, width, is_call in product(
        (1, 30, 365, 1095), RATES, (0.03, 0.15, 0.4, 1.2), (-1.5, -0.3, 0.3, 1.0), (True, False)
    )
]
"""Deviations from the money, and not prices, apart: an option of a day is near the money as one of years is."""


@pytest.mark.slow
@pytest.mark.long
def test_values_agree_with_quantlibs_to_a_millionth() -> None:
    ours = np.array([float(greeks_of(case).price) for case in GRID])
    theirs = np.array([american_value(case) for case in GRID])
    error = np.abs(ours - theirs) / np.maximum(theirs, CENT)
    calm = np.array([max(case.rate, case.dividends) < 10 * case.volatility**2 for case in GRID])
    assert np.median(error) < 1e-8
    assert np.quantile(error[calm], 0.99) < 1e-6
    assert error[calm].max() < 2e-6
    # Where the rate is large against the variance the boundary bends within hours; QuantLib is no better there.
    assert error[~calm].max() < 1.5e-5


@pytest.mark.slow
@pytest.mark.long
def test_greeks_agree_with_quantlibs_to_a_ten_thousandth() -> None:
    cases = GRID[::7]
    wrong: list[tuple[Case, Greeks, Greeks]] = []
    for case in cases:
        ours, theirs = greeks_of(case), by_quantlib(case)
        if float(theirs.price) < payoff(case) + 0.005:
            continue  # beside the boundary gamma jumps, and a difference of theirs reaches over it
        years = case.days / 365
        scale = 100.0 * math.sqrt(years) * 0.01
        near = (
            abs(float(ours.delta - theirs.delta)) < 1e-4,
            abs(float(ours.gamma - theirs.gamma)) < 1e-3 * max(float(theirs.gamma), 0.1 / (case.volatility * 100.0)),
            abs(float(ours.vega - theirs.vega)) < 1e-4 * scale,
            abs(float(ours.rho - theirs.rho)) < 1e-4 * 100.0 * years,
        )
        if not all(near):
            wrong.append((case, ours, theirs))
    assert len(cases) > 100
    assert not wrong


@pytest.mark.slow
def test_volatilities_come_back_from_quantlibs_prices() -> None:
    cases = [case for case in GRID[::3] if case.volatility < 3.0]
    prices = np.array([american_value(case) for case in cases])
    right, spot, strike, days, volatility, rate, dividends = (np.array(column) for column in zip(*cases, strict=True))
    years = days / 365
    discount, forward = np.exp(-rate * years), spot * np.exp((rate - dividends) * years)
    implied = american.implied_volatility(prices, right, spot, strike, years, discount, forward)
    vega = american.greeks(right, spot, strike, years, volatility, discount, forward).vega
    worth = prices - np.maximum(np.where(right, spot - strike, strike - spot), 0.0)
    # A millionth of the price must not already be many volatility points.
    clear = (worth > 0.005) & (100.0 * vega > 20.0 * prices * 1e-2)
    assert np.count_nonzero(clear) > 150
    np.testing.assert_allclose(implied[clear], volatility[clear], atol=1e-5)


@pytest.mark.parametrize(
    ("rate", "dividends", "volatility", "days"),
    [
        pytest.param(0.03, 0.05, 3.0, 365, id="volatility 300 %, q > r"),
        pytest.param(0.1, 0.2, 3.0, 1095, id="volatility 300 %, three years, q > r"),
        pytest.param(0.05, 0.0, 3.0, 1095, id="volatility 300 %, three years, q = 0"),
        pytest.param(0.1, 0.0, 0.03, 1095, id="volatility 3 %, rate 10 %"),
        pytest.param(0.03, 0.03, 0.2, 365, id="r = q"),
        pytest.param(0.0, -0.01, 0.2, 365, id="no rate, negative yield"),
        pytest.param(-0.01, -0.03, 0.2, 730, id="two boundaries"),
    ],
)
def test_values_agree_with_a_fine_tree_at_the_edges(
    rate: float, dividends: float, volatility: float, days: int
) -> None:
    years = days / 365
    deviation = volatility * math.sqrt(years)
    strike = 100.0 * np.exp(np.array([-1.0, -0.3, 0.0, 0.4, 1.2]) * deviation)
    discount, forward = market(rate, dividends, years)
    for right in (True, False):
        ours = american.values(right, 100.0, strike, years, volatility, discount, forward)
        tree = binomial_tree.values(right, 100.0, strike, years, volatility, discount, forward, steps=1601)
        np.testing.assert_allclose(ours, tree, rtol=1e-4, atol=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("right", [pytest.param(True, marks=pytest.mark.long), False])
@pytest.mark.parametrize(
    ("rate", "dividends"),
    [
        pytest.param(0.05, 0.0, marks=pytest.mark.long),
        (0.04, 0.02),
        pytest.param(0.02, 0.05, marks=pytest.mark.long),
    ],
)
def test_a_two_years_options_greeks_are_those_of_a_converged_tree(right: bool, rate: float, dividends: float) -> None:
    strike = np.array([85.0, 100.0, 110.0])
    discount, forward = market(rate, dividends, 2.0)
    ours = american.greeks(right, 100.0, strike, 2.0, 0.25, discount, forward)
    tree = binomial_tree.greeks(right, 100.0, strike, 2.0, 0.25, discount, forward, steps=4001)
    for name in ("delta", "theta", "vega", "rho"):
        np.testing.assert_allclose(getattr(ours, name), getattr(tree, name), rtol=1e-3, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(rights, moneyness, times, volatilities, rates, rates)
def test_an_american_option_is_worth_at_least_its_payoff_and_the_european_one(
    is_call: bool, ratio: float, years: float, volatility: float, rate: float, dividends: float
) -> None:
    strike = 100.0 * ratio
    discount, forward = market(rate, dividends, years)
    value = float(american.values(is_call, 100.0, strike, years, volatility, discount, forward))
    european = float(black.values(is_call, forward, strike, years, volatility, discount))
    exercise = max(100.0 - strike if is_call else strike - 100.0, 0.0)
    assert value >= exercise
    assert value >= european - 1e-7
    if rate >= 0.0 and dividends >= 0.0:
        assert value <= (100.0 if is_call else strike)


@settings(max_examples=40, deadline=None)
@given(moneyness, times, volatilities, rates, rates)
def test_a_call_is_the_put_of_the_exchanged_market(
    ratio: float, years: float, volatility: float, rate: float, dividends: float
) -> None:
    strike = 100.0 * ratio
    discount, forward = market(rate, dividends, years)
    call = american.values(True, 100.0, strike, years, volatility, discount, forward)
    discount, forward = market(dividends, rate, years, strike)
    put = american.values(False, strike, 100.0, years, volatility, discount, forward)
    assert float(call) == pytest.approx(float(put), rel=1e-9, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    rights, st.floats(0.8, 1.25), st.floats(0.02, 2.5), st.floats(0.1, 0.8), st.floats(0.0, 0.08), st.floats(0.0, 0.08)
)
def test_theta_is_what_a_day_takes_away(
    is_call: bool, ratio: float, years: float, volatility: float, rate: float, dividends: float
) -> None:
    """The value's own slope in time, measured over a minute and a half to both sides."""
    strike, step = 100.0 * ratio, 1e-3 / 365

    def value(time: float) -> float:
        discount, forward = market(rate, dividends, time)
        return float(american.values(is_call, 100.0, strike, time, volatility, discount, forward))

    discount, forward = market(rate, dividends, years)
    computed = american.greeks(is_call, 100.0, strike, years, volatility, discount, forward)
    # Theta follows from gamma, which is off by a thousandth beside the exercise boundary, where it jumps.
    if float(computed.price) > max(100.0 - strike if is_call else strike - 100.0, 0.0) + 0.05:
        measured = (value(years - step) - value(years + step)) / (2 * step) / 365
        assert float(computed.theta) == pytest.approx(measured, rel=1e-3, abs=2e-5)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize(("rate", "dividends"), [(0.05, 0.01), (0.02, 0.06), (0.04, 0.04)])
@pytest.mark.parametrize("days", [2, 90, 700])
def test_values_and_deltas_pass_the_exercise_boundary_without_a_step(
    right: bool, rate: float, dividends: float, days: int
) -> None:
    years = days / 365
    spot = 100.0 * np.exp(np.linspace(-2.2, 2.2, 8001))
    growth, discount = math.exp((rate - dividends) * years), math.exp(-rate * years)
    computed = american.greeks(right, spot, 100.0, years, 0.3, discount, spot * growth)
    sign = 1.0 if right else -1.0
    assert (sign * np.diff(computed.price) >= -1e-12).all()
    assert (np.diff(computed.delta) >= -2e-6).all()
    # No step: delta changes by no more than gamma explains, the jump of gamma at the boundary included.
    room = np.diff(spot) * np.maximum(computed.gamma[1:], computed.gamma[:-1])
    assert (np.diff(computed.delta) <= 1.05 * room + 2e-5).all()
    exercised = np.abs(computed.delta) == 1.0
    assert exercised.any()
    for greek in (computed.gamma, computed.theta, computed.vega, computed.rho):
        assert (greek[exercised] == 0.0).all()


@settings(max_examples=40, deadline=None)
@given(rights, st.floats(0.7, 1.4), times, volatilities, rates, rates)
def test_the_volatility_that_made_a_price_is_implied_again(
    is_call: bool, ratio: float, years: float, volatility: float, rate: float, dividends: float
) -> None:
    strike = 100.0 * ratio
    discount, forward = market(rate, dividends, years)
    computed = american.greeks(is_call, 100.0, strike, years, volatility, discount, forward)
    exercise = max(100.0 - strike if is_call else strike - 100.0, 0.0)
    if float(computed.price) - exercise > 1e-3 and float(computed.vega) > 1e-4:
        again = american.implied_volatility(computed.price, is_call, 100.0, strike, years, discount, forward)
        assert float(again) == pytest.approx(volatility, rel=1e-5)


def test_call_and_put_of_a_strike_have_one_volatility() -> None:
    strike = np.linspace(80.0, 125.0, 31)
    discount, forward = market(0.05, 0.02, 1.0)
    for right in (True, False):
        price = american.values(right, 100.0, strike, 1.0, 0.25, discount, forward)
        implied = american.implied_volatility(price, right, 100.0, strike, 1.0, discount, forward)
        worth = price > np.maximum(100.0 - strike if right else strike - 100.0, 0.0) + 1e-6
        np.testing.assert_allclose(implied[worth], 0.25, atol=1e-6)


@pytest.mark.parametrize(
    "price", [10.0, 9.0, 0.0, -1.0, 110.0, 200.0, math.nan, math.inf], ids=lambda price: f"{price:g}"
)
def test_a_price_that_no_volatility_explains_gives_no_value(price: float) -> None:
    assert math.isnan(float(american.implied_volatility(price, False, 100.0, 110.0, 0.5, 0.97, 103.0)))


def test_a_price_above_the_european_bound_has_a_volatility() -> None:
    """A put may be worth more than its discounted strike, for it can be exercised tomorrow."""
    discount, forward = market(0.08, 0.0, 3.0)
    price = 0.5 * (100.0 * discount + 100.0)
    volatility = american.implied_volatility(price, False, 100.0, 100.0, 3.0, discount, forward)
    assert float(american.values(False, 100.0, 100.0, 3.0, volatility, discount, forward)) == pytest.approx(price)


anything = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -1.0, 1e-300, 1e300, 100.0, 1.0])


@settings(max_examples=200, deadline=None)
@given(rights, anything, anything, anything, anything, anything, anything)
def test_senseless_arguments_give_no_value_and_no_error(
    is_call: bool, spot: float, strike: float, years: float, volatility: float, discount: float, forward: float
) -> None:
    with np.errstate(all="ignore"):
        american.implied_volatility(volatility, is_call, spot, strike, years, discount, forward)
        computed = american.greeks(is_call, spot, strike, years, volatility, discount, forward)
    if not all(map(math.isfinite, (spot, strike, years, volatility, discount, forward))) or min(spot, strike) <= 0.0:
        assert np.isnan([float(greek) for greek in computed]).all()


@pytest.mark.parametrize("minutes", [1, 60, 390])
def test_the_last_hours_have_values_greeks_and_volatilities_too(minutes: int) -> None:
    years = minutes / 525_600
    strike = np.linspace(98.0, 102.0, 17)
    discount, forward = market(0.05, 0.02, years)
    for right in (True, False):
        computed = american.greeks(right, 100.0, strike, years, 0.4, discount, forward)
        european = black.greeks(right, forward, strike, years, 0.4, discount, 100.0)
        np.testing.assert_allclose(computed.price, european.price, atol=2e-5 * minutes)
        assert all(np.isfinite(greek).all() for greek in computed)
        again = american.implied_volatility(computed.price, right, 100.0, strike, years, discount, forward)
        clear = (computed.vega > 1e-5) & (
            computed.price > np.maximum(100.0 - strike if right else strike - 100.0, 0) + 1e-6
        )
        np.testing.assert_allclose(again[clear], 0.4, rtol=1e-5)


def test_an_expired_option_is_worth_its_exercise() -> None:
    computed = american.greeks(np.array([True, False]), 100.0, 90.0, 0.0, 0.3, 1.0, 100.0)
    assert computed.price.tolist() == [10.0, 0.0]
    assert computed.delta.tolist() == [1.0, 0.0]
    assert computed.theta.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("missing", range(6))
def test_a_missing_argument_gives_no_value(missing: int) -> None:
    arguments = [100.0, 110.0, 0.5, 0.2, 0.98, 101.0]
    arguments[missing] = math.nan
    for right in (True, False):
        assert math.isnan(float(american.values(right, *arguments)))
        assert np.isnan([float(greek) for greek in american.greeks(right, *arguments)]).all()


def chain(count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return strikes, years and volatilities of two expirations with a skew."""
    strike = np.tile(np.linspace(70.0, 130.0, count), 2)
    years = np.repeat([0.1, 1.1], count)
    return strike, years, 0.25 - 0.2 * np.log(strike / 100.0)


def test_many_contracts_at_once_are_what_each_is_alone() -> None:
    """Together they read their boundaries from a table, alone each has its own."""
    strike, years, volatility = chain(150)
    discount, forward = np.exp(-0.05 * years), 100.0 * np.exp(0.03 * years)
    together = american.greeks(False, 100.0, strike, years, volatility, discount, forward)
    for place in (0, 70, 149, 150, 200, 299):
        alone = american.greeks(
            False, 100.0, strike[place], years[place], volatility[place], discount[place], forward[place]
        )
        for item, other, size in zip(together, alone, (1e-9, 1e-8, 1e-8, 1e-7, 1e-7, 1e-3), strict=True):
            assert float(item[place]) == pytest.approx(float(other), abs=size)


def test_boundaries_reused_from_the_volatilities_serve_the_greeks() -> None:
    strike, years, volatility = chain(100)
    right = np.zeros(strike.size, dtype=np.bool_)
    spot = np.full(strike.size, 100.0)
    options = AmericanOptions(right, spot, strike, years, np.exp(-0.05 * years), 100.0 * np.exp(0.03 * years))
    fresh = options.greeks(volatility)
    implied = options.implied_volatility(fresh.price)
    again = options.greeks(implied)
    clear = fresh.price > np.maximum(strike - 100.0, 0.0) + 1e-3
    for day, other, size in zip(again, fresh, (1e-7, 1e-7, 1e-7, 1e-7, 1e-6, 1e-3), strict=True):
        np.testing.assert_allclose(day[clear], other[clear], atol=size)


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
    computed = american.greeks(is_call, spot, strike, years, iv, np.exp(-rate * years), spot * np.exp(rate * years))
    assert len(chosen) > 400
    assert float(np.median(np.abs(computed.delta - delta))) < 0.01
    assert float(np.median(np.abs(computed.gamma / gamma - 1.0))) < 0.05
    assert float(np.median(np.abs(computed.vega / vega - 1.0))) < 0.05
