"""What is old goes and nothing else does; who asks for what is gone is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert, select, update

from mesolive.clock import ManualClock
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.operations.market_clock import MarketClockRecorder
from mesolive.operations.retention import Retention, RetentionPeriods, old_records
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.server import market_times
from mesolive.trading.idempotency import Call, keep_processing
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import IdempotencyOperation, IdempotencyRecordStatus, StatusCode
from mesolive_testkit.server import START, Kit, live_server, manual_market
from mesolive_testkit.store.event_server import NOW, event_server
from mesolive_testkit.store.samples import add_user, agent_status, error

pytestmark = pytest.mark.usefixtures("captured_logs")

DAY = timedelta(days=1)


async def numbers(journal: Journal, user_id: int) -> list[int]:
    batch, more = await journal.since(user_id, 0, 1000)
    assert not more
    return [event.EventSeqId for event in batch]


def later(days: float, start: datetime = NOW) -> ManualClock:
    return ManualClock(start + days * DAY)


class RealTime:
    """A market whose time has always been real time."""

    async def stamped_before(self, moment: datetime) -> datetime | None:
        return moment


def retention(
    database: Database, clock: ManualClock, keep: RetentionPeriods | None = None, *, batch: int = 500
) -> Retention:
    return Retention(database, clock, keep or RetentionPeriods(), wall=clock, course=RealTime(), batch=batch)


@pytest.mark.parametrize("batch", [1, 3, 500])
async def test_events_go_when_they_are_too_old_and_their_numbers_are_not_given_again(
    database: Database, batch: int
) -> None:
    clock = ManualClock(NOW)
    journal = Journal(database, LocalBus(), clock)
    ann, bob = await add_user(database, "ann"), await add_user(database, "bob")

    async def append(user_id: int, number: int) -> None:
        async with database.write(user_id) as tx:
            await journal.append(tx, user_id, [agent_status() for _ in range(number)])

    await append(ann, 7)
    await append(bob, 2)
    await clock.advance(100 * 86400)
    await append(ann, 2)
    await clock.advance(300 * 86400)
    pruning = retention(database, clock, batch=batch)
    assert await pruning.prune() == {}, "400 days old is not too old"
    await clock.advance(60)
    assert await pruning.prune() == {"events": 9}
    assert await numbers(journal, ann) == [8, 9]
    assert await numbers(journal, bob) == []
    assert (await journal.pruned(ann), await journal.pruned(bob)) == (7, 2)
    await append(bob, 1)
    assert await numbers(journal, bob) == [3]
    assert (await journal.latest(ann))[0] == 9
    assert await pruning.prune() == {}


async def test_an_event_that_is_active_stays_however_old_and_goes_when_it_has_ended(database: Database) -> None:
    clock = ManualClock(NOW)
    journal = Journal(database, LocalBus(), clock)
    ann = await add_user(database, "ann")
    async with database.write(ann) as tx:
        await journal.append(tx, ann, [agent_status(), error(on=True), agent_status()])
    pruning = retention(database, clock)
    await clock.advance(500 * 86400)
    assert await pruning.prune() == {"events": 2}
    assert [event.EventSeqId for event in (await journal.active_state(ann))[0]] == [2]
    async with database.write(ann) as tx:
        await journal.append(tx, ann, [error(on=False)])
    assert await pruning.prune() == {"events": 1}
    assert await numbers(journal, ann) == [4]


async def test_a_client_is_told_when_events_after_its_cursor_have_been_deleted(ready_sqlite_url: str) -> None:
    database = await Database.open(ready_sqlite_url)
    async with event_server(database) as server:
        ann = await server.user("ann")
        await server.append(ann, agent_status(), agent_status(), error(on=True), agent_status())
        await retention(database, later(401)).prune()
        await server.append(ann, agent_status())
        client = (await server.listen("ann")).client

        async def since(number: int) -> list[int]:
            args = models.GetEventsSinceArgs(SinceEventSeqId=number, Limit=1)
            collected: list[int] = []
            while True:
                answer = await client.get_events_since(args)
                collected += [event.EventSeqId for event in answer.Events]
                if not answer.ContinuationToken:
                    return collected
                args.ContinuationToken = answer.ContinuationToken

        with pytest.raises(MesoLiveApiException) as refused:
            await since(1)
        assert refused.value.status is StatusCode.NotFound
        assert refused.value.error is not None
        assert (refused.value.error.Code, refused.value.error.Detail) == ("EventsPruned", "4")
        assert await since(int(refused.value.error.Detail or "")) == [5]
        assert await since(0) == [3, 5], "what is active, and what is new"
    await database.close()


async def test_what_was_never_executed_goes_and_what_was_traded_stays(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    unused = await kit.prepare_entry(strategy.Id, key="unused")
    assert unused.Result is not None
    database, start = kit.application.database, kit.application.clock.now()
    assert await retention(database, later(90, start)).prune() == {}
    gone = await retention(database, later(91, start), batch=1).prune()
    assert gone == {"jobs": 2, "plans": 1, "records": 3}

    async def status_of(call: Awaitable[object]) -> StatusCode:
        with pytest.raises(MesoLiveApiException) as refused:
            await call
        return refused.value.status

    ask = models.GetPreparePositionEntryStatusArgs(JobId=unused.JobId)
    assert await status_of(kit.control.get_prepare_position_entry_status(ask)) is StatusCode.NotFound
    record = models.GetIdempotencyRecordArgs(IdempotencyKey="unused")
    assert await status_of(kit.control.get_idempotency_record(record)) is StatusCode.NotFound
    orders = (await kit.control.list_orders(models.ListOrdersArgs(ExecPlanId=entered.ExecPlanId))).Orders
    assert [order.OrderId for order in orders] == entered.LiveOrderIds
    assert len((await kit.control.list_executions()).Executions) == len(entered.ExecutionIds)
    await kit.leave(entered.PositionId)


async def test_a_record_whose_outcome_is_not_known_stays(database: Database) -> None:
    ann = await add_user(database, "ann")
    async with database.write(ann) as tx:
        call = Call("waits", IdempotencyOperation.SendOrder, "hash")
        await keep_processing(tx, ann, [(call, None, None)], NOW)
    assert await retention(database, later(1000)).prune() == {}
    async with database.read() as tx:
        assert await tx.scalar(select(idempotency_records.c.key)) == "waits"


async def test_a_record_that_is_used_again_meanwhile_stays_whatever_other_users_have_under_its_key(
    ready_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.open(ready_sqlite_url)
    users = [await add_user(database, name) for name in ("ann", "bob")]
    call = Call("the same key", IdempotencyOperation.SendOrder, "hash")
    for user_id in users:
        async with database.write(user_id) as tx:
            await keep_processing(tx, user_id, [(call, None, None)], NOW)
            await tx.execute(update(idempotency_records).values(status=IdempotencyRecordStatus.Completed.name))
    clock = later(1000)
    find = old_records

    async def used_again(tx: Transaction, **asked: Any) -> list[tuple[int, str]]:
        result = await find(tx, **asked)
        if asked.get("limit") is not None and len(result) == len(users):
            monkeypatch.undo()
            async with database.write(users[0]) as changing:
                of_ann = idempotency_records.c.user_id == users[0]
                await changing.execute(update(idempotency_records).where(of_ann).values(updated_at=clock.now()))
        return result

    monkeypatch.setattr("mesolive.operations.retention.old_records", used_again)
    assert await retention(database, clock).prune() == {"records": 1}
    async with database.read() as tx:
        assert [row.user_id for row in await tx.all(select(idempotency_records.c.user_id))] == [users[0]]
    await database.close()


async def test_a_retention_of_0_deletes_nothing(kit: Kit) -> None:
    await kit.prepare_entry((await kit.strategy()).Id)
    start = kit.application.clock.now()
    forever = RetentionPeriods(events=None, jobs=None, records=None)
    assert await retention(kit.application.database, later(10_000, start), forever).prune() == {}


async def run_of_a_server(database: Database, wall: datetime, market: datetime) -> None:
    """Note the course of market time as a server does that is started at these times."""
    clock, real = ManualClock(market), ManualClock(wall)
    await MarketClockRecorder(database, clock, "simulated", None, wall=real).note()


@pytest.mark.parametrize(
    "leaps", [[(1, 300)], [(1, 300), (2, -100), (3, 300)], [(0.1, 1000)]], ids=["forward", "back and forward", "fast"]
)
async def test_a_leap_of_market_time_makes_nothing_old_before_real_time_does(
    kit: Kit, leaps: list[tuple[float, float]]
) -> None:
    database, start = kit.application.database, kit.application.clock.now()
    async with database.write() as tx:
        await tx.execute(delete(market_times))
    await run_of_a_server(database, NOW, start)
    await kit.prepare_entry((await kit.strategy()).Id)
    for real_days, market_days in leaps:
        wall, market = later(real_days), later(market_days, start)
        await run_of_a_server(database, wall.now(), market.now())
        assert await Retention(database, market, RetentionPeriods(), wall=wall).prune() == {}
    last, ahead = leaps[-1]
    almost, then = later(last + 89), later(last + 91)
    assert await Retention(database, later(ahead + 89, start), RetentionPeriods(), wall=almost).prune() == {}
    await run_of_a_server(database, then.now(), start + (ahead + 91) * DAY)
    gone = await Retention(database, later(ahead + 182, start), RetentionPeriods(), wall=later(last + 182)).prune()
    assert gone["jobs"] == 1, "what is old by both clocks goes"


async def test_nothing_is_deleted_before_market_time_is_recorded(database: Database) -> None:
    ann = await add_user(database, "ann")
    async with database.write(ann) as tx:
        await Journal(database, LocalBus(), ManualClock(NOW)).append(tx, ann, [agent_status()])
    assert await Retention(database, later(1000), RetentionPeriods(), wall=later(1000)).prune() == {}


async def test_a_server_deletes_by_itself_and_says_so_to_a_scraper(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        await kit.prepare_entry((await kit.strategy()).Id)
        async with kit.application.database.write() as tx:
            # As if it had run two real days ago, and for two days of market time.
            await tx.execute(delete(market_times))
            two_days_ago = datetime.now(UTC) - 2 * DAY
            await tx.execute(insert(market_times).values(wall_at=two_days_ago, market_at=START + DAY))
    long_after = live_server(tmp_path, manual_market(START + 2 * DAY), keep_events_days=1, keep_jobs_days=1)
    async with long_after as kit, httpx.AsyncClient(timeout=60) as client:
        async with asyncio.timeout(60):
            while True:
                text = (await client.get(f"{kit.url}/metrics")).text
                if "mesolive_retention_last_run_timestamp_seconds 0.0" not in text:
                    break
        assert 'mesolive_retention_deleted_total{kind="jobs"} 1.0' in text
        assert 'mesolive_retention_deleted_total{kind="plans"} 1.0' in text
        assert 'mesolive_retention_deleted_total{kind="records"} 0.0' in text
        left = await (await kit.events()).get_latest_event_seq_id()
        assert left.LatestEventSeqId > 0
