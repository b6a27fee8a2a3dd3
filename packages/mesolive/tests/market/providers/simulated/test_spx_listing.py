"""How simulated index options are listed and quoted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.contracts import Right, Settlement, Underlying
from mesolive.market.providers.simulated import spx_listing
from mesolive_testkit.market import CALENDAR, MORNING

moments = st.integers(0, 30 * 365 * 86400).map(
    lambda number: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
)


@given(moments)
def test_every_expiration_lies_ahead_on_a_trading_day_and_is_listed_once(moment: datetime) -> None:
    listed = spx_listing.expirations(moment, CALENDAR)
    keys = [(row.root, row.day) for row in listed]
    assert len(set(keys)) == len(keys)
    for row in listed:
        assert row.settles_at > moment
        session = CALENDAR.session(row.day)
        assert session is not None
        assert row.settles_at == session[0 if row.settlement is Settlement.AM else 1]
        assert (row.root == "SPX") == (row.settlement is Settlement.AM)


@given(moments)
def test_there_is_an_expiration_on_each_of_the_next_twenty_trading_days(moment: datetime) -> None:
    listed = {expiration.day for expiration in spx_listing.expirations(moment, CALENDAR) if expiration.root == "SPXW"}
    day = CALENDAR.local(moment).date()
    for _ in range(20):
        day = CALENDAR.next_trading_day(day)
        assert day in listed


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        pytest.param(datetime(2024, 3, 11, tzinfo=UTC), date(2024, 3, 15), id="a Friday"),
        pytest.param(datetime(2022, 4, 1, tzinfo=UTC), date(2022, 4, 14), id="Good Friday: the day before"),
    ],
)
def test_the_monthly_settles_on_the_third_friday_in_the_morning(moment: datetime, day: date) -> None:
    morning = [expiration for expiration in spx_listing.expirations(moment, CALENDAR) if expiration.root == "SPX"]
    assert morning
    assert min(expiration.day for expiration in morning) == day
    assert {expiration.day.month for expiration in morning if expiration.day.year == moment.year + 2} == {12}


def test_a_contract_settled_today_is_not_listed_any_more() -> None:
    after = spx_listing.expirations(datetime(2024, 3, 15, 20, 0, tzinfo=UTC), CALENDAR)
    assert date(2024, 3, 15) not in {expiration.day for expiration in after}
    before = spx_listing.expirations(datetime(2024, 3, 15, 19, 59, tzinfo=UTC), CALENDAR)
    assert [expiration.root for expiration in before if expiration.day == date(2024, 3, 15)] == ["SPXW"]


@given(st.floats(500.0, 20000.0), st.floats(0.0, 3.0), st.floats(0.05, 0.8))
def test_strikes_surround_the_money_closely(spot: float, years: float, volatility: float) -> None:
    strikes = spx_listing.strikes(spot, years, volatility)
    assert strikes == sorted(set(strikes))
    assert strikes[0] > 0
    assert min(abs(float(strike) - spot) for strike in strikes) <= 12.5
    assert float(strikes[0]) < spot < float(strikes[-1])
    assert all(strike % 5 == 0 for strike in strikes)


def test_strikes_that_were_listed_stay_listed() -> None:
    underlying = Underlying("SPX")
    old = spx_listing.listing(underlying, MORNING, 5000.0, 0.16, CALENDAR)
    new = spx_listing.listing(underlying, MORNING + timedelta(days=1), 5600.0, 0.16, CALENDAR, old)
    for expiration in new.expirations:
        before, after = (listing.span(expiration.root, expiration.day, Right.PUT) for listing in (old, new))
        assert after is not None
        if before is not None:
            stored = {new.strike(index) for index in range(*after)}
            assert {old.strike(index) for index in range(*before)} <= stored


def test_a_whole_chain_has_thousands_of_contracts_but_no_more_than_a_real_one() -> None:
    listing = spx_listing.listing(Underlying("SPX"), MORNING, 5000.0, 0.16, CALENDAR)
    assert 15_000 < listing.size < 30_000


def test_sizes_are_whole_contracts_that_stay_when_others_are_listed() -> None:
    underlying = Underlying("SPX")
    old = spx_listing.listing(underlying, MORNING, 5000.0, 0.16, CALENDAR)
    new = spx_listing.listing(underlying, MORNING + timedelta(days=1), 5000.0, 0.16, CALENDAR, old)
    before, after = spx_listing.sizes(old, 5000.0), spx_listing.sizes(new, 5000.0)
    for sizes in before:
        assert np.all(sizes >= 1.0)
        assert np.all(sizes == np.floor(sizes))
        assert sizes.max() > 200.0
    stored = 0
    for index in range(0, old.size, 97):
        place = new.find(old.contract(index))
        if place is not None:
            stored += 1
            assert [side[index] for side in before] == [side[place] for side in after]
    assert stored > 100


def is_tick(price: float) -> bool:
    cents = Decimal(str(price)) * 100
    return cents % (5 if price < 3.0 else 10) == 0


@given(st.floats(0.0, 6000.0))
def test_quotes_are_prices_of_the_exchange_and_embrace_the_value(value: float) -> None:
    bid, ask = (float(side[0]) for side in spx_listing.quotes(np.array([value])))
    assert is_tick(bid)
    assert is_tick(ask)
    assert 0.0 <= bid < ask
    assert bid <= value <= ask
    assert ask - bid <= 0.25 + 0.01 * value


@given(st.floats(-10.0, 6000.0))
def test_the_nearest_price_that_may_be_quoted_is_half_a_tick_away_at_most(price: float) -> None:
    (result,) = spx_listing.to_tick(np.array([price])).tolist()
    assert is_tick(result)
    assert abs(result - max(price, 0.0)) <= 0.05 + 1e-9
