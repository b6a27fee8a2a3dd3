"""No method of the three hubs goes untried over a real socket."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mesolive.hubs.control import ControlHub
from mesolive.hubs.data import DataHub
from mesolive.hubs.event import EventHub
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
)
from mesolive_testkit.paths import DOCS
from mesolive_testkit.signals import short_put, stage

TESTS = Path(__file__).parents[1]
NO_CALLS = {"start", "stop", "state", "timeout", "path", "remove_handler"}


@pytest.mark.parametrize("client", [MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient])
def test_every_method_is_called_by_a_test_of_the_server(client: type) -> None:
    """The tests of this package call the clients of the SDK against a server on a real socket."""
    text = "\n".join(path.read_text() for path in sorted(TESTS.rglob("*.py")))
    methods = [name for name in dir(client) if not name.startswith(("_", "on_")) and name not in NO_CALLS]
    assert len(methods) > 3
    assert [name for name in methods if not re.search(rf"\.{name}\b", text)] == []


PUBLISHED = frozenset(
    re.findall(
        r"\w+",
        """
    GetIdempotencyRecord ListAgents ListAccounts GetAccount CreateStrategy UpdateStrategy RenameStrategy
    DeleteStrategy ListStrategies GetStrategy ListPositions GetPosition ListLegs GetLeg GetLegs ApplyPaperFills
    SendOrder CancelOrder GetOrder ListOrders ListExecutions GetExecution GetExecutions
    StartPreparePositionEntry GetPreparePositionEntryStatus CancelPreparePositionEntry StartPreparePositionExit
    GetPreparePositionExitStatus CancelPreparePositionExit StartPreparePositionAdjustment
    GetPreparePositionAdjustmentStatus CancelPreparePositionAdjustment StreamPositionData GetPositionSnapshot
    StreamLegData GetLegSnapshot StreamLegsData GetLegsSnapshot StreamComboContractsData
    GetComboContractsSnapshot StreamContractData GetContractSnapshot StreamUnderlyingData GetUnderlyingSnapshot
    SubscribeToStrategies UnsubscribeFromStrategies GetLatestEventSeqId GetEventsSince
    """,
    )
)
"""The methods of the published API; all others are extensions."""


def test_every_extension_is_in_the_table_of_methods_and_nothing_else_is() -> None:
    offered = offered_methods()
    assert offered >= PUBLISHED
    page = (DOCS / "portal.md").read_text()
    table = page[page.index("## Methods for operators") : page.index("## What the pages needed of the server")]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows if "(event)" not in row[1] for name in re.findall(r"`(\w+)`", row[1])}
    assert named - PUBLISHED == offered - PUBLISHED
    assert all(len(row[2].strip()) > 10 for row in rows)


def offered_methods() -> set[str]:
    """Return the names of the methods of the three hubs."""
    return {
        options.name
        for hub in (ControlHub, DataHub, EventHub)
        for name in dir(hub)
        if (options := getattr(getattr(hub, name), "__signalr_hub_method__", None)) is not None
    }


def test_what_the_pages_needed_names_methods_fields_and_tests_that_exist() -> None:
    page = (DOCS / "portal.md").read_text()
    table = page[page.index("## What the pages needed of the server") : page.index("## What is measured")]
    rows = [[re.findall(r"`([^`]+)`", cell) for cell in line.split("|")] for line in table.splitlines()]
    needs = [row for row in rows if len(row) == 7 and row[5]]
    assert len(needs) == 18
    known = offered_methods() | set(models.EVENT_MODELS)
    for *_, methods, fields, tests, _end in needs:
        assert methods
        assert set(methods) - known == set()
        for name in fields:
            model, field = name.split(".")
            assert field in getattr(models, model).__struct_fields__, name
        text = "".join((TESTS / path).read_text() for path in tests)
        for method in set(methods) & offered_methods() - PUBLISHED:
            assert re.search(rf"\b{snake(method)}\b|\b{method}Args\b", text), f"no test of {tests} calls {method}"


def snake(method: str) -> str:
    """Return the SDK's name of a method."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method).lower()


async def test_executions_are_got_by_their_ids_and_an_ended_exit_is_not_cancelled(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        _, position_id = await play.enter(short_put())
        job = await play.kit.prepare_exit(position_id)
        args = models.CancelPreparePositionExitArgs(IdempotencyKey=new_idempotency_key(), JobId=job.JobId)
        cancelled = await play.kit.control.cancel_prepare_position_exit(args)
        assert (cancelled.JobId, cancelled.Status) == (job.JobId, models.PreparationStatus.Completed)
        (known,) = (
            await play.kit.control.list_executions(models.ListExecutionsArgs(PositionId=position_id))
        ).Executions
        executions = await play.kit.control.get_executions(models.GetExecutionsArgs(ExecutionIds=[known.Id, 999]))
        assert (executions.Executions, executions.MissingExecutionIds) == ([known], [999])
