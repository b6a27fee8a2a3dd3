"""What 50 open pages cost the server more than the same streams by SDK clients: processor time of its process.

A server with 20 positions and a market that changes ten times a second runs in this process; browsers' connections
(cookie, three JSON WebSockets, `Origin`, no negotiation) and SDK clients take turns, each in a process of its own.
`MESOLIVE_BENCH_PAGES` says how many. A busy machine delivers fewer items in a second, so that the judged figure is the
processor time per item, and the share of a core follows from the items of both.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from bench.report import Figure
from mesolive.assembly import Overrides
from mesolive.clock import ManualClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job

PAGES = int(os.environ.get("MESOLIVE_BENCH_PAGES", "50"))
POSITIONS = 20
HERTZ = 10
SECONDS = 8.0
ROUNDS = 3
ACCOUNT = "ML1000"
START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turn:
    """Processor time of the server's process and items that arrived, within some seconds."""

    used: float
    items: int
    seconds: float


async def enter(control: MesoLiveControlHubClient, strategy: int, number: int) -> None:
    """Open one paper position."""
    spx = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName=f"Condor #{number}",
            StrategyId=strategy,
            BrokerAccountId=ACCOUNT,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.None_,
            Underlying=spx,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    plan = (await wait_for_job(lambda: control.get_prepare_position_entry_status(args))).Result
    if plan is None:
        raise RuntimeError("an entry could not be prepared")
    fills = {
        name: models.PaperLegFill(Price=round(plan.LegPrices[name].Mark or Decimal(1), 2), Commission=Decimal(0))
        for name in plan.SelectedLegs
    }
    await control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=plan.ExecPlanId,
            PaperLegFills=fills,
        )
    )


@asynccontextmanager
async def running() -> AsyncGenerator[tuple[str, str]]:
    """Run the server with its positions and a market that moves; yield its address and a key."""
    clock = ManualClock(START)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(
            port=0, database=f"sqlite:///{directory}/bench.sqlite3", max_streams=PAGES * (POSITIONS + 2)
        )
        async with serving(settings, Overrides((market, clock))) as application:
            token = (await application.access.create_key("bench")).token
            user = await application.access.user("bench")
            await application.accounts.create_paper(user, ACCOUNT, Decimal(100_000_000))
            async with MesoLiveControlHubClient(application.url, token) as control:
                made = await control.create_strategy(
                    models.CreateStrategyArgs(StrategyDefinition=iron_condor(), ActiveOnAccounts=[])
                )
                for number in range(POSITIONS):
                    await enter(control, made.Id, number)
            moving = asyncio.create_task(move(clock))
            try:
                yield application.url.rstrip("/"), token
            finally:
                moving.cancel()


async def move(clock: ManualClock) -> None:
    """Let the market change `HERTZ` times a second."""
    while True:
        started = time.perf_counter()
        await clock.advance(1 / HERTZ)
        await asyncio.sleep(max(0.0, 1 / HERTZ - (time.perf_counter() - started)))


async def turn(url: str, token: str, kind: str) -> Turn:
    """Run the clients of a kind, and measure while all of them follow."""
    arguments = ["-m", "bench._page_clients", url, token, kind, str(PAGES), str(POSITIONS)]
    clients = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    reader, writer = clients.stdout, clients.stdin
    if reader is None or writer is None:
        raise RuntimeError("the clients have no pipes")

    async def items() -> int:
        writer.write(b"\n")
        return int(await reader.readline())

    try:
        if await reader.readline() != b"ready\n":
            raise RuntimeError(f"the clients of the kind {kind} have failed")
        before, started, used = await items(), time.perf_counter(), time.process_time()
        await asyncio.sleep(SECONDS)
        used, seconds = time.process_time() - used, time.perf_counter() - started
        return Turn(used, await items() - before, seconds)
    finally:
        writer.close()
        await clients.wait()


async def measure() -> list[Figure]:
    """Return the figures: each round has clients of both kinds, for the load of the machine is that of both."""
    turns: dict[str, list[Turn]] = {"browser": [], "sdk": []}
    async with running() as (url, token):
        for _ in range(ROUNDS):
            for kind, of in turns.items():
                of.append(await turn(url, token, kind))
    per_item = {kind: statistics.median(each.used / each.items for each in of) for kind, of in turns.items()}
    rate = statistics.median(each.items / each.seconds for of in turns.values() for each in of)
    more = (per_item["browser"] - per_item["sdk"]) * rate * 100
    return [
        Figure(f"{PAGES} pages more than SDK clients", more, "% of a core", target=15),
        Figure("an item to a page : to an SDK client", per_item["browser"] / per_item["sdk"], "ratio"),
        *(
            Figure(
                f"process of the server, {PAGES} clients, {kind}",
                statistics.median(each.used / each.seconds for each in of) * 100,
                "% of a core",
            )
            for kind, of in turns.items()
        ),
        Figure("items", rate, "a second"),
    ]


def run() -> Sequence[Figure]:
    """Measure."""
    return asyncio.run(measure())
