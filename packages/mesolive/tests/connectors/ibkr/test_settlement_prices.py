"""Settlement prices at the double of TWS: the close of an index when it is final, and IB's own close afterwards."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.connectors.ibkr.settlement_prices import note_close, settled_at
from mesolive.doubles.tws.ticks import CLOSE
from mesolive.market.calendar import NEW_YORK, settlement_instant, us_options_calendar
from mesolive.market.contracts import OptionContract, Right
from mesolive.venues.base import Settled
from mesolive_testkit.ibkr_bench import opened
from mesolive_testkit.ibkr_rig import TwsWorld
from mesolive_testkit.venues.benches import ACCOUNT

DAY = datetime(2024, 3, 14, 15, 59, tzinfo=NEW_YORK)
NEXT_DAY = date(2024, 3, 15)
PUT = OptionContract("SPX", "SPXW", DAY.date(), Right.PUT, Decimal(5000))


async def test_an_index_closes_at_its_last_value_a_quarter_of_an_hour_after_the_session() -> None:
    world = TwsWorld(start=DAY + timedelta(minutes=15, seconds=45))
    await world.open()
    try:
        await world.provider.start()
        book, calendar = world.provider.books["SPX"], us_options_calendar()
        at = settlement_instant("SPXW", PUT.day)
        ticks = world.provider._sources["SPX"].line.ticks
        note_close(book, ticks, at - timedelta(seconds=1), at, is_index=True)
        await world.clock.advance(5)
        assert settled_at(book, calendar, PUT, at) is None
        await world.clock.advance(15)
        last = world.markets.view("SPX").underlying.quote.mark
        assert last is not None
        assert settled_at(book, calendar, PUT, at) == Decimal(str(round(last, 6)))
    finally:
        await world.provider.stop()
        await world.close()


async def test_the_close_that_ib_states_corrects_it_once_the_next_session_has_begun() -> None:
    world = TwsWorld(start=DAY)
    await world.open()
    try:
        await world.provider.start()
        book, line = world.provider.books["SPX"], world.provider._sources["SPX"].line
        book.history = book.history.record(DAY.date(), close=5150.0)
        assert line.ticks is not None
        line.ticks.tick_price(CLOSE, 5151.25, 0)
        line.flush(DAY + timedelta(hours=9))  # after midnight it is the close of the day before still
        assert book.history.previous_close(NEXT_DAY) == 5150.0
        line.ticks.tick_price(CLOSE, 5151.25, 0)
        line.flush(DAY.replace(day=15, hour=9, minute=30))
        assert book.history.previous_close(NEXT_DAY) == 5151.25
    finally:
        await world.provider.stop()
        await world.close()


@pytest.mark.parametrize("root", ["SPXW", "SPX"])
async def test_a_settlement_at_another_price_than_ibs_later_close_and_one_of_the_am_are_problems(
    root: str, tmp_path: Path
) -> None:
    start = datetime(2026, 1, 15 if root == "SPX" else 5, 15, 58, tzinfo=NEW_YORK)
    async with opened(tmp_path, start) as bench:
        (leg,) = bench.expiring(root)
        settles_at = settlement_instant(root, leg.contract.day)
        async with bench.venue.session():
            await bench.venue.submit(bench.order(1, legs=(leg,)))
            await bench.tick()
            await bench.look_twice()
            await bench.settled(settles_at)
            (fact,) = await bench.venue.settlements(ACCOUNT, start)
            assert isinstance(fact, Settled)
            assert fact.price > 0
            reported = "\n".join(bench.venue.problems)
            assert ("computed from the opening" in reported) is (root == "SPX")
            book = bench.markets.book("SPX")
            book.history = book.history.record(leg.contract.day, close=1000.0, opening=1000.0)
            await bench.look_twice()
        assert "later close" in "\n".join(bench.venue.problems)
