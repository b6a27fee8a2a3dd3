"""Calls that wait together are done together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from mesolive.errors import ServiceError
from mesolive.store import sqlite
from mesolive.trading.execution.group_commit import GroupCommit
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import StatusCode
from mesolive_testkit.venues import Desk, at_venue, desk_server


class Work:
    """Answers each item in capitals; waits at a gate, and notes what came together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def do(self, items: Sequence[str]) -> Sequence[str | BaseException]:
        self.batches.append(list(items))
        self.begun.set()
        await self.gate.wait()
        if "fault" in items:
            raise LookupError
        return [KeyError(item) if item == "bad" else item.upper() for item in items]


@pytest.fixture
def work() -> Work:
    return Work()


async def gather(gathering: GroupCommit[str, str], *items: str) -> list[str | BaseException]:
    return await asyncio.gather(*(gathering.submit_and_wait(item) for item in items), return_exceptions=True)


async def test_a_single_call_does_not_wait(work: Work) -> None:
    assert await GroupCommit(work.do, "letters").submit_and_wait("a") == "A"
    assert work.batches == [["a"]]


async def test_what_comes_during_a_batch_is_the_next_one_in_its_order(work: Work) -> None:
    gathering = GroupCommit(work.do, "letters")
    work.gate.clear()
    first = asyncio.create_task(gathering.submit_and_wait("a"))
    await work.begun.wait()
    others = asyncio.create_task(gather(gathering, "b", "c", "d"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.gate.set()
    assert await first == "A"
    assert await others == ["B", "C", "D"]
    assert work.batches == [["a"], ["b", "c", "d"]]


async def test_no_batch_is_larger_than_it_may_be(work: Work) -> None:
    gathering = GroupCommit(work.do, "letters", max_batch=2)
    assert await gather(gathering, *"abcde") == list("ABCDE")
    assert work.batches == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_call_that_fails_does_not_fail_others_of_its_group(work: Work) -> None:
    result = await gather(GroupCommit(work.do, "letters"), "a", "bad", "b")
    assert (result[0], result[2]) == ("A", "B")
    assert isinstance(result[1], KeyError)


async def test_a_batch_that_fails_fails_for_each_of_its_callers_and_not_for_the_next(work: Work) -> None:
    gathering = GroupCommit(work.do, "letters")
    result = await gather(gathering, "a", "fault")
    assert [type(item) for item in result] == [LookupError, LookupError]
    assert await gathering.submit_and_wait("b") == "B"


async def test_a_caller_that_goes_away_does_not_take_back_what_was_asked(work: Work) -> None:
    gathering = GroupCommit(work.do, "letters")
    work.gate.clear()
    gone = asyncio.create_task(gathering.submit_and_wait("a"))
    await work.begun.wait()
    gone.cancel()
    await asyncio.wait([gone])
    work.gate.set()
    await gathering.close()
    assert gone.cancelled()
    assert await gathering.submit_and_wait("b") == "B"
    assert work.batches == [["a"], ["b"]]


async def test_too_many_at_once_are_refused(work: Work) -> None:
    gathering = GroupCommit(work.do, "letters", max_queued=2)
    result = await gather(gathering, "a", "b", "c")
    assert result[:2] == ["A", "B"]
    refused = result[2]
    assert isinstance(refused, ServiceError)
    assert refused.status is StatusCode.RateLimited


NEW, CHANGED, IN_FLIGHT = "INSERT INTO orders", "UPDATE orders SET state", "SELECT DISTINCT orders.plan_id"


async def test_orders_that_are_sent_together_share_their_commits(tmp_path: Path) -> None:
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        plans = [await desk.prepare_entry(strategy.Id, f"position {number}") for number in range(6)]
        calls = [at_venue(plan, kind=models.OrderType.Limit, limit=Decimal(-90)) for plan in plans]
        database = desk.application.database
        written: Counter[str] = Counter()

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            # One of each in a transaction; what the server writes beside, such as its clock, is not counted.
            written.update(kind for kind in (NEW, CHANGED, IN_FLIGHT) if kind in statement)

        async with database.write():  # nobody else writes until all calls have come
            sending = [asyncio.create_task(desk.send(call)) for call in calls]
            async with asyncio.timeout(30):
                for call in calls:
                    while not await under_way(desk, call.IdempotencyKey):
                        pass  # it is still on its way; asking again gives it time
            event.listen(database._engines.writer, "before_cursor_execute", note)
        sent = await asyncio.gather(*sending)
    assert {batch.State for batch in sent} == {models.OrderState.Submitted}
    assert len({batch.LiveOrderId for batch in sent}) == len(calls)
    # The call that came first, and the others; and what the venue made of both.
    assert written[NEW] == 2
    assert written[CHANGED] <= 3
    # What the strategy has in flight is counted once for all of them.
    assert written[IN_FLIGHT] == 2


async def under_way(desk: Desk, key: str) -> bool:
    try:
        await desk.control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))
    except MesoLiveApiException:
        return False
    return True


async def test_orders_run_no_statement_that_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that is built for each call costs five times as much; see `mesolive.store.prepared`."""
    built: list[str] = []
    execute = sqlite._execute

    def note(connection: Any, statement: Any, parameters: Any, prepared: Any) -> Any:
        if prepared is None:
            built.append(str(statement))
        return execute(connection, statement, parameters, prepared)

    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        plans = [await desk.prepare_entry(strategy.Id, f"position {number}") for number in range(4)]
        calls = [at_venue(plan, kind=models.OrderType.Limit, limit=Decimal(-90)) for plan in plans]
        for call in calls[:3]:
            await desk.send(call)
        monkeypatch.setattr(sqlite, "_execute", note)
        await desk.send(calls[3])
    assert [statement for statement in built if "orders" in statement or "exec_plan" in statement] == []
