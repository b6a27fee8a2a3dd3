"""Daily history of an underlying: prices, implied and historical volatility, IV rank and percentile.

Formulas: sections E.4 of the language's facts, as documented for `underlying_hv`, `underlying_iv_rank` and
`underlying_iv_pct`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from mesolive.market.view import TradingCalendar
from mesolive.records import replace

TRADING_DAYS_PER_YEAR: Final = 252.0
HV_DAYS: Final = 30
YEAR: Final = timedelta(days=365)
# Rank and percentile of a few days do not represent a year.
MIN_DAYS: Final = 20
# Two years of trading days: more than any of the figures looks at.
MAX_DAYS: Final = 520


@dataclass(frozen=True, slots=True)
class Day:
    """One trading day of an underlying.

    Attributes
    ----------
    day
        Exchange-local date.
    close
        Closing price, `None` while the session runs.
    iv
        The day's last implied volatility of the underlying as a fraction, `None` when there is none.
    open
        Opening price, `None` before the session and when there is none.
    last
        The last price that was noted of the day.
    """

    day: date
    close: float | None = None
    iv: float | None = None
    open: float | None = None
    last: float | None = None


class DailySeries(Struct, frozen=True):
    """The days of an underlying, ascending, at most two years of them. Immutable: recording returns a new series."""

    days: tuple[Day, ...] = ()

    @classmethod
    def of(cls, days: Iterable[Day]) -> DailySeries:
        """Return the series of some days in any order; of a day that comes twice the later one counts."""
        by_day = {day.day: day for day in days}
        return cls(tuple(by_day[day] for day in sorted(by_day))[-MAX_DAYS:])

    def record(
        self,
        day: date,
        *,
        close: float | None = None,
        iv: float | None = None,
        opening: float | None = None,
        last: float | None = None,
    ) -> DailySeries:
        """Return the series with what is new of a day; what is not given stays as it was.

        Raises
        ------
        ValueError
            When a price or volatility is not a positive number.
        """
        for value in (close, iv, opening, last):
            if value is not None and not 0.0 < value < math.inf:
                raise ValueError(f"prices and volatilities of a day are positive numbers, got {value}")
        at = bisect_left(self.days, day, key=lambda item: item.day)
        is_known = at < len(self.days) and self.days[at].day == day
        known = self.days[at] if is_known else Day(day)
        changed = Day(
            day,
            known.close if close is None else close,
            known.iv if iv is None else iv,
            known.open if opening is None else opening,
            known.last if last is None else last,
        )
        return DailySeries((*self.days[:at], changed, *self.days[at + is_known :])[-MAX_DAYS:])

    def known_at(self, moment: datetime, calendar: TradingCalendar) -> DailySeries:
        """Return the series without look-ahead at a moment: later days, openings and closes are left out."""
        today = calendar.local(moment).date()
        session = calendar.session(today)
        days = [day for day in self.days if day.day <= today]
        if days and days[-1].day == today and session is not None:
            if moment < session[0]:
                days.pop()
            elif moment < session[1]:
                days[-1] = replace(days[-1], close=None)
        return DailySeries(tuple(days))

    def of_day(self, day: date) -> Day | None:
        """Return the data of a day, or `None` when there are none."""
        at = bisect_left(self.days, day, key=lambda item: item.day)
        return self.days[at] if at < len(self.days) and self.days[at].day == day else None

    def closed(self, day: date) -> bool:
        """Whether the series has the close of `day`."""
        result = self.of_day(day)
        return result is not None and result.close is not None

    def previous_close(self, today: date) -> float | None:
        """Return the close of the last day before `today`."""
        at = bisect_left(self.days, today, key=lambda item: item.day)
        return next((day.close for day in reversed(self.days[:at]) if day.close is not None), None)

    def historical_volatility(self, today: date) -> float | None:
        """Return the annual volatility of the closes of the last 30 calendar days up to `today`, as a fraction.

        ``sqrt(252) * sqrt(sum((r - mean)^2) / count)`` over the logarithmic returns between neighbouring closes.

        Returns
        -------
        float | None
            `None` with fewer than two returns.
        """
        closes = [item.close for item in self._since(today - timedelta(days=HV_DAYS), today) if item.close is not None]
        returns = [math.log(after / before) for before, after in pairwise(closes)]
        if len(returns) < 2:
            return None
        mean = math.fsum(returns) / len(returns)
        variance = math.fsum((item - mean) ** 2 for item in returns) / len(returns)
        return math.sqrt(TRADING_DAYS_PER_YEAR * variance)

    def iv_rank(self, iv: float, today: date) -> float | None:
        """Return where `iv` lies between the lowest and the highest daily volatility of a year, 0 to 100.

        ``(iv - low) / (high - low) * 100``; a volatility outside of the year's range sets the range anew.

        Returns
        -------
        float | None
            `None` when fewer than 20 days have a value, or all are equal.
        """
        known = self._volatilities(today)
        if len(known) < MIN_DAYS:
            return None
        low, high = min(iv, *known), max(iv, *known)
        return (iv - low) / (high - low) * 100.0 if high > low else None

    def iv_percentile(self, iv: float, today: date) -> float | None:
        """Return on how many of the days of a year the volatility was below `iv`, 0 to 100.

        Returns
        -------
        float | None
            `None` when fewer than 20 days have a value.
        """
        known = self._volatilities(today)
        if len(known) < MIN_DAYS:
            return None
        return sum(item < iv for item in known) / len(known) * 100.0

    def _volatilities(self, today: date) -> list[float]:
        """Return the daily volatilities of the year before `today`, whose own is the current value."""
        return [item.iv for item in self._since(today - YEAR, today) if item.iv is not None and item.day != today]

    def _since(self, first: date, last: date) -> tuple[Day, ...]:
        start = bisect_left(self.days, first, key=lambda item: item.day)
        end = bisect_left(self.days, last + timedelta(days=1), key=lambda item: item.day)
        return self.days[start:end]
