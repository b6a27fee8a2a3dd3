"""The server is killed with SIGKILL while it trades: the next one finds all of it consistent and keeps each answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from mesolive_testkit.store.crash import Server, Trader, check, command, prepare, server, until_gone
from mesolive_testkit.store.crash_child import Fault, When

RECORD = "INSERT INTO idempotency_records"
EVENT = "INSERT INTO events"

ENTRY = [
    Fault(RECORD, "StartPreparePositionEntry", When.BEFORE_COMMIT),
    Fault(RECORD, "StartPreparePositionEntry", When.AFTER_COMMIT),
    Fault("UPDATE prepare_jobs", "Running", When.AFTER_COMMIT),
    Fault(EVENT, "OnPositionEntryPreparationCompleted", When.BEFORE_COMMIT),
    Fault(EVENT, "OnPositionEntryPreparationCompleted", When.AFTER_COMMIT),
    Fault("INSERT INTO executions", "", When.AT),
    Fault(RECORD, "ApplyPaperFills", When.AT),
    Fault(RECORD, "ApplyPaperFills", When.BEFORE_COMMIT),
    Fault(RECORD, "ApplyPaperFills", When.AFTER_COMMIT),
]
EXIT = [
    Fault(RECORD, "StartPreparePositionExit", When.AFTER_COMMIT),
    Fault(EVENT, "OnPositionExitPreparationCompleted", When.BEFORE_COMMIT),
    Fault(EVENT, "OnPositionExitPreparationCompleted", When.AFTER_COMMIT),
    Fault("UPDATE legs", "", When.AT),
    Fault(EVENT, "Closed", When.BEFORE_COMMIT),
    Fault(EVENT, "Closed", When.AFTER_COMMIT),
]

ON_POSTGRESQL = [
    Fault(RECORD, "StartPreparePositionEntry", When.AFTER_COMMIT),
    Fault(EVENT, "OnPositionEntryPreparationCompleted", When.BEFORE_COMMIT),
    Fault(RECORD, "ApplyPaperFills", When.BEFORE_COMMIT),
    Fault(RECORD, "ApplyPaperFills", When.AFTER_COMMIT),
    Fault(EVENT, "Closed", When.AFTER_COMMIT),
]

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("captured_logs")]


async def die_at(faults: list[Fault], database_url: str) -> None:
    token = await prepare(database_url)
    trader = Trader(token)
    for fault in faults:
        async with server(database_url, fault) as running:
            await check(running.url, token, trader)  # what the one before it left
            await until_gone(trader, running)
    async with server(database_url) as running:
        await finish(running, token, trader)


async def finish(running: Server, token: str, trader: Trader) -> None:
    """Go on after the last crash as if nothing had been."""
    await check(running.url, token, trader)
    async with trader.connected(running.url) as control:
        await trader.trade(control)
    await check(running.url, token, trader)
    assert trader.trades[-2].closed


@pytest.mark.parametrize("faults", [ENTRY, EXIT], ids=["during the entry", "during the exit"])
@pytest.mark.long
async def test_a_trader_whose_server_dies_at_every_step_loses_nothing(sqlite_url: str, faults: list[Fault]) -> None:
    await die_at(faults, sqlite_url)


@pytest.mark.long
async def test_a_trader_whose_server_dies_loses_nothing_on_postgresql_either(
    ready_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what has no directory beside the database goes to the working directory
    await die_at(ON_POSTGRESQL, ready_postgres_url)


@pytest.mark.parametrize(
    ("run", "lives", "seed"), [(server, 4, 0), (server, 4, 1), (command, 1, 2)], ids=["0", "1", "mesolive serve"]
)
async def test_a_trader_whose_server_dies_at_any_moment_loses_nothing(
    sqlite_url: str, run: Callable[[str], AbstractAsyncContextManager[Server]], lives: int, seed: int
) -> None:
    moments = random.Random(seed)  # noqa: S311 - the same moments each time
    token = await prepare(sqlite_url)
    trader = Trader(token)
    for _ in range(lives):
        async with run(sqlite_url) as running:
            await check(running.url, token, trader)
            trading = asyncio.create_task(until_gone(trader, running))
            await asyncio.sleep(moments.uniform(0.02, 0.8))  # the moment itself is what is tried out
            running.kill()
            await trading
    async with run(sqlite_url) as running:
        await finish(running, token, trader)
