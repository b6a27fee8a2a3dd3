"""The path of the simulated market: the same whoever looks at it how often, and each close is a move of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mesolive.backtest.runner import StepClock
from mesolive.market.calendar import us_options_calendar
from mesolive.market.providers.simulated.provider import SimulatedProvider

CALENDAR = us_options_calendar()
OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CLOSE = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
NEXT_CLOSE = CLOSE + timedelta(days=1)
STEP = timedelta(seconds=5)


def prices(moments: Sequence[datetime], seed: int = 3) -> dict[datetime, tuple[float, float]]:
    """Return the underlying's price and a sum of bids on options that live on at each moment."""

    async def look() -> dict[datetime, tuple[float, float]]:
        clock = StepClock(OPEN)
        provider = SimulatedProvider.generated(clock, seed=seed, step=STEP, calendar=CALENDAR)
        await provider.start()
        collected: dict[datetime, tuple[float, float]] = {}
        for moment in moments:
            await clock.leap(moment)
            view = provider.books["SPX"].view()
            last = view.underlying.quote.last
            assert last is not None
            collected[moment] = (last, float(provider.books["SPX"].values("bid")[-3000::97].sum()))
        await provider.stop()
        return collected

    return asyncio.run(look())


@pytest.mark.parametrize(("seed", "minutes"), [(1, (1, 10, 77, 389)), (2, range(5, 390, 35)), (5, (388, 389))])
def test_the_market_is_the_same_on_every_grid(seed: int, minutes: Sequence[int]) -> None:
    fixed = [OPEN, OPEN + timedelta(hours=3), CLOSE, OPEN + timedelta(days=1), NEXT_CLOSE]
    further = {OPEN + timedelta(minutes=minute) for minute in minutes}
    sparse, dense = prices(fixed, seed), prices(sorted({*fixed, *further}), seed)
    assert {at: dense[at] for at in fixed} == sparse


@pytest.mark.parametrize("seed", range(2))
def test_the_price_moves_in_the_last_step_before_each_close(seed: int) -> None:
    for close in (CLOSE, NEXT_CLOSE):
        before = close - STEP
        path = prices([OPEN, before, close], seed)
        assert path[before] != path[close]


def test_the_stored_close_is_the_price_at_the_close() -> None:
    async def look() -> tuple[float | None, float | None]:
        clock = StepClock(OPEN)
        provider = SimulatedProvider.generated(clock, seed=3, step=STEP, calendar=CALENDAR)
        await provider.start()
        await clock.leap(CLOSE)
        view = provider.books["SPX"].view()
        day = provider.books["SPX"].history.of_day(CLOSE.date())
        await provider.stop()
        return view.underlying.quote.last, None if day is None else day.close

    last, close = asyncio.run(look())
    assert last == close
