"""Listing rules of options on E-mini S&P 500 futures: expirations, roots, strikes, and each option's own future.

Futures expire on the third Fridays of March, June, September and December, at the opening. An option delivers the
nearest future that has not expired when the option does. Weekly options expire on Mondays to Thursdays of five weeks
and on Fridays of four, at the close; where a month's last trading day is one of these, the month-end option stands in
their place; on the third Friday of a quarter there are the quarterly options (American, at the opening) and, on the
E-mini, European ones at the close.

Source: the contract specifications of CME options on E-mini and Micro E-mini S&P 500 futures (`contract_specs.toml`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import Expiration, Right, Underlying
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class
from mesolive.market.providers.simulated.spx_listing import strikes

WEEKLY_DAYS: Final = 35
MONTH_END_DAYS: Final = 186
QUARTERS: Final = 5
YEAR_SECONDS: Final = 365.0 * 86400.0
FRIDAY: Final = 4


class FuturesRoots(Struct, frozen=True):
    """The roots of the options on one future; `{n}` is the week of the month.

    Attributes
    ----------
    weekly
        Of Mondays to Fridays.
    quarter_close
        Of the third Friday of a quarter at its close; `None` where there are none.
    """

    weekly: tuple[str, str, str, str, str]
    month_end: str
    quarterly: str
    quarter_close: str | None


ROOTS: Final[Mapping[str, FuturesRoots]] = {
    "ES": FuturesRoots(("E{n}A", "E{n}B", "E{n}C", "E{n}D", "EW{n}"), "EW", "ES", "EYC"),
    "MES": FuturesRoots(("X{n}A", "X{n}B", "X{n}C", "X{n}D", "EX{n}"), "EX", "MES", None),
}


def quarterly_day(year: int, month: int, calendar: ExchangeCalendar) -> date:
    """Return the day on which the future of a month expires: the third Friday, or the trading day before it."""
    first = date(year, month, 1)
    friday = first + timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)
    return friday if calendar.is_trading_day(friday) else calendar.previous_trading_day(friday)


def future_expiry(moment: datetime, calendar: ExchangeCalendar) -> datetime:
    """Return when the nearest future expires that has not expired before `moment`."""
    day = calendar.local(moment).date()
    year, month = day.year, (day.month + 2) // 3 * 3
    while True:
        session = calendar.session(quarterly_day(year, month, calendar))
        assert session is not None  # noqa: S101 - a trading day has a session
        if session[0] >= moment:
            return session[0]
        year, month = (year + 1, 3) if month == 12 else (year, month + 3)


def expirations(symbol: str, moment: datetime, calendar: ExchangeCalendar) -> list[Expiration]:
    """Return what is listed at `moment`: weeklies for five weeks, month ends for half a year, and five quarters."""
    roots, today = ROOTS[symbol], calendar.local(moment).date()
    wanted: set[tuple[str, date]] = set()
    for offset in range(MONTH_END_DAYS + 1):
        day = today + timedelta(days=offset)
        if not calendar.is_trading_day(day):
            continue
        quarter = day.month % 3 == 0 and day == quarterly_day(day.year, day.month, calendar)
        if quarter and roots.quarter_close is not None:
            wanted.add((roots.quarter_close, day))
        elif calendar.next_trading_day(day).month != day.month:
            wanted.add((roots.month_end, day))
        elif offset <= WEEKLY_DAYS and not quarter and not (day.weekday() == FRIDAY and day.day > 28):
            wanted.add((roots.weekly[day.weekday()].format(n=(day.day - 1) // 7 + 1), day))
    expiry = moment
    for _ in range(QUARTERS):
        expiry = future_expiry(expiry, calendar)
        wanted.add((roots.quarterly, calendar.local(expiry).date()))
        expiry += timedelta(days=1)
    listed = [_expiration(root, day, calendar) for root, day in wanted]
    return [expiration for expiration in listed if expiration.settles_at > moment]


def _expiration(root: str, day: date, calendar: ExchangeCalendar) -> Expiration:
    terms = option_class(root)
    settles_at = settlement_instant(root, day, calendar=calendar)
    return Expiration(root, day, settles_at, terms.settlement, terms.style, Decimal(terms.multiplier))


def listing(
    underlying: Underlying,
    moment: datetime,
    spot: float,
    volatility: float,
    calendar: ExchangeCalendar,
    previous: Listing | None = None,
) -> Listing:
    """Return the whole chain at `moment`. Strikes that `previous` listed stay listed."""
    wanted: dict[Expiration, Mapping[Right, Iterable[Decimal]]] = {}
    for expiration in expirations(underlying.symbol, moment, calendar):
        listed = set(strikes(spot, (expiration.settles_at - moment).total_seconds() / YEAR_SECONDS, volatility))
        span = None if previous is None else previous.span(expiration.root, expiration.day, Right.CALL)
        if previous is not None and span is not None:
            listed.update(previous.strike(index) for index in range(*span))
        wanted[expiration] = {Right.CALL: listed, Right.PUT: listed}
    return Listing(underlying, wanted)
