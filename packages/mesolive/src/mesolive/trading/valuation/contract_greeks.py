"""Greeks of single contracts: from volatilities of their own, and where marks have none, as the chain has them."""

from __future__ import annotations

from typing import Final

import numpy as np

from mesolive.market.chain_view import BookView
from mesolive.market.columns import below_tick, market_marks
from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle
from mesolive.pricing.black import Greeks
from mesolive.records import replace
from mesolive.trading.valuation.subjects import BoolArray, FloatArray, IntArray

GREEKS: Final = ("Delta", "Gamma", "Theta", "Vega", "WVega", "Rho", "IV")
SECONDS_PER_DAY: Final = 86400.0
MIN_DTE: Final = 1.0 / 96.0
"""The shortest time that weighted vega divides by: a quarter of an hour, in days."""


def carried_terms(view: BookView, at: IntArray) -> tuple[ContractTerms, FloatArray]:
    """Return what the contracts at some places are priced from, and their days to settlement."""
    listing = view.listing
    used, which = np.unique(listing.positions_of(at), return_inverse=True)
    positions: list[int] = used.tolist()
    left = [listing.expirations[place].settles_at - view.now for place in positions]
    days = np.array([time.total_seconds() / SECONDS_PER_DAY for time in left])
    return view.analytics.terms.of(positions, which, at), days[which]


def greeks_at(terms: ContractTerms, days: FloatArray, volatility: FloatArray) -> FloatArray:
    """Return the greeks of contracts at their volatilities: (contracts, 7)."""
    return _stacked(terms.greeks(volatility), days, volatility)


def greeks_of_prices(
    terms: ContractTerms, days: FloatArray, price: FloatArray, start: FloatArray | None = None
) -> FloatArray:
    """Return the greeks of contracts at the volatilities that their prices imply: (contracts, 7).

    Parameters
    ----------
    start
        Volatilities of an earlier solve, NaN where there was none; the result does not depend on them.
    """
    both = None if start is None else terms.volatility_and_greeks(price, start)
    if both is None:
        return greeks_at(terms, days, terms.volatility(price))
    volatility, matches = both
    return _stacked(matches, days, volatility)


def _stacked(matches: Greeks, days: FloatArray, volatility: FloatArray) -> FloatArray:
    weighted = matches.vega * np.sqrt(30.0 / np.maximum(days, MIN_DTE))
    return np.stack(
        (matches.delta, matches.gamma, matches.theta, matches.vega, weighted, matches.rho, 100.0 * volatility), axis=-1
    )


def greeks_without_volatility(view: BookView, at: IntArray) -> FloatArray:
    """Return the greeks of contracts whose own marks have no volatility, as `market.analytics` has them.

    Deep in the money that of the other right at the strike serves, below the tick that of the nearest strikes which
    have one. Only these are solved here: by whole expirations a few contracts would cost ten times what all others do.
    Where a neighbour has no volatility either, and where exercise may be early, the chain is solved.
    """
    styles = view.listing.expirations
    early = np.array(
        [styles[int(place)].style is ExerciseStyle.AMERICAN for place in view.listing.positions_of(at)], dtype=np.bool_
    )
    result = np.full((at.size, len(GREEKS)), np.nan)
    by_chain = early.copy()
    alone = np.flatnonzero(~early)
    if alone.size:
        result[alone], by_chain[alone] = _of_european(view, at[alone])
    for row in np.flatnonzero(by_chain):
        result[row] = _from_chain(view, int(at[row]))
    return result


def _of_european(view: BookView, at: IntArray) -> tuple[FloatArray, BoolArray]:
    """Return the greeks of European contracts from volatilities of others, and for which it takes the chain."""
    listing = view.listing
    result = np.full((at.size, len(GREEKS)), np.nan)
    terms, days = carried_terms(view, at)
    partner = listing.partner[at]
    market = _Market(view, at)
    mark, ask, below = market.at(at)
    with np.errstate(invalid="ignore"):
        deep = (partner >= 0) & (mark <= terms.intrinsic) & (ask >= terms.intrinsic)
    # Whose volatility each one has.
    source = np.where(deep & ~below, partner, at)
    volatility, by_chain = _of_sources(view, market, source, terms)
    # Below the tick, and yet worth no more than its intrinsic value: it may be the one or the other.
    by_chain |= below & deep & np.isnan(volatility)
    solved = np.flatnonzero(~by_chain & ~np.isnan(volatility))
    if solved.size:
        result[solved] = greeks_at(terms.part(solved), days[solved], volatility[solved])
    # What its own offer leaves no volatility is worth next to nothing, and moves with nothing.
    result[below & ~by_chain & np.isnan(volatility), :-1] = 0.0
    return result, by_chain


def _of_sources(view: BookView, market: _Market, at: IntArray, expiring: ContractTerms) -> tuple[FloatArray, BoolArray]:
    """Return the volatilities of contracts, and for which it takes the chain; below the tick it is the neighbours'.

    Parameters
    ----------
    expiring
        The terms of contracts of the same expirations as those at `at`, one each: of any right and strike.
    """
    mark, ask, below = market.at(at)
    rows = np.flatnonzero(below)
    lower, upper = market.neighbours(at[rows])
    # A call of the solver costs as much as a hundred contracts: all of these are solved in one.
    places = np.concatenate((at, lower, upper))
    terms = _at_strikes(view, expiring.part(np.concatenate((np.arange(at.size), rows, rows))), places)
    prices = np.concatenate((np.where(below, np.nan, mark), market.marks(lower), market.marks(upper)))
    volatility, low, high = np.split(terms.volatility(prices), (at.size, at.size + rows.size))
    by_chain = np.zeros(at.size, dtype=np.bool_)
    if rows.size:
        strikes = view.listing.strikes
        between = _interpolated(strikes[at[rows]], strikes[lower], strikes[upper], low, high)
        # It takes more than these two strikes to tell.
        by_chain[rows] = np.isnan(between)
        volatility[rows] = _within_offers(terms.part(rows), between, ask[rows])
    return volatility, by_chain


def _at_strikes(view: BookView, expiring: ContractTerms, at: IntArray) -> ContractTerms:
    """Return the terms of contracts at some places, from those of others of the same expirations."""
    return replace(expiring, is_call=view.listing.is_call[at], strikes=view.listing.strikes[at])


def _interpolated(
    strike: FloatArray, from_strike: FloatArray, to_strike: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return the volatilities at strikes between those of two others; NaN where one of these is not known."""
    width = to_strike - from_strike
    part = np.where(width > 0.0, (strike - from_strike) / np.where(width > 0.0, width, 1.0), 0.0)
    return low + (high - low) * part


class _Market:
    """Marks of contracts' expirations as the chain has them: the provider's, else the middles of sound markets."""

    def __init__(self, view: BookView, at: IntArray) -> None:
        self._listing = view.listing
        self._columns = view.columns.at(at)

    def at(self, at: IntArray | slice) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return marks, NaN where quotes make no market, offers, and whether the marks are below the tick."""
        values, mark = self._columns.values, market_marks(self._columns, at)
        return mark, values["ask"][at], below_tick(values["bid"][at], mark, self._listing.ticks[at])

    def marks(self, at: IntArray) -> FloatArray:
        """Return the marks of contracts; NaN for the place -1, which is none."""
        return np.where(at >= 0, market_marks(self._columns, at), np.nan)

    def neighbours(self, at: IntArray) -> tuple[IntArray, IntArray]:
        """Return the places of the nearest contracts of the same right whose marks have a volatility; -1 for none.

        Beyond the last strike with a volatility the last one holds: both are the same then.
        """
        listing = self._listing
        positions: list[int] = listing.positions_of(at).tolist()
        bounds = np.array([listing.bounds[position] for position in positions], dtype=np.intp).reshape(-1, 3)
        is_call = at < bounds[:, 1]
        start, end = np.where(is_call, bounds[:, 0], bounds[:, 1]), np.where(is_call, bounds[:, 1], bounds[:, 2])
        firsts: list[int] = start.tolist()
        ends: list[int] = end.tolist()
        rights = sorted(set(zip(firsts, ends, strict=True)))
        places = np.array([place for right in rights for place in range(*right)], dtype=np.intp)
        mark, _, below = self.at(places)
        # Within a right, places ascend with their strikes.
        quoted = places[~np.isnan(mark) & ~below]
        first, last = np.searchsorted(quoted, start), np.searchsorted(quoted, end) - 1
        after = np.searchsorted(quoted, at)
        lower, upper = np.full(at.size, -1, dtype=np.intp), np.full(at.size, -1, dtype=np.intp)
        known = np.flatnonzero(first <= last)
        lower[known] = quoted[np.maximum(after - 1, first)[known]]
        upper[known] = quoted[np.minimum(after, last)[known]]
        return lower, upper


def _within_offers(terms: ContractTerms, volatility: FloatArray, ask: FloatArray) -> FloatArray:
    """Return volatilities of neighbours lowered to what the contracts' own offers allow; NaN where these allow none."""
    result = volatility.copy()
    with np.errstate(invalid="ignore"):
        offered = np.flatnonzero((ask > 0.0) & np.isfinite(volatility))
    dear = offered[terms.part(offered).values(volatility[offered]) > ask[offered]]
    if dear.size:
        result[dear] = terms.part(dear).volatility(ask[dear])
    return result


def _from_chain(view: BookView, place: int) -> FloatArray:
    """Return the chain's greeks of a contract whose own mark has no volatility (deep in the money)."""
    result = view.find(view.listing.contract(place))
    if result is None:
        return np.full(len(GREEKS), np.nan)
    chain, at = result
    dte = (chain.expiration.settles_at - view.now).total_seconds() / SECONDS_PER_DAY
    vega = chain.vega[at]
    return np.array(
        [
            chain.delta[at],
            chain.gamma[at],
            chain.theta[at],
            vega,
            vega * np.sqrt(30.0 / max(dte, MIN_DTE)),
            chain.rho[at],
            100.0 * chain.iv[at],
        ],
        dtype=np.float64,
    )
