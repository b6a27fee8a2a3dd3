"""The Portal: 200 rows at 10 Hz in a browser, first paint, first live number, heap; and what pages cost the server.

A server with 200 open positions and a market that changes ten times a second runs in this process; Chromium (Debian's,
without a graphics processor) shows the table of positions. `MESOLIVE_BENCH_MINUTES` says how long the heap is watched,
`MESOLIVE_BENCH_PAGES` how many pages are opened at once.
The figures of the browser are those of this machine, with whatever else it does: read them beside its load.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench.report import Figure
from mesolive.assembly import Overrides
from mesolive.clock import ManualClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.samples import iron_condor
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
)

ROWS = 200
HERTZ = 10
SECONDS = 15.0
PAGES = int(os.environ.get("MESOLIVE_BENCH_PAGES", "50"))
ACCOUNT = "ML1000"
START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
MINUTES = float(os.environ.get("MESOLIVE_BENCH_MINUTES", "2"))

WATCH = """() => {
    window.bench = {frames: [], tasks: []};
    new PerformanceObserver((list) => { for (const each of list.getEntries()) window.bench.tasks.push(each.duration); })
        .observe({entryTypes: ["longtask"]});
    let last = performance.now();
    const step = (now) => { window.bench.frames.push(now - last); last = now; requestAnimationFrame(step); };
    requestAnimationFrame(step);
}"""


@dataclass
class Bench:
    """A running server with positions, and a browser."""

    url: str
    token: str
    clock: ManualClock
    control: MesoLiveControlHubClient
    browser: Browser
    positions: list[int]

    async def signed_in(self) -> Page:
        """Return a page with a session."""
        context = await self.browser.new_context(viewport={"width": 1280, "height": 860})
        answer = await context.request.post(
            f"{self.url}/portal/session",
            headers={"X-MesoLive": "1", "Origin": self.url},
            data={"Key": self.token},
        )
        if not answer.ok:
            raise RuntimeError(await answer.text())
        return await context.new_page()


async def enter(control: MesoLiveControlHubClient, strategy: int, number: int) -> int:
    """Open one paper position and return its id."""
    job = await control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName=f"Condor #{number}",
            StrategyId=strategy,
            BrokerAccountId=ACCOUNT,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.None_,
            Underlying=models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD"),
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    result = (await wait_for_job(lambda: control.get_prepare_position_entry_status(args))).Result
    if result is None:
        raise RuntimeError("an entry could not be prepared")
    fills = {
        name: models.PaperLegFill(Price=round(result.LegPrices[name].Mark or Decimal(1), 2), Commission=Decimal(0))
        for name, leg in result.SelectedLegs.items()
        if leg.Qty != 0
    }
    applied = await control.apply_paper_fills(
        models.ApplyPaperFillsArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=result.ExecPlanId,
            PaperLegFills=fills,
        )
    )
    return applied.PositionId


@asynccontextmanager
async def running() -> AsyncGenerator[Bench]:
    """Run the server, its positions, the browser, and a market that moves."""
    chromium = os.environ.get("MESOLIVE_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("no Chromium is installed (apt-get install chromium)")
    clock = ManualClock(START)
    market = Market([SimulatedProvider.generated(clock, seed=7)])
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        settings = Settings(port=0, database=f"sqlite:///{directory}/bench.sqlite3")
        application = await stack.enter_async_context(serving(settings, Overrides((market, clock))))
        token = (await application.access.create_key("bench")).token
        user = await application.access.user("bench")
        await application.accounts.create_paper(user, ACCOUNT, Decimal(100_000_000))
        control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
        definition = iron_condor() | {"Entry": {"QtyMultiplier": "1"}, "Exit": {"StopLoss": "1e9"}}
        strategy = await control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[])
        )
        positions = [await enter(control, strategy.Id, number) for number in range(1, ROWS + 1)]
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        stack.push_async_callback(browser.close)
        moving = asyncio.create_task(move(clock))
        stack.callback(moving.cancel)
        yield Bench(application.url.rstrip("/"), token, clock, control, browser, positions)


async def move(clock: ManualClock) -> None:
    """Let the market change `HERTZ` times a second."""
    while True:
        started = time.perf_counter()
        await clock.advance(1 / HERTZ)
        await asyncio.sleep(max(0.0, 1 / HERTZ - (time.perf_counter() - started)))


async def first_load(bench: Bench) -> list[Figure]:
    """Measure the first paint and the first live number of a page that nothing is kept of."""
    paints: list[float] = []
    numbers: list[float] = []
    for _ in range(3):
        page = await bench.signed_in()
        started = time.perf_counter()
        await page.goto(f"{bench.url}/positions")
        await page.locator("[data-testid=total-pnl].gain, [data-testid=total-pnl].loss").wait_for()
        numbers.append(time.perf_counter() - started)
        paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        paints.append(float(paint) / 1000)
        await page.context.close()
    return [
        Figure("first contentful paint", statistics.median(paints), "s", target=0.5),
        Figure("first live number, 200 positions", statistics.median(numbers), "s", target=1.0),
    ]


async def frames(bench: Bench) -> list[Figure]:
    """Measure frames, long tasks and the heap of the table of positions."""
    page = await bench.signed_in()
    await page.goto(f"{bench.url}/positions")
    await page.locator("tr[data-row]").first.wait_for()
    await page.wait_for_timeout(5_000)
    rows = await page.locator("tr[data-row]").count()
    await page.evaluate(WATCH)
    await page.wait_for_timeout(SECONDS * 1000)
    seen: dict[str, Any] = await page.evaluate("window.bench")
    times: list[float] = sorted(seen["frames"][1:])

    async def heap() -> float:
        await page.request_gc()
        return float(await page.evaluate("performance.memory.usedJSHeapSize")) / 1e6

    first = await heap()
    await page.wait_for_timeout(MINUTES * 60_000)
    last = await heap()
    await page.context.close()
    return [
        Figure("rows in the page, of 200", rows, "rows"),
        Figure("frames per second", len(times) / (sum(times) / 1000), "fps", target=55, better="higher"),
        Figure("slowest frame of 99 %", times[int(len(times) * 0.99) - 1], "ms"),
        Figure("longest task", max([0.0, *seen["tasks"]]), "ms", target=100),
        Figure("heap", last, "MB", target=40),
        Figure(f"growth of the heap over {MINUTES:g} min", last - first, "MB"),
    ]


async def risk_graph(bench: Bench) -> list[Figure]:
    """Measure `GetRiskGraph` of four legs, 121 prices and four days, through the hub."""
    args = models.GetRiskGraphArgs(PositionIds=[bench.positions[0]], Points=121)
    times: list[float] = []
    for _ in range(60):
        started = time.perf_counter()
        await bench.control.get_risk_graph(args)
        times.append((time.perf_counter() - started) * 1000)
    return [Figure("GetRiskGraph, 4 legs, 121 prices, 4 days", statistics.median(times), "ms", target=5)]


async def cost_of_pages(bench: Bench) -> list[Figure]:
    """Measure what 50 open pages cost the server's process more than the same streams of SDK clients."""

    async def cpu() -> float:
        started, used = time.perf_counter(), time.process_time()
        await asyncio.sleep(SECONDS)
        return (time.process_time() - used) / (time.perf_counter() - started) * 100

    watched = bench.positions[0]
    first = await bench.signed_in()
    # Tabs of one window: only one is drawn, so that the browser leaves the processor to the server.
    pages = [first, *[await first.context.new_page() for _ in range(PAGES - 1)]]
    for page in pages:
        await page.goto(f"{bench.url}/positions/{watched}")
    await asyncio.sleep(10)
    by_pages = await cpu()
    await first.context.close()
    await asyncio.sleep(2)
    async with AsyncExitStack() as stack:

        async def read(stream: Any) -> None:  # noqa: ANN401 - any stream of the SDK
            async for _ in stream:
                pass

        readers: list[asyncio.Task[None]] = []
        for _ in range(PAGES):
            client = await stack.enter_async_context(MesoLiveDataHubClient(bench.url, bench.token))
            stream = client.stream_position_data(models.StreamPositionDataArgs(PositionId=watched))
            readers.append(asyncio.create_task(read(stream)))
        await asyncio.sleep(5)
        by_clients = await cpu()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return [
        Figure(f"process with {PAGES} pages", by_pages, "% of a core"),
        Figure(f"process with {PAGES} SDK streams, read in it", by_clients, "% of a core"),
    ]


async def measure() -> list[Figure]:
    """Return all figures."""
    async with running() as bench:
        return [
            *await first_load(bench),
            *await frames(bench),
            *await risk_graph(bench),
            *await cost_of_pages(bench),
        ]


def run() -> Sequence[Figure]:
    """Measure."""
    return asyncio.run(measure())
