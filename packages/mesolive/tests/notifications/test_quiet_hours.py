"""Quiet hours by time zone: over midnight, over changes of summer time, and for every minute of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.notifications.quiet_hours import is_quiet, zone_of
from mesolive_sdk.models import QuietHours

MINUTES = st.integers(0, 1439)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@given(MINUTES, MINUTES, MINUTES)
def test_exactly_the_minutes_from_the_begin_to_the_end_are_quiet(begin: int, end: int, now: int) -> None:
    hours = QuietHours(From=clock(begin), To=clock(end), TimeZone="UTC")
    length = (end - begin) % 1440 or 1440
    moment = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=now)
    assert is_quiet(hours, moment) == ((now - begin) % 1440 < length)


@pytest.mark.parametrize(("month", "hour"), [(1, 21), (7, 20)])
def test_the_hours_follow_summer_time(month: int, hour: int) -> None:
    hours = QuietHours(From="22:00", To="07:00", TimeZone="Europe/Berlin")
    at = datetime(2026, month, 5, hour, 0, tzinfo=UTC)
    assert is_quiet(hours, at)
    assert not is_quiet(hours, at - timedelta(minutes=1))


def test_no_hours_are_never_quiet() -> None:
    assert not is_quiet(None, datetime(2026, 1, 5, tzinfo=UTC))


@pytest.mark.parametrize("name", ["Nowhere/City", "/etc/passwd", "a" * 500])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="expected a time zone"):
        zone_of(name)
