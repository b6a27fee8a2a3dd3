"""Preparing a four-leg entry through the Control Hub, on a whole exchange chain.

The server runs in this process on a real socket; the client waits for the preparation's event, so that no polling is in
the figure. The chain is the exchange's file of 14 September 2023 (19,920 contracts) where it lies beside the checkout,
else a generated one of like size.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bench.report import Figure
from mesolive.assembly import Overrides
from mesolive.clock import ManualClock
from mesolive.market.providers.chain_files import read_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models, new_idempotency_key

CHAIN = Path(__file__).parents[2] / "shared/data/cboe/spx-2023-09-14.csv"
RUNS = 40
ACCOUNT = "ML1000"


def market() -> tuple[Market, ManualClock]:
    """Return the market that is measured on, standing still."""
    if CHAIN.exists():
        export = read_export(CHAIN)
        clock = ManualClock(export.exported_at)
        return Market([SimulatedProvider.from_export(export, clock)]), clock
    clock = ManualClock(read_start())
    return Market([SimulatedProvider.generated(clock)]), clock


def read_start() -> datetime:
    """Return a moment inside a session."""
    return datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


async def measure() -> list[Figure]:
    """Start a server, prepare again and again, and return the figures."""
    started = time.perf_counter()
    made = market()
    loaded = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(port=0, database=f"sqlite:///{directory}/bench.sqlite3")
        async with serving(settings, Overrides(made)) as application, contextlib.AsyncExitStack() as stack:
            view = application.market.view("SPX")
            contracts = len(view.listing.strikes)
            started = time.perf_counter()
            view.warm()
            solved = time.perf_counter() - started
            token = (await application.access.create_key("bench")).token
            user = await application.access.user("bench")
            await application.accounts.create_paper(user, ACCOUNT, Decimal(100_000))
            control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
            events = await stack.enter_async_context(MesoLiveEventHubClient(application.url, token))
            strategy = await control.create_strategy(
                models.CreateStrategyArgs(StrategyDefinition=iron_condor(), ActiveOnAccounts=[ACCOUNT])
            )
            ready: asyncio.Queue[models.PositionEntryPreparationCompletedEvent] = asyncio.Queue()
            events.on_position_entry_preparation_completed(ready.put_nowait)
            await events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=[strategy.Id]))
            times: list[float] = []
            for _ in range(RUNS + 5):
                await made[1].advance(1.0)  # the market moves: nothing that was solved before serves again
                started = time.perf_counter()
                await control.start_prepare_position_entry(
                    models.PreparePositionEntryArgs(
                        IdempotencyKey=new_idempotency_key(),
                        PositionName="bench",
                        StrategyId=strategy.Id,
                        BrokerAccountId=ACCOUNT,
                        LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                        Underlying=application.market.to_live_underlying("SPX"),
                    )
                )
                await asyncio.wait_for(ready.get(), 30)
                times.append((time.perf_counter() - started) * 1000)
    times = sorted(times[5:])
    return [
        Figure("contracts in the chain", contracts, "contracts"),
        Figure("reading the chain", loaded * 1000, "ms"),
        Figure("solving the chain's volatilities, once", solved * 1000, "ms", 1000),
        Figure("prepare a four-leg entry through the hub, p50", statistics.median(times), "ms", 100),
        Figure("prepare a four-leg entry through the hub, p95", times[int(len(times) * 0.95)], "ms"),
    ]


def run() -> Sequence[Figure]:
    """Measure."""
    return asyncio.run(measure())
