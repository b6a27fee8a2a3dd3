"""Orders and executions of another account under a reference of ours: TWS keeps the text when an order is copied."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesolive.connectors.ibkr.tws_messages import ExecutionRow, OrderRow
from mesolive.records import replace
from mesolive.venues.base import OrderStatus
from mesolive_testkit.ibkr_bench import IbkrBench, opened
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
OTHER = "DU9999999"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START) as made:
        yield made


async def test_what_another_account_fills_under_our_reference_is_not_ours(
    bench: IbkrBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[ExecutionRow] = []
    shown: list[OrderRow] = []
    take_execution, take_order = bench.venue.execution, bench.venue.open_order

    def execution(row: ExecutionRow) -> None:
        executed.append(row)
        take_execution(row)

    def open_order(row: OrderRow) -> None:
        shown.append(row)
        take_order(row)

    monkeypatch.setattr(bench.venue, "execution", execution)
    monkeypatch.setattr(bench.venue, "open_order", open_order)
    ours, resting = bench.order(1), bench.resting()
    async with bench.venue.session():
        await bench.venue.submit(ours)
        await bench.venue.submit(resting)
        before = await bench.venue.executions(ACCOUNT, START)
        assert [item.reference for item in before] == [ours.reference]
        for number, row in enumerate(list(executed)):
            of_other = replace(
                row,
                account=OTHER,
                order_ref=resting.reference,
                perm_id=row.perm_id + 5_000,
                exec_id=f"000{number}.copy.01.01",
            )
            bench.venue.execution(of_other)
        for row in [item for item in shown if item.order_ref == resting.reference]:
            copy = replace(row, account=OTHER, perm_id=row.perm_id + 5_000, order_id=0, client_id=0)
            bench.venue.open_order(replace(copy, status="Cancelled"))
        assert await bench.venue.executions(ACCOUNT, START) == before
        listed = {item.reference: item for item in await bench.venue.orders(ACCOUNT, START)}
        assert (listed[resting.reference].status, listed[resting.reference].filled) == (OrderStatus.WORKING, 0)
        assert list(bench.venue.problems) == []
