"""The clock of a replay: any speed, pauses, and sleepers that notice."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta

import pytest

from mesolive.market.providers.recorded.clock import ReplayClock
from mesolive_testkit.market import MORNING


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_time_runs_at_the_set_speed_and_stops_while_paused() -> None:
    wall = Wall()
    clock = ReplayClock(MORNING, 60.0, wall)
    wall.seconds += 2.0
    assert clock.now() == MORNING + timedelta(minutes=2)
    clock.pause()
    wall.seconds += 500.0
    assert clock.paused
    assert clock.now() == MORNING + timedelta(minutes=2)
    clock.resume()
    clock.set_speed(1.0)
    wall.seconds += 3.0
    assert clock.now() == MORNING + timedelta(minutes=2, seconds=3)
    assert clock.speed == 1.0


async def test_a_sleeper_wakes_when_its_market_time_has_come() -> None:
    clock = ReplayClock(MORNING, 1000.0)
    await asyncio.wait_for(clock.sleep(5.0), 60)
    assert clock.now() >= MORNING + timedelta(seconds=5)


async def test_a_sleeper_sleeps_through_a_pause_and_notices_a_new_speed() -> None:
    wall = Wall()
    clock = ReplayClock(MORNING, 0.001, wall)
    sleeper = asyncio.ensure_future(clock.sleep(60.0))
    await asyncio.sleep(0)
    clock.pause()
    wall.seconds += 1e6
    for _ in range(5):
        await asyncio.sleep(0)
    assert not sleeper.done()
    clock.resume()
    clock.set_speed(1000.0)
    wall.seconds += 0.059
    for _ in range(5):
        await asyncio.sleep(0)
    assert not sleeper.done()
    wall.seconds += 0.002
    clock.set_speed(1000.0)
    await asyncio.wait_for(sleeper, 60)


async def test_no_time_to_sleep_yields_once() -> None:
    clock = ReplayClock(MORNING)
    clock.pause()
    await asyncio.wait_for(clock.sleep(0.0), 60)
    await asyncio.wait_for(clock.sleep(-3.0), 60)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, math.inf])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be greater than 0"):
        ReplayClock(MORNING, speed)
    with pytest.raises(ValueError, match="speed must be greater than 0"):
        ReplayClock(MORNING).set_speed(speed)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ReplayClock(datetime(2024, 3, 11))  # noqa: DTZ001 - just this is tested
