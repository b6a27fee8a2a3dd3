"""The underlying's prices as a provider gives them, and the quote that they make."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import datetime

from mesolive.market.columns import sound
from mesolive.market.view import Quote
from mesolive.records import replace


@dataclass(frozen=True, slots=True)
class UnderlyingPrices:
    """The underlying's prices from a provider; `None` is no value."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    mark: float | None = None
    today_open: float | None = None
    previous_close: float | None = None


_PRICE_NAMES = tuple(field.name for field in fields(UnderlyingPrices))


def finite(prices: UnderlyingPrices) -> UnderlyingPrices:
    """Return the prices without those that are infinite or NaN: they are not quotes."""
    wrong = [name for name in _PRICE_NAMES if (value := getattr(prices, name)) is not None and not math.isfinite(value)]
    return replace(prices, **dict.fromkeys(wrong)) if wrong else prices


def quote_of(prices: UnderlyingPrices, old: Quote, at: datetime, *, is_index: bool) -> Quote:
    """Return the quote that prices make; a price that is the one of before has its time.

    Parameters
    ----------
    prices
        Finite prices.
    old
        The quote before.
    at
        When the prices were valid.
    is_index
        Whether bid and ask are sums over an index's members, which are no market: the mark is then the last price.
    """
    mark = prices.mark
    if mark is None and is_index:
        mark = prices.last
    if mark is None and prices.bid is not None and prices.ask is not None and sound(prices.bid, prices.ask):
        mark = round(0.5 * (prices.bid + prices.ask), 6)
    if mark is None:
        mark = prices.last

    def changed(new: float | None, previous: float | None, time: datetime | None) -> datetime | None:
        if new is None:
            return None
        return time if new == previous and time is not None else at

    return Quote(
        bid=prices.bid,
        ask=prices.ask,
        last=prices.last,
        mark=mark,
        bid_time=changed(prices.bid, old.bid, old.bid_time),
        ask_time=changed(prices.ask, old.ask, old.ask_time),
        last_time=changed(prices.last, old.last, old.last_time),
        mark_time=changed(mark, old.mark, old.mark_time),
    )
