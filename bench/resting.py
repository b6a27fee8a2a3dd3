"""Resting orders at the simulated venue: the processor time that a minute of a moving market costs with 2,560 of them.

The market moves every second, and each move is a pass over all working orders. They rest far from the market, on 64
combos of four legs, or each on a combo of its own, which is the worst case for grouping them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, product

from bench.report import Absolute, Row
from bench.yardsticks import python_loop
from mesolive.clock import ManualClock
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import Right
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.venues.base import VenueLeg, VenueRequest
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.models import OrderType, TimeInForce

ORDERS = 2_560
COMBOS = 64
MINUTES = 3
NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
ACCOUNT = "SIM1000"


def run() -> Sequence[Row]:
    return asyncio.run(measure())


async def measure() -> list[Row]:
    """Measure a minute of market without orders, with orders on few combos, and with orders on many."""
    loop = [python_loop()]
    idle = await minute_of_market(0, 1)
    grouped = await minute_of_market(ORDERS, COMBOS)
    loop.append(python_loop())
    single = await minute_of_market(ORDERS, ORDERS)
    loop.append(python_loop())
    yardstick = sorted(loop)[1]
    sides = (
        Absolute("2 M loop", yardstick * 1e3, "ms CPU"),
        Absolute("a minute of market, no order", idle.cpu * 1e3, "ms CPU"),
    )
    return [
        Row(
            f"{ORDERS:,} resting orders on {COMBOS} combos, CPU per minute of market : the 2 M loop",
            grouped.cpu / yardstick,
            target=2.0,
            moonshot=0.5,
            absolutes=[*sides, Absolute("with them", grouped.cpu * 1e3, "ms CPU")],
        ),
        Row(
            f"{ORDERS:,} resting orders on as many combos, CPU per minute of market : the 2 M loop",
            single.cpu / yardstick,
            target=2.0,
            moonshot=0.5,
            absolutes=[*sides, Absolute("with them", single.cpu * 1e3, "ms CPU")],
        ),
        Row(
            "the longest that a caller waits while the market moves",
            max(grouped.longest, single.longest) * 1e3,
            unit="ms",
        ),
    ]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a minute of market took: CPU seconds, and the longest time between two turns of the event loop."""

    cpu: float
    longest: float


async def minute_of_market(orders: int, combos: int) -> Cost:
    """Return the cost of a minute of market with so many resting orders, the average of some minutes."""
    clock = ManualClock(NOON)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    await market.start()
    venue = SimulatedVenue(market, clock)
    await venue.start()
    made = list(islice(condors(market.view("SPX")), combos))
    async with venue.session():
        for number in range(orders):
            await venue.submit(resting(f"r{number}", made[number % len(made)]))
        await clock.advance(5)
        assert len(venue.ledger.working) == orders
        longest, stopped = 0.0, asyncio.Event()

        async def caller() -> None:
            nonlocal longest
            while not stopped.is_set():
                before = time.perf_counter()
                await asyncio.sleep(0)
                longest = max(longest, time.perf_counter() - before)

        begun = time.process_time()
        await clock.advance(60 * MINUTES)
        cpu = (time.process_time() - begun) / MINUTES
        waiting = asyncio.create_task(caller())
        await clock.advance(30)
        stopped.set()
        await waiting
        assert len(venue.ledger.working) == orders
    await venue.stop()
    await market.stop()
    return Cost(cpu, longest)


def condors(view: BookView) -> Sequence[tuple[VenueLeg, ...]]:
    """Return iron condors, all different, on the expirations of the coming months."""
    result: list[tuple[VenueLeg, ...]] = []
    spot = view.underlying.quote.mark
    assert spot is not None
    expirations = [item for item in view.expirations if 20 <= (item.day - view.now.date()).days <= 120]
    for expiration, away, width in product(expirations, range(10, 26), range(1, 17)):
        puts = view.slice(expiration.root, expiration.day, Right.PUT)
        calls = view.slice(expiration.root, expiration.day, Right.CALL)
        if puts is None or calls is None:
            continue
        below, above = int(abs(puts.strikes - spot).argmin()) - away, int(abs(calls.strikes - spot).argmin()) + away
        if below < width or above + width >= len(calls.strikes):
            continue
        result.append(
            (
                VenueLeg(name="long_put", contract=puts.contract(below - width), ratio=Decimal(1)),
                VenueLeg(name="short_put", contract=puts.contract(below), ratio=Decimal(-1)),
                VenueLeg(name="short_call", contract=calls.contract(above), ratio=Decimal(-1)),
                VenueLeg(name="long_call", contract=calls.contract(above + width), ratio=Decimal(1)),
            )
        )
        if len(result) >= ORDERS:
            break
    assert len(result) == ORDERS
    return result


def resting(reference: str, legs: tuple[VenueLeg, ...]) -> VenueRequest:
    """Return an order for a credit that the market does not come to."""
    return VenueRequest(
        account=ACCOUNT,
        reference=reference,
        legs=legs,
        qty=Decimal(1),
        order_type=OrderType.Limit,
        time_in_force=TimeInForce.Gtc,
        limit_price=Decimal(-400),
    )
