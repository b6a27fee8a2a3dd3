"""Views are freed with their last reader: without a cycle of references none waits for the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mesolive.clock import ManualClock
from mesolive.market.book import QuoteBook
from mesolive.market.contracts import Right
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.quality import QuoteQuality

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)


@pytest.fixture
def _without_collector() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  # used by name
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def read(book: QuoteBook) -> tuple[weakref.ref[object], weakref.ref[object]]:
    """Read everything of a view that a strategy may read; return references to the view and to what it has solved."""
    view = book.view()
    for expiration in view.expirations[:3]:
        for right in Right:
            chain = view.slice(expiration.root, expiration.day, right)
            assert chain is not None
            _ = (chain.mark, chain.iv, chain.delta, chain.quote(0), chain.years())
        _ = (view.forward(expiration), view.discount(expiration))
    _ = (view.underlying.iv, view.underlying.iv_rank, repr(view.underlying))
    _ = view.accepting(QuoteQuality.DELAYED).underlying.iv
    return weakref.ref(view), weakref.ref(view.analytics)


@pytest.mark.usefixtures("_without_collector")
async def test_a_view_and_all_that_it_solved_are_freed_as_soon_as_the_market_has_moved_on() -> None:
    clock = ManualClock(NOON)
    provider = SimulatedProvider.generated(clock, seed=3)
    await provider.start()
    (book,) = provider.books.values()
    references: list[tuple[weakref.ref[object], weakref.ref[object]]] = []
    for _ in range(5):
        references.append(read(book))
        await clock.advance(timedelta(minutes=1).total_seconds())
    _ = book.view()
    await provider.stop()
    assert [view() is None and solved() is None for view, solved in references] == [True] * 5


@pytest.mark.usefixtures("_without_collector")
async def test_a_slice_outlives_its_view_for_as_long_as_somebody_holds_it() -> None:
    clock = ManualClock(NOON)
    provider = SimulatedProvider.generated(clock, seed=3)
    await provider.start()
    (book,) = provider.books.values()
    view = book.view()
    expiration = view.expirations[1]
    chain = view.slice(expiration.root, expiration.day, Right.PUT)
    assert chain is not None
    underlying, gone = view.underlying, weakref.ref(view)
    del view
    await clock.advance(60)
    _ = book.view()
    assert gone() is None
    assert chain.bid.size == chain.iv.size > 0
    assert underlying.iv is not None
    await provider.stop()
