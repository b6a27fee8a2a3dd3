"""Opening and closing prices of underlyings: kept at the close, and corrected by the summary of the next day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import structlog

from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.tastytrade_client import number

_log = structlog.get_logger(__name__)

SUMMARY_FIELDS: Final = ("dayOpenPrice", "prevDayClosePrice", "dayId", "prevDayId")
CLOSE_AGE: Final = timedelta(seconds=60)
"""A price is that of a close when it was received so near to it."""
DAY_SECONDS: Final = 86400
MAX_DAY: Final = 100_000
"""A number of a day beyond it is none."""


class DailyPrices:
    """Keeps opening and close of each day in the histories of the books."""

    def __init__(self, calendar: ExchangeCalendar) -> None:
        self._calendar = calendar
        self._priced_at: dict[str, datetime] = {}

    def priced(self, symbol: str, at: datetime) -> None:
        """Note when an underlying had a price."""
        self._priced_at[symbol] = at

    def note(self, book: QuoteBook, now: datetime, summary: Sequence[object]) -> tuple[float | None, float | None]:
        """Take a summary (`SUMMARY_FIELDS`); return today's opening and the close before, where it has them.

        A summary that names its days corrects what was kept of them: the mark at the close is not the official price.
        One that names none only fills what is missing.
        """
        opened, closed = _price(summary[0]), _price(summary[1])
        day, before = _day(summary[2]), _day(summary[3])
        today = self._calendar.local(now).date()
        session = self._calendar.session(today)
        opened = opened if day in {None, today} else None
        if opened is not None and session is not None and now >= session[0]:
            book.history = book.history.record(today, opening=opened)
        last = self._calendar.previous_trading_day(today)
        if closed is not None:
            stated_for = before or last
            known = book.history.of_day(stated_for)
            stored = None if known is None else known.close
            if stored is None or (before is not None and before < today and stored != closed):
                book.history = book.history.record(stated_for, close=closed)
        known = book.history.of_day(last)
        return opened, None if known is None else known.close

    def keep_close(self, symbol: str, book: QuoteBook, close: datetime, *, is_delayed: bool) -> None:
        """Keep the price of a close that was received then; others come with the summary of the next day."""
        priced_at = self._priced_at.get(symbol)
        if priced_at is None or abs(priced_at - close) > CLOSE_AGE or is_delayed:
            _log.warning("close_not_stored", underlying=symbol, priced_at=priced_at, close=close)
        elif book.spot is not None:
            book.history = book.history.record(self._calendar.local(close).date(), close=book.spot)


def _price(value: object) -> float | None:
    result = number(value)
    return result if result > 0 else None


def _day(value: object) -> date | None:
    """Return a day that is stated as days since 1970; `None` for none."""
    result = number(value)
    return datetime.fromtimestamp(int(result) * DAY_SECONDS, UTC).date() if 0 < result < MAX_DAY else None
