"""The time in which a simulated price moves, and what options are worth for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.providers.simulated.provider import Hours, SimulatedProvider
from mesolive.market.providers.simulated.random_walk import RandomWalk, WalkParameters
from mesolive.market.providers.simulated.variance_time import moving_days, passed
from mesolive.market.service import Market
from mesolive_testkit.market.chains import CALENDAR

MONDAY = date(2026, 1, 5)
MORNING = datetime(2026, 1, 5, 15, 5, tzinfo=UTC)
CLOSE = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (datetime(2026, 1, 5, 14, 29, tzinfo=UTC), 0.0),
        (datetime(2026, 1, 5, 14, 30, tzinfo=UTC), 0.25),
        (datetime(2026, 1, 5, 17, 45, tzinfo=UTC), 0.625),
        (datetime(2026, 1, 5, 21, 0, tzinfo=UTC), 1.0),
        (datetime(2026, 1, 5, 23, 0, tzinfo=UTC), 1.0),
        (datetime(2026, 1, 9, 21, 0, tzinfo=UTC), 5.0),
        (datetime(2026, 1, 11, 12, 0, tzinfo=UTC), 5.0),
        (datetime(2026, 1, 12, 14, 30, tzinfo=UTC), 5.25),
        (datetime(2026, 1, 2, 21, 0, tzinfo=UTC), 0.0),
    ],
    ids=["before", "opening", "noon", "close", "evening", "Friday", "Sunday", "next Monday", "days before"],
)
def test_a_price_moves_in_sessions_and_at_their_openings(moment: datetime, days: float) -> None:
    assert moving_days(CALENDAR, MONDAY, [moment]) == [pytest.approx(days)]


def test_an_early_close_leaves_out_what_would_have_come() -> None:
    close, next_close = datetime(2025, 11, 28, 18, tzinfo=UTC), datetime(2025, 12, 1, 21, tzinfo=UTC)
    short = 0.25 + 0.75 * 3.5 / 6.5
    assert moving_days(CALENDAR, date(2025, 11, 28), [close, next_close]) == pytest.approx([short, short + 1.0])


@given(st.lists(st.integers(0, 60 * 24 * 40), min_size=2, max_size=5))
def test_elapsed_variance_never_decreases(minutes: list[int]) -> None:
    moments = [MORNING + timedelta(minutes=minute) for minute in sorted(minutes)]
    result = moving_days(CALENDAR, MONDAY, moments)
    assert result == sorted(result)
    later = CALENDAR.local(moments[0]).date()
    again = moving_days(CALENDAR, later, moments)
    assert [day - again[0] for day in again] == pytest.approx([item - result[0] for item in result])
    assert again[0] == pytest.approx(passed(CALENDAR, moments[0]))


async def straddle(provider: SimulatedProvider, day: date) -> float:
    """Return the mark of the straddle at the money, and its strike's distance from the index is nothing."""
    market = Market([provider])
    await market.start()
    view = market.view("SPX")
    result = 0.0
    for right in (Right.CALL, Right.PUT):
        at = view.find(OptionContract("SPX", "SPXW", day, right, Decimal(5000)))
        assert at is not None
        chain, index = at
        result += float(chain.mark[index])
    await market.stop()
    return result


async def test_an_option_of_today_is_worth_what_the_index_will_move() -> None:
    """The straddle at the money costs the average move until the close, over many walks."""
    price = await straddle(SimulatedProvider.generated(ManualClock(MORNING), seed=1), MONDAY)
    steps = int((CLOSE - MORNING) / timedelta(seconds=300))
    moves: list[float] = []
    for seed in range(600):
        walk = RandomWalk(seed, WalkParameters())
        walk.advance(steps, 300 * 0.75 / (6.5 * 3600) / 252)
        moves.append(abs(walk.factor - 1.0) * 5000)
    assert price == pytest.approx(float(np.mean(moves)), rel=0.1)


async def test_around_the_clock_the_calendar_counts() -> None:
    sessions = await straddle(SimulatedProvider.generated(ManualClock(MORNING), seed=1), MONDAY)
    clock = ManualClock(MORNING)
    always = await straddle(SimulatedProvider.generated(clock, seed=1, hours=Hours.ALWAYS), MONDAY)
    assert always == pytest.approx(sessions / 2, rel=0.05)
