"""What a user meets when the disk is full for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from mesolive.cli.failures import DATABASE_FAILED
from mesolive.store.database import Database
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_testkit.server import ACCOUNT, SPX, Kit, definition, live_server, manual_market
from mesolive_testkit.venues import Desk, at_venue, desk_server


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
    received: asyncio.Queue[models.PositionEntryPreparationFailedEvent] = asyncio.Queue()
    events = await kit.events()
    events.on_position_entry_preparation_failed(received.put_nowait)
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
        failed = await received.get()
    assert (failed.JobId, failed.Error) == (args.JobId, status.Error)
    assert received.empty()


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


# --- a disk that is really full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 8 MB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", directory], check=False, capture_output=True
    )
    if mounting.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def fill(directory: Path) -> Path:
    """Use up all room that there is."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return filler


async def mesolive(database: str, *arguments: str) -> tuple[int, str, str]:
    """Run a command of the command line; return its status, standard output and standard error."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "MESOLIVE_DATABASE": database}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("mesolive"),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def write_on(desk: Desk) -> None:
    """Store more than the write-ahead log has room for."""
    for number in range(200):
        name = f"{number} {'x' * 200}"
        await desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition(StrategyName=name), ActiveOnAccounts=[])
        )


async def test_on_a_full_disk_orders_are_cancelled_and_halts_and_revocations_work(
    small_disk: Path, tmp_path: Path
) -> None:
    market = manual_market()
    venue = SimulatedVenue(*market, tmp_path / "venue.jsonl")
    async with desk_server(small_disk, market=market, venue=venue) as desk:
        database = desk.application.settings.database
        strategy = await desk.strategy()
        working: list[int] = []
        for name in ("first", "second"):
            plan = await desk.prepare_entry(strategy.Id, name)
            limit = at_venue(plan, kind=models.OrderType.Limit, limit=Decimal(-99))
            working.append((await desk.send(limit)).LiveOrderId)
        made = await desk.application.access.create_key("somebody else")
        filler = fill(small_disk)

        with pytest.raises(MesoLiveApiException):  # the disk is full indeed: soon nothing can be stored
            await write_on(desk)
        args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=working[0])
        assert (await desk.control.cancel_order(args)).State is models.OrderState.Cancelled
        assert len(venue.ledger.working) == 1

        status, output, errors = await mesolive(database, "halt", "--reason", "the disk is full")
        assert (status, errors) == (0, "")
        assert output.startswith("Halted: all accounts.")
        status, output, errors = await mesolive(database, "apikey", "revoke", made.key.key_id)
        assert (status, errors) == (0, "")
        assert "is revoked" in output
        with pytest.raises(MesoLiveSignalRError, match="refused the API key"):
            await MesoLiveControlHubClient(desk.application.url, made.token).start()

        filler.unlink()
        for order_id in working:
            await desk.order_in(order_id, models.OrderState.Cancelled)
        assert venue.ledger.working == {}
        assert [halt.Reason for halt in (await desk.control.list_halts()).Halts] == ["the disk is full"]


HOLDS_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.asynccontextmanager
async def stuck_writer(database: Path) -> AsyncGenerator[None]:
    """Let a process of its own hold the database's write lock and do nothing with it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDS_THE_LOCK, database, stdin=pipe, stdout=pipe
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"locked\n"
        yield
    finally:
        process.kill()
        await process.communicate()


async def test_while_a_process_holds_the_write_lock_orders_are_cancelled_and_halts_and_revocations_work(
    tmp_path: Path,
) -> None:
    async with desk_server(tmp_path) as desk:
        database = desk.application.settings.database
        strategy = await desk.strategy()
        working: list[int] = []
        for name in ("first", "second"):
            plan = await desk.prepare_entry(strategy.Id, name)
            limit = at_venue(plan, kind=models.OrderType.Limit, limit=Decimal(-99))
            working.append((await desk.send(limit)).LiveOrderId)
        plan = await desk.prepare_entry(strategy.Id, "third")
        made = await desk.application.access.create_key("somebody else")
        async with stuck_writer(tmp_path / "mesolive.sqlite3"):
            args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=working[0])
            assert (await desk.control.cancel_order(args)).State is models.OrderState.Cancelled
            assert len(desk.venue.ledger.working) == 1

            status, output, errors = await mesolive(database, "halt", "--reason", "the writer is stuck")
            assert (status, errors) == (0, "")
            assert output.startswith("Halted: all accounts.")
            status, output, errors = await mesolive(database, "apikey", "revoke", made.key.key_id)
            assert (status, errors) == (0, "")
            assert "is revoked" in output
            with pytest.raises(MesoLiveSignalRError, match="refused the API key"):
                await MesoLiveControlHubClient(desk.application.url, made.token).start()
            status, output, errors = await mesolive(database, "apikey", "create", "--user", "ann")
            assert (status, output, errors.count("\n")) == (DATABASE_FAILED, "", 1)
        for order_id in working:
            await desk.order_in(order_id, models.OrderState.Cancelled)
        assert desk.venue.ledger.working == {}
        with pytest.raises(MesoLiveApiException, match="the writer is stuck"):
            await desk.send(at_venue(plan))


async def test_a_command_that_cannot_write_ends_in_one_line(small_disk: Path) -> None:
    database = f"sqlite:///{small_disk / 'mesolive.sqlite3'}"
    status, _, _ = await mesolive(database, "apikey", "create", "--user", "ann")
    assert status == 0
    fill(small_disk)
    output = errors = ""
    for number in range(50):
        status, output, errors = await mesolive(database, "apikey", "create", "--user", f"{number}{'x' * 90}")
        if status != 0:
            break
    assert status == DATABASE_FAILED
    assert output == ""
    assert errors.count("\n") == 1
    assert "full" in errors or "disk" in errors
