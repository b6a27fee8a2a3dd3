"""The underlying's implied and historical volatility, as the strategy language's variables define them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Protocol

import numpy as np

from mesolive.market.contracts import Expiration, Right
from mesolive.market.view import ChainSlice, TradingCalendar

TARGET_DAYS: Final = 30
# How many expirations around the target are tried before there is no value.
CANDIDATES: Final = 6
# A quote takes part when its width is at most this part of its middle, or at most this much.
MAX_SHARE: Final = 0.25
WIDEST: Final = 0.50
# A strike counts as an outlier when its volatility is this factor off the median of its neighbours.
NEIGHBOURS: Final = 5
OUTLIER: Final = 1.25


class OptionChain(Protocol):
    """The option chain of one underlying at one moment."""

    @property
    def now(self) -> datetime:
        """The moment."""
        ...

    @property
    def calendar(self) -> TradingCalendar:
        """The sessions of the exchange."""
        ...

    @property
    def expirations(self) -> Sequence[Expiration]:
        """All expirations that still trade."""
        ...

    def slice(self, root: str, day: date, right: Right) -> ChainSlice | None:
        """Return the contracts of one root, expiration day and right, or `None` when none is listed."""
        ...


def implied_at_the_money(chain: OptionChain, spot: float) -> float | None:
    """Return the volatility that the options imply for the underlying, as a fraction: `underlying_iv`.

    That of the put whose strike is closest to the money, in the expiration closest to 30 days (the earlier of two
    equally close ones). Puts without a tight two-sided quote are dropped, and those that are far off their neighbours;
    an expiration without a put left makes way for the next closest.

    Parameters
    ----------
    chain
        The options at one moment.
    spot
        Price of the underlying.

    Returns
    -------
    float | None
        `None` when no put near the money has a sound quote.
    """
    today = chain.calendar.local(chain.now).date()
    by_distance = sorted(
        chain.expirations,
        key=lambda expiration: (abs((expiration.day - today).days - TARGET_DAYS), expiration.settles_at),
    )
    for expiration in by_distance[:CANDIDATES]:
        puts = chain.slice(expiration.root, expiration.day, Right.PUT)
        result = None if puts is None else _closest_to_the_money(puts, spot)
        if result is not None:
            return result
    return None


def _closest_to_the_money(puts: ChainSlice, spot: float) -> float | None:
    bid, ask, iv, strikes = puts.bid, puts.ask, puts.iv, puts.strikes
    with np.errstate(invalid="ignore"):
        width = ask - bid
        tight = (bid > 0.0) & (width >= 0.0) & (width <= np.maximum(MAX_SHARE * 0.5 * (bid + ask), WIDEST))
        near = np.abs(strikes / spot - 1.0) < 0.2
    usable = np.flatnonzero(tight & near & ~np.isnan(iv))
    if not usable.size:
        return None
    nearest = usable[np.argsort(np.abs(strikes[usable] - spot), kind="stable")]
    for at in nearest:
        by_strike = usable[np.argsort(np.abs(strikes[usable] - strikes[at]), kind="stable")]
        neighbours = np.sort(iv[by_strike[:NEIGHBOURS]])
        # Not by `np.median`, whose first call loads NumPy's masked arrays at the start of each server.
        typical = float(neighbours[(neighbours.size - 1) // 2] + neighbours[neighbours.size // 2]) / 2.0
        if typical / OUTLIER <= float(iv[at]) <= typical * OUTLIER:
            return float(iv[at])
    return None
