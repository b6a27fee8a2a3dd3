"""Exchange calendar: trading days, sessions, early closes and option settlement instants.

Sessions are those of the New York Stock Exchange, 9:30 to 16:00 New York, early closes at 13:00, from
`exchange_calendars`. Index options trade a quarter of an hour longer (16:15, 13:15 on short days), but the index is not
calculated then and the settlement value of a PM-settled option is taken at the close of the stocks: so the close here
is the stocks' close, for schedules and for time to expiry alike, and stock options need no calendar of their own.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from exchange_calendars import get_calendar  # pyright: ignore[reportUnknownVariableType] - the library has no types

from mesolive.market.contracts import Settlement
from mesolive.market.option_classes import option_class

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2060, 12, 31)

IntArray = npt.NDArray[np.int64]


class ExchangeCalendar:
    """The sessions of one exchange, kept as arrays so that every question costs an index.

    Parameters
    ----------
    zone
        The exchange's time zone.
    sessions
        For each trading day, ascending: its date, opening and close (aware, in UTC).
    first, last
        The span of days for which the sessions are complete.

    Raises
    ------
    ValueError
        By every method, for a day outside of the span.
    """

    def __init__(
        self, zone: ZoneInfo, sessions: Sequence[tuple[date, datetime, datetime]], first: date, last: date
    ) -> None:
        self.zone = zone
        self.first = first
        self.last = last
        self._sessions = {day: (opening, close) for day, opening, close in sessions}
        self._days: IntArray = np.array([day.toordinal() for day, _, _ in sessions], dtype=np.int64)
        self._origin = first.toordinal()
        trading = np.zeros(last.toordinal() - self._origin + 1, dtype=np.int64)
        trading[self._days - self._origin] = 1
        # Trading days up to and including each day of the span.
        self._count: list[int] = np.cumsum(trading).tolist()

    def local(self, moment: datetime) -> datetime:
        """Return `moment`, which must be aware, in the exchange's time zone."""
        return moment.astimezone(self.zone)

    def is_trading_day(self, day: date) -> bool:
        """Return whether the exchange has a session on `day`."""
        self._index(day)
        return day in self._sessions

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Return the opening and the close (early closes included) of `day` in UTC, or `None` for a holiday."""
        self._index(day)
        return self._sessions.get(day)

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
        at = self._count[self._index(day)] - (day in self._sessions)
        if at == 0:
            raise ValueError(f"the calendar starts on {self.first}: no trading day before {day} is known")
        return date.fromordinal(int(self._days[at - 1]))

    def open_session_at_or_after(self, moment: datetime) -> tuple[datetime, datetime]:
        """Return the session that runs at `moment`, or else the next one."""
        day = self.local(moment).date()
        session = self.session(day)
        if session is None or moment >= session[1]:
            session = self._sessions[self.next_trading_day(day)]
        return session

    def _index(self, day: date) -> int:
        index = day.toordinal() - self._origin
        if not 0 <= index < len(self._count):
            raise ValueError(f"{day} is outside of the calendar, which knows {self.first} to {self.last}")
        return index


@cache
def us_options_calendar() -> ExchangeCalendar:
    """Return the calendar of options on US indices and stocks; built once, in about a tenth of a second."""
    with warnings.catch_warnings():
        # The library reads times in a way that pandas has announced to change; the values are right today.
        warnings.filterwarnings("ignore", message="Series.values returning an ndarray", category=DeprecationWarning)
        source = get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    openings: list[int] = np.asarray(source.opens, dtype="datetime64[s]").astype(np.int64).tolist()
    closes: list[int] = np.asarray(source.closes, dtype="datetime64[s]").astype(np.int64).tolist()
    sessions = [
        (
            datetime.fromtimestamp(opening, NEW_YORK).date(),
            datetime.fromtimestamp(opening, UTC),
            datetime.fromtimestamp(close, UTC),
        )
        for opening, close in zip(openings, closes, strict=True)
    ]
    return ExchangeCalendar(NEW_YORK, sessions, FIRST_DAY, LAST_DAY)


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
