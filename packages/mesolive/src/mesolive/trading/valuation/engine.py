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

import numpy as np

from mesolive.market.chain_view import BookView
from mesolive.market.columns import QualityArray
from mesolive.trading.valuation.contract_greeks import GREEKS
from mesolive.trading.valuation.quotes import IV, QuoteTable, locate, read_quotes, solve_greeks
from mesolive.trading.valuation.subjects import ALL_BASES, BoolArray, FloatArray, IntArray, Subject

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


@dataclass(frozen=True, slots=True)
class Block:
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

    def part(self, first: int, end: int) -> Block:
        """Return the values of the elements from `first` until before `end`."""
        four, seven = slice(4 * first, 4 * end), slice(28 * first, 28 * end)
        return Block(
            end - first,
            self.prices[four],
            self.price_ages[four],
            self.greeks[seven],
            self.greek_ages[four],
            self.pnl[four],
            self.pnl_ages[four],
            None if self.qualities is None else self.qualities[first:end],
        )


@dataclass(frozen=True, slots=True)
class Valuation:
    """The values of one subject at one moment: of its entries, and of its sums in the order of `Subject.segments`."""

    now: datetime
    entries: Block
    segments: Block


def value(subject: Subject, view: BookView, wanted: Wanted = Wanted()) -> Valuation:
    """Return the values of one subject on a view."""
    contracts = [entry.contract for entry in subject.entries]
    table = read_quotes(view, locate(view.listing, contracts))
    rows = np.arange(len(contracts), dtype=np.intp)
    bases = _bases(wanted.greeks)
    unit = solve_greeks(view, table, rows, bases)
    return value_all([subject], [rows], [wanted], table, unit)[0]


def value_all(
    subjects: Sequence[Subject],
    rows: Sequence[IntArray],
    wanted: Sequence[Wanted],
    table: QuoteTable,
    unit_greeks: FloatArray,
) -> list[Valuation]:
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
    entry_counts = np.array([len(subject.entries) for subject in subjects], dtype=np.intp)
    segment_counts = np.array([len(subject.segments) for subject in subjects], dtype=np.intp)
    entry_start = np.concatenate(([0], np.cumsum(entry_counts)))
    segment_start = np.concatenate(([0], np.cumsum(segment_counts)))
    row = np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)
    masks = np.array([(_bases(want.prices), _bases(want.greeks), _bases(want.pnl)) for want in wanted]).reshape(
        -1, 3, 4
    )

    price, age = table.prices[row], table.ages[row]
    grade = table.quality[row] if table.quality.any() else None
    unit = unit_greeks[row]
    factor = np.concatenate([part.factor for part in arrays])
    cost = np.concatenate([part.cost for part in arrays])
    # The factor of a marker leg is one contract's; a leg's PnL multiplies by the same.
    pnl = factor[:, None] * price - cost[:, None]
    scaled = unit * factor[:, None, None]
    scaled[:, :, IV] = unit[:, :, IV]
    entries = _block(price, age, scaled, pnl, masks[np.repeat(np.arange(len(subjects)), entry_counts)], grade)

    member = np.concatenate([part.member + first for part, first in zip(arrays, entry_start, strict=False)])
    member_counts = np.array([part.member.size for part in arrays])
    member_start = np.concatenate(([0], np.cumsum(member_counts)))
    start = np.concatenate([part.start + first for part, first in zip(arrays, member_start, strict=False)])
    ratio = np.concatenate([part.ratio for part in arrays])
    weight = np.concatenate([part.weight for part in arrays])
    if start.size:
        sums = _sums(price[member], age[member], unit[member], pnl[member], ratio, weight, start)
        worst = None if grade is None else np.maximum.reduceat(np.where(ratio != 0.0, grade[member], 0), start)
        segments = _block(*sums, masks[np.repeat(np.arange(len(subjects)), segment_counts)], worst)
    else:
        segments = _EMPTY
    return [
        Valuation(
            table.now,
            entries.part(int(entry_start[place]), int(entry_start[place + 1])),
            segments.part(int(segment_start[place]), int(segment_start[place + 1])),
        )
        for place in range(len(subjects))
    ]


_EMPTY = Block(0, [], [], [], [], [], [])


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
    counted, short = (ratio != 0.0)[:, None], (ratio < 0.0)[:, None]
    # What is short is bought back at the offer when the sum is sold at its bid.
    natural = np.where(short, price[:, [1, 0, 2, 3]], price)
    natural_age = np.where(short, age[:, [1, 0, 2, 3]], age)
    prices = np.add.reduceat(np.where(counted, ratio[:, None] * natural, 0.0), start, axis=0)
    ages = np.maximum.reduceat(np.where(counted, natural_age, 0.0), start, axis=0)
    greeks = np.add.reduceat(np.where(counted[:, :, None], weight[:, None, None] * unit, 0.0), start, axis=0)
    greeks[:, :, IV] = np.nan
    held = (weight != 0.0)[:, None]
    natural_pnl = np.where((weight < 0.0)[:, None], pnl[:, [1, 0, 2, 3]], pnl)
    pnls = np.add.reduceat(np.where(held, natural_pnl, 0.0), start, axis=0)
    return prices, ages, greeks, pnls


def _block(
    price: FloatArray,
    age: FloatArray,
    greeks: FloatArray,
    pnl: FloatArray,
    masks: BoolArray,
    quality: QualityArray | None,
) -> Block:
    """Leave out what is not wanted, round, and turn arrays into lists."""
    of_price, of_greeks, of_pnl = masks[:, 0], masks[:, 1], masks[:, 2]
    price = np.where(of_price, price, np.nan)
    greeks = np.where(of_greeks[:, :, None], greeks, np.nan)
    pnl = np.where(of_pnl, pnl, np.nan)
    return Block(
        size=len(price),
        prices=_rounded(price, PRICE_SCALE),
        price_ages=_whole(np.where(np.isnan(price), np.nan, age)),
        greeks=_rounded(greeks, GREEK_SCALE),
        greek_ages=_whole(np.where(np.isnan(greeks[:, :, 0]), np.nan, age)),
        pnl=_rounded(pnl, PNL_SCALE),
        pnl_ages=_whole(np.where(np.isnan(pnl), np.nan, age)),
        qualities=None if quality is None or not quality.any() else quality.tolist(),
    )


def _rounded(array: FloatArray, scale: float | FloatArray) -> list[float]:
    # Dividing the whole number by a power of ten gives the float nearest to the decimal, whose text is that decimal.
    # Adding zero turns -0.0 into 0.0.
    rounded: list[float] = (np.rint(array * scale) / scale + 0.0).ravel().tolist()
    return rounded


def _whole(array: FloatArray) -> list[int | None]:
    missing = np.isnan(array)
    whole = np.where(missing, 0.0, array).astype(np.int64).astype(object)
    whole[missing] = None
    result: list[int | None] = whole.ravel().tolist()
    return result


def _bases(bits: int) -> BoolArray:
    return np.array([bool(bits >> place & 1) for place in range(4)])
