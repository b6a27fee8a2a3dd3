"""Valuation engine: prices, greeks and PnL of many subjects at once, as vectorised arithmetic.

What the numbers mean
---------------------
* Prices are per unit of the underlying. Those of an entry are its contract's own. Those of a sum are what the sum
  trades at: its bid is the proceeds of selling it (bids of long legs, offers of short legs), its ask the cost of buying
  it; a leg group's is that of one combo, to be compared with an order's limit; a position's is that of the whole.
* Greeks are in the strategy language's units, quantity and multiplier included. `Bid` means: computed from the
  volatility that the bid implies. Sums are plain sums and have no IV.
* PnL is running PnL at the price on that basis: ``price * qty * multiplier - cost``. That of a leg reads its contract's
  own price; that of a sum reads the sum's, so `Bid` is what selling the whole at its bid would leave (what is short is
  bought back at its offer), `Ask` the same at its ask, and both differ from the sum of the legs' where a leg is short.
  On the last and the mark they are plain sums.
* A marker leg is valued as one long contract and belongs to no sum.
* The age of a sum is the age of its oldest part, its quality the worst of its parts'. Where a part has no value, the
  sum has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.market.chain_view import BookView
from mesolive.market.columns import QualityArray
from mesolive.trading.valuation.contract_greeks import GREEKS
from mesolive.trading.valuation.quotes import IV, QuoteTable, locate, read_quotes, solve_greeks
from mesolive.trading.valuation.subjects import ALL_BASES, BoolArray, FloatArray, IntArray, Subject

ObjectArray = npt.NDArray[Any]

PRICE_SCALE = 1e6
PNL_SCALE = 1e4
# Decimals that are published: gamma 8, IV (in percent) 4, the others 6.
GREEK_SCALE = np.array([1e8 if name == "Gamma" else 1e4 if name == "IV" else 1e6 for name in GREEKS])


@dataclass(frozen=True, slots=True)
class Wanted:
    """On which bases values are wanted; bit 1 is bid, 2 ask, 4 last, 8 mark."""

    prices: int = ALL_BASES
    greeks: int = ALL_BASES
    pnl: int = ALL_BASES


class Block(Struct, frozen=True, gc=False):
    """The values of some elements (entries or sums), in flat lists: four numbers per element in the order of `BASES`.

    Not-a-number is "no value"; an age that is not known is `None`. Flat, because thousands of small lists per window
    would keep Python's garbage collector busier than the valuation itself.

    Attributes
    ----------
    size
        How many elements there are.
    greeks
        28 numbers per element: for each basis seven, in the order of `GREEKS`.
    qualities
        One number of `QuoteQuality` per element, that of a sum its worst part's; `None` where all quotes are live.
    """

    size: int
    prices: list[float]
    price_ages: list[int | None]
    greeks: list[float]
    greek_ages: list[int | None]
    pnl: list[float]
    pnl_ages: list[int | None]
    qualities: list[int] | None = None


class Valuation(Struct, frozen=True, gc=False):
    """The values of one subject at one moment: of its entries, and of its sums in the order of `Subject.segments`."""

    now: datetime
    entries: Block
    segments: Block


def value(subject: Subject, view: BookView, wanted: Wanted = Wanted()) -> Valuation:
    """Return the values of one subject on a view."""
    contracts = [entry.contract for entry in subject.entries]
    table = read_quotes(view, locate(view.listing, contracts))
    rows = np.arange(len(contracts), dtype=np.intp)
    unit = solve_greeks(view, table, rows, _MASKS[wanted.greeks])
    return value_all([subject], [rows], [wanted], table, unit)[0]


def value_all(
    subjects: Sequence[Subject],
    rows: Sequence[IntArray],
    wanted: Sequence[Wanted],
    table: QuoteTable,
    unit_greeks: FloatArray,
) -> Valuations:
    """Return the values of many subjects, computed together.

    Parameters
    ----------
    subjects, rows, wanted
        Each subject, the rows of the table in which its entries' contracts stand, and what is wanted of it.
    table
        Quotes of M contracts.
    unit_greeks
        (M, 4, 7) greeks of the contracts per unit, NaN where they were not wanted.
    """
    arrays = [subject.arrays for subject in subjects]
    entry_counts = np.array([part.factor.size for part in arrays], dtype=np.intp)
    member_counts = np.array([part.member.size for part in arrays], dtype=np.intp)
    segment_counts = np.array([part.start.size for part in arrays], dtype=np.intp)
    entry_start, member_start, segment_start = map(_starts, (entry_counts, member_counts, segment_counts))
    row = np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)
    masks = _MASKS[np.array([(want.prices, want.greeks, want.pnl) for want in wanted], dtype=np.intp).reshape(-1, 3)]

    price, age = table.prices[row], table.ages[row]
    grade = table.quality[row] if table.quality.any() else None
    unit = unit_greeks[row]
    factor = np.concatenate([part.factor for part in arrays])
    cost = np.concatenate([part.cost for part in arrays])
    # The factor of a marker leg is one contract's; a leg's PnL multiplies by the same.
    pnl = factor[:, None] * price - cost[:, None]
    scaled = unit * factor[:, None, None]
    scaled[:, :, IV] = unit[:, :, IV]
    entries = _rounded_values(price, age, scaled, pnl, np.repeat(masks, entry_counts, axis=0), grade)

    segments = None
    if segment_start[-1]:
        member = np.concatenate([part.member for part in arrays]) + np.repeat(entry_start[:-1], member_counts)
        start = np.concatenate([part.start for part in arrays]) + np.repeat(member_start[:-1], segment_counts)
        ratio = np.concatenate([part.ratio for part in arrays])
        weight = np.concatenate([part.weight for part in arrays])
        sums = _sums(price[member], age[member], unit[member], pnl[member], ratio, weight, start)
        worst = None if grade is None else np.maximum.reduceat(np.where(ratio != 0.0, grade[member], 0), start)
        segments = _rounded_values(*sums, np.repeat(masks, segment_counts, axis=0), worst)
    return Valuations(table.now, entries, segments, entry_start.tolist(), segment_start.tolist())


class Valuations(Sequence[Valuation]):
    """The values of many subjects as arrays; the lists of each are made when it is read."""

    def __init__(
        self,
        now: datetime,
        entries: _Values,
        segments: _Values | None,
        entry_start: Sequence[int],
        segment_start: Sequence[int],
    ) -> None:
        self._now = now
        self._entries = entries
        self._segments = segments
        self._entry_start = entry_start
        self._segment_start = segment_start

    def __len__(self) -> int:
        return len(self._entry_start) - 1

    @overload
    def __getitem__(self, index: int) -> Valuation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Valuation]: ...
    def __getitem__(self, index: int | slice) -> Valuation | Sequence[Valuation]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} subjects, there is none at {index}")
        entries = self._entries.block(self._entry_start[index], self._entry_start[index + 1])
        segments = self._segments
        if segments is None:
            return Valuation(self._now, entries, _EMPTY)
        return Valuation(self._now, entries, segments.block(self._segment_start[index], self._segment_start[index + 1]))


class _Values(Struct, frozen=True):
    """The published values of many elements: what `Block` lists, as arrays with a row per element; ages are objects."""

    prices: FloatArray
    price_ages: ObjectArray
    greeks: FloatArray
    greek_ages: ObjectArray
    pnl: FloatArray
    pnl_ages: ObjectArray
    qualities: QualityArray | None

    def block(self, first: int, end: int) -> Block:
        """Return the values of the elements from `first` until before `end`."""
        own = slice(first, end)
        return Block(
            end - first,
            self.prices[own].ravel().tolist(),
            self.price_ages[own].ravel().tolist(),
            self.greeks[own].ravel().tolist(),
            self.greek_ages[own].ravel().tolist(),
            self.pnl[own].ravel().tolist(),
            self.pnl_ages[own].ravel().tolist(),
            None if self.qualities is None else self.qualities[own].tolist(),
        )


_EMPTY = Block(0, [], [], [], [], [], [])
_MASKS: BoolArray = np.array([[bool(bits >> place & 1) for place in range(4)] for bits in range(ALL_BASES + 1)])
"""Which bases a number of bits names."""


def _starts(counts: IntArray) -> IntArray:
    """Return where each of some neighbouring parts begins, and the end of the last one."""
    return np.concatenate((np.zeros(1, dtype=np.intp), np.cumsum(counts)))


def _sums(
    price: FloatArray,
    age: FloatArray,
    unit: FloatArray,
    pnl: FloatArray,
    ratio: FloatArray,
    weight: FloatArray,
    start: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Add up the members of each segment; a member with quantity 0 adds nothing, not even its lack of a value."""
    # What is short is bought back at the offer when the sum is sold at its bid.
    natural, natural_age = _crossed(price, ratio), _crossed(age, ratio)
    natural *= ratio[:, None]
    greeks = unit * weight[:, None, None]
    natural_pnl = _crossed(pnl, weight)
    uncounted = ratio == 0.0
    if uncounted.any():
        for parts in (natural, natural_age, greeks):
            parts[uncounted] = 0.0
    natural_pnl[weight == 0.0] = 0.0
    sums = np.add.reduceat(greeks, start, axis=0)
    sums[:, :, IV] = np.nan
    return (
        np.add.reduceat(natural, start, axis=0),
        np.maximum.reduceat(natural_age, start, axis=0),
        sums,
        np.add.reduceat(natural_pnl, start, axis=0),
    )


def _crossed(values: FloatArray, quantity: FloatArray) -> FloatArray:
    """Return values with bid and ask of what is short exchanged."""
    short = quantity < 0.0
    result = values.copy()
    result[short, :2] = values[short, 1::-1]
    return result


def _rounded_values(
    price: FloatArray,
    age: FloatArray,
    greeks: FloatArray,
    pnl: FloatArray,
    masks: BoolArray,
    quality: QualityArray | None,
) -> _Values:
    """Leave out what is not wanted, and round.

    Parameters
    ----------
    masks
        (elements, 3, 4) on which bases prices, greeks and PnL are wanted.
    """
    if not masks.all():
        of_price, of_greeks, of_pnl = masks[:, 0], masks[:, 1], masks[:, 2]
        price = np.where(of_price, price, np.nan)
        greeks = np.where(of_greeks[:, :, None], greeks, np.nan)
        pnl = np.where(of_pnl, pnl, np.nan)
    unknown = np.isnan(age)
    milliseconds = np.where(unknown, 0.0, age).astype(np.int64).astype(object)
    return _Values(
        prices=_rounded(price, PRICE_SCALE),
        price_ages=_known_where(milliseconds, unknown | np.isnan(price)),
        greeks=_rounded(greeks, GREEK_SCALE),
        greek_ages=_known_where(milliseconds, unknown | np.isnan(greeks[:, :, 0])),
        pnl=_rounded(pnl, PNL_SCALE),
        pnl_ages=_known_where(milliseconds, unknown | np.isnan(pnl)),
        qualities=None if quality is None or not quality.any() else quality,
    )


def _rounded(array: FloatArray, scale: float | FloatArray) -> FloatArray:
    # Dividing the whole number by a power of ten gives the float nearest to the decimal, whose text is that decimal.
    # Adding zero turns -0.0 into 0.0.
    result = array * scale
    np.rint(result, out=result)
    result /= scale
    result += 0.0
    return result


def _known_where(ages: ObjectArray, missing: BoolArray) -> ObjectArray:
    result = ages.copy()
    result[missing] = None
    return result
