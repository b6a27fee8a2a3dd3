"""Screenshots of every page of the Portal in four states: run by `make screenshots`, to be looked at by a person."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from mesolive.access.context import Role
from mesolive.trading.execution.halts import halt
from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.portal import PAGES, SIMULATED, Portal, kit_of, portal_of, strategy_on_both
from mesolive_testkit.portal_trouble import bad_day
from mesolive_testkit.server import ACCOUNT

FOLDER = os.environ.get("MESOLIVE_SCREENSHOTS")

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(FOLDER is None, reason="make screenshots"),
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("default"),
]

LOOKS = [("desktop", "dark"), ("desktop", "light"), ("phone", "dark"), ("phone", "light")]


async def whole(page: Page, file: Path, *, windowed: bool) -> None:
    """Write a picture of all of a page: the window grows to its height, so that bars stand where a person sees them.

    What fills a window by itself keeps the window that it has.
    """
    size = page.viewport_size
    assert size is not None
    if not windowed:
        for _ in range(2):  # what is as high as the window grows with it
            height = await page.evaluate("document.documentElement.scrollHeight")
            await page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
            await page.wait_for_timeout(100)
    await page.screenshot(path=file)
    await page.set_viewport_size(size)


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
                await expect(page.get_by_test_id("paper").or_(page.get_by_test_id("group")).first).to_be_visible()
                name = "ticket-paper" if await page.get_by_test_id("paper").count() else "ticket-order"
            if "view=" in path:
                name += "-" + path.rsplit("view=", 1)[1]
            await whole(page, Path(FOLDER) / f"{state}-{name}-{size}-{theme}.png", windowed="view=tv" in path)
        await portal.close_pages()


@dataclass(frozen=True)
class Busy:
    """What the busy server holds, by the addresses of its pages."""

    strategy: int
    position: int
    venue_position: int
    ticket: str


def looks_of(page: Page, size: str, theme: str, portal: Portal) -> Callable[[str], Awaitable[None]]:
    """Return what writes a picture of a page under a name."""

    async def picture(name: str) -> None:
        await settle(portal, page)
        await page.screenshot(path=Path(FOLDER or "") / f"dialog-{name}-{size}-{theme}.png")

    return picture


async def shoot_dialogs(portal: Portal, busy: Busy) -> None:
    """Write pictures of what is opened by a press: halting, flattening, closing, reviewing, versions, keys."""
    for size, theme in (LOOKS[0], LOOKS[3]):
        page = await portal.open(size=size, theme=theme)
        picture = looks_of(page, size, theme, portal)
        await page.get_by_role("button", name="HALT").click()
        await expect(page.get_by_role("dialog", name="Stop trading")).to_be_visible()
        await picture("halt")
        await page.get_by_test_id("flatten").click()
        await expect(page.get_by_test_id("flatten-plan")).to_be_visible()
        await picture("flatten")
        await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await picture("keyboard")
        await page.keyboard.press("Escape")
        await portal.visit(page, f"strategies/{busy.strategy}")
        await page.get_by_test_id("versions").get_by_role("button", name="version 1").click()
        await expect(page.get_by_test_id("diff")).to_be_visible()
        await picture("versions")
        for name in ("liquidate", "set-closed"):
            await portal.visit(page, f"positions/{busy.venue_position}")
            await page.get_by_test_id(name).click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            await picture(name)
            await page.keyboard.press("Escape")
        for tab in ("Legs", "History", "Story", "Orders", "Executions", "Variables"):
            opened = page.get_by_role("tab", name=re.compile(f"^{tab}"))  # not History for Story
            if await opened.count():
                await opened.first.click()
                await opened.first.scroll_into_view_if_needed()
                await picture(f"position-{tab.lower()}")
        await portal.show(page, busy.ticket)
        anyway = page.get_by_label("Send anyway")
        await portal.quoted(expect(anyway.or_(page.locator("[data-testid=review]:enabled")).first).to_be_visible())
        if await anyway.count():  # the strategy's conditions do not allow this entry, and the ticket says so
            await anyway.check()
        await portal.quoted(page.get_by_test_id("review").click())
        await expect(page.get_by_test_id("send")).to_be_visible()
        await picture("review")
        await page.keyboard.press("Escape")
        await portal.visit(page, "accounts?new=1")
        await picture("new-account")
        await portal.visit(page, "settings")
        await page.get_by_test_id("access-log").scroll_into_view_if_needed()
        await picture("settings-keys")
        await portal.visit(page, "backtests")
        await page.get_by_test_id("new-backtest").click()
        await picture("new-backtest")
        await page.keyboard.press("Escape")
        await shoot_missing(portal, page, size, theme)
        await portal.close_pages()


async def shoot_missing(portal: Portal, page: Page, size: str, theme: str) -> None:
    """Write pictures of what is not there, and of the sign-in in each of its states."""
    picture = looks_of(page, size, theme, portal)
    await portal.visit(page, "positions/999999")
    await picture("no-such-position")
    await portal.visit(page, "orders/999999")
    await picture("no-such-order")
    await page.goto(f"{portal.url}/nowhere")
    await expect(page.get_by_test_id("no-such-page")).to_be_visible()
    await picture("no-such-page")
    stranger = await (await portal.context(size, theme)).new_page()
    picture = looks_of(stranger, size, theme, portal)
    await stranger.goto(portal.url)
    await expect(stranger.get_by_label("API key")).to_be_visible()
    await picture("sign-in")
    await stranger.get_by_label("API key").fill("not-a-key")
    await stranger.get_by_role("button", name="Sign in").click()
    await expect(stranger.get_by_role("alert")).to_be_visible()
    await picture("sign-in-refused")
    code = await portal.kit.application.sessions.make_code("trader", Role.WATCH)
    await stranger.goto(f"{portal.url}/login#code={code}")
    await expect(stranger.get_by_text("(watch only)").or_(stranger.get_by_test_id("link")).first).to_be_visible()
    await portal.visit(stranger, "positions")
    await picture("watch-only")
    used = await (await portal.context(size, theme)).new_page()
    await used.goto(f"{portal.url}/login#code={code}")
    await expect(used.get_by_role("alert")).to_be_visible()
    await looks_of(used, size, theme, portal)("link-used")


async def shoot_flattening(portal: Portal) -> None:
    """Write pictures of the last step of flattening, which says what became of each position, and of what follows."""
    for size, theme in (LOOKS[0], LOOKS[3]):
        page = await portal.open(size=size, theme=theme)
        picture = looks_of(page, size, theme, portal)
        await page.get_by_role("button", name="HALT").click()
        await page.get_by_test_id("flatten").click()
        await page.get_by_role("button", name="Hold to halt and flatten").hover()
        await page.mouse.down()
        await expect(page.get_by_test_id("flattened")).to_be_visible()
        await page.mouse.up()
        await picture("flattened")
        await page.get_by_text("Close", exact=True).click()
        await picture("after-flattening")
        await page.get_by_role("button", name="HALT").click()
        await picture("resume")


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


async def test_40_screenshots_of_an_empty_server(tmp_path: Path, browser: Browser) -> None:
    async with portal_of(tmp_path, browser) as portal:
        await shoot(portal, "empty", PAGES)


async def test_40_screenshots_of_a_busy_server(tmp_path: Path, browser: Browser) -> None:
    async with portal_of(tmp_path, browser) as portal:
        strategy = await strategy_on_both(portal.kit)
        await portal.kit.strategy(StrategyName="Condor, weekly")
        first = await portal.kit.enter(strategy.Id, "Condor #1")
        for number in (2, 3):
            await portal.kit.enter(strategy.Id, f"Condor #{number}")
        await enter_simulated(portal, strategy, "Condor on the venue", None)
        job = await enter_simulated(portal, strategy, "Condor that waits", "-60.00")
        reviewed, _ = await portal.simulated_plan(strategy, "Condor under review")
        closed = await portal.kit.enter(strategy.Id, "Condor, closed")
        await portal.kit.leave(closed.PositionId)
        for _ in range(130):
            await portal.kit.advance(1)
        details = [f"positions/{first.PositionId}", f"positions/{closed.PositionId}", "orders/1"]
        paper = await portal.kit.prepare_entry(strategy.Id, name="Condor #5")
        tickets = [f"tickets/{job}?kind=entry", f"tickets/{paper.JobId}?kind=entry"]
        views = ["positions?view=graphs", "positions?view=tv", f"strategies/{strategy.Id}", "rollups/expiration"]
        await shoot(portal, "busy", [*PAGES, *details, *tickets, *views])
        detail = await portal.kit.control.get_strategy(models.GetStrategyArgs(StrategyId=strategy.Id))
        changed = dict(detail.StrategyDefinition) | {"Exit": {"ProfitTarget": "2000"}}
        await portal.kit.control.update_strategy(
            models.UpdateStrategyArgs(StrategyId=strategy.Id, StrategyDefinition=changed)
        )
        listed = (await portal.kit.control.list_positions()).Positions
        on_venue = next(each.Id for each in listed if each.Name == "Condor on the venue")
        await shoot_dialogs(portal, Busy(strategy.Id, first.PositionId, on_venue, f"tickets/{reviewed}?kind=entry"))
        await shoot_flattening(portal)


async def test_40_screenshots_of_a_bad_day(tmp_path: Path, browser: Browser) -> None:
    async with portal_of(tmp_path, browser) as portal:
        trouble = await bad_day(portal)
        await shoot(portal, "trouble", [*PAGES, *trouble.paths, "positions?view=graphs"])


async def test_40_screenshots_of_a_broken_server(tmp_path: Path, browser: Browser) -> None:
    async with kit_of(tmp_path) as kit:
        portal = Portal(kit, browser)
        strategy = await strategy_on_both(kit)
        entered = await kit.enter(strategy.Id, "Condor #1")
        await halt(kit.application.database, "the feed of SPX was lost", kit.application.clock.now(), ACCOUNT)
        paths = ["", "positions", f"positions/{entered.PositionId}", "orders", "signals", "server", "build"]
        await shoot(portal, "broken", paths)
        left = [(await portal.open("positions", size, theme), size, theme) for size, theme in (LOOKS[0], LOOKS[3])]
        for page, _, _ in left:
            await expect(page.get_by_text("Condor #1").first).to_be_visible()
            await settle(portal, page)
    # The server is gone: what stands there is old, and what acts is off.
    for page, size, theme in left:
        await expect(page.get_by_test_id("link")).to_contain_text("connection lost")
        await page.wait_for_timeout(6_000)
        await page.screenshot(path=Path(FOLDER or "") / f"lost-positions-{size}-{theme}.png")
        await page.keyboard.press("Shift+H")
        await page.wait_for_timeout(500)
        await page.screenshot(path=Path(FOLDER or "") / f"lost-halt-{size}-{theme}.png")
    await portal.close_pages()
