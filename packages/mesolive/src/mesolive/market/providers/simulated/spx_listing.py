"""SPX option listing rules: expirations, strikes, tick sizes and spreads.

Sources: the exchange's product specification of SPX options. The smallest price step is 0.05 below 3.00 and 0.10 from
there. Standard options (root `SPX`) expire on the third Friday and settle at its opening; weekly, daily and month-end
options (root `SPXW`) settle at the close. Strike intervals are 5 points near the money, wider far from it and far out
in time. The widths of the quotes follow what chains of the exchange show (about 0.8 % of the price, at least a tick).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

import numpy as np

from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import Expiration, Right, Settlement, Underlying
from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray

SMALL_TICK: Final = 0.05
LARGE_TICK: Final = 0.10
LARGE_TICK_FROM: Final = 3.0

DAILY_DAYS: Final = 35
WEEKLY_DAYS: Final = 70
MONTHLY_DAYS: Final = 366
DECEMBERS: Final = 3
# However calm the market, so many strikes are listed on either side of the money.
MIN_STEPS: Final = 6


def expirations(moment: datetime, calendar: ExchangeCalendar) -> list[Expiration]:
    """Return what is listed at `moment`: dailies for five weeks, weeklies for ten, month-ends and monthlies for a year.

    Beyond the year, the Decembers of the next three years (root `SPX`) are listed.
    """
    today = calendar.local(moment).date()
    wanted: set[tuple[str, date, Settlement]] = set()
    for offset in range(MONTHLY_DAYS + 1):
        day = today + timedelta(days=offset)
        if not calendar.is_trading_day(day):
            continue
        if offset <= DAILY_DAYS or (offset <= WEEKLY_DAYS and day.weekday() == 4):
            wanted.add(("SPXW", day, Settlement.PM))
        if calendar.next_trading_day(day).month != day.month:
            wanted.add(("SPXW", day, Settlement.PM))
        if day == _monthly(day.year, day.month, calendar):
            wanted.add(("SPX", day, Settlement.AM))
            wanted.add(("SPXW", day, Settlement.PM))
    for year in range(today.year, today.year + DECEMBERS + 1):
        wanted.add(("SPX", _monthly(year, 12, calendar), Settlement.AM))
    listed = [
        Expiration(root, day, settlement_instant(root, day, settlement, calendar), settlement)
        for root, day, settlement in wanted
    ]
    return [expiration for expiration in listed if expiration.settles_at > moment]


def _monthly(year: int, month: int, calendar: ExchangeCalendar) -> date:
    """Return the third Friday, or the trading day before it when that is a holiday."""
    first = date(year, month, 1)
    friday = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    return friday if calendar.is_trading_day(friday) else calendar.previous_trading_day(friday)


def strikes(spot: float, years: float, volatility: float) -> list[Decimal]:
    """Return the strikes that are listed around `spot` for a time to settlement.

    Puts are listed further away than calls. Steps are 5 points within about two deviations of the first months,
    25 points outside of that or later, and 100 points far away.

    Parameters
    ----------
    spot
        Price of the underlying.
    years
        Time to settlement in years.
    volatility
        Annual volatility at the money, a fraction.
    """
    deviation = volatility * math.sqrt(max(years, 1.0 / 365.0))
    near = 5 if years < 0.12 else 25
    least = MIN_STEPS * near / spot
    result: set[int] = set()
    for step, down, up in (
        (near, max(2.0 * deviation, least), max(1.3 * deviation, least)),
        (max(25, near), 5.0 * deviation + 0.04, 2.8 * deviation + 0.03),
        (100, 8.0 * deviation + 0.10, 3.5 * deviation + 0.06),
    ):
        low = max(spot * math.exp(-min(down, 2.0)), 200.0)
        high = spot * math.exp(min(up, 0.8))
        result.update(range(math.ceil(low / step) * step, math.floor(high / step) * step + 1, step))
    return [_strike(strike) for strike in sorted(result)]


@cache
def _strike(points: int) -> Decimal:
    # Sixty expirations list the same prices, and each day's chain most of the day before: one object for all of them.
    return Decimal(points)


def listing(
    underlying: Underlying,
    moment: datetime,
    spot: float,
    volatility: float,
    calendar: ExchangeCalendar,
    previous: Listing | None = None,
) -> Listing:
    """Return the whole chain at `moment`. Strikes that `previous` listed stay listed."""
    if previous is None:
        return _new_listing(underlying, moment, spot, volatility, calendar)
    return _listing(underlying, moment, spot, volatility, calendar, previous)


@lru_cache(maxsize=4)
def _new_listing(
    underlying: Underlying, moment: datetime, spot: float, volatility: float, calendar: ExchangeCalendar
) -> Listing:
    # Kept, for a listing does not change: markets that begin at the same moment, as replays side by side, share it.
    return _listing(underlying, moment, spot, volatility, calendar, None)


def _listing(
    underlying: Underlying,
    moment: datetime,
    spot: float,
    volatility: float,
    calendar: ExchangeCalendar,
    previous: Listing | None,
) -> Listing:
    wanted: dict[Expiration, Mapping[Right, Iterable[Decimal]]] = {}
    for expiration in expirations(moment, calendar):
        years = (expiration.settles_at - moment).total_seconds() / (365.0 * 86400.0)
        listed = set(strikes(spot, years, volatility))
        if previous is not None:
            span = previous.span(expiration.root, expiration.day, Right.CALL)
            if span is not None:
                listed.update(previous.strike(index) for index in range(*span))
        wanted[expiration] = {Right.CALL: listed, Right.PUT: listed}
    return Listing(underlying, wanted)


def sizes(listing: Listing, spot: float) -> tuple[FloatArray, FloatArray]:
    """Return how many contracts are bid for and offered: up to some hundreds near the money, few far from it.

    A contract's sizes follow from its strike and day alone, so they stay when others are listed beside it.
    """
    days = np.repeat(
        [float(expiration.day.toordinal()) for expiration in listing.expirations],
        [end - start for start, _, end in listing.bounds],
    )
    depth = 300.0 * np.exp(-8.0 * np.abs(np.log(listing.strikes / spot)))
    scattered = [
        np.modf(np.abs(np.sin(listing.strikes * 12.9898 + days * 78.233 + side + listing.is_call)) * 43758.5453)[0]
        for side in (0.0, 2.0)
    ]
    bid, ask = (1.0 + np.floor(part * depth) for part in scattered)
    return bid, ask


def tick(price: FloatArray) -> FloatArray:
    """Return the smallest price step at each price."""
    return np.where(price < LARGE_TICK_FROM - 1e-9, SMALL_TICK, LARGE_TICK)


def to_tick(price: FloatArray) -> FloatArray:
    """Return the nearest price that may be quoted, at least 0."""
    price = np.maximum(price, 0.0)
    step = tick(price)
    return np.round(np.round(price / step) * step, 2)


def quotes(value: FloatArray, tick: Callable[[FloatArray], FloatArray] = tick) -> tuple[FloatArray, FloatArray]:
    """Return bids and offers that market makers would show around model values.

    The bid is 0 where the value does not bear one; the offer is at least a tick above the bid.

    Parameters
    ----------
    value
        Per unit of the underlying.
    tick
        Returns the smallest price step at each price.
    """
    half = 0.02 + 0.004 * value
    low, high = np.maximum(value - half, 0.0), value + half
    bid = np.round(np.floor(low / tick(low) + 1e-9) * tick(low), 2)
    ask = np.round(np.ceil(high / tick(high) - 1e-9) * tick(high), 2)
    return bid, np.maximum(ask, np.round(bid + tick(bid), 2))
