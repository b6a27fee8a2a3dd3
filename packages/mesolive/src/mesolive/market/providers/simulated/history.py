"""Daily history of a simulated market before its start: generated for a year, or continued from stored days."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.history import DailySeries, Day
from mesolive.market.providers.simulated.random_walk import RandomWalk, WalkParameters
from mesolive.market.providers.simulated.variance_time import OVERNIGHT_SHARE

DAYS: Final = 260
YEARS_PER_DAY: Final = 1.0 / 252.0
# Separate random streams: the generated past and the gap since the last run must not repeat the live walk.
SEED_OF_THE_PAST: Final = 0x9A57
SEED_OF_THE_GAP: Final = 0x6A9
# A stored market with a longer gap is not continued: it starts anew.
MAX_GAP: Final = timedelta(days=366)


def invent(
    seed: int,
    calendar: ExchangeCalendar,
    moment: datetime,
    *,
    spot: float,
    volatility: float,
    previous_close: float | None = None,
) -> DailySeries:
    """Return a simulated year of days that ends in a market's first prices.

    Parameters
    ----------
    seed
        Of the walk.
    calendar
        The exchange's sessions.
    moment
        When the market begins. The last day is the last one whose session is over by then.
    spot
        Price of the underlying at `moment`; the close of that last day, unless a session runs.
    volatility
        Annual volatility of the closes, and the level to which the implied volatilities lead, a fraction.
    previous_close
        The last close before the day of `spot`, where there is one.
    """
    today = calendar.local(moment).date()
    session = calendar.session(today)
    # Exactly which day `spot` belongs to: today while or after its session runs, else the last session's day.
    spot_day = today if session is not None and moment >= session[0] else calendar.previous_trading_day(today)
    over = spot_day != today or (session is not None and moment >= session[1])
    walk = RandomWalk(seed ^ SEED_OF_THE_PAST, WalkParameters(volatility=volatility))
    path = [(walk.factor, walk.deviation)]
    for _ in range(DAYS):
        walk.advance(1, YEARS_PER_DAY)
        path.append((walk.factor, walk.deviation))
    anchor = spot if previous_close is None else previous_close * path[-1][0] / path[-2][0]
    scale, last_deviation = anchor / path[-1][0], path[-1][1]
    days: list[Day] = []
    day = spot_day
    for factor, deviation in reversed(path):
        days.append(Day(day, round(scale * factor, 2), volatility * math.exp(deviation - last_deviation)))
        day = calendar.previous_trading_day(day)
    days[0] = Day(spot_day, round(spot, 2), volatility)
    return DailySeries.of(days if over else days[1:])


def go_on(
    past: DailySeries, seed: int, calendar: ExchangeCalendar, moment: datetime, *, volatility: float
) -> tuple[DailySeries, float] | None:
    """Continue a market from its stored days to `moment`.

    The sessions in between are walked through: overnight and by day, each with its part of the variance.

    Parameters
    ----------
    past
        The stored days up to `moment`.
    seed
        Of the walk.
    volatility
        Annual volatility of the walk, a fraction.

    Returns
    -------
    The days, with those in between, and the price at `moment`; `None` without a recent enough price.
    """
    priced = [day for day in past.days if day.close is not None or day.last is not None or day.open is not None]
    if not priced or moment.date() - priced[-1].day > MAX_GAP:
        return None
    known = priced[-1]
    price = next(value for value in (known.close, known.last, known.open) if value is not None)
    volatilities = [day.iv for day in past.days if day.iv is not None]
    walk = RandomWalk(seed ^ SEED_OF_THE_GAP ^ known.day.toordinal(), WalkParameters(volatility=volatility))
    today = calendar.local(moment).date()
    day, running = known.day, known.close is None
    while day <= today:
        session = calendar.session(day)
        if session is not None and session[0] <= moment:
            if day > known.day:
                walk.advance(1, OVERNIGHT_SHARE * YEARS_PER_DAY)
                past = past.record(day, opening=round(price * walk.factor, 2))
            if session[1] <= moment and (day > known.day or running):
                walk.advance(1, (1.0 - OVERNIGHT_SHARE) * YEARS_PER_DAY)
                iv = volatilities[-1] * walk.level if volatilities else None
                past = past.record(day, close=round(price * walk.factor, 2), iv=iv)
        day += timedelta(days=1)
    return past, price * walk.factor


def opening_price(history: DailySeries, spot: float, moment: datetime, calendar: ExchangeCalendar) -> float | None:
    """Return what a simulated session that runs at `moment` opened at: between the last close and the price now.

    Returns
    -------
    float | None
        `None` when no session runs.
    """
    day = calendar.local(moment).date()
    previous = history.previous_close(day)
    if previous is None or not calendar.is_open(moment):
        return None
    return round(previous + 0.6 * (spot - previous), 2)
