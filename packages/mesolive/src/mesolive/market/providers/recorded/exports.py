"""Recorded series of option chain snapshots, over one day or many; each is valid until the next one."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.history import DailySeries
from mesolive.market.moments import to_micros
from mesolive.market.providers.chain_files import ChainExport, merged
from mesolive.market.providers.recorded.recording import RecordingError
from mesolive.market.underlying_prices import UnderlyingPrices

MIN_SILENCE: Final = timedelta(minutes=5)
MAX_SILENCE: Final = timedelta(minutes=65)
"""Chains that come hourly are a market; what is older is none."""

SLACK: Final = timedelta(minutes=1)
"""How late the next chain of a series may be."""

AT_OPENING: Final = timedelta(minutes=5)
"""A chain within this time of the opening shows the opening price."""

BEFORE_CLOSE: Final = timedelta(minutes=5)
"""Where the one chain of a day is placed when it was taken at the close or behind it."""

LAST_HOUR: Final = timedelta(hours=1)


class ExportRecording:
    """A series of option chains: each is the market until the next one.

    The close of a day is the previous close in the next chain, else the last price of that day; the opening is the
    first price of the day.

    Parameters
    ----------
    exports
        At least one, of one underlying, in any order.
    calendar
        The exchange's sessions.
    into_session
        Whether a series with one chain a day, taken in the last hour of the session or after it, counts as that day's
        market five minutes before the close: so that something can be traded on it.

    Attributes
    ----------
    end_of_day
        Whether the chains were placed so.

    Raises
    ------
    RecordingError
        When there is none, or they are of different underlyings or of one time.
    """

    def __init__(
        self, exports: Iterable[ChainExport], calendar: ExchangeCalendar | None = None, *, into_session: bool = False
    ) -> None:
        self._exports = sorted(exports, key=lambda export: export.exported_at)
        if not self._exports:
            raise RecordingError("there is no chain export to replay")
        first = self._exports[0]
        if any(export.listing.underlying != first.listing.underlying for export in self._exports):
            raise RecordingError("the chain exports are of different underlyings")
        self._calendar = calendar or us_options_calendar()
        times = [export.exported_at for export in self._exports]
        if any(before == after for before, after in pairwise(times)):
            raise RecordingError("two chain exports are of the same time")
        placed = self._into_session(times) if into_session else None
        self.end_of_day = placed is not None
        self._times = times if placed is None else placed
        self.listing = first.listing
        self.begins_at = self._times[0]
        self.history = DailySeries()
        self.moments = np.array([to_micros(at) for at in self._times], dtype=np.int64)
        self.silence = self._silence()

    @property
    def days(self) -> Sequence[date]:
        """The exchange-local dates of the chains."""
        return sorted({self._calendar.local(at).date() for at in self._times})

    @property
    def has_underlying(self) -> bool:
        """True: every chain has the underlying's price, or implies it."""
        return True

    @property
    def notes(self) -> Sequence[str]:
        """Anomalies in the chains, a line for each kind."""
        return [str(oddity) for oddity in merged(oddity for export in self._exports for oddity in export.oddities)]

    def apply(self, book: QuoteBook, micros: int) -> None:
        """Write the chain of that time into the book."""
        place = bisect.bisect_left(self.moments.tolist(), micros)
        export, at = self._exports[place], self._times[place]
        day = self._calendar.local(at).date()
        if place:
            self._close_before(book, place, day)
        if book.listing is not export.listing:
            book.relist(export.listing)
        book.update(at, slice(None), {"bid": export.bid, "ask": export.ask, "last": export.last})
        change = export.underlying_change
        book.set_underlying(
            at,
            UnderlyingPrices(
                bid=export.underlying_bid,
                ask=export.underlying_ask,
                last=export.underlying_last,
                today_open=self._opening(book, export, at, day),
                previous_close=(
                    book.history.previous_close(day) if change is None else round(export.underlying_last - change, 4)
                ),
            ),
        )
        session = self._calendar.session(day)
        if session is not None and at >= session[1] and not book.history.closed(day):
            book.history = book.history.record(day, close=export.underlying_last)

    def _close_before(self, book: QuoteBook, place: int, day: date) -> None:
        """Record the close of the recorded day before, once a chain of a later day is there."""
        before = self._exports[place - 1]
        last_day = self._calendar.local(self._times[place - 1]).date()
        if last_day == day:
            return
        export = self._exports[place]
        change = export.underlying_change
        previous = self._calendar.previous_trading_day(day)
        if change is not None:
            book.history = book.history.record(previous, close=round(export.underlying_last - change, 4))
        if not book.history.closed(last_day):
            book.history = book.history.record(last_day, close=before.underlying_last)

    def _opening(self, book: QuoteBook, export: ChainExport, at: datetime, day: date) -> float | None:
        session = self._calendar.session(day)
        if session is None or at < session[0]:
            return None
        known = book.history.of_day(day)
        if known is None or known.open is None:
            book.history = book.history.record(day, opening=export.underlying_last)
            return export.underlying_last if at - session[0] <= AT_OPENING else None
        return book.prices.today_open

    def _into_session(self, times: Sequence[datetime]) -> list[datetime] | None:
        """Return the times of an end-of-day series within its sessions; `None` when it is none."""
        days = [self._calendar.local(at).date() for at in times]
        if len(set(days)) < len(days):
            return None
        placed: list[datetime] = []
        for at, day in zip(times, days, strict=True):
            session = self._calendar.session(day)
            if session is None or at < session[1] - LAST_HOUR:
                return None
            placed.append(session[1] - BEFORE_CLOSE)
        return placed

    def _silence(self) -> timedelta:
        """Return for how long a chain counts: until the next one of the day is overdue."""
        same_day = [
            after - before
            for before, after in pairwise(self._times)
            if self._calendar.local(before).date() == self._calendar.local(after).date()
        ]
        usual = sorted(same_day)[len(same_day) // 2] + SLACK if same_day else MIN_SILENCE
        return min(max(usual, MIN_SILENCE), MAX_SILENCE)
