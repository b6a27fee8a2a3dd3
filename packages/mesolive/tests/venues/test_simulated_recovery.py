"""The simulated venue goes on filling after prices that are not prices, and after a failure of one of its tasks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from mesolive.market.contracts import Right
from mesolive.venues.base import Execution, VenueFact, VenueLeg, VenueRequest
from mesolive.venues.simulated.ledger import Filled, Record
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_testkit.signals import ScriptedMarket


class Bench:
    def __init__(self, directory: Path) -> None:
        self.scripted = ScriptedMarket()
        self.venue = SimulatedVenue(self.scripted.market, self.scripted.clock, directory / "venue.jsonl")

    def put(self, strike: int) -> int:
        listing = self.scripted.book.listing
        first = listing.expirations[0]
        return next(
            index
            for index in range(len(listing.strikes))
            if (contract := listing.contract(index)).strike == strike
            and contract.right is Right.PUT
            and (contract.root, contract.day) == (first.root, first.day)
        )

    def order(self, strike: int, limit: str) -> VenueRequest:
        contract = self.scripted.book.listing.contract(self.put(strike))
        return VenueRequest(
            account="SIM1",
            reference=str(uuid4()),
            legs=(VenueLeg(name="put", contract=contract, ratio=Decimal(1)),),
            qty=Decimal(1),
            order_type=OrderType.Limit,
            time_in_force=TimeInForce.Day,
            limit_price=Decimal(limit),
        )

    def quote(self, strike: int, bid: float, ask: float) -> None:
        self.scripted.book.update(self.scripted.clock.now(), self.put(strike), {"bid": bid, "ask": ask})


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    bench = Bench(tmp_path)
    await bench.scripted.market.start()
    await bench.venue.start()
    yield bench
    await bench.venue.stop()
    await bench.scripted.market.stop()


async def fill(facts: AsyncIterator[VenueFact]) -> Execution:
    async with asyncio.timeout(30):
        async for fact in facts:
            if isinstance(fact, Execution):
                return fact
    raise AssertionError("the session ended")


@pytest.mark.parametrize("wrong", [(5.0, math.inf), (-math.inf, 5.0), (math.inf, math.inf), (math.nan, 5.0)])
async def test_a_resting_order_is_filled_after_a_moment_with_an_infinite_quote(
    bench: Bench, wrong: tuple[float, float]
) -> None:
    bench.quote(4900, 5.0, 5.2)
    order = bench.order(4900, "1.00")
    async with bench.venue.session() as facts:
        await bench.venue.submit(order)
        with capture_logs() as logs:
            bench.quote(4900, *wrong)
            await asyncio.sleep(0)
            bench.quote(4900, 0.5, 0.7)
            execution = await fill(facts)
    assert execution.reference == order.reference
    assert all(state.failures == 0 for state in bench.venue.tasks.states())
    assert [line for line in logs if line["log_level"] == "error"] == []


async def test_an_order_that_cannot_be_looked_at_keeps_no_other_from_being_filled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.quote(4900, 5.0, 5.2)
    bench.quote(4800, 5.0, 5.2)
    broken, sound = bench.order(4900, "1.00"), bench.order(4800, "1.00")
    async with bench.venue.session() as facts:
        await bench.venue.submit(broken)
        await bench.venue.submit(sound)
        record = bench.venue.ledger.record

        def fail(entry: Record) -> None:
            if isinstance(entry, Filled) and entry.execution.reference == broken.reference:
                raise OverflowError
            record(entry)

        monkeypatch.setattr(bench.venue.ledger, "record", fail)
        with capture_logs() as logs:
            bench.quote(4900, 0.5, 0.7)
            bench.quote(4800, 0.5, 0.7)
            execution = await fill(facts)
            await asyncio.sleep(0)
    assert execution.reference == sound.reference
    assert {line["task"] for line in logs if line["event"] == "task_failed"} == {"simulated venue"}
