"""Backtests in the browser: started, watched, read, compared."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from mesolive_sdk import models
from mesolive_testkit.portal import Portal

pytestmark = pytest.mark.asyncio(loop_scope="session")

HANGS = 15 * 60_000
"""A day of a simulated market takes seconds in a process of its own; this many milliseconds only a run that hangs."""


async def run(page: Page, fill: str) -> None:
    """Run a backtest of one day: the server runs one at a time."""
    rows = page.locator("tr[data-backtest]")
    before = await rows.count()
    await page.get_by_test_id("new-backtest").click()
    await page.get_by_role("combobox", name=re.compile("^model")).select_option(fill)
    await page.get_by_label("looks every").select_option("3600")
    for day in ("first day", "last day"):
        await page.get_by_label(day).fill("2026-01-05")
    await page.get_by_test_id("start-backtest").click()
    await expect(rows).to_have_count(before + 1)
    await expect(rows.filter(has_text="completed")).to_have_count(before + 1, timeout=HANGS)


@pytest.mark.timeout(2000)
async def test_two_backtests_are_started_watched_read_and_compared(portal: Portal) -> None:
    await portal.kit.strategy(StrategyName="replayed")
    page = await portal.page("backtests")
    await run(page, "AtMidPrice")
    await run(page, "AtBidAsk")
    listed = (await portal.kit.control.list_backtests()).Backtests
    whole = await portal.kit.control.get_backtest_result(models.BacktestArgs(BacktestId=listed[0].BacktestId))
    boxes = page.locator("tr[data-backtest] input[type=checkbox]")
    for place in (0, 1):
        await boxes.nth(place).check()
    await page.get_by_test_id("compare").click()
    await expect(page.get_by_test_id("compared").locator("tbody tr").first).to_be_visible()
    await expect(page.get_by_role("dialog")).to_contain_text("AtBidAsk")
    await page.keyboard.press("Escape")
    await portal.visit(page, f"backtests/{listed[0].BacktestId}")
    results = page.get_by_test_id("results")
    assert whole.Results.PnL is not None
    shown = f"{abs(whole.Results.PnL):,.2f}"
    await expect(results).to_contain_text(shown)
    await expect(page.locator("canvas").first).to_be_visible()
    await page.get_by_role("tab", name="Trades").click()
    trades = await portal.kit.control.get_backtest_trades(
        models.GetBacktestTradesArgs(BacktestId=listed[0].BacktestId, Limit=500)
    )
    await expect(page.get_by_role("tabpanel").locator("tbody tr")).to_have_count(max(1, trades.Total))
    await page.get_by_role("tab", name="Reasons").click()
    await page.get_by_label("only what was done").uncheck()
    await expect(page.get_by_role("tabpanel").locator("tbody tr").first).to_be_visible()
