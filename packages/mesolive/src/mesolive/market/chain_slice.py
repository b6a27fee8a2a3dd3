"""Slices of an option chain view, and the snapshot of the book that a view and its slices share.

A view keeps its slices, and slices outlive their view where they are referred to. So a slice refers to the snapshot and
never to the view: without a cycle of references the columns of a view, 100 KB each, are freed with its last reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

import numpy as np

from mesolive.market.analytics import ChainAnalytics, ExpirationAnalytics
from mesolive.market.columns import Columns, Price, QualityArray
from mesolive.market.contracts import Expiration, OptionContract, Right
from mesolive.market.dividends import DividendSchedule
from mesolive.market.forward_curve import CurveCache
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, from_micros
from mesolive.market.quality import QuoteQuality
from mesolive.market.view import FloatArray, Quote, TradingCalendar
from mesolive.pricing.black import Greeks


class ChainSnapshot:
    """The option chain of a book at one moment.

    Parameters
    ----------
    now
        The moment.
    spot
        The underlying's mark, or its last price; `None` without one.
    last_received_at
        Time of the provider's last update.
    listing, columns
        The contracts and their prices; never written to again.
    calendar
        The sessions of the exchange.
    keeper
        Where the book keeps its forward curve between views.
    """

    def __init__(
        self,
        *,
        now: datetime,
        spot: float | None,
        last_received_at: datetime | None,
        listing: Listing,
        columns: Columns,
        calendar: TradingCalendar,
        keeper: CurveCache,
    ) -> None:
        self.now = now
        self.last_received_at = last_received_at
        self.listing = listing
        self.columns = columns
        self.calendar = calendar
        self.first_alive = listing.first_alive(now)
        self._spot = spot
        self._keeper = keeper

    @cached_property
    def analytics(self) -> ChainAnalytics:
        """Forwards, volatilities and greeks."""
        return ChainAnalytics(
            now=self.now,
            spot=self._spot,
            listing=self.listing,
            columns=self.columns,
            calendar=self.calendar,
            first_alive=self.first_alive,
            keeper=self._keeper,
        )

    @property
    def dividends(self) -> DividendSchedule:
        """The cash dividends of the underlying that are known."""
        return self._keeper.dividends

    @property
    def expirations(self) -> Sequence[Expiration]:
        """All expirations that still trade, by settlement instant, then root."""
        return self.listing.expirations[self.first_alive :]

    def slice(self, root: str, day: date, right: Right) -> BookSlice | None:
        """Return the contracts of one root, expiration day and right, or `None` when none is listed."""
        position = self.listing.position(root, day)
        if position is None or position < self.first_alive or self.listing.span(root, day, right) is None:
            return None
        return BookSlice(self, position, right)

    def quoted_at(self, index: int) -> datetime | None:
        """Return until when the provider has updated the contract at `index` of the listing; `None` if it never did."""
        released = int(self.columns.released[index])
        return self.last_received_at if released == NEVER else from_micros(released)


class BookSlice:
    """The contracts of one expiration, root and right; implements `mesolive.market.view.ChainSlice`."""

    def __init__(self, snapshot: ChainSnapshot, position: int, right: Right) -> None:
        start, middle, end = snapshot.listing.bounds[position]
        self._snapshot = snapshot
        self._right = right
        self._span = (start, middle) if right is Right.CALL else (middle, end)
        # Where the slice lies within its expiration's analytics, which hold calls and puts together.
        self._own = slice(self._span[0] - start, self._span[1] - start)
        self._position = position
        self._quoted: dict[Price, FloatArray] = {}
        self.expiration: Expiration = snapshot.listing.expirations[position]

    @property
    def start(self) -> int:
        """The index of its first contract in the listing."""
        return self._span[0]

    @property
    def right(self) -> Right:
        """Calls or puts."""
        return self._right

    @property
    def strikes(self) -> FloatArray:
        """Strikes, ascending."""
        return self._snapshot.listing.strikes[slice(*self._span)]

    @property
    def bid(self) -> FloatArray:
        """Bids as quoted; 0 where there is no buyer, NaN where there is no quote."""
        return self._prices("bid")

    @property
    def ask(self) -> FloatArray:
        """Offers as quoted; NaN where there is none."""
        return self._prices("ask")

    @property
    def last(self) -> FloatArray:
        """Prices of the last trades."""
        return self._prices("last")

    @property
    def bid_size(self) -> FloatArray:
        """Bid sizes, in contracts."""
        return self._prices("bid_size")

    @property
    def ask_size(self) -> FloatArray:
        """Ask sizes, in contracts."""
        return self._prices("ask_size")

    @property
    def quality(self) -> QualityArray:
        """The quality of each quote, as numbers of `QuoteQuality`."""
        return self._snapshot.columns.quality[slice(*self._span)]

    @property
    def mark(self) -> FloatArray:
        """The provider's marks, else the middle of a sound market, else the model's value."""
        return self._mark

    @property
    def iv(self) -> FloatArray:
        """Implied volatilities of the marks as fractions; NaN where only the model gives a mark."""
        return self._iv

    @property
    def delta(self) -> FloatArray:
        """Change per 1.00 of the underlying, a fraction."""
        return self._greeks.delta

    @property
    def gamma(self) -> FloatArray:
        """Change of delta per 1.00 of the underlying."""
        return self._greeks.gamma

    @property
    def theta(self) -> FloatArray:
        """Change per calendar day."""
        return self._greeks.theta

    @property
    def vega(self) -> FloatArray:
        """Change per volatility point."""
        return self._greeks.vega

    @property
    def rho(self) -> FloatArray:
        """Change per 1.00 of rate."""
        return self._greeks.rho

    def contract(self, index: int) -> OptionContract:
        """Return the contract at `index`."""
        return self._snapshot.listing.contract(self._absolute(index))

    def index_of(self, strike: Decimal) -> int | None:
        """Return the index of `strike`, or `None` when it is not listed."""
        result = self._snapshot.listing.find_strike(self._span, strike)
        return None if result is None else result - self._span[0]

    def quote(self, index: int) -> Quote:
        """Return the quote at `index` with its times."""
        at = self._absolute(index)
        values, times = self._columns.values, self._columns.times
        mark = float(self.mark[index])
        given = not np.isnan(values["mark"][at])
        # A mark that was computed is as old as the younger side of the market that it was computed from.
        mark_time = int(times["mark"][at]) if given else max(int(times["bid"][at]), int(times["ask"][at]))
        return Quote(
            bid=_value(values["bid"][at]),
            ask=_value(values["ask"][at]),
            last=_value(values["last"][at]),
            mark=_value(mark),
            bid_time=from_micros(times["bid"][at]),
            ask_time=from_micros(times["ask"][at]),
            last_time=from_micros(times["last"][at]),
            mark_time=None if np.isnan(mark) else from_micros(mark_time) or self._snapshot.now,
            quality=QuoteQuality(int(self._snapshot.columns.quality[at])),
            quoted_at=self._snapshot.quoted_at(at),
        )

    def top_of_book(self, index: int) -> tuple[float, float, float, float, int]:
        """Return bid, ask, bid size, ask size and the number of the quality of the quote at `index`.

        For a few contracts: the columns above cost a slice each.
        """
        at = self._absolute(index)
        columns = self._columns
        values = columns.values
        return (
            float(values["bid"][at]),
            float(values["ask"][at]),
            float(values["bid_size"][at]),
            float(values["ask_size"][at]),
            int(columns.quality[at]),
        )

    def years(self) -> float:
        """Return the time to settlement in years as the pricing model counts it (business time)."""
        return self._analytics.years

    # Statements read single elements, thousands of times on one view: each array is cut out once. A cached property
    # does not pass for a property of a protocol.
    @cached_property
    def _mark(self) -> FloatArray:
        return self._analytics.mark[self._own]

    @cached_property
    def _iv(self) -> FloatArray:
        return self._analytics.iv[self._own]

    @cached_property
    def _greeks(self) -> Greeks:
        return Greeks(*(array[self._own] for array in self._analytics.greeks))

    def _prices(self, field: Price) -> FloatArray:
        prices = self._quoted.get(field)
        if prices is None:
            prices = self._quoted[field] = self._columns.values[field][slice(*self._span)]
            prices.flags.writeable = False
        return prices

    @property
    def _columns(self) -> Columns:
        """The columns of the view, with this expiration's quotes computed."""
        return self._snapshot.columns.of((self._position,))

    @property
    def _analytics(self) -> ExpirationAnalytics:
        return self._snapshot.analytics.expiration(self._position)

    def _absolute(self, index: int) -> int:
        length = self._span[1] - self._span[0]
        if not 0 <= index < length:
            raise IndexError(f"the slice holds {length} contracts, there is none at {index}")
        return self._span[0] + index


def _value(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
