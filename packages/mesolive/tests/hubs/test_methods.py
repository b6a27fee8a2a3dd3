"""No method of the three hubs goes untried over a real socket."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
)
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
        found = await play.kit.control.get_executions(models.GetExecutionsArgs(ExecutionIds=[known.Id, 999]))
        assert (found.Executions, found.MissingExecutionIds) == ([known], [999])
