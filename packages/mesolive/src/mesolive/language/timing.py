"""The module `timing`: exchange clock and calendar, as values and functions. Days are exchange-local dates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from mesolive.language.legs import exchange_days
from mesolive.language.problems import MissingValueError, StatementError
from mesolive.language.scope import Scope

STEP_MINUTES = 5


def _floor_to_step(minutes: float) -> float:
    return float(STEP_MINUTES * math.floor(minutes / STEP_MINUTES))


def _session(scope: Scope) -> tuple[datetime, datetime]:
    """Return the stocks' session of the trading day; see `minutes_after_open`."""
    day = scope.view.trading_day
    session = scope.view.calendar.session(day)
    if session is None:
        raise MissingValueError(f"{day} is not a trading day")
    return session


def minutes_after_open(scope: Scope) -> float:
    """Return the minutes since the stocks' opening of the trading day, rounded down to 5; negative before it.

    The trading day is that of the class's session which runs: options on futures trade from the evening before, and
    then the opening is still to come.

    Raises
    ------
    MissingValueError
        When no session runs, and today is not a trading day.
    """
    return _floor_to_step((scope.view.now - _session(scope)[0]).total_seconds() / 60)


def minutes_before_close(scope: Scope) -> float:
    """Return the minutes to the stocks' close of the trading day (early closes too), rounded down to 5; negative after.

    Raises
    ------
    MissingValueError
        As `minutes_after_open`.
    """
    return _floor_to_step((_session(scope)[1] - scope.view.now).total_seconds() / 60)


def days_in_trade(scope: Scope) -> float:
    """Return the exchange days since the position was opened (`exchange_days`); 0 while it is being prepared."""
    opened_at = None if scope.position is None else scope.position.opened_at
    return 0.0 if opened_at is None else exchange_days(scope.view.calendar, opened_at, scope.view.now)


VALUES: Mapping[str, Callable[[Scope], float]] = {
    "timing.minutes_after_open": minutes_after_open,
    "timing.minutes_before_close": minutes_before_close,
    "timing.day_of_week": lambda scope: float(scope.today.isoweekday()),
    "timing.year": lambda scope: float(scope.today.year),
    "timing.month": lambda scope: float(scope.today.month),
    "timing.day": lambda scope: float(scope.today.day),
    "timing.days_in_trade": days_in_trade,
}


def _given_day(what: str, year: float, month: float, day: float) -> date:
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        raise StatementError(f"timing.{what}({year:g}, {month:g}, {day:g}): there is no such day") from None


def _trading_days(scope: Scope, first: date, last: date) -> float:
    try:
        return float(scope.view.calendar.trading_days_between(first, last))
    except ValueError as error:
        raise StatementError(f"timing: {error}") from None


def days_until(what: str, scope: Scope, year: float, month: float, day: float) -> float:
    """Return the days of `timing.<what>`: from today to the given day, or, for `_after`, from the given day to today.

    Raises
    ------
    StatementError
        When there is no such day, or it is too far away for a calendar of sessions.
    """
    given = _given_day(what, year, month, day)
    first, last = (scope.today, given) if what.endswith("_until") else (given, scope.today)
    if what.startswith("calendar"):
        return float((last - first).days)
    return _trading_days(scope, first, last)


def days_in(what: str, scope: Scope, period: str) -> float:
    """Return the days of `timing.<what>`: how many the current month or year has."""
    month = period == "month"
    first = scope.today.replace(day=1) if month else scope.today.replace(month=1, day=1)
    following = (first + timedelta(days=31 if month else 366)).replace(day=1)
    if what.startswith("calendar"):
        return float((following - first).days)
    before = first - timedelta(days=1)
    return _trading_days(scope, before, following - timedelta(days=1))
