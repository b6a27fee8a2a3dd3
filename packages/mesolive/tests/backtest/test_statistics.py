"""Results of a backtest: the figures follow from points and positions by their definitions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.backtest.statistics import drawdowns, max_drawdown, results
from mesolive_testkit.backtest import MONDAY, outcome, point, position

DAY = timedelta(days=1)
CASH = Decimal(1000)


def test_drawdown_has_amount_percent_and_the_days_until_the_recovery() -> None:
    values = [1000, 1200, 900, 1100, 1200, 1150]
    result = max_drawdown([point(MONDAY + DAY * day, value) for day, value in enumerate(values)], CASH)
    assert result is not None
    assert (result.amount, result.percent) == (300, 25)
    assert (result.peak_at, result.trough_at, result.recovered_at) == (MONDAY + DAY, MONDAY + 2 * DAY, MONDAY + 4 * DAY)
    assert result.days == 3


def test_a_drawdown_that_is_not_recovered_lasts_to_the_end() -> None:
    result = max_drawdown([point(MONDAY + DAY * day, value) for day, value in enumerate([1000, 900, 950])], CASH)
    assert result is not None
    assert (result.recovered_at, result.days) == (None, 2)


@given(st.lists(st.one_of(st.none(), st.integers(1, 3000)), min_size=1, max_size=30))
def test_the_largest_drawdown_is_the_deepest_of_all(values: list[int | None]) -> None:
    points = [point(MONDAY + timedelta(hours=place), value) for place, value in enumerate(values)]
    falls = [fall for _, fall in drawdowns(points, CASH)]
    result = max_drawdown(points, CASH)
    assert (Decimal(0) if result is None else -result.amount) == min(falls, default=Decimal(0))


def test_trades_are_closed_positions_and_the_open_ones_are_counted_apart() -> None:
    positions = [
        position(1, MONDAY, MONDAY + DAY, 300),
        position(2, MONDAY, MONDAY + 2 * DAY, -100),
        position(3, MONDAY, MONDAY + 2 * DAY, 100),
        position(4, MONDAY, MONDAY + 2 * DAY, 0),
        position(5, MONDAY + DAY, None, -20, mark=55),
    ]
    result = results(outcome([point(MONDAY, 1000), point(MONDAY + 2 * DAY, 1355)], positions), CASH)
    assert (result.trades, result.won, result.lost, result.still_open) == (4, 2, 1, 1)
    assert result.win_rate == 50
    assert result.profit_factor == 4
    assert (result.average_win, result.average_loss) == (200, -100)
    assert (result.largest_win, result.largest_loss) == (300, -100)
    assert (result.pnl, result.percent) == (355, Decimal("35.5"))
    assert [item.pnl for item in result.positions] == [300, -100, 100, 0, 35]
    assert result.positions[4].days == 1


def test_without_a_loss_there_is_no_profit_factor_and_without_trades_no_win_rate() -> None:
    won = results(outcome([point(MONDAY, 1000)], [position(1, MONDAY, MONDAY + DAY, 5)]), CASH)
    assert (won.profit_factor, won.average_loss) == (None, None)
    nothing = results(outcome([point(MONDAY, 1000)]), CASH)
    assert (nothing.win_rate, nothing.max_drawdown, nothing.trades) == (None, None, 0)


def test_exposure_is_the_part_of_the_sessions_with_a_position() -> None:
    hours = [(0, 0), (1, 1), (3, 1), (4, 0), (24, 1), (26, 1)]
    points = [point(MONDAY + timedelta(hours=hour), 1000, positions=held) for hour, held in hours]
    assert results(outcome(points), CASH).exposure == pytest.approx(Decimal(500) / 6, abs=Decimal("0.01"))


def test_months_add_up_to_the_whole_gain() -> None:
    days = [(0, 1010), (20, 1100), (30, None), (40, 1050), (60, 1200)]
    points = [point(MONDAY + DAY * day, value) for day, value in days]
    result = results(outcome(points, [position(1, MONDAY, MONDAY + 40 * DAY, -50)]), CASH)
    assert [(month.month, month.pnl, month.closed) for month in result.months] == [
        ("2026-01", 100, 0),
        ("2026-02", -50, 1),
        ("2026-03", 150, 0),
    ]
    assert sum(month.pnl for month in result.months) == result.pnl


def test_a_value_that_is_unknown_at_the_end_is_not_guessed() -> None:
    result = results(outcome([point(MONDAY, 1000), point(MONDAY + DAY, None)]), CASH)
    assert (result.end, result.pnl, result.percent) == (None, None, None)
