"""Quote model of a simulated chain on E-mini futures: each option on its own future, quarterlies American.

The random walk is the index. A future costs the index grown at the rate less the dividends until it expires; the
underlying's price is that of the nearest future that has not expired, as a trader sees it, and it steps up by the carry
of a quarter when that future expires.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle
from mesolive.market.listing import Listing
from mesolive.market.option_classes import underlying_of
from mesolive.market.providers.simulated import futures_listing, spx_listing
from mesolive.market.providers.simulated.models import HALF_INDEX_SPREAD, contracts_of, time_left
from mesolive.market.providers.simulated.vol_surface import VolatilitySurface
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import FloatArray
from mesolive.pricing.business_time import calendar_years

SMALL_TICK: Final = 0.05
LARGE_TICK: Final = 0.25
LARGE_TICK_ABOVE: Final = 5.0


def tick(price: FloatArray) -> FloatArray:
    """Return the smallest price step at each price: 0.05 up to 5.00, 0.25 above."""
    return np.where(price <= LARGE_TICK_ABOVE + 1e-9, SMALL_TICK, LARGE_TICK)


class FuturesMarket:
    """A whole chain on E-mini or Micro E-mini S&P 500 futures, priced from a volatility surface.

    Moves around the clock. Implements `mesolive.market.providers.simulated.models.MarketModel`.

    Parameters
    ----------
    symbol
        `ES` or `MES`.
    calendar
        The stock exchange's days: futures and options settle at its openings and closes.
    spot
        The index at the start.
    surface
        The volatilities.
    rate, dividend_yield
        Continuous, per year; futures grow with their difference.
    """

    def __init__(
        self,
        symbol: str,
        calendar: ExchangeCalendar,
        *,
        spot: float = 5000.0,
        surface: VolatilitySurface | None = None,
        rate: float = 0.045,
        dividend_yield: float = 0.014,
    ) -> None:
        if not spot >= 500.0:
            raise ValueError(f"the simulated index must start at 500 or higher, got {spot}")
        self.underlying = underlying_of(symbol)
        self.surface = surface or VolatilitySurface()
        self._calendar = calendar
        self._spot = spot
        self._rate = rate
        self._carry = rate - dividend_yield
        self._expiries: dict[datetime, datetime] = {}

    @property
    def spot(self) -> float:
        """The index at the start."""
        return self._spot

    @property
    def volatility(self) -> float:
        """Volatility at the money of the shortest expirations."""
        return self.surface.short

    def begin_at(self, now: datetime, price: float) -> None:
        """Begin with another price of the nearest future."""
        self._spot = price / self.price(now, 1.0)

    def price(self, now: datetime, level: float) -> float:
        """Return the price of the nearest future that has not expired at `now`, when the index is at `level`."""
        expiry = futures_listing.future_expiry(now, self._calendar)
        return level * math.exp(self._carry * calendar_years(now, expiry))

    def listing(self, now: datetime, spot: float, previous: Listing | None) -> Listing:
        """Return what the exchange would list at `now`."""
        volatility = 0.5 * (self.surface.short + self.surface.long)
        return futures_listing.listing(self.underlying, now, spot, volatility, self._calendar, previous)

    def fill(self, book: QuoteBook, now: datetime) -> None:
        """Put the first quotes into the book; the last trade of what is worth a tick was near its value."""
        bid, ask = self.quotes(book.listing, range(len(book.listing.expirations)), now, self._spot, 0.0)
        middle = 0.5 * (bid + ask)
        traded = np.where(bid > 0.0, np.round(np.round(middle / tick(middle)) * tick(middle), 2), np.nan)
        bid_size, ask_size = self.sizes(book.listing, self._spot)
        book.update(
            now,
            slice(None),
            {"bid": bid, "ask": ask, "last": traded, "bid_size": bid_size, "ask_size": ask_size},
        )
        price = self.price(now, self._spot)
        book.set_underlying(
            now,
            UnderlyingPrices(
                bid=round(price - HALF_INDEX_SPREAD, 2), ask=round(price + HALF_INDEX_SPREAD, 2), last=round(price, 2)
            ),
        )

    def sizes(self, listing: Listing, spot: float) -> tuple[FloatArray, FloatArray]:
        """Return sizes as exchanges show them."""
        return spx_listing.sizes(listing, spot)

    def quotes(
        self, listing: Listing, positions: Sequence[int], now: datetime, spot: float, shock: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return bids and offers around the surface's values, each option on the future that it delivers."""
        where = listing.places(positions)
        years = time_left(listing, positions, now)
        counts = contracts_of(listing, positions)
        expirations = [listing.expirations[position] for position in positions]
        futures = [spot * math.exp(self._carry * self._years_of_future(now, item.settles_at)) for item in expirations]
        american = [item.style is ExerciseStyle.AMERICAN for item in expirations]
        forward = np.repeat(futures, counts)
        strikes = listing.strikes[where]
        terms = ContractTerms(
            is_call=listing.is_call[where],
            strikes=strikes,
            spot=forward,
            forward=forward,
            discount=np.exp(-self._rate * years),
            years=years,
            may_exercise_early=np.repeat(american, counts),
        )
        volatility = self.surface.volatility(np.log(strikes / forward), years, float(np.exp(shock)))
        return spx_listing.quotes(terms.values(volatility), tick)

    def _years_of_future(self, now: datetime, settles_at: datetime) -> float:
        """Return the time until the future that an option delivers expires."""
        expiry = self._expiries.get(settles_at)
        if expiry is None:
            expiry = self._expiries[settles_at] = futures_listing.future_expiry(settles_at, self._calendar)
        return calendar_years(now, expiry)
