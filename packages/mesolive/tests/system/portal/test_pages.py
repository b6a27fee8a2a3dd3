"""Every page of the Portal in a browser: no violation of the policy, no sideways scroll, keyboard, accessibility."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, WebSocketRoute, expect

from mesolive_testkit.paths import ROOT
from mesolive_testkit.portal import PAGES, Portal

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def held(served: Portal) -> AsyncGenerator[int]:
    """Open a position, so that pages have something to show."""
    strategy = await served.kit.strategy()
    yield (await served.kit.enter(strategy.Id, "Condor #1")).PositionId


async def test_8_a_tour_of_all_pages_breaks_no_rule_of_the_content_policy(portal: Portal, held: int) -> None:
    page = await portal.open()
    for path in (*PAGES, f"positions/{held}", "orders/1", "strategies/1", "strategies/new"):
        await portal.visit(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
    assert portal.problems == []


async def in_both_themes(page: Page) -> AsyncGenerator[str]:
    """Show a page in the dark theme, then in the light one."""
    for theme in ("dark", "light"):
        await page.emulate_media(color_scheme=theme)
        await expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
        yield theme


async def test_36_no_page_scrolls_sideways_on_a_phone_and_halt_is_in_sight(portal: Portal, held: int) -> None:
    page = await portal.open(size="phone")
    for path in (*PAGES, f"positions/{held}", "orders/1", "strategies/1"):
        await portal.visit(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
        async for theme in in_both_themes(page):
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, f"/{path} is {width} px wide, {theme}"
            await expect(page.get_by_role("button", name="HALT")).to_be_in_viewport(ratio=1)


async def test_37_the_keyboard_reaches_pages_rows_filter_and_the_halt_dialog(portal: Portal) -> None:
    page = await portal.page()
    await page.keyboard.press("g")
    await page.keyboard.press("p")
    await expect(page.get_by_role("heading", name="Positions")).to_be_visible()
    await expect(page.get_by_role("link", name="Condor #1")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Condor #1")).to_be_visible()
    await page.keyboard.press("g")
    await page.keyboard.press("e")
    await expect(page.get_by_role("heading", name="Events")).to_be_visible()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Filter")).to_be_focused()
    await page.keyboard.type("g p")
    await expect(page.get_by_role("heading", name="Events")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Shift+H")
    await expect(page.get_by_role("dialog", name="Stop trading")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Stop trading")).to_be_hidden()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


async def test_38_39_no_page_has_a_serious_fault_of_accessibility_or_contrast(portal: Portal, held: int) -> None:
    source = ROOT / "portal" / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("axe-core is not installed (make portal/node_modules)")
    page = await portal.open("settings")
    await page.evaluate(source.read_text())
    tour = (*PAGES, f"positions/{held}", "orders/1", "strategies/1")
    assert tour[0] != "settings", "a page at which the browser is already would be loaded anew, without axe"
    for path in tour:
        await portal.visit(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
        async for theme in in_both_themes(page):
            # Every rule in one theme; in the other one those that look at colours, as everything else is the same.
            rules = None if theme == "dark" else {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
            violations = await page.evaluate(
                "(runOnly) => axe.run(document, {resultTypes: ['violations'], ...(runOnly ? {runOnly} : {})})"
                ".then((all) => all.violations)",
                rules,
            )
            serious = [
                f"/{path}, {theme}: {each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
                for each in violations
                if each["impact"] in {"serious", "critical"}
                for node in each["nodes"]
            ]
            assert serious == []


async def test_a_text_from_outside_is_shown_as_text(portal: Portal) -> None:
    name = "<img src=x onerror=alert(1)>"
    await portal.kit.strategy(StrategyName=name)
    page = await portal.page("strategies")
    await expect(page.get_by_role("link", name=name)).to_be_visible()
    assert await page.locator("main img").count() == 0


async def test_an_address_that_is_no_page_says_so_and_leads_back(portal: Portal) -> None:
    page = await portal.page("positions/999999")
    await expect(page.get_by_role("alert").first).to_contain_text("999999")


async def multiplied(portal: Portal, name: str, more: Callable[[dict[str, Any]], dict[str, Any]]) -> Page:
    """Open a page of its own that is told more of a list than the server has."""
    end = "\x1e"

    def changed(message: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = message.get("result") or {}
        data: dict[str, Any] = result.get("Data") or {}
        if name in data and data[name] and not data.get("ContinuationToken"):
            data[name] += [data[name][0] | more({"number": number}) for number in range(200)]
        return message

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(received: str | bytes) -> None:
            text = received if isinstance(received, str) else received.decode()
            parts = [json.dumps(changed(json.loads(part))) for part in text.split(end) if part]
            socket.send(end.join(parts) + end)

        server.on_message(pass_on)

    page = await (await portal.signed_in()).new_page()
    await page.route_web_socket(re.compile("/hubs/control/"), between)
    return page


async def test_of_two_hundred_rows_only_those_in_sight_are_in_the_page_and_the_sums_count_all(portal: Portal) -> None:
    """The server's list is multiplied on its way to the page: 200 positions that can be told apart."""
    listed = len((await portal.kit.control.list_positions()).Positions)
    page = await multiplied(
        portal, "Positions", lambda each: {"Id": 1000 + each["number"], "Name": f"Copy {each['number']}"}
    )
    await portal.show(page, "positions")
    rows = page.locator("tr[data-row]")
    await expect(page.locator("table").first).to_have_attribute("aria-rowcount", str(200 + listed + 2))
    assert await rows.count() < 80
    await expect(page.get_by_role("link", name="Copy 199", exact=True)).to_have_count(0)
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    await expect(page.get_by_role("link", name="Copy 199", exact=True)).to_be_in_viewport()
    assert await rows.count() < 80
    await expect(page.locator("tfoot")).to_contain_text("without 200 that have no value")


async def test_of_two_hundred_orders_only_those_in_sight_are_in_the_page_and_the_filter_looks_at_all(
    portal: Portal,
) -> None:
    page = await multiplied(portal, "Orders", lambda each: {"OrderId": 1000 + each["number"]})
    await portal.show(page, "orders")
    await page.get_by_role("tab", name="All").click()
    rows = page.locator("tr[data-row]")
    await expect(page.get_by_role("link", name="1199", exact=True)).to_be_visible()
    assert await rows.count() < 80
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    await expect(page.get_by_role("link", name="1000", exact=True)).to_be_in_viewport()
    assert await rows.count() < 80
    await page.get_by_label("Filter").fill("1001")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("entry of Condor #1")
