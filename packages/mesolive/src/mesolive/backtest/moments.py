"""Evaluation times of a backtest: a grid over each session, and every scheduled instant of the strategy.

Schedules do not depend on the grid: an instant that lies off it is stepped to all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from mesolive.language.definition import StrategyDefinition
from mesolive.language.schedule import Schedule, next_due
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.trading_hours import TradingHours

BEFORE_CLOSE: Final = timedelta(minutes=5)
"""The last moment before each close, whatever the grid: the market's last implied volatility of a day is kept there."""


@dataclass(frozen=True, slots=True)
class Instants:
    """The scheduled instants of a strategy.

    Attributes
    ----------
    entry, exit, adjustment
        When each is considered; `None` for what has no schedule, which is considered at every moment.
    """

    entry: frozenset[datetime] | None = None
    exit: frozenset[datetime] | None = None
    adjustment: frozenset[datetime] | None = None

    @property
    def all(self) -> frozenset[datetime]:
        """All of them."""
        empty: frozenset[datetime] = frozenset()
        return empty.union(*(some for some in (self.entry, self.exit, self.adjustment) if some is not None))


def scheduled(definition: StrategyDefinition, calendar: ExchangeCalendar, first: datetime, last: datetime) -> Instants:
    """Return the scheduled instants of a strategy from `first` to `last`, both included."""
    adjustment = definition.adjustment.schedule if definition.adjustment.adjustments else None

    def instants(schedule: Schedule | None) -> frozenset[datetime] | None:
        return None if schedule is None else frozenset(_instants(schedule, calendar, first, last))

    return Instants(instants(definition.entry.schedule), instants(definition.exit.schedule), instants(adjustment))


def _instants(schedule: Schedule, calendar: ExchangeCalendar, first: datetime, last: datetime) -> Iterator[datetime]:
    at = first - timedelta(microseconds=1)
    while (following := next_due(schedule, calendar, at)) is not None and following <= last:
        yield following
        at = following


def moments(
    hours: TradingHours,
    first: datetime,
    last: datetime,
    every: int,
    instants: Collection[datetime] = (),
    days: Collection[date] | None = None,
) -> Iterator[datetime]:
    """Yield the moments of every session from `first` to `last`, ascending, each once.

    They are its opening, each step of `every` seconds after it, five minutes before its close, the close, and the
    `instants` that lie within it.

    Parameters
    ----------
    hours
        Those of the strategy's underlying: their decision sessions are the ones that count.
    days
        The days that there is a market of; `None` for all.
    """
    by_day: dict[date, set[datetime]] = {}
    for instant in instants:
        by_day.setdefault(hours.local_day(instant), set()).add(instant)
    # A session may begin on the evening before its day.
    day, end = hours.local_day(first), hours.local_day(last) + timedelta(days=1)
    while day <= end:
        for opening, close in hours.decision_sessions(day) if days is None or day in days else ():
            steps = -((opening - close) // timedelta(seconds=every))
            result = {opening + timedelta(seconds=every) * step for step in range(steps)}
            result |= {close - BEFORE_CLOSE, close, *by_day.get(day, ())}
            yield from (at for at in sorted(result) if first <= at <= last and opening <= at <= close)
        day += timedelta(days=1)


def steps(moments: Iterable[datetime], hours: TradingHours) -> Iterator[tuple[datetime, datetime]]:
    """Yield each moment with the time until which orders may be worked on there: the next moment of its session."""
    before: datetime | None = None
    for moment in moments:
        if before is not None:
            yield before, moment if _in_one_session(before, moment, hours) else before
        before = moment
    if before is not None:
        yield before, before


def _in_one_session(first: datetime, last: datetime, hours: TradingHours) -> bool:
    day = hours.local_day(first)
    sessions = [*hours.decision_sessions(day), *hours.decision_sessions(day + timedelta(days=1))]
    return any(opening <= first and last <= close for opening, close in sessions)


def once_a_day(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition whose schedules are due five minutes before the close, on the same weekdays.

    For markets of one chain a day: `Every` of `5min` becomes `day`, and the minutes are not used.

    Parameters
    ----------
    definition
        Version 3.
    """
    changed = dict(definition)
    for name in ("Entry", "Exit", "Adjustment"):
        section = definition.get(name)
        if not isinstance(section, Mapping):
            continue
        schedule = cast("Mapping[str, Any]", section).get("Schedule")
        if isinstance(schedule, Mapping):
            every = cast("Mapping[str, Any]", schedule).get("Every")
            minutes = BEFORE_CLOSE // timedelta(minutes=1)
            written = {"BeforeMarketCloseMinutes": minutes, "Every": "day" if every == "5min" else every}
            changed[name] = {**cast("Mapping[str, Any]", section), "Schedule": written}
    return changed
