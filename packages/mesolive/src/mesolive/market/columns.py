"""Column arrays of a quote book: one element per contract, in listing order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER
from mesolive.market.quality import QuoteQuality
from mesolive.market.view import FloatArray

Price: TypeAlias = Literal["bid", "ask", "last", "mark", "bid_size", "ask_size"]
TimedPrice: TypeAlias = Literal["bid", "ask", "last", "mark"]
TimeArray: TypeAlias = npt.NDArray[np.int64]
QualityArray: TypeAlias = npt.NDArray[np.int8]

FIELDS: Final[tuple[Price, ...]] = ("bid", "ask", "last", "mark", "bid_size", "ask_size")
TIMES: Final[dict[Price, TimedPrice]] = {"bid": "bid", "ask": "ask", "last": "last", "mark": "mark"}

# A bid of zero means no buyer. Up to this offer the middle is still what the contract is about worth (the wings
# of every short-dated chain are quoted 0 x 0.05); above it the offer alone has no information.
MAX_ASK_WITHOUT_BID: Final = 0.50
# Quotes whose offer is this many times the bid and this far above it are placeholders, not a market.
ABSURD_RATIO: Final = 10.0
ABSURD_WIDTH: Final = 25.0


def sound(bid: float, ask: float) -> bool:
    """Whether the mid of a quote is usable as a price; see `sound_quotes`."""
    return bool(sound_quotes(np.array([bid]), np.array([ask]))[0])


def sound_quotes(bid: FloatArray, ask: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where the mid of a quote is usable as a price.

    Both sides are there and not crossed; without a buyer (bid 0) the offer is at most 0.50; and it is not absurdly
    wide (more than 25.00 and more than ten times the bid).

    Parameters
    ----------
    bid, ask
        Prices per unit; NaN for a side that is not there. Same shape.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        two_sided = (bid >= 0.0) & (ask > 0.0) & (bid <= ask) & np.isfinite(ask)
        with_buyer = (bid > 0.0) & ~((ask - bid > ABSURD_WIDTH) & (ask > ABSURD_RATIO * bid))
        return two_sided & (with_buyer | ((bid == 0.0) & (ask <= MAX_ASK_WITHOUT_BID)))


def below_tick(bid: FloatArray, price: FloatArray, tick: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where a price is below the tick size and there is no bid.

    Such a price is the mid of zero and the smallest offer. It shows that the contract is worth next to nothing,
    and no volatility: minutes before the settlement half a tick would imply hundreds of percent.

    Parameters
    ----------
    bid, price, tick
        Per unit; same shape.
    """
    with np.errstate(invalid="ignore"):
        return ~(bid > 0.0) & (price < tick)


class ColumnPart(Struct, frozen=True):
    """Elements of columns for some contracts, one per contract; a field that is not named, or is `None`, stays."""

    values: Mapping[Price, FloatArray]
    times: Mapping[TimedPrice, TimeArray]
    quality: QualityArray | None = None
    released: TimeArray | None = None


class Columns:
    """Prices (NaN = none) and the times at which they last changed (microseconds, 0 = never), by field.

    The field `mark` is the provider's own mark, where it sends one.

    Attributes
    ----------
    quality
        The quality of each contract's quote, as numbers of `QuoteQuality`.
    released
        When the provider stopped to update a contract (microseconds); 0 while it updates it: then the quote is as old
        as the provider's last update, however long its prices have not changed.
    """

    __slots__ = ("quality", "released", "times", "values")

    def __init__(
        self,
        values: dict[Price, FloatArray],
        times: dict[TimedPrice, TimeArray],
        quality: QualityArray,
        released: TimeArray,
    ) -> None:
        self.values = values
        self.times = times
        self.quality = quality
        self.released = released

    @classmethod
    def empty(cls, length: int) -> Columns:
        """Return columns without any price."""
        return cls(
            {field: np.full(length, np.nan) for field in FIELDS},
            {field: np.full(length, NEVER, dtype=np.int64) for field in TIMES.values()},
            np.full(length, QuoteQuality.LIVE, dtype=np.int8),
            np.full(length, NEVER, dtype=np.int64),
        )

    def copy(self) -> Columns:
        """Return a writable copy."""
        return Columns(
            {field: values.copy() for field, values in self.values.items()},
            {field: times.copy() for field, times in self.times.items()},
            self.quality.copy(),
            self.released.copy(),
        )

    def of(self, positions: Iterable[int]) -> Columns:
        """Return columns in which the contracts of some expirations stand; others may hold anything.

        Parameters
        ----------
        positions
            Of the expirations in the listing.
        """
        del positions  # all are there; `lazy_quotes.LazyColumns` computes them
        return self

    def at(self, places: npt.NDArray[np.intp]) -> Columns:
        """Return columns in which the contracts at some places of the listing stand, as `of` does."""
        del places
        return self

    def put(self, indices: npt.NDArray[np.intp], part: ColumnPart) -> None:
        """Write the elements of some contracts as they are."""
        for field, values in part.values.items():
            self.values[field][indices] = values
        for timed, times in part.times.items():
            self.times[timed][indices] = times
        if part.quality is not None:
            self.quality[indices] = part.quality
        if part.released is not None:
            self.released[indices] = part.released

    def freeze(self) -> None:
        """Make the arrays read-only: from now on they belong to views."""
        for values in self.values.values():
            values.flags.writeable = False
        for times in self.times.values():
            times.flags.writeable = False
        self.quality.flags.writeable = False
        self.released.flags.writeable = False

    def take_over(
        self, old: Columns, old_listing: Listing, old_span: tuple[int, int], listing: Listing, span: tuple[int, int]
    ) -> None:
        """Copy what `old` holds for one slice to the same strikes of this one."""
        _, old_index, taken = np.intersect1d(
            old_listing.strikes[slice(*old_span)], listing.strikes[slice(*span)], True, return_indices=True
        )
        source, target = old_index + old_span[0], taken + span[0]
        for field, values in self.values.items():
            values[target] = old.values[field][source]
        for field, times in self.times.items():
            times[target] = old.times[field][source]
        self.quality[target] = old.quality[source]
        self.released[target] = old.released[source]


def market_marks(columns: Columns, own: slice | npt.NDArray[np.intp]) -> FloatArray:
    """Return the marks that imply volatilities: the provider's, else the middles of sound markets, else NaN."""
    bid, ask, given = (columns.values[field][own] for field in ("bid", "ask", "mark"))
    middle = np.where(sound_quotes(bid, ask), np.round(0.5 * (bid + ask), 6), np.nan)
    return np.where(np.isnan(given), middle, given)
