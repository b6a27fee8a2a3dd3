"""Forward curve of a quote book: rates of all expirations kept for minutes, forwards fitted on read.

A fit to the quotes of the whole chain gives every expiration a rate and a carry. Both change within days, so they are
kept for a quarter of an hour of market time (`RateFit`). Given its rate, an expiration's forward follows from its own
quotes: it is fitted on first read, and kept for a minute as a ratio to the spot. The spot that the options imply is
kept for a minute too, as a ratio to the print; it comes from the nearest expirations, whose carry is least.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from mesolive.market.columns import Columns
from mesolive.market.contracts import ExerciseStyle
from mesolive.market.dividends import NO_DIVIDENDS, DividendSchedule
from mesolive.market.last_volatilities import LastVolatilities
from mesolive.market.listing import Listing
from mesolive.pricing.business_time import calendar_years
from mesolive.pricing.forwards import (
    ForwardSource,
    ImpliedForward,
    PairQuotes,
    ParityFit,
    fit_forwards,
    imply_forwards,
    spot_of_forwards,
)
from mesolive.pricing.futures_forwards import fit_futures, imply_futures
from mesolive.records import replace

RATES_MAX_AGE: Final = timedelta(minutes=15)
PARTIAL_RATES_MAX_AGE: Final = timedelta(minutes=1)
"""Where the expirations with quotes are not those of the fit before: more of them may get some any moment."""

FORWARDS_MAX_AGE: Final = timedelta(minutes=1)
MISSING_FORWARDS_MAX_AGE: Final = timedelta(seconds=5)
"""Where quotes were missing they may come any moment."""

MAX_NEAR: Final = 8
"""Nearest European expirations that the implied spot is taken from; those behind them have hardly any weight."""


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


UNKNOWN: Final = Carried(float("nan"), 1.0, float("nan"))
"""What an expiration is priced from where the underlying has no price."""


class _Forward(NamedTuple):
    """An expiration's forward as it was implied at `at`, with the print `spot`."""

    at: datetime
    spot: float
    implied: ImpliedForward

    def serves(self, now: datetime) -> bool:
        """Whether it may still be used."""
        sound = self.implied.source is ForwardSource.PARITY
        return abs(now - self.at) < (FORWARDS_MAX_AGE if sound else MISSING_FORWARDS_MAX_AGE)


class RateFit(Struct, frozen=True):
    """Rates and carries of all expirations of a listing as one fit implied them.

    Attributes
    ----------
    implied
        By position in the listing, for the expirations that were alive.
    complete
        Whether the expirations with quotes are all, or the same as in the fit before.
    """

    listing: Listing
    at: datetime
    implied: Mapping[int, ImpliedForward]
    complete: bool

    def serves(self, listing: Listing, now: datetime) -> bool:
        """Whether the rates may still be used, by views of a moment before too."""
        max_age = RATES_MAX_AGE if self.complete else PARTIAL_RATES_MAX_AGE
        return self.listing is listing and -FORWARDS_MAX_AGE < now - self.at < max_age

    def carry(self, position: int) -> float:
        """Return the annual carry of an expiration."""
        years = calendar_years(self.at, self.listing.expirations[position].settles_at)
        implied = self.implied[position]
        return math.log(implied.forward / implied.spot) / years if years > 0.0 else 0.0

    def near(self, first_alive: int) -> list[int]:
        """Return the nearest European expirations whose quotes had a forward."""
        sound = (
            position
            for position, implied in self.implied.items()
            if position >= first_alive
            and implied.source is ForwardSource.PARITY
            and _priced_from_implied_spot(self.listing, position)
        )
        return [position for position, _ in zip(sound, range(MAX_NEAR), strict=False)]


def _priced_from_implied_spot(listing: Listing, position: int) -> bool:
    """Whether an expiration is priced from the spot that the options imply: European ones, unless on futures."""
    return listing.expirations[position].style is ExerciseStyle.EUROPEAN and not listing.underlying.is_future


class _State(NamedTuple):
    """What a cache knows: never changed, and replaced as a whole, so that readers in other threads see one state.

    Attributes
    ----------
    fit
        Rates and carries.
    forwards
        By position in the listing.
    spot_at, offset
        When the implied spot was fitted, and the logarithm of its ratio to the print.
    """

    fit: RateFit
    forwards: Mapping[int, _Forward]
    spot_at: datetime
    offset: float


class CurveCache:
    """Keeps a book's rates and forwards for its views, and the volatilities that the last of them solved.

    Attributes
    ----------
    volatilities
        Where the next solve begins.
    """

    def __init__(self) -> None:
        self.volatilities = LastVolatilities()
        self._dividends = NO_DIVIDENDS
        self._state: _State | None = None
        self._override: _State | None = None

    @property
    def dividends(self) -> DividendSchedule:
        """The cash dividends of the underlying that are known; American options are priced with them."""
        return self._dividends

    @dividends.setter
    def dividends(self, schedule: DividendSchedule) -> None:
        if schedule != self._dividends:
            self._dividends = schedule
            self._state = self._override = None

    @property
    def state(self) -> _State | None:
        """What is known now."""
        return self._override or self._state

    def hold(self, curve: ForwardCurve) -> None:
        """Keep the forwards of a curve until others come or the listing changes: who models a chain knows them."""
        self._override = curve.state

    def fit(self, chain: _Chain) -> None:
        """Fit the whole chain again, and fill gaps from the previous fit."""
        self._override = None
        self._state = _fitted(chain, self._state)

    def forwards(self, chain: _Chain, wanted: Iterable[int]) -> Mapping[int, _Forward]:
        """Return the forwards of a chain, those of the wanted positions fitted anew where they do not serve any more.

        Positions that had settled are missing.
        """
        if self._override is not None and self._override.fit.listing is chain.listing:
            return self._override.forwards
        state = self._state
        if state is None or not state.fit.serves(chain.listing, chain.now):
            state = self._state = _fitted(chain, state)
        stale = [
            position
            for position in wanted
            if position >= chain.first_alive
            and (known := state.forwards.get(position)) is not None
            and not known.serves(chain.now)
        ]
        if stale:
            state = self._state = _refreshed(chain, state, stale)
        return state.forwards


class _Chain(Struct, frozen=True):
    """The quotes of one view."""

    listing: Listing
    columns: Columns
    spot: float
    now: datetime
    first_alive: int
    dividends: DividendSchedule

    def years(self, position: int) -> float:
        """Return the calendar time to an expiration's settlement."""
        return calendar_years(self.now, self.listing.expirations[position].settles_at)

    def quotes(self, positions: Sequence[int]) -> list[PairQuotes]:
        """Return the pairs of call and put of some expirations."""
        listing = self.listing
        values = self.columns.of(positions).values
        bid, ask = values["bid"], values["ask"]
        result: list[PairQuotes] = []
        for position in positions:
            calls, puts = listing.pairs(position)
            expiration = listing.expirations[position]
            european = expiration.style is ExerciseStyle.EUROPEAN
            result.append(
                PairQuotes(
                    years=self.years(position),
                    strikes=listing.strikes[calls],
                    call_bid=bid[calls],
                    call_ask=ask[calls],
                    put_bid=bid[puts],
                    put_ask=ask[puts],
                    european=european,
                    dividends=() if european else self.dividends.within(self.now, expiration.settles_at),
                )
            )
        return result


def _fitted(chain: _Chain, before: _State | None) -> _State:
    """Fit rates and forwards to the whole chain; in a halt the carries of before are kept."""
    positions = range(chain.first_alive, len(chain.listing.expirations))
    imply = imply_futures if chain.listing.underlying.is_future else imply_forwards
    implied = dict(zip(positions, imply(chain.spot, chain.quotes(positions)), strict=True))
    sound = {position for position, item in implied.items() if item.source is ForwardSource.PARITY}
    complete = len(sound) == len(implied)
    if before is not None and before.fit.listing is chain.listing:
        for position, item in implied.items():
            old = before.forwards.get(position)
            if old is not None and item.source is not ForwardSource.PARITY:
                implied[position] = _continued(chain, position, old, item)
        was = {
            position
            for position, item in before.fit.implied.items()
            if position >= chain.first_alive and item.source is ForwardSource.PARITY
        }
        known = {position for position, item in implied.items() if item.source is ForwardSource.PARITY}
        complete = complete or (bool(known) and was == known)
    fit = RateFit(chain.listing, chain.now, implied, complete)
    forwards = {position: _Forward(chain.now, chain.spot, item) for position, item in implied.items()}
    spot = next((item.spot for item in implied.values()), chain.spot)
    return _State(fit, forwards, chain.now, math.log(spot / chain.spot))


def _continued(chain: _Chain, position: int, old: _Forward, new: ImpliedForward) -> ImpliedForward:
    """Return a forward without sound quotes as it was before, where it had quotes then."""
    if old.implied.source is not ForwardSource.PARITY:
        return new
    forward, discount, spot = _carried(chain.listing, position, old, chain.spot, chain.now)
    return replace(new, forward=forward, discount=discount, spot=spot, source=old.implied.source)


def _refreshed(chain: _Chain, state: _State, stale: Sequence[int]) -> _State:
    """Fit the forwards of some expirations at the rates that are known, and the implied spot where it is old."""
    fit, spot_at, offset = state.fit, state.spot_at, state.offset
    from_implied = any(_priced_from_implied_spot(chain.listing, position) for position in stale)
    anew = from_implied and not abs(chain.now - spot_at) < FORWARDS_MAX_AGE
    near = fit.near(chain.first_alive) if anew else []
    positions = sorted({*stale, *near})
    fitted = dict(zip(positions, _fit(chain, state, positions), strict=True))
    if any(
        item is not None and state.forwards[position].implied.source is not ForwardSource.PARITY
        for position, item in fitted.items()
    ):
        return _fitted(chain, state)  # quotes have come: they tell more about rates than the neighbours did
    if anew:
        leading = [
            (chain.years(position), item.forward, fit.carry(position))
            for position in near
            if (item := fitted[position]) is not None
        ]
        if leading:
            spot_at, offset = chain.now, math.log(spot_of_forwards(chain.spot, leading) / chain.spot)
    spot = chain.spot * math.exp(offset)
    forwards = dict(state.forwards)
    for position, item in fitted.items():
        forwards[position] = _Forward(chain.now, chain.spot, _implied(chain, state, position, item, spot))
    return _State(fit, forwards, spot_at, offset)


def _fit(chain: _Chain, state: _State, positions: Sequence[int]) -> list[ParityFit | None]:
    """Fit the forwards of some expirations at the rates that are known."""
    rates = [state.fit.implied[position].rate for position in positions]
    quotes = chain.quotes(positions)
    if chain.listing.underlying.is_future:
        return fit_futures(chain.spot, quotes, rates)
    carries = [
        math.log(known.implied.forward / known.spot) if known.implied.source is ForwardSource.PARITY else math.nan
        for known in (state.forwards[position] for position in positions)
    ]
    return fit_forwards(chain.spot, quotes, rates, carries)


def _implied(chain: _Chain, state: _State, position: int, fitted: ParityFit | None, spot: float) -> ImpliedForward:
    """Return what an expiration implies by its own quotes, or by what was known of it where these are too few."""
    known = state.forwards[position]
    if fitted is None:
        forward, discount, known_spot = _carried(chain.listing, position, known, chain.spot, chain.now)
        return replace(known.implied, forward=forward, discount=discount, spot=known_spot)
    rate = known.implied.rate
    return ImpliedForward(
        fitted.forward, fitted.discount, ForwardSource.PARITY, fitted.pairs, fitted.residuals, spot, rate
    )


def _carried(listing: Listing, position: int, known: _Forward, spot: float, now: datetime) -> Carried:
    """Return a forward of before for a later print and moment; see `ForwardCurve.carried`."""
    implied, expiration = known.implied, listing.expirations[position]
    years = calendar_years(known.at, expiration.settles_at)
    part = calendar_years(now, expiration.settles_at) / years if years > 0.0 else 1.0
    if listing.underlying.is_future:
        future = implied.forward / known.spot * spot
        return Carried(future, implied.discount**part, future)
    if expiration.style is ExerciseStyle.AMERICAN:
        return Carried(spot * (implied.forward / known.spot) ** part, implied.discount**part, spot)
    own = implied.spot / known.spot * spot
    return Carried(own * (implied.forward / implied.spot) ** part, implied.discount**part, own)


class ForwardCurve:
    """The forwards of one view, each fitted when it is first asked for.

    Parameters
    ----------
    cache
        Where the book keeps what its views have fitted.
    listing, columns
        The chain.
    spot
        The underlying's mark.
    now
        The view's moment.
    first_alive
        Position of the first expiration that still trades.
    """

    def __init__(
        self, cache: CurveCache, listing: Listing, columns: Columns, spot: float, now: datetime, first_alive: int
    ) -> None:
        self._cache = cache
        self._chain = _Chain(listing, columns, spot, now, first_alive, cache.dividends)
        # What was carried to this view, beside the forward that it was carried from.
        self._carried: dict[int, tuple[_Forward, Carried]] = {}

    @classmethod
    def fit(
        cls, cache: CurveCache, listing: Listing, columns: Columns, spot: float, now: datetime, first_alive: int
    ) -> ForwardCurve:
        """Return the curve with all expirations fitted at once, however fresh those are that the cache has."""
        curve = cls(cache, listing, columns, spot, now, first_alive)
        cache.fit(curve._chain)
        return curve

    @property
    def state(self) -> _State | None:
        """What the cache knows now; see `CurveCache.hold`."""
        return self._cache.state

    def carried_to_view(self, positions: Sequence[int]) -> list[Carried]:
        """Return what prices the expirations at some positions at the view's own print and moment; see `carried`.

        Their forwards are fitted together, which costs less than one by one.
        """
        chain = self._chain
        forwards = self._cache.forwards(chain, positions)
        result: list[Carried] = []
        for position in positions:
            forward = forwards.get(position)
            if forward is None:
                result.append(Carried(chain.spot, 1.0, chain.spot))
                continue
            known = self._carried.get(position)
            if known is None or known[0] is not forward:
                known = forward, _carried(chain.listing, position, forward, chain.spot, chain.now)
                self._carried[position] = known
            result.append(known[1])
        return result

    def implied(self, position: int) -> ImpliedForward | None:
        """Return what the quotes of the expiration at `position` imply, or `None` for one that had settled."""
        known = self._cache.forwards(self._chain, (position,)).get(position)
        return None if known is None else known.implied

    def carried(self, position: int, spot: float, now: datetime) -> Carried:
        """Return what prices the expiration at `position` for a later print of the underlying and moment.

        An index print is computed from its stocks, whose session is shorter than that of its options: after hours the
        options are more current than the print. European options are therefore priced from the spot that their own
        forwards imply; its difference from the print stays as it was when the forward was fitted.

        American options are worth their intrinsic value of the print at any time, so they are priced from the print.
        What is underlying to an option on a future is its own future, whose price parity implies: it has no carry.

        Parameters
        ----------
        spot
            The underlying's mark.
        """
        known = self._cache.forwards(self._chain, (position,)).get(position)
        if known is None:
            return Carried(spot, 1.0, spot)
        return _carried(self._chain.listing, position, known, spot, now)
