"""Settlement price and value of expired options, from the underlying's price at the settlement instant."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar, settlement_of
from mesolive.market.contracts import OptionContract, Right, Settlement

DECIMALS: Final = 6
"""Decimal places of a settlement price: quotes have fewer, and floats carry noise behind them."""


def settlement_price(
    book: QuoteBook, calendar: ExchangeCalendar, contract: OptionContract, settles_at: datetime, now: datetime
) -> Decimal | None:
    """Return the underlying's price that a contract settles at, or `None` while it is not published.

    Contracts of AM-settled classes settle at the opening price of the day, all others at its close: those of the
    underlying's history where it has them, else what the market shows on that same day.

    Parameters
    ----------
    book
        The underlying's quotes and days.
    settles_at
        When the settlement value is taken; not after `now`.
    """
    day = calendar.local(settles_at).date()
    view = book.view()
    remembered = book.history.of_day(day)
    same_day = calendar.local(now).date() == day and not view.stale
    if settlement_of(contract.root) is Settlement.AM:
        result = None if remembered is None else remembered.open
        if result is None and same_day:
            result = view.underlying.today_open
    else:
        result = None if remembered is None else remembered.close
        if result is None and same_day:
            result = view.underlying.quote.mark
    return None if result is None else Decimal(repr(round(result, DECIMALS)))


def settlement_value(contract: OptionContract, price: Decimal) -> Decimal:
    """Return what an option is worth at its settlement, per unit of the underlying."""
    gain = price - contract.strike if contract.right is Right.CALL else contract.strike - price
    return max(gain, Decimal(0))
