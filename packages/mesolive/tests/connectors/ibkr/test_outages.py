"""Outages over TWS' midnight: executions of that time are never listed, and nothing is concluded from their lack."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.connectors.ibkr.venue import JOURNAL_FILE
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.market.calendar import settlement_instant
from mesolive.records import replace
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    OrderStatus,
    Settled,
    VenueOrder,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive_sdk.models import TimeInForce
from mesolive_testkit.ibkr_bench import IbkrBench, opened, received, until
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
NEXT_DAY = datetime(2026, 1, 6, 16, 0, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START) as made:
        yield made


async def listed(bench: IbkrBench, order: VenueRequest) -> VenueOrder:
    (result,) = [item for item in await bench.venue.orders(ACCOUNT, START) if item.reference == order.reference]
    return result


def problems(bench: IbkrBench) -> str:
    return "\n".join(bench.venue.problems)


async def fill_in_an_outage(bench: IbkrBench, order: VenueRequest) -> None:
    """Let an order work, lose the connection, fill it, and come back on the next day."""
    bench.double.faults.switch_on("no_fills")
    async with bench.venue.session():
        assert isinstance(await bench.venue.submit(order), Accepted)
    bench.session.disconnect()
    bench.double.faults.switch_off("no_fills")
    for _ in range(4):
        await bench.tick()
    assert bench.double.truth.of("execution")
    await bench.to(NEXT_DAY)
    await bench.session.connect()


async def test_an_order_whose_answer_was_lost_before_midnight_is_not_called_never_arrived(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("order_then_cut", times=1)
    order = bench.order(2)
    async with bench.venue.session():
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(order)
    for _ in range(2):
        await bench.tick()
    assert bench.double.truth.of("execution")
    await bench.to(NEXT_DAY)
    await bench.session.connect()
    async with bench.venue.session():
        await until(bench, lambda: order.reference in problems(bench), timer=True)
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT
        assert bench.venue.order_is_open(order.reference)
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(order)
    assert received(bench, order.reference) == 1


async def test_an_order_that_never_arrived_is_judged_where_no_midnight_lies_between(bench: IbkrBench) -> None:
    bench.double.faults.switch_on("order_lost_in_socket", times=1)
    order = bench.resting()
    async with bench.venue.session():
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(order)
    await bench.session.connect()
    async with bench.venue.session():
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT
        await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
        assert (await listed(bench, order)).status is OrderStatus.REJECTED
        assert bench.venue.problems == []


async def test_a_day_order_that_may_have_filled_in_an_outage_over_midnight_is_in_doubt(bench: IbkrBench) -> None:
    order = bench.order(2)
    await fill_in_an_outage(bench, order)
    async with bench.venue.session():
        await until(bench, lambda: order.reference in problems(bench), timer=True)
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT
        await bench.to(NEXT_DAY + timedelta(days=1, hours=1))
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT
        assert order.reference in problems(bench), "it is a problem for as long as nobody has decided"


async def test_the_owner_ends_an_order_in_doubt_by_cancelling_it(bench: IbkrBench) -> None:
    order = bench.order(2)
    await fill_in_an_outage(bench, order)
    async with bench.venue.session():
        await until(bench, lambda: order.reference in problems(bench), timer=True)
        answer = await bench.venue.cancel(ACCOUNT, order.reference, None)
        assert isinstance(answer, Ended)
        assert answer.how is Ending.CANCELLED
        assert order.reference not in problems(bench)
        assert (await listed(bench, order)).status is OrderStatus.CANCELLED


async def test_an_order_in_doubt_is_still_in_doubt_after_a_restart(bench: IbkrBench) -> None:
    order = bench.order(2)
    await fill_in_an_outage(bench, order)
    async with bench.venue.session():
        await until(bench, lambda: order.reference in problems(bench), timer=True)
    await bench.restart()
    async with bench.venue.session():
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT
        await until(bench, lambda: order.reference in problems(bench), timer=True)


async def test_a_stop_of_the_server_over_midnight_is_an_outage_too(bench: IbkrBench) -> None:
    order = bench.order(2)
    bench.double.faults.switch_on("no_fills")
    async with bench.venue.session():
        await bench.venue.submit(order)
    await bench.close_venue()
    bench.double.faults.switch_off("no_fills")
    for _ in range(4):
        await bench.tick()
    await bench.to(NEXT_DAY)
    await bench.open_venue()
    async with bench.venue.session():
        await until(bench, lambda: order.reference in problems(bench), timer=True)
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT


async def test_a_day_order_that_expired_before_the_outage_is_expired(bench: IbkrBench) -> None:
    order = bench.resting()
    async with bench.venue.session():
        await bench.venue.submit(order)
        await bench.to(datetime(2026, 1, 5, 21, 30, tzinfo=UTC))
        await bench.look_twice()  # reads the executions, and none of the lists of orders
    bench.session.disconnect()
    await bench.to(NEXT_DAY)
    await bench.session.connect()
    async with bench.venue.session():
        await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
        assert (await listed(bench, order)).status is OrderStatus.EXPIRED
        assert bench.venue.problems == []


async def test_an_order_that_works_on_after_an_outage_over_midnight_is_not_in_doubt(bench: IbkrBench) -> None:
    order = bench.order(2, Decimal(-90), time_in_force=TimeInForce.Gtc)
    async with bench.venue.session():
        await bench.venue.submit(order)
    bench.session.disconnect()
    await bench.to(NEXT_DAY)
    await bench.session.connect()
    async with bench.venue.session():
        assert (await listed(bench, order)).status is OrderStatus.WORKING
        answer = await bench.venue.cancel(ACCOUNT, order.reference, None)
        await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
        assert not isinstance(answer, CancelDenied)
        assert (await listed(bench, order)).status is OrderStatus.CANCELLED
        assert bench.venue.problems == []


async def test_an_exit_that_fills_in_an_outage_over_midnight_is_not_a_settlement(bench: IbkrBench) -> None:
    (leg,) = bench.expiring("SPXW")
    settles_at = settlement_instant(leg.contract.root, leg.contract.day)
    async with bench.venue.session():
        await bench.venue.submit(bench.order(1, legs=(leg,)))
        await bench.tick()
        await bench.look_twice()
        assert await bench.venue.positions(ACCOUNT) == {leg.contract: 1}
    await bench.to(settles_at - timedelta(hours=2))
    exit_order = bench.order(1, legs=(replace(leg, ratio=Decimal(-1)),))
    bench.double.faults.switch_on("no_fills")
    async with bench.venue.session():
        await bench.look_twice()
        assert isinstance(await bench.venue.submit(exit_order), Accepted)
    bench.session.disconnect()
    bench.double.faults.switch_off("no_fills")
    for _ in range(4):
        await bench.tick()
    await bench.to(settles_at + timedelta(days=1))
    await bench.session.connect()
    async with bench.venue.session():
        await bench.look_twice()
        await until(bench, lambda: exit_order.reference in problems(bench), timer=True)
        assert await bench.venue.settlements(ACCOUNT, START) == []
        assert (await listed(bench, exit_order)).status is OrderStatus.IN_DOUBT
        assert str(leg.contract) in problems(bench)


async def test_what_expired_before_an_outage_over_midnight_is_settled_after_it(bench: IbkrBench) -> None:
    (leg,) = bench.expiring("SPXW")
    settles_at = settlement_instant(leg.contract.root, leg.contract.day)
    async with bench.venue.session():
        await bench.venue.submit(bench.order(1, legs=(leg,)))
        await bench.tick()
        await bench.look_twice()
        await bench.to(settles_at + timedelta(minutes=30))
        await bench.look_twice()  # the executions are known until after the close
    bench.session.disconnect()
    await bench.to(settles_at + timedelta(days=1))
    await bench.session.connect()
    async with bench.venue.session():
        await bench.look_twice()
        (fact,) = await bench.venue.settlements(ACCOUNT, START)
        assert isinstance(fact, Settled)
        assert fact.contract == leg.contract
        assert bench.venue.problems == []


async def test_a_journal_without_stored_gaps_is_judged_by_its_oldest_open_order(
    bench: IbkrBench, tmp_path: Path
) -> None:
    order = bench.order(2)
    bench.double.faults.switch_on("no_fills")
    async with bench.venue.session():
        await bench.venue.submit(order)
    await bench.close_venue()
    bench.double.faults.switch_off("no_fills")
    for _ in range(4):
        await bench.tick()
    path = tmp_path / JOURNAL_FILE
    lines = [line for line in path.read_bytes().splitlines(keepends=True) if b'"Covered"' not in line]
    path.write_bytes(b"".join(lines))
    await bench.to(NEXT_DAY)
    await bench.open_venue()
    async with bench.venue.session():
        await until(bench, lambda: order.reference in problems(bench), timer=True)
        assert (await listed(bench, order)).status is OrderStatus.IN_DOUBT


async def test_an_order_of_an_account_that_the_login_lacks_is_not_judged(bench: IbkrBench) -> None:
    order = bench.order(2, Decimal(-90), time_in_force=TimeInForce.Gtc)
    async with bench.venue.session():
        assert isinstance(await bench.venue.submit(order), Accepted)
    bench.session.disconnect()
    settings = DoubleSettings(accounts=("DU7777777",), messages_per_second=0)
    other = TwsDouble(bench.markets, bench.clock, settings, timer=bench.timer)
    await other.start()
    try:
        bench.session._port = other.port
        await bench.session.connect()
        async with bench.venue.session():
            for _ in range(4):
                await bench.timer.advance(61)
                await bench.session.current_time()
            assert bench.venue.order_is_open(order.reference)
            for call in (bench.venue.orders, bench.venue.executions, bench.venue.settlements):
                with pytest.raises(VenueUnreachableError, match="without account"):
                    await call(ACCOUNT, START)
            with pytest.raises(VenueUnreachableError, match="without account"):
                await bench.venue.positions(ACCOUNT)
            with pytest.raises(VenueUnreachableError, match="without account"):
                await bench.venue.cancel(ACCOUNT, order.reference, None)
    finally:
        bench.session.disconnect()
        await other.stop()


async def test_an_order_of_ours_that_the_journal_has_lost_can_be_cancelled(bench: IbkrBench, tmp_path: Path) -> None:
    order, by_hand = bench.resting(), bench.resting()
    async with bench.venue.session():
        await bench.venue.submit(order)
    await bench.close_venue()
    (tmp_path / JOURNAL_FILE).unlink()
    await bench.open_venue()
    async with bench.venue.session():
        assert (await listed(bench, order)).status is OrderStatus.WORKING
        unknown = await bench.venue.cancel(ACCOUNT, by_hand.reference, None)
        assert isinstance(unknown, CancelDenied)
        assert unknown.unknown
        assert await bench.venue.cancel(ACCOUNT, order.reference, None) is None
        assert (await listed(bench, order)).status is OrderStatus.CANCELLED
