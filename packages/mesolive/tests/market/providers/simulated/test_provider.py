"""The simulated market: reproducible, arbitrage-free at the start, moving, halting, dying and coming back."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from mesolive.clock import ManualClock, ScaledClock
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.providers.simulated.models import default_start
from mesolive.market.providers.simulated.provider import Hours, SimulatedProvider
from mesolive_sdk.models import AgentStatus, DataProviderType
from mesolive_testkit.market import CALENDAR, MORNING
from mesolive_testkit.market.simulated import quotes_of, small_export, spot_of, view_of

MINUTE = timedelta(minutes=1)


async def generated(
    seed: int = 1, start: datetime = MORNING, **options: object
) -> tuple[SimulatedProvider, ManualClock]:
    clock = ManualClock(start)
    provider = SimulatedProvider.generated(clock, seed=seed, calendar=CALENDAR, **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - passed on
    await provider.start()
    return provider, clock


async def test_the_provider_starts_with_a_familiar_whole_chain() -> None:
    provider, _ = await generated()
    assert provider.name is DataProviderType.Simulated
    view = view_of(provider)
    state = view.underlying
    assert (state.underlying.symbol, state.quote.last, state.quote.mark) == ("SPX", 5000.0, 5000.0)
    assert (state.quote.bid, state.quote.ask) == (4999.75, 5000.25)
    assert np.all(view.columns.values["bid_size"] >= 1.0)
    assert {expiration.root for expiration in view.expirations} == {"SPX", "SPXW"}
    assert state.iv == pytest.approx(0.14, abs=0.03)
    assert None not in (state.hv, state.iv_rank, state.iv_percentile, state.today_open, state.previous_close)
    for expiration in view.expirations:
        puts, calls = (view.slice(expiration.root, expiration.day, right) for right in (Right.PUT, Right.CALL))
        assert puts is not None
        assert calls is not None
        assert not np.isnan(puts.iv).any()
        assert not np.isnan(calls.mark).any()
        near = np.abs(puts.strikes - 5000.0) < 200.0
        assert np.all(np.diff(puts.delta[near]) < 5e-3), "puts gain (negative) delta with the strike"
        assert puts.iv[0] > puts.iv[np.argmin(np.abs(puts.strikes - 5000.0))], "skew"
    await provider.stop()


async def test_the_first_quotes_allow_no_arbitrage_by_parity_and_strike() -> None:
    provider, _ = await generated()
    view = view_of(provider)
    for expiration in view.expirations:
        calls = view.slice(expiration.root, expiration.day, Right.CALL)
        puts = view.slice(expiration.root, expiration.day, Right.PUT)
        assert calls is not None
        assert puts is not None
        forward = view.forward(expiration)
        assert forward is not None
        synthetic = view.discount(expiration) * (forward - calls.strikes)
        tolerance = 0.06  # the fitted forward and rate are not exact
        assert np.all(calls.ask - puts.bid >= synthetic - tolerance)
        assert np.all(calls.bid - puts.ask <= synthetic + tolerance)
        assert np.all(calls.bid[1:] <= calls.ask[:-1])
        assert np.all(puts.bid[:-1] <= puts.ask[1:])
    await provider.stop()


async def test_the_same_seed_and_the_same_steps_give_the_same_quotes() -> None:
    sequences: list[list[tuple[float, ...]]] = []
    for seed in (5, 5, 6):
        provider, clock = await generated(seed)
        seen: list[tuple[float, ...]] = []
        for _ in range(20):
            await clock.advance(1)
            bid, ask = quotes_of(provider)
            seen.append((spot_of(provider), float(np.nansum(bid)), float(np.nansum(ask))))
        sequences.append(seen)
        await provider.stop()
    assert sequences[0] == sequences[1]
    assert sequences[0] != sequences[2]


async def test_a_reader_who_looks_rarely_sees_the_same_market() -> None:
    often, first = await generated()
    rarely, second = await generated()
    for _ in range(60):
        await first.advance(1)
        view_of(often)
    await second.advance(60)
    assert all(map(np.array_equal, quotes_of(often), quotes_of(rarely)))
    assert spot_of(often) == spot_of(rarely)
    await often.stop()
    await rarely.stop()


async def test_nothing_is_priced_while_nobody_reads_but_every_step_is_announced() -> None:
    provider, clock = await generated()
    book = provider.books["SPX"]
    before = book.view()
    waiting = asyncio.ensure_future(anext(book.changes.subscribe()))
    await asyncio.sleep(0)
    await clock.advance(30)
    assert await waiting > before.version
    times = before.columns.times["bid"]
    after = book.view()
    changed = after.columns.times["bid"] != times
    assert changed.any()
    assert len(np.unique(after.columns.times["bid"][changed])) <= 2, "only the last step was priced"
    await provider.stop()


@pytest.mark.long
async def test_the_market_moves_by_its_volatility_over_a_session() -> None:
    export = small_export("9:30 AM")
    moves: list[float] = []
    for seed in range(24):
        clock = ManualClock(export.exported_at)
        provider = SimulatedProvider.from_export(
            export, clock, seed=seed, step=MINUTE, hours=Hours.SESSION, calendar=CALENDAR
        )
        await provider.start()
        await clock.advance(6.5 * 3600)
        moves.append(math.log(spot_of(provider) / 5000.0))
        await provider.stop()
    expected = 0.18 * math.sqrt(0.75 / 252)
    assert 0.6 * expected < float(np.std(moves)) < 1.5 * expected


async def test_outside_of_the_sessions_the_market_does_not_move_and_opens_with_a_gap() -> None:
    start = datetime(2024, 3, 11, 19, 59, tzinfo=UTC)
    provider, clock = await generated(2, start, step=timedelta(seconds=10))
    await clock.advance(60)
    close = spot_of(provider)
    assert close != 5000.0
    await clock.advance(17 * 3600)
    assert spot_of(provider) == close
    assert not view_of(provider).stale, "it lives, though it stands still"
    await clock.advance(1800)
    state = view_of(provider).underlying
    assert state.quote.last != close
    assert state.previous_close == close
    assert state.today_open != close
    await provider.stop()


async def test_around_the_clock_it_moves_at_night_too() -> None:
    provider, clock = await generated(start=datetime(2024, 3, 9, 12, 0, tzinfo=UTC), hours=Hours.ALWAYS)
    before = spot_of(provider)
    await clock.advance(600)
    assert spot_of(provider) != before
    await provider.stop()


async def test_expired_contracts_leave_the_view_and_new_ones_are_listed_the_next_day() -> None:
    provider, clock = await generated(start=datetime(2024, 3, 11, 19, 59, tzinfo=UTC), step=MINUTE)
    today = date(2024, 3, 11)
    assert view_of(provider).expirations[0].day == today
    held = OptionContract("SPX", "SPXW", date(2024, 3, 12), Right.PUT, Decimal(5000))
    before = {expiration.day for expiration in view_of(provider).expirations}
    await clock.advance(61)
    view = view_of(provider)
    assert today not in {expiration.day for expiration in view.expirations}
    assert view.find(held) is not None
    await clock.advance(18 * 3600)
    view = view_of(provider)
    assert view.find(held) is not None
    assert {expiration.day for expiration in view.expirations} - before == {date(2024, 4, 16)}
    location = view.find(held)
    assert location is not None
    assert not np.isnan(location[0].bid).any()
    assert not np.isnan(view.columns.values["ask_size"]).any()
    await provider.stop()


async def test_the_days_close_and_volatility_enter_the_history() -> None:
    provider, clock = await generated(start=datetime(2024, 3, 11, 19, 0, tzinfo=UTC), step=MINUTE)
    book = provider.books["SPX"]
    running = book.history.days[-1]
    assert (running.day, running.close) == (date(2024, 3, 11), None)
    assert running.open == view_of(provider).underlying.today_open
    await clock.advance(2 * 3600)
    day = book.history.days[-1]
    assert (day.day, day.open) == (date(2024, 3, 11), running.open)
    assert day.close == spot_of(provider)
    assert day.iv == pytest.approx(view_of(provider).underlying.iv, abs=0.02)
    await provider.stop()


@pytest.mark.slow
async def test_at_the_opening_its_price_is_known_and_not_only_with_the_next_step() -> None:
    provider, clock = await generated(start=datetime(2024, 3, 11, 19, 0, 0, 500_000, tzinfo=UTC))
    yesterday = view_of(provider).underlying.today_open
    opening = datetime(2024, 3, 12, 13, 30, tzinfo=UTC)
    await clock.advance((opening - clock.now()).total_seconds())
    state = view_of(provider).underlying
    assert state.today_open not in {None, yesterday}
    today = provider.books["SPX"].history.of_day(date(2024, 3, 12))
    assert today is not None
    assert today.open == state.today_open == state.quote.last
    await provider.stop()


async def test_a_market_that_is_halted_over_a_night_opens_when_it_is_resumed() -> None:
    provider, clock = await generated(start=datetime(2024, 3, 11, 19, 0, tzinfo=UTC), step=MINUTE)
    provider.halt()
    stands = spot_of(provider)
    await clock.advance((datetime(2024, 3, 12, 14, 0, tzinfo=UTC) - clock.now()).total_seconds())
    state, history = view_of(provider).underlying, provider.books["SPX"].history
    assert (state.today_open, state.previous_close, state.quote.last) == (None, stands, stands)
    monday = history.of_day(date(2024, 3, 11))
    assert monday is not None
    assert monday.close == stands
    provider.resume()
    tuesday = provider.books["SPX"].history.of_day(date(2024, 3, 12))
    assert tuesday is not None
    assert tuesday.open == view_of(provider).underlying.today_open is not None
    await provider.stop()


async def test_volatility_rises_when_the_market_falls() -> None:
    provider, _ = await generated()
    before = view_of(provider).underlying.iv
    provider.gap(-0.03)
    state = view_of(provider).underlying
    assert state.quote.last == pytest.approx(4850.0, abs=0.01)
    assert before is not None
    assert state.iv is not None
    assert state.iv > before + 0.005
    await provider.stop()


@pytest.mark.parametrize("fraction", [-0.6, 1.1, math.nan])
async def test_a_gap_that_no_market_makes_is_refused(fraction: float) -> None:
    provider, _ = await generated()
    with pytest.raises(ValueError, match="a gap lies between"):
        provider.gap(fraction)
    await provider.stop()


async def test_in_a_halt_there_are_no_quotes_and_afterwards_the_price_continues() -> None:
    provider, clock = await generated()
    await clock.advance(10)
    before = spot_of(provider)
    provider.halt()
    await clock.advance(300)
    view = view_of(provider)
    assert all(np.isnan(side).all() for side in quotes_of(provider))
    assert view.underlying.quote.last == before
    assert not view.stale
    provider.resume()
    assert spot_of(provider) == before
    assert not np.isnan(quotes_of(provider)[1]).any()
    await clock.advance(5)
    assert spot_of(provider) != before
    await provider.stop()


async def test_when_the_provider_dies_quotes_grow_old_and_come_back_with_it() -> None:
    provider, clock = await generated()
    await clock.advance(5)
    provider.disconnect("the line is cut")
    frozen = spot_of(provider)
    assert (provider.status.state, provider.status.message) == (AgentStatus.Disconnected, "the line is cut")
    await clock.advance(120)
    view = view_of(provider)
    assert view.underlying.quote.last == frozen
    assert view.stale
    provider.reconnect()
    assert provider.status.state is AgentStatus.Connected
    assert not view_of(provider).stale
    back, clock_of_other = await generated()
    await clock_of_other.advance(125)
    assert spot_of(provider) == spot_of(back), "the market moved on in the meantime"
    await provider.stop()
    await back.stop()


async def test_stopping_and_starting_again_begins_the_same_market_again() -> None:
    provider, clock = await generated()
    await clock.advance(3)
    first = spot_of(provider)
    await provider.stop()
    await provider.stop()
    assert provider.status.state is AgentStatus.Disconnected
    await clock.advance(10)
    await provider.start()
    assert spot_of(provider) == 5000.0
    await clock.advance(3)
    assert spot_of(provider) == first
    with pytest.raises(RuntimeError, match="runs already"):
        await provider.start()
    await provider.stop()


async def test_a_failure_inside_becomes_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, clock = await generated()

    def fail(_now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(provider, "_catch_up", fail)
    provider.books["SPX"].pull = None
    await clock.advance(2)
    assert provider.status.state is AgentStatus.Error
    assert "ZeroDivisionError" in provider.status.message
    await provider.stop()


async def test_on_a_running_clock_it_moves_by_itself() -> None:
    clock = ScaledClock(MORNING, speed=200.0)
    provider = SimulatedProvider.generated(clock, calendar=CALENDAR)
    await provider.start()
    async with provider.books["SPX"].changes.subscribe() as changes:
        for _ in range(20):
            await asyncio.wait_for(anext(changes), 60)
            if spot_of(provider) != 5000.0:
                break
    assert spot_of(provider) != 5000.0
    await provider.stop()


@pytest.mark.parametrize("spot", [499.0, -1.0, math.nan])
def test_an_index_too_low_for_its_strikes_is_refused(spot: float) -> None:
    with pytest.raises(ValueError, match="500 or higher"):
        SimulatedProvider.generated(ManualClock(MORNING), spot=spot, calendar=CALENDAR)


def test_a_step_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        SimulatedProvider.generated(ManualClock(MORNING), step=timedelta(0), calendar=CALENDAR)


# From an exchange's chain export.


@pytest.mark.parametrize(
    ("moment", "start"),
    [
        pytest.param(MORNING, MORNING, id="open"),
        pytest.param(datetime(2024, 3, 11, 19, 30, tzinfo=UTC), datetime(2024, 3, 12, 14, 30, tzinfo=UTC), id="late"),
        pytest.param(datetime(2024, 3, 9, 12, 0, tzinfo=UTC), datetime(2024, 3, 11, 14, 30, tzinfo=UTC), id="weekend"),
        pytest.param(datetime(2024, 3, 11, 11, 0, tzinfo=UTC), datetime(2024, 3, 11, 14, 30, tzinfo=UTC), id="early"),
    ],
)
def test_a_demonstration_starts_inside_a_session(moment: datetime, start: datetime) -> None:
    assert default_start(moment, CALENDAR) == start
