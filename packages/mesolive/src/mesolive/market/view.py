"""Immutable market snapshot at one moment: the input of selection, preparation and signals.

A view never changes after it was taken, so one evaluation never sees two moments. Arrays in it are read-only. "No
value" is NaN in arrays and `None` in scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.quality import QuoteQuality

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quote:
    """The latest prices of one instrument, per unit, with the times at which each last changed.

    `mark` is the provider's mark, else the midpoint of a sound market (both sides there, not crossed), else the model's
    value, else `None`.

    Attributes
    ----------
    quality
        What the provider says of the quote.
    quoted_at
        Until when the provider has updated the quote: the time of its last update while it does so, also when no price
        has changed since long; `None` where it never did.
    """

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    mark: float | None = None
    bid_time: datetime | None = None
    ask_time: datetime | None = None
    last_time: datetime | None = None
    mark_time: datetime | None = None
    quality: QuoteQuality = QuoteQuality.LIVE
    quoted_at: datetime | None = None

    def age(self, now: datetime) -> timedelta | None:
        """Return for how long the provider has not updated the quote; `None` where it never did."""
        return None if self.quoted_at is None else now - self.quoted_at


class UnderlyingState(Protocol):
    """The underlying at the view's moment; volatilities are fractions (0.11), rank and percentile 0 to 100.

    A view may compute the volatilities when they are first read.
    """

    @property
    def underlying(self) -> Underlying: ...
    @property
    def quote(self) -> Quote: ...
    @property
    def today_open(self) -> float | None: ...
    @property
    def previous_close(self) -> float | None: ...
    @property
    def hv(self) -> float | None: ...
    @property
    def iv(self) -> float | None: ...
    @property
    def iv_rank(self) -> float | None: ...
    @property
    def iv_percentile(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class UnderlyingSnapshot:
    """An `UnderlyingState` with stored values."""

    underlying: Underlying
    quote: Quote
    today_open: float | None = None
    previous_close: float | None = None
    hv: float | None = None
    iv: float | None = None
    iv_rank: float | None = None
    iv_percentile: float | None = None


class ChainSlice(Protocol):
    """All contracts of one expiration, root and right, strikes ascending; every array has the same length.

    Prices are per unit of the underlying. Greeks are per unit of the underlying and per long contract, before quantity
    and multiplier: delta as a fraction, theta per calendar day, vega per volatility point, rho per 1.00 of rate.
    `iv` is a fraction. Where the market gives no sound value an element is NaN. Volatilities and greeks are computed
    when first read and kept with the view. `quality` holds numbers of `QuoteQuality`.
    """

    @property
    def expiration(self) -> Expiration: ...
    @property
    def right(self) -> Right: ...
    @property
    def strikes(self) -> FloatArray: ...
    @property
    def bid(self) -> FloatArray: ...
    @property
    def ask(self) -> FloatArray: ...
    @property
    def last(self) -> FloatArray: ...
    @property
    def mark(self) -> FloatArray: ...
    @property
    def iv(self) -> FloatArray: ...
    @property
    def delta(self) -> FloatArray: ...
    @property
    def gamma(self) -> FloatArray: ...
    @property
    def theta(self) -> FloatArray: ...
    @property
    def vega(self) -> FloatArray: ...
    @property
    def rho(self) -> FloatArray: ...
    @property
    def quality(self) -> npt.NDArray[np.int8]: ...

    def contract(self, index: int) -> OptionContract:
        """Return the contract at `index`."""
        ...

    def index_of(self, strike: Decimal) -> int | None:
        """Return the index of `strike`, or `None` when it is not listed."""
        ...

    def quote(self, index: int) -> Quote:
        """Return the quote at `index` with its times."""
        ...

    def years(self) -> float:
        """Return the time to settlement in years as the pricing model counts it (business time)."""
        ...


class TradingCalendar(Protocol):
    """The sessions of the exchange on which the underlying's options trade. Dates are exchange-local."""

    def local(self, moment: datetime) -> datetime:
        """Return `moment` in the exchange's time zone."""
        ...

    def is_trading_day(self, day: date) -> bool: ...

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Return the opening and the close (early closes included) of `day` in UTC, or `None` for a holiday."""
        ...

    def trading_days_between(self, first: date, last: date) -> int:
        """Return how many trading days lie after `first` up to and including `last`; negative when it is earlier."""
        ...

    def next_trading_day(self, day: date) -> date:
        """Return the first trading day after `day`."""
        ...

    def previous_trading_day(self, day: date) -> date:
        """Return the last trading day before `day`."""
        ...


class MarketView(Protocol):
    """The market of one underlying at one moment."""

    @property
    def now(self) -> datetime: ...
    @property
    def underlying(self) -> UnderlyingState: ...
    @property
    def calendar(self) -> TradingCalendar: ...

    @property
    def in_session(self) -> bool:
        """Whether strategies on this underlying are evaluated now: a session of its own, or of the exchange, runs."""
        ...

    @property
    def trading_day(self) -> date:
        """The trading day of the session that runs (a Monday may begin on Sunday evening), else the local date."""
        ...

    @property
    def stale(self) -> bool:
        """Whether the provider had been silent for too long: nothing may be decided on these prices."""
        ...

    @property
    def last_received_at(self) -> datetime | None:
        """Time of the provider's last update, or `None` before the first."""
        ...

    @property
    def live_throughout(self) -> bool:
        """Whether every quote is live and updated: then no reader has to look at qualities and ages one by one."""
        ...

    @property
    def accepted(self) -> QuoteQuality:
        """The worst quality on which whoever reads this view may decide."""
        ...

    @property
    def expirations(self) -> Sequence[Expiration]:
        """All expirations that still trade, by settlement instant, then root."""
        ...

    @property
    def unread_expirations(self) -> Sequence[Expiration]:
        """Expirations that still trade and whose contracts the provider has not read yet, in the same order."""
        ...

    def dividends(self, expiration: Expiration) -> Sequence[tuple[float, float]]:
        """Return the cash dividends that are known within an expiration's life: part of it, and amount; ascending."""
        ...

    def slice(self, root: str, day: date, right: Right) -> ChainSlice | None:
        """Return the contracts of one root, expiration day and right, or `None` when none is listed."""
        ...

    def find(self, contract: OptionContract) -> tuple[ChainSlice, int] | None:
        """Return the slice and the index of `contract`, or `None` when it is not in the chain."""
        ...

    def discount(self, expiration: Expiration) -> float:
        """Return the discount factor from the expiration's settlement to now."""
        ...

    def forward(self, expiration: Expiration) -> float | None:
        """Return the forward price of the underlying for the expiration, or `None` when the chain implies none."""
        ...
