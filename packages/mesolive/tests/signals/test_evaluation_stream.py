"""A stream of evaluations: one item for what is evaluated within a second, shared by pages of the same user."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from mesolive.access.context import UserContext
from mesolive.clock import ManualClock
from mesolive.signals.evaluation_stream import EvaluationStreams
from mesolive.signals.keys import Names, Scope
from mesolive.signals.latest import LatestEvaluations
from mesolive_sdk import models
from signalr_asyncio import Shared

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
USER = UserContext(1, "trader", "")


def names(user_id: int, strategy_id: int) -> Names:
    return Names(Scope(user_id, strategy_id, 1), f"strategy {strategy_id}", "ML1")


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def shown(item: Shared) -> list[int]:
    assert isinstance(item.value, models.EvaluationsEntry)
    return [each.StrategyId for each in item.value.Evaluations]


async def test_what_is_evaluated_within_a_second_is_one_item_for_all_who_follow_it() -> None:
    latest, pace = LatestEvaluations(), ManualClock(NOW)
    streams = EvaluationStreams(latest, pace)
    first, second, one = list[Shared](), list[Shared](), list[Shared]()
    everything, only = models.StreamEvaluationsArgs(), models.StreamEvaluationsArgs(StrategyId=1)
    tasks = [
        asyncio.create_task(streams.follow(USER, args).push(seen.append))
        for args, seen in ((everything, first), (everything, second), (only, one))
    ]
    await settled()
    assert [shown(item) for item in first] == [[]]
    for place in range(1, 6):
        latest.note(names(1, place), NOW + timedelta(seconds=place), [])
        latest.note(names(2, place), NOW, [])  # another user's
        await settled()
    assert len(first) == 1
    await pace.advance(1.0)
    await settled()
    assert [shown(item) for item in first[1:]] == [[1, 2, 3, 4, 5]]
    assert first[1] is second[1]
    assert [shown(item) for item in one] == [[], [1]]
    latest.note(names(1, 5), NOW + timedelta(seconds=9), [])
    await settled()
    await pace.advance(1.0)
    await settled()
    assert (len(first), len(one)) == (3, 2), "who follows one strategy is not told of another"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    latest.note(names(1, 5), NOW + timedelta(seconds=10), [])
