"""The autopilot as a command: acts once on what is on, and shows what it did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive_examples_testkit import Shell
from mesolive_sdk import models
from mesolive_testkit import definition, live_server

EXAMPLE = "autopilot_example"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shell(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    async with live_server(tmp_path_factory.mktemp("server")) as kit:
        yield Shell(kit)


async def test_it_acts_once_on_what_is_on_and_remembers(shell: Shell, tmp_path: Path) -> None:
    rules = {**definition()["Entry"], "Schedule": None, "Concurrency": {"MaxPositionsInFlight": 1}}
    strategy = await shell.kit.strategy(Entry=rules)
    await shell.kit.application.signals.evaluate()
    memory = tmp_path / "memory.sqlite3"
    arguments = ("run", "--memory", memory, "--once", "--commission", "0.65", "--strategy-id", strategy.Id)
    first = await shell.ok(EXAMPLE, *arguments)
    assert f"entry {strategy.Id} ML1000" in first.output
    assert "done" in first.output
    second = await shell.ok(EXAMPLE, *arguments)
    assert second.output == ""
    listed = await shell.kit.control.list_positions(models.ListPositionsArgs(LiveStrategyId=strategy.Id))
    assert [one.State.name for one in listed.Positions] == ["Open"]
    (told,) = (await shell.ok(EXAMPLE, "tasks", "--memory", memory, "--json")).json()
    assert (told["Signal"], told["State"]) == ("entry", "done")
    assert "ML1000" in (await shell.ok(EXAMPLE, "tasks", "--memory", memory)).output


async def test_a_wrong_commission_and_a_missing_memory_are_refused(shell: Shell, tmp_path: Path) -> None:
    memory = tmp_path / "memory.sqlite3"
    wrong = await shell.run(EXAMPLE, "run", "--memory", memory, "--commission", "much")
    assert wrong.status == 2
    missing = await shell.run(EXAMPLE, "tasks", "--memory", memory)
    assert missing.status == 1
    assert "no such file" in missing.errors
