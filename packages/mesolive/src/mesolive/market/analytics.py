"""Chain analytics: forwards, implied volatilities, greeks and model marks, each computed on first read.

Marks need no more than quotes where these make a market. Forwards come from put-call parity and are kept for a minute
of market time (`forward_curve`). Volatilities and greeks are solved per expiration, or for the whole chain at once
(`ChainAnalytics.warm`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mesolive.market.chain_terms import ChainTerms
from mesolive.market.columns import Columns, below_tick, market_marks
from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import Expiration
from mesolive.market.forward_curve import CurveCache, ForwardCurve
from mesolive.market.last_volatilities import LastVolatilities
from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray, TradingCalendar
from mesolive.pricing.black import Greeks
from mesolive.pricing.forwards import ForwardSource, ImpliedForward


@dataclass(frozen=True)
class _Block:
    """The contracts of neighbouring expirations, solved together; arrays have one element per contract.

    Attributes
    ----------
    all_columns
        Those of the whole chain.
    positions, bounds
        Those of the expirations in the listing.
    make_terms
        Makes `terms`, which need the forwards.
    last
        The volatilities that the book's contracts had when they were last solved.
    """

    all_columns: Columns
    listing: Listing
    positions: range
    span: slice
    bounds: Sequence[tuple[int, int, int]]
    make_terms: Callable[[], ContractTerms]
    last: LastVolatilities

    @cached_property
    def columns(self) -> Columns:
        """The quotes."""
        return self.all_columns.of(self.positions)

    @cached_property
    def terms(self) -> ContractTerms:
        """What the contracts are priced from."""
        return self.make_terms()

    @cached_property
    def market_mark(self) -> FloatArray:
        """The provider's mark, else the middle of a sound market, else NaN."""
        return _read_only(market_marks(self.columns, self.span))

    @cached_property
    def below_tick(self) -> npt.NDArray[np.bool_]:
        """Where the mark is less than the contract could trade at: no volatility follows from it."""
        bid, ticks = self.columns.values["bid"][self.span], self.listing.ticks[self.span]
        return below_tick(bid, self.market_mark, ticks)

    @cached_property
    def _solved(self) -> tuple[FloatArray, Greeks | None]:
        """The volatilities that marks imply, and the greeks at them where both come from one pass."""
        price = np.where(self.below_tick, np.nan, self.market_mark)
        start = self.last.of(self.listing, self.span)
        both = None if start is None else self.terms.volatility_and_greeks(price, start)
        volatility, greeks = (self.terms.volatility(price), None) if both is None else both
        self.last.note(self.listing, self.span, volatility)
        return volatility, greeks

    @cached_property
    def iv(self) -> FloatArray:
        """Implied volatilities; where the mark is below the tick, the neighbours'."""
        mark, intrinsic = self.market_mark, self.terms.intrinsic
        solved = self._solved[0].copy()
        if self.below_tick.any():
            for start, middle, end in self.bounds:
                own = slice(start - self.span.start, end - self.span.start)
                wanted = self.below_tick[own]
                if wanted.any():
                    filled = fill_volatilities(solved[own], self.terms.strikes[own], middle - start)
                    solved[own] = np.where(wanted, filled, solved[own])
            self._bound_by_asks(solved)
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

    def _bound_by_asks(self, volatility: FloatArray) -> None:
        """Lower volatilities that came from neighbours to what the contracts' own offers allow, in place.

        Where few strikes are quoted the nearest may be far away, on the other side of the smile even: a call that is
        offered at a tick would have the volatility, and the delta, of a put that is worth dollars.
        """
        ask = self.columns.values["ask"][self.span]
        with np.errstate(invalid="ignore"):
            filled = np.flatnonzero(self.below_tick & (ask > 0.0) & np.isfinite(volatility))
        if not filled.size:
            return
        terms = self.terms.part(filled)
        dear = np.flatnonzero(terms.values(volatility[filled]) > ask[filled])
        if dear.size:
            # Without a volatility at the offer the contract is worth less than any has: it moves with nothing.
            volatility[filled[dear]] = self.terms.part(filled[dear]).volatility(ask[filled[dear]])

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
        solved, known = self._solved
        if known is None:
            result = self.terms.greeks(self.iv)
        else:
            result = known
            # Volatilities that came from neighbours, or from the other right of the strike.
            filled = np.flatnonzero(np.isnan(solved) & ~np.isnan(self.iv))
            if filled.size:
                for array, better in zip(result, self.terms.part(filled).greeks(self.iv[filled]), strict=True):
                    array[filled] = better
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
    years
        Business time to the settlement, in years.
    """

    def __init__(
        self,
        block: _Block,
        bounds: tuple[int, int, int],
        years: float,
        solve_implied: Callable[[], ImpliedForward | None],
    ) -> None:
        start, middle, end = bounds
        self._block = block
        self._own = slice(start - block.span.start, end - block.span.start)
        self._calls = middle - start
        self._solve_implied = solve_implied
        self.years = 0.0 if start == end else years

    @cached_property
    def _implied(self) -> ImpliedForward | None:
        return self._solve_implied()

    @cached_property
    def forward(self) -> float | None:
        """Forward price of the underlying, `None` when the chain implies none."""
        implied = self._implied
        if implied is None or implied.source is ForwardSource.SPOT or self._own.start == self._own.stop:
            return None
        return float(self._block.terms.forward[self._own.start])

    @cached_property
    def discount(self) -> float:
        """Discount factor from the settlement to now."""
        return 1.0 if self._own.start == self._own.stop else float(self._block.terms.discount[self._own.start])

    @property
    def residuals(self) -> FloatArray:
        """By how much each pair's `C - P` misses `D * (F - K)`, per unit, at the time the forward was fitted."""
        return self._implied.residuals if self._implied is not None else np.empty(0)

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
        return ForwardCurve(self._keeper, self._listing, self._columns, self._spot, self._now, self._first_alive)

    @cached_property
    def terms(self) -> ChainTerms:
        """What contracts are priced from: the same for those solved alone as for whole expirations."""
        return ChainTerms(self._listing, self.curve, self._now, self._calendar, self._keeper.dividends)

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
        return self.terms.years(expiration)

    def _solve(self, first: int, end: int) -> _Block:
        listing, curve = self._listing, self.curve
        expirations, bounds = listing.expirations[first:end], listing.bounds[first:end]
        counts = [bound[2] - bound[0] for bound in bounds]
        years = [self.years(expiration) for expiration in expirations]
        span = slice(bounds[0][0], bounds[-1][2])
        # The block must not hold what holds it: views are freed with their last reader.
        terms, which = self.terms, np.repeat(np.arange(len(counts), dtype=np.intp), counts)

        def implied_at(position: int) -> Callable[[], ImpliedForward | None]:
            return lambda: None if curve is None else curve.implied(position)

        block = _Block(
            all_columns=self._columns,
            listing=listing,
            positions=range(first, end),
            span=span,
            bounds=bounds,
            make_terms=lambda: terms.of(range(first, end), which, span),
            last=self._keeper.volatilities,
        )
        for position, bound, left in zip(range(first, end), bounds, years, strict=True):
            self._expirations[position] = ExpirationAnalytics(block, bound, left, implied_at(position))
        return block


def _read_only(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array
