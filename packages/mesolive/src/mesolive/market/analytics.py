"""Chain analytics: forwards, implied volatilities, greeks and model marks, each computed on first read.

Forwards come from put-call parity of all expirations together and change slowly as a ratio to the spot, so the ratios
are kept for a minute of market time (`ForwardCurve`). Volatilities and greeks are solved per expiration, or for the
whole chain at once (`ChainAnalytics.warm`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mesolive.market.columns import Columns, below_tick, sound_quotes
from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle, Expiration
from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray, TradingCalendar
from mesolive.pricing.black import Greeks
from mesolive.pricing.business_time import calendar_years, years_to
from mesolive.pricing.forwards import ForwardSource, ImpliedForward, PairQuotes, imply_forwards

CURVE_KEPT_FOR: Final = timedelta(minutes=1)
# Where quotes were missing they may come any moment.
INCOMPLETE_CURVE_KEPT_FOR: Final = timedelta(seconds=5)
EQUAL_PRICE_PAIRS: Final = 6
"""Pairs of call and put that determine the price of a future from American options."""


class Carried(NamedTuple):
    """What the pricing of one expiration's contracts rests on.

    Attributes
    ----------
    forward
        Forward price of the underlying.
    discount
        Discount factor from the settlement to now.
    spot
        Price of the underlying that belongs to the forward: what lies between the two is carry and nothing else.
    """

    forward: float
    discount: float
    spot: float


@dataclass(frozen=True, slots=True)
class ForwardCurve:
    """Forwards of all expirations of a listing as they were implied at one moment.

    Attributes
    ----------
    implied
        By position in the listing; `None` for expirations that had settled.
    """

    listing: Listing
    at: datetime
    spot: float
    implied: tuple[ImpliedForward | None, ...]

    @classmethod
    def imply(cls, listing: Listing, columns: Columns, spot: float, now: datetime, first_alive: int) -> ForwardCurve:
        """Fit the curve to the quotes of a chain."""
        bid, ask = columns.values["bid"], columns.values["ask"]
        quotes: list[PairQuotes] = []
        for position in range(first_alive, len(listing.expirations)):
            expiration = listing.expirations[position]
            calls, puts = listing.pairs(position)
            quotes.append(
                PairQuotes(
                    years=calendar_years(now, expiration.settles_at),
                    strikes=listing.strikes[calls],
                    call_bid=bid[calls],
                    call_ask=ask[calls],
                    put_bid=bid[puts],
                    put_ask=ask[puts],
                    european=expiration.style is ExerciseStyle.EUROPEAN,
                )
            )
        implied = imply_forwards(spot, quotes) if not listing.underlying.is_future else _imply_futures(spot, quotes)
        return cls(listing, now, spot, (None,) * first_alive + tuple(implied))

    def serves(self, listing: Listing, now: datetime) -> bool:
        """Whether the curve may still be used."""
        complete = all(item is None or item.source is ForwardSource.PARITY for item in self.implied)
        kept_for = CURVE_KEPT_FOR if complete else INCOMPLETE_CURVE_KEPT_FOR
        return self.listing is listing and timedelta(0) <= now - self.at < kept_for

    def continuing(self, before: ForwardCurve) -> ForwardCurve:
        """Return this curve with gaps filled from `before`: in a halt the carries are kept."""
        if before.listing is not self.listing:
            return self
        merged = list(self.implied)
        for position, (new, old) in enumerate(zip(self.implied, before.implied, strict=True)):
            if new is None or old is None:
                continue
            if old.source is ForwardSource.PARITY and new.source is not ForwardSource.PARITY:
                forward, discount, spot = before.carried(position, self.spot, self.at)
                merged[position] = replace(new, forward=forward, discount=discount, spot=spot, source=old.source)
        return replace(self, implied=tuple(merged))

    def carried(self, position: int, spot: float, now: datetime) -> Carried:
        """Return what prices the expiration at `position` for a later print of the underlying and moment.

        An index print is computed from its stocks, whose session is shorter than that of its options: after hours the
        options are more current than the print. European options are therefore priced from the spot that their own
        forwards imply; its difference from the print stays as it was when the curve was fitted.

        American options are worth their intrinsic value of the print at any time, so they are priced from the print.
        What is underlying to an option on a future is its own future, whose price parity implies: it has no carry.

        Parameters
        ----------
        spot
            The underlying's mark.
        """
        implied = self.implied[position]
        if implied is None:
            return Carried(spot, 1.0, spot)
        expiration = self.listing.expirations[position]
        years = calendar_years(self.at, expiration.settles_at)
        part = calendar_years(now, expiration.settles_at) / years if years > 0.0 else 1.0
        if expiration.style is ExerciseStyle.AMERICAN and not self.listing.underlying.is_future:
            return Carried(spot * (implied.forward / self.spot) ** part, implied.discount**part, spot)
        if self.listing.underlying.is_future:
            future = implied.forward / self.spot * spot
            return Carried(future, implied.discount**part, future)
        known = implied.spot / self.spot * spot
        return Carried(known * (implied.forward / implied.spot) ** part, implied.discount**part, known)


def _imply_futures(spot: float, quotes: Sequence[PairQuotes]) -> list[ImpliedForward]:
    """Return what the quotes of options on futures imply: the price of each expiration's own future, and discounts.

    American options give no discount factor by parity: the European ones give all of them. At the money an American
    call on a future is worth as much as the put, by symmetry of the rates of both, whatever the right of early exercise
    is worth: the strike at which they cost the same is the price of the future.

    Source: R. McDonald, M. Schroder, "A parity result for American options" (Journal of Computational Finance 1, 1998).
    """
    known = [item if item.european else replace(item, call_bid=np.full(item.strikes.shape, np.nan)) for item in quotes]
    result = imply_forwards(spot, [replace(item, european=True) for item in known])
    for place, item in enumerate(quotes):
        future = None if item.european else _equal_price_strike(item)
        if future is not None:
            result[place] = replace(
                result[place], forward=future, source=ForwardSource.PARITY, pairs=EQUAL_PRICE_PAIRS, spot=spot
            )
    return result


def _equal_price_strike(quotes: PairQuotes) -> float | None:
    """Return the strike at which call and put cost the same, by a line through the pairs nearest to it, or `None`."""
    with np.errstate(invalid="ignore"):
        sound = (quotes.call_bid > 0.0) & (quotes.put_bid > 0.0)
        sound &= (quotes.call_ask >= quotes.call_bid) & (quotes.put_ask >= quotes.put_bid)
    if np.count_nonzero(sound) < EQUAL_PRICE_PAIRS:
        return None
    strikes = quotes.strikes[sound]
    difference = 0.5 * (quotes.call_bid + quotes.call_ask - quotes.put_bid - quotes.put_ask)[sound]
    near = np.argsort(np.abs(difference), kind="stable")[:EQUAL_PRICE_PAIRS]
    x, y = strikes[near], difference[near]
    dx = x - x.mean()
    slope = float(dx @ y) / float(dx @ dx)
    return float(x.mean() - y.mean() / slope) if slope < 0.0 else None


UNKNOWN: Final = Carried(float("nan"), 1.0, float("nan"))
"""What an expiration is priced from where the underlying has no price."""


class CurveCache:
    """Keeps a book's latest forward curve for its views."""

    def __init__(self) -> None:
        self._curve: ForwardCurve | None = None
        self._held: ForwardCurve | None = None

    def hold(self, curve: ForwardCurve) -> None:
        """Keep a curve until it is replaced or the listing changes: whoever models a chain knows its forwards."""
        self._held = curve

    def curve(self, listing: Listing, columns: Columns, spot: float, now: datetime, first_alive: int) -> ForwardCurve:
        """Return the kept curve, or fit a new one where it does not serve any more."""
        if self._held is not None and self._held.listing is listing:
            return self._held
        curve = self._curve
        if curve is None or not curve.serves(listing, now):
            fitted = ForwardCurve.imply(listing, columns, spot, now, first_alive)
            self._curve = curve = fitted if curve is None else fitted.continuing(curve)
        return curve


@dataclass(frozen=True)
class _Block:
    """The contracts of neighbouring expirations, solved together; arrays have one element per contract.

    Attributes
    ----------
    bounds
        Those of the expirations in the listing.
    """

    columns: Columns
    listing: Listing
    span: slice
    bounds: Sequence[tuple[int, int, int]]
    terms: ContractTerms

    @cached_property
    def market_mark(self) -> FloatArray:
        """The provider's mark, else the middle of a sound market, else NaN."""
        bid, ask = self.columns.values["bid"][self.span], self.columns.values["ask"][self.span]
        given = self.columns.values["mark"][self.span]
        middle = np.where(sound_quotes(bid, ask), np.round(0.5 * (bid + ask), 6), np.nan)
        return _read_only(np.where(np.isnan(given), middle, given))

    @cached_property
    def below_tick(self) -> npt.NDArray[np.bool_]:
        """Where the mark is less than the contract could trade at: no volatility follows from it."""
        bid, ticks = self.columns.values["bid"][self.span], self.listing.ticks[self.span]
        return below_tick(bid, self.market_mark, ticks)

    @cached_property
    def iv(self) -> FloatArray:
        """Implied volatilities; where the mark is below the tick, the neighbours'."""
        mark, intrinsic = self.market_mark, self.terms.intrinsic
        solved = self.terms.volatility(np.where(self.below_tick, np.nan, mark))
        if self.below_tick.any():
            for start, middle, end in self.bounds:
                own = slice(start - self.span.start, end - self.span.start)
                wanted = self.below_tick[own]
                if wanted.any():
                    filled = fill_volatilities(solved[own], self.terms.strikes[own], middle - start)
                    solved[own] = np.where(wanted, filled, solved[own])
        # Deep in the money the mid is often a little below the intrinsic value, though bid and ask enclose it. By
        # put-call parity the option of the other right at this strike has the same volatility, and a precise one.
        partner = self.listing.partner[self.span]
        with np.errstate(invalid="ignore"):
            parity = (
                np.isnan(solved)
                & (mark <= intrinsic)
                & (self.columns.values["ask"][self.span] >= intrinsic)
                & (partner >= 0)
            )
        if parity.any():
            solved[parity] = solved[partner[parity] - self.span.start]
        return _read_only(solved)

    @cached_property
    def american_model(self) -> FloatArray:
        """The model's values of all contracts: exercise boundaries are worth sharing, European formulas are not."""
        volatility = self.iv.copy()
        for start, middle, end in self.bounds:
            own = slice(start - self.span.start, end - self.span.start)
            volatility[own] = fill_volatilities(volatility[own], self.terms.strikes[own], middle - start)
        return _read_only(self.terms.values(volatility))

    @cached_property
    def greeks(self) -> Greeks:
        result = self.terms.greeks(self.iv)
        # Where no neighbour has a volatility either, what is worth next to nothing moves with nothing.
        worthless = self.below_tick & np.isnan(self.iv)
        return Greeks(*(_read_only(np.where(worthless, 0.0, array)) for array in result))


def fill_volatilities(iv: FloatArray, strikes: FloatArray, calls: int) -> FloatArray:
    """Return the volatilities of an expiration with gaps filled from the nearest strikes of the same right.

    Beyond the last strike with a volatility the last one holds. Where a right has none at all the other right's serve;
    NaN when the whole expiration has none.

    Parameters
    ----------
    iv, strikes
        Of the calls, then of the puts; NaN where there is no volatility.
    calls
        How many calls there are.
    """
    missing = np.isnan(iv)
    filled = iv.copy()
    rights = (slice(0, calls), slice(calls, iv.size))
    for own, other in (rights, rights[::-1]):
        source = own if not missing[own].all() else other
        known = ~missing[source]
        if known.any():
            wanted = missing[own]
            filled[own][wanted] = np.interp(strikes[own][wanted], strikes[source][known], iv[source][known])
    return filled


class ExpirationAnalytics:
    """What one expiration's quotes imply; arrays hold its calls, then its puts.

    Attributes
    ----------
    forward
        Forward price of the underlying, `None` when the chain implies none.
    discount
        Discount factor from the settlement to now.
    years
        Business time to the settlement, in years.
    residuals
        By how much each pair's `C - P` misses `D * (F - K)`, per unit, at the time the curve was fitted.
    """

    def __init__(self, block: _Block, bounds: tuple[int, int, int], implied: ImpliedForward | None) -> None:
        start, middle, end = bounds
        self._block = block
        self._own = slice(start - block.span.start, end - block.span.start)
        self._calls = middle - start
        empty = start == end
        self.discount = 1.0 if empty else float(block.terms.discount[self._own.start])
        self.years = 0.0 if empty else float(block.terms.years[self._own.start])
        known = not empty and implied is not None and implied.source is not ForwardSource.SPOT
        self.forward = float(block.terms.forward[self._own.start]) if known else None
        self.residuals = implied.residuals if implied is not None else np.empty(0)

    @property
    def iv(self) -> FloatArray:
        """Implied volatilities as fractions."""
        return self._block.iv[self._own]

    @property
    def terms(self) -> ContractTerms:
        """What the values of the contracts depend on, apart from volatility."""
        return self._block.terms.part(self._own)

    @cached_property
    def greeks(self) -> Greeks:
        """Greeks per unit and long contract."""
        return Greeks(*(array[self._own] for array in self._block.greeks))

    @cached_property
    def volatility(self) -> FloatArray:
        """The model's volatilities: `iv`, and where there is none what `fill_volatilities` finds."""
        iv = self.iv
        if not np.isnan(iv).any():
            return iv
        return _read_only(fill_volatilities(iv, self._block.terms.strikes[self._own], self._calls))

    @cached_property
    def model(self) -> FloatArray:
        """The model's values at `volatility`."""
        if self._block.terms.may_exercise_early.any():
            return self._block.american_model[self._own]
        return _read_only(self._block.terms.part(self._own).values(self.volatility))

    @cached_property
    def mark(self) -> FloatArray:
        """The provider's marks, else the middle of a sound market, else the model's value within bid and ask."""
        mark = self._block.market_mark[self._own]
        missing = np.isnan(mark)
        if not missing.any():
            return mark
        bid, ask = (self._block.columns.values[side][self._block.span][self._own] for side in ("bid", "ask"))
        with np.errstate(invalid="ignore"):
            crossed = bid > ask
            bounded = np.where((self.model < bid) & ~crossed, bid, self.model)
            bounded = np.where((bounded > ask) & ~crossed, ask, bounded)
        return _read_only(np.where(missing, bounded, mark))


class ChainAnalytics:
    """Forwards, volatilities and greeks of one view.

    Parameters
    ----------
    now
        The view's moment.
    spot
        The underlying's mark; without one nothing can be implied.
    listing, columns
        The chain.
    calendar
        Sessions, for business time.
    first_alive
        Position of the first expiration that still trades.
    keeper
        Where the forward curve is kept between views.
    """

    def __init__(
        self,
        *,
        now: datetime,
        spot: float | None,
        listing: Listing,
        columns: Columns,
        calendar: TradingCalendar,
        first_alive: int,
        keeper: CurveCache,
    ) -> None:
        self._now = now
        self._spot = spot if spot is not None and spot > 0.0 else None
        self._listing = listing
        self._columns = columns
        self._calendar = calendar
        self._first_alive = first_alive
        self._keeper = keeper
        self._expirations: dict[int, ExpirationAnalytics] = {}

    @cached_property
    def curve(self) -> ForwardCurve | None:
        """The forwards of all expirations, or `None` without a spot price."""
        if self._spot is None:
            return None
        return self._keeper.curve(self._listing, self._columns, self._spot, self._now, self._first_alive)

    def expiration(self, position: int) -> ExpirationAnalytics:
        """Return what the quotes of the expiration at `position` imply, solving it alone when that was not done yet."""
        result = self._expirations.get(position)
        if result is None:
            self._solve(position, position + 1)
            result = self._expirations[position]
        return result

    def warm(self) -> None:
        """Solve all expirations in one go."""
        if self._first_alive < len(self._listing.expirations):
            block = self._solve(self._first_alive, len(self._listing.expirations))
            _ = block.greeks

    def years(self, expiration: Expiration) -> float:
        """Return the business time to an expiration's settlement in years."""
        return years_to(self._calendar, self._now, expiration.settles_at)

    def _solve(self, first: int, end: int) -> _Block:
        listing, curve = self._listing, self.curve
        expirations, bounds = listing.expirations[first:end], listing.bounds[first:end]
        counts = [bound[2] - bound[0] for bound in bounds]
        if curve is None or self._spot is None:
            carried = [UNKNOWN] * len(expirations)
        else:
            carried = [curve.carried(position, self._spot, self._now) for position in range(first, end)]
        years = [self.years(expiration) for expiration in expirations]
        american = [expiration.style is ExerciseStyle.AMERICAN for expiration in expirations]
        span = slice(bounds[0][0], bounds[-1][2])
        block = _Block(
            columns=self._columns,
            listing=listing,
            span=span,
            bounds=bounds,
            terms=ContractTerms(
                is_call=listing.is_call[span],
                strikes=listing.strikes[span],
                spot=np.repeat([item.spot for item in carried], counts),
                forward=np.repeat([item.forward for item in carried], counts),
                discount=np.repeat([item.discount for item in carried], counts),
                years=np.repeat(years, counts),
                may_exercise_early=np.repeat(american, counts),
            ),
        )
        for position, bound in zip(range(first, end), bounds, strict=True):
            implied = curve.implied[position] if curve is not None else None
            self._expirations[position] = ExpirationAnalytics(block, bound, implied)
        return block


def _read_only(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array
