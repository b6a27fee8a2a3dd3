"""A server that is told to stop ends within a bound, whatever it is doing, and loses nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesolive.samples import iron_condor
from mesolive_sdk import (
    MesoLiveApiException,
    MesoLiveControlHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
)
from mesolive_testkit.operator import command, environment, serve
from mesolive_testkit.server import SPX

HANGING = """
import asyncio, sys
from mesolive import server
from mesolive.app import Application
from mesolive.logs import configure_logs
from mesolive.settings import Settings

async def ready(application):
    print("listening", flush=True)

async def never(self):
    await asyncio.Event().wait()

configure_logs()
server.STOP_SECONDS = float(sys.argv[1])
Application.drain = never
server.run(server.serve(Settings(market="simulated", port=0), ready))
"""


@contextmanager
def hanging(cwd: Path, stop_seconds: str) -> Generator[subprocess.Popen[str]]:
    """Run a server in which one part never stops."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, stop_seconds],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "listening\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_part_that_does_not_stop_holds_the_server_for_a_bounded_time_only(tmp_path: Path) -> None:
    with hanging(tmp_path, "0.2") as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "server_stop_timed_out" in errors


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with hanging(tmp_path, "600") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        for line in process.stderr:
            if "stopping" in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "a second signal" in errors


async def record_of(control: MesoLiveControlHubClient, key: str) -> models.IdempotencyRecordStatus | None:
    """Return what became of a key; `None` when its call never arrived, so that nothing came of it."""
    try:
        record = await control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))
    except MesoLiveApiException as unknown:
        if unknown.status is models.StatusCode.NotFound:
            return None
        raise
    return record.Status


async def test_nothing_is_lost_when_it_stops_in_the_middle_of_a_preparation_an_order_and_an_evaluation(
    tmp_path: Path,
) -> None:
    token = (await asyncio.to_thread(command, tmp_path, "apikey", "create", "--user", "ann")).stdout.strip()
    account = ("account", "create-simulated", "--user", "ann", "--id", "SIM1000", "--cash", "100000")
    assert (await asyncio.to_thread(command, tmp_path, *account)).returncode == 0
    busy = {"MESOLIVE_SIGNALS_EVERY": "1"}  # an evaluation each second of a market that runs sixty times as fast
    keys = [new_idempotency_key(name) for name in ("first", "order", "second")]

    def preparing(strategy_id: int, key: str) -> models.PreparePositionEntryArgs:
        return models.PreparePositionEntryArgs(
            IdempotencyKey=key,
            PositionName=key,
            StrategyId=strategy_id,
            BrokerAccountId="SIM1000",
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )

    with serve(tmp_path, "--speed", "60", env=busy) as served:
        async with MesoLiveControlHubClient(served.url, token) as control:
            strategy = await control.create_strategy(
                models.CreateStrategyArgs(StrategyDefinition=iron_condor(), ActiveOnAccounts=["SIM1000"])
            )
            first = await control.start_prepare_position_entry(preparing(strategy.Id, keys[0]))
            status = models.GetPreparePositionEntryStatusArgs(JobId=first.JobId)
            plan = (await wait_for_job(lambda: control.get_prepare_position_entry_status(status))).Result
            assert plan is not None
            group = min(plan.LegGroups)
            order = models.LegGroupOrder(
                OrderType=models.OrderType.Market,
                TimeInForce=models.TimeInForce.Day,
                LegNames=list(plan.LegGroups[group]),
            )
            sending = control.send_order(
                models.SendOrderArgs(
                    IdempotencyKey=keys[1],
                    BrokerAccountId="SIM1000",
                    ExecPlanId=plan.ExecPlanId,
                    LegGroupId=group,
                    LegGroupOrder=order,
                )
            )
            calls: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(sending),
                asyncio.ensure_future(control.start_prepare_position_entry(preparing(strategy.Id, keys[2]))),
            ]
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            # The status would be another one if the stop had taken longer than `STOP_SECONDS`.
            assert await asyncio.to_thread(served.end, signal.SIGTERM) == 0, served.written
            await asyncio.gather(*calls, return_exceptions=True)
    assert "Traceback" not in served.written

    with serve(tmp_path, "--speed", "60", env=busy) as served:
        async with (
            MesoLiveControlHubClient(served.url, token) as control,
            MesoLiveEventHubClient(served.url, token) as events,
        ):
            records = [await record_of(control, key) for key in keys]
            assert records[0] is not None
            assert models.IdempotencyRecordStatus.Processing not in records
            sent = (await control.list_orders()).Orders
            assert len(sent) <= 1
            logged = (await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))).Events
            assert [event.EventSeqId for event in logged] == list(range(1, len(logged) + 1))
