"""A partial chain: what is not quoted is modelled near the truth, marked so, and never passes for a sign of life."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.contracts import Right
from mesolive.market.lines import LinePriority
from mesolive.market.partial_chain import RETENTION_TIME, strikes_around
from mesolive.market.providers.simulated import spx_listing
from mesolive.market.providers.simulated.limited import LimitedProvider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.quality import QuoteQuality
from mesolive_sdk.ticks import tick_of

NOON = datetime(2024, 3, 12, 16, 0, tzinfo=UTC)


@pytest.fixture(params=[False, True], ids=["fitted at once", "fitted step by step"])
async def limited(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[LimitedProvider, ManualClock]]:
    """Return a short chain behind thirty lines, when the first quotes have come."""
    monkeypatch.setattr(spx_listing, "DAILY_DAYS", 3)
    monkeypatch.setattr(spx_listing, "WEEKLY_DAYS", 20)
    monkeypatch.setattr(spx_listing, "MONTHLY_DAYS", 40)
    monkeypatch.setattr(spx_listing, "DECEMBERS", -1)
    clock = ManualClock(NOON)
    truth = SimulatedProvider.generated(clock, seed=11, step=timedelta(seconds=1))
    provider = LimitedProvider(truth, clock, lines=30, model_every=timedelta(seconds=3), spread=request.param)
    await provider.start()
    await clock.advance(12)
    yield provider, clock
    await provider.stop()


@pytest.mark.slow
async def test_the_modelled_rest_has_the_deltas_and_prices_of_the_whole_chain(
    limited: tuple[LimitedProvider, ManualClock],
) -> None:
    provider, clock = limited
    await clock.advance(48)
    view, whole = provider.books["SPX"].view(), provider.truth.books["SPX"].view()
    modelled = view.columns.quality == QuoteQuality.MODELLED
    assert modelled.mean() > 0.75
    for expiration in view.expirations[1:]:
        for right in Right:
            ours = view.slice(expiration.root, expiration.day, right)
            true = whole.slice(expiration.root, expiration.day, right)
            assert ours is not None
            assert true is not None
            near = (np.abs(true.delta) > 0.05) & (np.abs(true.delta) < 0.95) & (ours.quality == QuoteQuality.MODELLED)
            assert np.abs(ours.delta - true.delta)[near].max() < 0.01, expiration
            assert np.abs(ours.mark - true.mark)[near].max() < 0.02 * true.mark[near].max() + 0.2, expiration
            step = float(tick_of([expiration.root], ours.contract(0).strike))
            assert np.allclose(np.round(ours.bid[near] / 0.05), ours.bid[near] / 0.05, atol=1e-6), step
            assert (ours.bid[near] < ours.ask[near]).all()
        assert view.forward(expiration) == pytest.approx(whole.forward(expiration), abs=0.5)


async def test_a_quote_stays_a_while_after_its_line_has_moved_and_then_is_modelled(
    limited: tuple[LimitedProvider, ManualClock],
) -> None:
    provider, clock = limited
    book = provider.books["SPX"]
    far = book.listing.contract(book.listing.bounds[-1][0])
    provider.pin([far], LinePriority.WATCHED)
    await clock.advance(2)
    index = book.listing.find(far)
    assert index is not None
    assert book.view().columns.quality[index] == QuoteQuality.LIVE
    provider.unsubscribe([far])
    await clock.advance(1)
    view = book.view()
    assert view.columns.quality[index] == QuoteQuality.LIVE
    quoted_at = view.quoted_at(index)
    assert quoted_at is not None
    assert view.now - quoted_at > timedelta(0)
    await clock.advance(RETENTION_TIME.total_seconds() + 4)
    assert book.view().columns.quality[index] == QuoteQuality.MODELLED


async def test_while_the_provider_is_silent_nothing_is_modelled_and_the_book_grows_stale(
    limited: tuple[LimitedProvider, ManualClock],
) -> None:
    provider, clock = limited
    book = provider.books["SPX"]
    received = book.last_received_at
    provider.fall_silent()
    before = book.view().columns.values["mark"].copy()
    await clock.advance(70)
    assert book.stale
    assert np.array_equal(book.view().columns.values["mark"], before, equal_nan=True)
    assert book.last_received_at == received
    provider.speak_again()
    await clock.advance(4)
    assert not book.stale


@pytest.mark.slow
async def test_expirations_of_interest_are_quoted_oftener(limited: tuple[LimitedProvider, ManualClock]) -> None:
    provider, clock = limited
    last = provider.books["SPX"].listing.expirations[-1]

    def share() -> float:
        started = [contract for _, what, contract in provider.requests if what == "start"]
        return sum((item.root, item.day) == (last.root, last.day) for item in started) / len(started)

    provider.requests.clear()
    await clock.advance(15)
    usual = share()
    provider.requests.clear()
    provider.note_interest("SPX", [(last.root, last.day)])
    await clock.advance(15)
    assert share() > 1.5 * usual


async def test_more_contracts_are_never_quoted_than_there_are_lines(
    limited: tuple[LimitedProvider, ManualClock],
) -> None:
    provider, _ = limited
    active: set[object] = set()
    most = 0
    for _, what, contract in provider.requests:
        (active.add if what == "start" else active.discard)(contract)
        most = max(most, len(active))
    assert most <= 30
    seconds = (provider.requests[-1][0] - provider.requests[0][0]).total_seconds()
    assert sum(what == "start" for _, what, _ in provider.requests) <= 60 * (seconds + 1)


def test_neighbours_are_of_the_same_expiration_and_right_the_nearest_first() -> None:
    clock = ManualClock(NOON)
    listing = SimulatedProvider.generated(clock).books["SPX"].listing
    start, middle, _ = listing.bounds[5]
    inside = listing.contract(start + 10)
    around = strikes_around(listing, inside, 3)
    assert around[0] == inside
    assert len(around) == 7
    assert {(item.root, item.day, item.right) for item in around} == {(inside.root, inside.day, inside.right)}
    assert len(strikes_around(listing, listing.contract(start), 3)) == 4
    assert len(strikes_around(listing, listing.contract(middle - 1), 3)) == 4
