"""The chain page in the browser: a window of strikes as the server has it, and what some contracts would make."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import expect

from mesolive_sdk import models
from mesolive_testkit.portal import Portal

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_chain_shows_the_servers_quotes_around_the_money_and_what_is_held(portal: Portal) -> None:
    strategy = await portal.kit.strategy()
    await portal.kit.enter(strategy.Id, "in the chain")
    (short,) = [leg for leg in (await portal.kit.control.list_legs()).Legs if leg.Name == "short_put"]
    expires = short.LiveContract.Expiration
    assert expires is not None
    day = date(expires.year, expires.month, expires.day).isoformat()
    root = short.LiveContract.Root
    page = await portal.page(f"chain?symbol=SPX&expiration={root}%20{day}")
    await page.get_by_label("Strikes").select_option("80")
    rows = page.get_by_test_id("chain").locator("tbody tr")
    await expect(rows).to_have_count(80)
    wanted = await portal.kit.control.get_chain(models.GetChainArgs(Symbol="SPX", Root=root, Day=day, Strikes=80))
    shown = await rows.evaluate_all("(rows) => rows.map((row) => Number(row.dataset.strike))")
    assert shown == [float(row.Strike) for row in wanted.Rows]
    strike = short.LiveContract.Strike
    assert strike is not None
    (quote,) = [row.Put for row in wanted.Rows if row.Strike == strike]
    assert quote is not None
    assert quote.Bid is not None
    row = page.locator(f"tr[data-strike='{strike.normalize():f}']")
    await expect(row).to_contain_text(f"{quote.Bid:,.2f}")
    await expect(row).to_contain_text(f"{quote.IV:.1f}")
    await expect(row.locator(".tag.bad")).to_have_text("\u22121")
    await page.get_by_label("Around which price").fill("4600")
    await expect(page.locator("tr[data-strike='4200']")).to_have_count(1)
    await page.get_by_label("Around which price").fill("")


async def test_contracts_that_are_pressed_make_a_framed_what_if_and_nothing_is_sent(portal: Portal) -> None:
    page = await portal.page("chain?symbol=SPX")
    await page.get_by_label("Strikes").select_option("80")
    await expect(page.get_by_test_id("chain").locator("tbody tr").first).to_be_visible()
    await page.get_by_label("Sell one 4900 Put in the what-if").click()
    await page.get_by_label("Buy one 4850 Put in the what-if").click()
    candidate = page.get_by_test_id("candidate")
    await expect(candidate).to_contain_text("\u22121 SPX")
    await expect(candidate.locator("canvas")).to_be_visible()
    await expect(candidate.locator(".whatif")).to_contain_text("nothing of this is held or sent")
    await portal.kit.advance(0.5)
    await expect(candidate).to_contain_text("credit")
    assert (await portal.kit.control.list_exec_plans(models.ListExecPlansArgs(Open=True))).Plans == []
    await candidate.get_by_role("button", name="clear").click()
    await expect(candidate).to_have_count(0)
