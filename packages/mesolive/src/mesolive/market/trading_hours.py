"""Trading hours of option classes: sessions per trading day, global trading hours and Globex included.

The exchange calendar (`mesolive.market.calendar`) says on which days there is trading, when schedules open and close,
and when settlement values are taken. Trading hours say when quotes move, when orders are taken, and when strategies
are evaluated: options on SPX and VIX also trade at night, options on futures for 23 hours.

All three are of New York's clock, whatever zone the machine is in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from typing import Final, TypeAlias

from mesolive.market.calendar import CLOSE, NEW_YORK, ExchangeCalendar, us_options_calendar
from mesolive.market.option_classes import option_class
from mesolive.market.view import TradingCalendar
from mesolive_sdk.contract_specs import HoursSpec, contract_specs

Session: TypeAlias = tuple[datetime, datetime]

DAY_BEFORE: Final = "-1 "
DAY: Final = timedelta(days=1)
NOON: Final = time(12)
"""Within the session in which brokers work orders for the day."""


class TradingHours:
    """When the options on one underlying trade.

    Parameters
    ----------
    calendar
        The trading days, and which of them close early.
    spec
        The sessions of one trading day; `None` for those of the calendar.
    always
        Whether orders are taken at any time: a simulated market around the clock.
    """

    def __init__(self, calendar: TradingCalendar, spec: HoursSpec | None = None, *, always: bool = False) -> None:
        self._calendar = calendar
        self._spec = spec
        self.always = always
        self._known: dict[date, tuple[Session, ...]] = {}
        self._by_day: dict[date, tuple[Session, ...]] = {}
        self._taken: dict[bool, Session] = {}

    @property
    def of_exchange(self) -> bool:
        """Whether they are an exchange's own, and not the sessions of the calendar."""
        return self._spec is not None

    def local_day(self, moment: datetime) -> date:
        """Return the exchange's date of `moment`."""
        return self._calendar.local(moment).date()

    def trading_day(self, moment: datetime) -> date:
        """Return the day to which a moment belongs: that of the session that runs, else the exchange's date.

        The session of a Monday begins on Sunday evening.
        """
        day = self.local_day(moment)
        following = day + DAY
        return following if any(opening <= moment < close for opening, close in self.sessions(following)) else day

    def sessions(self, day: date) -> Sequence[Session]:
        """Return the sessions of a trading day in UTC, in their order; none on a day without trading.

        A session that belongs to `day` may begin on the evening before.
        """
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = tuple(self._sessions(day))
        return known

    def is_open(self, moment: datetime) -> bool:
        """Return whether a session runs at `moment`: from its opening, until before its close."""
        return self._runs(moment, self.sessions)

    def order_sessions(self, day: date, *, night: bool = False) -> Sequence[Session]:
        """Return the sessions of a trading day in which orders are taken; none on a day without trading.

        Without `night` it is the one that runs at noon. Brokers work no order for the day in the night and curb
        sessions of indexes unless it says so; the one session of options on futures begins on the evening before.

        Parameters
        ----------
        night
            Whether the account trades in the night and curb sessions too.
        """
        if night:
            return self.sessions(day)
        known = self._by_day.get(day)
        if known is None:
            noon = datetime.combine(day, NOON, NEW_YORK)
            known = tuple(session for session in self.sessions(day) if session[0] <= noon < session[1])
            self._by_day[day] = known
        return known

    def takes_orders(self, moment: datetime, *, night: bool = False) -> bool:
        """Return whether orders may be sent at `moment`; see `order_sessions`."""
        if self.always:
            return True
        # Nearly every order comes in the session of the order before: its exchange day is not looked for again.
        session = self._taken.get(night)
        if session is None or not session[0] <= moment < session[1]:
            session = self._running(moment, partial(self.order_sessions, night=night))
            if session is None:
                return False
            self._taken[night] = session
        return True

    def next_order_session(self, moment: datetime, *, night: bool = False) -> Session:
        """Return the session in which orders are taken at `moment`, or else the next one."""
        return self._next(moment, partial(self.order_sessions, night=night))

    def decision_sessions(self, day: date, *, night: bool = False) -> Sequence[Session]:
        """Return the sessions of a trading day in which strategies are evaluated; none on a day without trading.

        Parameters
        ----------
        night
            Whether the account trades in the night and curb sessions: then its strategies are evaluated in them.
        """
        if self._spec is not None and (night or self._spec.decisions == "own"):
            return self.sessions(day)
        regular = self._calendar.session(day)
        return () if regular is None else (regular,)

    def next_decision_session(self, moment: datetime, *, night: bool = False) -> Session:
        """Return the session in which strategies are evaluated at `moment`, or else the next one."""
        return self._next(moment, partial(self.decision_sessions, night=night))

    def decides(self, moment: datetime, *, night: bool = False) -> bool:
        """Return whether strategies are evaluated at `moment`: from an opening, until before the close."""
        return self._runs(moment, partial(self.decision_sessions, night=night))

    def is_calculated(self, moment: datetime) -> bool:
        """Return whether the underlying has a price of its own at `moment`: an index has none at night."""
        return self._spec is None or self._spec.decisions == "own" or self._runs(moment, self.decision_sessions)

    def _runs(self, moment: datetime, sessions_of: Callable[[date], Sequence[Session]]) -> bool:
        return self._running(moment, sessions_of) is not None

    def _running(self, moment: datetime, sessions_of: Callable[[date], Sequence[Session]]) -> Session | None:
        day = self.local_day(moment)
        for candidate in (day, day + DAY):
            for session in sessions_of(candidate):
                if session[0] <= moment < session[1]:
                    return session
        return None

    def _next(self, moment: datetime, sessions_of: Callable[[date], Sequence[Session]]) -> Session:
        day = self.local_day(moment)
        while True:
            for session in sessions_of(day):
                if moment < session[1]:
                    return session
            day = self._calendar.next_trading_day(day)

    def next_change(self, moment: datetime) -> datetime:
        """Return the first opening or close after `moment`."""
        return min(boundary for session in self._from(moment) for boundary in session if boundary > moment)

    def day_ends_at(self, moment: datetime) -> datetime:
        """Return when the trading day of `moment` ends, or the next one between two: day orders expire then."""
        day = self.local_day(moment)
        while True:
            sessions = self.sessions(day)
            if sessions and sessions[-1][1] > moment:
                return sessions[-1][1]
            day = self._calendar.next_trading_day(day)

    def _from(self, moment: datetime) -> list[Session]:
        """Return the sessions of the days around a moment, at least one of which has not ended."""
        day = self.local_day(moment)
        result: list[Session] = []
        while not any(close > moment for _, close in result):
            result.extend(self.sessions(day))
            day = self._calendar.next_trading_day(day)
        return [*result, *self.sessions(day)]

    def _sessions(self, day: date) -> list[Session]:
        regular = self._calendar.session(day)
        if regular is None:
            return []
        if self._spec is None:
            return [regular]
        shortened = regular[1].astimezone(NEW_YORK).time() < CLOSE
        last = _at(day, self._spec.short)
        result: list[Session] = []
        for text in self._spec.sessions:
            opening, close = (_at(day, part) for part in text)
            if shortened:
                close = min(close, last)
            if opening < close:
                result.append((opening, close))
        return result


def _at(day: date, text: str) -> datetime:
    """Return a time of day in New York as an instant; see `HoursSpec`."""
    on = day - DAY if text.startswith(DAY_BEFORE) else day
    return datetime.combine(on, time.fromisoformat(text.removeprefix(DAY_BEFORE)), NEW_YORK).astimezone(UTC)


@lru_cache(maxsize=512)
def trading_hours(symbol: str, calendar: ExchangeCalendar | None = None) -> TradingHours:
    """Return when the options on an underlying trade at their exchange, by its symbol."""
    specs = contract_specs()
    return TradingHours(calendar or us_options_calendar(), specs.hours[specs.underlying(symbol).hours])


def trading_hours_of_class(root: str) -> TradingHours:
    """Return when the options of a trading class trade at their exchange."""
    return trading_hours(option_class(root).underlying)
