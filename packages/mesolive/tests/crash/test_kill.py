"""The server is killed with SIGKILL while it trades: the next one finds all of it consistent and keeps each answer."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from store_testkit.crash import Trader, check, prepare, server, until_gone
from store_testkit.crash_child import Fault, When

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

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("faults", [ENTRY, EXIT], ids=["during the entry", "during the exit"])
async def test_a_trader_whose_server_dies_at_every_step_loses_nothing(tmp_path: Path, faults: list[Fault]) -> None:
    url, token = await prepare(tmp_path)
    trader = Trader(token)
    for fault in faults:
        async with server(url, fault) as running:
            await check(running.url, token, trader)  # what the one before it left
            await until_gone(trader, running)
    async with server(url) as running:
        await check(running.url, token, trader)
        async with trader.connected(running.url) as control:
            await trader.trade(control)
        await check(running.url, token, trader)
    assert trader.trades[-2].closed


@pytest.mark.parametrize("seed", range(2))
async def test_a_trader_whose_server_dies_at_any_moment_loses_nothing(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)  # noqa: S311 - the same moments each time
    url, token = await prepare(tmp_path)
    trader = Trader(token)
    for _ in range(5):
        async with server(url) as running:
            await check(running.url, token, trader)
            trading = asyncio.create_task(until_gone(trader, running))
            await asyncio.sleep(moments.uniform(0.02, 0.8))  # the moment itself is what is tried out
            running.kill()
            await trading
    async with server(url) as running:
        await check(running.url, token, trader)
        async with trader.connected(running.url) as control:
            await trader.trade(control)
        await check(running.url, token, trader)
    assert trader.trades[-2].closed
