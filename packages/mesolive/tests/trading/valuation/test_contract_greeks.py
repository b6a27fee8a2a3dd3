"""Contracts without a volatility of their own have the greeks that the whole chain gives them, solved alone or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.analytics import ChainAnalytics
from mesolive.market.chain_view import BookView
from mesolive.market.columns import sound_quotes
from mesolive.market.view import FloatArray
from mesolive.trading.valuation.contract_greeks import GREEKS
from mesolive.trading.valuation.quotes import BID, IV, MARK, read_quotes, solve_greeks
from mesolive_testkit.market import Chain, flat_chain

ASK = 1
KINDS = 7
"""What `disturbed` does to a contract's quote: most stay as they are."""


def disturbed(chain: Chain, kinds: list[int]) -> BookView:
    """Return the view of a chain whose quotes were replaced in turns: below the tick, one-sided, deep and wide."""
    view, listing = chain.book.view(), chain.listing
    size = listing.strikes.size
    columns = view.columns.of(range(len(listing.expirations))).values
    bid, ask = columns["bid"].copy(), columns["ask"].copy()
    kind = np.resize(np.array(kinds), size)
    tick = listing.ticks
    below = kind == 0
    bid[below], ask[below] = 0.0, tick[below]
    offered = kind == 1  # a neighbour's volatility would make it worth more than the offer
    bid[offered], ask[offered] = 0.0, 0.5 * tick[offered]
    bid[kind == 2] = np.nan
    middle = 0.5 * (bid + ask)
    wide = (kind == 3) & (middle > 20.0)
    bid[wide], ask[wide] = middle[wide] * 0.93, middle[wide] * 1.05  # the middle is below the intrinsic value
    chain.book.update(chain.clock.now(), slice(None), {"bid": bid, "ask": ask})
    return chain.book.view()


def of_chain(view: BookView) -> FloatArray:
    """Return the greeks of all contracts by their expirations' analytics, in the order of `GREEKS` without `WVega`."""
    parts: list[FloatArray] = []
    for position in range(len(view.listing.expirations)):
        analytics = view.analytics.expiration(position)
        found = analytics.greeks
        columns = (found.delta, found.gamma, found.theta, found.vega, found.rho, 100.0 * analytics.iv)
        parts.append(np.stack(columns, axis=-1))
    return np.concatenate(parts)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, KINDS - 1), min_size=3, max_size=60))
def test_greeks_are_those_of_the_chain_whatever_the_quotes(kinds: list[int]) -> None:
    view = disturbed(flat_chain(), kinds)
    table = read_quotes(view, np.arange(view.listing.strikes.size))
    # Where quotes make no market the mark is the model's, which has a volatility here and none in the chain.
    rows = np.flatnonzero(sound_quotes(table.prices[:, BID], table.prices[:, ASK]))
    bases = np.array([False, False, False, True])
    solved = solve_greeks(view, table, rows, bases)[:, MARK]
    alike = [place for place, name in enumerate(GREEKS) if name != "WVega"]
    np.testing.assert_allclose(solved[:, alike], of_chain(view)[rows], rtol=1e-7, atol=1e-9)


def test_two_contracts_without_a_volatility_of_their_own_do_not_have_the_chain_solved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = [6] * flat_chain().listing.strikes.size
    listing = flat_chain().listing
    start, middle, end = listing.bounds[1]
    wing, deep = middle - 1, end - 5  # the highest call, below the tick; a high put, deep in the money
    kinds[wing], kinds[deep] = 0, 3
    view = disturbed(flat_chain(), kinds)

    def refuse(*_: object) -> None:
        raise AssertionError("the whole expiration was solved")

    monkeypatch.setattr(ChainAnalytics, "expiration", refuse)
    index = np.array([start, wing, deep])
    solved = solve_greeks(
        view, read_quotes(view, index), np.arange(3, dtype=np.intp), np.array([False, False, False, True])
    )
    assert not np.isnan(solved[:, MARK, IV]).any()
