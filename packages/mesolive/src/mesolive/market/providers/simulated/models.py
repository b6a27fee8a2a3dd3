"""Quote models of a simulated market: a volatility surface, or an exchange's chain export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle, Underlying
from mesolive.market.listing import Listing
from mesolive.market.providers.simulated import spx_listing
from mesolive.market.providers.simulated.variance_time import TRADING_DAYS, moving_days, passed
from mesolive.market.providers.simulated.vol_surface import VolatilitySurface
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import FloatArray
from mesolive.pricing.black import values
from mesolive.pricing.business_time import calendar_years

if TYPE_CHECKING:  # a generated market needs no reader of chain files
    from mesolive.market.providers.chain_files import ChainExport

# How fast a shock to the height of the volatilities fades along the expirations, per year: that of the walk.
SHOCK_REVERSION: Final = 6.0
VOLATILITY_WITHOUT_QUOTES: Final = 0.2
# An index shows the bids and offers of its members; in points.
HALF_INDEX_SPREAD: Final = 0.25


class MarketModel(Protocol):
    """Lists the contracts of a simulated market and quotes them at any state of the random walk."""

    @property
    def spot(self) -> float:
        """Level of the random walk at the start: the price of the underlying, or what it is made of."""
        ...

    @property
    def volatility(self) -> float:
        """Annual volatility with which the underlying moves at the start; available after `fill`."""
        ...

    def price(self, now: datetime, level: float) -> float:
        """Return the price of the underlying at a level of the random walk, which starts at `spot`."""
        ...

    def listing(self, now: datetime, spot: float, previous: Listing | None) -> Listing:
        """Return what is listed at `now`; `previous` itself when that has not changed."""
        ...

    def fill(self, book: QuoteBook, now: datetime) -> None:
        """Put the first quotes into the book."""
        ...

    def sizes(self, listing: Listing, spot: float) -> tuple[FloatArray, FloatArray] | None:
        """Return the bid and ask sizes in contracts, or `None` where there are none."""
        ...

    def quotes(
        self, listing: Listing, positions: Sequence[int], now: datetime, spot: float, shock: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return bids and offers of the contracts of some expirations, one expiration after the other.

        Parameters
        ----------
        positions
            Of the expirations in the listing, ascending; one at least.
        spot
            Price of the underlying at `now`.
        shock
            Logarithm of the height of the volatilities relative to the start.
        """
        ...


def fading(years: FloatArray) -> FloatArray:
    """Return which part of a shock to volatility an expiration feels: the average of its mean reversion until then."""
    x = SHOCK_REVERSION * np.maximum(years, 1e-9)
    return -np.expm1(-x) / x


class SurfaceMarket:
    """A whole chain on the S&P 500 index, priced from a volatility surface.

    Parameters
    ----------
    calendar
        The exchange's sessions.
    spot
        Price of the index at the start.
    surface
        The volatilities.
    rate, dividend_yield
        Continuous, per year; the forward grows with their difference.
    moves_always
        Whether the price moves around the clock; else in sessions and at their openings, and options are worth what
        it moves until they settle.
    """

    def __init__(
        self,
        calendar: ExchangeCalendar,
        *,
        spot: float = 5000.0,
        surface: VolatilitySurface | None = None,
        rate: float = 0.045,
        dividend_yield: float = 0.014,
        moves_always: bool = False,
    ) -> None:
        if not spot >= 500.0:
            raise ValueError(f"the simulated index must start at 500 or higher, got {spot}")
        self.underlying = Underlying("SPX")
        self.surface = surface or VolatilitySurface()
        self._calendar = calendar
        self._spot = spot
        self._rate = rate
        self._yield = dividend_yield
        self._moves_always = moves_always
        self._settlements: tuple[Listing, date, FloatArray] | None = None

    @property
    def spot(self) -> float:
        """Price of the index at the start."""
        return self._spot

    @property
    def volatility(self) -> float:
        """Volatility at the money of the shortest expirations."""
        return self.surface.short

    def begin_at(self, spot: float) -> None:
        """Begin at another price of the index."""
        self._spot = spot

    def price(self, now: datetime, level: float) -> float:
        """Return the level itself: the walk is the index."""
        del now
        return level

    def listing(self, now: datetime, spot: float, previous: Listing | None) -> Listing:
        """Return what the exchange would list at `now`."""
        volatility = 0.5 * (self.surface.short + self.surface.long)
        return spx_listing.listing(self.underlying, now, spot, volatility, self._calendar, previous)

    def fill(self, book: QuoteBook, now: datetime) -> None:
        """Put the first quotes into the book; the last trade of what is worth a tick was near its value."""
        listing = book.listing
        bid, ask = self.quotes(listing, range(len(listing.expirations)), now, self._spot, 0.0)
        bid_size, ask_size = spx_listing.sizes(listing, self._spot)
        traded = np.where(bid > 0.0, spx_listing.to_tick(0.5 * (bid + ask)), np.nan)
        book.update(
            now,
            slice(None),
            {"bid": bid, "ask": ask, "last": traded, "bid_size": bid_size, "ask_size": ask_size},
        )
        prices = UnderlyingPrices(
            bid=round(self._spot - HALF_INDEX_SPREAD, 2),
            ask=round(self._spot + HALF_INDEX_SPREAD, 2),
            last=round(self._spot, 2),
        )
        book.set_underlying(now, prices)

    def sizes(self, listing: Listing, spot: float) -> tuple[FloatArray, FloatArray]:
        """Return sizes as the exchange shows them."""
        return spx_listing.sizes(listing, spot)

    def quotes(
        self, listing: Listing, positions: Sequence[int], now: datetime, spot: float, shock: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return bids and offers around the surface's values."""
        where = listing.places(positions)
        years = time_left(listing, positions, now)
        moving = years if self._moves_always else self._moving_left(listing, positions, now)
        forward = spot * np.exp((self._rate - self._yield) * years)
        strikes = listing.strikes[where]
        volatility = self.surface.volatility(np.log(strikes / forward), moving, float(np.exp(shock)))
        value = values(listing.is_call[where], forward, strikes, moving, volatility, np.exp(-self._rate * years))
        return spx_listing.quotes(value)

    def _moving_left(self, listing: Listing, positions: Sequence[int], now: datetime) -> FloatArray:
        """Return the years to settlement of contracts in which the price moves; 0 for settled ones."""
        today = self._calendar.local(now).date()
        known = self._settlements
        if known is None or known[0] is not listing or known[1] != today:
            days = moving_days(self._calendar, today, [expiration.settles_at for expiration in listing.expirations])
            known = self._settlements = (listing, today, np.array(days))
        days_left = known[2][np.asarray(positions)] - passed(self._calendar, now)
        return np.repeat(np.maximum(days_left, 0.0) / TRADING_DAYS, contracts_of(listing, positions))


class ExportMarket:
    """A chain that starts as an exchange's chain export and moves from there.

    Every contract is repriced at the volatility solved from its own quote (`ExpirationAnalytics.volatility`: one
    without such a volatility takes that between its neighbouring strikes), and its bid and offer move by as much as its
    value does, so that each keeps its own width. What has no offer, no bid, or no quote at all stays without. In an
    expiration where no contract has a volatility the quotes do not move.

    Parameters
    ----------
    export
        The file's content.
    calendar
        The exchange's sessions.
    """

    def __init__(self, export: ChainExport, calendar: ExchangeCalendar) -> None:
        self._export = export
        self._calendar = calendar
        self._volatility_at_start = VOLATILITY_WITHOUT_QUOTES
        empty = np.empty(0)
        self._volatility = self._carry = self._rate = self._value = empty
        self._american = np.empty(0, dtype=np.bool_)

    @property
    def spot(self) -> float:
        """The underlying's last price in the file."""
        return self._export.underlying_last

    @property
    def volatility(self) -> float:
        """The volatility that the file's options imply for thirty days."""
        return self._volatility_at_start

    def price(self, now: datetime, level: float) -> float:
        """Return the level itself: the walk is the underlying."""
        del now
        return level

    def listing(self, now: datetime, spot: float, previous: Listing | None) -> Listing:
        """Return the file's contracts; nothing is added later."""
        del now, spot, previous
        return self._export.listing

    def sizes(self, listing: Listing, spot: float) -> None:
        """Return nothing: the file has no sizes."""
        del listing, spot

    def fill(self, book: QuoteBook, now: datetime) -> None:
        """Put exactly the file's quotes into the book, as of the time of the export, and solve their volatilities."""
        del now  # the file has the time of its quotes
        export = self._export
        book.update(export.exported_at, slice(None), {"bid": export.bid, "ask": export.ask, "last": export.last})
        change = export.underlying_change
        book.set_underlying(
            export.exported_at,
            UnderlyingPrices(
                bid=export.underlying_bid,
                ask=export.underlying_ask,
                last=export.underlying_last,
                previous_close=None if change is None else round(export.underlying_last - change, 4),
            ),
        )
        view = book.view()
        view.warm()
        count, listing = len(export.listing), export.listing
        self._volatility, self._value = np.full(count, np.nan), np.full(count, np.nan)
        self._carry, self._rate = np.zeros(count), np.zeros(count)
        self._american = np.zeros(count, dtype=np.bool_)
        for position in range(listing.first_alive(view.now), len(listing.expirations)):
            result = view.analytics.expiration(position)
            own = slice(listing.bounds[position][0], listing.bounds[position][2])
            years = calendar_years(view.now, listing.expirations[position].settles_at)
            self._volatility[own] = result.volatility
            self._american[own] = listing.expirations[position].style is ExerciseStyle.AMERICAN
            if result.forward is not None:
                self._carry[own] = np.log(result.forward / self.spot) / years
            self._rate[own] = -np.log(result.discount) / years
        # By the same model as later values, of which the differences move the quotes.
        alive = range(listing.first_alive(view.now), len(listing.expirations))
        if alive:
            self._value[listing.places(alive)] = self._values(listing, alive, view.now, self.spot, 0.0)
        implied = view.underlying.iv
        if implied is not None:
            self._volatility_at_start = implied

    def quotes(
        self, listing: Listing, positions: Sequence[int], now: datetime, spot: float, shock: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return the file's bids and offers, moved by as much as the contracts' values have moved."""
        where = listing.places(positions)
        value = self._values(listing, positions, now, spot, shock)
        moved = np.nan_to_num(value - self._value[where], nan=0.0)
        old_bid, old_ask = self._export.bid[where], self._export.ask[where]
        bid = spx_listing.to_tick(old_bid + moved)
        ask = spx_listing.to_tick(old_ask + moved)
        # NaN where there was no bid: then the offer only has to be a price.
        least = np.round(np.nan_to_num(bid, nan=0.0) + spx_listing.tick(np.nan_to_num(bid, nan=0.0)), 2)
        return bid, np.maximum(ask, least)

    def _values(
        self, listing: Listing, positions: Sequence[int], now: datetime, spot: float, shock: float
    ) -> FloatArray:
        """Return the values of the contracts of some expirations at the volatilities of the file, moved by a shock."""
        where = listing.places(positions)
        years = time_left(listing, positions, now)
        terms = ContractTerms(
            is_call=listing.is_call[where],
            strikes=listing.strikes[where],
            spot=np.full(years.size, spot),
            forward=spot * np.exp(self._carry[where] * years),
            discount=np.exp(-self._rate[where] * years),
            years=years,
            may_exercise_early=self._american[where],
        )
        return terms.values(self._volatility[where] * np.exp(shock * fading(years)))


def time_left(listing: Listing, positions: Sequence[int], now: datetime) -> FloatArray:
    """Return the calendar years to settlement of the contracts of some expirations; 0 for settled ones."""
    years = [max(calendar_years(now, listing.expirations[position].settles_at), 0.0) for position in positions]
    return np.repeat(years, contracts_of(listing, positions))


def contracts_of(listing: Listing, positions: Sequence[int]) -> list[int]:
    """Return how many contracts each of some expirations has."""
    return [listing.bounds[position][2] - listing.bounds[position][0] for position in positions]


def default_start(moment: datetime, calendar: ExchangeCalendar) -> datetime:
    """Return a market time at which a demonstration should start: inside a session.

    That is `moment` itself when the market is open for another hour; else an hour after the next session's opening.
    """
    opening, close = calendar.open_session_at_or_after(moment)
    if opening <= moment < close - timedelta(hours=1):
        return moment
    if opening <= moment:
        opening, _ = calendar.open_session_at_or_after(close)
    return opening + timedelta(hours=1)
