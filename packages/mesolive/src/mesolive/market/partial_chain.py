"""Partial chain: a whole option chain from a provider that quotes a few contracts at a time; the rest is modelled.

A provider with few market data lines puts its quotes in here, and asks every moment which lines to stop and to start
(`mesolive.market.lines`). About once a second the surface is fitted to the quotes of the last minutes, each moved by
its greeks to the present price of the underlying, and every contract that is not quoted gets a modelled market: marked
`QuoteQuality.MODELLED`, which is not traded on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.market.analytics import ChainAnalytics
from mesolive.market.book import QuoteBook
from mesolive.market.columns import Columns
from mesolive.market.contracts import OptionContract
from mesolive.market.forward_curve import CurveCache, ForwardCurve
from mesolive.market.lines import LineAllocator, LineChanges, LinePriority, LineUse
from mesolive.market.listing import Listing
from mesolive.market.quality import QuoteQuality
from mesolive.market.surface_fit import ExpirationPoints, Smile, fit_surface
from mesolive.market.view import FloatArray
from mesolive.pricing import black
from mesolive_sdk.contract_specs import tick_tables

MODEL_EVERY: Final = timedelta(seconds=1)
RETENTION_TIME: Final = timedelta(seconds=5)
"""For how long a quote stays after its line has gone on; then the contract is modelled."""
MAX_AGE_SECONDS: Final = 1800.0
"""Quotes that are older are not fitted to."""
MAX_MOVE: Final = 0.03
"""Nor those of a time at which the underlying's price differed by more than this part."""
AGE_OF_HALF_CERTAINTY: Final = 60.0
MIN_ERROR: Final = 0.002
"""In volatility: no quote is more certain than this."""
RESIDUAL_SECONDS: Final = 60.0
"""How fast a quote's own distance from the smile is forgotten."""
MAX_FITS: Final = 8
"""Smiles that are fitted again in one go: the others keep their shape, and near to new quotes their distance to it."""
FIRST_VOLATILITY: Final = 0.2
"""Before anything is fitted: only for the order in which contracts are quoted."""
INTEREST_SECONDS: Final = 900.0
INTEREST: Final = 6.0
"""How much oftener the expirations of interest are quoted than others."""
MAX_WAIT_SECONDS: Final = 600.0
SPREAD_GROUPS: Final = 8
FITTED: Final = object()

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


class PartialChain:
    """Keeps a book whole of which a part is quoted.

    Belongs to one event loop. The provider calls `advance` several times a second and carries out what it returns.

    Parameters
    ----------
    book
        Whose contracts are quoted and modelled. Its underlying must be quoted by a line of its own.
    lines
        The lines for contracts.
    model_every
        Market time between two fits: one of 24,000 contracts takes about a tenth of a second.
    spread
        Whether a fit is spread over several calls of `advance`, so that none of them holds the loop for long.
    """

    def __init__(
        self,
        book: QuoteBook,
        lines: LineAllocator,
        model_every: timedelta = MODEL_EVERY,
        *,
        spread: bool = False,
    ) -> None:
        self._spread = spread
        self._fit: Iterator[None] | None = None
        self._book = book
        self._model_every = model_every
        self._lines = lines
        self._cache = CurveCache()
        self._curve: ForwardCurve | None = None
        self._modelled_at: datetime | None = None
        self._interest: dict[tuple[str, date], datetime] = {}
        self._smiles: dict[tuple[str, date], tuple[datetime, Smile]] = {}
        self._begin(book.listing)

    def _begin(self, listing: Listing) -> None:
        count = len(listing)
        self._fit = None
        self._listing = listing
        self._active: BoolArray = np.zeros(count, dtype=np.bool_)
        self._bid, self._ask = np.full(count, np.nan), np.full(count, np.nan)
        self._spot, self._seconds = np.full(count, np.nan), np.full(count, -np.inf)
        self._delta, self._gamma, self._theta = np.full(count, np.nan), np.zeros(count), np.zeros(count)
        self._requested_at = np.full(count, -np.inf)
        counts = [end - start for start, _, end in listing.bounds]
        self._place: IntArray = np.repeat(np.arange(len(counts)), counts)
        self._dirty: set[int] = set()
        self._tables = [tick_tables([expiration.root])[0] for expiration in listing.expirations]
        self._weight: FloatArray | None = None

    # --- what the provider tells --------------------------------------------------------------------------------------

    @property
    def use(self) -> LineUse:
        """How the lines are used."""
        return self._lines.use

    @property
    def active(self) -> Collection[OptionContract]:
        """The contracts that have a line."""
        return self._lines.active

    def pin(self, contracts: Iterable[OptionContract], priority: LinePriority) -> None:
        """Keep a line for contracts; those that are not listed are left out."""
        self._lines.pin([item for item in contracts if self._listing.find(item) is not None], priority)

    def unpin(self, contracts: Iterable[OptionContract]) -> None:
        """Let the lines of contracts roll on."""
        self._lines.unpin(contracts)

    def note_interest(self, expirations: Iterable[tuple[str, date]]) -> None:
        """Quote the contracts of expirations (root and day) oftener than others, for a quarter of an hour."""
        now = self._book.clock.now()
        self._interest |= dict.fromkeys(expirations, now)
        self._weight = None

    def quoted(
        self,
        at: datetime,
        index: int,
        bid: float,
        ask: float,
        quality: QuoteQuality = QuoteQuality.LIVE,
        *,
        bid_size: float = float("nan"),
        ask_size: float = float("nan"),
    ) -> None:
        """Take the quote of a contract that has a line; NaN for a side that is not there.

        A quote without both sides is an answer too: the line goes on.
        """
        prices = {"bid": bid, "ask": ask, "mark": float("nan"), "bid_size": bid_size, "ask_size": ask_size}
        self._book.update(at, index, prices, quality)  # pyright: ignore[reportArgumentType]  # the keys are fields
        self._lines.answered(self._listing.contract(index))
        spot = self._book.spot
        if spot is None or not (bid >= 0.0 and ask > 0.0 and ask >= bid):
            return
        if not self._active[index] or self._seconds[index] == -np.inf:
            self._dirty.add(int(self._place[index]))
        self._bid[index], self._ask[index] = bid, ask
        self._spot[index], self._seconds[index] = spot, at.timestamp()

    def refused(self, at: datetime, index: int) -> None:
        """Record that the provider stopped quoting a contract: a rolling line moves on, the quote ages."""
        self._lines.answered(self._listing.contract(index))
        self._ended(at, index)

    def dropped(self, at: datetime, index: int) -> None:
        """Record that the line of a contract has ended; it restarts when a line is free."""
        self._lines.drop([self._listing.contract(index)])
        self._ended(at, index)

    def _ended(self, at: datetime, index: int) -> None:
        self._active[index] = False
        self._book.release(at, index)

    def disconnected(self, at: datetime) -> None:
        """Record that all lines have ended; they restart with the next `advance`."""
        self._lines.drop(list(self._lines.active))
        self._book.release(at, np.flatnonzero(self._active))
        self._active[:] = False

    def relist(self, listing: Listing) -> None:
        """Go on with other contracts: those that stay keep their lines and quotes."""
        old, old_arrays = self._listing, (self._active, self._bid, self._ask, self._spot, self._seconds, self._delta)
        known = np.flatnonzero(np.isfinite(self._seconds) | self._active)
        self._book.relist(listing)
        self._begin(listing)
        self._lines.retain(lambda contract: listing.find(contract) is not None)
        arrays = (self._active, self._bid, self._ask, self._spot, self._seconds, self._delta)
        for index in known.tolist():
            target = listing.find(old.contract(index))
            if target is not None:
                for array, before in zip(arrays, old_arrays, strict=True):
                    array[target] = before[index]
        self._modelled_at = None

    def advance(self, now: datetime, *, modelling: bool = True, requesting: bool = True) -> LineChanges:
        """Model what is not quoted, when it is time to, and return the lines to stop and to start.

        Parameters
        ----------
        modelling
            False while the provider is silent: a model of old quotes would look new.
        requesting
            False while requests that were made before still wait for the provider's limit: no line changes.
        """
        if modelling and (self._modelled_at is None or now - self._modelled_at >= self._model_every):
            self._modelled_at = now
            self._fit = self._model(now)
        if not modelling:
            self._fit = None  # its quotes have become old meanwhile
        self._go_on()
        if not requesting:
            return LineChanges()
        changes = self._lines.advance(now, lambda count: self._by_interest(now, count))
        stopped = [index for contract in changes.stop if (index := self._listing.find(contract)) is not None]
        started = [index for contract in changes.start if (index := self._listing.find(contract)) is not None]
        if stopped:
            self._active[stopped] = False
            self._book.release(now, np.array(stopped, dtype=np.intp))
        self._active[started] = True
        self._requested_at[started] = now.timestamp()
        return changes

    def _go_on(self) -> None:
        """Take the next step of a fit, or all of them."""
        while self._fit is not None:
            if next(self._fit, FITTED) is FITTED:
                self._fit = None
            elif self._spread:
                return

    # --- what is quoted next ------------------------------------------------------------------------------------------

    def _by_interest(self, now: datetime, count: int) -> list[OptionContract]:
        """Return the contracts with the longest wait by their weight."""
        if self._weight is None:
            self._weight = self._weights(now)
        waited = np.minimum(now.timestamp() - self._requested_at, MAX_WAIT_SECONDS)
        urgency = np.where(self._active, -1.0, self._weight * waited)
        urgency[: self._first_alive(now)] = -1.0
        count = min(count, urgency.size)
        chosen = np.argpartition(urgency, -count)[-count:] if count else np.empty(0, dtype=np.intp)
        chosen = chosen[np.argsort(-urgency[chosen], kind="stable")]
        return [self._listing.contract(int(index)) for index in chosen if urgency[index] > 0.0]

    def _weights(self, now: datetime) -> FloatArray:
        """Return how important each contract is: near the money, out of it rather than in, near in time."""
        listing, spot = self._listing, self._book.spot
        if spot is None:
            return np.ones(len(listing))
        result = np.empty(len(listing))
        for place, (start, middle, end) in enumerate(listing.bounds):
            expiration = listing.expirations[place]
            years = max((expiration.settles_at - now).total_seconds() / (365.0 * 86400.0), 1e-4)
            curve = self._curve
            forward = spot if curve is None else curve.carried(place, spot, now).forward
            smile = self._smiles.get((expiration.root, expiration.day))
            variance = FIRST_VOLATILITY**2 * years if smile is None else max(smile[1].at_the_money, 1e-8)
            z = np.log(listing.strikes[start:end] / forward) / np.sqrt(variance)
            in_the_money = np.concatenate([z[: middle - start] < -0.4, z[middle - start :] > 0.4])
            near = np.where(np.abs(z) <= 0.4, 1.5, np.where(in_the_money, 0.15, 1.0)) / (1.0 + z * z)
            noted = self._interest.get((expiration.root, expiration.day))
            wanted = noted is not None and (now - noted).total_seconds() < INTEREST_SECONDS
            result[start:end] = near * (INTEREST if wanted else 1.0 / (1.0 + 4.0 * years))
        return result

    def _first_alive(self, now: datetime) -> int:
        place = self._listing.first_alive(now)
        return self._listing.bounds[place][0] if place < len(self._listing.bounds) else len(self._listing)

    # --- the model ----------------------------------------------------------------------------------------------------

    def _model(self, now: datetime) -> Iterator[None]:
        """Fit the model and publish it; between two steps others may have their turn."""
        listing, spot = self._listing, self._book.spot
        first = listing.first_alive(now)
        if spot is None or first >= len(listing.expirations):
            return
        seconds = now.timestamp()
        followed = self._active & np.isfinite(self._seconds)
        self._spot[followed], self._seconds[followed] = spot, seconds  # a quote that did not change is true now
        age = seconds - self._seconds
        moved_bid, moved_ask = self._moved(spot, age)
        columns = Columns.empty(len(listing))
        columns.values["bid"], columns.values["ask"] = moved_bid, moved_ask
        yield
        self._cache.dividends = self._book.dividends
        self._curve = curve = ForwardCurve.fit(self._cache, listing, columns, spot, now, first)
        self._cache.hold(curve)
        analytics = ChainAnalytics(
            now=now,
            spot=spot,
            listing=listing,
            columns=columns,
            calendar=self._book.calendar,
            first_alive=first,
            keeper=self._cache,
        )
        yield
        analytics.warm()
        yield
        volatility = self._volatilities(analytics, first, now, spot, age, moved_ask - moved_bid)
        yield
        value = self._values(analytics, first, volatility)
        yield
        self._weight = None
        # What was quoted meanwhile is younger than the model.
        age = np.minimum(age, self._book.clock.now().timestamp() - self._seconds)
        self._publish(now, value, age, moved_bid, moved_ask)
        self._book.hold_curve(curve)

    def _moved(self, spot: float, age: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the quotes as they would be at the present price of the underlying; NaN where there is none."""
        with np.errstate(invalid="ignore"):
            change = spot - self._spot
            usable = (age < MAX_AGE_SECONDS) & (np.abs(change) < MAX_MOVE * spot)
            # Before the first fit a contract at the money moves by half.
            delta = np.where(np.isnan(self._delta), np.where(self._listing.is_call, 0.5, -0.5), self._delta)
            move = delta * change + 0.5 * self._gamma * change * change + self._theta * age / 86400.0
            bid = np.where(self._bid > 0.0, np.maximum(self._bid + move, 0.01), self._bid)
            ask = np.maximum(self._ask + move, bid + 0.01)
        return np.where(usable, bid, np.nan), np.where(usable, ask, np.nan)

    def _volatilities(
        self,
        analytics: ChainAnalytics,
        first: int,
        now: datetime,
        spot: float,
        age: FloatArray,
        spread: FloatArray,
    ) -> FloatArray:
        """Return the volatility of every contract: of the smiles, and near to a quote with the quote's own distance."""
        listing = self._listing
        points: list[ExpirationPoints] = []
        known_smiles: list[tuple[datetime, int, Smile]] = []
        for place in range(first, len(listing.expirations)):
            own = slice(listing.bounds[place][0], listing.bounds[place][2])
            part = analytics.expiration(place)
            iv, years = part.iv, part.years
            known = np.isfinite(iv) & (iv > 0.0)
            vega = part.greeks.vega[known] * 100.0
            with np.errstate(divide="ignore", invalid="ignore"):
                error = np.hypot(0.5 * spread[own][known] / vega, MIN_ERROR)
                error *= 1.0 + age[own][known] / AGE_OF_HALF_CERTAINTY
                weight = 1.0 / (2.0 * iv[known] * max(years, 1e-9) * error) ** 2
            fine = np.isfinite(weight) & (weight > 0.0)
            forward = part.forward if part.forward is not None else spot
            k = np.log(listing.strikes[own][known][fine] / forward)
            points.append(ExpirationPoints(years, k, iv[known][fine], weight[fine]))
            expiration = listing.expirations[place]
            before = self._smiles.get((expiration.root, expiration.day))
            if before is not None:
                known_smiles.append((before[0], place - first, before[1]))
        again = sorted((at, number) for at, number, _ in known_smiles if number + first in self._dirty)[:MAX_FITS]
        fitted = {number for _, number in again}
        fixed = {number: smile for _, number, smile in known_smiles if number not in fitted}
        self._dirty -= {number + first for number in fitted}
        smiles = fit_surface(points, fixed)
        result = np.full(len(listing), np.nan)
        for number, (smile, item) in enumerate(zip(smiles, points, strict=True)):
            if smile is None or not item.years > 0.0:
                continue
            place = first + number
            expiration = listing.expirations[place]
            if number not in fixed and item.has_own_smile:
                self._smiles[expiration.root, expiration.day] = (now, smile)
            own = slice(listing.bounds[place][0], listing.bounds[place][2])
            part = analytics.expiration(place)
            k = np.log(listing.strikes[own] / (part.forward if part.forward is not None else spot))
            modelled = np.sqrt(smile.total_variance(k) / item.years)
            known = np.isfinite(part.iv) & (part.iv > 0.0)
            if known.any():
                distance = (part.iv - modelled)[known] * np.exp(-age[own][known] / RESIDUAL_SECONDS)
                order = np.argsort(k[known], kind="stable")
                modelled = modelled + np.interp(k, k[known][order], distance[order], left=0.0, right=0.0)
            result[own] = np.maximum(modelled, 1e-4)
        return result

    def _values(self, analytics: ChainAnalytics, first: int, volatility: FloatArray) -> FloatArray:
        """Return the value of every contract at its volatility, and keep the greeks to move quotes with."""
        listing = self._listing
        result = np.full(len(listing), np.nan)
        for place in range(first, len(listing.expirations)):
            own = slice(listing.bounds[place][0], listing.bounds[place][2])
            if np.isnan(volatility[own]).all():
                continue
            terms = analytics.expiration(place).terms
            result[own] = terms.values(volatility[own])
            greeks = black.greeks(
                terms.is_call, terms.forward, terms.strikes, terms.years, volatility[own], terms.discount, terms.spot
            )
            self._delta[own], self._gamma[own], self._theta[own] = greeks.delta, greeks.gamma, greeks.theta
        return result

    def _publish(self, now: datetime, value: FloatArray, age: FloatArray, bid: FloatArray, ask: FloatArray) -> None:
        """Put a modelled market into the book for every contract that is not quoted."""
        target = np.flatnonzero(~self._active & (age >= RETENTION_TIME.total_seconds()) & np.isfinite(value))
        target = target[target >= self._first_alive(now)]
        if not target.size:
            return
        half = 0.5 * _spreads(value, 0.5 * (bid + ask), ask - bid)
        modelled_bid, modelled_ask = self._on_tick(value, half)
        last_received_at = self._book.last_received_at  # a model is no sign of life of the provider
        self._book.update(
            now,
            target,
            {"bid": modelled_bid[target], "ask": modelled_ask[target], "mark": value[target]},
            QuoteQuality.MODELLED,
        )
        self._book.last_received_at = last_received_at

    def _on_tick(self, value: FloatArray, half: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return bids and offers around values, on the ticks of their classes."""
        bid, ask = np.full(value.size, np.nan), np.full(value.size, np.nan)
        for place, (start, _, end) in enumerate(self._listing.bounds):
            table, own = self._tables[place], slice(start, end)
            steps = [(float(bound), float(step)) for bound, step in table.steps]
            low, high = np.maximum(value[own] - half[own], 0.0), value[own] + half[own]
            bid[own] = np.round(np.floor(low / _step(steps, low) + 1e-9) * _step(steps, low), 4)
            ask[own] = np.round(np.ceil(high / _step(steps, high) - 1e-9) * _step(steps, high), 4)
            ask[own] = np.maximum(ask[own], np.round(bid[own] + _step(steps, bid[own]), 4))
        return bid, ask


def _step(steps: Sequence[tuple[float, float]], price: FloatArray) -> FloatArray:
    result = np.full(price.size, steps[0][1])
    for bound, step in steps[1:]:
        result[price >= bound - 1e-9] = step
    return result


def _spreads(value: FloatArray, price: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the width of a market that contracts of these values have, by the quoted ones of like prices."""
    known = np.flatnonzero(np.isfinite(spread))
    if not known.size:
        return 0.02 + 0.01 * value
    known = known[np.argsort(price[known], kind="stable")]
    groups = np.array_split(known, min(SPREAD_GROUPS, known.size))
    at = np.array([float(np.median(price[group])) for group in groups])
    width = np.array([float(np.median(spread[group])) for group in groups])
    return np.interp(value, at, width)


def strikes_around(listing: Listing, contract: OptionContract, count: int) -> list[OptionContract]:
    """Return a contract with its `count` neighbours on either side, of the same expiration and right, nearest first."""
    index = listing.find(contract)
    span = listing.span(contract.root, contract.day, contract.right)
    if index is None or span is None:
        return []
    places = range(max(index - count, span[0]), min(index + count + 1, span[1]))
    return [listing.contract(place) for place in sorted(places, key=lambda place: abs(place - index))]
