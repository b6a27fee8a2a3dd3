"""Bad days at IB: an order that is refused after a part was filled, TWS that dies in a replacement, odd positions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.connectors.ibkr.tws_messages import Contract, PositionRow
from mesolive.doubles.tws.records import OrderStatus as TwsStatus
from mesolive.venues.base import Accepted, Ended, Ending, Execution, OrderStatus, VenueFact, VenueUnreachableError
from mesolive_testkit.ibkr_bench import IbkrBench, opened, until
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START) as made:
        yield made


def kept(bench: IbkrBench, facts: AsyncIterator[VenueFact]) -> list[VenueFact]:
    """Return a list that every fact is appended to as it comes."""
    found: list[VenueFact] = []

    async def follow() -> None:
        async for fact in facts:
            found.append(fact)  # noqa: PERF401 - read while more come

    bench.venue.tasks.spawn("facts of a test", follow(), expected=VenueUnreachableError)
    return found


async def test_an_order_that_ib_rejects_after_a_part_was_filled_ends_behind_its_fill(bench: IbkrBench) -> None:
    faults = bench.double.faults
    faults.switch_on("partial_fills", quantity=1, times=1)
    faults.switch_on("commission_never")
    order = bench.order(3)
    async with bench.venue.session() as facts:
        found = kept(bench, facts)
        assert isinstance(await bench.venue.submit(order), Accepted)
        (placed,) = bench.double.state.orders
        assert placed.filled == 1
        bench.double.life.end(placed, TwsStatus.INACTIVE, "Rejected by System")
        bench.double.reports.status(placed)
        bench.double.reports.error(placed, 201, reason="margin")
        for _ in range(20):  # the lists are read while the fill waits for its commissions
            await bench.session.current_time()
        await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
        await until(bench, lambda: any(isinstance(fact, Execution) for fact in found), timer=True)
        (listed,) = await bench.venue.orders(ACCOUNT, START)
    kinds = [type(fact) for fact in found]
    assert kinds.index(Execution) < kinds.index(Ended), "a group whose order has ended may be sent again"
    (ended,) = [fact for fact in found if isinstance(fact, Ended)]
    assert (ended.how, listed.status, listed.filled) == (Ending.REJECTED, OrderStatus.REJECTED, 1)


@pytest.mark.parametrize("arrived", [True, False], ids=["the modification arrived", "the modification was lost"])
async def test_tws_that_dies_in_a_replacement_while_a_part_fills_leaves_no_fill_twice_and_none_over(
    bench: IbkrBench, *, arrived: bool
) -> None:
    order, better = bench.order(3, Decimal(-90)), bench.order(3, Decimal(90))
    bench.double.faults.switch_on("partial_fills", quantity=1)
    async with bench.venue.session():
        assert isinstance(await bench.venue.submit(order), Accepted)
        (placed,) = bench.double.state.orders
        if arrived:
            bench.double.faults.switch_on("no_fills")
            bench.double.faults.switch_on("lost_messages", message="openOrder")
            bench.double.faults.switch_on("lost_messages", message="orderStatus")
        else:
            bench.double.faults.switch_on("half_open")
        asked = asyncio.ensure_future(bench.venue.replace(order.reference, Decimal(0), better))
        if arrived:
            await until(bench, lambda: placed.limit_price == Decimal(90))
        bench.double.cut_all()
        with contextlib.suppress(VenueUnreachableError):
            await asked
    for fault in ("no_fills", "lost_messages", "half_open"):
        bench.double.faults.switch_off(fault)
    placed.limit_price = Decimal(90)
    for _ in range(3):
        await bench.tick()
    await bench.session.connect()
    async with bench.venue.session():
        await until(
            bench,
            lambda: not (bench.venue.order_is_open(order.reference) or bench.venue.order_is_open(better.reference)),
            timer=True,
        )
        reported = await bench.venue.executions(ACCOUNT, START)
        listed = {one.reference: one for one in await bench.venue.orders(ACCOUNT, START)}
        held = await bench.venue.positions(ACCOUNT)
    assert sum(fill.qty for fill in reported) == placed.filled == 3
    assert len({fill.execution_id for fill in reported}) == len(reported)
    assert sum(one.filled for one in listed.values()) == 3
    assert {leg.contract: leg.ratio * 3 for leg in order.legs} == held
    assert not bench.venue.problems


async def test_an_option_of_another_country_is_left_out_and_stops_nothing_else(
    bench: IbkrBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = bench.session.positions
    abroad = Contract(con_id=4711, symbol="DAX", sec_type="OPT", local_symbol="P ODAX 20261218 24000 M")

    async def with_one_more() -> list[PositionRow]:
        return [*await read(), PositionRow(ACCOUNT, abroad, Decimal(5), Decimal(0))]

    monkeypatch.setattr(bench.session, "positions", with_one_more)
    order = bench.order(1)
    async with bench.venue.session():
        assert isinstance(await bench.venue.submit(order), Accepted)
        await until(bench, lambda: not bench.venue.order_is_open(order.reference), timer=True)
        assert await bench.venue.positions(ACCOUNT) == {leg.contract: leg.ratio for leg in order.legs}
        assert any("5 P ODAX" in problem for problem in bench.venue.problems)
        monkeypatch.undo()
        await bench.venue.positions(ACCOUNT)
    assert not bench.venue.problems
