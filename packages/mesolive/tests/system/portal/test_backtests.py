"""Backtests in the browser: started, watched, read, compared; and what goes wrong with them."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from mesolive_sdk import models
from mesolive_testkit.portal import RECORD_PAINTING, Portal, kit_of, painted_texts
from mesolive_testkit.server import definition

pytestmark = pytest.mark.asyncio(loop_scope="session")

HANGS = 15 * 60_000
"""A day of a simulated market takes seconds in a process of its own; this many milliseconds only a run that hangs."""

DAY = "2026-01-05"


async def fill_days(page: Page, first: str = DAY, last: str = DAY) -> None:
    """Type the first and the last day."""
    await page.get_by_label("first day").fill(first)
    await page.get_by_label("last day").fill(last)


async def run(page: Page, fill: str) -> None:
    """Run a backtest of one day: the server runs one at a time."""
    rows = page.locator("tr[data-backtest]")
    before = await rows.count()
    await page.get_by_test_id("new-backtest").click()
    await page.get_by_label("name of the run").fill(f"run {fill}")
    await page.get_by_role("combobox", name=re.compile("^model")).select_option(fill)
    await page.get_by_label("looks every").select_option("3600")
    await fill_days(page)
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
    compared = page.get_by_test_id("compared")
    await expect(compared.locator("tbody tr").first).to_be_visible()
    await expect(page.get_by_role("dialog")).to_contain_text("AtBidAsk")
    figures = await portal.kit.control.compare_backtests(
        models.CompareBacktestsArgs(First=listed[0].BacktestId, Second=listed[1].BacktestId)
    )
    gap = next(each.Difference for each in figures.Figures if each.Name == "End")
    assert gap is not None
    row = await compared.get_by_role("row").filter(has_text="value at the end").locator("td").all_inner_texts()
    assert abs(Decimal(row[-1].replace("\u2212", "-").replace(",", ""))) == abs(gap) != 0
    await page.keyboard.press("Escape")
    await portal.visit(page, f"backtests/{listed[0].BacktestId}")
    results = page.get_by_test_id("results")
    assert whole.Results.PnL is not None
    shown = f"{abs(whole.Results.PnL):,.2f}"
    await expect(results).to_contain_text(shown)
    await expect(page.locator("canvas")).to_have_count(3)
    await page.get_by_role("tab", name="Trades").click()
    trades = await portal.kit.control.get_backtest_trades(
        models.GetBacktestTradesArgs(BacktestId=listed[0].BacktestId, Limit=500)
    )
    await expect(page.get_by_role("tabpanel").locator("tbody tr")).to_have_count(max(1, trades.Total))
    async with page.expect_download() as download:
        await page.get_by_role("button", name="CSV").click()
    kept = (await (await download.value).path()).read_text()
    assert len(kept.splitlines()) == 1 + trades.Total
    # A position's reasons begin with those of its entry.
    await page.get_by_role("tab", name="Positions").click()
    await page.get_by_role("tabpanel").locator("tbody button").first.click()
    reasons = page.get_by_test_id("reasons").locator("tbody tr")
    await expect(reasons.first).to_contain_text("entry")
    await expect(reasons.first).to_contain_text("legs were selected")
    await page.get_by_label("only what was done").uncheck()
    await expect(reasons.nth(1)).to_be_visible()
    await page.get_by_role("tab", name="Values").click()
    ends = await page.get_by_role("tabpanel").locator("tbody tr").last.locator("td").all_inner_texts()
    assert Decimal(ends[1].replace(",", "")) == whole.Results.End
    await page.get_by_role("tab", name="Terms").click()
    assert whole.Command is not None
    await expect(page.get_by_test_id("command")).to_have_text(whole.Command)
    # Its curves have the times of the exchange, wherever the browser is.
    context = await portal.signed_in(zone="Asia/Tokyo")
    await context.add_init_script(RECORD_PAINTING)
    afar = await context.new_page()
    await portal.show(afar, f"backtests/{listed[0].BacktestId}")
    await expect(afar.locator("canvas")).to_have_count(3)
    times = {text for text in await painted_texts(afar) if re.fullmatch(r"\d\d:\d\d", text)}
    assert times
    assert all("09:30" <= time <= "16:00" for time in times)


@pytest.mark.timeout(2000)
async def test_a_form_names_what_is_wrong_and_a_run_that_fails_is_mended_and_run_again(portal: Portal) -> None:
    broken = await portal.kit.strategy(StrategyName="broken for replay", Symbol="AAPL")
    page = await portal.page(f"backtests?strategy={broken.Id}")
    start = page.get_by_test_id("start-backtest")
    await expect(page.get_by_role("dialog").get_by_role("combobox", name="strategy")).to_have_value(str(broken.Id))
    await fill_days(page, "2026-01-06", "2026-01-05")
    await expect(page.get_by_test_id("start-lock")).to_contain_text("before the first")
    await expect(start).to_be_disabled()
    await fill_days(page)
    await page.get_by_label("cash").fill("much")
    await expect(page.get_by_test_id("start-lock")).to_have_text("cash: a number is expected")
    await page.get_by_label("cash").fill("-5")
    await start.click()
    # The server's own words stand beside the form, which stays as it was typed.
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Cash: expected 0 or more")
    await page.get_by_label("cash").fill("50000")
    await fill_days(page, "", "")
    await start.click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        "the definition has no Backtest.Start"
    )
    await fill_days(page)
    await start.click()
    row = page.locator("tr[data-backtest='broken for replay']")
    await expect(row.get_by_test_id("run-state")).to_have_text("failed", timeout=HANGS)
    await expect(row.get_by_test_id("run-message")).to_contain_text("the strategy trades AAPL, and the market has SPX")
    await row.get_by_role("link").click()
    await expect(page.get_by_test_id("run")).to_contain_text("without results")
    idle = await portal.kit.strategy(
        StrategyName="idle", Entry=definition()["Entry"] | {"Conditions": ["underlying_price < 0"]}
    )
    await page.get_by_test_id("again").click()
    form = page.get_by_role("dialog")
    await expect(form.get_by_label("cash")).to_have_value("50000")
    await expect(form.get_by_label("first day")).to_have_value(DAY)
    # Of a strategy that enters nothing: an empty result says where its reasons are.
    await form.get_by_role("combobox", name="strategy").select_option(str(idle.Id))
    await form.get_by_label("name of the run").fill("of nothing")
    await form.get_by_label("looks every").select_option("3600")
    await start.click()
    await expect(page.get_by_test_id("results")).to_be_visible(timeout=HANGS)
    await expect(page.get_by_role("heading", name="of nothing")).to_be_visible()
    await expect(page.get_by_test_id("results").get_by_test_id("unknown").first).to_have_attribute(
        "title", "no position was closed"
    )
    await page.get_by_role("button", name="See why not").click()
    await expect(page.get_by_test_id("reasons")).to_contain_text("underlying_price < 0")


async def test_a_long_run_is_watched_and_cancelled_on_its_own_page(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="long")
    long = await portal.kit.control.start_backtest(
        models.StartBacktestArgs(StrategyId=strategy.Id, From=DAY, To="2027-01-05", EverySeconds=10)
    )
    page = await portal.page(f"backtests/{long.BacktestId}")
    await expect(page.get_by_test_id("run-state")).to_have_text("running")
    await expect(page.get_by_role("progressbar")).to_be_visible()
    other = await portal.open("backtests")
    await expect(other.locator("tr[data-backtest=long]").get_by_role("progressbar")).to_be_visible()
    # A second one is refused with what can be done about it.
    await other.get_by_test_id("new-backtest").click()
    await fill_days(other)
    await other.get_by_test_id("start-backtest").click()
    await expect(other.get_by_role("dialog").get_by_role("alert")).to_contain_text("wait for it, or cancel it")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_test_id("run-state")).to_have_text("cancelled")
    await expect(other.locator("tr[data-backtest=long]").get_by_test_id("run-state")).to_have_text("cancelled")


async def test_a_run_that_a_restart_of_the_server_ended_says_so_and_is_run_again(
    tmp_path: Path, browser: Browser
) -> None:
    async with kit_of(tmp_path) as kit:
        portal = Portal(kit, browser)
        port = kit.application.settings.port
        strategy = await kit.strategy(StrategyName="interrupted")
        long = await kit.control.start_backtest(
            models.StartBacktestArgs(StrategyId=strategy.Id, From=DAY, To="2027-01-05", EverySeconds=10)
        )
        page = await portal.open(f"backtests/{long.BacktestId}")
        await expect(page.get_by_test_id("run-state")).to_have_text("running")
    await expect(page.get_by_test_id("link")).to_contain_text("connection lost")
    await expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    async with kit_of(tmp_path, port=port) as kit:
        await expect(page.get_by_test_id("run-state")).to_have_text("failed")
        await expect(page.get_by_test_id("run-message")).to_contain_text("the server ended while it ran")
        await page.get_by_test_id("again").click()
        await expect(page.get_by_role("dialog").get_by_label("last day")).to_have_value("2027-01-05")
        await portal.close_pages()
