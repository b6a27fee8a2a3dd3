"""Section D.8: schedules on the exchange's calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.language.schedule import Schedule, due, next_due, window
from mesolive_testkit.language.market import PlainCalendar, at

CALENDAR = PlainCalendar(holidays=frozenset({date(2023, 11, 23)}), early=frozenset({date(2023, 11, 24)}))
WEDNESDAY, HOLIDAY, SHORT, MONDAY = date(2023, 11, 22), date(2023, 11, 23), date(2023, 11, 24), date(2023, 11, 27)


def moment(day: date, text: str) -> datetime:
    return at(day, time.fromisoformat(text))


@pytest.mark.parametrize(
    ("schedule", "day", "clock", "expected"),
    [
        (Schedule(35, None, "day"), WEDNESDAY, "10:05", True),
        (Schedule(35, None, "day"), WEDNESDAY, "10:04:59", False),
        (Schedule(35, None, "day"), WEDNESDAY, "10:09:59", True),
        (Schedule(35, None, "day"), WEDNESDAY, "10:10", False),
        (Schedule(None, 30, "day"), WEDNESDAY, "15:30", True),
        (Schedule(None, 30, "day"), SHORT, "12:30", True),
        (Schedule(None, 30, "day"), SHORT, "15:30", False),
        (Schedule(None, 30, "day"), HOLIDAY, "15:30", False),
        (Schedule(300, None, "day"), SHORT, "14:30", False),
        (Schedule(None, 0, "day"), WEDNESDAY, "16:00", True),
        (Schedule(0, None, "day"), WEDNESDAY, "09:30", True),
        (Schedule(30, None, (1, 5)), WEDNESDAY, "10:00", False),
        (Schedule(30, None, (1, 5)), SHORT, "10:00", True),
        (Schedule(30, None, "5min"), WEDNESDAY, "09:59", False),
        (Schedule(30, None, "5min"), WEDNESDAY, "10:00", True),
        (Schedule(30, None, "5min"), WEDNESDAY, "13:37", True),
        (Schedule(30, None, "5min"), SHORT, "13:00", False),
        (Schedule(None, 15, "5min"), WEDNESDAY, "09:31", True),
        (Schedule(None, 15, "5min"), WEDNESDAY, "15:49", True),
        (Schedule(None, 15, "5min"), WEDNESDAY, "15:50", False),
        (None, WEDNESDAY, "12:00", True),
        (None, WEDNESDAY, "08:00", False),
        (None, HOLIDAY, "12:00", False),
    ],
)
def test_d8_a_schedule_is_due_for_five_minutes_relative_to_open_or_close(
    schedule: Schedule | None, day: date, clock: str, expected: bool
) -> None:
    assert due(schedule, CALENDAR, moment(day, clock)) is expected


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        (Schedule(30, None, "day"), moment(WEDNESDAY, "09:59"), moment(WEDNESDAY, "10:00")),
        (Schedule(30, None, "day"), moment(WEDNESDAY, "10:00"), moment(SHORT, "10:00")),
        (Schedule(None, 30, "day"), moment(WEDNESDAY, "15:30"), moment(SHORT, "12:30")),
        (Schedule(300, None, "day"), moment(WEDNESDAY, "15:00"), moment(MONDAY, "14:30")),
        (Schedule(30, None, (2,)), moment(WEDNESDAY, "12:00"), moment(date(2023, 11, 28), "10:00")),
        (Schedule(30, None, "5min"), moment(WEDNESDAY, "10:00"), moment(WEDNESDAY, "10:05")),
        (Schedule(30, None, "5min"), moment(WEDNESDAY, "15:56"), moment(SHORT, "10:00")),
        (Schedule(30, None, (6,)), moment(WEDNESDAY, "12:00"), None),
    ],
)
def test_the_next_instant_skips_closed_and_unlisted_days(
    schedule: Schedule, after: datetime, expected: datetime | None
) -> None:
    assert next_due(schedule, CALENDAR, after) == expected


@given(
    st.integers(0, 80).map(lambda n: 5 * n),
    st.booleans(),
    st.sampled_from(["day", "5min", (1, 3), (5,)]),
    st.integers(0, 60 * 24 * 6),
)
def test_the_next_instant_is_due_and_nothing_before_it_newly_becomes_due(
    minutes: int, from_open: bool, every: str | tuple[int, ...], later: int
) -> None:
    schedule = Schedule(minutes if from_open else None, None if from_open else minutes, every)
    now = moment(WEDNESDAY, "00:00") + timedelta(minutes=later)
    following = next_due(schedule, CALENDAR, now)
    if following is None:
        return
    assert following > now
    assert due(schedule, CALENDAR, following)
    if not due(schedule, CALENDAR, now):
        step = now
        while step < following:
            assert not due(schedule, CALENDAR, step)
            step += timedelta(minutes=7)


def test_a_window_never_leaves_the_session_of_an_after_open_schedule() -> None:
    result = window(Schedule(385, None, "day"), CALENDAR, WEDNESDAY)
    assert result == (moment(WEDNESDAY, "15:55"), moment(WEDNESDAY, "16:00"))
