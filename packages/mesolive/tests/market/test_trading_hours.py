"""Trading hours: sessions of the day, of the night, and of short days."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.calendar import NEW_YORK
from mesolive.market.trading_hours import TradingHours, trading_hours, trading_hours_of_class
from mesolive_sdk.contract_specs import contract_specs
from mesolive_testkit.market import CALENDAR

THANKSGIVING = date(2024, 11, 28)
SYMBOLS = ["SPX", "VIX", "NDX", "SPY", "AAPL", "ES", "MES"]
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2023, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes)
)


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("root", "moment", "open_"),
    [
        ("SPXW", "2024-03-11 20:15", True),  # Monday evening, the session of Tuesday
        ("SPXW", "2024-03-12 09:24", True),
        ("SPXW", "2024-03-12 09:27", False),
        ("SPX", "2024-03-12 16:30", True),
        ("SPX", "2024-03-12 17:00", False),
        ("VIX", "2024-03-10 20:15", True),  # Sunday
        ("VIX", "2024-03-08 21:00", False),  # Friday night
        ("NDXP", "2024-03-12 16:14", True),
        ("NDXP", "2024-03-12 20:30", False),
        ("SPY", "2024-03-12 16:14", True),
        ("AAPL", "2024-03-12 16:01", False),
        ("E2B", "2024-03-12 03:00", True),
        ("E2B", "2024-03-12 17:30", False),
        ("E2B", "2024-03-12 18:00", True),
        ("ES", "2024-03-10 17:59", False),
        ("ES", "2024-03-10 18:00", True),
        ("MES", "2024-03-08 17:00", False),
        ("SPXW", "2024-11-29 13:14", True),  # the short day after Thanksgiving
        ("SPXW", "2024-11-29 13:20", False),
        ("EW", "2024-11-29 13:20", False),
        ("ES", "2024-11-28 10:00", False),
    ],
)
def test_a_class_trades_in_the_sessions_of_its_exchange(root: str, moment: str, open_: bool) -> None:
    assert trading_hours_of_class(root).is_open(new_york(moment)) is open_


@pytest.mark.parametrize(
    ("symbol", "moment", "orders", "decisions"),
    [
        ("SPX", "2024-03-12 09:30", True, True),
        ("SPX", "2024-03-12 16:00", True, False),  # nobody calculates the index any more
        ("SPX", "2024-03-12 16:15", False, False),  # the curb session
        ("SPX", "2024-03-12 21:00", False, False),  # global trading hours
        ("VIX", "2024-03-12 03:00", False, False),
        ("SPY", "2024-03-12 16:14", True, False),
        ("AAPL", "2024-03-12 16:00", False, False),
        ("ES", "2024-03-12 16:59", True, True),
        ("ES", "2024-03-12 17:00", False, False),
        ("ES", "2024-03-12 18:00", True, True),
        ("MES", "2024-03-08 18:00", False, False),  # Friday evening
        ("ES", "2024-03-10 18:00", True, True),  # Sunday evening
        ("ES", "2024-11-28 10:00", False, False),  # Thanksgiving
        ("ES", "2024-11-29 13:15", False, False),  # the short day after it
    ],
)
def test_orders_are_taken_and_strategies_evaluated_in_sessions_of_their_own(
    symbol: str, moment: str, *, orders: bool, decisions: bool
) -> None:
    hours, at = trading_hours(symbol), new_york(moment)
    assert (hours.takes_orders(at), hours.decides(at)) == (orders, decisions)


@pytest.mark.parametrize(
    ("symbol", "moment", "used"),
    [
        ("SPX", "2024-03-10 20:14", False),
        ("SPX", "2024-03-10 20:15", True),  # Sunday evening
        ("XSP", "2024-03-12 09:24", True),
        ("XSP", "2024-03-12 09:27", False),  # between the sessions
        ("VIX", "2024-03-12 16:59", True),  # the curb session
        ("VIX", "2024-03-12 17:00", False),
        ("SPX", "2024-03-08 20:15", False),  # Friday evening
        ("SPX", "2024-11-28 22:00", True),  # the session of the short day after Thanksgiving
        ("SPX", "2024-11-29 13:15", False),  # no curb session on a short day
        ("NDX", "2024-03-12 03:00", False),
        ("SPY", "2024-03-12 16:30", False),
    ],
)
def test_an_account_with_night_sessions_decides_and_orders_in_all_sessions_of_the_class(
    symbol: str, moment: str, *, used: bool
) -> None:
    hours, at = trading_hours(symbol), new_york(moment)
    assert (hours.takes_orders(at, night=True), hours.decides(at, night=True)) == (used, used)
    assert not hours.takes_orders(at)


@given(st.sampled_from(SYMBOLS), MOMENTS)
def test_night_sessions_add_to_the_regular_one_and_are_sessions_of_the_class(symbol: str, moment: datetime) -> None:
    hours = trading_hours(symbol)
    assert hours.takes_orders(moment, night=True) is hours.is_open(moment)
    assert hours.decides(moment, night=True) is hours.is_open(moment)
    opening, close = hours.next_decision_session(moment, night=True)
    assert hours.decides(moment, night=True) is (opening <= moment < close)
    if hours.is_open(moment):
        assert CALENDAR.session(hours.trading_day(moment)) is not None


@given(st.sampled_from(SYMBOLS), MOMENTS)
def test_orders_and_decisions_need_an_open_market_and_the_stocks_session_has_both(
    symbol: str, moment: datetime
) -> None:
    hours = trading_hours(symbol)
    for allowed in (hours.takes_orders(moment), hours.decides(moment)):
        assert hours.is_open(moment) or not allowed
    if CALENDAR.is_open(moment):
        assert hours.takes_orders(moment)
        assert hours.decides(moment)
    opening, close = hours.next_order_session(moment)
    assert hours.takes_orders(moment) is (opening <= moment < close)
    assert hours.takes_orders(opening)
    assert not hours.takes_orders(close)


@given(st.sampled_from(SYMBOLS), MOMENTS)
def test_a_market_around_the_clock_takes_orders_always_and_decides_as_others_do(symbol: str, moment: datetime) -> None:
    always = TradingHours(CALENDAR, contract_specs().hours[contract_specs().underlying(symbol).hours], always=True)
    assert always.takes_orders(moment)
    assert always.decides(moment) is trading_hours(symbol).decides(moment)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
def test_sessions_are_those_of_new_york_whatever_the_zone_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        hours = TradingHours(CALENDAR, contract_specs().hours["globex"])
        session = (new_york("2024-03-11 18:00"), new_york("2024-03-12 17:00"))
        assert list(hours.order_sessions(date(2024, 3, 12))) == [session]
        assert hours.takes_orders(datetime.fromisoformat("2024-03-12T07:00:00+09:00"))
        assert not hours.decides(datetime.fromisoformat("2024-03-12T06:59:00+09:00"))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_without_a_table_the_hours_are_the_calendars() -> None:
    hours = TradingHours(CALENDAR)
    session = CALENDAR.session(date(2024, 3, 12))
    assert session is not None
    assert list(hours.sessions(date(2024, 3, 12))) == [session]
    assert not hours.sessions(THANKSGIVING)


def test_a_day_order_of_the_evening_ends_with_the_next_trading_day() -> None:
    hours = trading_hours("ES")
    assert hours.day_ends_at(new_york("2024-03-11 19:00")) == new_york("2024-03-12 17:00")
    assert hours.day_ends_at(new_york("2024-03-12 10:00")) == new_york("2024-03-12 17:00")
    assert hours.day_ends_at(new_york("2024-03-08 18:00")) == new_york("2024-03-11 17:00")


@given(st.sampled_from(SYMBOLS), MOMENTS)
def test_hours_change_at_the_next_change_and_not_before(symbol: str, moment: datetime) -> None:
    hours = trading_hours(symbol)
    change = hours.next_change(moment)
    assert change > moment
    before = hours.is_open(moment)
    assert hours.is_open(moment + (change - moment) / 2) is before
    assert hours.is_open(change - timedelta(microseconds=1)) is before
    assert change <= hours.day_ends_at(moment) or not before


@given(symbol=st.sampled_from(SYMBOLS), asked=st.lists(st.tuples(MOMENTS, st.booleans()), min_size=2, max_size=8))
def test_whether_orders_are_taken_does_not_depend_on_what_was_asked_before(
    symbol: str, asked: list[tuple[datetime, bool]]
) -> None:
    specs = contract_specs()
    spec = specs.hours[specs.underlying(symbol).hours]
    kept = TradingHours(CALENDAR, spec)
    for moment, night in asked:
        for near in (moment, moment + timedelta(minutes=30)):
            fresh = TradingHours(CALENDAR, spec)
            assert kept.takes_orders(near, night=night) == fresh.takes_orders(near, night=night)
