"""A double of tastytrade that is killed and started again goes on where it was."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from pathlib import Path

import pytest

from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.records import replace
from mesolive.venues.base import Accepted, OrderStatus
from mesolive_testkit.tastytrade.bench import MORNING, QUICK_SETTINGS, TastytradeBench, at_the_double
from mesolive_testkit.venues.benches import ACCOUNT


async def killed(bench: TastytradeBench) -> None:
    """Take away everything of the double but its files as they are now, and start another one."""
    files = {path: path.read_bytes() for path in (bench.settings.state_path, bench.settings.truth_path) if path}
    await bench.close_venue()
    await bench.double.stop()
    for path, content in files.items():
        path.write_bytes(content)
    bench.double = TastytradeDouble(bench.markets, bench.clock, bench.settings)
    await bench.double.start()
    await bench.open_venue()


def facts(bench: TastytradeBench) -> list[dict[str, object]]:
    """Return what happened, without the requests."""
    return [entry | {"seq": 0} for entry in bench.double.truth.entries if entry["kind"] != "request"]


async def filled(bench: TastytradeBench, combos: int) -> None:
    async with asyncio.timeout(60):
        while len(await bench.venue.executions(ACCOUNT, MORNING)) < combos:
            await bench.tick()


async def test_orders_fills_positions_history_and_truth_are_those_of_before(tmp_path: Path) -> None:
    settings = replace(QUICK_SETTINGS, state_path=tmp_path / "state", truth_path=tmp_path / "truth.jsonl")
    async with at_the_double(tmp_path, MORNING, settings=settings) as bench:
        async with bench.venue.session():
            await bench.venue.submit(bench.order(2))
            await filled(bench, 2)
            await bench.venue.submit(bench.resting())
            orders = await bench.venue.orders(ACCOUNT, MORNING)
            executions = await bench.venue.executions(ACCOUNT, MORNING)
            positions = await bench.venue.positions(ACCOUNT)
        cash, truth = bench.double.desk.account(ACCOUNT).cash, facts(bench)
        await killed(bench)
        assert bench.double.desk.account(ACCOUNT).cash == cash
        assert facts(bench) == truth
        async with bench.venue.session():
            assert await bench.venue.orders(ACCOUNT, MORNING) == orders
            assert await bench.venue.executions(ACCOUNT, MORNING) == executions
            assert await bench.venue.positions(ACCOUNT) == positions
            (working,) = [order for order in orders if order.status is OrderStatus.WORKING]
            assert working.reference is not None
            await bench.venue.cancel(ACCOUNT, working.reference, working.venue_id)
            new = await bench.venue.submit(bench.resting())
            assert isinstance(new, Accepted)
            assert int(new.venue_id) > max(int(order.venue_id) for order in orders)


@pytest.mark.parametrize(("pause", "status"), [("flight_seconds", "Routed"), ("live_seconds", "In Flight")])
async def test_an_order_on_its_way_arrives_after_the_start(tmp_path: Path, pause: str, status: str) -> None:
    settings = replace(QUICK_SETTINGS, state_path=tmp_path / "state", **{pause: 3600.0})
    async with at_the_double(tmp_path, MORNING, settings=settings) as bench:
        async with bench.venue.session():
            await bench.venue.submit(bench.resting())
        (order,) = bench.double.desk.orders.values()
        assert order.status == status
        bench.settings = replace(settings, **{pause: 0.0})
        await killed(bench)
        (order,) = bench.double.desk.orders.values()
        assert order.status == "Live"


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_cancel_and_a_replacement_that_were_taken_are_carried_out(tmp_path: Path, *, is_replaced: bool) -> None:
    settings = replace(QUICK_SETTINGS, state_path=tmp_path / "state", cancel_seconds=3600.0)
    async with at_the_double(tmp_path, MORNING, settings=settings) as bench:
        resting = bench.resting()
        async with bench.venue.session():
            await bench.venue.submit(resting)
        (order,) = bench.double.desk.orders.values()
        if is_replaced:
            new = replace(order, identifier="other", status="Received", legs=deepcopy(order.legs))
            bench.double.life.replace(order, new)
        else:
            bench.double.life.cancel(order)
        bench.double.desk.commit()
        await killed(bench)
        first, *others = bench.double.desk.orders.values()
        assert first.status == "Cancelled"
        assert [other.status for other in others] == (["Live"] if is_replaced else [])
