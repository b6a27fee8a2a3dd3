"""The quote book: the latest quote of every contract on one underlying, and when each price last changed.

Providers write, everybody else reads views. Handing out a view costs no copy: the arrays in it are the book's own,
which are copied when the book is next written to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mesolive.clock import Clock
from mesolive.market.analytics import CurveKeeper
from mesolive.market.chain_view import BookView
from mesolive.market.changes import ChangeSignal
from mesolive.market.columns import PRICES, TIMES, Columns, Price, sound
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, to_micros
from mesolive.market.view import FloatArray, Quote, TradingCalendar, UnderlyingState

Indices: TypeAlias = "int | npt.NDArray[np.intp] | slice"
Values: TypeAlias = "float | FloatArray"
UnderlyingPrice = Literal["bid", "ask", "last", "mark"]

# A view's analytics depend on the time to expiry: a view is handed out again for this long when no quote changed.
FRESH: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class UnderlyingPrices:
    """What a provider says about the underlying; `None` is no value."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    mark: float | None = None
    today_open: float | None = None
    previous_close: float | None = None


class QuoteBook:
    """The latest quotes of one underlying and its options.

    Belongs to one event loop; the views that it hands out may be read anywhere.

    Parameters
    ----------
    listing
        The contracts.
    clock
        The market's time.
    calendar
        The sessions of the exchange.

    Attributes
    ----------
    changes
        Bumped at every change.
    heard_at
        When the provider last said anything, changed or not: what tells a quiet market from a dead one.
    """

    def __init__(self, listing: Listing, clock: Clock, calendar: TradingCalendar) -> None:
        self.changes = ChangeSignal()
        self.heard_at: datetime | None = None
        self._listing = listing
        self._clock = clock
        self._calendar = calendar
        self._columns = Columns.empty(len(listing))
        self._handed_out = False
        self._keeper = CurveKeeper()
        self._underlying = UnderlyingState(listing.underlying, Quote())
        self._view: BookView | None = None

    @property
    def listing(self) -> Listing:
        """The contracts, in the order of the arrays."""
        return self._listing

    @property
    def calendar(self) -> TradingCalendar:
        """The sessions of the exchange."""
        return self._calendar

    @property
    def version(self) -> int:
        """How many changes there were."""
        return self.changes.version

    def heard(self, at: datetime) -> None:
        """Note that the provider lives, though no price changed."""
        self.heard_at = at

    def update(self, at: datetime, indices: Indices, prices: Mapping[Price, Values]) -> bool:
        """Take new values for some contracts.

        Parameters
        ----------
        at
            When the values became true.
        indices
            Which contracts: an index, an index array or a slice.
        prices
            New values by field, one per contract; NaN says that there is no such price. Fields that are not named stay.

        Returns
        -------
        bool
            Whether anything changed. A value that arrives again is no change and keeps its time.
        """
        self.heard_at = at
        micros = to_micros(at)
        changed = False
        for field, values in prices.items():
            current = self._columns.values[field][indices]
            different = _differs(current, values)
            if not np.any(different):
                continue
            columns = self._writable()
            columns.values[field][indices] = values
            time_field = TIMES.get(field)
            if time_field is not None:
                times = columns.times[time_field]
                times[indices] = np.where(different, np.where(np.isnan(values), NEVER, micros), times[indices])
            changed = True
        if changed:
            self._changed()
        return changed

    def load(self, times: Mapping[Price, npt.NDArray[np.int64]]) -> None:
        """Set the change times of whole fields, for a provider that knows them better than "now"."""
        columns = self._writable()
        for field, values in times.items():
            columns.times[TIMES[field]][:] = values
        self._changed()

    def set_underlying(self, at: datetime, prices: UnderlyingPrices) -> bool:
        """Take the underlying's prices; return whether any of them changed."""
        self.heard_at = at
        old = self._underlying
        quote = _quote(old.quote, prices, at, is_index=self._listing.underlying.is_index)
        state = replace(old, quote=quote, today_open=prices.today_open, previous_close=prices.previous_close)
        if state == old:
            return False
        self._underlying = state
        self._changed()
        return True

    def set_volatilities(self, change: Callable[[UnderlyingState], UnderlyingState]) -> None:
        """Let `change` replace what is known of the underlying's volatility."""
        state = change(self._underlying)
        if state != self._underlying:
            self._underlying = state
            self._changed()

    def relist(self, listing: Listing) -> None:
        """Replace the contracts; those that stay keep their quotes, new ones start without."""
        columns = Columns.empty(len(listing))
        new_positions = {(e.root, e.day): p for p, e in enumerate(listing.expirations)}
        for expiration, (start, middle, end) in zip(self._listing.expirations, self._listing.bounds, strict=True):
            position = new_positions.get((expiration.root, expiration.day))
            if position is None:
                continue
            new_start, new_middle, new_end = listing.bounds[position]
            columns.take_over(self._columns, self._listing, (start, middle), listing, (new_start, new_middle))
            columns.take_over(self._columns, self._listing, (middle, end), listing, (new_middle, new_end))
        self._listing = listing
        self._columns = columns
        self._handed_out = False
        self._changed()

    def view(self) -> BookView:
        """Return the market at this moment. The same view is returned until a price changes or a second has gone by."""
        now = self._clock.now()
        view = self._view
        if view is not None and view.serves(now, FRESH):
            return view
        self._columns.freeze()
        self._handed_out = True
        self._view = BookView(
            now=now,
            version=self.version,
            heard_at=self.heard_at,
            listing=self._listing,
            columns=self._columns,
            state=self._underlying,
            calendar=self._calendar,
            keeper=self._keeper,
        )
        return self._view

    def _writable(self) -> Columns:
        if self._handed_out:
            self._columns = self._columns.copy()
            self._handed_out = False
        return self._columns

    def _changed(self) -> None:
        self._view = None
        self.changes.bump()


def _differs(old: Values, new: Values) -> npt.NDArray[np.bool_] | np.bool_:
    """Where two arrays differ; NaN is equal to NaN."""
    both_absent = np.isnan(old) & np.isnan(new)
    return (np.not_equal(old, new)) & ~both_absent


def _quote(old: Quote, prices: UnderlyingPrices, at: datetime, *, is_index: bool) -> Quote:
    mark = prices.mark
    if mark is None and is_index:
        mark = prices.last  # bid and ask of an index are summed over its members: not a market
    if mark is None and prices.bid is not None and prices.ask is not None and sound(prices.bid, prices.ask):
        mark = 0.5 * (prices.bid + prices.ask)
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


__all__ = ["FRESH", "PRICES", "QuoteBook", "UnderlyingPrices"]
