"""Business time to settlement in years: the day count of the pricing model.

A day on which the exchange is closed may count less than a trading day: prices move less over a weekend than over two
sessions. `TimeWeights` holds the weights. Time is counted from the moment to the settlement instant (the opening for
AM, the close for PM, the earlier close on a short day), each exchange-local day in proportion, and divided by the
weight of an average year, so that a whole year is one year under every weighting.

Measured on the exchange's chain exports (`docs/pricing.md`): its own volatilities count calendar time, actual/365, to
the settlement instant, weekends in full. That is `CALENDAR`, the default, so that a trader sees the volatilities that
the exchange publishes. The weighting moves volatility, vega and theta only; prices, deltas and gammas depend on the
total volatility, which the quotes fix.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

TRADING_DAYS_PER_YEAR = 252.0
DAYS_PER_YEAR = 365.0
DAY_SECONDS = 86400.0


class DayCalendar(Protocol):
    """The part of the exchange calendar that day counts need; `mesolive.market.view.TradingCalendar` implements it."""

    def local(self, moment: datetime) -> datetime:
        """Return `moment` in the exchange's time zone."""
        ...

    def is_trading_day(self, day: date) -> bool:
        """Return whether the exchange has a session on `day`."""
        ...

    def trading_days_between(self, first: date, last: date) -> int:
        """Return how many trading days lie after `first` up to and including `last`."""
        ...


@dataclass(frozen=True, slots=True)
class TimeWeights:
    """How much the days count.

    Attributes
    ----------
    closed_day
        Weight of a day without a session (weekend or holiday) against 1 for a trading day; at least 0.

    Raises
    ------
    ValueError
        When the weight is negative or not a number.
    """

    closed_day: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.closed_day < float("inf"):
            raise ValueError(f"closed_day must be a finite number of at least 0, got {self.closed_day}")

    @property
    def year(self) -> float:
        """The weight of an average year, in trading days."""
        return TRADING_DAYS_PER_YEAR + (DAYS_PER_YEAR - TRADING_DAYS_PER_YEAR) * self.closed_day


CALENDAR = TimeWeights(closed_day=1.0)
BUSINESS = TimeWeights(closed_day=0.0)


def years_to(calendar: DayCalendar, now: datetime, settles_at: datetime, weights: TimeWeights = CALENDAR) -> float:
    """Return the time from `now` to `settles_at` in years; zero or negative when it is over.

    Parameters
    ----------
    calendar
        The exchange's trading days.
    now, settles_at
        Aware moments.
    weights
        How much days without a session count.
    """
    if weights.closed_day == 1.0:
        return (settles_at - now).total_seconds() / (DAY_SECONDS * DAYS_PER_YEAR)
    if settles_at < now:
        return -years_to(calendar, settles_at, now, weights)
    start, end = calendar.local(now), calendar.local(settles_at)
    first, last = start.date(), end.date()

    def weight(day: date) -> float:
        return 1.0 if calendar.is_trading_day(day) else weights.closed_day

    if first == last:
        days = weight(first) * (settles_at - now).total_seconds() / DAY_SECONDS
    else:
        between = (last - first).days - 1
        trading = calendar.trading_days_between(first, last - timedelta(days=1))
        days = (
            weight(first) * (1.0 - _elapsed(start))
            + trading
            + (between - trading) * weights.closed_day
            + weight(last) * _elapsed(end)
        )
    return days / weights.year


def calendar_years(now: datetime, settles_at: datetime) -> float:
    """Return the calendar time from `now` to `settles_at` in years, actual/365: what interest accrues over."""
    return (settles_at - now).total_seconds() / (DAY_SECONDS * DAYS_PER_YEAR)


def _elapsed(local: datetime) -> float:
    """Return the part of its day that has passed at `local`, by the wall clock of the exchange."""
    return (local.hour * 3600 + local.minute * 60 + local.second + local.microsecond * 1e-6) / DAY_SECONDS
