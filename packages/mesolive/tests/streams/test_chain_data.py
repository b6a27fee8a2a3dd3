"""Streams of chain windows: an item a second at most, one for all who follow the same window."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mesolive.errors import ServiceError
from mesolive_sdk import models
from mesolive_testkit.streams import CALL, DAY, Running, settled
from signalr_asyncio import Shared

ARGS = models.StreamChainDataArgs(Symbol="SPX", Root="SPXW", Day=DAY.isoformat(), Strikes=500)


def follow(live: Running, seen: list[Shared]) -> asyncio.Task[None]:
    return asyncio.create_task(live.streams.chain(live.user, ARGS).push(seen.append))


def bid(item: Shared) -> object:
    value = item.value
    assert isinstance(value, models.ChainDataEntry)
    row = next(row for row in value.Rows if row.Strike == CALL.strike)
    return None if row.Call is None else row.Call.Bid


async def test_changes_within_a_second_are_one_item_that_all_followers_share(live: Running) -> None:
    first, second = list[Shared](), list[Shared]()
    tasks = [follow(live, first), follow(live, second)]
    await settled()
    assert len(first) == 1
    assert first[0] is second[0]
    for step in range(5):
        live.quote(CALL, 50.0 + step, 51.0 + step)
        await live.window(0.1)
    assert len(first) == 1
    await live.window(0.6)
    assert [bid(item) for item in first[1:]] == [54]
    await live.window(5.0)
    assert len(first) == 2, "nothing has changed"
    await live.pace.advance(timedelta(seconds=11).total_seconds())
    await settled()
    assert len(first) == 3, "it is told anew after a while: whether quotes are stale changes without a quote"
    assert first[2] is second[2]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_expiration_that_is_not_there_is_refused(live: Running) -> None:
    args = models.StreamChainDataArgs(Symbol="SPX", Day="2030-01-01")
    with pytest.raises(ServiceError) as refused:
        await live.streams.chain(live.user, args).push(lambda _: None)
    assert refused.value.status is models.StatusCode.NotFound
