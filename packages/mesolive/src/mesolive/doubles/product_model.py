"""Quote model of a product other than SPX: the simulated index's surface at the product's scale, listing and ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from mesolive.doubles.products import MARKET_RULES, Product
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import Expiration, Right
from mesolive.market.listing import Listing
from mesolive.market.option_classes import underlying_of
from mesolive.market.providers.simulated import spx_listing
from mesolive.market.providers.simulated.models import contracts_of, time_left
from mesolive.market.providers.simulated.variance_time import TRADING_DAYS, moving_days, passed
from mesolive.market.providers.simulated.vol_surface import VolatilitySurface
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import FloatArray
from mesolive.pricing.black import values

YEAR_SECONDS: Final = 365.0 * 86400.0
RATE: Final = 0.045
YIELD: Final = 0.014
HALF_SPREAD: Final = 0.0001
"""Half of the underlying's spread, as a fraction of its price."""


class ProductModel:
    """A `MarketModel` of one product; American options are quoted as European ones, which are a little cheaper.

    Parameters
    ----------
    product
        What is listed.
    calendar
        The sessions.
    index
        Price of the index at the start: the product's is `product.scale` times it.
    """

    def __init__(self, product: Product, calendar: ExchangeCalendar, index: float) -> None:
        self.underlying = underlying_of(product.symbol)
        surface = VolatilitySurface()
        level = product.volatility
        self.surface = VolatilitySurface(short=surface.short * level, long=surface.long * level)
        self._product = product
        self._calendar = calendar
        self._spot = index * product.scale
        self._unit = self._spot / 5000.0
        self._settlements: tuple[Listing, date, FloatArray] | None = None

    @property
    def spot(self) -> float:
        """Price of the underlying at the start."""
        return self._spot

    @property
    def volatility(self) -> float:
        """Volatility with which the underlying moves: the index's, so that all products move together."""
        return VolatilitySurface().short

    def price(self, now: datetime, level: float) -> float:
        """Return the level itself: the walk is the underlying."""
        del now
        return level

    def listing(self, now: datetime, spot: float, previous: Listing | None) -> Listing:
        """Return what is listed at `now`; strikes that were listed stay listed."""
        wanted: dict[Expiration, Mapping[Right, Iterable[Decimal]]] = {}
        middle = 0.5 * (self.surface.short + self.surface.long)
        for expiration in self._product.expirations(now, self._calendar):
            years = (expiration.settles_at - now).total_seconds() / YEAR_SECONDS
            listed = self._strikes(spot, years, middle)
            if previous is not None:
                span = previous.span(expiration.root, expiration.day, Right.CALL)
                if span is not None:
                    listed.update(previous.strike(index) for index in range(*span))
            wanted[expiration] = {Right.CALL: listed, Right.PUT: listed}
        return Listing(self.underlying, wanted)

    def fill(self, book: QuoteBook, now: datetime) -> None:
        """Put the first quotes into the book."""
        listing = book.listing
        bid, ask = self.quotes(listing, range(len(listing.expirations)), now, self._spot, 0.0)
        bid_size, ask_size = self.sizes(listing, self._spot)
        traded = np.where(bid > 0.0, bid, np.nan)
        book.update(
            now, slice(None), {"bid": bid, "ask": ask, "last": traded, "bid_size": bid_size, "ask_size": ask_size}
        )
        half = max(self._spot * HALF_SPREAD, 0.005)
        book.set_underlying(
            now,
            UnderlyingPrices(
                bid=round(self._spot - half, 2), ask=round(self._spot + half, 2), last=round(self._spot, 2)
            ),
        )

    def sizes(self, listing: Listing, spot: float) -> tuple[FloatArray, FloatArray]:
        """Return how many contracts are bid for and offered."""
        return spx_listing.sizes(listing, spot)

    def quotes(
        self, listing: Listing, positions: Sequence[int], now: datetime, spot: float, shock: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return bids and offers around the surface's values."""
        where = listing.places(positions)
        years = time_left(listing, positions, now)
        moving = self._moving_left(listing, positions, now)
        forward = spot * np.exp((RATE - YIELD) * years)
        strikes = listing.strikes[where]
        volatility = self.surface.volatility(np.log(strikes / forward), moving, math.exp(shock))
        value = values(listing.is_call[where], forward, strikes, moving, volatility, np.exp(-RATE * years))
        half = (0.02 + 0.004 * value / self._unit) * self._unit + 0.005
        low, high = np.maximum(value - half, 0.0), value + half
        bid = np.round(np.floor(low / self._tick(low) + 1e-9) * self._tick(low), 2)
        ask = np.round(np.ceil(high / self._tick(high) - 1e-9) * self._tick(high), 2)
        return bid, np.maximum(ask, np.round(bid + self._tick(bid), 2))

    def _tick(self, price: FloatArray) -> FloatArray:
        step = np.zeros_like(price)
        for low, at in MARKET_RULES[self._product.market_rule]:
            step = np.where(price >= low - 1e-9, at, step)
        return step

    def _strikes(self, spot: float, years: float, volatility: float) -> set[Decimal]:
        """Return the strikes of the index at this product's scale, on the product's steps."""
        step = self._product.strike_step
        scaled = spx_listing.strikes(spot / self._unit, years, min(volatility, 0.4))
        wanted = {(Decimal(repr(float(strike) * self._unit)) / step).to_integral_value() * step for strike in scaled}
        return {strike for strike in wanted if strike > 0}

    def _moving_left(self, listing: Listing, positions: Sequence[int], now: datetime) -> FloatArray:
        """Return the years to settlement of contracts in which the price moves; 0 for settled ones."""
        today = self._calendar.local(now).date()
        known = self._settlements
        if known is None or known[0] is not listing or known[1] != today:
            days = moving_days(self._calendar, today, [expiration.settles_at for expiration in listing.expirations])
            known = self._settlements = (listing, today, np.array(days))
        days_left = known[2][np.asarray(positions)] - passed(self._calendar, now)
        return np.repeat(np.maximum(days_left, 0.0) / TRADING_DAYS, contracts_of(listing, positions))
