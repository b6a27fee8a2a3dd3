"""The autopilot as a command: acts once on what is on, and shows what it did."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive.store.tables.trading import accounts
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive_examples_testkit import Shell
from mesolive_sdk import models
from mesolive_sdk.automation import Memory, Task, TaskKind
from mesolive_testkit.server import definition, live_server

EXAMPLE = "autopilot_example"
SIM = "SIM1000"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shell(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    async with live_server(tmp_path_factory.mktemp("server")) as kit:
        yield Shell(kit)


async def test_the_autopilot_acts_once_on_an_active_signal_and_remembers_it(shell: Shell, tmp_path: Path) -> None:
    rules = {**definition()["Entry"], "Schedule": None, "Concurrency": {"MaxPositionsInFlight": 1}}
    strategy = await shell.kit.strategy(Entry=rules)
    await shell.kit.application.signals.evaluate()
    memory = tmp_path / "memory.sqlite3"
    arguments = ("run", "--memory", memory, "--once", "--commission", "0.65", "--strategy-id", strategy.Id)
    first = await shell.ok(EXAMPLE, *arguments)
    lines = first.output.splitlines()
    assert all(f"entry {strategy.Id} ML1000: " in line for line in lines)
    assert [line.split()[2] for line in lines] == ["signal", "plan", "decision", "outcome"]
    assert lines[-1].endswith(": done")
    second = await shell.ok(EXAMPLE, *arguments)
    assert second.output == ""
    listed = await shell.kit.control.list_positions(models.ListPositionsArgs(LiveStrategyId=strategy.Id))
    assert [position.State.name for position in listed.Positions] == ["Open"]
    (lines,) = (await shell.ok(EXAMPLE, "tasks", "--memory", memory, "--json")).json()
    assert (lines["Signal"], lines["State"]) == ("entry", "done")
    assert "ML1000" in (await shell.ok(EXAMPLE, "tasks", "--memory", memory)).output


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def venue(shell: Shell) -> str:
    """Return an account at the simulated venue."""
    application = shell.kit.application
    await application.accounts.create_simulated(await application.access.user("trader"), SIM, Decimal(100_000))
    return SIM


@pytest_asyncio.fixture(loop_scope="module")
async def strategy_id(shell: Shell, venue: str) -> int:
    """Return a strategy whose entry signal is on, on the account at the venue."""
    rules = {**definition()["Entry"], "Schedule": None, "Concurrency": {"MaxPositionsInFlight": 9}}
    made = await shell.kit.control.create_strategy(
        models.CreateStrategyArgs(
            StrategyDefinition=definition(Entry=rules, Settings={"Core": {"LegSelectionConstraint": "None"}}),
            ActiveOnAccounts=[venue],
        )
    )
    await shell.kit.application.signals.evaluate()
    return made.Id


async def test_an_account_at_a_venue_is_not_traded_unless_it_is_named(
    shell: Shell, strategy_id: int, tmp_path: Path
) -> None:
    arguments = ("run", "--memory", tmp_path / "memory.sqlite3", "--once", "--strategy-id", strategy_id)
    run = await shell.ok(EXAMPLE, *arguments)
    assert "skipped (the account is not a paper account" in run.output


async def test_a_named_account_is_traded_by_orders_and_each_step_is_printed(
    shell: Shell, strategy_id: int, tmp_path: Path
) -> None:
    memory = tmp_path / "memory.sqlite3"
    walk = ("--step-seconds", 0.1, "--max-concession", 1, "--allow-account", SIM, "--strategy-id", strategy_id)
    lines = (await shell.ok(EXAMPLE, "run", "--memory", memory, "--once", "--json", *walk)).json_lines()
    assert [line["What"] for line in lines[:3]] == ["signal", "plan", "decision"]
    assert {line["What"] for line in lines[3:]} == {"order", "fill", "outcome"}
    orders = [line for line in lines if line["What"] == "order"]
    assert [line["Replaces"] for line in orders] == [None, *(line["Order"] for line in orders[:-1])]
    assert (lines[-1]["What"], lines[-1]["State"]) == ("outcome", "done")
    meant = (await shell.ok(EXAMPLE, "orders", "--memory", memory, "--json")).json()
    assert [intent["Order"] for intent in meant] == [str(line["Order"]) for line in orders]
    assert {intent["Outcome"] for intent in meant} == {"taken"}
    assert "taken" in (await shell.ok(EXAMPLE, "orders", "--memory", memory)).output
    forgotten = ("run", "--memory", tmp_path / "another.sqlite3", "--once", "--json", *walk)
    again = (await shell.ok(EXAMPLE, *forgotten)).json_lines()
    assert "order" not in {line["What"] for line in again}, "what a lost memory has done is found by its keys"


async def test_an_autopilot_killed_during_a_price_walk_resumes_it(
    shell: Shell, strategy_id: int, tmp_path: Path
) -> None:
    walk = ("--allow-account", SIM, "--strategy-id", strategy_id, "--max-concession", 1, "--json", "--once")
    arguments = [str(item) for item in ("run", "--memory", tmp_path / "memory.sqlite3", *walk)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mesolive_sdk_examples.autopilot_example",
        *arguments,
        "--step-seconds",
        "600",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "MESOLIVE_URL": shell.kit.url, "MESOLIVE_API_KEY": shell.kit.token},
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while True:
            line = json.loads(await process.stdout.readline())
            if line["What"] == "order":
                break
    process.kill()
    await process.communicate()
    answer = (await shell.ok(EXAMPLE, *arguments, "--step-seconds", 0.1)).json_lines()
    assert next(event["Replaces"] for event in answer if event["What"] == "order") == line["Order"]
    assert answer[-1]["State"] == "done"
    listed = await shell.kit.control.list_positions(models.ListPositionsArgs(LiveStrategyId=strategy_id))
    assert len(listed.Positions) == 1


async def test_a_position_that_needs_an_operator_ends_with_status_5(
    shell: Shell, strategy_id: int, tmp_path: Path
) -> None:
    application = shell.kit.application
    async with application.database.write() as tx:
        account = await find_account(tx, (await application.access.user("trader")).user_id, SIM)
        await set_limits(tx, account.id, Limits(max_contracts=Decimal(1)))
    memory = tmp_path / "memory.sqlite3"
    arguments = ("run", "--memory", memory, "--once", "--allow-account", SIM, "--strategy-id", strategy_id)
    run = await shell.run(EXAMPLE, *arguments)
    assert run.status == 5
    assert "1 signals need the user" in run.errors
    assert "OrderTooLarge" in run.output
    async with application.database.write() as tx:
        await set_limits(tx, account.id, Limits())


async def test_real_money_needs_a_second_option(shell: Shell, tmp_path: Path) -> None:
    application = shell.kit.application
    await application.accounts.create_paper(await application.access.user("trader"), "ML2", Decimal(1000))
    async with application.database.write() as tx:
        live = {"broker_account_id": "U1", "is_paper": False, "broker_type": models.BrokerType.Ibkr.name}
        await tx.execute(accounts.update().where(accounts.c.broker_account_id == "ML2").values(live))
    arguments = ("run", "--memory", tmp_path / "memory.sqlite3", "--once", "--allow-account", "U1", "--strategy-id", 0)
    refused = await shell.run(EXAMPLE, *arguments)
    assert (refused.status, "real money" in refused.errors) == (3, True)
    await shell.ok(EXAMPLE, *arguments, "--allow-live")
    unknown = await shell.run(EXAMPLE, *arguments, "--allow-live", "--allow-account", "SIM9")
    assert (unknown.status, "SIM9" in unknown.errors) == (1, True)


async def test_a_position_that_is_left_alone_is_shown_and_released(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"
    with Memory(path) as memory:
        task = Task("e", 1, TaskKind.ENTRY, 1, "a strategy", SIM, None, None, datetime(2026, 1, 5, tzinfo=UTC))
        memory.take([task], [], 1)
        memory.stop(task, 7, "a part is filled")
    assert "Left alone" in (await shell.ok(EXAMPLE, "tasks", "--memory", path)).output
    assert "traded again" in (await shell.ok(EXAMPLE, "release", "--memory", path, "--position-id", 7)).output
    again = await shell.run(EXAMPLE, "release", "--memory", path, "--position-id", 7)
    assert (again.status, "not left alone" in again.errors) == (1, True)


async def test_a_wrong_commission_and_a_missing_memory_are_refused(shell: Shell, tmp_path: Path) -> None:
    memory = tmp_path / "memory.sqlite3"
    wrong = await shell.run(EXAMPLE, "run", "--memory", memory, "--commission", "much")
    assert wrong.status == 2
    too_far = await shell.run(EXAMPLE, "run", "--memory", memory, "--max-concession", "1.5")
    assert (too_far.status, "from 0 to 1" in too_far.errors) == (2, True)
    missing = await shell.run(EXAMPLE, "tasks", "--memory", memory)
    assert missing.status == 1
    assert "no such file" in missing.errors
