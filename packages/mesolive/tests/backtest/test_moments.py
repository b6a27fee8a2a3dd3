"""The moments of a backtest: every scheduled instant is one, whatever the grid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.backtest.moments import Instants, moments, once_a_day, scheduled, steps
from mesolive.language import parse_definition
from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.trading_hours import TradingHours, trading_hours
from mesolive_testkit.signals import Json, short_put

CALENDAR = us_options_calendar()
HOURS = TradingHours(CALENDAR)
MONDAY = (datetime(2026, 1, 5, 14, 30, tzinfo=UTC), datetime(2026, 1, 5, 21, 0, tzinfo=UTC))
FRIDAY = datetime(2026, 1, 9, 21, 0, tzinfo=UTC)


def instants(raw: Json, last: datetime = MONDAY[1]) -> Instants:
    return scheduled(parse_definition(raw), CALENDAR, MONDAY[0], last)


@settings(max_examples=30, deadline=None)
@given(every=st.integers(60, 23_400), minutes=st.integers(0, 77))
def test_a_scheduled_instant_is_evaluated_on_every_grid(every: int, minutes: int) -> None:
    at = MONDAY[1] - timedelta(minutes=5 * minutes)
    result = list(moments(HOURS, *MONDAY, every, [at]))
    assert at in result
    assert result == sorted(set(result)), "ascending, and each once"
    assert {MONDAY[0], MONDAY[1] - timedelta(minutes=5), MONDAY[1]} <= set(result)


@settings(max_examples=30, deadline=None)
@given(every=st.integers(60, 23_400), first=st.integers(0, 5 * 1440), length=st.integers(0, 2880))
def test_moments_lie_in_sessions_between_the_first_and_the_last(every: int, first: int, length: int) -> None:
    begin = MONDAY[0] + timedelta(minutes=first)
    end = begin + timedelta(minutes=length)
    for moment in moments(HOURS, begin, end, every):
        session = CALENDAR.session(CALENDAR.local(moment).date())
        assert session is not None
        assert begin <= moment <= end
        assert session[0] <= moment <= session[1]


@pytest.mark.parametrize(
    ("schedule", "count"),
    [
        ({"AfterMarketOpenMinutes": 30, "Every": "day"}, 5),
        ({"BeforeMarketCloseMinutes": 15, "Every": "mon,wed"}, 2),
        ({"AfterMarketOpenMinutes": 360, "Every": "5min"}, 5 * 6),
    ],
)
def test_the_instants_of_a_schedule_are_those_of_its_days(schedule: Json, count: int) -> None:
    result = instants(short_put(Entry={"Schedule": schedule}), FRIDAY).entry
    assert result is not None
    assert len(result) == count


def test_what_has_no_schedule_has_no_instants_and_is_considered_at_every_moment() -> None:
    result = instants(short_put(Entry={}, Exit={}))
    assert (result.entry, result.exit, result.adjustment) == (None, None, None)
    assert result.all == frozenset()


def test_an_early_close_moves_what_is_counted_from_the_close() -> None:
    thanksgiving = (datetime(2026, 11, 27, 14, 30, tzinfo=UTC), datetime(2026, 11, 27, 18, 0, tzinfo=UTC))
    raw = short_put(Exit={"Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "day"}})
    parsed = scheduled(parse_definition(raw), CALENDAR, *thanksgiving).exit
    assert parsed == {datetime(2026, 11, 27, 17, 30, tzinfo=UTC)}


def test_orders_are_worked_on_until_the_next_moment_but_not_over_night() -> None:
    days = [MONDAY[0], MONDAY[1], MONDAY[0] + timedelta(days=1)]
    assert list(steps(days, HOURS)) == [(days[0], days[1]), (days[1], days[1]), (days[2], days[2])]


def test_options_on_futures_are_stepped_through_from_the_evening_before_and_worked_on_over_midnight() -> None:
    def new_york(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)

    globex = trading_hours("ES")
    result = list(moments(globex, new_york("2026-01-05 17:00"), new_york("2026-01-06 18:00"), 4 * 3600))
    assert [f"{moment.astimezone(NEW_YORK):%d %H:%M}" for moment in result] == [
        *("05 17:00", "05 18:00", "05 22:00", "06 02:00", "06 06:00", "06 10:00", "06 14:00", "06 16:55", "06 17:00"),
        "06 18:00",
    ]
    until = dict(steps(result, globex))
    assert until[new_york("2026-01-05 22:00")] == new_york("2026-01-06 02:00"), "one session"
    assert until[new_york("2026-01-05 17:00")] == new_york("2026-01-05 17:00"), "the break"


def test_a_day_without_a_market_has_no_moments() -> None:
    result = moments(HOURS, MONDAY[0], FRIDAY, 3600, days={date(2026, 1, 6), date(2026, 1, 8)})
    assert {moment.date() for moment in result} == {date(2026, 1, 6), date(2026, 1, 8)}


def test_where_there_is_one_chain_a_day_schedules_keep_their_weekdays_and_lose_their_minutes() -> None:
    raw = short_put(
        Entry={"Schedule": {"AfterMarketOpenMinutes": 30, "Every": "mon,wed"}, "ReentryDays": 2},
        Exit={"Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "5min"}},
    )
    changed = once_a_day(raw)
    assert changed["Entry"] == raw["Entry"] | {"Schedule": {"BeforeMarketCloseMinutes": 5, "Every": "mon,wed"}}
    assert changed["Exit"] == {"Schedule": {"BeforeMarketCloseMinutes": 5, "Every": "day"}}
    assert raw["Exit"]["Schedule"]["Every"] == "5min", "the definition itself stays as it is"
    assert instants(changed, FRIDAY).entry == {
        MONDAY[1] - timedelta(minutes=5),
        MONDAY[1] + timedelta(days=2, minutes=-5),
    }
