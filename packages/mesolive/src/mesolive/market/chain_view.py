"""Option chain view of the quote book, with forwards, volatilities and greeks computed on first read."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np

from mesolive.market.analytics import ChainAnalytics, ExpirationAnalytics
from mesolive.market.atm_volatility import implied_at_the_money
from mesolive.market.columns import Columns, Price, QualityArray
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.forward_curve import CurveCache
from mesolive.market.history import DailySeries
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, from_micros
from mesolive.market.quality import QuoteQuality
from mesolive.market.view import FloatArray, Quote, TradingCalendar, UnderlyingSnapshot, UnderlyingState


class BookSlice:
    """The contracts of one expiration, root and right; implements `mesolive.market.view.ChainSlice`."""

    def __init__(self, view: BookView, position: int, right: Right) -> None:
        start, middle, end = view.listing.bounds[position]
        self._view = view
        self._right = right
        self._span = (start, middle) if right is Right.CALL else (middle, end)
        # Where the slice lies within its expiration's analytics, which hold calls and puts together.
        self._own = slice(self._span[0] - start, self._span[1] - start)
        self._position = position
        self.expiration: Expiration = view.listing.expirations[position]

    @property
    def right(self) -> Right:
        """Calls or puts."""
        return self._right

    @property
    def strikes(self) -> FloatArray:
        """Strikes, ascending."""
        return self._view.listing.strikes[slice(*self._span)]

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
        return self._view.columns.quality[slice(*self._span)]

    @property
    def mark(self) -> FloatArray:
        """The provider's marks, else the middle of a sound market, else the model's value."""
        return self._analytics.mark[self._own]

    @property
    def iv(self) -> FloatArray:
        """Implied volatilities of the marks as fractions; NaN where only the model gives a mark."""
        return self._analytics.iv[self._own]

    @property
    def delta(self) -> FloatArray:
        """Change per 1.00 of the underlying, a fraction."""
        return self._analytics.greeks.delta[self._own]

    @property
    def gamma(self) -> FloatArray:
        """Change of delta per 1.00 of the underlying."""
        return self._analytics.greeks.gamma[self._own]

    @property
    def theta(self) -> FloatArray:
        """Change per calendar day."""
        return self._analytics.greeks.theta[self._own]

    @property
    def vega(self) -> FloatArray:
        """Change per volatility point."""
        return self._analytics.greeks.vega[self._own]

    @property
    def rho(self) -> FloatArray:
        """Change per 1.00 of rate."""
        return self._analytics.greeks.rho[self._own]

    def contract(self, index: int) -> OptionContract:
        """Return the contract at `index`."""
        return self._view.listing.contract(self._absolute(index))

    def index_of(self, strike: Decimal) -> int | None:
        """Return the index of `strike`, or `None` when it is not listed."""
        result = self._view.listing.find_strike(self._span, strike)
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
            mark_time=None if np.isnan(mark) else from_micros(mark_time) or self._view.now,
            quality=QuoteQuality(int(self._view.columns.quality[at])),
            quoted_at=self._view.quoted_at(at),
        )

    def years(self) -> float:
        """Return the time to settlement in years as the pricing model counts it (business time)."""
        return self._analytics.years

    def _prices(self, field: Price) -> FloatArray:
        prices = self._columns.values[field][slice(*self._span)]
        prices.flags.writeable = False
        return prices

    @property
    def _columns(self) -> Columns:
        """The columns of the view, with this expiration's quotes computed."""
        return self._view.columns.of((self._position,))

    @property
    def _analytics(self) -> ExpirationAnalytics:
        return self._view.analytics.expiration(self._position)

    def _absolute(self, index: int) -> int:
        length = self._span[1] - self._span[0]
        if not 0 <= index < length:
            raise IndexError(f"the slice holds {length} contracts, there is none at {index}")
        return self._span[0] + index


class BookUnderlying:
    """The underlying of a view; implements `mesolive.market.view.UnderlyingState`.

    Prices are at hand; the volatilities are computed when they are first read, and then kept.

    Parameters
    ----------
    prices
        Of which the prices are read.
    history
        The underlying's days.
    today
        The exchange-local date.
    solve_iv
        Returns the volatility that the options imply; called once at most.
    """

    def __init__(
        self,
        prices: UnderlyingSnapshot,
        history: DailySeries,
        today: date,
        solve_iv: Callable[[], float | None],
    ) -> None:
        self._prices = prices
        self._history = history
        self._today = today
        self._solve_iv = solve_iv

    def __repr__(self) -> str:
        shown = ("underlying", "quote", "today_open", "previous_close", "hv", "iv", "iv_rank", "iv_percentile")
        return f"BookUnderlying({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    @property
    def underlying(self) -> Underlying:
        """What is underlying."""
        return self._prices.underlying

    @property
    def quote(self) -> Quote:
        """Its latest prices."""
        return self._prices.quote

    @property
    def today_open(self) -> float | None:
        """The first price of the session."""
        return self._prices.today_open

    @property
    def previous_close(self) -> float | None:
        """The last price of the session before."""
        return self._prices.previous_close

    @property
    def hv(self) -> float | None:
        """Historical volatility of the last thirty days."""
        return self._hv

    @property
    def iv(self) -> float | None:
        """Implied volatility at the money, thirty days ahead."""
        return self._iv

    @property
    def iv_rank(self) -> float | None:
        """Where `iv` lies in the range of a year."""
        return self._iv_rank

    @property
    def iv_percentile(self) -> float | None:
        """On how many days of a year the volatility was lower."""
        return self._iv_percentile

    # A cached property does not pass for a property of a protocol.
    @cached_property
    def _hv(self) -> float | None:
        return self._history.historical_volatility(self._today)

    @cached_property
    def _iv(self) -> float | None:
        return self._solve_iv()

    @cached_property
    def _iv_rank(self) -> float | None:
        return None if self._iv is None else self._history.iv_rank(self._iv, self._today)

    @cached_property
    def _iv_percentile(self) -> float | None:
        return None if self._iv is None else self._history.iv_percentile(self._iv, self._today)


class BookView:
    """The market of one underlying at one moment; implements `mesolive.market.view.MarketView`.

    Parameters
    ----------
    now
        The moment.
    version
        The book's version.
    stale
        Whether the provider had been silent for too long.
    heard_at
        Time of the provider's last update.
    listing, columns
        The contracts and their prices; never written to again.
    state
        The underlying's prices.
    history
        The underlying's days.
    calendar
        The sessions of the exchange.
    keeper
        Where the book keeps its forward curve between views.

    Attributes
    ----------
    accepted
        The worst quality on which whoever reads this view may decide; see `accepting`.
    """

    def __init__(
        self,
        *,
        now: datetime,
        version: int,
        stale: bool,
        heard_at: datetime | None,
        listing: Listing,
        columns: Columns,
        state: UnderlyingSnapshot,
        history: DailySeries,
        calendar: TradingCalendar,
        keeper: CurveCache,
    ) -> None:
        self.accepted = QuoteQuality.LIVE
        self.now = now
        self.version = version
        self.stale = stale
        self.heard_at = heard_at
        self.listing = listing
        self.columns = columns
        self.calendar = calendar
        self._state = state
        self._history = history
        self._keeper = keeper
        self._alive = listing.first_alive(now)
        self._slices: dict[tuple[str, date, Right], BookSlice] = {}
        self._settles_next = listing.expirations[self._alive].settles_at if self.expirations else None

    def accepting(self, quality: QuoteQuality) -> BookView:
        """Return this market for a reader who may decide on quotes of up to `quality`; computed values are shared."""
        if quality is self.accepted:
            return self
        _ = (self._underlying, self.analytics)  # made now, so that both share what is computed later
        other = copy.copy(self)
        other.accepted = quality
        return other

    @property
    def underlying(self) -> UnderlyingState:
        """The underlying's prices and volatilities."""
        return self._underlying

    @cached_property
    def _underlying(self) -> UnderlyingState:
        today = self.calendar.local(self.now).date()
        state = replace(self._state, quote=replace(self._state.quote, quoted_at=self.heard_at))
        return BookUnderlying(state, self._history, today, self._solve_iv)

    def _solve_iv(self) -> float | None:
        spot = self._state.quote.mark
        return None if spot is None else implied_at_the_money(self, spot)

    @property
    def expirations(self) -> Sequence[Expiration]:
        """All expirations that still trade, by settlement instant, then root."""
        return self.listing.expirations[self._alive :]

    @property
    def live_throughout(self) -> bool:
        """Whether every quote is live and updated: then no reader has to look at qualities and ages one by one."""
        return self._live_throughout

    @cached_property
    def _live_throughout(self) -> bool:
        return not self.columns.quality.any() and not self.columns.released.any()

    def quoted_at(self, index: int) -> datetime | None:
        """Return until when the provider has updated the contract at `index` of the listing; `None` if it never did."""
        released = int(self.columns.released[index])
        return self.heard_at if released == NEVER else from_micros(released)

    @cached_property
    def analytics(self) -> ChainAnalytics:
        """Forwards, volatilities and greeks."""
        quote = self._state.quote
        return ChainAnalytics(
            now=self.now,
            spot=quote.mark if quote.mark is not None else quote.last,
            listing=self.listing,
            columns=self.columns,
            calendar=self.calendar,
            first_alive=self._alive,
            keeper=self._keeper,
        )

    def slice(self, root: str, day: date, right: Right) -> BookSlice | None:
        """Return the contracts of one root, expiration day and right, or `None` when none is listed."""
        key = (root, day, right)
        result = self._slices.get(key)
        if result is not None:
            return result
        position = self.listing.position(root, day)
        if position is None or position < self._alive or self.listing.span(root, day, right) is None:
            return None
        return self._slices.setdefault(key, BookSlice(self, position, right))

    def find(self, contract: OptionContract) -> tuple[BookSlice, int] | None:
        """Return the slice and the index of `contract`, or `None` when it is not in the chain."""
        index = self.listing.find(contract)
        if index is None:
            return None
        result = self.slice(contract.root, contract.day, contract.right)
        span = self.listing.span(contract.root, contract.day, contract.right)
        return None if result is None or span is None else (result, index - span[0])

    def discount(self, expiration: Expiration) -> float:
        """Return the discount factor from the expiration's settlement to now; 1 for one that is not listed."""
        position = self.listing.position(expiration.root, expiration.day)
        if position is None or position < self._alive:
            return 1.0
        return self.analytics.expiration(position).discount

    def forward(self, expiration: Expiration) -> float | None:
        """Return the forward price of the underlying for the expiration, or `None` when the chain implies none."""
        position = self.listing.position(expiration.root, expiration.day)
        if position is None or position < self._alive:
            return None
        return self.analytics.expiration(position).forward

    def warm(self) -> None:
        """Solve the whole chain at once, so that no later reader pays for it."""
        self.analytics.warm()

    def serves(self, now: datetime, fresh: timedelta) -> bool:
        """Whether this view still describes `now`, given that no price changed since it was taken."""
        if not timedelta(0) <= now - self.now < fresh:
            return False
        return self._settles_next is None or now < self._settles_next


def _value(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
