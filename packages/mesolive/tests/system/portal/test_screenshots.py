"""Screenshots of every page of the Portal in three states: run by `make screenshots`, to be looked at by a person."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from mesolive.trading.execution.halts import halt
from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.portal import PAGES, SIMULATED, Portal, portal_of, strategy_on_both
from mesolive_testkit.server import ACCOUNT

FOLDER = os.environ.get("MESOLIVE_SCREENSHOTS")

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(FOLDER is None, reason="make screenshots"),
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("default"),
]

LOOKS = [("desktop", "dark"), ("desktop", "light"), ("phone", "dark"), ("phone", "light")]


async def shoot(portal: Portal, state: str, paths: Sequence[str]) -> None:
    """Write a picture of each page in each look."""
    assert FOLDER is not None
    for size, theme in LOOKS:
        page = await portal.open(size=size, theme=theme)
        for path in paths:
            await portal.show(page, path)
            await expect(page.locator("main h1, main .tiles").first).to_be_visible()
            await settle(portal, page)
            name = path.split("?", 1)[0].replace("/", "-") or "today"
            if path.startswith("tickets/"):
                name = "ticket-paper" if await page.get_by_test_id("paper").count() else "ticket-order"
            if "view=" in path:
                name += "-" + path.rsplit("view=", 1)[1]
            await page.screenshot(path=Path(FOLDER) / f"{state}-{name}-{size}-{theme}.png", full_page=False)
        await portal.close_pages()


async def settle(portal: Portal, page: Page) -> None:
    """Let the market move and the page show it."""
    await portal.kit.advance(0.5)
    await page.wait_for_timeout(700)


async def enter_simulated(portal: Portal, strategy: models.LiveStrategy, name: str, price: str | None) -> str:
    """Send an order for a new position: at the market, or at a price that nobody pays. Return the job."""
    job, plan = await portal.simulated_plan(strategy, name)
    (group,) = plan.LegGroups
    order = models.LegGroupOrder(
        OrderType=models.OrderType.Market if price is None else models.OrderType.Limit,
        TimeInForce=models.TimeInForce.Day,
        LimitPrice=None if price is None else Decimal(price),
        LegNames=list(plan.LegGroups[group]),
    )
    await portal.kit.control.send_order(
        models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=SIMULATED,
            ExecPlanId=plan.ExecPlanId,
            LegGroupId=group,
            LegGroupOrder=order,
        )
    )
    return job


async def test_screenshots_of_an_empty_server(tmp_path: Path, browser: Browser) -> None:
    async with portal_of(tmp_path, browser) as portal:
        await shoot(portal, "empty", PAGES)


async def test_screenshots_of_a_busy_server(tmp_path: Path, browser: Browser) -> None:
    async with portal_of(tmp_path, browser) as portal:
        strategy = await strategy_on_both(portal.kit)
        await portal.kit.strategy(StrategyName="Condor, weekly")
        first = await portal.kit.enter(strategy.Id, "Condor #1")
        for number in (2, 3):
            await portal.kit.enter(strategy.Id, f"Condor #{number}")
        await enter_simulated(portal, strategy, "Condor on the venue", None)
        job = await enter_simulated(portal, strategy, "Condor that waits", "-60.00")
        closed = await portal.kit.enter(strategy.Id, "Condor, closed")
        await portal.kit.leave(closed.PositionId)
        for _ in range(130):
            await portal.kit.advance(1)
        details = [f"positions/{first.PositionId}", f"positions/{closed.PositionId}", "orders/1"]
        paper = await portal.kit.prepare_entry(strategy.Id, name="Condor #5")
        tickets = [f"tickets/{job}?kind=entry", f"tickets/{paper.JobId}?kind=entry"]
        views = ["positions?view=graphs", "positions?view=tv", f"strategies/{strategy.Id}", "rollups/expiration"]
        await shoot(portal, "busy", [*PAGES, *details, *tickets, *views])


async def test_screenshots_of_a_broken_server(tmp_path: Path, browser: Browser) -> None:
    async with portal_of(tmp_path, browser) as portal:
        strategy = await strategy_on_both(portal.kit)
        entered = await portal.kit.enter(strategy.Id, "Condor #1")
        application = portal.kit.application
        await halt(application.database, "the feed of SPX was lost", application.clock.now(), ACCOUNT)
        await shoot(
            portal, "broken", ["", "positions", f"positions/{entered.PositionId}", "orders", "signals", "server"]
        )
