"""The underlying's implied volatility: the put closest to the money, closest to thirty days."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest

from mesolive.market.atm_volatility import implied_at_the_money
from mesolive.market.contracts import Right
from mesolive_testkit.market import MORNING, expiration, flat_chain

NEAR = expiration("SPXW", date(2024, 3, 22))  # 11 days
EARLIER = expiration("SPXW", date(2024, 4, 9))  # 29 days
LATER = expiration("SPXW", date(2024, 4, 11))  # 31 days


def test_it_is_that_of_the_put_at_the_money_in_the_expiration_nearest_thirty_days() -> None:
    chain = flat_chain([NEAR, LATER])
    view = chain.book.view()
    puts = view.slice("SPXW", LATER.day, Right.PUT)
    assert puts is not None
    at = puts.index_of(Decimal(5000))
    assert at is not None
    assert implied_at_the_money(view, 5004.0) == puts.iv[at]
    assert view.underlying.iv == puts.iv[at]


def test_the_earlier_of_two_equally_near_expirations_counts() -> None:
    view = flat_chain([LATER, EARLIER]).book.view()
    puts = view.slice("SPXW", EARLIER.day, Right.PUT)
    assert puts is not None
    at = puts.index_of(Decimal(5000))
    assert at is not None
    assert implied_at_the_money(view, 5000.0) == puts.iv[at]


@pytest.mark.parametrize(
    ("bid", "ask"),
    [
        pytest.param(150.0, 153.0, id="far off its neighbours"),
        pytest.param(60.0, 140.0, id="too wide"),
        pytest.param(math.nan, math.nan, id="empty"),
        pytest.param(120.0, 110.0, id="crossed"),
    ],
)
def test_an_outlier_or_an_illiquid_quote_makes_way_for_the_next_strike(bid: float, ask: float) -> None:
    chain = flat_chain([LATER])
    chain.book.update(MORNING, chain.index("SPXW", LATER.day, Right.PUT, 5000), {"bid": bid, "ask": ask})
    assert implied_at_the_money(chain.book.view(), 5000.0) == pytest.approx(0.2, abs=0.002)


def test_an_expiration_without_sound_puts_makes_way_for_the_next() -> None:
    chain = flat_chain([NEAR, LATER])
    start = chain.index("SPXW", LATER.day, Right.PUT, 4500)
    chain.book.update(MORNING, slice(start, start + 41), {"bid": 0.0})
    view = chain.book.view()
    puts = view.slice("SPXW", NEAR.day, Right.PUT)
    assert puts is not None
    at = puts.index_of(Decimal(5000))
    assert at is not None
    assert implied_at_the_money(view, 5000.0) == puts.iv[at]


def test_without_any_sound_put_there_is_no_value() -> None:
    chain = flat_chain([NEAR, LATER])
    chain.book.update(MORNING, slice(None), {"ask": math.nan})
    assert implied_at_the_money(chain.book.view(), 5000.0) is None
    assert chain.book.view().underlying.iv is None


async def test_the_days_volatility_is_noted_in_session_every_half_hour_and_before_the_close_every_five_minutes() -> (
    None
):
    chain = flat_chain()
    book, clock, today = chain.book, chain.clock, MORNING.date()
    put = chain.index("SPX", date(2024, 4, 19), Right.PUT, 5000)

    async def noted_after(seconds: float, bid: float) -> float | None:
        """Let time pass, with another volatility from its end on, and return the one that is noted."""
        await clock.advance(seconds)
        book.update(clock.now(), put, {"bid": bid})
        book.note_volatility(clock.now())
        return book.history.days[-1].iv

    first = await noted_after(0, 100.0)
    assert (book.history.days[-1].day, book.history.days[-1].close) == (today, None)
    assert first == pytest.approx(book.view().underlying.iv, rel=1e-12)
    assert await noted_after(1799, 99.0) == first
    assert await noted_after(301, 98.0) != first, "the half hour is over"
    session = book.calendar.session(today)
    assert session is not None
    left = (session[1] - clock.now()).total_seconds()
    last = await noted_after(left - 1800, 97.0)
    assert await noted_after(299, 96.0) == last
    assert await noted_after(1, 95.0) != last
    noted = book.history
    await noted_after(8 * 3600, 94.0)
    assert book.history is noted, "the session is over"


def test_rank_and_percentile_are_those_of_the_history() -> None:
    chain = flat_chain()
    iv = chain.book.view().underlying.iv
    assert iv is not None
    history = chain.book.history
    for age in range(1, 41):
        history = history.record(
            MORNING.date() - timedelta(days=age), close=5000.0 + age % 2, iv=iv - 0.005 + age * 0.001
        )
    chain.book.history = history
    state = chain.book.view().underlying
    assert state.hv == history.historical_volatility(MORNING.date())
    assert state.iv_rank == pytest.approx(400.0 / 39.0)
    assert state.iv_percentile == pytest.approx(10.0)
