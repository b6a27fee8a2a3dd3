"""The Portal: 200 rows at 10 Hz in a browser, first paint, interactions, heap; and the time of a risk graph.

A server with 200 open positions and a market that changes ten times a second runs in this process; Chromium (Debian's,
without a graphics processor) shows the table of positions. It takes about a minute on a quiet machine;
`MESOLIVE_BENCH_SECONDS=3600` keeps the page open for an hour to watch its heap. The figures of the browser are those of
this machine, with whatever else it does: read them beside its load. What pages cost the server: `bench pages`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench._condor_server import condor_server, move
from bench.report import Figure
from mesolive.clock import ManualClock
from mesolive_sdk import (
    MesoLiveControlHubClient,
    models,
)

ROWS = 200
HERTZ = 10
FRAME_SECONDS = 15.0
HEAP_SECONDS = float(os.environ.get("MESOLIVE_BENCH_SECONDS", "20"))
SAMPLES = 5
PAGES = ("Positions", "Today", "Orders", "Signals", "Strategies", "Chain", "Events", "Accounts", "Server", "Positions")
"""What is clicked through, by the words of its link."""
LOADS = 3

WATCH = """() => {
    window.bench = {frames: [], tasks: []};
    new PerformanceObserver((list) => { for (const each of list.getEntries()) window.bench.tasks.push(each.duration); })
        .observe({entryTypes: ["longtask"]});
    let last = performance.now();
    const step = (now) => { window.bench.frames.push(now - last); last = now; requestAnimationFrame(step); };
    requestAnimationFrame(step);
}"""

FIRST_NUMBER = """addEventListener("DOMContentLoaded", () => {
    const look = () => {
        if (!document.querySelector("[data-testid=total-pnl].gain, [data-testid=total-pnl].loss")) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.firstNumber = performance.now(); }, 0));
    };
    const observer = new MutationObserver(look);
    observer.observe(document, {subtree: true, childList: true, attributes: true});
})"""
"""Notes in the page when its first number was painted: the driver shares its event loop with the server."""

FOLLOWED = (
    """() => [...document.querySelectorAll("tr[data-row] td:last-child")].some((age) => /\\d/.test(age.textContent))"""
)
"""A row has an age: its values come by its stream, no longer from the list that was read first."""


INTERACTIONS = """() => {
    window.interactions = [];
    const note = (list) => {
        for (const each of list.getEntries())
            if (each.interactionId)
                window.interactions.push([each.processingEnd - each.processingStart, each.duration]);
    };
    window.watched = new PerformanceObserver(note);
    window.watched.observe({type: "event", durationThreshold: 16});
}"""
"""Notes of each press and key: how long the page's own handlers took, and how long until the next painting."""

YARDSTICK = """() => {
    const begun = performance.now();
    let sum = 0;
    for (let number = 0; number < 3e7; number += 1) sum += number % 7;
    return sum > 0 ? performance.now() - begun : 0;
}"""
"""Milliseconds of work that is the same in every page: what the machine gives a page now."""


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


@asynccontextmanager
async def running() -> AsyncGenerator[Bench]:
    """Run the server, its positions, and the browser."""
    chromium = os.environ.get("MESOLIVE_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("no Chromium is installed (apt-get install chromium)")
    async with (
        condor_server(ROWS, {"Entry": {"QtyMultiplier": "1"}, "Exit": {"StopLoss": "1e9"}}) as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield Bench(server.url, server.token, server.clock, server.control, browser, server.positions)
        finally:
            await browser.close()


async def first_load(bench: Bench) -> list[Figure]:
    """Measure the first paint and the first live number of a page that nothing is kept of."""
    paints: list[float] = []
    numbers: list[float] = []
    streamed: list[float] = []
    used: list[float] = []
    for _ in range(LOADS):
        page = await bench.signed_in()
        await page.add_init_script(FIRST_NUMBER)
        started, processor = time.perf_counter(), time.process_time()
        await page.goto(f"{bench.url}/positions")
        await page.locator("[data-testid=total-pnl].gain, [data-testid=total-pnl].loss").wait_for()
        used.append(time.process_time() - processor)
        await page.wait_for_function(FOLLOWED)
        numbers.append(float(await page.evaluate("window.firstNumber")) / 1000)
        streamed.append(time.perf_counter() - started)
        paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        paints.append(float(paint) / 1000)
        await page.context.close()
    return [
        Figure("first contentful paint", statistics.median(paints), "s", target=0.5),
        Figure(f"first live number, {ROWS} positions", statistics.median(numbers), "s", target=1.0),
        Figure("first number of a stream", statistics.median(streamed), "s"),
        Figure("processor time of the server for the first number, with the market", statistics.median(used), "s"),
    ]


async def frames(bench: Bench) -> list[Figure]:
    """Measure frames and long tasks of the table of positions, then the heap while the page stays open."""
    page = await bench.signed_in()
    await page.goto(f"{bench.url}/positions")
    await page.locator("[data-testid=total-pnl].gain, [data-testid=total-pnl].loss").wait_for()
    await page.wait_for_timeout(2_000)
    rows = await page.locator("tr[data-row]").count()
    await page.evaluate(WATCH)
    await page.wait_for_timeout(FRAME_SECONDS * 1000)
    seen: dict[str, Any] = await page.evaluate("window.bench")
    times: list[float] = sorted(seen["frames"][1:])
    await page.evaluate("window.bench = {frames: {push() {}}, tasks: {push() {}}}")  # or the heap holds the frames
    heap = await watched_heap(page)
    await page.context.close()
    return [
        Figure(f"rows in the page, of {ROWS}", rows, "rows"),
        Figure("frames per second", len(times) / (sum(times) / 1000), "fps", target=55, better="higher"),
        Figure("slowest frame of 99 %", times[int(len(times) * 0.99) - 1], "ms"),
        Figure("longest task", max([0.0, *seen["tasks"]]), "ms", target=100),
        Figure("heap, the most after a collection", max(heap), "MB", target=40),
        Figure(f"growth of the heap over {HEAP_SECONDS / 60:.3g} min", heap[-1] - heap[0], "MB", target=1),
    ]


async def interactions(bench: Bench) -> list[Figure]:
    """Click through the main pages while all rows are streamed, and measure what each press and key takes."""
    page = await bench.signed_in()
    await page.goto(f"{bench.url}/positions")
    await page.wait_for_function(FOLLOWED)
    before = float(await page.evaluate(YARDSTICK))
    await page.evaluate(INTERACTIONS)
    for name in PAGES:
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=False).first.click()
        await page.locator("main h1, main .tiles").first.wait_for()
        if name == "Positions":
            for heading in ("name", "PnL", "today"):
                await page.locator("thead").get_by_role("button", name=heading).click()
            await page.locator("tr[data-row] input[type=checkbox]").first.click()
            await page.keyboard.press("j")
            await page.keyboard.press("/")
            await page.keyboard.type("condor")
        await page.wait_for_timeout(300)
    await page.get_by_role("button", name="HALT").click()
    await page.get_by_role("dialog").wait_for()
    await page.keyboard.press("Escape")
    await page.wait_for_timeout(500)
    seen: list[list[float]] = await page.evaluate(
        "[...window.interactions, ...window.watched.takeRecords().map((each) =>"
        " [each.processingEnd - each.processingStart, each.duration])]"
    )
    yardstick = max(before, float(await page.evaluate(YARDSTICK)))
    await page.context.close()
    own = max((each[0] for each in seen), default=0.0)
    return [
        Figure("interactions that took 16 ms or more", len(seen), "events"),
        Figure("the longest that an interaction blocks, its own processing", own, "ms", target=200),
        Figure("the same, in yardsticks of the page", own / yardstick, "yardsticks"),
        Figure(
            "the longest from an interaction to the next painting", max((each[1] for each in seen), default=0.0), "ms"
        ),
    ]


async def watched_heap(page: Page) -> list[float]:
    """Return what the heap holds after a collection, in megabytes, at equal intervals."""
    inspector: Any = await page.context.new_cdp_session(page)  # its answers have no types
    result: list[float] = []
    for place in range(SAMPLES + 1):
        if place:
            await page.wait_for_timeout(HEAP_SECONDS / SAMPLES * 1000)
        await inspector.send("HeapProfiler.collectGarbage")
        usage = await inspector.send("Runtime.getHeapUsage")
        result.append(float(usage["usedSize"]) / 1e6)
        tell(f"heap after {HEAP_SECONDS / SAMPLES * place:.0f} s: {result[-1]:.2f} MB")
    return result


async def risk_graph(bench: Bench) -> list[Figure]:
    """Measure `GetRiskGraph` of four legs, 121 prices and four days, through the hub, while the market stands still."""
    args = models.GetRiskGraphArgs(PositionIds=[bench.positions[0]], Points=121)
    times: list[float] = []
    processor = time.process_time()
    for _ in range(60):
        started = time.perf_counter()
        await bench.control.get_risk_graph(args)
        times.append((time.perf_counter() - started) * 1000)
    used = (time.process_time() - processor) / len(times) * 1000
    return [
        Figure("GetRiskGraph, 4 legs, 121 prices, 4 days", statistics.median(times), "ms", target=5),
        Figure("processor time of server and client for it", used, "ms"),
    ]


def tell(text: str) -> None:
    """Say how far the bench is: its table comes at the end."""
    load = os.getloadavg()[0]
    print(f"bench portal: {text} (load {load:.1f})", file=sys.stderr, flush=True)


async def measure() -> list[Figure]:
    """Return all figures."""
    tell(f"opening {ROWS} positions")
    async with running() as bench:
        tell("risk graph")
        figures = await risk_graph(bench)
        moving = asyncio.create_task(move(bench.clock, HERTZ))
        try:
            for measured in (first_load, interactions, frames):
                tell(measured.__name__.replace("_", " "))
                figures += await measured(bench)
        finally:
            moving.cancel()
    return figures


def run() -> Sequence[Figure]:
    """Measure."""
    return asyncio.run(measure())
