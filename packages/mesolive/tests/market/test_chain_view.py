"""Views: volatilities, greeks, forwards and marks of a chain, against the model that priced it."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from mesolive.market.chain_slice import BookSlice
from mesolive.market.contracts import ExerciseStyle, OptionContract, Right
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import trading_hours
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.pricing import american
from mesolive.pricing.black import greeks, values
from mesolive.records import replace
from mesolive_testkit.market import MORNING, Chain, expiration, flat_chain
from mesolive_testkit.market.chains import RATE, SPOT, forward_of

FRIDAY = date(2024, 3, 15)
MARCH_END = date(2024, 3, 28)
APRIL = date(2024, 4, 19)


def piece(chain: Chain, right: Right, root: str = "SPXW", day: date = APRIL) -> BookSlice:
    result = chain.book.view().slice(root, day, right)
    assert result is not None
    return result


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize(("root", "day"), [("SPXW", FRIDAY), ("SPX", APRIL), ("SPXW", APRIL)])
def test_the_volatility_that_priced_the_chain_comes_out_of_its_quotes(root: str, day: date, right: Right) -> None:
    # Far from the money in the last days a hundredth of a point is many volatility points.
    chain_slice = piece(flat_chain(half_spread=0.0, strikes=range(4800, 5201, 25)), right, root, day)
    assert chain_slice.iv == pytest.approx(0.2, abs=2e-4)


def test_greeks_are_those_of_the_model_in_the_units_of_views() -> None:
    chain = flat_chain(half_spread=0.0)
    front = expiration("SPXW", APRIL)
    years = (front.settles_at - MORNING) / timedelta(days=365)
    for right in Right:
        result = piece(chain, right)
        expected = greeks(
            right is Right.CALL, forward_of(front), result.strikes, years, 0.2, math.exp(-RATE * years), SPOT
        )
        for name in ("delta", "gamma", "theta", "vega", "rho"):
            scale = float(np.max(np.abs(getattr(expected, name))))
            assert getattr(result, name) == pytest.approx(getattr(expected, name), abs=2e-3 * scale), name
        assert result.years() == pytest.approx(years)


@pytest.mark.parametrize("print_", [SPOT * 0.996, SPOT * 1.002], ids=["fell behind", "ran ahead"])
def test_greeks_do_not_ask_the_index_print_when_the_options_know_better(print_: float) -> None:
    after_hours, at_noon = flat_chain(half_spread=0.0), flat_chain(half_spread=0.0)
    after_hours.book.set_underlying(MORNING, UnderlyingPrices(last=print_))
    for day in (FRIDAY, APRIL):
        for right in Right:
            stale, fresh = piece(after_hours, right, day=day), piece(at_noon, right, day=day)
            for name in ("iv", "delta", "gamma", "theta", "vega", "rho"):
                assert getattr(stale, name) == pytest.approx(getattr(fresh, name), rel=1e-4, abs=1e-6, nan_ok=True), (
                    name
                )
    assert after_hours.book.view().underlying.quote.mark == print_, "what was printed is shown as it was printed"


def test_a_view_shows_the_same_numbers_whatever_was_looked_at_before() -> None:
    # A wide market: some contracts have the volatility of a neighbour or of the other right.
    looked_at, fresh = (flat_chain(half_spread=0.2, strikes=range(3000, 7001, 25)) for _ in range(2))
    looked_at.book.view().warm()
    for chain in (looked_at, fresh):
        chain.book.set_underlying(MORNING, UnderlyingPrices(last=SPOT))
    looked_at.book.view().warm()
    for day in (FRIDAY, APRIL):
        for right in Right:
            again, once = piece(looked_at, right, day=day), piece(fresh, right, day=day)
            for name in ("iv", "delta", "gamma", "theta", "vega", "rho"):
                assert getattr(again, name) == pytest.approx(getattr(once, name), rel=1e-11, abs=1e-15, nan_ok=True)


async def test_the_distance_of_print_and_options_stays_until_the_forwards_are_implied_anew() -> None:
    chain = flat_chain(half_spread=0.0)
    chain.book.set_underlying(MORNING, UnderlyingPrices(last=SPOT * 0.996))
    chain.book.view().warm()
    await chain.clock.advance(30)
    chain.book.set_underlying(chain.clock.now(), UnderlyingPrices(last=SPOT * 0.996 * 1.01))
    for item in chain.book.view().expirations:
        expected = forward_of(item, chain.clock.now()) * 1.01
        assert chain.book.view().forward(item) == pytest.approx(expected, rel=1e-6)


async def test_what_the_options_knew_outlasts_a_time_without_quotes() -> None:
    chain = flat_chain(half_spread=0.0)
    chain.book.set_underlying(MORNING, UnderlyingPrices(last=SPOT * 0.996))
    chain.book.view().warm()
    await chain.clock.advance(300)
    chain.book.update(chain.clock.now(), slice(None), {"bid": math.nan, "ask": math.nan})
    now, curve = chain.clock.now(), chain.book.view().analytics.curve
    assert curve is not None
    for place, item in enumerate(chain.listing.expirations):
        carried = curve.carried(place, SPOT * 0.996, now)
        assert carried.spot == pytest.approx(SPOT, rel=1e-5)
        assert carried.forward == pytest.approx(forward_of(item, now), rel=1e-5)


def test_american_options_are_worth_what_the_print_of_their_stock_makes_them_worth() -> None:
    listed = [replace(expiration("GOOG", day), style=ExerciseStyle.AMERICAN) for day in (FRIDAY, MARCH_END, APRIL)]
    chain = flat_chain(listed)
    chain.book.set_underlying(MORNING, UnderlyingPrices(last=SPOT * 0.996))
    curve = chain.book.view().analytics.curve
    assert curve is not None
    assert [curve.carried(place, SPOT * 0.996, MORNING).spot for place in range(3)] == [SPOT * 0.996] * 3


def test_forward_and_discount_follow_from_the_quotes() -> None:
    view = flat_chain(half_spread=0.0).book.view()
    for item in view.expirations:
        years = (item.settles_at - MORNING) / timedelta(days=365)
        assert view.forward(item) == pytest.approx(forward_of(item), abs=0.02)
        assert view.discount(item) == pytest.approx(math.exp(-RATE * years), abs=1e-4)


def test_solving_the_whole_chain_at_once_gives_what_solving_each_expiration_gives() -> None:
    warm, lazy = flat_chain().book.view(), flat_chain().book.view()
    warm.warm()
    for item in warm.expirations:
        for right in Right:
            first, second = (view.slice(item.root, item.day, right) for view in (warm, lazy))
            assert first is not None
            assert second is not None
            for name in ("iv", "delta", "gamma", "theta", "vega", "rho", "mark"):
                assert np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True), name


async def test_after_a_move_within_a_minute_greeks_are_those_of_the_new_spot() -> None:
    chain = flat_chain(half_spread=0.0)
    chain.book.view().warm()
    await chain.clock.advance(10.0)
    # Spot and quotes move together by one percent: every strike ratio is the same again.
    spot, now = SPOT * 1.01, chain.clock.now()
    years = np.repeat(
        [(item.settles_at - now) / timedelta(days=365) for item in chain.listing.expirations],
        [end - start for start, _, end in chain.listing.bounds],
    )
    forward = spot * np.exp((RATE - 0.015) * years)
    value = values(chain.listing.is_call, forward, chain.listing.strikes, years, 0.2, np.exp(-RATE * years))
    chain.book.update(now, slice(None), {"bid": value, "ask": value})
    chain.book.set_underlying(now, UnderlyingPrices(last=spot))
    view = chain.book.view()
    for item in view.expirations:
        assert view.forward(item) == pytest.approx(forward_of(item) * 1.01, rel=1e-5)
    assert piece(chain, Right.PUT).iv == pytest.approx(0.2, abs=1e-3)


async def test_forwards_outlast_a_time_without_quotes() -> None:
    chain = flat_chain(half_spread=0.0)
    chain.book.view().warm()
    quotes = {side: chain.book.values(side) for side in ("bid", "ask")}
    for _ in range(3):
        await chain.clock.advance(300)
        chain.book.update(chain.clock.now(), slice(None), {"bid": math.nan, "ask": math.nan})
        view = chain.book.view()
        for item in view.expirations:
            assert view.forward(item) == pytest.approx(forward_of(item, chain.clock.now()), abs=0.05)
            assert view.discount(item) == pytest.approx(
                math.exp(-RATE * ((item.settles_at - chain.clock.now()) / timedelta(days=365))), abs=1e-4
            )
    await chain.clock.advance(5)
    chain.book.update(chain.clock.now(), slice(None), {"bid": quotes["bid"], "ask": quotes["ask"]})
    assert piece(chain, Right.PUT).iv == pytest.approx(0.2, abs=0.002)


async def test_quotes_that_come_late_are_believed_within_seconds() -> None:
    chain = flat_chain(half_spread=0.0)
    quotes = {side: chain.book.values(side) for side in ("bid", "ask")}
    chain.book.update(MORNING, slice(None), {"bid": math.nan, "ask": math.nan})
    front = expiration("SPXW", APRIL)
    assert chain.book.view().forward(front) is None
    chain.book.update(MORNING, slice(None), {"bid": quotes["bid"], "ask": quotes["ask"]})
    await chain.clock.advance(5)
    assert chain.book.view().forward(front) == pytest.approx(forward_of(front), abs=0.05)


@pytest.mark.parametrize(
    ("bid", "ask"),
    [
        pytest.param(math.nan, math.nan, id="empty"),
        pytest.param(math.nan, 120.0, id="no bid"),
        pytest.param(100.0, math.nan, id="no offer"),
        pytest.param(110.0, 105.0, id="crossed"),
        pytest.param(0.0, 90.0, id="nobody buys"),
        pytest.param(0.05, 95.0, id="a placeholder"),
    ],
)
def test_a_quote_that_is_no_market_gives_no_volatility_and_a_mark_by_the_model(bid: float, ask: float) -> None:
    chain = flat_chain()
    index = chain.index("SPXW", APRIL, Right.PUT, 5000)
    chain.book.update(MORNING, index, {"bid": bid, "ask": ask})
    result = piece(chain, Right.PUT)
    at = result.index_of(Decimal(5000))
    assert at is not None
    assert np.isnan(result.iv[at])
    assert np.isnan(result.delta[at])
    model = chain.value[index]
    expected = min(max(model, bid), ask) if bid <= ask else model
    if math.isnan(bid):
        expected = min(model, ask) if not math.isnan(ask) else model
    elif math.isnan(ask):
        expected = max(model, bid)
    assert result.mark[at] == pytest.approx(expected, rel=5e-3)
    assert result.quote(at).mark == pytest.approx(result.mark[at])
    neighbours = np.delete(result.iv, at)
    assert neighbours == pytest.approx(0.2, abs=0.02), "the others are not harmed"


def test_the_providers_mark_is_preferred_to_the_middle() -> None:
    chain = flat_chain()
    index = chain.index("SPXW", APRIL, Right.CALL, 5000)
    chain.book.update(MORNING + timedelta(seconds=3), index, {"mark": float(chain.value[index]) + 0.04})
    result = piece(chain, Right.CALL)
    at = result.index_of(Decimal(5000))
    assert at is not None
    assert result.mark[at] == pytest.approx(chain.value[index] + 0.04)
    assert result.quote(at).mark_time == MORNING + timedelta(seconds=3)


def test_a_quote_wholly_below_intrinsic_value_has_no_volatility() -> None:
    chain = flat_chain()
    index = chain.index("SPXW", FRIDAY, Right.CALL, 4500)
    chain.book.update(MORNING, index, {"bid": 400.0, "ask": 410.0})
    result = piece(chain, Right.CALL, day=FRIDAY)
    assert np.isnan(result.iv[0])
    assert np.isnan(result.delta[0])


def test_a_market_around_intrinsic_value_takes_the_volatility_of_the_other_right() -> None:
    chain = flat_chain()
    call = chain.index("SPXW", APRIL, Right.CALL, 4500)
    low = float(chain.value[call]) - float(chain.value[chain.listing.partner[call]])
    chain.book.update(MORNING, call, {"bid": low - 4.0, "ask": low + 2.0})
    calls, puts = piece(chain, Right.CALL), piece(chain, Right.PUT)
    assert calls.iv[0] == puts.iv[0]
    assert calls.delta[0] > 0.9


def test_a_chain_without_a_price_of_its_underlying_has_marks_but_no_greeks() -> None:
    chain = flat_chain()
    chain.book.set_underlying(MORNING, UnderlyingPrices())
    result = piece(chain, Right.PUT)
    assert np.isnan(result.delta).all()
    assert not np.isnan(result.mark).any()
    assert chain.book.view().forward(expiration("SPXW", APRIL)) is None
    assert chain.book.view().underlying.iv is None


def test_an_expiration_without_any_quote_has_no_values_and_harms_no_other() -> None:
    chain = flat_chain()
    start, _, end = chain.listing.bounds[0]
    chain.book.update(MORNING, slice(start, end), {"bid": math.nan, "ask": math.nan})
    for right in Right:
        result = piece(chain, right, day=FRIDAY)
        assert np.isnan(result.iv).all()
        assert np.isnan(result.mark).all()
    assert piece(chain, Right.PUT).iv == pytest.approx(0.2, abs=0.02)


def test_contracts_are_found_by_strike_and_by_contract() -> None:
    view = flat_chain().book.view()
    location = view.find(OptionContract("SPX", "SPXW", APRIL, Right.PUT, Decimal("4975.0")))
    assert location is not None
    assert location[0].contract(location[1]) == OptionContract("SPX", "SPXW", APRIL, Right.PUT, Decimal(4975))
    assert location[0].index_of(Decimal(4976)) is None
    assert location[0].index_of(Decimal(4975)) == location[1]
    with pytest.raises(IndexError, match="41 contracts"):
        location[0].contract(41)
    with pytest.raises(IndexError, match="there is none at -1"):
        location[0].quote(-1)


def test_slices_that_are_not_listed_are_none() -> None:
    view = flat_chain().book.view()
    assert view.slice("SPX", FRIDAY, Right.PUT) is None
    assert view.slice("SPXQ", APRIL, Right.PUT) is None
    assert view.discount(expiration("SPX", FRIDAY)) == 1.0


def test_a_view_may_be_read_by_many_threads_at_once() -> None:
    view = flat_chain().book.view()

    def read(number: int) -> float:
        one = view.expirations[number % len(view.expirations)]
        result = view.slice(one.root, one.day, Right.PUT)
        assert result is not None
        return float(np.nansum(result.delta))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(read, range(60)))
    assert all(results[number] == results[number % 3] for number in range(60))


@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
def test_half_a_tick_in_the_last_minutes_implies_no_volatility(minutes: int) -> None:
    """A call 116 points out of the money, 0 x 0.05: all that can decay is half a tick, 2.50 per contract."""
    end = expiration("SPXW", FRIDAY)
    chain = flat_chain([end], half_spread=0.0, now=end.settles_at - timedelta(minutes=minutes))
    index = chain.index("SPXW", FRIDAY, Right.CALL, 5125)
    chain.book.update(chain.clock.now(), index, {"bid": 0.0, "ask": 0.05})
    result = piece(chain, Right.CALL, day=FRIDAY)
    at = result.index_of(Decimal(5125))
    assert at is not None
    assert result.mark[at] == 0.025, "the mark stays the middle"
    # The neighbours' volatility, whose theta is less than what is left to decay.
    assert result.iv[at] == pytest.approx(0.2, abs=0.05)
    assert abs(float(result.delta[at])) < 0.01
    assert abs(float(result.theta[at])) * minutes / 1440 < 0.025


def test_where_nothing_has_a_volatility_half_a_tick_moves_with_nothing() -> None:
    end = expiration("SPXW", FRIDAY)
    chain = flat_chain([end], half_spread=0.0, now=end.settles_at - timedelta(minutes=5))
    chain.book.update(chain.clock.now(), slice(None), {"bid": 0.0, "ask": 0.05})
    result = piece(chain, Right.CALL, day=FRIDAY)
    assert np.isnan(result.iv).all()
    for name in ("delta", "gamma", "theta", "vega", "rho"):
        assert (getattr(result, name) == 0.0).all()


def test_a_bid_of_a_tick_is_a_price_and_implies_a_volatility() -> None:
    chain = flat_chain(half_spread=0.0)
    index = chain.index("SPXW", FRIDAY, Right.CALL, 5300)
    chain.book.update(MORNING, index, {"bid": 0.05, "ask": 0.10})
    result = piece(chain, Right.CALL, day=FRIDAY)
    at = result.index_of(Decimal(5300))
    assert at is not None
    model = values(True, forward_of(result.expiration), 5300.0, result.years(), result.iv[at], 1.0)
    assert float(model) == pytest.approx(0.075, rel=1e-3)


def test_a_call_that_is_offered_at_a_tick_has_no_volatility_of_puts_far_away() -> None:
    """Few quotes after a connection: two puts at 40 %, and a call 14 % above the index that nobody bids for."""
    chain = flat_chain([expiration("SPXW", APRIL)], strikes=range(4000, 6001, 100))
    listing, book, now = chain.listing, chain.book, chain.clock.now()
    (calls, puts, end), strikes = listing.bounds[0], listing.strikes
    front = expiration("SPXW", APRIL)
    years = (front.settles_at - now) / timedelta(days=365)
    nothing = np.full(len(listing), np.nan)
    quoted = np.flatnonzero((np.arange(end) >= puts) & (strikes < 4200.0))
    dear = values(False, forward_of(front), strikes[quoted], years, 0.4, math.exp(-RATE * years))
    book.update(now, slice(None), {"bid": nothing, "ask": nothing})
    book.update(now, quoted, {"bid": dear - 0.05, "ask": dear + 0.05})
    (far,) = np.flatnonzero((np.arange(end) < puts) & (strikes == 5700.0))
    assert calls <= far
    book.update(now, int(far), {"bid": 0.0, "ask": 0.05})
    result = piece(chain, Right.CALL)
    at = result.index_of(Decimal(5700))
    assert at is not None
    model = values(True, forward_of(front), 5700.0, years, result.iv[at], math.exp(-RATE * years))
    assert float(model) < 0.1  # at the forward of the chain it is what is offered
    assert 0.0 <= result.delta[at] < 0.01


def test_an_american_chains_volatilities_are_those_that_priced_it() -> None:
    """A stock with 5 % interest and 1.5 % dividends: forward, rate and the premium of early exercise all fit."""
    days = (date(2024, 4, 19), date(2024, 9, 20), date(2025, 3, 21))
    listed = [replace(expiration("GOOG", day), style=ExerciseStyle.AMERICAN) for day in days]
    chain = flat_chain(listed)
    listing, now = chain.listing, chain.clock.now()
    years = np.repeat(
        [(item.settles_at - now) / timedelta(days=365) for item in listing.expirations],
        [end - start for start, _, end in listing.bounds],
    )
    forward, discount = SPOT * np.exp((RATE - 0.015) * years), np.exp(-RATE * years)
    value = american.values(listing.is_call, SPOT, listing.strikes, years, 0.25, discount, forward)
    chain.book.update(now, slice(None), {"bid": value - 0.05, "ask": value + 0.05})
    view = chain.book.view()
    for item in view.expirations:
        assert view.forward(item) == pytest.approx(forward_of(item), rel=1e-5)
        calls, puts = (view.slice("GOOG", item.day, right) for right in (Right.CALL, Right.PUT))
        assert calls is not None
        assert puts is not None
        for part in (calls, puts):
            assert part.iv == pytest.approx(0.25, abs=1e-4)
        near = np.abs(calls.strikes / SPOT - 1.0) < 0.05
        assert calls.iv[near] == pytest.approx(puts.iv[near], abs=2e-5)


def test_a_reader_who_decides_at_night_has_the_nights_session_also_where_another_asked_before() -> None:
    chain = flat_chain(now=datetime(2024, 3, 12, 7, 0, tzinfo=UTC))
    chain.book.hours = trading_hours("SPX")
    view = chain.book.view()
    assert not view.in_session
    assert view.accepting(QuoteQuality.LIVE, night=True).in_session
    assert not view.in_session
