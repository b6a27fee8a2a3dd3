"""Server of the Portal's benchmarks: open iron condors on a paper account, and a market that changes steadily."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mesolive.assembly import Overrides
from mesolive.clock import ManualClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job

ACCOUNT = "ML1000"
START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
SPX = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")


@dataclass(frozen=True, slots=True)
class CondorServer:
    """A running server with open positions; `url` has no slash at its end."""

    url: str
    token: str
    clock: ManualClock
    control: MesoLiveControlHubClient
    positions: list[int]


@asynccontextmanager
async def condor_server(
    count: int, sections: Mapping[str, Any] | None = None, *, max_streams: int = 1_000
) -> AsyncGenerator[CondorServer]:
    """Run a server in this process, and open positions on it.

    Parameters
    ----------
    count
        Positions to open.
    sections
        Sections of the iron condor's definition to replace.
    max_streams
        Streams that one user may have open.
    """
    clock = ManualClock(START)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(port=0, database=f"sqlite:///{directory}/bench.sqlite3", max_streams=max_streams)
        async with serving(settings, Overrides((market, clock))) as application:
            token = (await application.access.create_key("bench")).token
            user = await application.access.user("bench")
            await application.accounts.create_paper(user, ACCOUNT, Decimal(100_000_000))
            async with MesoLiveControlHubClient(application.url, token) as control:
                strategy = await control.create_strategy(
                    models.CreateStrategyArgs(
                        StrategyDefinition={**iron_condor(), **(sections or {})}, ActiveOnAccounts=[]
                    )
                )
                positions = [await _enter(control, strategy.Id, number) for number in range(1, count + 1)]
                yield CondorServer(application.url.rstrip("/"), token, clock, control, positions)


async def _enter(control: MesoLiveControlHubClient, strategy: int, number: int) -> int:
    """Open one paper position and return its id."""
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName=f"Condor #{number}",
            StrategyId=strategy,
            BrokerAccountId=ACCOUNT,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.None_,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    plan = (await wait_for_job(lambda: control.get_prepare_position_entry_status(args))).Result
    if plan is None:
        raise RuntimeError("an entry could not be prepared")
    fills = {
        name: models.PaperLegFill(Price=round(plan.LegPrices[name].Mark or Decimal(1), 2), Commission=Decimal(0))
        for name, leg in plan.SelectedLegs.items()
        if leg.Qty != 0
    }
    applied = await control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=plan.ExecPlanId,
            PaperLegFills=fills,
        )
    )
    return applied.PositionId


async def move(clock: ManualClock, hertz: float) -> None:
    """Let the market change `hertz` times a second, until the task is cancelled."""
    while True:
        started = time.perf_counter()
        await clock.advance(1 / hertz)
        await asyncio.sleep(max(0.0, 1 / hertz - (time.perf_counter() - started)))
