"""Quotes that are computed when they are read: the same as those computed at once, where they are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.market.book import QuoteBook
from mesolive.market.contracts import Right, Underlying
from mesolive.market.lazy_quotes import QuoteFunction
from mesolive.market.listing import Listing
from mesolive.market.providers.simulated.models import SurfaceMarket
from mesolive.market.view import FloatArray
from mesolive_testkit.market.chains import CALENDAR, expiration

MORNING = datetime(2024, 3, 11, 15, 0, tzinfo=UTC)
DAYS = (date(2024, 3, 15), date(2024, 4, 19), date(2024, 5, 17), date(2024, 6, 21))
STRIKES = [Decimal(strike) for strike in (4900, 5000, 5100)]


def listing() -> Listing:
    sides = {Right.CALL: STRIKES, Right.PUT: STRIKES}
    return Listing(Underlying("SPX"), {expiration("SPXW", day): sides for day in DAYS})


def prices_at(contracts: Listing, level: int) -> tuple[FloatArray, FloatArray]:
    """Return quotes of the whole chain: some change with every level, some with none, some are absent."""
    places = np.arange(len(contracts), dtype=np.float64)
    bid = places + 0.1 * np.where(places % 3 == 0, 0, level)
    bid[int(places.size) - 1 - level % 3] = np.nan
    return bid, bid + 0.5


def publication(contracts: Listing, level: int, computed: list[int] | None = None) -> QuoteFunction:
    def compute(positions: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        if computed is not None:
            computed.extend(positions)
        bid, ask = prices_at(contracts, level)
        where = contracts.places(positions)
        return bid[where], ask[where]

    return compute


def moment(step: int) -> datetime:
    return MORNING + timedelta(seconds=2 * step)


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 3), max_size=3)), min_size=1, max_size=8))
async def test_what_is_read_is_what_an_eager_book_holds_and_times_are_those_of_the_reads(
    steps: list[tuple[int, list[int]]],
) -> None:
    contracts, clock = listing(), ManualClock(MORNING)
    lazy = QuoteBook(contracts, clock, CALENDAR)
    # An eager book for each expiration: it takes those publications at which the expiration is read.
    eager = [QuoteBook(contracts, clock, CALENDAR) for _ in DAYS]
    for step, (level, read) in enumerate(steps):
        lazy.publish(moment(step), 0, publication(contracts, level))
        bid, ask = prices_at(contracts, level)
        view = lazy.view()
        for position in read:
            start, _, end = contracts.bounds[position]
            own = slice(start, end)
            eager[position].update(moment(step), own, {"bid": bid[own], "ask": ask[own]})
            expected, columns = eager[position].view().columns, view.columns.of((position,))
            for side in ("bid", "ask"):
                np.testing.assert_array_equal(columns.values[side][own], expected.values[side][own])
                np.testing.assert_array_equal(columns.times[side][own], expected.times[side][own])
        await clock.advance(2)
    whole = lazy.view().columns
    bid, ask = prices_at(contracts, steps[-1][0])
    np.testing.assert_array_equal(whole.values["bid"], bid)
    np.testing.assert_array_equal(whole.values["ask"], ask)


async def test_only_the_expirations_that_are_read_are_computed_and_each_once() -> None:
    contracts, clock = listing(), ManualClock(MORNING)
    book = QuoteBook(contracts, clock, CALENDAR)
    computed: list[int] = []
    book.publish(MORNING, 0, publication(contracts, 1, computed))
    view = book.view()
    assert computed == []
    puts = view.slice("SPXW", DAYS[2], Right.PUT)
    assert puts is not None
    assert puts.bid[0] == puts.quote(0).bid
    assert computed == [2]
    assert not view.columns.values["bid"].flags.writeable
    assert sorted(computed) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        puts.bid[0] = 1.0


async def test_a_view_keeps_its_moment_when_it_is_read_after_later_quotes() -> None:
    contracts, clock = listing(), ManualClock(MORNING)
    book = QuoteBook(contracts, clock, CALENDAR)
    book.publish(MORNING, 0, publication(contracts, 1))
    before = book.view()
    await clock.advance(60)
    book.publish(clock.now(), 0, publication(contracts, 2))
    after = book.view()
    late = after.columns.of((1,))
    early = before.columns.of((1,))
    start, _, end = contracts.bounds[1]
    own = slice(start, end)
    np.testing.assert_array_equal(early.values["bid"][own], prices_at(contracts, 1)[0][own])
    np.testing.assert_array_equal(late.values["bid"][own], prices_at(contracts, 2)[0][own])
    assert (early.times["bid"][own] <= int(MORNING.timestamp() * 1e6)).all()
    third = book.view()
    book.publish(clock.now(), 0, publication(contracts, 2))
    assert (book.view().columns.times["bid"][own] == third.columns.times["bid"][own]).all()


async def test_a_write_after_a_publication_changes_single_quotes_and_keeps_the_others() -> None:
    contracts, clock = listing(), ManualClock(MORNING)
    book = QuoteBook(contracts, clock, CALENDAR)
    book.publish(MORNING, 0, publication(contracts, 1))
    book.update(MORNING, 0, {"bid": 77.0})
    bid = prices_at(contracts, 1)[0]
    bid[0] = 77.0
    np.testing.assert_array_equal(book.view().columns.values["bid"], bid)
    np.testing.assert_array_equal(book.values("bid"), bid)


@pytest.mark.parametrize("positions", [(0,), (3, 4, 5), (1, 7, 20)])
def test_a_simulated_expiration_is_quoted_alone_as_within_the_chain(positions: tuple[int, ...]) -> None:
    model = SurfaceMarket(CALENDAR)
    contracts = model.listing(MORNING, 5000.0, None)
    everything = range(len(contracts.expirations))
    whole = model.quotes(contracts, everything, MORNING, 4987.0, 0.1)
    alone = model.quotes(contracts, positions, MORNING, 4987.0, 0.1)
    where = contracts.places(positions)
    for side, own in zip(whole, alone, strict=True):
        np.testing.assert_array_equal(side[where], own)
