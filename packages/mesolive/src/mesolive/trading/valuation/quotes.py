"""Quotes and greeks of selected contracts of a market view, as arrays: the input of valuation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct

from mesolive.market.chain_view import BookView
from mesolive.market.columns import QualityArray, below_tick, market_marks
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, to_micros
from mesolive.trading.valuation.contract_greeks import (
    GREEKS,
    carried_terms,
    greeks_of_prices,
    greeks_without_volatility,
)
from mesolive.trading.valuation.subjects import BASES, BoolArray, FloatArray, Instrument, IntArray, Spot

IV = GREEKS.index("IV")
BID = BASES.index("Bid")
MARK = BASES.index("Mark")
MILLISECOND = timedelta(milliseconds=1)
UNLISTED = -1
SPOT = -2


class QuoteTable(Struct, frozen=True):
    """The quotes of M contracts on one underlying at one moment.

    Attributes
    ----------
    now
        The view's moment.
    index
        Places of the contracts in the view's listing, as `locate` returns them.
    prices
        (M, 4), per unit, on the bases of `BASES`; NaN where there is none.
    ages
        (M, 4) milliseconds since each price last changed; NaN where it is not known.
    quality
        (M,) numbers of `QuoteQuality`.
    modelled
        (M,) whether the mark is the model's, for quotes that make no market: no volatility follows from it.
    """

    now: datetime
    index: IntArray
    prices: FloatArray
    ages: FloatArray
    quality: QualityArray
    modelled: BoolArray


def locate(listing: Listing, instruments: Sequence[Instrument]) -> IntArray:
    """Return the places of contracts in a listing: `UNLISTED` where there is none, `SPOT` for the underlying itself."""
    places: list[int] = []
    for instrument in instruments:
        if isinstance(instrument, Spot):
            places.append(SPOT if instrument.underlying == listing.underlying.symbol else UNLISTED)
        else:
            place = listing.find(instrument)
            places.append(UNLISTED if place is None else place)
    return np.array(places, dtype=np.intp)


def read_quotes(view: BookView, index: IntArray) -> QuoteTable:
    """Read the quotes of the contracts at `index`; what has settled or is not listed has none."""
    prices = np.full((index.size, 4), np.nan)
    ages = np.full((index.size, 4), np.nan)
    quality, modelled = np.zeros(index.size, dtype=np.int8), np.zeros(index.size, dtype=np.bool_)
    first = view.listing.bounds[len(view.listing.bounds) - len(view.expirations)][0] if view.expirations else 0
    alive = np.flatnonzero(index >= first) if view.expirations else np.empty(0, dtype=np.intp)
    if alive.size:
        at = index[alive]
        columns = view.columns.at(at)
        values, times = columns.values, columns.times
        bid, ask = values["bid"][at], values["ask"][at]
        computed = np.isnan(values["mark"][at])
        mark = market_marks(columns, at)
        modelled[alive] = np.isnan(mark)
        for place in np.flatnonzero(modelled[alive]):
            mark[place] = _model_mark(view, int(at[place]))
        prices[alive] = np.column_stack((bid, ask, values["last"][at], mark))
        bid_time, ask_time = times["bid"][at], times["ask"][at]
        mark_time = np.where(computed, np.maximum(bid_time, ask_time), times["mark"][at])
        changed = np.column_stack((bid_time, ask_time, times["last"][at], mark_time))
        age = np.maximum(to_micros(view.now) - changed, 0) // 1000
        quality[alive] = columns.quality[at]
        ages[alive] = np.where((changed == NEVER) | np.isnan(prices[alive]), np.nan, age)
    for row in np.flatnonzero(index == SPOT):
        prices[row], ages[row] = _underlying(view)
        quality[row] = view.underlying.quote.quality
    return QuoteTable(view.now, index, prices, ages, quality, modelled)


def _underlying(view: BookView) -> tuple[list[float], list[float]]:
    quote = view.underlying.quote
    result = (quote.bid, quote.ask, quote.last, quote.mark)
    times = (quote.bid_time, quote.ask_time, quote.last_time, quote.mark_time)
    nan = float("nan")
    return (
        [nan if price is None else price for price in result],
        [
            nan if price is None or time is None else max((view.now - time) // MILLISECOND, 0)
            for price, time in zip(result, times, strict=True)
        ],
    )


def solve_greeks(view: BookView, table: QuoteTable, rows: IntArray, bases: BoolArray) -> FloatArray:
    """Return the greeks of the contracts in some rows of a table, from each wanted basis of their prices.

    Parameters
    ----------
    view
        The view that the table was read from.
    table
        The quotes.
    rows
        Which contracts.
    bases
        (4,) on which bases.

    Returns
    -------
    FloatArray
        (rows, 4, 7) in the order of `GREEKS`, per unit and long contract, IV in percent; NaN where there is no value.
    """
    result = solve_own_greeks(view, table, rows, bases)
    missing = rows_without_volatility(table, rows, bases, result)
    if missing.size:
        result[missing, MARK] = fill_greeks(view, table, rows[missing])
    return result


def solve_own_greeks(
    view: BookView, table: QuoteTable, rows: IntArray, bases: BoolArray, start: FloatArray | None = None
) -> FloatArray:
    """Return greeks as `solve_greeks` does, and NaN where a mark alone has no volatility.

    Marks of contracts with cash dividends are left to `fill_greeks` too: tables of whole expirations price them, so
    that a single contract would cost as much as its expiration, and differ from it by the error of its tables.

    Parameters
    ----------
    start
        (rows, 4) volatilities of the same contracts from an earlier call, NaN where none is known: with them it takes
        half as long. The result does not depend on them.
    """
    result = np.full((rows.size, 4, len(GREEKS)), np.nan)
    columns = np.flatnonzero(bases)
    listed = np.flatnonzero(table.index[rows] >= 0)
    if not _has_spot(view) or not columns.size or not listed.size:
        return result
    listing = view.listing
    own = rows[listed]
    at = table.index[own]
    prices = table.prices[own]
    prices[table.modelled[own], MARK] = np.nan
    chosen = prices[:, columns]
    chosen[below_tick(prices[:, BID, None], chosen, listing.ticks[at][:, None])] = np.nan
    # One element per contract and basis that has a price: all of them are solved in one go.
    place, column = np.nonzero(~np.isnan(chosen))
    if not place.size:
        return result
    terms, days = carried_terms(view, at)
    terms = terms.part(place)
    row, basis, price = listed[place], columns[column], chosen[place, column]
    if terms.dividends is not None:
        price[terms.dividends.paid & (basis == MARK)] = np.nan
    known = None if start is None else start[row, basis]
    if known is not None and np.isnan(known).all():
        known = None
    result[row, basis] = greeks_of_prices(terms, days[place], price, known)
    return result


def rows_without_volatility(table: QuoteTable, rows: IntArray, bases: BoolArray, greeks: FloatArray) -> IntArray:
    """Return at which of `rows` the mark is wanted, is the market's, and has no volatility of its own."""
    if not bases[MARK]:
        return np.empty(0, dtype=np.intp)
    lacks = np.isnan(greeks[:, MARK, IV]) & ~np.isnan(table.prices[rows, MARK])
    return np.flatnonzero(lacks & ~table.modelled[rows] & (table.index[rows] >= 0))


def fill_greeks(view: BookView, table: QuoteTable, rows: IntArray) -> FloatArray:
    """Return (rows, 7) the greeks of contracts whose marks have no volatility of their own, as the chain has them."""
    if not _has_spot(view):
        return np.full((rows.size, len(GREEKS)), np.nan)
    return greeks_without_volatility(view, table.index[rows])


def parts_to_solve(view: BookView, table: QuoteTable, rows: IntArray, max_rows: int) -> list[IntArray]:
    """Return rows in parts of at most `max_rows`; contracts with cash dividends, which cost more, by expirations."""
    listing, terms = view.listing, view.analytics.terms
    position = np.full(rows.size, -1, dtype=np.intp)
    if terms.dividends.dividends:
        listed = np.flatnonzero(table.index[rows] >= 0)
        position[listed] = listing.positions_of(table.index[rows[listed]])
        for place in np.unique(position[listed]).tolist():
            if not terms.cash_dividends(place):
                position[position == place] = -1
    groups = [rows[position == place] for place in np.unique(position)]
    return [group[first : first + max_rows] for group in groups for first in range(0, group.size, max_rows)]


def _has_spot(view: BookView) -> bool:
    """Whether the underlying has a price: without one nothing can be implied."""
    return view.analytics.curve is not None


def spot_of(view: BookView) -> float | None:
    """Return the print of the underlying: where it moves, a view's greeks move (see `ForwardCurve.carried`)."""
    quote = view.underlying.quote
    return quote.mark if quote.mark is not None else quote.last


def _model_mark(view: BookView, place: int) -> float:
    """Return the chain's model value of a contract whose quotes make no market."""
    result = view.find(view.listing.contract(place))
    return float("nan") if result is None else float(result[0].mark[result[1]])
