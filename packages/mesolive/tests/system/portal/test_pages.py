"""Every page of the Portal in a browser: no violation of the policy, no sideways scroll, keyboard, accessibility."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Response, WebSocketRoute, expect

from mesolive_sdk import models
from mesolive_testkit.paths import ROOT
from mesolive_testkit.portal import PAGES, Portal

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def held(served: Portal) -> AsyncGenerator[int]:
    """Open a position, so that pages have something to show."""
    strategy = await served.kit.strategy()
    yield (await served.kit.enter(strategy.Id, "Condor #1")).PositionId


async def in_both_themes(page: Page) -> AsyncGenerator[str]:
    """Show a page in the dark theme, then in the light one."""
    for theme in ("dark", "light"):
        await page.emulate_media(color_scheme=theme)
        await expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
        yield theme


WIDER = """() => [...document.querySelectorAll("body, main *")]
    .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
    .filter((each) => /auto|scroll/.test(getComputedStyle(each).overflowX) && !each.closest(".cm-editor, .tabs, .sr"))
    .map((each) => `${each.className} ${each.scrollWidth} > ${each.clientWidth}: ${each.innerText.slice(0, 80)}`)"""
"""What scrolls sideways in a page; tabs and the text of the editor may."""


async def test_36_no_page_and_no_table_scrolls_sideways_on_a_phone_and_halt_is_in_sight(
    portal: Portal, held: int
) -> None:
    page = await portal.open(size="phone")

    async def look(where: str) -> None:
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{where} is {width} px wide"
        result: list[str] = await page.evaluate(WIDER)
        assert result == [], f"{where} has parts that scroll sideways"
        await expect(page.get_by_role("button", name="HALT")).to_be_in_viewport(ratio=1)

    plan = await portal.kit.prepare_entry(1, name="not filled yet")
    ticket = f"tickets/{plan.JobId}?kind=entry"
    for path in (*PAGES, f"positions/{held}", "orders/1", "strategies/1", ticket):
        await portal.visit(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
        await look(f"/{path}")
        # What stands behind tabs and behind the tables of charts.
        for tab in await page.get_by_role("tab").all():
            await tab.click()
            await look(f"/{path}, {await tab.inner_text()}")
        for table in await page.get_by_role("button", name="table", exact=True).all():
            await table.click()
            await look(f"/{path}, table")


async def test_37_the_keyboard_reaches_pages_rows_filter_and_the_halt_dialog(portal: Portal) -> None:
    page = await portal.page()
    for key, place in zip(
        "ocbsaevr",
        ("orders", "chain", "backtests", "signals", "accounts", "events", "server", "strategies"),
        strict=True,
    ):
        await page.keyboard.type(f"g{key}")
        await expect(page.locator("main")).to_have_attribute("data-shown", f"{place}/")
    await page.keyboard.type("gt")
    await expect(page.locator("main")).to_have_attribute("data-shown", "/")
    # Everything else is reached by Tab, and is seen to be.
    reached: list[str] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        name, ring = await page.evaluate(
            """() => { const each = document.activeElement;
                if (each === document.body) return ["", true];  // between the last and the first
                return [each.innerText || each.getAttribute("aria-label") || each.tagName,
                    getComputedStyle(each).outlineStyle !== "none"]; }"""
        )
        reached.append(name)
        assert ring, f"{name} does not show that it has the focus"
    for name in ("Skip to the page", "Positions", "Settings", "■ HALT"):
        assert any(name in each for each in reached), name
    await page.keyboard.type("gp")
    await expect(page.get_by_role("heading", name="Positions")).to_be_visible()
    await expect(page.get_by_role("link", name="Condor #1")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Condor #1")).to_be_visible()
    await page.keyboard.type("ge")
    await expect(page.get_by_role("heading", name="Events")).to_be_visible()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Filter")).to_be_focused()
    await page.keyboard.type("g p")
    await expect(page.get_by_role("heading", name="Events")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Shift+H")
    await expect(page.get_by_role("dialog", name="Stop trading")).to_be_visible()
    await expect(page.get_by_test_id("halt-all")).to_be_focused()
    assert (await portal.kit.control.list_halts()).Halts == [], "the keys open the dialog and do not halt"
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="Stop trading")).to_be_hidden()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


AXE = ROOT / "portal" / "node_modules" / "axe-core" / "axe.min.js"

LOOK = """async ([place, rules]) => {
    const options = {resultTypes: ["violations"], ...(rules ? {runOnly: {type: "rule", values: rules}} : {})};
    return (await axe.run(document.querySelector(place), options)).violations;
}"""

COLOURS = ["color-contrast", "link-in-text-block"]
"""Rules of axe that look at colours: everything else is the same in both themes."""


async def serious_faults(page: Page, theme: str, *, first: bool) -> list[str]:
    """Return what axe calls serious: of all in the dark theme, of the colours of a page itself in the light."""
    rules = None if theme == "dark" else COLOURS
    place = "html" if theme == "dark" or first else "main"
    violations = await page.evaluate(LOOK, [place, rules])
    return [
        f"{page.url}, {theme}: {each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in violations
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


async def test_8_38_39_no_page_breaks_the_content_policy_or_has_a_serious_fault_of_accessibility_or_contrast(
    portal: Portal, held: int
) -> None:
    bare: list[str] = []

    def note(answer: Response) -> None:
        if answer.url.startswith(portal.url) and "content-security-policy" not in answer.headers:
            bare.append(answer.url)

    page = await (await portal.signed_in()).new_page()
    page.on("response", note)
    await portal.show(page, "settings")
    if AXE.is_file():
        await page.evaluate(AXE.read_text())
    plan = await portal.kit.prepare_entry(1, name="toured")
    ticket = f"tickets/{plan.JobId}?kind=entry"
    tour = (*PAGES, f"positions/{held}", "orders/1", "strategies/1", "strategies/new", ticket, "nowhere")
    assert tour[0] != "settings", "a page at which the browser is already would be loaded anew, without axe"
    for path in tour:
        await portal.visit(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
        if AXE.is_file():
            async for theme in in_both_themes(page):
                assert await serious_faults(page, theme, first=path == tour[0]) == []
    # The dialog that stops everything, and the sign-in.
    await page.get_by_role("button", name="HALT").click()
    await expect(page.get_by_test_id("halt-all")).to_be_enabled()
    if AXE.is_file():
        async for theme in in_both_themes(page):
            assert await serious_faults(page, theme, first=True) == []
    await page.keyboard.press("Escape")
    stranger = await (await portal.context()).new_page()
    stranger.on("response", note)
    await stranger.goto(portal.url)
    await expect(stranger.get_by_label("API key")).to_be_visible()
    portal.problems[:] = [each for each in portal.problems if "status of 401" not in each]
    if AXE.is_file():
        await stranger.evaluate(AXE.read_text())
        async for theme in in_both_themes(stranger):
            assert await serious_faults(stranger, theme, first=True) == []
    assert bare == []
    assert portal.problems == []
    if not AXE.is_file():
        pytest.skip("the content policy holds; axe-core is not installed (make portal/node_modules)")


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
    # Of what is not known a row says why, by a tooltip and to who listens.
    delta = rows.filter(has_text="Copy 0").locator("td").nth(7).get_by_test_id("unknown")
    await expect(delta).to_have_attribute("title", re.compile(r"\w+ \w+"))
    await expect(delta).to_have_text(re.compile(r"^–.*\w+ \w+"))
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


async def test_rows_are_sorted_by_their_numbers_summed_by_choice_and_lead_to_what_closes_them(portal: Portal) -> None:
    strategy = (await portal.kit.control.list_strategies()).Strategies[0]
    other = (await portal.kit.enter(strategy.Id, "Condor #2")).PositionId
    page = await portal.page("positions")
    rows = page.locator("tr[data-row]")
    await expect(rows).to_have_count(2)
    args = models.ListPositionsArgs(State=models.LivePositionState.Open, IncludeValues=True)
    await page.get_by_role("button", name="PnL", exact=True).click()
    await expect(page.get_by_role("button", name="PnL ▾")).to_be_visible()
    listed = (await portal.kit.control.list_positions(args)).Positions
    assert {each.Name for each in listed} == {"Condor #1", "Condor #2"}
    shown = [await row.get_by_role("link").first.inner_text() for row in await rows.all()]
    assert sorted(shown) == ["Condor #1", "Condor #2"]
    table = page.locator("table.monitor")
    assert await table.evaluate("(each) => each.scrollWidth <= each.parentElement.clientWidth"), (
        "all columns are in sight"
    )
    for name in shown:
        await page.get_by_label(f"Select {name}").check()
    chosen, total = page.get_by_test_id("selection"), page.get_by_test_id("total")
    await expect(chosen).to_contain_text("2 selected")
    await expect(page.get_by_test_id("selection-graph").locator("canvas")).to_be_visible()
    sums = [await line.locator("td").all_inner_texts() for line in (chosen, total)]
    assert sums[0][4:] == sums[1][4:]
    await rows.filter(has_text="Condor #2").get_by_role("link", name="adjust").click()
    await expect(page.get_by_role("dialog", name="Adjust")).to_be_visible()
    await expect(page).to_have_url(f"{portal.url}/positions/{other}")
    await page.keyboard.press("Escape")
    await portal.visit(page, "positions")
    await rows.filter(has_text="Condor #2").get_by_role("link", name="exit").click()
    await expect(page.get_by_test_id("paper")).to_be_visible()
    await portal.kit.leave(other)
    # The PnL of a closed leg is what its person knows it to be.
    await portal.visit(page, f"positions/{other}")
    await page.get_by_label("Correct the PnL of short_put").click()
    dialog = page.get_by_role("dialog", name="PnL of short_put")
    await expect(dialog).to_contain_text("Nothing is sent to the market")
    await dialog.get_by_label("realised PnL").fill("-12.50")
    await dialog.get_by_role("button", name="Set it").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("tr").filter(has_text="short_put")).to_contain_text("by hand")
    legs = (await portal.kit.control.get_position(models.GetPositionArgs(PositionId=other))).Legs
    assert [leg.UserSetRealizedPnL for leg in legs if leg.Name == "short_put"] == [Decimal("-12.5")]


async def test_a_strategy_that_holds_positions_is_deleted_by_its_name_and_sends_nothing(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="to be deleted")
    held = (await portal.kit.enter(strategy.Id, "left alone")).PositionId
    page = await portal.page("strategies")
    await page.locator("tr").filter(has_text="to be deleted").get_by_role("button", name="delete…").click()
    dialog = page.get_by_role("dialog", name="Delete to be deleted")
    await expect(dialog).to_contain_text("Nothing is sent to the market")
    delete = dialog.get_by_role("button", name="Delete", exact=True)
    await expect(delete).to_be_disabled()
    await dialog.get_by_label("Type its name").fill("to be deleted")
    await expect(delete).to_be_enabled()
    await page.keyboard.press("Escape")
    await portal.kit.leave(held)


async def test_a_list_that_the_server_was_too_busy_for_is_read_again(portal: Portal) -> None:
    refused: list[str] = []

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            text = frame if isinstance(frame, str) else frame.decode()
            for part in filter(None, text.split("\x1e")):
                call: dict[str, Any] = json.loads(part)
                if call.get("target") == "ListPositions" and not refused:
                    refused.append(call["invocationId"])
                    result = {"Status": "RateLimited", "Message": "too many calls"}
                    socket.send(json.dumps({"type": 3, "invocationId": refused[0], "result": result}) + "\x1e")
                else:
                    server.send(part + "\x1e")

        socket.on_message(pass_on)

    page = await (await portal.signed_in()).new_page()
    await page.route_web_socket(re.compile("/hubs/control/"), between)
    await portal.show(page, "positions")
    await expect(page.get_by_role("link", name="Condor #1", exact=True)).to_be_visible()
    assert len(refused) == 1


async def test_earlier_orders_are_read_backwards_on_request_and_all_that_work_are_there_at_once(
    portal: Portal,
) -> None:
    """Answers are cut to one order on their way, and are of the day before: a page reads all of today by itself."""
    asked: list[dict[str, Any]] = []

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            text = frame if isinstance(frame, str) else frame.decode()
            for part in filter(None, text.split("\x1e")):
                message: dict[str, Any] = json.loads(part)
                if message.get("target") == "ListOrders":
                    (args,) = message["arguments"]
                    if args.get("NewestFirst"):
                        asked.append(args)
                        args["Limit"] = 1
                server.send(json.dumps(message) + "\x1e")

        def pass_back(frame: str | bytes) -> None:
            text = frame if isinstance(frame, str) else frame.decode()
            socket.send(re.sub(r'"CreatedAt":"2026-01-05', '"CreatedAt":"2026-01-02', text))

        socket.on_message(pass_on)
        server.on_message(pass_back)

    strategy = (await portal.kit.control.list_strategies()).Strategies[0]
    for name in ("of yesterday", "of yesterday, too"):
        left = await portal.kit.enter(strategy.Id, name)
        await portal.kit.leave(left.PositionId)
    orders = (await portal.kit.control.list_orders(models.ListOrdersArgs(NewestFirst=True, Limit=500))).Orders
    assert len(orders) >= 4
    page = await (await portal.signed_in()).new_page()
    await page.route_web_socket(re.compile("/hubs/control/"), between)
    await portal.show(page, "orders")
    await page.get_by_role("tab", name="All").click()
    rows = page.locator("tr[data-row]")
    for count in range(1, len(orders)):
        await expect(rows).to_have_count(count)
        await page.get_by_test_id("earlier").click()
    await expect(page.get_by_test_id("first-order")).to_be_visible()
    shown = [int(text) for text in await rows.locator("td:first-child").all_inner_texts()]
    assert shown == [order.OrderId for order in orders]
    assert len(asked) == len(orders)
