"""Schedules on the exchange calendar: due times, with times relative to the close moved on early closes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec import Struct

from mesolive.market.view import MarketView, TradingCalendar

WINDOW = timedelta(minutes=5)
"""A scheduled instant stays due so long."""
LOOK_AHEAD_DAYS = 40


class Schedule(Struct, frozen=True):
    """When something is due, in exchange time.

    Attributes
    ----------
    after_open, before_close
        Minutes, multiples of 5; exactly one is set.
    every
        `day`, `5min`, or the weekdays, 1 (Monday) to 7.
    """

    after_open: int | None
    before_close: int | None
    every: str | tuple[int, ...]


def window(schedule: Schedule | None, calendar: TradingCalendar, day: date) -> tuple[datetime, datetime] | None:
    """Return from when until when a schedule is due on a day, in UTC, the end excluded.

    Parameters
    ----------
    schedule
        `None` is due throughout the session. `5min` is due without a break: from `AfterMarketOpenMinutes` until the
        close, or from the opening until `BeforeMarketCloseMinutes`.

    Returns
    -------
    tuple or None
        `None` when the exchange is closed, the weekday is not listed, or the instant lies outside of a short session.
    """
    session = calendar.session(day)
    if session is None:
        return None
    opening, close = session
    if schedule is None:
        return opening, close
    if isinstance(schedule.every, tuple) and day.isoweekday() not in schedule.every:
        return None
    if schedule.after_open is not None:
        instant = opening + timedelta(minutes=schedule.after_open)
        start, end = instant, close if schedule.every == "5min" else min(instant + WINDOW, close)
    else:
        instant = close - timedelta(minutes=schedule.before_close or 0)
        start, end = opening if schedule.every == "5min" else instant, instant + WINDOW
    return (start, end) if opening <= instant <= close and start < end else None


def is_due(schedule: Schedule | None, view: MarketView) -> bool:
    """Return whether a schedule is due on a market view.

    Schedules name times of the stock exchange's session, for every class. Without a schedule it is the class's own
    sessions that count: options on futures are watched at night too.
    """
    return view.in_session if schedule is None else due(schedule, view.calendar, view.now)


def due(schedule: Schedule | None, calendar: TradingCalendar, now: datetime) -> bool:
    """Return whether a schedule is due at `now`, by the stock exchange's session."""
    result = window(schedule, calendar, calendar.local(now).date())
    return result is not None and result[0] <= now < result[1]


def scheduled_time(schedule: Schedule | None, calendar: TradingCalendar, now: datetime) -> datetime | None:
    """Return the scheduled time that is due at `now`: the latest one, for as long as its window lasts.

    Returns
    -------
    datetime or None
        `None` when none is due, and without a schedule: then no times are named, and the session is watched as it runs.
    """
    if schedule is None:
        return None
    result = window(schedule, calendar, calendar.local(now).date())
    if result is None or not result[0] <= now < result[1]:
        return None
    return result[0] + WINDOW * ((now - result[0]) // WINDOW)


def next_due(schedule: Schedule | None, calendar: TradingCalendar, after: datetime) -> datetime | None:
    """Return the first scheduled instant later than `after`, or `None` when the next weeks have none."""
    today = calendar.local(after).date()
    for ahead in range(LOOK_AHEAD_DAYS):
        result = window(schedule, calendar, today + timedelta(days=ahead))
        if result is None:
            continue
        start, end = result
        if start > after:
            return start
        if schedule is not None and schedule.every == "5min":
            following = start + WINDOW * ((after - start) // WINDOW + 1)
            if following < end:
                return following
    return None
