"""Settlement prices from IB's ticks: when a day's close is final, and what contracts of a day settle at.

IB publishes no settlement values. The close of an index is its last value a quarter of an hour after the end of the
session: until then the prices of the last constituents come in. IB's own close (tick 9) is that of the day before once
the next session has begun, and corrects it. Classes of the AM settle at a value of their own (SPX: SET) that IB does
not quote: the opening of the index stands for it, and that is said.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from mesolive.connectors.ibkr.line_ticks import LineTicks
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar, settlement_of
from mesolive.market.contracts import OptionContract, Settlement
from mesolive.market.settlement import DECIMALS

INDEX_FINAL_AFTER: Final = timedelta(minutes=15)
"""After the end of the session: from then on the last value of an index is its close."""


def note_close(
    book: QuoteBook, ticks: LineTicks | None, before: datetime | None, now: datetime, *, is_index: bool
) -> None:
    """Record the close of the day when it is final, once.

    Parameters
    ----------
    is_index
        Whether the underlying is an index.
    before
        The moment of the call before this; `None` for none. Shares trade on after the session, so that their close is
        the last price as it ends, and not that of a later moment.
    """
    session = book.calendar.session(book.calendar.local(now).date())
    if session is None or ticks is None or book.stale or not ticks.last > 0:
        return
    due = session[1] + INDEX_FINAL_AFTER if is_index else session[1]
    if now < due or (not is_index and (before is None or before >= due)):
        return
    today = book.calendar.local(now).date()
    known = book.history.of_day(today)
    if known is None or known.close is None:
        book.history = book.history.record(today, close=ticks.last)


def note_previous_close(book: QuoteBook, close: float, now: datetime) -> None:
    """Take IB's close: it is that of the day before once a session has begun, and of an older day until then."""
    today = book.calendar.local(now).date()
    session = book.calendar.session(today)
    if session is None or now < session[0]:
        return
    day = book.calendar.previous_trading_day(today)
    known = book.history.of_day(day)
    if known is None or known.close != close:
        book.history = book.history.record(day, close=close)


def settled_at(
    book: QuoteBook, calendar: ExchangeCalendar, contract: OptionContract, settles_at: datetime
) -> Decimal | None:
    """Return the underlying's price that a contract settled at, or `None` while it is not final.

    The present price never stands for it: hours after the close it is another one.
    """
    day = book.history.of_day(calendar.local(settles_at).date())
    if day is None:
        return None
    price = day.open if settlement_of(contract.root) is Settlement.AM else day.close
    return None if price is None else Decimal(repr(round(price, DECIMALS)))
