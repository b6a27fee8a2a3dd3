"""Quotes computed on read: bids and offers of a simulated market, by expiration, on the first read.

A publication is a function that prices any expirations at one moment of the market. A view taken at it computes those
expirations that are read, and no others. When a price last changed follows from what was read before (`KnownQuotes`):
a price that differs from the last one that was read has changed with the publication, and one that is the same has not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mesolive.market.columns import Columns, Price, TimeArray, TimedPrice
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, to_micros
from mesolive.market.view import FloatArray

QuoteFunction: TypeAlias = Callable[[Sequence[int]], tuple[FloatArray, FloatArray]]
"""Returns bids and offers of the contracts of some expirations, by their positions in the listing, ascending."""

SIDES: tuple[TimedPrice, TimedPrice] = ("bid", "ask")


class KnownQuotes:
    """The last quotes of a book that were computed; belongs to one listing, and is written under its lock.

    Attributes
    ----------
    values, times
        By side: prices, and when they last changed (microseconds).
    publication
        By expiration: which publication they are of.
    """

    def __init__(self, columns: Columns, expirations: int) -> None:
        self.lock = threading.Lock()
        self.values = {side: columns.values[side].copy() for side in SIDES}
        self.times: dict[TimedPrice, TimeArray] = {side: columns.times[side].copy() for side in SIDES}
        self.publication = np.zeros(expirations, dtype=np.int64)


class Publication(NamedTuple):
    """The quotes of one moment.

    Attributes
    ----------
    number
        Grows with each publication of the book.
    first
        Position of the first expiration that is quoted; those before it keep what is known of them.
    """

    known: KnownQuotes
    number: int
    at: datetime
    first: int
    compute: QuoteFunction


class LazyColumns(Columns):
    """The columns of one view of a publication.

    `of` computes what is asked for. Whoever reads `values` or `times` reads the whole chain.

    Parameters
    ----------
    base
        The columns of all other fields.
    listing
        The contracts.
    publication
        The quotes.
    """

    __slots__ = ("_computed", "_listing", "_missing", "_publication", "_raw")

    def __init__(self, base: Columns, listing: Listing, publication: Publication) -> None:
        size = len(listing)
        values = dict(base.values)
        times = dict(base.times)
        for side in SIDES:
            values[side] = np.empty(size)
            times[side] = np.empty(size, dtype=np.int64)
        self._raw = Columns(values, times, base.quality, base.released)
        self._listing = listing
        self._publication = publication
        self._computed = np.zeros(len(listing.expirations), dtype=np.bool_)
        self._missing = len(listing.expirations)
        self.quality = base.quality
        self.released = base.released

    @property
    def values(self) -> dict[Price, FloatArray]:  # pyright: ignore[reportIncompatibleVariableOverride]  # read only here
        """Prices by field, of the whole chain."""
        return self.of(range(len(self._listing.expirations))).values

    @property
    def times(self) -> dict[TimedPrice, TimeArray]:  # pyright: ignore[reportIncompatibleVariableOverride]  # as `values`
        """Times of the last change by field, of the whole chain."""
        return self.of(range(len(self._listing.expirations))).times

    def of(self, positions: Iterable[int]) -> Columns:
        """Return columns in which the contracts of some expirations stand; others may hold anything."""
        if self._missing:
            wanted = [position for position in positions if not self._computed[position]]
            if wanted:
                self._compute(sorted(wanted))
        return self._raw

    def at(self, places: npt.NDArray[np.intp]) -> Columns:
        """Return columns in which the contracts at some places of the listing stand, as `of` does."""
        if not self._missing:
            return self._raw
        positions: list[int] = np.unique(self._listing.positions_of(places)).tolist()
        return self.of(positions)

    def _compute(self, positions: list[int]) -> None:
        known, first = self._publication.known, self._publication.first
        with known.lock:
            # Another thread may have computed some of them while this one waited.
            positions = [position for position in positions if not self._computed[position]]
            settled = [position for position in positions if position < first]
            if settled:
                where = self._listing.places(settled)
                for side in SIDES:
                    self._raw.values[side][where] = known.values[side][where]
                    self._raw.times[side][where] = known.times[side][where]
            quoted = positions[len(settled) :]
            if quoted:
                self._quote(quoted)
            self._computed[positions] = True
            self._missing -= len(positions)
            if not self._missing:
                self._raw.freeze()

    def _quote(self, positions: Sequence[int]) -> None:
        known, number, at, _, compute = self._publication
        where = self._listing.places(positions)
        now = to_micros(at)
        newest = known.publication[positions] <= number
        fresh: npt.NDArray[np.bool_] | None = None
        if not newest.all():
            counts = [self._listing.bounds[position][2] - self._listing.bounds[position][0] for position in positions]
            fresh = np.repeat(newest, counts)
        for side, given in zip(SIDES, compute(positions), strict=True):
            prices = np.where(np.isinf(given), np.nan, given) if np.isinf(given).any() else given
            before, changed_at = known.values[side][where], known.times[side][where]
            same = (prices == before) | (np.isnan(prices) & np.isnan(before))
            times = np.where(same, np.minimum(changed_at, now), np.where(np.isnan(prices), NEVER, now))
            self._raw.values[side][where] = prices
            self._raw.times[side][where] = times
            # What a view of a later publication has read stays known.
            known.values[side][where] = prices if fresh is None else np.where(fresh, prices, before)
            known.times[side][where] = times if fresh is None else np.where(fresh, times, changed_at)
        known.publication[positions] = np.maximum(known.publication[positions], number)
