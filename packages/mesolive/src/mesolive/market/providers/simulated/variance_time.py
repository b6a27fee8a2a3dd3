"""Variance time of a simulated price: sessions and openings, without the hours in between.

A trading day carries 1/252 of a year's variance, a quarter of it at the opening and the rest evenly over a session of
full length; a session that closes early carries less. An option is worth what the price will move until it settles: on
the morning of its last day that is most of a trading day, by the calendar only a quarter of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from mesolive.market.calendar import ExchangeCalendar

TRADING_DAYS: Final = 252.0
OVERNIGHT_SHARE: Final = 0.25
"""The part of a trading day's variance that comes between the close and the next opening."""
SESSION_SECONDS: Final = 6.5 * 3600.0


def passed(calendar: ExchangeCalendar, moment: datetime) -> float:
    """Return how much of its day's movement lies before a moment, in trading days."""
    session = calendar.session(calendar.local(moment).date())
    if session is None or moment < session[0]:
        return 0.0
    part = (min(moment, session[1]) - session[0]).total_seconds() / SESSION_SECONDS
    return OVERNIGHT_SHARE + (1.0 - OVERNIGHT_SHARE) * part


def moving_days(calendar: ExchangeCalendar, first: date, moments: Sequence[datetime]) -> list[float]:
    """Return how much movement lies between the beginning of a day and each moment, in trading days.

    Parameters
    ----------
    first
        A day, local to the exchange; a moment before it counts as its beginning.
    """
    return list(_moving_days(calendar, first, tuple(moments)))


@lru_cache(maxsize=16)  # asked again for the same listing by every market that begins at the same moment
def _moving_days(calendar: ExchangeCalendar, first: date, moments: tuple[datetime, ...]) -> tuple[float, ...]:
    days = [calendar.local(moment).date() for moment in moments]
    before: dict[date, float] = {}
    total, day = 0.0, first
    while day <= max(days, default=first):
        before[day] = total
        session = calendar.session(day)
        if session is not None:
            total += passed(calendar, session[1])
        day += timedelta(days=1)
    return tuple(
        before[day] + passed(calendar, moment) if day >= first else 0.0
        for day, moment in zip(days, moments, strict=True)
    )
