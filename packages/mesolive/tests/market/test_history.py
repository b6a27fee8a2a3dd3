"""Daily history: volatility, rank and percentile by the documented formulas."""

from __future__ import annotations

import itertools
import math
import statistics
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.history import MAX_DAYS, DailySeries, Day
from mesolive.market.providers.minute_bars import read_daily
from mesolive_testkit.market import SHARED_DATA, needs_shared_data

TODAY = date(2024, 3, 11)


def closes(*prices: float, last: date = TODAY) -> DailySeries:
    return DailySeries.of(Day(last - timedelta(days=age), price) for age, price in enumerate(reversed(prices)))


def volatilities(*values: float, last: date = TODAY - timedelta(days=1)) -> DailySeries:
    return DailySeries.of(Day(last - timedelta(days=age), iv=iv) for age, iv in enumerate(reversed(values)))


def test_historical_volatility_is_the_population_deviation_of_log_returns_annualised() -> None:
    prices = [100.0, 102.0, 101.0, 103.5]
    returns = [math.log(after / before) for before, after in itertools.pairwise(prices)]
    expected = math.sqrt(252) * statistics.pstdev(returns)
    assert closes(*prices).historical_volatility(TODAY) == pytest.approx(expected, rel=1e-12)


def test_historical_volatility_looks_back_thirty_calendar_days() -> None:
    old = [Day(TODAY - timedelta(days=31), 10.0), Day(TODAY - timedelta(days=30), 100.0)]
    series = DailySeries.of([*old, Day(TODAY - timedelta(days=1), 101.0), Day(TODAY, 100.0)])
    without = DailySeries.of([*old[1:], *series.days[-2:]])
    assert series.historical_volatility(TODAY) == without.historical_volatility(TODAY)


def test_a_day_without_a_close_yet_does_not_count() -> None:
    series = closes(100.0, 102.0, 101.0)
    assert series.record(TODAY + timedelta(days=1), iv=0.2).historical_volatility(
        TODAY + timedelta(days=1)
    ) == series.historical_volatility(TODAY)


@pytest.mark.parametrize("prices", [(), (100.0,), (100.0, 101.0)])
def test_too_few_closes_have_no_volatility(prices: tuple[float, ...]) -> None:
    assert closes(*prices).historical_volatility(TODAY) is None


def test_rank_and_percentile_place_a_volatility_in_its_year() -> None:
    series = volatilities(*(0.10 + number / 1000 for number in range(101)))
    assert series.iv_rank(0.125, TODAY) == pytest.approx(25.0)
    assert series.iv_percentile(0.125, TODAY) == pytest.approx(25 / 101 * 100)


def test_a_volatility_outside_of_its_year_sets_the_range() -> None:
    series = volatilities(*(0.10 + number / 1000 for number in range(101)))
    assert (series.iv_rank(0.30, TODAY), series.iv_percentile(0.30, TODAY)) == (100.0, 100.0)
    assert (series.iv_rank(0.05, TODAY), series.iv_percentile(0.05, TODAY)) == (0.0, 0.0)


def test_what_is_older_than_a_year_and_today_itself_do_not_count() -> None:
    series = volatilities(*(0.10 + number / 1000 for number in range(101)))
    crowded = series.record(TODAY - timedelta(days=366), iv=0.9).record(TODAY, iv=0.8)
    assert crowded.iv_rank(0.125, TODAY) == series.iv_rank(0.125, TODAY)
    assert crowded.iv_percentile(0.125, TODAY) == series.iv_percentile(0.125, TODAY)


def test_a_few_days_say_nothing_about_a_year() -> None:
    assert volatilities(*[0.1, 0.2] * 9).iv_rank(0.15, TODAY) is None
    assert volatilities(*[0.1, 0.2] * 9).iv_percentile(0.15, TODAY) is None
    assert volatilities(*[0.15] * 30).iv_rank(0.15, TODAY) is None
    assert volatilities(*[0.15] * 30).iv_percentile(0.15, TODAY) == 0.0


def test_the_previous_close_is_that_of_the_last_day_with_one() -> None:
    series = closes(100.0, 102.0).record(TODAY + timedelta(days=1), iv=0.2)
    assert series.previous_close(TODAY) == 100.0
    assert series.previous_close(TODAY + timedelta(days=2)) == 102.0
    assert series.previous_close(TODAY - timedelta(days=1)) is None


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
def test_nonsense_is_not_recorded(price: float) -> None:
    with pytest.raises(ValueError, match="positive numbers"):
        DailySeries().record(TODAY, close=price)


def test_at_most_two_years_are_stored() -> None:
    series = DailySeries.of(Day(TODAY - timedelta(days=age), 100.0) for age in range(MAX_DAYS))
    longer = series.record(TODAY + timedelta(days=1), close=101.0)
    assert len(longer.days) == MAX_DAYS
    assert longer.days[-1].close == 101.0
    assert longer.days[0] == series.days[1]


facts = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["close", "iv"]), st.floats(0.01, 1000.0)), max_size=60)


@given(facts)
def test_recording_in_any_order_gives_the_latest_fact_of_each_day(script: list[tuple[int, str, float]]) -> None:
    series, model = DailySeries(), dict[date, dict[str, float]]()
    for offset, field, value in script:
        day = TODAY + timedelta(days=offset)
        before = series
        series = series.record(day, close=value) if field == "close" else series.record(day, iv=value)
        model.setdefault(day, {})[field] = value
        assert before is not series
    assert series.days == tuple(Day(day, model[day].get("close"), model[day].get("iv")) for day in sorted(model))
    assert all(series.closed(day) == ("close" in known) for day, known in model.items())


@needs_shared_data
@pytest.mark.shared_data
def test_historical_volatility_of_a_real_stock_agrees_with_a_plain_computation() -> None:
    days = read_daily(SHARED_DATA / "lean/equity/goog_daily.zip")
    today = date(2015, 12, 24)
    series = DailySeries.of(day for day in days if day.day < today)
    window = [day.close for day in days if today - timedelta(days=30) <= day.day < today and day.close is not None]
    assert len(window) == 21
    returns = [math.log(after / before) for before, after in itertools.pairwise(window)]
    assert series.historical_volatility(today) == pytest.approx(math.sqrt(252) * statistics.pstdev(returns), rel=1e-12)
