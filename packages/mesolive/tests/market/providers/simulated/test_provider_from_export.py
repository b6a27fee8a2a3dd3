"""The simulated market from an exchange's chain export: its first quotes are the file's, and it moves from there."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.market.providers.chain_files import ChainExport, parse_export, read_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.pricing import american
from mesolive_testkit.market import CALENDAR, SHARED_DATA, export_bytes, needs_shared_data
from mesolive_testkit.market.files import export_row
from mesolive_testkit.market.simulated import quotes_of, small_export, spot_of, view_of


@needs_shared_data
@pytest.mark.shared_data
async def test_at_the_weekend_the_previous_close_is_fridays() -> None:
    provider, _ = await from_export(read_export(SHARED_DATA / "cboe" / "spx-2022-02-04.csv"))
    assert view_of(provider).underlying.previous_close == 4500.53
    assert [day.close for day in provider.books["SPX"].history.days[-2:]] == [4477.44, 4500.53]
    await provider.stop()


async def from_export(export: ChainExport) -> tuple[SimulatedProvider, ManualClock]:
    clock = ManualClock(export.exported_at)
    provider = SimulatedProvider.from_export(export, clock, calendar=CALENDAR)
    await provider.start()
    return provider, clock


async def test_the_first_quotes_are_exactly_the_files() -> None:
    export = small_export()
    provider, _ = await from_export(export)
    view = view_of(provider)
    assert view.now == export.exported_at
    assert np.array_equal(view.columns.values["bid"], export.bid, equal_nan=True)
    assert np.array_equal(view.columns.values["ask"], export.ask, equal_nan=True)
    assert np.array_equal(view.columns.values["last"], export.last, equal_nan=True)
    state = view.underlying
    assert (state.quote.last, state.quote.bid, state.quote.ask) == (5000.0, 4990.5, 5010.5)
    assert state.previous_close == 4987.5
    assert state.quote.last_time == export.exported_at
    await provider.stop()


async def test_it_moves_from_there_with_each_contracts_own_volatility() -> None:
    export = small_export()
    provider, clock = await from_export(export)
    start = view_of(provider)
    before = {right: start.slice("SPXW", date(2024, 6, 21), right) for right in Right}
    provider.gap(0.01)
    await clock.advance(1)
    view = view_of(provider)
    spot = view.underlying.quote.last
    assert spot == pytest.approx(5050.0, abs=3.0)
    for right in Right:
        old, new = before[right], view.slice("SPXW", date(2024, 6, 21), right)
        assert old is not None
        assert new is not None
        keep = slice(3, None)
        assert spot is not None
        move = new.mark[keep] - old.mark[keep]
        by_greeks = old.delta[keep] * (spot - 5000.0)
        assert np.all(np.sign(move) == np.sign(by_greeks))
        assert np.all(np.abs(move - by_greeks) < 0.35 * np.abs(by_greeks) + 2.5)
        assert np.abs(new.ask[keep] - new.bid[keep] - (old.ask[keep] - old.bid[keep])).max() <= 0.21, "widths are kept"
    await provider.stop()


async def test_a_stocks_options_keep_their_right_of_early_exercise_when_the_market_moves() -> None:
    """A second later nothing has changed but the spot by cents: puts in the money do not fall to a European value."""
    strikes, years = np.arange(80.0, 131.0, 5.0), 466.2 / 365
    discount, forward = math.exp(-0.05 * years), 100.0 * math.exp(0.05 * years)
    call, put = (american.values(right, 100.0, strikes, years, 0.25, discount, forward) for right in (True, False))
    rows = [
        export_row("XYZ", date(2025, 6, 20), float(strike), *((round(v - 0.05, 2), round(v + 0.05, 2)) for v in pair))
        for strike, *pair in zip(strikes, call, put, strict=True)
    ]
    export = parse_export(export_bytes(rows, name="XYZ Corporation", last="Last: 100.00"))
    assert {expiration.style for expiration in export.listing.expirations} == {ExerciseStyle.AMERICAN}
    provider, clock = await from_export(export)
    first = provider.books["XYZ"].view().slice("XYZ", date(2025, 6, 20), Right.PUT)
    provider.gap(-0.001)
    await clock.advance(1)
    view = provider.books["XYZ"].view()
    later, spot = view.slice("XYZ", date(2025, 6, 20), Right.PUT), view.underlying.quote.last
    assert first is not None
    assert later is not None
    assert spot is not None
    move = later.mark - first.mark
    assert move == pytest.approx(first.delta * (spot - 100.0), abs=0.15), "within three ticks of a nickel"
    assert np.all(later.ask >= strikes - spot)
    await provider.stop()


async def test_a_contract_without_a_price_stays_without() -> None:
    export = small_export()
    provider, clock = await from_export(export)
    provider.gap(-0.02)
    await clock.advance(60)
    bid, ask = quotes_of(provider)
    assert np.array_equal(np.isnan(bid), np.isnan(export.bid))
    assert np.array_equal(np.isnan(ask), np.isnan(export.ask))
    quoted = ~np.isnan(bid) & ~np.isnan(ask)
    assert np.all((bid >= 0.0)[quoted])
    assert np.all((bid < ask)[quoted])
    await provider.stop()


async def test_where_no_volatility_can_be_solved_the_quotes_do_not_move() -> None:
    rows = [export_row("SPXW", date(2024, 3, 15), strike, (0, 0), (7, 0)) for strike in (4900, 5000, 5100)]
    export = parse_export(export_bytes(rows))
    provider, clock = await from_export(export)
    await clock.advance(100)
    bid, ask = quotes_of(provider)
    assert set(bid[~np.isnan(bid)].tolist()) == {7.0}
    assert np.isnan(ask).all()
    assert spot_of(provider) != 5000.25, "the underlying moves all the same"
    await provider.stop()


@needs_shared_data
@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["spx-2022-02-04.csv", "spx-2023-09-14.csv"])
async def test_a_real_chain_starts_as_the_file_and_moves_soundly(name: str) -> None:
    export = read_export(SHARED_DATA / "cboe" / name)
    provider, clock = await from_export(export)
    assert all(
        np.array_equal(now, then, equal_nan=True)
        for now, then in zip(quotes_of(provider), (export.bid, export.ask), strict=True)
    )
    view = view_of(provider)
    view.warm()
    assert all(expiration.settles_at > export.exported_at for expiration in view.expirations)
    before = view.underlying
    await clock.advance(1800)
    view = view_of(provider)
    assert view.underlying.quote.last != before.quote.last
    assert view.underlying.iv == pytest.approx(before.iv, rel=0.1)
    bid, ask = quotes_of(provider)
    was_sound = export.bid < export.ask
    alive = np.arange(len(bid)) >= view.listing.bounds[view.listing.first_alive(view.now)][0]
    assert np.all((bid < ask)[was_sound & alive])
    await provider.stop()
