"""Orders that wait for a look-up or a preview of margin before they are written, and what comes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mesolive.connectors.ibkr.order_entry import EntryRules
from mesolive.venues.base import NOT_SENT, Ended, Ending, OrderStatus, VenueRequest
from mesolive_testkit.ibkr_bench import IbkrBench, opened, received
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


class SlowLookUp:
    """Lets requests for contract details wait until they are released."""

    def __init__(self, bench: IbkrBench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.released = asyncio.Event(), asyncio.Event()
        self._ask: Any = bench.session.contract_details
        monkeypatch.setattr(bench.session, "contract_details", self._slow)

    async def _slow(self, *args: Any, **more: Any) -> Any:
        self.begun.set()
        await self.released.wait()
        return await self._ask(*args, **more)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[IbkrBench]:
    async with opened(tmp_path, START) as made:
        yield made


async def status_of(bench: IbkrBench, order: VenueRequest) -> OrderStatus:
    (result,) = [item for item in await bench.venue.orders(ACCOUNT, START) if item.reference == order.reference]
    return result.status


async def test_a_cancel_during_the_look_up_of_contracts_ends_the_order_unsent(
    bench: IbkrBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, order = SlowLookUp(bench, monkeypatch), bench.order()
    async with bench.venue.session():
        submitting = asyncio.create_task(bench.venue.submit(order))
        await slow.begun.wait()
        cancel = await bench.venue.cancel(ACCOUNT, order.reference, None)
        slow.released.set()
        for answer in (cancel, await submitting, await bench.venue.submit(order)):
            assert isinstance(answer, Ended)
            assert answer.how is Ending.CANCELLED
        assert await status_of(bench, order) is OrderStatus.CANCELLED
    assert received(bench, order.reference) == 0


async def test_a_halt_during_the_look_up_of_contracts_keeps_the_order_from_being_written(
    bench: IbkrBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, order, halted = SlowLookUp(bench, monkeypatch), bench.order(), False

    async def check() -> str | None:
        return "the account is halted" if halted else None

    async with bench.venue.session():
        submitting = asyncio.create_task(bench.venue.submit(order, check))
        await slow.begun.wait()
        halted = True
        slow.released.set()
        answer = await submitting
        assert isinstance(answer, Ended)
        assert (answer.how, answer.code) == (Ending.REJECTED, NOT_SENT)
        assert "halted" in answer.reason
    assert received(bench, order.reference) == 0


async def test_a_halt_during_a_preview_of_margin_keeps_the_order_from_being_written(tmp_path: Path) -> None:
    async with opened(tmp_path, START, EntryRules(preview_margin=True)) as bench:
        order = bench.order()

        async def check() -> str:
            assert received(bench, order.reference) == 1, "the preview was answered before"
            return "the account is halted"

        async with bench.venue.session():
            answer = await bench.venue.submit(order, check)
        assert isinstance(answer, Ended)
        assert answer.code == NOT_SENT
        assert received(bench, order.reference) == 1


async def test_an_order_that_the_server_gave_up_during_the_look_up_is_never_written(
    bench: IbkrBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, order = SlowLookUp(bench, monkeypatch), bench.order()
    async with bench.venue.session():
        submitting = asyncio.create_task(bench.venue.submit(order))
        await slow.begun.wait()
        submitting.cancel()
        slow.released.set()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        assert await status_of(bench, order) is OrderStatus.REJECTED
    assert received(bench, order.reference) == 0


async def test_a_replacement_that_is_halted_before_its_write_leaves_the_order_as_it_is(bench: IbkrBench) -> None:
    order, better = bench.resting(), bench.resting()

    async def check() -> str:
        return "the account is halted"

    async with bench.venue.session():
        await bench.venue.submit(order)
        answer = await bench.venue.replace(order.reference, better.qty * 0, better, check)
        assert isinstance(answer, Ended)
        assert answer.how is Ending.REJECTED
        assert await status_of(bench, order) is OrderStatus.WORKING
        assert await status_of(bench, better) is OrderStatus.REJECTED
    assert received(bench, order.reference) == 1
