"""Greeks of single contracts: from volatilities of their own, and where marks have none, as the chain has them."""

from __future__ import annotations

from typing import Final

import numpy as np

from mesolive.market.chain_view import BookView
from mesolive.market.columns import below_tick, sound_quotes
from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle
from mesolive.market.forward_curve import ForwardCurve
from mesolive.trading.valuation.subjects import BoolArray, FloatArray, IntArray

GREEKS: Final = ("Delta", "Gamma", "Theta", "Vega", "WVega", "Rho", "IV")
SECONDS_PER_DAY: Final = 86400.0
SHORTEST_DTE: Final = 1.0 / 96.0
"""The shortest time that weighted vega divides by: a quarter of an hour, in days."""


def carried_terms(view: BookView, curve: ForwardCurve, spot: float, at: IntArray) -> tuple[ContractTerms, FloatArray]:
    """Return what the contracts at some places are priced from, and their days to settlement."""
    listing = view.listing
    used, inverse = np.unique(listing.positions_of(at), return_inverse=True)
    curve.prepare(used.tolist())
    of_expiration: list[tuple[float, float, float, float, float, bool]] = []
    for place in used:
        expiration = listing.expirations[int(place)]
        dte = (expiration.settles_at - view.now).total_seconds() / SECONDS_PER_DAY
        carried = curve.carried(int(place), spot, view.now)
        early = expiration.style is ExerciseStyle.AMERICAN
        years_left = view.analytics.years(expiration)
        of_expiration.append((carried.forward, carried.discount, carried.spot, years_left, dte, early))
    forward, discount, priced_from, years, days, early_too = np.array(of_expiration)[inverse].T
    terms = ContractTerms(
        is_call=listing.is_call[at],
        strikes=listing.strikes[at],
        spot=priced_from,
        forward=forward,
        discount=discount,
        years=years,
        may_exercise_early=early_too > 0.0,
    )
    return terms, days


def greeks_at(terms: ContractTerms, days: FloatArray, volatility: FloatArray) -> FloatArray:
    """Return the greeks of contracts at their volatilities: (contracts, 7)."""
    matches = terms.greeks(volatility)
    weighted = matches.vega * np.sqrt(30.0 / np.maximum(days, SHORTEST_DTE))
    return np.stack(
        (matches.delta, matches.gamma, matches.theta, matches.vega, weighted, matches.rho, 100.0 * volatility), axis=-1
    )


def greeks_without_volatility(view: BookView, curve: ForwardCurve, spot: float, at: IntArray) -> FloatArray:
    """Return the greeks of contracts whose own marks have no volatility, as `market.analytics` has them.

    Deep in the money that of the other right at the strike serves, below the tick that of the nearest strikes which
    have one. Only these are solved here: by whole expirations a few contracts would cost ten times what all others do.
    Where a neighbour has no volatility either, and where exercise may be early, the chain is solved.
    """
    listing = view.listing
    result = np.full((at.size, len(GREEKS)), np.nan)
    terms, days = carried_terms(view, curve, spot, at)
    partner = listing.partner[at]
    market = _Market(view, np.unique(listing.positions_of(at)).tolist())
    mark, ask, below = market.at(at)
    with np.errstate(invalid="ignore"):
        deep = (partner >= 0) & (mark <= terms.intrinsic) & (ask >= terms.intrinsic)
    # Whose volatility each one has.
    source = np.where(deep & ~below, partner, at)
    volatility, by_chain = _of_sources(view, curve, spot, market, source)
    # Below the tick, and yet worth no more than its intrinsic value: it may be the one or the other.
    by_chain |= terms.may_exercise_early | (below & deep & np.isnan(volatility))
    solved = np.flatnonzero(~by_chain & ~np.isnan(volatility))
    if solved.size:
        result[solved] = greeks_at(terms.part(solved), days[solved], volatility[solved])
    # What its own offer leaves no volatility is worth next to nothing, and moves with nothing.
    result[below & ~by_chain & np.isnan(volatility), :-1] = 0.0
    for row in np.flatnonzero(by_chain):
        result[row] = _from_chain(view, int(at[row]))
    return result


def _of_sources(
    view: BookView, curve: ForwardCurve, spot: float, market: _Market, at: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Return the volatilities of contracts, and for which it takes the chain; below the tick it is the neighbours'."""
    mark, ask, below = market.at(at)
    terms, _ = carried_terms(view, curve, spot, at)
    volatility = terms.volatility(np.where(below, np.nan, mark))
    by_chain = np.zeros(at.size, dtype=np.bool_)
    rows = np.flatnonzero(below)
    if rows.size:
        found = _of_neighbours(view, curve, spot, market, at[rows])
        volatility[rows] = _within_offers(terms.part(rows), found, ask[rows])
        by_chain[rows] = np.isnan(found)
    return volatility, by_chain


class _Market:
    """Marks of some expirations as the chain has them: the provider's, else the middles of sound markets."""

    def __init__(self, view: BookView, positions: list[int]) -> None:
        self._values = view.columns.of(positions).values
        self._ticks = view.listing.ticks

    def at(self, at: IntArray | slice) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return marks, offers, and whether the marks are below the tick."""
        bid, ask, given = self._values["bid"][at], self._values["ask"][at], self._values["mark"][at]
        middle = np.where(sound_quotes(bid, ask), np.round(0.5 * (bid + ask), 6), np.nan)
        mark = np.where(np.isnan(given), middle, given)
        return mark, ask, below_tick(bid, mark, self._ticks[at])


def _of_neighbours(view: BookView, curve: ForwardCurve, spot: float, market: _Market, at: IntArray) -> FloatArray:
    """Return the volatilities of contracts between those of the nearest strikes of the same right that have one.

    NaN where it takes more than these two strikes to tell.
    """
    listing = view.listing
    lower, upper = np.full(at.size, -1, dtype=np.intp), np.full(at.size, -1, dtype=np.intp)
    for row, place in enumerate(at.tolist()):
        start, middle, end = listing.bounds[int(listing.positions_of(at[row : row + 1])[0])]
        right = slice(start, middle) if place < middle else slice(middle, end)
        mark, _, below = market.at(right)
        quoted = np.flatnonzero(~np.isnan(mark) & ~below) + right.start
        after = int(np.searchsorted(listing.strikes[quoted], listing.strikes[place]))
        if quoted.size:
            # Beyond the last strike with a volatility the last one holds.
            lower[row], upper[row] = quoted[max(after - 1, 0)], quoted[min(after, quoted.size - 1)]
    result = np.full(at.size, np.nan)
    known = np.flatnonzero(lower >= 0)
    if not known.size:
        return result
    both = np.concatenate((lower[known], upper[known]))
    terms, _ = carried_terms(view, curve, spot, both)
    mark, _, _ = market.at(both)
    below, above = terms.volatility(mark).reshape(2, -1)
    from_strike, to_strike = listing.strikes[lower[known]], listing.strikes[upper[known]]
    width = to_strike - from_strike
    part = np.where(width > 0.0, (listing.strikes[at[known]] - from_strike) / np.where(width > 0.0, width, 1.0), 0.0)
    result[known] = below + (above - below) * part
    return result


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
            vega * np.sqrt(30.0 / max(dte, SHORTEST_DTE)),
            chain.rho[at],
            100.0 * chain.iv[at],
        ],
        dtype=np.float64,
    )
