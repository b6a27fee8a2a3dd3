"""Replacements at tastytrade of another quantity than was asked for: a fill came between, or the broker differs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from mesolive.venues.base import Accepted, Ended, Ending, Execution, OrderStatus, VenueFact
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.broker import NOW, ORDERS, Traded, spread, trading
from mesolive_testkit.tastytrade.rest import body_of
from mesolive_testkit.tastytrade.samples import ACCOUNT
from mesolive_testkit.tastytrade.sockets import until


async def reported(facts: AsyncIterator[VenueFact], reference: str) -> tuple[int, Ended]:
    """Return how many combos of an order are reported until its end, and its end."""
    combos = 0
    async with asyncio.timeout(60):
        while True:
            fact = await anext(facts)
            if fact.reference != reference:  # type: ignore[union-attr]  # nothing is settled here
                continue
            if isinstance(fact, Execution):
                combos += int(fact.qty)
            elif isinstance(fact, Ended):
                return combos, fact


def answers_replacement(rig: Traded, old: int, quantity: int, *, filled: int = 0, carries: bool = False) -> None:
    """Let the broker replace an order by one of another quantity, after some combos of the old one were filled.

    Parameters
    ----------
    carries
        Whether the new order shows the fills of the old one.
    """

    def replace(request: httpx.Request) -> httpx.Response:
        order = rig.broker.orders[old]
        for number, leg in enumerate(order["legs"], 1):
            if filled:
                leg["fills"] = [samples.fill(700 + number, filled, "2.55" if number == 1 else "1.50")]
        legs: list[dict[str, Any]] = [{**leg, "quantity": quantity, "fills": []} for leg in order["legs"]]
        new = rig.broker.make({**body_of(request), "legs": legs}, replaces_order_id=old)
        if carries:
            for leg, before in zip(rig.broker.orders[new]["legs"], order["legs"], strict=True):
                leg["fills"] = list(before["fills"])
        order |= {"status": "Cancelled", "edited": True, "replacing-order-id": new, "updated-at": rig.broker.stamp()}
        order["terminal-at"] = NOW.isoformat()
        return rig.broker._one(new)

    rig.broker.rest.on("PUT", f"{ORDERS}/{old}", replace)


async def test_a_replacement_ends_when_the_rest_is_filled_that_its_predecessor_has_left() -> None:
    async with trading() as rig, rig.venue.session() as facts:
        first = await rig.venue.submit(spread(3))
        assert isinstance(first, Accepted)
        answers_replacement(rig, int(first.venue_id), 2, filled=1)  # as the replacement arrives
        answer = await rig.venue.replace("ref-1", Decimal(0), spread(3, "-1.00", "ref-2"))
        assert isinstance(answer, Accepted)
        await rig.broker.fill(int(answer.venue_id), quantity=2)
        combos, ended = await reported(facts, "ref-2")
        assert (combos, ended.how) == (2, Ending.CANCELLED)
        assert "2 of 3" in ended.reason
        listed = {item.reference: item for item in await rig.venue.orders(ACCOUNT, NOW)}
        assert (listed["ref-2"].status, listed["ref-2"].filled) == (OrderStatus.CANCELLED, 2)
        assert [item.reference for item in await rig.venue.executions(ACCOUNT, NOW - timedelta(hours=1))].count(
            "ref-1"
        ) == 1


@pytest.mark.parametrize("carries", [False, True])
async def test_a_replacement_of_more_than_is_left_is_cancelled_unless_it_counts_the_old_fills(*, carries: bool) -> None:
    async with trading() as rig, rig.venue.session() as facts:
        first = await rig.venue.submit(spread(3))
        assert isinstance(first, Accepted)
        old = int(first.venue_id)
        await rig.broker.fill(old, status="Live")
        await until(lambda: rig.venue.core.book.find(ACCOUNT, str(old)).filled == 1)  # type: ignore[union-attr]
        answers_replacement(rig, old, 3, carries=carries)
        answer = await rig.venue.replace("ref-1", Decimal(1), spread(2, "-1.00", "ref-2"))
        if carries:
            assert isinstance(answer, Accepted)
            await rig.broker.fill(int(answer.venue_id), quantity=2)
            listed = {item.reference: item for item in await rig.venue.orders(ACCOUNT, NOW)}
            assert (listed["ref-2"].status, listed["ref-2"].filled) == (OrderStatus.FILLED, 2)
            assert rig.broker.rest.count("DELETE") == 0
            return
        new = rig.broker.next_id
        if isinstance(answer, Accepted):
            _, answer = await reported(facts, "ref-2")
        assert isinstance(answer, Ended)
        assert answer.how is Ending.CANCELLED
        assert rig.broker.orders[new]["status"] == "Cancelled"
        assert f"order {new} is for more than is left" in rig.venue.status.message
