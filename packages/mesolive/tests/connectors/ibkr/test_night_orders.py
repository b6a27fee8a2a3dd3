"""Orders after the stocks' close at the double of TWS: options on futures for 23 hours, on indexes until 16:15."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mesolive.clock import ManualClock
from mesolive.doubles.markets import Markets
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.venues.base import Accepted, Ended, Execution, OrderStatus, VenueFact
from mesolive_testkit.ibkr_bench import IbkrBench
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tws import few_options
from mesolive_testkit.venues.benches import ACCOUNT

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = datetime(2026, 1, 5, 22, 0, tzinfo=NEW_YORK).astimezone(UTC)
AFTER_THE_STOCKS = datetime(2026, 1, 5, 16, 5, tzinfo=NEW_YORK).astimezone(UTC)
IN_THE_BREAK = datetime(2026, 1, 6, 17, 30, tzinfo=NEW_YORK).astimezone(UTC)


async def filled(facts: AsyncIterator[VenueFact]) -> Execution:
    async with asyncio.timeout(60):
        while not isinstance(fact := await anext(facts), Execution):
            pass
    return fact


async def test_options_on_futures_are_traded_at_night_and_their_day_orders_end_with_the_break(tmp_path: Path) -> None:
    clock = JumpingClock(NIGHT)
    markets = Markets.simulated(clock, seed=7, symbols=("ES",), step=timedelta(minutes=15))
    made = Market([markets.provider("ES")])
    bench = IbkrBench(tmp_path, made, clock, "ES", 5, markets=markets, timer=ManualClock(NIGHT))
    await bench.market.start()
    await bench.open()
    try:
        async with bench.venue.session() as facts:
            order, resting = replace(bench.order(), night=True), bench.resting()
            assert isinstance(await bench.venue.submit(order), Accepted)
            execution = await filled(facts)
            assert execution.reference == order.reference
            assert execution.at.astimezone(NEW_YORK).hour == 22
            assert isinstance(await bench.venue.submit(resting), Accepted)
            received = {item.order_ref: item.outside_rth for item in bench.double.gateway.state.orders}
            assert received == {order.reference: True, resting.reference: False}
            await bench.to(datetime(2026, 1, 6, 16, 30, tzinfo=NEW_YORK).astimezone(UTC))
            by_reference = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, NIGHT)}
            assert by_reference[resting.reference] is OrderStatus.WORKING, "half an hour after the stocks' close"
            await bench.to(IN_THE_BREAK)
            by_reference = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, NIGHT)}
            assert by_reference[resting.reference] is OrderStatus.EXPIRED
            answer = await bench.venue.submit(bench.resting())
            assert isinstance(answer, Ended)
            assert "closed" in answer.reason
    finally:
        await bench.close()
        await bench.market.stop()


async def test_index_options_are_traded_until_a_quarter_past_four(tmp_path: Path) -> None:
    clock = JumpingClock(AFTER_THE_STOCKS)
    markets = few_options(clock, ("SPX",), 7, timedelta(minutes=15))
    bench = IbkrBench(
        tmp_path, Market([markets.provider("SPX")]), clock, "SPX", 5, markets=markets, timer=ManualClock(clock.now())
    )
    await bench.market.start()
    await bench.open()
    try:
        async with bench.venue.session() as facts:
            order = bench.order()
            assert isinstance(await bench.venue.submit(order), Accepted)
            assert (await filled(facts)).reference == order.reference
            await bench.to(AFTER_THE_STOCKS + timedelta(minutes=10))
            refused = await bench.venue.submit(bench.order())
            assert isinstance(refused, Ended)
            assert "closed" in refused.reason
            curb = replace(bench.order(), night=True)
            assert isinstance(await bench.venue.submit(curb), Accepted)
            assert (await filled(facts)).reference == curb.reference
    finally:
        await bench.close()
        await bench.market.stop()
