"""American options on what pays cash dividends: against QuantLib, their own differences, and what must always hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.pricing import american, black
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.black import FloatArray, Greeks
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.pricing.forwards import PairQuotes, imply_forwards
from mesolive_testkit.pricing.quantlib import Case, value_with_dividends

SPOT, RATE = 100.0, 0.045
QUARTERLY = ((15, 0.3), (105, 0.3), (196, 0.3), (287, 0.3))
"""In how many days, and how much: those of an index fund."""
ONE_LARGE = ((25, 1.0),)

Paid = Sequence[tuple[int, float]]


def chain(
    strikes: FloatArray,
    days: float,
    paid: Paid,
    *,
    spot: float = SPOT,
    rate: float = RATE,
    known: bool = True,
    past: float = 0.0,
) -> AmericanChain:
    """Return the calls of some strikes, then the puts; `past` days after the moment that the days count from."""
    size, years = 2 * strikes.size, (days - past) / 365
    left = [(day - past, amount) for day, amount in paid if past < day < days]
    net = spot - sum(amount * math.exp(-rate * day / 365) for day, amount in left)
    rows = [[(day / (days - past), amount) for day, amount in left]]
    return AmericanChain(
        np.arange(size) < strikes.size,
        np.full(size, spot),
        np.tile(strikes, 2),
        np.full(size, years),
        np.full(size, math.exp(-rate * years)),
        np.full(size, net * math.exp(rate * years)),
        CashDividends.of(rows, [size]) if known else None,
    )


STRIKES = np.array([80.0, 90.0, 97.0, 100.0, 103.0, 110.0, 125.0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("days", "paid", "volatility", "within"),
    [
        (30, ((15, 0.3),), 0.15, 1e-5),
        (60, ((15, 0.3),), 0.25, 1e-5),
        (30, ONE_LARGE, 0.25, 1e-5),
        (5, ((3, 0.5),), 0.4, 1e-5),
        pytest.param(365, QUARTERLY, 0.2, 5e-5, marks=pytest.mark.long),
        pytest.param(365, QUARTERLY, 0.6, 8e-5, marks=pytest.mark.long),
    ],
)
def test_values_agree_with_quantlibs_finite_differences(
    days: int, paid: Paid, volatility: float, within: float
) -> None:
    expected = [
        value_with_dividends(Case(is_call, SPOT, float(strike), days, volatility, RATE, 0.0), paid)
        for is_call in (True, False)
        for strike in STRIKES
    ]
    priced = chain(STRIKES, days, paid).values(np.full(2 * STRIKES.size, volatility))
    np.testing.assert_allclose(priced, expected, rtol=0, atol=within * SPOT)


def test_what_spreading_a_dividend_over_the_time_costs_is_what_the_page_says() -> None:
    """docs/pricing.md: an index fund's put at the money is 1 % too cheap, a call before a large dividend 13 %."""
    level = np.full(2, 0.18)
    for days, paid, right, part in ((60, ((15, 0.3),), 1, 0.011), (30, ONE_LARGE, 0, 0.13)):
        exact, spread = (
            chain(np.array([100.0]), days, paid, known=known).values(level)[right] for known in (True, False)
        )
        assert (exact - spread) / exact == pytest.approx(part, abs=0.1 * part)


def differences(strikes: FloatArray, days: int, paid: Paid, level: FloatArray) -> Greeks:
    """Return greeks as differences of values; the rate moves what the dividends are worth, too."""

    def values(at: FloatArray = level, *, spot: float = SPOT, rate: float = RATE, past: float = 0.0) -> FloatArray:
        return chain(strikes, days, paid, spot=spot, rate=rate, past=past).values(at)

    middle = values()
    return Greeks(
        middle,
        (values(spot=SPOT + 0.1) - values(spot=SPOT - 0.1)) / 0.2,
        (values(spot=SPOT + 0.5) - 2.0 * middle + values(spot=SPOT - 0.5)) / 0.25,
        (values(past=0.5) - values(past=-0.5)),
        (values(1.005 * level) - values(0.995 * level)) / level,
        (values(rate=RATE + 2e-4) - values(rate=RATE - 2e-4)) / 4e-4,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("days", "paid"), [(60, ((15, 0.3),)), (30, ONE_LARGE), (365, QUARTERLY)])
def test_greeks_are_the_slopes_of_the_values(days: int, paid: Paid) -> None:
    strikes = np.array([85.0, 95.0, 100.0, 104.0])
    level = np.tile(0.25 - 0.2 * np.log(strikes / SPOT), 2)
    computed, expected = chain(strikes, days, paid).greeks(level), differences(strikes, days, paid, level)
    scale = (1e-9, 1e-3, 2e-2, 3e-2, 1e-2, 2e-2)
    for name, part in zip(Greeks._fields, scale, strict=True):
        ours, theirs = getattr(computed, name), getattr(expected, name)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=part * float(np.abs(theirs).max()), err_msg=name)


def test_what_is_exercised_at_once_moves_as_the_underlying_does() -> None:
    computed = chain(np.array([70.0, 150.0]), 30, ((20, 0.01),)).greeks(np.full(4, 0.15))
    assert computed.price[3] == 50.0  # the put at 150
    assert (computed.delta[3], computed.gamma[3], computed.theta[3], computed.vega[3], computed.rho[3]) == (
        -1.0,
        0.0,
        0.0,
        0.0,
        0.0,
    )


@pytest.mark.parametrize(("days", "paid"), [(60, ((15, 0.3),)), (30, ONE_LARGE), (365, QUARTERLY)])
def test_volatilities_come_back_from_prices_by_either_way_of_asking(days: int, paid: Paid) -> None:
    level = np.tile(0.3 - 0.3 * np.log(STRIKES / SPOT), 2)
    options = chain(STRIKES, days, paid)
    price = options.values(level)
    reported = price > options.lower_bound + 1e-3
    together = chain(STRIKES, days, paid).implied_volatility(price)
    assert reported.sum() > 8
    np.testing.assert_allclose(together[reported], level[reported], atol=5e-4)
    for strike in (97.0, 103.0):
        place = int(np.flatnonzero(strike == STRIKES)[0])
        alone = chain(np.array([strike]), days, paid).implied_volatility(price[[place, place + STRIKES.size]])
        np.testing.assert_allclose(alone, together[[place, place + STRIKES.size]], atol=5e-4)


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, 101.0, 14.9])
def test_a_price_that_no_volatility_explains_gives_none(price: float) -> None:
    assert np.isnan(chain(np.array([85.0]), 30, ONE_LARGE).implied_volatility(np.array([price, math.nan]))[0])


@settings(deadline=None, max_examples=25)
@given(
    st.floats(60.0, 160.0),
    st.floats(0.05, 1.5),
    st.floats(0.05, 3.0),
    st.integers(2, 59),
    st.floats(0.0, 0.1),
)
def test_an_option_is_worth_its_exercise_at_any_time_and_its_european_value_at_least(
    strike: float, volatility: float, amount: float, day: int, rate: float
) -> None:
    options = chain(np.array([strike]), 60, ((day, amount),), rate=rate)
    level = np.full(2, volatility)
    result = options.values(level)
    years = 60 / 365
    net = SPOT - amount * math.exp(-rate * day / 365)
    european = [
        float(black.values(right, net * math.exp(rate * years), strike, years, volatility, math.exp(-rate * years)))
        for right in (True, False)
    ]
    assert np.all(result >= options.lower_bound - 2e-5 * SPOT)
    assert np.all(result >= np.array(european) - 1e-9)
    assert result[0] >= SPOT - strike
    assert result[1] >= strike - SPOT
    # Just before the dividend a call pays the price with it; just after it a put is owed the price without.
    assert (
        result[0] >= math.exp(-rate * day / 365) * (-strike) + net + amount * math.exp(-rate * day / 365) - 2e-5 * SPOT
    )


def test_a_dividend_that_is_nothing_changes_nothing() -> None:
    level = np.full(2 * STRIKES.size, 0.3)
    tiny = chain(STRIKES, 90, ((40, 1e-9),)).values(level)
    forward, discount = SPOT * math.exp(RATE * 90 / 365), math.exp(-RATE * 90 / 365)
    right = np.arange(2 * STRIKES.size) < STRIKES.size
    expected = american.values(right, SPOT, np.tile(STRIKES, 2), 90 / 365, 0.3, discount, forward)
    np.testing.assert_allclose(tiny, expected, rtol=0, atol=2e-5 * SPOT)


def test_contracts_with_and_without_dividends_are_what_each_is_alone() -> None:
    """Two expirations, one before the dividend: the near ones are priced as if there were none."""
    near, far = chain(STRIKES, 10, ()), chain(STRIKES, 60, ((15, 0.3),))
    level = np.full(2 * STRIKES.size, 0.2)

    def arrays(days: int, net: float) -> list[FloatArray]:
        years, size = days / 365, 2 * STRIKES.size
        return [
            np.full(size, SPOT),
            np.tile(STRIKES, 2),
            np.full(size, years),
            np.full(size, math.exp(-RATE * years)),
            np.full(size, net * math.exp(RATE * years)),
        ]

    both = [
        np.concatenate(pair)
        for pair in zip(arrays(10, SPOT), arrays(60, SPOT - 0.3 * math.exp(-RATE * 15 / 365)), strict=True)
    ]
    right = np.tile(np.arange(2 * STRIKES.size) < STRIKES.size, 2)
    dividends = CashDividends.of([[], [(0.25, 0.3)]], [2 * STRIKES.size] * 2)
    together = AmericanChain(right, *both, dividends=dividends)
    for name in ("values", "implied_volatility"):
        argument = np.tile(level, 2) if name == "values" else np.concatenate((near.values(level), far.values(level)))
        separate = np.concatenate(
            [getattr(part, name)(argument[:14] if part is near else argument[14:]) for part in (near, far)]
        )
        np.testing.assert_allclose(getattr(together, name)(argument), separate, rtol=1e-6, atol=1e-6)
    greeks = together.greeks(np.tile(level, 2))
    np.testing.assert_allclose(greeks.delta[14:], far.greeks(level).delta, atol=1e-6)
    np.testing.assert_allclose(greeks.delta[:14], near.greeks(level).delta, atol=1e-9)


@pytest.mark.parametrize("missing", range(5))
def test_a_missing_argument_gives_no_value(missing: int) -> None:
    arrays = [np.array([value, value]) for value in (SPOT, 95.0, 0.2, 0.99, 100.2)]
    arrays[missing] = np.array([math.nan, arrays[missing][1]])
    options = AmericanChain(np.array([True, True]), *arrays, dividends=CashDividends.of([[(0.5, 1.0)]], [2]))
    values = options.values(np.full(2, 0.3))
    assert np.isnan(values).tolist() == [True, False]
    assert np.isnan(options.greeks(np.full(2, 0.3)).delta).tolist() == [True, False]


def quotes(days: int, paid: Paid, *, known: bool) -> PairQuotes:
    """Return an expiration's quotes, priced with the dividends; in cents."""
    strikes = np.arange(80.0, 121.0, 2.5)
    value = np.round(chain(strikes, days, paid).values(np.full(2 * strikes.size, 0.22)), 2)
    call, put = value[: strikes.size], value[strikes.size :]
    rows = [(day / days, amount) for day, amount in paid if day < days] if known else []
    return PairQuotes(
        days / 365, strikes, call - 0.02, call + 0.02, put - 0.02, put + 0.02, european=False, dividends=rows
    )


@pytest.mark.slow
def test_quotes_imply_the_forward_and_the_rate_that_priced_them_when_the_dividends_are_known() -> None:
    expirations = (30, 91, 182, 365)
    forwards = imply_forwards(SPOT, [quotes(days, QUARTERLY, known=True) for days in expirations])
    for days, item in zip(expirations, forwards, strict=True):
        net = SPOT - sum(amount * math.exp(-RATE * day / 365) for day, amount in QUARTERLY if day < days)
        assert item.forward * item.discount == pytest.approx(net, abs=0.02)
        assert -math.log(item.discount) * 365 / days == pytest.approx(RATE, abs=0.004)


def test_call_and_put_of_a_strike_have_one_volatility_when_the_dividends_are_known() -> None:
    """Spread over the time, the same quotes leave the puts at the money half a volatility point above the calls."""
    strikes = np.array([95.0, 97.5, 100.0, 102.5, 105.0])
    gap: dict[bool, float] = {}
    for known in (True, False):
        pair = quotes(91, ((15, 1.0),), known=known)
        (item,) = imply_forwards(SPOT, [pair])
        own = np.isin(pair.strikes, strikes)
        size = 2 * strikes.size
        options = AmericanChain(
            np.arange(size) < strikes.size,
            np.full(size, SPOT),
            np.tile(strikes, 2),
            np.full(size, 91 / 365),
            np.full(size, item.discount),
            np.full(size, item.forward),
            CashDividends.of([[(15 / 91, 1.0)]], [size]) if known else None,
        )
        middle = np.concatenate(
            [0.5 * (bid + ask)[own] for bid, ask in ((pair.call_bid, pair.call_ask), (pair.put_bid, pair.put_ask))]
        )
        level = options.implied_volatility(middle)
        gap[known] = float(np.abs(level[: strikes.size] - level[strikes.size :]).max())
    assert gap[True] < 1e-3
    assert gap[False] > 2.0 * gap[True]
