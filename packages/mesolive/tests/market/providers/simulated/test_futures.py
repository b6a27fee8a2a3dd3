"""The simulated market of options on futures: what it lists, and what its quotes imply."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.market.option_classes import option_class, roots_of
from mesolive.market.providers.simulated.futures_listing import expirations, future_expiry
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.sources import SourceError, SourceRequest, open_source
from mesolive_testkit.market import CALENDAR

TUESDAY = datetime(2024, 3, 12, 15, 0, tzinfo=UTC)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["ES", "MES"]), st.dates(date(2015, 1, 1), date(2035, 1, 1)))
def test_every_listed_expiration_is_of_a_class_of_the_table_on_its_own_day(symbol: str, day: date) -> None:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    listed = expirations(symbol, moment, CALENDAR)
    assert len({(item.root, item.day) for item in listed}) == len(listed)
    assert len({item.day for item in listed if item.root not in {symbol, "EYC"}}) == sum(
        item.root not in {symbol, "EYC"} for item in listed
    ), "one European expiration a day"
    for item in listed:
        terms = option_class(item.root)
        assert item.root in roots_of(symbol)
        assert (item.style, item.settlement, item.multiplier) == (terms.style, terms.settlement, terms.multiplier)
        assert CALENDAR.is_trading_day(item.day)
        if item.root[-1] in "ABCD" and item.root[1].isdigit():
            assert item.day.weekday() == "ABCD".index(item.root[-1])
            assert (item.day.day - 1) // 7 + 1 == int(item.root[1])
        assert future_expiry(item.settles_at, CALENDAR) >= item.settles_at
    assert sum(item.style is ExerciseStyle.AMERICAN for item in listed) == 5


async def test_each_expiration_is_priced_on_its_own_future_and_all_share_the_rate() -> None:
    clock = ManualClock(TUESDAY)
    provider = SimulatedProvider.futures(clock, "ES", seed=3)
    await provider.start()
    try:
        view = provider.books["ES"].view()
        front = view.underlying.quote.mark
        assert front is not None
        for expiration in view.expirations:
            quarters = round((future_expiry(expiration.settles_at, CALENDAR) - TUESDAY) / timedelta(days=91.3) - 0.03)
            forward = view.forward(expiration)
            assert forward is not None
            assert forward == pytest.approx(front * np.exp(0.031 * 0.2493 * quarters), rel=0.0015), expiration
            years = (expiration.settles_at - TUESDAY) / timedelta(days=365)
            if years > 0.1:
                assert -np.log(view.discount(expiration)) / years == pytest.approx(0.045, abs=0.004), expiration
            puts, calls = (view.slice(expiration.root, expiration.day, right) for right in (Right.PUT, Right.CALL))
            assert puts is not None
            assert calls is not None
            near = int(np.argmin(np.abs(calls.strikes - forward)))
            assert puts.iv[near] == pytest.approx(calls.iv[near], abs=0.02)
    finally:
        await provider.stop()


async def test_quotes_are_on_the_tick_of_the_exchange() -> None:
    provider = SimulatedProvider.futures(ManualClock(TUESDAY), "MES")
    await provider.start()
    try:
        for side in ("bid", "ask"):
            price = provider.books["MES"].view().columns.values[side]
            step = np.where(price <= 5.0, 0.05, 0.25)
            assert np.allclose(price / step, np.round(price / step), atol=1e-6)
    finally:
        await provider.stop()


def test_the_generated_market_of_a_future_is_a_source_and_other_symbols_are_refused_by_name() -> None:
    source = open_source("simulated", SourceRequest(start=TUESDAY, symbol="MES"))
    assert list(source.provider.books) == ["MES"]
    with pytest.raises(SourceError, match=r"expected one of the symbols SPX, ES, MES, got 'CL'"):
        open_source("simulated", SourceRequest(symbol="CL"))
