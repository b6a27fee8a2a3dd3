"""Market data line of an underlying: always open, its prices and the days' opening and close in the book."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from mesolive.connectors.ibkr.data_codes import LineOutcome, line_outcome
from mesolive.connectors.ibkr.line_ticks import LineTicks
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.settlement_prices import note_previous_close
from mesolive.connectors.ibkr.subscription import Line
from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.market.book import QuoteBook
from mesolive.market.underlying_prices import UnderlyingPrices

SILENT_AFTER: Final = timedelta(seconds=30)
"""Without a tick for so long in trading hours the line is asked for again."""
REFUSED_FOR: Final = timedelta(minutes=1)


class UnderlyingLine:
    """The line of one underlying.

    Parameters
    ----------
    report
        Called with the outcome of an error and its code.
    news
        Set at each tick and error.
    """

    def __init__(
        self, book: QuoteBook, session: TwsSession, report: Callable[[LineOutcome, int], None], news: asyncio.Event
    ) -> None:
        self._news = news
        self.problem = ""
        self._book = book
        self._session = session
        self._report = report
        self._ticks: LineTicks | None = None
        self._handle: Line | None = None
        self._dirty = False
        self._contract: Contract | None = None
        self._since: datetime | None = None
        self._ticked_at: datetime | None = None
        self._wait_until: datetime | None = None
        self._now: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a subscription."""
        return self._handle is not None

    @property
    def ticks(self) -> LineTicks | None:
        """What the subscription says; `None` without one."""
        return self._ticks

    def follow(self, contract: Contract, now: datetime) -> None:
        """Open the line where there is none, unless it was refused a moment ago; again where it is silent.

        Of a future another contract follows when its month has ended: its line takes the place of the old one.
        """
        self._now = now
        if self._handle is not None and contract != self._contract:
            self.close()  # a future has ended, and the next one is quoted
            self._wait_until = None
        hours = self._book.hours  # an index is silent at night
        if self._handle is not None and self._since is not None and hours.is_open(now) and hours.is_calculated(now):
            since = self._since if self._ticked_at is None else max(self._ticked_at, self._since)
            if now - since >= SILENT_AFTER:
                self.close()
        if self._handle is not None or (self._wait_until is not None and now < self._wait_until):
            return
        self._ticks = LineTicks(self._changed, self._failed, self._lost)
        self._contract, self._since, self._ticked_at = contract, now, None
        self._handle = self._session.open_line(contract, self._ticks)

    def close(self) -> None:
        """Close the line."""
        handle, self._handle = self._handle, None
        self._ticks, self._dirty = None, False
        if handle is not None:
            handle.close()

    def flush(self, now: datetime) -> bool:
        """Write what has come since the last time into the book; return whether anything has."""
        ticks = self._ticks
        if not self._dirty or ticks is None:
            return False
        self._dirty = False
        ticks.take()
        self._ticked_at = now
        self.problem = ""
        prices = UnderlyingPrices(
            bid=_price(ticks.bid),
            ask=_price(ticks.ask),
            last=_price(ticks.last),
            today_open=_price(ticks.opening),
            previous_close=_price(ticks.close),
        )
        if prices != UnderlyingPrices():
            self._book.set_underlying(now, prices, ticks.quality)
            self._note_days(now, prices)
            self._book.note_volatility(now)
        return True

    def _note_days(self, now: datetime, prices: UnderlyingPrices) -> None:
        book, calendar = self._book, self._book.calendar
        today = calendar.local(now).date()
        session = calendar.session(today)
        if prices.today_open is not None and session is not None and now >= session[0]:
            known = book.history.of_day(today)
            if known is None or known.open != prices.today_open:
                book.history = book.history.record(today, opening=prices.today_open)
        if prices.previous_close is not None:
            note_previous_close(book, prices.previous_close, now)

    def _changed(self, _ticks: LineTicks) -> None:
        self._dirty = True
        self._news.set()

    def _lost(self, _ticks: LineTicks) -> None:
        self._handle = self._ticks = None
        self._dirty = False

    def _failed(self, _ticks: LineTicks, code: int, _text: str) -> None:
        outcome = line_outcome(code)
        if outcome is not LineOutcome.CONTINUES:
            self.close()
            if outcome is not LineOutcome.AGAIN and self._now is not None:
                self._wait_until = self._now + REFUSED_FOR
            symbol = self._book.listing.underlying.symbol
            if outcome is LineOutcome.NO_PERMISSION:
                self.problem = f"the login has no market data subscription for {symbol} ({code})"
            elif outcome in {LineOutcome.UNKNOWN, LineOutcome.DEAD, LineOutcome.NO_LINE}:
                self.problem = f"IB quotes no price of {symbol}: {outcome.value} ({code})"
        self._report(outcome, code)
        self._news.set()


def _price(value: float) -> float | None:
    return value if value > 0.0 else None
