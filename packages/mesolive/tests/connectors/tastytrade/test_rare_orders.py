"""Rare orders at tastytrade: edited by hand, twice there, cancelled in doubt, at the market, under another clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from mesolive.clock import ManualClock
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.records import replace
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    VenueFact,
    VenueUnreachableError,
)
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk.models import OrderType
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.bench import MORNING, QUICK_TIMES, at_the_broker, at_the_double
from mesolive_testkit.tastytrade.broker import NOW, ORDERS, FakeBroker, Traded, spread, trading
from mesolive_testkit.tastytrade.rest import body_of
from mesolive_testkit.tastytrade.samples import ACCOUNT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream, until
from mesolive_testkit.venues import benches

SINCE = NOW - timedelta(hours=1)
F = TypeVar("F", bound=VenueFact)


async def next_of(facts: AsyncIterator[VenueFact], kind: type[F]) -> F:
    async with asyncio.timeout(60):
        while True:
            fact = await anext(facts)
            if isinstance(fact, kind):
                return fact


def number_of(answer: object) -> int:
    assert isinstance(answer, Accepted)
    return int(answer.venue_id)


def sent(rig: Traded) -> dict[str, Any]:
    return body_of([item for item in rig.broker.rest.requests if item.method == "POST"][-1])


class TestByHand:
    @pytest.mark.parametrize("new_first", [False, True])
    async def test_a_price_changed_in_the_brokers_application_is_reported_and_its_fills_are_by_hand(
        self, *, new_first: bool
    ) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            old = number_of(await rig.venue.submit(spread()))
            body = {"legs": rig.broker.orders[old]["legs"], "price": "1.20", "price-effect": "Credit"}
            new = rig.broker.make(body, replaces_order_id=old)
            if new_first:
                await rig.broker.set(new, "Live")
            await rig.broker.set(old, "Cancelled", edited=True, replacing_order_id=new)
            ended = await next_of(facts, Ended)
            assert (ended.reference, ended.how) == ("ref-1", Ending.REPLACED)
            await rig.broker.fill(new)
            filled = await next_of(facts, Execution)
            assert (filled.reference, filled.venue_id) == (None, str(new))
            await until(lambda: f"replaced by hand with order {new}" in rig.venue.status.message)

    async def test_two_orders_under_one_reference_are_an_alarm(self) -> None:
        async with trading() as rig, rig.venue.session():
            first = number_of(await rig.venue.submit(spread()))
            second = rig.broker.make(sent(rig))
            await rig.broker.set(second, "Live")
            await until(lambda: f"ref-1 is at the broker as orders {first}, {second}" in rig.venue.status.message)


class TestCancels:
    async def test_a_cancel_whose_answer_is_lost_is_what_the_order_says(self) -> None:
        async with trading() as rig, rig.venue.session():
            number = number_of(await rig.venue.submit(spread()))

            def lost(request: httpx.Request) -> httpx.Response:
                rig.broker._cancel(number, request)
                raise httpx.ReadTimeout("the answer was lost")

            rig.broker.rest.on("DELETE", f"{ORDERS}/{number}", lost)
            answer = await rig.venue.cancel(ACCOUNT, "ref-1", None)
            assert isinstance(answer, Ended)
            assert answer.how is Ending.CANCELLED

    async def test_a_cancel_that_never_arrived_is_not_known_and_may_be_asked_again(self) -> None:
        async with trading() as rig, rig.venue.session():
            number = number_of(await rig.venue.submit(spread()))

            def lost(_request: httpx.Request) -> httpx.Response:
                raise httpx.ReadTimeout("lost on the way")

            rig.broker.rest.on("DELETE", f"{ORDERS}/{number}", lost)
            with pytest.raises(VenueUnreachableError):
                await rig.venue.cancel(ACCOUNT, "ref-1", None)
            (listed,) = await rig.venue.orders(ACCOUNT, SINCE)
            assert listed.status is OrderStatus.WORKING
            rig.broker.rest.on("DELETE", f"{ORDERS}/{number}", partial(rig.broker._cancel, number))
            assert isinstance(await rig.venue.cancel(ACCOUNT, "ref-1", None), Ended)

    async def test_a_cancel_that_the_broker_takes_and_never_does_leaves_the_order_working(self, tmp_path: Path) -> None:
        async with at_the_double(tmp_path, MORNING) as bench, bench.venue.session():
            order = bench.resting()
            await bench.venue.submit(order)
            bench.double.faults.switch_on("cancel_unheard", times=1)
            bench.take_times(replace(QUICK_TIMES, settle=0.1))
            assert await bench.venue.cancel(benches.ACCOUNT, order.reference, None) is None
            (listed,) = await bench.venue.orders(benches.ACCOUNT, MORNING)
            assert listed.status is OrderStatus.WORKING
            again = await bench.venue.cancel(benches.ACCOUNT, order.reference, None)
            assert isinstance(again, CancelDenied)  # the broker refuses a second one while the first is asked for
            assert not again.unknown


@pytest.mark.parametrize("status", ["Removed", "Partially Removed", "Canceled"])
async def test_an_order_that_the_broker_removes_is_cancelled(status: str) -> None:
    async with trading() as rig, rig.venue.session() as facts:
        await rig.broker.set(number_of(await rig.venue.submit(spread())), status, terminal_at=NOW.isoformat())
        assert (await next_of(facts, Ended)).how is Ending.CANCELLED


@pytest.mark.parametrize(("natural", "price", "effect"), [("-1.02", "0.90", "Credit"), ("1.02", "1.15", "Debit")])
async def test_a_combo_at_the_market_is_a_limit_two_ticks_beyond_the_far_side(
    natural: str, price: str, effect: str
) -> None:
    async with trading() as rig, rig.venue.session():
        quote = ComboQuote({}, Decimal(natural), Decimal(natural), Decimal(natural), Decimal(2), None)

        def quoted(_legs: object) -> ComboQuote:
            return quote

        rig.venue.core.quote = quoted
        await rig.venue.submit(replace(spread(), order_type=OrderType.Market, limit_price=None))
        body = sent(rig)
        assert (body["order-type"], body["price"], body["price-effect"]) == ("Limit", price, effect)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_clock_that_differs_from_the_brokers_loses_no_order_and_no_fill(tmp_path: Path, minutes: int) -> None:
    begin = MORNING + timedelta(minutes=30)
    ours = ManualClock(begin + timedelta(minutes=minutes))
    async with at_the_double(tmp_path, begin, venue_clock=ours) as bench, bench.venue.session() as facts:
        order = bench.order(1)
        bench.double.faults.switch_on("answer_lost", operation="submit", times=1)
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(order)
        assert (await next_of(facts, Accepted)).reference == order.reference
        await bench.tick()
        filled = await next_of(facts, Execution)
        assert filled.reference == order.reference
        assert at_the_broker(bench, order) == 1
        listed = await bench.venue.executions(benches.ACCOUNT, MORNING)
        assert [item.execution_id for item in listed] == [filled.execution_id]


async def test_an_order_that_the_broker_ends_after_a_part_was_filled_ends_behind_its_fill() -> None:
    async with trading() as rig, rig.venue.session() as facts:
        number = number_of(await rig.venue.submit(spread(3)))
        rig.broker.rest.on("GET", f"/accounts/{ACCOUNT}/transactions", samples.items())
        await rig.broker.fill(number, status="Rejected")
        await until(lambda: rig.venue.core.book.of(ACCOUNT)[0].order.has_ended)
        answer = await rig.venue.submit(spread(3))
        assert isinstance(answer, Accepted), "its fill waits for its fees, and a group that has ended may be sent again"
        rig.take_times(commission=0.0)
        found: list[VenueFact] = []
        async with asyncio.timeout(60):
            while not (found and isinstance(found[-1], Ended)):
                found.append(await anext(facts))
    assert [type(fact) for fact in found if not isinstance(fact, Accepted)] == [Execution, Ended]


@pytest.mark.parametrize("restarts", [False, True])
async def test_the_cancel_of_an_order_that_arrives_late_is_asked_for_until_it_is_done(
    tmp_path: Path, *, restarts: bool
) -> None:
    number, broker, file = 1003, FakeBroker(lose_answers=1, hidden={1003}), tmp_path / "orders.jsonl"

    def lost(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("lost on the way")

    async with trading(broker, journal=OrderJournal(file)) as rig:
        async with rig.venue.session() as facts:
            with pytest.raises(VenueUnreachableError):
                await rig.venue.submit(spread())
            rig.take_times(quarantine=0.0)
            with pytest.raises(VenueUnreachableError):
                await next_of(facts, Ended)
        async with rig.venue.session() as facts:
            await next_of(facts, Ended)
            broker.hidden = set()
            broker.rest.on("DELETE", f"{ORDERS}/{number}", lost)
            await broker.set(number, "Live")
            await until(lambda: broker.rest.count("DELETE") >= 3)
            if not restarts:
                broker.rest.on("DELETE", f"{ORDERS}/{number}", partial(broker._cancel, number))
                await until(lambda: broker.orders[number]["status"] == "Cancelled")
                return
    broker.stream = FakeAccountStream()
    broker.rest.on("DELETE", f"{ORDERS}/{number}", partial(broker._cancel, number))
    async with trading(broker, journal=OrderJournal(file)) as rig, rig.venue.session():
        await until(lambda: broker.orders[number]["status"] == "Cancelled")
        assert "counted as lost" in rig.venue.status.message
