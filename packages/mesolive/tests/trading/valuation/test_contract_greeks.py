"""Contracts without a volatility of their own have the greeks that the whole chain gives them, solved alone or not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.language.legs import BoundLeg
from mesolive.language.margin import risk_leg
from mesolive.market.analytics import ChainAnalytics
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import ExerciseStyle
from mesolive.market.dividends import NO_DIVIDENDS, Dividend, DividendSchedule, read_dividends
from mesolive.market.view import FloatArray
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.pricing.risk_graph import risk_graph
from mesolive.records import replace
from mesolive.trading.valuation.chain_windows import ChainWindows
from mesolive.trading.valuation.contract_greeks import GREEKS
from mesolive.trading.valuation.quotes import (
    IV,
    MARK,
    locate,
    parts_to_solve,
    read_quotes,
    solve_greeks,
    solve_own_greeks,
)
from mesolive.trading.valuation.subjects import IntArray, Spot
from mesolive_sdk import models
from mesolive_testkit.market import Chain, expiration, flat_chain
from mesolive_testkit.market.chains import RATE, SPOT
from mesolive_testkit.streams import FakePositions, field, follow, item, leg, position, position_args, running

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
    unwanted = (kind == 4) & (middle > 1.0)
    bid[unwanted] = 0.0  # and an offer that alone tells nothing
    chain.book.update(chain.clock.now(), slice(None), {"bid": bid, "ask": ask})
    return chain.book.view()


def of_chain(view: BookView) -> FloatArray:
    """Return the greeks of all contracts by their expirations' analytics, in the order of `GREEKS` without `WVega`."""
    parts: list[FloatArray] = []
    for place in range(len(view.listing.expirations)):
        analytics = view.analytics.expiration(place)
        result = analytics.greeks
        columns = (result.delta, result.gamma, result.theta, result.vega, result.rho, 100.0 * analytics.iv)
        parts.append(np.stack(columns, axis=-1))
    return np.concatenate(parts)


EX_DATE = date(2024, 4, 5)
STOCK_DAYS = (date(2024, 3, 28), date(2024, 4, 19))
ALIKE = [place for place, name in enumerate(GREEKS) if name != "WVega"]


def stock_chain(dividend: float) -> Chain:
    """Return a chain of American options: one expiration before the ex-date of a dividend, the other behind it."""
    listed = [replace(expiration("GOOG", day), style=ExerciseStyle.AMERICAN) for day in STOCK_DAYS]
    chain = flat_chain(listed, strikes=(3000, 4000, 4600, 4800, 5000, 5200, 5400, 6000, 7000))
    listing, now = chain.listing, chain.clock.now()
    if dividend:
        chain.book.dividends = DividendSchedule.of([Dividend(EX_DATE, dividend)])
    counts = [end - start for start, _, end in listing.bounds]
    paid = CashDividends.of([chain.book.dividends.within(now, one.settles_at) for one in listing.expirations], counts)
    years = np.repeat([(one.settles_at - now) / timedelta(days=365) for one in listing.expirations], counts)
    discount = np.exp(-RATE * years)
    forward = (SPOT - paid.worth(RATE * years)) / discount
    spot = np.full(years.size, SPOT)
    options = AmericanChain(listing.is_call, spot, listing.strikes, years, discount, forward, paid)
    value = options.values(np.full(years.size, 0.25))
    chain.book.update(now, slice(None), {"bid": np.maximum(value - 0.05, 0.0), "ask": value + 0.05})
    return chain


def on_the_mark(view: BookView, index: IntArray) -> FloatArray:
    """Return the greeks that a stream shows on the mark."""
    rows, bases = np.arange(index.size), np.array([False, False, False, True])
    return solve_greeks(view, read_quotes(view, index), rows, bases)[:, MARK]


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["European", "American", "with dividends"]),
    st.lists(st.integers(0, KINDS - 1), min_size=3, max_size=60),
    st.lists(st.integers(0, 10_000), min_size=1, max_size=30),
)
def test_a_stream_shows_the_greeks_of_the_chain_for_any_contracts_of_any_chain(
    style: str, kinds: list[int], contracts: list[int]
) -> None:
    chain = flat_chain() if style == "European" else stock_chain(40.0 if style == "with dividends" else 0.0)
    view = disturbed(chain, kinds)
    index = np.unique(np.array(contracts) % view.listing.strikes.size)
    expected = of_chain(view)[index]
    np.testing.assert_allclose(on_the_mark(view, index)[:, ALIKE], expected, rtol=1e-6, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["European", "American", "with dividends"]),
    st.lists(st.integers(0, KINDS - 1), min_size=3, max_size=60),
    st.lists(st.sampled_from([float("nan"), 1e-9, 0.05, 0.2, 0.25, 0.9, 40.0]), min_size=1, max_size=9),
)
def test_greeks_of_a_stream_do_not_depend_on_the_volatilities_of_the_last_window(
    style: str, kinds: list[int], start: list[float]
) -> None:
    chain = flat_chain() if style == "European" else stock_chain(40.0 if style == "with dividends" else 0.0)
    view = disturbed(chain, kinds)
    size, every = view.listing.strikes.size, np.ones(4, dtype=np.bool_)
    table, rows = read_quotes(view, np.arange(size)), np.arange(size)
    from_nothing = solve_own_greeks(view, table, rows, every)
    started = solve_own_greeks(view, table, rows, every, np.resize(np.array(start), (size, 4)))
    np.testing.assert_allclose(started, from_nothing, rtol=1e-6, atol=1e-9)


def test_volatilities_of_the_other_prices_know_the_cash_dividends_too() -> None:
    chain = stock_chain(40.0)
    index = np.array([chain.listing.bounds[1][1] + 4])  # the put at the money behind the ex-date, priced at 25 %
    quoted = chain.book.view().columns.values
    price = 0.5 * (quoted["bid"][index] + quoted["ask"][index])
    chain.book.update(chain.clock.now(), index, {"bid": price, "ask": price, "last": price})
    view = chain.book.view()
    solved = solve_greeks(view, read_quotes(view, index), np.arange(1), np.ones(4, dtype=np.bool_))
    assert solved[0, :, IV] == pytest.approx(25.0, abs=0.1)


def test_a_mark_of_the_model_has_no_volatility_in_a_stream_as_it_has_none_in_the_chain() -> None:
    chain = flat_chain()
    index = np.array([chain.listing.bounds[1][0] + 20])
    chain.book.update(chain.clock.now(), index, {"bid": np.array([np.nan])})
    view = chain.book.view()
    assert not np.isnan(read_quotes(view, index).prices[0, MARK])
    assert np.isnan(of_chain(view)[index]).all()
    assert np.isnan(on_the_mark(view, index)).all()


def test_the_underlying_itself_has_a_mark_and_not_the_greeks_of_a_contract() -> None:
    # Its place is a negative number, which as an index would be a contract's at the end: a put that has greeks here.
    view = flat_chain(strikes=range(4500, 4901, 25)).book.view()
    index = locate(view.listing, [Spot("SPX"), Spot("NOWHERE"), view.listing.contract(20)])
    assert np.isnan(read_quotes(view, index).prices[:, MARK]).tolist() == [False, True, False]
    assert np.isnan(on_the_mark(view, index)).all(axis=1).tolist() == [True, True, False]


async def test_streams_and_chain_agree_on_a_stock_whose_dividends_a_table_names(tmp_path: Path) -> None:
    chain = stock_chain(40.0)
    chain.book.dividends = NO_DIVIDENDS
    symbol = chain.listing.underlying.symbol
    table = tmp_path / "dividends.csv"
    table.write_text(f"Symbol,ExDate,Amount\n{symbol},{EX_DATE},40\n", encoding="utf-8")
    put = chain.listing.contract(chain.listing.bounds[1][1] + 5)  # in the money, behind the ex-date
    held = FakePositions(position(1, leg(1, put, 1, "60", group=1)))
    async with running(held, chain=chain, dividends=read_dividends(table)) as live:
        followed = await follow(live.streams.position(live.user, position_args()))
        args = models.StreamContractDataArgs(Contract=live.market.to_live(put), Provider=live.provider.name)
        alone = await follow(live.streams.contract(live.user, args))
        arguments = models.GetChainArgs(Symbol=symbol, Day=put.day.isoformat(), Strikes=50)
        shown = await ChainWindows(live.market).window(live.user, arguments)
        contract = item(alone.items[-1], models.ContractDataEntry)
    (expected,) = (row.Put for row in shown.Rows if row.Strike == put.strike)
    assert expected is not None
    leg_greeks, sums = field(followed.last(), "LegGreeks.1.Mark"), field(followed.last(), "PositionGreeks.Mark")
    for name in ("Delta", "Gamma", "Theta", "Vega"):
        values = {getattr(greeks, name) for greeks in (leg_greeks, sums, field(contract, "Greeks.Mark"), expected)}
        assert len(values) == 1, (name, values)
    assert leg_greeks.IV == expected.IV


def test_a_risk_graph_starts_at_the_chains_greeks_of_a_stock_with_dividends() -> None:
    """Its American values have tables of their own, over its prices: what they may differ by is in docs/pricing.md."""
    chain = stock_chain(40.0)
    view = chain.book.view()
    place = chain.listing.bounds[1][0] + 5  # a call behind the ex-date, out of the money
    expected, contract = of_chain(view)[place], view.listing.contract(place)
    listed = view.find(contract)
    assert listed is not None
    leg = risk_leg(BoundLeg("leg", contract, 1.0, view.now, *listed), view, SPOT)
    today = risk_graph([leg], SPOT, np.array([SPOT]), np.array([0.0]), realized=0.0)
    assert today.delta.item() / leg.quantity == pytest.approx(expected[0], abs=1e-3)
    assert today.vega.item() / leg.quantity == pytest.approx(expected[3], rel=1e-2)


def test_contracts_with_cash_dividends_are_solved_apart_from_others_and_each_once() -> None:
    view = stock_chain(40.0).book.view()
    size, behind = view.listing.strikes.size, view.listing.bounds[1][0]
    index = np.append(locate(view.listing, [Spot("SPX")]), np.arange(size))
    parts = parts_to_solve(view, read_quotes(view, index), np.arange(size + 1), 10)
    assert sorted(np.concatenate(parts).tolist()) == list(range(size + 1))
    assert max(part.size for part in parts) <= 10
    for part in parts:
        assert len(set((index[part] >= behind).tolist())) == 1


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
