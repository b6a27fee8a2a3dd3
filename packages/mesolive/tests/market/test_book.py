"""The quote book: what was said last, when it changed, and views that never change."""

from __future__ import annotations

import asyncio
import math
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.market.book import QuoteBook
from mesolive.market.chain_view import BookView
from mesolive.market.columns import TimedPrice
from mesolive.market.contracts import Right, Underlying, UnderlyingKind
from mesolive.market.listing import Listing
from mesolive.market.quality import QuoteQuality
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import Quote
from mesolive_testkit.market import CALENDAR, MORNING, Chain, expiration, flat_chain

FRIDAY = date(2024, 3, 15)
SECOND = timedelta(seconds=1)


def put(chain: Chain, strike: int = 4900) -> int:
    return chain.index("SPXW", FRIDAY, Right.PUT, strike)


def quote_of(chain: Chain, index: int) -> Quote:
    location = chain.book.view().find(chain.listing.contract(index))
    assert location is not None
    return location[0].quote(location[1])


async def test_each_price_keeps_the_time_at_which_it_last_changed() -> None:
    chain = flat_chain()
    index = put(chain)
    chain.book.update(MORNING + SECOND, index, {"bid": 3.0, "ask": 3.2})
    chain.book.update(MORNING + 2 * SECOND, index, {"bid": 3.0, "ask": 3.3})
    quote = quote_of(chain, index)
    assert (quote.bid, quote.ask) == (3.0, 3.3)
    assert quote.bid_time == MORNING + SECOND
    assert quote.ask_time == MORNING + 2 * SECOND
    assert quote.mark == 3.15
    assert quote.mark_time == MORNING + 2 * SECOND
    assert quote.last is None
    assert quote.last_time is None


async def test_a_value_that_arrives_again_is_no_change() -> None:
    chain = flat_chain()
    version = chain.book.version
    view = chain.book.view()
    assert not chain.book.update(MORNING + SECOND, put(chain), {"bid": float(view.columns.values["bid"][put(chain)])})
    assert not chain.book.update(MORNING + SECOND, slice(None), {"last": math.nan})
    assert chain.book.version == version
    assert chain.book.last_received_at == MORNING + SECOND


async def test_a_side_that_disappears_is_no_price_and_has_no_time() -> None:
    chain = flat_chain()
    index = put(chain)
    chain.book.update(MORNING + SECOND, index, {"bid": math.nan})
    quote = quote_of(chain, index)
    assert quote.bid is None
    assert quote.bid_time is None
    assert quote.ask is not None


async def test_a_view_never_changes_after_it_was_taken() -> None:
    chain = flat_chain()
    view = chain.book.view()
    piece = view.slice("SPXW", FRIDAY, Right.PUT)
    assert piece is not None
    before = {name: getattr(piece, name).copy() for name in ("bid", "ask", "last", "mark", "iv", "delta")}
    chain.book.update(MORNING, slice(None), {"bid": 1.0, "ask": 2.0, "last": 1.5})
    chain.book.set_underlying(MORNING, UnderlyingPrices(last=4000.0))
    for name, values in before.items():
        assert np.array_equal(getattr(piece, name), values, equal_nan=True)
    assert view.underlying.quote.last == 5000.0
    assert chain.book.view().underlying.quote.last == 4000.0


async def test_the_arrays_of_a_view_cannot_be_written_to() -> None:
    piece = flat_chain().book.view().slice("SPXW", FRIDAY, Right.CALL)
    assert piece is not None
    for name in ("strikes", "bid", "ask", "last", "mark", "iv", "delta", "gamma", "theta", "vega", "rho"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(piece, name)[0] = 1.0


async def test_one_view_serves_all_readers_until_a_price_changes() -> None:
    chain = flat_chain()
    view = chain.book.view()
    assert chain.book.view() is view
    chain.book.update(MORNING, put(chain), {"bid": 1.0})
    assert chain.book.view() is not view


async def test_a_view_is_taken_anew_when_a_second_has_gone_by_without_a_change() -> None:
    chain = flat_chain()
    view = chain.book.view()
    await chain.clock.advance(1.0)
    again = chain.book.view()
    assert again is not view
    assert again.now == MORNING + SECOND


async def test_a_view_taken_before_a_settlement_is_not_served_after_it() -> None:
    front = expiration("SPXW", FRIDAY)
    chain = flat_chain(
        [front, expiration("SPXW", date(2024, 4, 19))], now=front.settles_at - timedelta(milliseconds=200)
    )
    assert front in chain.book.view().expirations
    await chain.clock.advance(0.3)
    view = chain.book.view()
    assert front not in view.expirations
    assert view.slice("SPXW", FRIDAY, Right.CALL) is None
    assert view.find(chain.listing.contract(0)) is None
    assert view.forward(front) is None


async def test_a_change_wakes_subscribers() -> None:
    chain = flat_chain()
    waiting = asyncio.ensure_future(anext(chain.book.changes.subscribe()))
    await asyncio.sleep(0)
    chain.book.update(MORNING, put(chain), {"bid": 1.0})
    assert await waiting == chain.book.version


async def test_deferred_prices_are_written_when_somebody_reads_and_announced_at_once() -> None:
    chain = flat_chain()
    index = put(chain)
    written: list[float] = []

    def refresh(price: float) -> None:
        written.append(price)
        chain.book.update(MORNING + SECOND, index, {"bid": price})

    version = chain.book.version
    chain.book.defer(MORNING + SECOND, lambda: refresh(3.0))
    chain.book.defer(MORNING + SECOND, lambda: refresh(3.5))
    assert chain.book.version == version + 2
    assert written == []
    assert quote_of(chain, index).bid == 3.5
    assert written == [3.5]
    assert chain.book.version == version + 2, "who was woken is not woken again for the same prices"


async def test_what_was_deferred_does_not_overwrite_what_came_later() -> None:
    chain = flat_chain()
    index = put(chain)

    def refresh() -> None:
        chain.book.update(MORNING + SECOND, index, {"bid": 3.0})

    chain.book.defer(MORNING + SECOND, refresh)
    chain.book.update(MORNING + 2 * SECOND, index, {"bid": 4.0})
    assert quote_of(chain, index).bid == 4.0


async def test_a_silent_provider_makes_the_book_stale_and_a_heartbeat_makes_it_fresh() -> None:
    chain = flat_chain()
    assert not chain.book.stale
    await chain.clock.advance(61.0)
    assert chain.book.stale
    assert chain.book.view().stale
    chain.book.mark_received(chain.clock.now())
    assert not chain.book.stale
    await chain.clock.advance(1.0)
    assert not chain.book.view().stale


def test_a_book_without_any_update_is_stale() -> None:
    listing = Listing(Underlying("SPX"), {expiration("SPXW", FRIDAY): {Right.CALL: [Decimal(100)]}})
    assert QuoteBook(listing, ManualClock(MORNING), CALENDAR).stale


async def test_a_new_listing_keeps_the_quotes_of_what_stays() -> None:
    chain = flat_chain()
    index = put(chain)
    contract = chain.listing.contract(index)
    chain.book.update(MORNING + SECOND, index, {"bid": 3.0, "ask": 3.2})
    added = expiration("SPXW", date(2024, 3, 18))
    listing = Listing(
        Underlying("SPX"),
        {
            added: {Right.PUT: [Decimal(4900)]},
            expiration("SPXW", FRIDAY): {Right.PUT: [Decimal(4890), Decimal(4900)], Right.CALL: [Decimal(4900)]},
        },
    )
    chain.book.relist(listing)
    view = chain.book.view()
    location = view.find(contract)
    assert location is not None
    quote = location[0].quote(location[1])
    assert (quote.bid, quote.ask, quote.bid_time) == (3.0, 3.2, MORNING + SECOND)
    assert np.isnan(location[0].bid[0]), "a new strike has no quote yet"
    assert [item.day for item in view.expirations] == [FRIDAY, added.day]


async def test_the_middle_of_an_index_is_its_last_value_that_of_a_stock_its_market() -> None:
    for is_index, expected in ((True, 4500.5), (False, 4518.0)):
        listing = Listing(
            Underlying("X", UnderlyingKind.INDEX if is_index else UnderlyingKind.STOCK),
            {expiration("X", FRIDAY): {Right.CALL: [Decimal(100)]}},
        )
        book = QuoteBook(listing, ManualClock(MORNING), CALENDAR)
        book.set_underlying(MORNING, UnderlyingPrices(bid=4420.5, ask=4615.5, last=4500.5))
        assert book.view().underlying.quote.mark == expected


async def test_the_underlying_keeps_the_time_of_each_price() -> None:
    book = flat_chain().book
    book.set_underlying(MORNING + SECOND, UnderlyingPrices(bid=4999.0, ask=5001.0, last=5000.0))
    assert not book.set_underlying(MORNING + 2 * SECOND, UnderlyingPrices(bid=4999.0, ask=5001.0, last=5000.0))
    book.set_underlying(MORNING + 3 * SECOND, UnderlyingPrices(bid=4999.0, last=5000.25))
    quote = book.view().underlying.quote
    assert (quote.bid_time, quote.last_time) == (MORNING + SECOND, MORNING + 3 * SECOND)
    assert (quote.ask, quote.ask_time) == (None, None)
    assert book.view().underlying.quote.mark == 5000.25


FIELDS: tuple[TimedPrice, ...] = ("bid", "ask", "last", "mark")
writes = st.lists(
    st.tuples(
        st.lists(st.integers(0, 9), min_size=1, max_size=10, unique=True),
        st.sampled_from(FIELDS),
        st.one_of(st.just(math.nan), st.sampled_from([0.0, 0.05, 1.0, 2.5])),
        st.booleans(),
    ),
    max_size=25,
)
Model = dict[tuple[int, TimedPrice], tuple[float, int]]


@given(writes)
def test_the_book_agrees_with_a_plain_dictionary(script: list[tuple[list[int], TimedPrice, float, bool]]) -> None:
    strikes = [Decimal(100 + number) for number in range(10)]
    listing = Listing(Underlying("SPX"), {expiration("SPXW", FRIDAY): {Right.CALL: strikes}})
    book = QuoteBook(listing, ManualClock(MORNING), CALENDAR)
    model: Model = {}
    views: list[tuple[BookView, Model]] = []
    for step, (indices, field, value, take_view) in enumerate(script):
        for index in indices:
            old = model.get((index, field), (math.nan, -1))[0]
            if not (old == value or (math.isnan(old) and math.isnan(value))):
                model[index, field] = (value, step)
        book.update(MORNING + step * SECOND, np.array(indices), {field: np.full(len(indices), value)})
        if take_view:
            views.append((book.view(), dict(model)))
    for view, expected in [*views, (book.view(), model)]:
        calls = view.slice("SPXW", FRIDAY, Right.CALL)
        assert calls is not None
        for (index, field), (value, step) in expected.items():
            assert view.columns.values[field][index] == pytest.approx(value, nan_ok=True)
            if not math.isnan(value):
                assert getattr(calls.quote(index), f"{field}_time") == MORNING + step * SECOND


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan])
async def test_a_price_that_is_not_finite_is_no_quote(wrong: float) -> None:
    chain = flat_chain()
    one, other = put(chain), put(chain, 5000)
    chain.book.update(MORNING + SECOND, one, {"ask": wrong})
    chain.book.update(MORNING + SECOND, np.array([other]), {"bid": np.array([wrong])})
    assert quote_of(chain, one).ask is None
    assert quote_of(chain, other).bid is None
    chain.book.set_underlying(MORNING + SECOND, UnderlyingPrices(bid=4999.0, ask=wrong, last=wrong))
    quote = chain.book.view().underlying.quote
    assert (quote.bid, quote.ask, quote.last) == (4999.0, None, None)


async def test_a_quote_has_the_quality_that_the_provider_stated_with_it() -> None:
    chain = flat_chain()
    assert chain.book.view().live_throughout
    before = chain.book.view()
    for quality in (QuoteQuality.DELAYED, QuoteQuality.FROZEN, QuoteQuality.MODELLED, QuoteQuality.LIVE):
        assert chain.book.update(MORNING + SECOND, put(chain), {"bid": 3.0, "ask": 3.2}, quality)
        assert quote_of(chain, put(chain)).quality is quality
        assert quote_of(chain, put(chain, 5000)).quality is QuoteQuality.LIVE
        assert chain.book.view().live_throughout == (quality is QuoteQuality.LIVE)
    assert before.live_throughout, "a view does not change after it was taken"


async def test_a_changed_quality_alone_notifies_readers() -> None:
    chain = flat_chain()
    version = chain.book.version
    assert chain.book.grade(MORNING + SECOND, slice(None), QuoteQuality.DELAYED)
    assert chain.book.version == version + 1
    assert not chain.book.grade(MORNING + 2 * SECOND, slice(None), QuoteQuality.DELAYED)
    chain.book.set_underlying(MORNING + SECOND, chain.book.prices, QuoteQuality.DELAYED)
    assert chain.book.view().underlying.quote.quality is QuoteQuality.DELAYED


async def test_an_updated_quote_is_as_old_as_the_providers_last_update_and_a_released_one_grows_old() -> None:
    chain = flat_chain()
    clock = chain.clock
    await clock.advance(20)
    chain.book.mark_received(clock.now())
    assert quote_of(chain, put(chain)).age(clock.now()) == timedelta(0)
    chain.book.release(clock.now(), put(chain))
    await clock.advance(30)
    chain.book.mark_received(clock.now())
    chain.book.release(clock.now(), put(chain))  # a second release does not make it younger
    assert quote_of(chain, put(chain)).age(clock.now()) == timedelta(seconds=30)
    assert not chain.book.view().live_throughout
    chain.book.update(clock.now(), put(chain), {"bid": 3.0})
    assert quote_of(chain, put(chain)).age(clock.now()) == timedelta(0)


async def test_quality_and_age_stay_with_their_contracts_when_the_listing_changes() -> None:
    chain = flat_chain()
    contract = chain.listing.contract(put(chain))
    chain.book.update(MORNING + SECOND, put(chain), {"bid": 3.0}, QuoteQuality.DELAYED)
    chain.book.release(MORNING + SECOND, put(chain))
    listed = {
        right: [chain.listing.strike(at) for at in range(*span)]
        for right in Right
        if (span := chain.listing.span("SPXW", FRIDAY, right)) is not None
    }
    place = chain.listing.position("SPXW", FRIDAY)
    assert place is not None
    more = {right: [*strikes, Decimal("4000.5")] for right, strikes in listed.items()}
    chain.book.relist(Listing(chain.listing.underlying, {chain.listing.expirations[place]: more}))
    location = chain.book.view().find(contract)
    assert location is not None
    quote = location[0].quote(location[1])
    assert (quote.quality, quote.quoted_at) == (QuoteQuality.DELAYED, MORNING + SECOND)
