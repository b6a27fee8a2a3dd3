"""The invented year before a simulated market: it leads up to the first prices."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mesolive.market.providers.simulated.history import invent, opening_price
from mesolive_testkit.market import CALENDAR, MORNING

SATURDAY = datetime(2022, 2, 6, 1, 9, tzinfo=UTC)  # the evening of Saturday, 5 February, in New York
AFTER_CLOSE = datetime(2023, 9, 14, 20, 31, tzinfo=UTC)
EARLY = datetime(2024, 3, 11, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "last_day"),
    [
        pytest.param(MORNING, date(2024, 3, 8), id="while a session runs: up to the day before"),
        pytest.param(AFTER_CLOSE, date(2023, 9, 14), id="after the close: today"),
        pytest.param(SATURDAY, date(2022, 2, 4), id="at the weekend: Friday"),
        pytest.param(EARLY, date(2024, 3, 8), id="before the opening: the last session"),
    ],
)
def test_the_last_day_is_the_last_session_that_is_over(moment: datetime, last_day: date) -> None:
    days = invent(7, CALENDAR, moment, spot=4500.0, volatility=0.2).days
    assert days[-1].day == last_day
    assert len(days) in {260, 261}
    assert all(CALENDAR.is_trading_day(day.day) for day in days)


def test_it_ends_in_the_first_prices() -> None:
    after = invent(7, CALENDAR, AFTER_CLOSE, spot=4505.1, volatility=0.11, previous_close=4467.44)
    assert [day.close for day in after.days[-2:]] == [4467.44, 4505.1]
    assert after.days[-1].iv == pytest.approx(0.11)
    running = invent(7, CALENDAR, MORNING, spot=5000.0, volatility=0.11, previous_close=4967.5)
    assert running.days[-1].close == 4967.5


def test_volatility_rank_and_percentile_are_known_from_the_first_moment() -> None:
    history = invent(7, CALENDAR, MORNING, spot=5000.0, volatility=0.15)
    hv = history.historical_volatility(MORNING.date())
    assert hv is not None
    assert 0.05 < hv < 0.45
    rank, percentile = history.iv_rank(0.15, MORNING.date()), history.iv_percentile(0.15, MORNING.date())
    assert rank is not None
    assert percentile is not None
    assert 0.0 < rank < 100.0


def test_the_same_seed_has_the_same_past_and_another_one_another() -> None:
    first, again, other = (invent(seed, CALENDAR, MORNING, spot=5000.0, volatility=0.15) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_running_session_opened_between_yesterdays_close_and_the_price_now() -> None:
    history = invent(7, CALENDAR, MORNING, spot=5000.0, volatility=0.15, previous_close=4950.0)
    assert opening_price(history, 5000.0, MORNING, CALENDAR) == 4980.0
    assert opening_price(history, 5000.0, SATURDAY, CALENDAR) is None
