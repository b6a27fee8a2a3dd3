"""Exchange calendar: trading days, sessions, early closes and option settlement instants.

Sessions are those of the New York Stock Exchange, 9:30 to 16:00 New York, early closes at 13:00 or 14:00. Weekdays that
differ from that are listed in `us_sessions.txt`, which `make sessions` writes from the library `exchange_calendars`.
The library is not needed to run. Index options trade a quarter of an hour longer (16:15, 13:15 on short days), but the
index is not calculated then and the settlement value of a PM-settled option is taken at the close of the stocks: so the
close here is the stocks' close, for schedules and for time to expiry alike, and stock options need no calendar of their
own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mesolive.market.contracts import Settlement
from mesolive.market.option_classes import option_class

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2060, 12, 31)
OPENING = time(9, 30)
CLOSE = time(16, 0)
SESSIONS_FILE = "us_sessions.txt"
CLOSED = "closed"
SATURDAY = 5

IntArray = npt.NDArray[np.int64]


class ExchangeCalendar:
    """The sessions of one exchange. What all days have in common is kept in arrays, so that a question costs an index.

    Parameters
    ----------
    zone
        The exchange's time zone.
    opening, close
        When a usual session begins and ends, by the exchange's clock.
    first, last
        The span of days for which the holidays are complete.
    holidays
        Weekdays without a session.
    early_closes
        When the sessions of short days end.

    Raises
    ------
    ValueError
        By every method, for a day outside of the span.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        opening: time,
        close: time,
        first: date,
        last: date,
        holidays: Collection[date] = (),
        early_closes: Mapping[date, time] | None = None,
    ) -> None:
        self.zone = zone
        self.first = first
        self.last = last
        self._opening, self._close = opening, close
        self._early_closes = early_closes or {}
        self._sessions: dict[date, tuple[datetime, datetime]] = {}
        self._origin = first.toordinal()
        span = np.arange(self._origin, last.toordinal() + 1)
        # The first day of the ordinals was a Monday.
        trading = (span - 1) % 7 < SATURDAY
        trading[np.array([day.toordinal() for day in holidays], dtype=np.int64) - self._origin] = False
        self._days: IntArray = span[trading].astype(np.int64)
        self._trading = trading.tobytes()
        # Trading days up to and including each day of the span.
        self._count: list[int] = np.cumsum(trading).tolist()

    def local(self, moment: datetime) -> datetime:
        """Return `moment`, which must be aware, in the exchange's time zone."""
        return moment.astimezone(self.zone)

    def is_trading_day(self, day: date) -> bool:
        """Return whether the exchange has a session on `day`."""
        return self._trading[self._index(day)] != 0

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Return the opening and the close (early closes included) of `day` in UTC, or `None` for a holiday."""
        session = self._sessions.get(day)
        if session is None and self.is_trading_day(day):
            opening, close = self._opening, self._early_closes.get(day, self._close)
            session = self._sessions[day] = (
                datetime.combine(day, opening, self.zone).astimezone(UTC),
                datetime.combine(day, close, self.zone).astimezone(UTC),
            )
        return session

    def is_open(self, moment: datetime) -> bool:
        """Return whether a session runs at `moment`: from its opening, until before its close."""
        session = self.session(self.local(moment).date())
        return session is not None and session[0] <= moment < session[1]

    def trading_days_between(self, first: date, last: date) -> int:
        """Return how many trading days lie after `first` up to and including `last`; negative when it is earlier.

        Counting back is the mirror image: ``between(a, b) == -between(b, a)``.
        """
        return self._count[self._index(last)] - self._count[self._index(first)]

    def next_trading_day(self, day: date) -> date:
        """Return the first trading day after `day`."""
        at = self._count[self._index(day)]
        if at == len(self._days):
            raise ValueError(f"the calendar ends on {self.last}: no trading day after {day} is known")
        return date.fromordinal(int(self._days[at]))

    def previous_trading_day(self, day: date) -> date:
        """Return the last trading day before `day`."""
        at = self._count[self._index(day)] - self.is_trading_day(day)
        if at == 0:
            raise ValueError(f"the calendar starts on {self.first}: no trading day before {day} is known")
        return date.fromordinal(int(self._days[at - 1]))

    def open_session_at_or_after(self, moment: datetime) -> tuple[datetime, datetime]:
        """Return the session that runs at `moment`, or else the next one."""
        day = self.local(moment).date()
        session = self.session(day)
        if session is None or moment >= session[1]:
            session = self.session(self.next_trading_day(day))
            assert session is not None  # noqa: S101 - a trading day has a session
        return session

    def _index(self, day: date) -> int:
        index = day.toordinal() - self._origin
        if not 0 <= index < len(self._count):
            raise ValueError(f"{day} is outside of the calendar, which knows {self.first} to {self.last}")
        return index


@cache
def us_options_calendar() -> ExchangeCalendar:
    """Return the calendar of options on US indices and stocks; built once, in some milliseconds."""
    holidays: list[date] = []
    early_closes: dict[date, time] = {}
    for line in files("mesolive.market").joinpath(SESSIONS_FILE).read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        day, end = line.split()
        if end == CLOSED:
            holidays.append(date.fromisoformat(day))
        else:
            early_closes[date.fromisoformat(day)] = time.fromisoformat(end)
    return ExchangeCalendar(NEW_YORK, OPENING, CLOSE, FIRST_DAY, LAST_DAY, holidays, early_closes)


def settlement_of(root: str) -> Settlement:
    """Return when options of the trading class `root` settle: `SPX` in the morning, `SPXW` and stocks at the close."""
    return option_class(root).settlement


def settlement_instant(
    root: str, day: date, settlement: Settlement | None = None, calendar: ExchangeCalendar | None = None
) -> datetime:
    """Return the instant, in UTC, at which the settlement value of an expiration is taken.

    Parameters
    ----------
    root
        Trading class, such as `SPX` or `SPXW`.
    day
        The exchange-local date of the expiration. For an AM-settled class this is the day of the settlement (the
        third Friday), not the last day of trading before it.
    settlement
        AM or PM; by default what `root` is known for.
    calendar
        The sessions; by default those of `us_options_calendar`.

    Returns
    -------
    datetime
        The opening of `day` for AM, its close for PM. A day without a session (old Saturday expirations, a holiday
        that was announced later) counts as the trading day before it, at its close.
    """
    calendar = calendar or us_options_calendar()
    session = calendar.session(day)
    if session is None:
        before = calendar.session(calendar.previous_trading_day(day))
        assert before is not None  # noqa: S101 - a trading day has a session
        return before[1]
    return session[0] if (settlement or settlement_of(root)) is Settlement.AM else session[1]


def settlement_day(moment: datetime, calendar: ExchangeCalendar | None = None) -> date:
    """Return the expiration day that a wire `Expiration` means: the exchange-local date of the instant.

    An instant at midnight UTC is taken as that date itself: that is how clients write a plain date.

    Raises
    ------
    ValueError
        When the instant has no date there, because it lies in the first hours of the year 1.
    """
    moment = moment.astimezone(UTC)
    if moment.time() == time.min:
        return moment.date()
    try:
        return (calendar or us_options_calendar()).local(moment).date()
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is not an expiration") from None
