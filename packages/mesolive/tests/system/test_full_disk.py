"""What a user meets when the disk is full for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from mesolive.store.database import Database
from mesolive_sdk import models, new_idempotency_key, wait_for_job
from mesolive_testkit.server import ACCOUNT, SPX, Kit, live_server


class FullDisk:
    """Lets statements that change jobs fail, after a number of them, until there is room again."""

    def __init__(self, database: Database, after: int) -> None:
        self._left = after
        self._full = True
        self._loop = asyncio.get_running_loop()
        self.failed = asyncio.Semaphore(0)
        event.listen(database._engines.writer, "before_cursor_execute", self._look)

    def _look(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not self._full or not statement.startswith("UPDATE prepare_jobs"):
            return
        if self._left > 0:
            self._left -= 1
            return
        self._loop.call_soon_threadsafe(self.failed.release)
        raise OperationalError(statement, None, RuntimeError("database or disk is full"))

    def make_room(self) -> None:
        self._full = False


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with live_server(tmp_path) as running:
        yield running


async def start(kit: Kit, strategy: models.LiveStrategy) -> models.GetPreparePositionEntryStatusArgs:
    job = await kit.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="a position",
            StrategyId=strategy.Id,
            BrokerAccountId=ACCOUNT,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )
    )
    return models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)


async def test_a_preparation_begins_when_there_is_room_again(kit: Kit) -> None:
    disk = FullDisk(kit.application.database, after=0)
    args = await start(kit, await kit.strategy())
    async with asyncio.timeout(30):
        for _ in range(2):
            await disk.failed.acquire()
    status = await kit.control.get_prepare_position_entry_status(args)
    assert status.Status is models.PreparationStatus.Pending
    disk.make_room()
    status = await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))
    assert status.Status is models.PreparationStatus.Completed


async def test_a_preparation_that_cannot_be_stored_fails_once_there_is_room_again_and_says_so_once(kit: Kit) -> None:
    told: asyncio.Queue[models.PositionEntryPreparationFailedEvent] = asyncio.Queue()
    events = await kit.events()
    events.on_position_entry_preparation_failed(told.put_nowait)
    strategy = await kit.strategy()
    await events.subscribe_to_strategies()
    disk = FullDisk(kit.application.database, after=1)
    args = await start(kit, strategy)
    async with asyncio.timeout(30):
        for _ in range(3):  # its result, and twice that it failed
            await disk.failed.acquire()
    status = await kit.control.get_prepare_position_entry_status(args)
    assert status.Status is models.PreparationStatus.Running
    disk.make_room()
    status = await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))
    assert status.Status is models.PreparationStatus.Failed
    assert status.Error is not None
    async with asyncio.timeout(30):
        heard = await told.get()
    assert (heard.JobId, heard.Error) == (args.JobId, status.Error)
    assert told.empty()


async def test_the_server_stops_in_time_while_a_preparation_cannot_be_stored(tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        async with live_server(tmp_path) as kit:
            disk = FullDisk(kit.application.database, after=1)
            args = await start(kit, await kit.strategy())
            for _ in range(2):
                await disk.failed.acquire()
        async with live_server(tmp_path) as again:
            status = await again.control.get_prepare_position_entry_status(args)
    assert status.Status is models.PreparationStatus.Failed
