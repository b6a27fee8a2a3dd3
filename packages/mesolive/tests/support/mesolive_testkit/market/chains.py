"""A chain whose volatilities, forwards and rates are known, in a quote book."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import settlement_instant, settlement_of, us_options_calendar
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.listing import Listing
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import FloatArray
from mesolive.pricing.black import values
from mesolive_testkit.paths import SHARED_DATA

CALENDAR = us_options_calendar()
MORNING = datetime(2024, 3, 11, 15, 0, tzinfo=UTC)
"""A Monday, an hour and a half after the opening."""

needs_shared_data = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason="the recorded market data is not beside the checkout"
)

RATE = 0.05
DIVIDENDS = 0.015
SPOT = 5000.0


def expiration(root: str, day: date) -> Expiration:
    """Return an expiration as the exchange would list it."""
    return Expiration(root, day, settlement_instant(root, day), settlement_of(root))


@dataclass
class Chain:
    """A book over a chain that was priced at one flat volatility."""

    listing: Listing
    clock: ManualClock
    book: QuoteBook
    value: FloatArray
    volatility: float

    def index(self, root: str, day: date, right: Right, strike: int) -> int:
        """Return where a contract stands in the listing."""
        location = self.listing.find(OptionContract("SPX", root, day, right, Decimal(strike)))
        assert location is not None
        return location


def flat_chain(
    expirations: Sequence[Expiration] | None = None,
    *,
    strikes: Sequence[int] = tuple(range(4500, 5501, 25)),
    volatility: float = 0.2,
    half_spread: float = 0.05,
    now: datetime = MORNING,
) -> Chain:
    """Return a chain on SPX at 5000 whose quotes lie symmetrically around its values."""
    listed = expirations or [
        expiration("SPXW", date(2024, 3, 15)),
        expiration("SPX", date(2024, 4, 19)),
        expiration("SPXW", date(2024, 4, 19)),
    ]
    exact = [Decimal(strike) for strike in strikes]
    listing = Listing(Underlying("SPX"), {expiration: {Right.CALL: exact, Right.PUT: exact} for expiration in listed})
    clock = ManualClock(now)
    book = QuoteBook(listing, clock, CALENDAR)
    years = np.repeat(
        [(expiration.settles_at - now) / timedelta(days=365) for expiration in listing.expirations],
        [end - start for start, _, end in listing.bounds],
    )
    forward = SPOT * np.exp((RATE - DIVIDENDS) * years)
    value = values(listing.is_call, forward, listing.strikes, years, volatility, np.exp(-RATE * years))
    book.update(now, slice(None), {"bid": np.maximum(value - half_spread, 0.0), "ask": value + half_spread})
    book.set_underlying(now, UnderlyingPrices(last=SPOT))
    return Chain(listing, clock, book, value, volatility)


def forward_of(expiration: Expiration, now: datetime = MORNING) -> float:
    """Return the forward at which `flat_chain` priced an expiration."""
    return SPOT * math.exp((RATE - DIVIDENDS) * ((expiration.settles_at - now) / timedelta(days=365)))
