"""Quote book: the latest quote of every contract on one underlying, and the time of each price's last change.

Providers write; all other code reads views. A view costs no copy: it shares the book's arrays, which are copied at
the next write (copy on write). A provider that computes its quotes may do so lazily: `defer` marks the book as changed,
and the next view calls the provider's refresh function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mesolive.clock import Clock
from mesolive.market.chain_view import BookView
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.columns import TIMES, ColumnPart, Columns, Price
from mesolive.market.dividends import DividendSchedule
from mesolive.market.forward_curve import CurveCache, ForwardCurve
from mesolive.market.history import DailySeries
from mesolive.market.lazy_quotes import SIDES, KnownQuotes, LazyColumns, Publication, QuoteFunction
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, to_micros
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import TradingHours
from mesolive.market.underlying_prices import UnderlyingPrices, finite, quote_of
from mesolive.market.view import FloatArray, Quote, TradingCalendar, UnderlyingSnapshot
from mesolive.records import replace

Indices: TypeAlias = "int | npt.NDArray[np.intp] | slice"
Values: TypeAlias = "float | FloatArray"

# A view's analytics depend on the time to expiry: a view is handed out again for this long when no quote changed.
FRESH: Final = timedelta(seconds=1)
# Time without an update after which quotes count as stale.
MUTE_AFTER: Final = timedelta(seconds=60)
# How often in a session the underlying's price is noted, and in its last half hour its implied volatility.
NOTED_EVERY: Final = timedelta(minutes=5)
# How often before that: the volatility of a day is read from the next day on, and costs a fit of the chain.
VOLATILITY_EVERY: Final = timedelta(minutes=30)


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
    hours
        When the options trade and their quotes move; by default the sessions of `calendar`.
    mute_after
        Time without an update after which the quotes count as stale.

    Attributes
    ----------
    changes
        Signals every change of a quote or of the underlying.
    history_changes
        Signals every change of the daily history.
    hours
        When the options trade.
    last_received_at
        Market time of the provider's last update or heartbeat: it separates a quiet market from a dead connection.
    pull
        Optional provider callback, called with the time before a view is taken, to publish pending changes.
    """

    def __init__(
        self,
        listing: Listing,
        clock: Clock,
        calendar: TradingCalendar,
        *,
        hours: TradingHours | None = None,
        mute_after: timedelta = MUTE_AFTER,
    ) -> None:
        self.changes = ChangeSignal()
        self.history_changes = ChangeSignal()
        self.last_received_at: datetime | None = None
        self._history = DailySeries()
        self.pull: Callable[[datetime], None] | None = None
        self._mute_after = mute_after
        self._listing = listing
        self._clock = clock
        self._calendar = calendar
        self.hours = TradingHours(calendar) if hours is None else hours
        self._columns = Columns.empty(len(listing))
        self._handed_out = False
        self._publication: Publication | None = None
        self._keeper = CurveCache()
        self._underlying = UnderlyingSnapshot(listing.underlying, Quote())
        self._prices = UnderlyingPrices()
        self._view: BookView | None = None
        self._deferred: Callable[[], None] | None = None
        self._refreshing = False
        self._noted_at: datetime | None = None
        self._volatility_noted_at: datetime | None = None

    @property
    def listing(self) -> Listing:
        """The contracts, in the order of the arrays."""
        return self._listing

    @property
    def clock(self) -> Clock:
        """The market's time."""
        return self._clock

    @property
    def calendar(self) -> TradingCalendar:
        """The sessions of the exchange."""
        return self._calendar

    @property
    def prices(self) -> UnderlyingPrices:
        """The latest prices of the underlying."""
        return self._prices

    @property
    def history(self) -> DailySeries:
        """The underlying's daily closes and implied volatilities."""
        return self._history

    @history.setter
    def history(self, series: DailySeries) -> None:
        self._history = series
        self._view = None
        self.history_changes.bump()

    @property
    def mute_after(self) -> timedelta:
        """Time without an update after which the quotes count as stale."""
        return self._mute_after

    @property
    def spot(self) -> float | None:
        """The underlying's mark."""
        return self._underlying.quote.mark

    @property
    def dividends(self) -> DividendSchedule:
        """The cash dividends of the underlying that are known: American options are priced with them."""
        return self._keeper.dividends

    @dividends.setter
    def dividends(self, schedule: DividendSchedule) -> None:
        self._keeper.dividends = schedule
        self._view = None

    def hold_curve(self, curve: ForwardCurve) -> None:
        """Price the views from these forwards, until others come or the listing changes."""
        self._keeper.hold(curve)

    @property
    def version(self) -> int:
        """How many changes there were."""
        return self.changes.version

    @property
    def stale(self) -> bool:
        """Whether the last update is older than `mute_after`, even if the provider reports a connection."""
        return self.last_received_at is None or self._clock.now() - self.last_received_at > self._mute_after

    def mark_received(self, at: datetime) -> None:
        """Record a heartbeat of the provider without a price change."""
        self.last_received_at = at

    def defer(self, at: datetime, refresh: Callable[[], None]) -> None:
        """Mark prices as changed at `at`; the next read calls `refresh`, which writes them.

        A second call before that read replaces the first: only the latest prices count.
        """
        self.last_received_at = at
        self._deferred = refresh
        self._changed()

    def update(
        self,
        at: datetime,
        indices: Indices,
        prices: Mapping[Price, Values],
        quality: QuoteQuality = QuoteQuality.LIVE,
    ) -> bool:
        """Take new values for some contracts.

        Parameters
        ----------
        at
            When the values became true.
        indices
            Which contracts: an index, an array of different indices, or a slice.
        prices
            New values by field, one per contract; NaN means no such price, and an infinite value is taken
            as NaN: it is not a quote. Fields that are not named stay.
        quality
            What the provider said of these quotes: of this request, not of what was asked for.

        Returns
        -------
        bool
            Whether anything changed. A value that arrives again is not a change and keeps its time.
        """
        self._refresh()
        self._compute_published()
        self.last_received_at = at
        micros = to_micros(at)
        changed = self._grade(indices, quality, NEVER)
        if isinstance(indices, int):
            changed = self._update_one(micros, indices, prices) or changed
            if changed:
                self._changed()
            return changed
        for field, given in prices.items():
            values = np.where(np.isinf(given), np.nan, given) if np.isinf(given).any() else given
            current = self._columns.values[field][indices]
            different = _differs(current, values)
            if not np.any(different):
                continue
            columns = self._writable()
            columns.values[field][indices] = values
            timed = TIMES.get(field)
            if timed is not None:
                times = columns.times[timed]
                times[indices] = np.where(different, np.where(np.isnan(values), NEVER, micros), times[indices])
            changed = True
        if changed:
            self._changed()
        return changed

    def replicate(self, at: datetime, indices: npt.NDArray[np.intp], part: ColumnPart) -> None:
        """Take quotes of another book of the same listing as they are there, with the times of their changes.

        Parameters
        ----------
        at
            When that book's provider was heard last.
        """
        self._refresh()
        self._compute_published()
        self.last_received_at = at
        if len(indices):
            self._writable().put(indices, part)
            self._changed()

    def replicate_underlying(self, state: UnderlyingSnapshot, prices: UnderlyingPrices) -> None:
        """Take the underlying of another book as it is there."""
        self._refresh()
        self._prices = prices
        if state != self._underlying:
            self._underlying = state
            self._changed()

    def publish(
        self, at: datetime, first: int, compute: QuoteFunction, quality: QuoteQuality = QuoteQuality.LIVE
    ) -> None:
        """Take new bids and offers of all contracts that are computed when they are read; see `lazy_quotes`.

        Parameters
        ----------
        at
            When they became true.
        first
            Position of the first expiration that is quoted.
        compute
            Prices expirations; called from any thread, also when later quotes were published.
        quality
            What the provider says of them.
        """
        self._refresh()
        self.last_received_at = at
        if first < len(self._listing.expirations):
            self._grade(slice(self._listing.bounds[first][0], None), quality, NEVER)
        before = self._publication
        known = KnownQuotes(self._columns, len(self._listing.expirations)) if before is None else before.known
        number = 1 if before is None else before.number + 1
        self._publication = Publication(known, number, at, first, compute)
        self._changed()

    def grade(self, at: datetime, indices: Indices, quality: QuoteQuality) -> bool:
        """Take another quality for quotes whose prices stay; return whether any of them had a different one.

        A quote that was released stays released.
        """
        self._refresh()
        self.last_received_at = at
        changed = self._grade(indices, quality, None)
        if changed:
            self._changed()
        return changed

    def release(self, at: datetime, indices: Indices) -> None:
        """Keep the quotes of contracts that the provider updates no longer: from `at` on they grow old one by one."""
        self._refresh()
        if np.any(self._columns.released[indices] == NEVER):
            columns = self._writable()
            given = columns.released[indices]
            columns.released[indices] = np.where(given == NEVER, to_micros(at), given)
            self._changed()

    def _grade(self, indices: Indices, quality: QuoteQuality, released: int | None) -> bool:
        """Write the quality, and when the contracts were released (`None`: as it was); return whether one changed."""
        quality_array, released_array = self._columns.quality, self._columns.released
        if isinstance(indices, int):  # ticks come one by one, and array operations on one element are slow
            graded = quality_array.item(indices) != quality
            is_same = released is None or released_array.item(indices) == released
        else:
            graded = bool((quality_array[indices] != quality).any())
            is_same = released is None or not (released_array[indices] != released).any()
        if graded:
            self._writable().quality[indices] = quality
        if released is not None and not is_same:
            self._writable().released[indices] = released
        return graded or not is_same

    def _update_one(self, micros: int, index: int, prices: Mapping[Price, Values]) -> bool:
        """Take new values for one contract: ticks come one by one, and array operations on one element are slow."""
        changed = False
        for field, given in prices.items():
            value = float(given)
            if value - value != 0.0:
                value = math.nan  # infinite, or absent already
            current = self._columns.values[field].item(index)
            if value == current or (value != value and current != current):  # noqa: PLR0124 - NaN is what differs from itself
                continue
            columns = self._writable()
            columns.values[field][index] = value
            timed = TIMES.get(field)
            if timed is not None:
                columns.times[timed][index] = NEVER if value != value else micros  # noqa: PLR0124 - as above
            changed = True
        return changed

    def set_underlying(self, at: datetime, prices: UnderlyingPrices, quality: QuoteQuality = QuoteQuality.LIVE) -> bool:
        """Take the underlying's prices and what the provider said of them; return whether any of them changed."""
        self._refresh()
        self.last_received_at = at
        prices = finite(prices)
        self._prices = prices
        old = self._underlying
        quote = replace(quote_of(prices, old.quote, at, is_index=self._listing.underlying.is_index), quality=quality)
        state = replace(old, quote=quote, today_open=prices.today_open, previous_close=prices.previous_close)
        if state == old:
            return False
        self._underlying = state
        self._changed()
        return True

    def relist(self, listing: Listing) -> None:
        """Replace the contracts; those that stay keep their quotes, new ones start without."""
        self._refresh()
        self._compute_published()
        columns = Columns.empty(len(listing))
        for expiration, (start, middle, end) in zip(self._listing.expirations, self._listing.bounds, strict=True):
            position = listing.position(expiration.root, expiration.day)
            if position is None:
                continue
            new_start, new_middle, new_end = listing.bounds[position]
            columns.take_over(self._columns, self._listing, (start, middle), listing, (new_start, new_middle))
            columns.take_over(self._columns, self._listing, (middle, end), listing, (new_middle, new_end))
        self._listing = listing
        self._columns = columns
        self._handed_out = False
        self._changed()

    def values(self, field: Price) -> FloatArray:
        """Return a copy of one field of all contracts, for providers that compute increments."""
        self._refresh()
        self._compute_published()
        return self._columns.values[field].copy()

    def note_volatility(self, now: datetime) -> None:
        """Keep the underlying's price and implied volatility as those of the day; called at each step of a provider.

        The price is noted every five minutes of the session; so is the volatility in its last half hour, whose last
        one stays, and every thirty minutes before.
        """
        if _within(self._noted_at, now, NOTED_EVERY):
            return
        day = self._calendar.local(now).date()
        session = self._calendar.session(day)
        if session is None or not session[0] <= now < session[1]:
            return
        self._noted_at = now
        state, volatility = self.view().underlying, None
        if session[1] - now <= VOLATILITY_EVERY or not _within(self._volatility_noted_at, now, VOLATILITY_EVERY):
            volatility = state.iv
            self._volatility_noted_at = None if volatility is None else now
        if volatility is not None or state.quote.mark is not None:
            self.history = self.history.record(day, iv=volatility, last=state.quote.mark)

    def view(self) -> BookView:
        """Return the market at this moment. The same view comes again until a price changes or a second has gone by."""
        now = self._clock.now()
        if self.pull is not None:
            self.pull(now)
        self._refresh()
        view = self._view
        if view is not None and view.serves(now, FRESH):
            return view
        self._columns.freeze()
        self._handed_out = True
        self._view = BookView(
            now=now,
            version=self.version,
            stale=self.stale,
            last_received_at=self.last_received_at,
            listing=self._listing,
            columns=self._view_columns(),
            state=self._underlying,
            history=self.history,
            calendar=self._calendar,
            hours=self.hours,
            keeper=self._keeper,
        )
        return self._view

    def _view_columns(self) -> Columns:
        publication = self._publication
        return self._columns if publication is None else LazyColumns(self._columns, self._listing, publication)

    def _compute_published(self) -> None:
        """Compute the published quotes of the whole chain: what is written next changes single ones of them."""
        if self._publication is None:
            return
        computed = self._view_columns()
        values, times = computed.values, computed.times
        self._publication = None
        columns = self._writable()
        for side in SIDES:
            columns.values[side] = values[side].copy()
            columns.times[side] = times[side].copy()

    def _refresh(self) -> None:
        """Run the deferred refresh; `defer` has already notified the readers."""
        if self._deferred is None or self._refreshing:
            return
        refresh, self._deferred = self._deferred, None
        self._refreshing = True
        try:
            refresh()
        finally:
            self._refreshing = False

    def _writable(self) -> Columns:
        if self._handed_out:
            self._columns = self._columns.copy()
            self._handed_out = False
        return self._columns

    def _changed(self) -> None:
        self._view = None
        if not self._refreshing:
            self.changes.bump()


def _within(noted: datetime | None, now: datetime, span: timedelta) -> bool:
    """Return whether less than a span has gone by since a moment; time that went back has gone by."""
    return noted is not None and timedelta(0) <= now - noted < span


def _differs(old: Values, new: Values) -> npt.NDArray[np.bool_] | np.bool_:
    """Where two arrays differ; NaN is equal to NaN."""
    both_absent = np.isnan(old) & np.isnan(new)
    return np.not_equal(old, new) & ~both_absent
