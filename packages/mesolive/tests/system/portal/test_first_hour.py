"""The guide's first hour by clicks alone: from an empty database to a closed trade.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import asyncio
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from typer.testing import CliRunner

from mesolive.assembly import Overrides
from mesolive.cli.portal import sign_in_link
from mesolive.cli.root import app
from mesolive.clock import ManualClock
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_testkit.paths import DOCS
from mesolive_testkit.portal import SIZES, while_market_moves
from mesolive_testkit.server import manual_market

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPEN = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""Half an hour after the opening, as the guide begins."""


def guides_strategy() -> str:
    """Return the definition that the guide has its reader save."""
    match = re.search(r"```json\n(.*?)```", (DOCS / "guide.md").read_text(), flags=re.DOTALL)
    assert match is not None
    return match[1]


async def send(page: Page, clock: ManualClock) -> None:
    """Price the one group of a ticket at the market, review it and send it, and wait until it is filled."""
    group = page.get_by_test_id("group")
    await expect(group).to_be_visible()
    await group.get_by_label("type").select_option("Market")
    await while_market_moves(clock.advance, page.get_by_test_id("review").click())
    await expect(page.get_by_test_id("review-dialog")).to_contain_text("SIM1000")
    await while_market_moves(clock.advance, page.get_by_test_id("send").click())
    async with asyncio.timeout(120):
        while "filled at" not in await group.inner_text():
            await clock.advance(0.5)


async def test_26_the_first_hour_of_the_guide_by_clicks_alone(tmp_path: Path, browser: Browser) -> None:
    settings = Settings(market="simulated", port=0, database=f"sqlite:///{tmp_path / 'mesolive.sqlite3'}")
    market = manual_market(OPEN)
    clock = market[1]
    assert isinstance(clock, ManualClock)
    async with serving(settings, Overrides(market)) as application:
        await application.access.create_user("me")
        code = await application.sessions.make_code("me")
        page = await browser.new_page(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
        await page.goto(sign_in_link(application.url, code))
        await expect(page.get_by_role("heading", name="Nothing is active")).to_be_visible()
        await expect(page.get_by_test_id("kinds")).to_have_text("NO ACCOUNT")
        # An account at the simulated venue.
        await page.get_by_role("link", name="Make an account").click()
        await page.get_by_test_id("create-account").click()
        await expect(page.get_by_role("heading", name="SIM1000")).to_be_visible()
        await expect(page.get_by_test_id("kinds")).to_have_text("SIMULATED")
        # The strategy of the guide.
        await page.get_by_role("link", name="Strategies").first.click()
        await page.get_by_test_id("import").set_input_files(
            {"name": "first.json", "mimeType": "application/json", "buffer": guides_strategy().encode()}
        )
        await expect(page.get_by_role("heading", name="My first condor")).to_be_visible()
        await page.get_by_role("link", name="Strategies").first.click()
        switch = page.get_by_role("switch", name="My first condor on SIM1000")
        await switch.click()
        await expect(switch).to_have_attribute("aria-checked", "true")
        # The server watches it and says that it may be entered.
        await page.get_by_role("link", name="Today").first.click()
        signal = page.locator("article.signal").filter(has_text="My first condor")
        async with asyncio.timeout(120):
            while not await signal.is_visible():
                await clock.advance(60)
        await signal.get_by_role("link", name="Build…").click()
        await page.get_by_test_id("prepare").click()
        await send(page, clock)
        # It is held, and what it is worth moves.
        await page.get_by_role("link", name="Positions").first.click()
        await page.get_by_role("link", name="My first condor #1").click()
        await expect(page.get_by_test_id("risk").locator("canvas")).to_be_visible()
        await expect(page.get_by_test_id("pnl")).to_have_text(re.compile(r"^[+\u2212]?\d"))
        # Twenty minutes later the strategy says that it should be left.
        await page.get_by_role("link", name="Signals").first.click()
        exit_signal = page.locator("article.signal.exit")
        async with asyncio.timeout(120):
            while not await exit_signal.is_visible():
                await clock.advance(60)
        await exit_signal.get_by_role("link", name="Exit…").click()
        await page.get_by_test_id("exit").click()
        await send(page, clock)
        await page.get_by_role("link", name="Positions").first.click()
        await expect(page.get_by_text("No open position.")).to_be_visible()
        await page.get_by_role("link", name="My first condor #1").click()
        await expect(page.get_by_role("heading", name="Closed", exact=True)).to_be_visible()
        await page.get_by_role("tab", name="Executions").click()
        await expect(page.get_by_role("tabpanel").locator("tbody tr")).to_have_count(8)
        # Who asked for the order, what was sent, and everything that came back.
        await page.get_by_role("tab", name="Orders").click()
        await page.get_by_role("tabpanel").get_by_role("link").last.click()
        story = page.locator("section.story")
        for what in ("SendOrder", "Filled"):
            await expect(story).to_contain_text(what)
        # A key for a program, shown once.
        await page.get_by_role("link", name="Settings").click()
        await page.get_by_label("label").fill("autopilot")
        await page.get_by_role("button", name="Make a key").click()
        await expect(page.get_by_test_id("new-key")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        # And the one in charge stops it all, and lets it go on.
        await page.get_by_role("button", name="HALT").click()
        await page.get_by_test_id("halt-all").click()
        await expect(page.get_by_test_id("halted")).to_contain_text("Nothing is sent")
        await page.get_by_role("button", name="Resume…").click()
        await page.get_by_label("Type RESUME").fill("RESUME")
        await page.get_by_role("button", name="Resume all accounts").click()
        await expect(page.get_by_test_id("halted")).to_have_count(0)


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_a_server_without_users_says_what_to_type_and_the_link_leads_to_the_first_page(
    tmp_path: Path, browser: Browser, size: str
) -> None:
    database = f"sqlite:///{tmp_path / 'mesolive.sqlite3'}"
    settings = Settings(market="simulated", port=0, database=database)
    width, height = SIZES[size]
    async with serving(settings, Overrides(manual_market(OPEN))) as application:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", has_touch=size == "phone"
        )
        page = await context.new_page()
        await page.goto(application.url)
        await expect(page.get_by_test_id("first-run")).to_contain_text("no user yet")
        typed = await page.get_by_test_id("first-command").inner_text()
        program, *arguments = shlex.split(typed)
        assert program == "mesolive"
        # Word for word, in a terminal with the settings of the server.
        ended = await asyncio.to_thread(CliRunner().invoke, app, arguments, env={"MESOLIVE_DATABASE": database})
        assert ended.exit_code == 0, ended.output
        link = ended.stdout.splitlines()[-1]
        assert link.startswith(f"{application.url.rstrip('/')}/login#code=")
        await page.goto(link)
        await expect(page.get_by_role("heading", name="Nothing is active")).to_be_visible()
        await expect(page.get_by_role("button", name="HALT")).to_be_in_viewport()
        press = "tap" if size == "phone" else "click"
        await getattr(page.get_by_role("link", name="Make an account"), press)()
        await getattr(page.get_by_test_id("create-account"), press)()
        await expect(page.get_by_role("heading", name="SIM1000")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # From now on the sign-in page is that of a server with users.
        stranger = await (await browser.new_context()).new_page()
        await stranger.goto(application.url)
        await expect(stranger.get_by_text("First time here?")).to_be_visible()
        await expect(stranger.get_by_test_id("first-run")).to_have_count(0)
        await stranger.context.close()
        await context.close()
