"""Time to settlement as the model counts it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.calendar import NEW_YORK, settlement_instant, us_options_calendar
from mesolive.pricing.business_time import BUSINESS, CALENDAR, TimeWeights, calendar_years, years_to

CALENDAR_OF_EXCHANGE = us_options_calendar()
moments = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
weightings = st.floats(0.0, 2.0).map(TimeWeights)


def days(now: datetime, then: datetime, weights: TimeWeights) -> float:
    """Return the weighted days, before they are divided by the year."""
    return years_to(CALENDAR_OF_EXCHANGE, now, then, weights) * weights.year


def new_york(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK)  # type: ignore[misc,arg-type] # pyright: ignore[reportArgumentType] - numbers only


def test_by_default_time_is_what_the_exchange_counts_actual_days_over_365() -> None:
    now, then = new_york(2023, 9, 14, 16, 31), settlement_instant("SPXW", date(2023, 9, 22))
    expected = (then - now).total_seconds() / 86400 / 365
    assert years_to(CALENDAR_OF_EXCHANGE, now, then) == pytest.approx(expected, rel=1e-12)
    assert calendar_years(now, then) == pytest.approx(expected, rel=1e-12)


def test_morning_settlement_is_six_and_a_half_hours_earlier_than_the_afternoons() -> None:
    now = new_york(2023, 9, 14, 16, 31)
    morning, afternoon = (
        years_to(CALENDAR_OF_EXCHANGE, now, settlement_instant(root, date(2023, 10, 20))) for root in ("SPX", "SPXW")
    )
    assert (afternoon - morning) * 365 * 24 == pytest.approx(6.5)


def test_a_short_day_settles_three_hours_earlier() -> None:
    assert settlement_instant("SPXW", date(2022, 11, 25)) == new_york(2022, 11, 25, 13, 0)


def test_a_weekend_counts_what_its_weight_says() -> None:
    friday, monday = new_york(2022, 2, 4, 16), new_york(2022, 2, 7, 16)
    for weight in (0.0, 0.3, 1.0):
        assert days(friday, monday, TimeWeights(weight)) == pytest.approx(1.0 + 2.0 * weight)


def test_a_holiday_counts_like_a_weekend_day() -> None:
    """Thursday, 14 April 2022 to Monday, 18 April: Good Friday and the weekend are closed."""
    assert days(new_york(2022, 4, 14, 16), new_york(2022, 4, 18, 16), BUSINESS) == pytest.approx(1.0)


def test_part_of_a_day_counts_in_proportion() -> None:
    assert days(new_york(2022, 2, 2, 10), new_york(2022, 2, 2, 16), BUSINESS) == pytest.approx(0.25)
    assert days(new_york(2022, 2, 5, 10), new_york(2022, 2, 5, 16), TimeWeights(0.4)) == pytest.approx(0.1)


@settings(deadline=None)
@given(weightings, st.integers(2016, 2029))
def test_a_year_is_nearly_a_year_under_every_weighting(weights: TimeWeights, year: int) -> None:
    one = years_to(CALENDAR_OF_EXCHANGE, new_york(year, 1, 1), new_york(year + 1, 1, 1), weights)
    assert one == pytest.approx(1.0, abs=0.015)


@settings(deadline=None)
@given(moments, st.floats(0.0, 500.0), st.floats(0.0, 500.0), weightings)
def test_time_adds_up(now: datetime, first: float, second: float, weights: TimeWeights) -> None:
    middle = now + timedelta(days=first)
    end = middle + timedelta(days=second)
    parts = days(now, middle, weights) + days(middle, end, weights)
    assert parts == pytest.approx(days(now, end, weights), abs=1e-6)
    assert days(end, now, weights) == pytest.approx(-days(now, end, weights), abs=1e-9)
    assert parts >= 0.0


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_senseless_weight_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="closed_day"):
        TimeWeights(weight)


def test_the_named_weightings_are_the_calendar_and_sessions_only() -> None:
    assert (CALENDAR.year, BUSINESS.year) == (365.0, 252.0)
