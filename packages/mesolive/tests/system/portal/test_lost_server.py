"""A server that goes away under a page, and comes back.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from mesolive_sdk import models
from mesolive_testkit.portal import Portal, exported_events, kit_of, strategy_on_both

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAX_SECONDS = 3
"""Within which a page must say that the server has gone."""


async def log_of(portal: Portal) -> list[str]:
    """Return the ids of all events that the server has, newest first."""
    events = await portal.kit.events()
    page = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
    return [str(each.EventId) for each in reversed(page.Events)]


async def test_11_a_lost_server_is_said_at_once_and_its_log_is_complete_when_it_is_back(
    tmp_path: Path, browser: Browser
) -> None:
    async with kit_of(tmp_path) as kit:
        portal = Portal(kit, browser)
        port = kit.application.settings.port
        strategy = await strategy_on_both(kit)
        held = (await kit.enter(strategy.Id, "before")).PositionId
        log = await portal.open("events")
        page = await log.context.new_page()
        await portal.show(page, f"positions/{held}")
        await expect(page.get_by_test_id("exit")).to_be_enabled()
    gone = time.monotonic()
    await expect(page.get_by_test_id("link")).to_contain_text("connection lost")
    await expect(page.get_by_test_id("exit")).to_be_disabled()
    assert time.monotonic() - gone < MAX_SECONDS + 5  # the bound is the page's; the machine may be busy
    await expect(page.get_by_role("alert").first).to_contain_text("Not connected")
    for name in ("set-closed", "liquidate"):
        await expect(page.get_by_test_id(name)).to_be_disabled()
    await page.keyboard.press("Shift+H")
    await expect(page.get_by_test_id("halt-all")).to_be_disabled()
    await page.keyboard.press("Escape")
    async with kit_of(tmp_path, port=port) as kit:
        portal.kit = kit
        missed = (await kit.enter(strategy.Id, "while the page was away")).PositionId
        await expect(page.get_by_test_id("link")).to_contain_text("connected")
        await expect(log.get_by_test_id("link")).to_contain_text("connected")
        await kit.enter(strategy.Id, "after")
        wanted = await log_of(portal)
        await expect(log.locator("table")).to_have_attribute("aria-rowcount", str(len(wanted) + 1))
        assert await exported_events(log) == wanted
        await expect(page.get_by_test_id("exit")).to_be_enabled()
        before = await page.get_by_test_id("ticker").locator("b").inner_text()
        for _ in range(20):
            await kit.advance(1)
        await expect(page.get_by_test_id("ticker").locator("b")).not_to_have_text(before)
        await page.keyboard.press("g")
        await page.keyboard.press("p")
        await expect(page.locator(f"a[href$='/positions/{missed}']")).to_be_visible()
        await portal.close_pages()
