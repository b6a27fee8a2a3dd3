"""Matching at the simulated venue: which orders are filled, in which order, and what a pass over many of them costs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.contracts import Right
from mesolive.venues.base import Ended, Ending, Execution, OrderStatus, VenueLeg, VenueRequest
from mesolive.venues.combo_quotes import quote_combo
from mesolive.venues.simulated import matching
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.fill_model import fill_price, fill_quantity
from mesolive.venues.simulated.stepped import SteppedVenue
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_testkit.signals import MONDAY, ScriptedMarket

ACCOUNT = "SIM1"
STRIKES = (4700, 4800, 4900)
MANY = 2_560


def put(scripted: ScriptedMarket, strike: int, ratio: int) -> VenueLeg:
    """Return a leg of the first expiration's puts."""
    first = scripted.book.listing.expirations[0]
    puts = scripted.market.view("SPX").slice(first.root, first.day, Right.PUT)
    assert puts is not None
    place = puts.index_of(Decimal(strike))
    assert place is not None
    return VenueLeg(name=f"put {strike} {ratio}", contract=puts.contract(place), ratio=Decimal(ratio))


def order(
    reference: str,
    legs: Sequence[VenueLeg],
    *,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
    qty: int = 1,
    time_in_force: TimeInForce = TimeInForce.Day,
) -> VenueRequest:
    """Return an order; its type follows from the prices that it has."""
    kind = {
        (False, False): OrderType.Market,
        (True, False): OrderType.Limit,
        (False, True): OrderType.Stop,
        (True, True): OrderType.StopLimit,
    }[(limit is not None, stop is not None)]
    return VenueRequest(
        account=ACCOUNT,
        reference=reference,
        legs=tuple(legs),
        qty=Decimal(qty),
        order_type=kind,
        time_in_force=time_in_force,
        limit_price=limit,
        stop_price=stop,
    )


def quote(scripted: ScriptedMarket, leg: VenueLeg, bid: float, ask: float) -> None:
    """Quote one contract."""
    index = scripted.book.listing.find(leg.contract)
    assert index is not None
    scripted.book.update(scripted.clock.now(), index, {"bid": bid, "ask": ask})


cents = st.integers(1, 300).map(lambda number: number / 100)
nickels = st.integers(-60, 60).map(lambda number: Decimal(number) / 20)
quotes = st.tuples(cents, cents).map(lambda pair: (pair[0], round(pair[0] + pair[1], 2)))
orders = st.tuples(
    st.lists(st.tuples(st.sampled_from(STRIKES), st.sampled_from([-2, -1, 1, 3])), min_size=1, max_size=3),
    st.none() | nickels,
    st.none() | nickels,
    st.integers(1, 4),
)


@settings(max_examples=40, deadline=None)
@given(
    made=st.lists(orders, min_size=1, max_size=12),
    rounds=st.lists(st.tuples(quotes, quotes, st.none() | quotes), min_size=1, max_size=3),
    slippage=st.sampled_from(["0", "0.3", "0.5", "1"]),
)
async def test_a_pass_fills_exactly_the_orders_that_a_look_at_each_of_them_would_fill(
    made: list[tuple[list[tuple[int, int]], Decimal | None, Decimal | None, int]],
    rounds: list[tuple[tuple[float, float], tuple[float, float], tuple[float, float] | None]],
    slippage: str,
) -> None:
    scripted = ScriptedMarket()
    terms = SimulatedVenueConfig(slippage=Decimal(slippage), displayed=Decimal(2))
    venue = SteppedVenue(scripted.market, scripted.clock, terms=terms)
    await venue.start()
    requests = [
        order(f"r{number}", [put(scripted, strike, ratio) for strike, ratio in legs], limit=limit, stop=stop, qty=qty)
        for number, (legs, limit, stop, qty) in enumerate(made)
    ]
    async with venue.session():
        for request in requests:
            await venue.submit(request)
    remaining = {
        request.reference: request.qty
        for request in requests
        if venue.ledger.orders[request.reference].status is OrderStatus.WORKING
    }
    triggered: set[str] = set()
    for round_quotes in rounds:
        for strike, prices in zip(STRIKES, round_quotes, strict=True):
            bid, ask = prices or (float("nan"), float("nan"))
            quote(scripted, put(scripted, strike, 1), bid, ask)
        expected: list[tuple[str, Decimal, Decimal]] = []
        for request in requests:
            market = quote_combo(scripted.market, request.legs)
            if market is None or not remaining.get(request.reference):
                continue
            if request.stop_price is not None and request.reference not in triggered:
                if market.middle < request.stop_price:
                    continue
                triggered.add(request.reference)
            price = fill_price(request.legs, market, terms.slippage).combo
            if request.limit_price is not None and price > request.limit_price:
                continue
            qty = fill_quantity(remaining[request.reference], market, terms.displayed)
            remaining[request.reference] -= qty
            expected.append((request.reference, qty, price))
        before = len(venue.ledger.executions)
        venue.work()
        assert [filled(execution) for execution in venue.ledger.executions[before:]] == expected


def filled(execution: Execution) -> tuple[str | None, Decimal, Decimal]:
    """Return the order, the quantity and the combo price of a fill."""
    price = sum((leg.qty / execution.qty * leg.price for leg in execution.legs), Decimal(0))
    return execution.reference, execution.qty, price


async def test_orders_with_different_legs_are_filled_in_the_order_in_which_they_were_placed() -> None:
    scripted = ScriptedMarket()
    venue = SteppedVenue(scripted.market, scripted.clock)
    await venue.start()
    legs = [put(scripted, strike, 1) for strike in STRIKES]
    async with venue.session():
        for number in range(9):
            await venue.submit(order(f"r{number}", [legs[number % 3]], limit=Decimal("0.50")))
        await venue.cancel(ACCOUNT, "r4", None)
        await venue.submit(order("r9", [legs[1]], limit=Decimal("0.50")))
    for leg in legs:
        quote(scripted, leg, 0.3, 0.4)
    venue.work()
    references = [execution.reference for execution in venue.ledger.executions]
    assert references == ["r0", "r1", "r2", "r3", "r5", "r6", "r7", "r8", "r9"]


async def test_an_order_ends_with_its_session_whether_the_market_has_a_quote_for_it_or_not(tmp_path: Path) -> None:
    scripted = ScriptedMarket()
    venue = SteppedVenue(scripted.market, scripted.clock, tmp_path / "venue.jsonl")
    await venue.start()
    leg = put(scripted, 4800, 1)
    async with venue.session():
        await venue.submit(order("day", [leg], limit=Decimal("0.05")))
        await venue.submit(order("rests", [leg], limit=Decimal("0.05"), time_in_force=TimeInForce.Gtc))
    scripted.blank(leg.contract.root, leg.contract.day)
    close = MONDAY.replace(hour=20)
    await scripted.clock.jump(close, lambda: None)
    venue.work()
    assert venue.ledger.orders["day"].status is OrderStatus.EXPIRED
    assert venue.ledger.orders["rests"].status is OrderStatus.WORKING
    await venue.stop()


async def test_many_resting_orders_are_passed_over_without_a_look_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = ScriptedMarket()
    venue = SteppedVenue(scripted.market, scripted.clock)
    await venue.start()
    legs = [put(scripted, strike, 1) for strike in STRIKES]
    async with venue.session():
        for number in range(MANY):
            await venue.submit(order(f"r{number}", [legs[number % 3]], limit=Decimal("0.05")))
    for leg in legs:
        quote(scripted, leg, 5.0, 5.2)
    quoted: list[object] = []

    def count(*arguments: object) -> object:
        quoted.append(arguments)
        return quote_combo(*arguments)  # pyright: ignore[reportArgumentType]  # passed on as they came

    monkeypatch.setattr(matching, "quote_combo", count)
    venue.work()
    assert (quoted, len(venue.ledger.working)) == ([], MANY)
    quote(scripted, legs[0], 0.01, 0.03)
    venue.work()
    assert len(quoted) == 1, "the orders of one group share one quote"
    assert len(venue.ledger.working) == MANY - len(range(0, MANY, 3))


async def test_a_burst_of_fills_lets_other_tasks_run_in_between() -> None:
    scripted = ScriptedMarket()
    venue = SimulatedVenue(scripted.market, scripted.clock)
    await scripted.market.start()
    await venue.start()
    leg = put(scripted, 4800, 1)
    quote(scripted, leg, 5.0, 5.2)
    async with venue.session() as reports:
        for number in range(MANY // 10):
            await venue.submit(order(f"r{number}", [leg], limit=Decimal("0.50")))
        await first_looks()
        quote(scripted, leg, 0.3, 0.4)
        async with asyncio.timeout(30):
            seen = await first_fills(venue, MANY // 10)
        in_between = {count for count in seen if 0 < count < MANY // 10}
        assert len(in_between) >= MANY // 10 // matching.MAX_ORDERS_PER_TURN - 1
        first = await anext(reports)
        assert isinstance(first, Execution)
    await venue.stop()
    await scripted.market.stop()


async def first_looks() -> None:
    """Let the venue look at what was just placed: it does so after its answer."""
    for _ in range(8):
        await asyncio.sleep(0)


async def first_fills(venue: SimulatedVenue, number: int) -> list[int]:
    """Let the venue work until it has made so many fills; return how many there were at each turn of the loop."""
    seen = [len(venue.ledger.executions)]
    while seen[-1] < number:
        await asyncio.sleep(0)
        seen.append(len(venue.ledger.executions))
    return seen


async def test_an_order_that_is_cancelled_during_a_pass_is_not_filled_by_it() -> None:
    scripted = ScriptedMarket()
    venue = SimulatedVenue(scripted.market, scripted.clock)
    await scripted.market.start()
    await venue.start()
    leg = put(scripted, 4800, 1)
    quote(scripted, leg, 5.0, 5.2)
    number = 3 * matching.MAX_ORDERS_PER_TURN
    async with venue.session():
        for place in range(number):
            await venue.submit(order(f"r{place}", [leg], limit=Decimal("0.50")))
        await first_looks()
        quote(scripted, leg, 0.3, 0.4)
        async with asyncio.timeout(30):
            await first_fills(venue, 1)
            answer = await venue.cancel(ACCOUNT, f"r{number - 1}", None)
            assert isinstance(answer, Ended)
            assert answer.how is Ending.CANCELLED
            await first_fills(venue, number - 1)
    await venue.stop()
    assert venue.ledger.orders[f"r{number - 1}"].filled == 0
    await scripted.market.stop()
