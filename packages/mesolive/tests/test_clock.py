"""Market time: the wall's, scaled, or moved by hand."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mesolive.clock import ManualClock, ScaledClock, WallClock

START = datetime(2026, 1, 5, 15, tzinfo=UTC)


async def test_a_manual_clock_wakes_sleepers_in_the_order_of_their_moments() -> None:
    clock = ManualClock(START)
    woken: list[tuple[str, datetime]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    tasks = [
        asyncio.create_task(sleeper(name, seconds)) for name, seconds in (("late", 30), ("early", 10), ("never", 99))
    ]
    await asyncio.sleep(0)
    await clock.advance(60)
    assert woken == [("early", START + timedelta(seconds=10)), ("late", START + timedelta(seconds=30))]
    assert clock.now() == START + timedelta(seconds=60)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_task_that_sleeps_again_within_the_span_is_woken_again() -> None:
    clock = ManualClock(START)
    ticks: list[datetime] = []

    async def every_ten_seconds() -> None:
        while True:
            await clock.sleep(10)
            ticks.append(clock.now())

    task = asyncio.create_task(every_ten_seconds())
    await asyncio.sleep(0)
    await clock.advance(35)
    assert ticks == [START + timedelta(seconds=seconds) for seconds in (10, 20, 30)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_sleeper_that_was_cancelled_does_not_stop_the_clock() -> None:
    clock = ManualClock(START)
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await clock.advance(10)
    assert clock.now() == START + timedelta(seconds=10)


def test_a_scaled_clock_runs_as_many_times_faster_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: wall[0])
    clock = ScaledClock(START.astimezone(timezone(timedelta(hours=-5))), speed=60)
    wall[0] += 2.5
    assert clock.now() == START + timedelta(seconds=150)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("make", [ScaledClock, ManualClock])
def test_a_market_time_without_a_zone_is_refused(make: type[ScaledClock | ManualClock]) -> None:
    with pytest.raises(ValueError, match="time zone"):
        make(START.replace(tzinfo=None))


def test_a_clock_that_would_stand_still_or_run_backwards_is_refused() -> None:
    for speed in (0, -1):
        with pytest.raises(ValueError, match="speed"):
            ScaledClock(START, speed)


def test_the_wall_clock_gives_utc() -> None:
    assert abs(WallClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
