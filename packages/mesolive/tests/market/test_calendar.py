"""The exchange's days: what schedules, days in trade and settlement rest on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.calendar import (
    FIRST_DAY,
    LAST_DAY,
    NEW_YORK,
    settlement_day,
    settlement_instant,
    settlement_of,
    us_options_calendar,
)
from mesolive.market.contracts import Settlement
from mesolive_testkit import us_sessions

CALENDAR = us_options_calendar()
days = st.dates(date(1995, 1, 1), date(2050, 1, 1))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type] # pyright: ignore[reportArgumentType] - numbers only


@pytest.mark.parametrize(
    ("day", "opening", "close"),
    [
        pytest.param(date(2023, 9, 14), utc(2023, 9, 14, 13, 30), utc(2023, 9, 14, 20, 0), id="summer"),
        pytest.param(date(2022, 2, 4), utc(2022, 2, 4, 14, 30), utc(2022, 2, 4, 21, 0), id="winter"),
        pytest.param(date(2015, 12, 24), utc(2015, 12, 24, 14, 30), utc(2015, 12, 24, 18, 0), id="Christmas Eve"),
        pytest.param(date(2022, 11, 25), utc(2022, 11, 25, 14, 30), utc(2022, 11, 25, 18, 0), id="after Thanksgiving"),
    ],
)
def test_a_session_is_half_past_nine_to_four_and_ends_at_one_on_short_days(
    day: date, opening: datetime, close: datetime
) -> None:
    assert CALENDAR.session(day) == (opening, close)
    assert CALENDAR.is_trading_day(day)


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2022, 2, 5), id="Saturday"),
        pytest.param(date(2022, 4, 15), id="Good Friday"),
        pytest.param(date(2022, 6, 20), id="Juneteenth observed"),
        pytest.param(date(2023, 12, 25), id="Christmas"),
    ],
)
def test_weekends_and_holidays_have_no_session(day: date) -> None:
    assert CALENDAR.session(day) is None
    assert not CALENDAR.is_trading_day(day)


def test_local_time_is_new_yorks() -> None:
    assert CALENDAR.local(utc(2022, 2, 6, 1, 9)).isoformat() == "2022-02-05T20:09:00-05:00"


@settings(deadline=None)
@given(days, days)
def test_trading_days_between_are_those_that_a_walk_over_the_days_counts(first: date, last: date) -> None:
    last = first + (last - first) % timedelta(days=400)
    walked = sum(CALENDAR.is_trading_day(first + timedelta(days=step)) for step in range(1, (last - first).days + 1))
    assert CALENDAR.trading_days_between(first, last) == walked
    assert CALENDAR.trading_days_between(last, first) == -walked


@settings(deadline=None)
@given(days)
def test_next_and_previous_trading_day_have_no_trading_day_in_between(day: date) -> None:
    after, before = CALENDAR.next_trading_day(day), CALENDAR.previous_trading_day(day)
    assert before < day < after
    assert CALENDAR.is_trading_day(after)
    assert CALENDAR.is_trading_day(before)
    assert CALENDAR.trading_days_between(day, after) == 1
    assert CALENDAR.trading_days_between(before, day) == int(CALENDAR.is_trading_day(day))


def test_the_market_is_open_from_its_opening_until_before_its_close() -> None:
    opening, close = utc(2023, 9, 14, 13, 30), utc(2023, 9, 14, 20, 0)
    moment = timedelta(microseconds=1)
    assert [CALENDAR.is_open(at) for at in (opening - moment, opening, close - moment, close)] == [
        False,
        True,
        True,
        False,
    ]
    assert not CALENDAR.is_open(utc(2022, 2, 5, 16, 0))


def test_the_session_at_or_after_a_moment_is_the_running_one_or_the_next() -> None:
    friday = (utc(2022, 2, 4, 14, 30), utc(2022, 2, 4, 21, 0))
    monday = (utc(2022, 2, 7, 14, 30), utc(2022, 2, 7, 21, 0))
    assert CALENDAR.open_session_at_or_after(utc(2022, 2, 4, 3, 0)) == friday
    assert CALENDAR.open_session_at_or_after(utc(2022, 2, 4, 17, 0)) == friday
    assert CALENDAR.open_session_at_or_after(utc(2022, 2, 4, 21, 0)) == monday
    assert CALENDAR.open_session_at_or_after(utc(2022, 2, 6, 1, 9)) == monday


@pytest.mark.parametrize("day", [FIRST_DAY - timedelta(days=1), LAST_DAY + timedelta(days=1)])
def test_a_day_outside_of_the_calendar_is_refused_with_its_span(day: date) -> None:
    with pytest.raises(ValueError, match="1990-01-01 to 2060-12-31"):
        CALENDAR.session(day)


def test_the_ends_of_the_calendar_are_refused_and_not_wrapped_around() -> None:
    with pytest.raises(ValueError, match="no trading day after"):
        CALENDAR.next_trading_day(LAST_DAY)
    with pytest.raises(ValueError, match="no trading day before"):
        CALENDAR.previous_trading_day(FIRST_DAY)


@pytest.mark.parametrize(
    ("root", "settlement"),
    [
        ("SPX", Settlement.AM),
        ("spx", Settlement.AM),
        ("VIX", Settlement.AM),
        ("SPXW", Settlement.PM),
        ("XSP", Settlement.PM),
        ("GOOG", Settlement.PM),
    ],
)
def test_a_trading_class_states_its_settlement_instant(root: str, settlement: Settlement) -> None:
    assert settlement_of(root) is settlement


def test_am_settles_at_the_opening_and_pm_at_the_close() -> None:
    day = date(2022, 2, 18)
    assert settlement_instant("SPX", day) == utc(2022, 2, 18, 14, 30)
    assert settlement_instant("SPXW", day) == utc(2022, 2, 18, 21, 0)
    assert settlement_instant("SPX", day, Settlement.PM) == utc(2022, 2, 18, 21, 0)


def test_an_expiration_on_a_closed_day_settles_at_the_close_before() -> None:
    """Stock options used to expire on the Saturday after the third Friday."""
    assert settlement_instant("GOOG", date(2014, 1, 18)) == utc(2014, 1, 17, 21, 0)


def test_the_expiration_day_of_an_instant_is_its_date_in_new_york() -> None:
    assert settlement_day(utc(2022, 2, 18, 21, 0)) == date(2022, 2, 18)
    assert settlement_day(datetime(2022, 2, 18, 23, 30, tzinfo=NEW_YORK)) == date(2022, 2, 18)


def test_midnight_utc_means_that_date() -> None:
    assert settlement_day(utc(2022, 2, 18)) == date(2022, 2, 18)


def test_the_table_of_sessions_is_that_of_exchange_calendars() -> None:
    assert us_sessions.TABLE.read_text(encoding="ascii").splitlines()[2:] == us_sessions.table().splitlines()[2:]


def test_every_session_of_seventy_years_opens_and_closes_when_exchange_calendars_says() -> None:
    known = us_sessions.sessions()
    span = (FIRST_DAY + timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1))
    ours = {day: session for day in span if (session := CALENDAR.session(day)) is not None}
    assert {day: (int(opening.timestamp()), int(close.timestamp())) for day, (opening, close) in ours.items()} == known
