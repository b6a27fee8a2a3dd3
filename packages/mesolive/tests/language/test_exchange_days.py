"""Decision 15: days are exchange-local dates with the local time of day: a change of the clocks moves nothing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.language import evaluate_exit
from mesolive_testkit.language.market import PlainCalendar, at, generated
from mesolive_testkit.language.strategies import (
    ACCOUNT,
    contract,
    definition,
    open_leg,
    position,
    scope,
    seeded,
    strategy,
)
from mesolive_testkit.language.strategies import value as value_of

SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
"""The Sundays on which New York changes its clocks."""


def days(opened: datetime, now: datetime) -> tuple[object, object, object]:
    view = generated(days=(("SPXW", 30),), now=now, calendar=PlainCalendar())
    of = position(open_leg("a", contract(view, 4400.0), -1, price=10.0, opened_at=opened), opened_at=opened)
    within = scope(view, of)
    return value_of("days_in_trade", within), value_of("timing.days_in_trade", within), value_of("leg_a_dit", within)


@pytest.mark.parametrize("sunday", [SPRING, AUTUMN, date(2026, 6, 7)])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_the_same_local_time_some_days_later_is_that_many_whole_days(sunday: date, count: int) -> None:
    friday = sunday - timedelta(days=2)
    opened, now = at(friday, time(10, 5)), at(friday + timedelta(days=count), time(10, 5))
    assert days(opened, now) == (float(count),) * 3


@given(
    day=st.dates(date(2020, 1, 1), date(2029, 1, 1)),
    opened=st.times(time(3), time(23)),
    looked=st.times(time(3), time(23)),
    later=st.integers(1, 400),
)
def test_days_are_whole_dates_and_the_difference_of_the_times_of_day(
    day: date, opened: time, looked: time, later: int
) -> None:
    start, end = at(day, opened), at(day + timedelta(days=later), looked)
    result = value_of("days_in_trade", scope(generated(now=end), position(opened_at=start)))
    seconds = [
        clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6 for clock in (opened, looked)
    ]
    assert result == pytest.approx(later + (seconds[1] - seconds[0]) / 86_400, abs=1e-9)


@pytest.mark.parametrize("sunday", [SPRING, AUTUMN])
@pytest.mark.parametrize(("clock", "closed"), [(time(10, 4, 30), False), (time(10, 5, 30), True)])
def test_max_days_in_trade_is_reached_at_the_minute_of_the_entry_over_a_change_of_the_clocks(
    sunday: date, clock: time, closed: bool
) -> None:
    opened, now = at(sunday - timedelta(days=2), time(10, 5, 20)), at(sunday + timedelta(days=1), clock)
    view = generated(days=(("SPXW", 30),), now=now)
    of = position(
        open_leg("a", contract(view, 4400.0), -1, price=10.0, opened_at=opened),
        opened_at=opened,
        variables={"max_days_in_trade": Decimal(3)},
    )
    raw = definition(Exit={"Schedule": {"AfterMarketOpenMinutes": 35, "Every": "day"}, "MaxDaysInTrade": 3})
    rule = evaluate_exit(strategy(raw), view, ACCOUNT, of, random=seeded(1)).max_days_in_trade
    assert rule is not None
    assert rule.result is closed
