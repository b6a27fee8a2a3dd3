"""Option chain view of the quote book, with forwards, volatilities and greeks computed on first read."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

from mesolive.market.analytics import ChainAnalytics
from mesolive.market.atm_volatility import implied_at_the_money
from mesolive.market.chain_slice import BookSlice, ChainSnapshot
from mesolive.market.columns import Columns
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.forward_curve import CurveCache
from mesolive.market.history import DailySeries
from mesolive.market.listing import Listing
from mesolive.market.option_classes import has_carried_forward
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import TradingHours
from mesolive.market.view import Quote, TradingCalendar, UnderlyingSnapshot, UnderlyingState
from mesolive.records import replace

NIGHT_EXPIRATIONS: Final = 3
"""How many of the nearest expirations are asked for the price of an index at night."""


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
    chain
        The options, which imply a volatility.
    """

    def __init__(
        self,
        prices: UnderlyingSnapshot,
        history: DailySeries,
        today: date,
        chain: ChainSnapshot,
    ) -> None:
        self._prices = prices
        self._history = history
        self._today = today
        self._chain = chain

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
        spot = self._prices.quote.mark
        return None if spot is None else implied_at_the_money(self._chain, spot)

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
    last_received_at
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
    night
        Whether whoever reads it decides in night sessions too.
    """

    def __init__(
        self,
        *,
        now: datetime,
        version: int,
        stale: bool,
        last_received_at: datetime | None,
        listing: Listing,
        columns: Columns,
        state: UnderlyingSnapshot,
        history: DailySeries,
        calendar: TradingCalendar,
        hours: TradingHours,
        keeper: CurveCache,
    ) -> None:
        quote = state.quote
        self._snapshot = ChainSnapshot(
            now=now,
            spot=quote.mark if quote.mark is not None else quote.last,
            last_received_at=last_received_at,
            listing=listing,
            columns=columns,
            calendar=calendar,
            keeper=keeper,
        )
        self.accepted = QuoteQuality.LIVE
        self.night = False
        self.now = now
        self.version = version
        self.stale = stale
        self.last_received_at = last_received_at
        self.listing = listing
        self.columns = columns
        self.calendar = calendar
        self._hours = hours
        self._state = state
        self._history = history
        self._slices: dict[tuple[str, date, Right], BookSlice] = {}
        self._found: dict[OptionContract, tuple[BookSlice, int]] = {}
        self._settles_next = self.expirations[0].settles_at if self.expirations else None

    def accepting(self, quality: QuoteQuality, *, night: bool = False) -> BookView:
        """Return this market for a reader who may decide on quotes of up to `quality`; computed values are shared.

        Parameters
        ----------
        night
            Whether the reader decides in the night and curb sessions too. An index is not calculated then: its price is
            the one that the options imply by put-call parity.
        """
        if quality is self.accepted and night is self.night:
            return self
        _ = self._underlying  # made now, so that both share what is computed later
        other = copy.copy(self)
        other.accepted = quality
        other.night = night
        other.__dict__.pop("_in_session", None)
        if night and not self._hours.is_calculated(self.now) and has_carried_forward(self.listing.underlying.symbol):
            other.__dict__["_underlying"] = self._night_underlying()
        return other

    def _night_underlying(self) -> BookUnderlying:
        """Return the underlying at the price that a near expiration implies by put-call parity.

        The nearest one of those whose quotes are of the best quality: a provider with few lines has modelled the others
        from the price of the day. Discounted forward; dividends until that expiration, a day or two, are neglected.
        Without a forward the price is unknown, and statements that read it say so.
        """
        near = sorted(self.expirations[:NIGHT_EXPIRATIONS], key=self._quality_of)
        price, quality = None, QuoteQuality.LIVE
        for expiration in near:
            forward = self.forward(expiration)
            if forward is not None:
                price, quality = forward * self.discount(expiration), self._quality_of(expiration)
                break
        quote = Quote(last=price, mark=price, quality=quality, quoted_at=self.last_received_at)
        today = self.calendar.local(self.now).date()
        return BookUnderlying(replace(self._state, quote=quote), self._history, today, self._snapshot)

    def _quality_of(self, expiration: Expiration) -> QuoteQuality:
        """Return the best quality of an expiration's quotes: those that are modelled follow from it."""
        best = QuoteQuality.MODELLED
        for right in Right:
            part = self.slice(expiration.root, expiration.day, right)
            if part is not None and (quoted := part.quality[part.ask > 0.0]).size:
                best = min(best, QuoteQuality(int(quoted.min())))
        return best

    @property
    def in_session(self) -> bool:
        """Whether strategies on the underlying are evaluated at this moment."""
        return self._in_session

    @cached_property
    def _in_session(self) -> bool:
        return self._hours.decides(self.now, night=self.night)

    @property
    def trading_day(self) -> date:
        """The trading day of the session that runs, else the exchange-local date."""
        return self._hours.trading_day(self.now)

    @property
    def underlying(self) -> UnderlyingState:
        """The underlying's prices and volatilities."""
        return self._underlying

    @cached_property
    def _underlying(self) -> UnderlyingState:
        today = self.calendar.local(self.now).date()
        state = replace(self._state, quote=replace(self._state.quote, quoted_at=self.last_received_at))
        return BookUnderlying(state, self._history, today, self._snapshot)

    @property
    def expirations(self) -> Sequence[Expiration]:
        """All expirations that still trade, by settlement instant, then root."""
        return self._snapshot.expirations

    @property
    def unread_expirations(self) -> Sequence[Expiration]:
        """Expirations that still trade and whose contracts the provider has not read yet, in the same order."""
        return [expiration for expiration in self.listing.unread if expiration.settles_at > self.now]

    @property
    def live_throughout(self) -> bool:
        """Whether every quote is live and updated: then no reader has to look at qualities and ages one by one."""
        return self._live_throughout

    @cached_property
    def _live_throughout(self) -> bool:
        return not self.columns.quality.any() and not self.columns.released.any()

    def quoted_at(self, index: int) -> datetime | None:
        """Return until when the provider has updated the contract at `index` of the listing; `None` if it never did."""
        return self._snapshot.quoted_at(index)

    @property
    def analytics(self) -> ChainAnalytics:
        """Forwards, volatilities and greeks."""
        return self._snapshot.analytics

    def slice(self, root: str, day: date, right: Right) -> BookSlice | None:
        """Return the contracts of one root, expiration day and right, or `None` when none is listed."""
        key = (root, day, right)
        result = self._slices.get(key)
        if result is not None:
            return result
        made = self._snapshot.slice(root, day, right)
        return None if made is None else self._slices.setdefault(key, made)

    def find(self, contract: OptionContract) -> tuple[BookSlice, int] | None:
        """Return the slice and the index of `contract`, or `None` when it is not in the chain."""
        known = self._found.get(contract)
        if known is not None:
            return known
        index = self.listing.find(contract)
        if index is None:
            return None
        result = self.slice(contract.root, contract.day, contract.right)
        return None if result is None else self._found.setdefault(contract, (result, index - result.start))

    def discount(self, expiration: Expiration) -> float:
        """Return the discount factor from the expiration's settlement to now; 1 for one that is not listed."""
        position = self.listing.position(expiration.root, expiration.day)
        if position is None or position < self._snapshot.first_alive:
            return 1.0
        return self.analytics.expiration(position).discount

    def forward(self, expiration: Expiration) -> float | None:
        """Return the forward price of the underlying for the expiration, or `None` when the chain implies none."""
        position = self.listing.position(expiration.root, expiration.day)
        if position is None or position < self._snapshot.first_alive:
            return None
        return self.analytics.expiration(position).forward

    def dividends(self, expiration: Expiration) -> Sequence[tuple[float, float]]:
        """Return the cash dividends that are known within an expiration's life: part of it, and amount; ascending."""
        return self._snapshot.dividends.within(self.now, expiration.settles_at)

    def warm(self) -> None:
        """Solve the whole chain at once, so that no later reader pays for it."""
        self.analytics.warm()

    def serves(self, now: datetime, fresh: timedelta) -> bool:
        """Whether this view still describes `now`, given that no price changed since it was taken."""
        if not timedelta(0) <= now - self.now < fresh:
            return False
        return self._settles_next is None or now < self._settles_next
