"""Overload: values come less often, never later and later, and the operator is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.operations.vitals import Vitals, report, warnings
from mesolive.streams.conflation import MAX_WIDENING, ConflationWindow
from mesolive_testkit.streams import CALL, follow, position_args, running, settled, strangle


class Processor:
    """A processor of which each turn of the engine takes `cost` seconds."""

    def __init__(self) -> None:
        self.cost = 0.0
        self._spent = 0.0
        self._begins = False

    def __call__(self) -> float:
        self._begins = not self._begins
        if not self._begins:
            self._spent += self.cost
        return self._spent


async def test_the_window_widens_until_half_of_it_is_free_and_narrows_when_the_load_is_gone() -> None:
    processor = Processor()
    async with running(strangle(), processor_time=processor) as live:
        follower = await follow(live.streams.position(live.user, position_args()))
        price = 50.0

        async def items_of(seconds: float) -> int:
            nonlocal price
            before = len(follower.items)
            for _ in range(round(seconds / 0.05)):
                price += 1.0
                live.quote(CALL, price, price + 1.0)
                await settled()
                await live.window(0.05)
            return len(follower.items) - before

        processor.cost = 0.1
        await items_of(2.0)
        assert live.streams.engine.window.seconds == pytest.approx(0.2)
        assert await items_of(4.0) == 20
        processor.cost = 0.0
        await items_of(4.0)
        assert live.streams.engine.window.seconds == pytest.approx(0.1)
        assert await items_of(2.0) == 20


def test_one_slow_window_is_no_overload() -> None:
    window = ConflationWindow(0.1)
    for busy in (0.01, 5.0, 0.01, 0.3, 0.02):
        window.account(busy)
        assert not window.widened


@given(st.lists(st.floats(0.0, 1e6)))
def test_the_window_is_never_shorter_than_configured_nor_longer_than_ten_times_that(costs: list[float]) -> None:
    window = ConflationWindow(0.1)
    for cost in costs:
        window.account(cost)
        assert 0.1 <= window.seconds <= MAX_WIDENING * 0.1


def test_health_says_when_the_window_has_widened() -> None:
    well, overloaded = Vitals(stream_window=(0.1, 0.1)), Vitals(stream_window=(0.1, 0.35))
    assert not warnings(well)
    (warning,) = warnings(overloaded)
    assert "every 350 ms in place of 100 ms" in warning
    assert report(overloaded, datetime(2026, 1, 5, tzinfo=UTC))["streams"] == {"window_seconds": 0.35}
