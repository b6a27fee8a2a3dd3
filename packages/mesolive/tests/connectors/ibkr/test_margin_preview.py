"""IB's margin before an order is sent (`preview_margin`): what the account cannot carry is not sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from mesolive.connectors.ibkr.order_entry import EntryRules
from mesolive.venues.base import Accepted, Ended, Ending
from mesolive_testkit.ibkr_bench import IbkrBench, opened, received, until

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
RULES = EntryRules(preview_margin=True)


def previews(bench: IbkrBench, reference: str) -> int:
    """Return how many of the orders that the double has received were previews."""
    rows = [entry for entry in bench.double.truth.of("order_received") if entry["order_ref"] == reference]
    return sum(bool(entry["what_if"]) for entry in rows)


async def test_an_order_that_the_account_can_carry_is_previewed_once_and_sent_once(tmp_path: Path) -> None:
    async with opened(tmp_path, START, RULES) as bench, bench.venue.session():
        order = bench.order()
        answer = await bench.venue.submit(order)
        assert isinstance(answer, Accepted)
        assert (received(bench, order.reference), previews(bench, order.reference)) == (2, 1)
        assert await bench.venue.submit(order) == answer
        assert received(bench, order.reference) == 2


async def test_an_order_beyond_the_margin_of_the_account_is_not_sent_and_says_how_much_it_needs(tmp_path: Path) -> None:
    async with opened(tmp_path, START, RULES) as bench, bench.venue.session():
        large = bench.order(100_000)
        answer = await bench.venue.submit(large)
        assert isinstance(answer, Ended)
        assert answer.how is Ending.REJECTED
        assert "initial margin" in answer.reason
        assert (received(bench, large.reference), previews(bench, large.reference)) == (1, 1)


async def test_a_first_answer_without_numbers_is_not_the_answer(tmp_path: Path) -> None:
    async with opened(tmp_path, START, RULES) as bench, bench.venue.session():
        bench.double.faults.switch_on("what_if_empty_first")
        assert isinstance(await bench.venue.submit(bench.order()), Accepted)


async def test_without_an_answer_the_order_is_not_sent(tmp_path: Path) -> None:
    async with opened(tmp_path, START, RULES) as bench, bench.venue.session():
        bench.double.faults.switch_on("what_if_unanswered")
        order = bench.order()
        submitting = asyncio.create_task(bench.venue.submit(order))
        await until(bench, submitting.done, timer=True)
        answer = submitting.result()
        assert isinstance(answer, Ended)
        assert "did not say within the time" in answer.reason
        assert (received(bench, order.reference), previews(bench, order.reference)) == (1, 1)
