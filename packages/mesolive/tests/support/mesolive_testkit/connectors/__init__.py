"""A live server with connectors of kind `simulated`, whose market time is a session on a Monday."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from mesolive.assembly import Overrides
from mesolive.connectors.supervisor import SupervisionConfig
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.tasks import BackOff
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_testkit.server import SPX, UNHURRIED, Kit, definition

QUICK = SupervisionConfig(
    connect_seconds=60.0,
    call_seconds=60.0,
    test_seconds=60.0,
    lost_seconds=0.05,
    retry=BackOff(first=0.05, longest=0.1),
)
IN_SESSION = {"start": "2026-01-05T16:00:00Z", "hours": "always"}
"""Settings of a simulated connector whose market is open whenever the test runs."""

SECONDS = 60.0
ACCOUNT = "SIM1000"
"""The account of a simulated connector by default."""


@asynccontextmanager
async def running_live(
    directory: Path, *, user: str = "trader", supervision: SupervisionConfig = QUICK, **changes: Any
) -> AsyncGenerator[Kit]:
    """Run a server in live mode with a user; a directory that was used before is gone on with."""
    settings = Settings(port=0, database=f"sqlite:///{directory / 'mesolive.sqlite3'}")
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(
            serving(replace(settings, **changes), Overrides(supervision=supervision, send_limits=UNHURRIED))
        )
        made = await application.access.create_key(user)
        kit = Kit(application, made.token, stack)
        kit.control = await kit.client(MesoLiveControlHubClient)
        yield kit


async def add(kit: Kit, name: str = "sim", secrets: dict[str, str] | None = None, **settings: str) -> None:
    """Add a simulated connector, disabled."""
    await kit.control.add_connector(
        models.AddConnectorArgs(Name=name, Kind="simulated", Settings={**IN_SESSION, **settings}, Secrets=secrets or {})
    )


async def enabled(kit: Kit, name: str = "sim", secrets: dict[str, str] | None = None, **settings: str) -> None:
    """Add a simulated connector, enable it, and wait until it is connected."""
    await add(kit, name, secrets, **settings)
    await kit.control.enable_connector(models.ConnectorArgs(Name=name))
    await until(kit, lambda item: item.State.value in {"Connected", "Restricted"} and bool(item.Accounts), name)


async def until(kit: Kit, condition: Callable[[models.ConnectorInfo], bool], name: str = "sim") -> models.ConnectorInfo:
    """Wait until a connection is as wanted, and return it."""
    async with asyncio.timeout(SECONDS):
        while True:
            for item in (await kit.control.list_connectors()).Connectors:
                if item.Name == name and condition(item):
                    return item
            await asyncio.sleep(0.02)


async def prepared(
    kit: Kit, account: str = ACCOUNT, name: str = "over a connector"
) -> models.GetPreparePositionEntryStatusResult:
    """Import the sample strategy for an account, prepare an entry, and return the job's final status."""
    strategy = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[account])
    )
    job = await kit.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName=name,
            StrategyId=strategy.Id,
            BrokerAccountId=account,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    return await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))


async def send(kit: Kit, plan: models.PreparePositionEntryResult, account: str = ACCOUNT) -> None:
    """Send every leg group of a plan at the market, one after another, and wait until the position is open."""
    for group, names in plan.LegGroups.items():
        await kit.control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=new_idempotency_key(),
                BrokerAccountId=account,
                ExecPlanId=plan.ExecPlanId,
                LegGroupId=group,
                LegGroupOrder=models.LegGroupOrder(
                    OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=names
                ),
            )
        )
    async with asyncio.timeout(60):
        while True:
            positions = (await kit.control.list_positions()).Positions
            if positions and positions[0].State is models.LivePositionState.Open:
                return
            await asyncio.sleep(0.05)
