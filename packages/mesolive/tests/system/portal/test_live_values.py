"""Live values of the Portal in a browser: they move, grow old in sight, and survive the loss of the server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, WebSocketRoute, expect

from mesolive_sdk import models
from mesolive_testkit.portal import Portal, exported_events
from mesolive_testkit.server import ACCOUNT

KNOWN = re.compile(r"^[+\u2212]?[\d,]+\.\d\d$")
"""A value that is known: a number, and no dash with its reason."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def held(served: Portal) -> AsyncGenerator[int]:
    """Open a position."""
    strategy = await served.kit.strategy()
    yield (await served.kit.enter(strategy.Id, "Condor #1")).PositionId


async def test_10_the_underlying_moves_with_the_next_step_of_the_market_and_the_pnl_with_it(
    portal: Portal, held: int
) -> None:
    page = await portal.open(f"positions/{held}")
    ticker, pnl = page.get_by_test_id("ticker").locator("b"), page.get_by_test_id("pnl")
    await expect(ticker).to_be_visible()
    await expect(pnl).to_have_text(KNOWN)
    before = await ticker.inner_text(), await pnl.inner_text()
    for _ in range(4):  # the market moves once in a second, and a stream sends what it has a moment later
        await portal.kit.advance(0.5)
    await expect(ticker).not_to_have_text(before[0])
    async with asyncio.timeout(60):
        while await pnl.inner_text() == before[1]:
            await portal.kit.advance(1)


async def test_12_a_frozen_market_is_marked_as_old(portal: Portal, held: int) -> None:
    page = await portal.open(f"positions/{held}")
    await portal.kit.advance(0.5)
    await expect(page.get_by_test_id("age")).to_contain_text("old")
    await page.clock.install()
    # The server repeats values every 15 s, and its market stands still: one that comes after a leap is young again.
    for freshness, leap in (("stale", 7_000), ("dead", 40_000)):
        shown = page.locator(f"dl.facts[data-fresh='{freshness}']")
        async with asyncio.timeout(120):
            while not await shown.is_visible():
                await page.clock.fast_forward(leap)


async def set_hidden(page: Page, hidden: bool) -> None:
    """Say to a page what a browser says when its tab goes to the background, and when it comes back."""
    await page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
            const state = hidden ? "hidden" : "visible";
            Object.defineProperty(document, "visibilityState", {configurable: true, get: () => state});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def shown_pnl(page: Page) -> str:
    """Return what a page shows as the PnL of a position."""
    return await page.get_by_test_id("pnl").inner_text()


async def test_13_a_tab_that_was_hidden_for_ten_minutes_comes_back_right(portal: Portal, held: int) -> None:
    page = await portal.open(f"positions/{held}")
    await portal.kit.advance(0.5)
    await expect(page.get_by_test_id("pnl")).to_have_text(KNOWN)
    await page.clock.install()
    await set_hidden(page, True)
    before = await shown_pnl(page)
    for _ in range(20):
        await portal.kit.advance(30)
    await page.clock.fast_forward(600_000)
    name = (await portal.kit.enter(1, "while hidden")).PositionId
    assert await shown_pnl(page) == before, "a hidden page is not drawn"
    await set_hidden(page, False)
    # Its connections heard nothing for ten minutes, so that they are made anew; the market goes on meanwhile.
    fresh = page.locator("dl.facts[data-fresh='live']")
    async with asyncio.timeout(120):
        while not await fresh.is_visible() or await shown_pnl(page) == before:
            await portal.kit.advance(0.5)
    await expect(page.get_by_test_id("link")).to_contain_text("connected")
    other = await portal.page(f"positions/{held}")
    await expect(other.get_by_test_id("pnl")).to_have_text(KNOWN)
    await expect(page.get_by_test_id("pnl")).to_have_text(await shown_pnl(other))
    await portal.visit(page, "positions")
    await expect(page.locator(f"a[href$='/positions/{name}']")).to_be_visible()


async def test_14_five_tabs_of_one_browser_are_all_connected_and_live(portal: Portal, held: int) -> None:
    context = await portal.signed_in()
    pages = [await context.new_page() for _ in range(5)]
    for page in pages:
        await portal.show(page, f"positions/{held}")
    before = [await page.get_by_test_id("ticker").locator("b").inner_text() for page in pages]
    for _ in range(10):
        await portal.kit.advance(1)
    for page, was in zip(pages, before, strict=True):
        await expect(page.get_by_test_id("ticker").locator("b")).not_to_have_text(was)
        await expect(page.get_by_test_id("link")).to_contain_text("connected")
    # What happens in one is told by all of them.
    position = (await portal.kit.enter(1, "told to five")).PositionId
    for page in pages:
        await page.keyboard.type("gp")
        await expect(page.locator(f"a[href$='/positions/{position}']")).to_be_visible()


async def test_15_negative_huge_and_missing_prices_are_shown_as_such(portal: Portal, held: int) -> None:
    """The venue of a test quotes no such prices: they are put into what the server sends."""
    end = "\x1e"
    price: float | None = None
    pnl: float | None = None

    def changed(message: dict[str, Any]) -> dict[str, Any]:
        if message.get("type") == 2:
            item: dict[str, Any] = message["item"]
            if item.get("Prices") is not None:
                item["Prices"]["Mark"] = price
            if item.get("PositionPnLs") is not None:
                item["PositionPnLs"] |= {"Mark": pnl, "Realized": 0}
        return message

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(data: str | bytes) -> None:
            text = data if isinstance(data, str) else data.decode()
            parts = [json.dumps(changed(json.loads(part))) for part in text.split(end) if part]
            socket.send(end.join(parts) + end)

        server.on_message(pass_on)

    context = await portal.signed_in()
    page = await context.new_page()
    await page.route_web_socket(re.compile("/hubs/data/"), between)
    await portal.show(page)
    for case in (
        (-37.63, -0.05, "−37.63", "−0.05"),
        (987_654_321.5, -123_456_789_012.34, "987,654,321.50", "−123,456,789,012.34"),
        (0.0, 0.0, "0.00", "0.00"),
        (None, None, "–it has no quote now", "–a leg has no quote"),
    ):
        price, pnl, ticker, shown = case
        await portal.visit(page, f"positions/{held}")
        await portal.kit.advance(0.5)
        await expect(page.get_by_test_id("ticker").locator("b")).to_have_text(ticker)
        await expect(page.get_by_test_id("pnl")).to_have_text(shown)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 1280
        await portal.visit(page, "positions")
        await portal.kit.advance(0.5)
        await expect(page.get_by_test_id("total-pnl")).to_be_visible()
        await expect(page.locator("main")).not_to_contain_text("NaN")
        await expect(page.locator("main")).not_to_contain_text("Infinity")


async def test_the_log_of_a_page_is_that_of_the_server(portal: Portal, held: int) -> None:
    page = await portal.page("events")
    await portal.kit.enter(1, "logged")
    events = await portal.kit.events()
    wanted = (await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))).Events
    await expect(page.locator("table")).to_have_attribute("aria-rowcount", str(len(wanted) + 1))
    assert await exported_events(page) == [str(each.EventId) for each in reversed(wanted)]
    del held


async def test_the_value_of_an_account_and_its_pnl_of_the_day_come_by_its_stream(portal: Portal, held: int) -> None:
    page = await portal.page("accounts")
    account = page.locator("section.panel").filter(has_text=ACCOUNT)
    value = account.get_by_test_id("value")
    await expect(value).to_have_text(KNOWN)
    before = await value.inner_text()
    async with asyncio.timeout(120):
        while await value.inner_text() == before:
            await portal.kit.advance(1)
    data = await portal.kit.data()
    now = await data.get_account_snapshot(models.GetAccountSnapshotArgs(BrokerAccountId=ACCOUNT))
    assert now.NetLiquidationValue is not None
    assert now.DayPnL is not None
    await expect(value).to_have_text(f"{now.NetLiquidationValue:,.2f}")
    sign = "+" if now.DayPnL > 0 else "\u2212"
    await expect(account.get_by_test_id("day-pnl")).to_have_text(f"{sign}{abs(now.DayPnL):,.2f}")
    del held


ITEMS = 12_000
"""Values of a stream that changes ten times a second, of 20 minutes: 90 bytes of each that stayed would be seen."""

EVENTS = 2_500
"""More than a page keeps."""

END = "\x1e"


async def test_many_values_and_events_leave_the_heap_as_it_was(portal: Portal, held: int) -> None:
    """What the server has sent once is sent again and again: the page cannot tell it from a fast market."""
    items: list[str] = []
    sockets: dict[str, WebSocketRoute] = {}

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets["data" if "/hubs/data/" in socket.url else "event"] = socket

        def pass_on(data: str | bytes) -> None:
            text = data if isinstance(data, str) else data.decode()
            if len(items) < 20:
                items.extend(part for part in text.split(END) if part.startswith('{"type":2,'))
            socket.send(text)

        server.on_message(pass_on)

    page = await (await portal.signed_in()).new_page()
    await page.route_web_socket(re.compile("/hubs/(data|event)/"), between)
    await portal.show(page, f"positions/{held}")
    async with asyncio.timeout(120):
        while len(items) < 20:
            await portal.kit.advance(0.5)
    inspector: Any = await page.context.new_cdp_session(page)  # its answers have no types
    numbers = iter(range(1_000_000, 9_000_000))

    def event() -> str:
        number = next(numbers)
        fields = {
            "EventId": f"{number:032x}",
            "EventSeqId": number,
            "EventTime": "2026-01-05T16:00:00Z",
            "State": "Resolved",
            "ErrorId": f"{number:032x}",
            "Message": f"the price number {number} is there again",
        }
        return json.dumps({"type": 1, "target": "OnError", "arguments": [fields]})

    async def pour(values: int, events: int) -> float:
        """Send so many values and events, and return what the heap holds afterwards, in megabytes."""
        for _ in range(values // 200):
            sockets["data"].send(END.join(items * (200 // len(items))) + END)
        last = ""
        for _ in range(events // 100):
            reported = [event() for _ in range(100)]
            last = reported[-1]
            sockets["event"].send(END.join(reported) + END)
        # The last event is in the page: everything before it was read, too.
        number = json.loads(last)["arguments"][0]["EventSeqId"]
        await portal.visit(page, "events")
        await expect(page.locator(f"tr[data-seq='{number}']")).to_be_visible()
        await portal.visit(page, f"positions/{held}")
        await expect(page.get_by_test_id("risk").locator("canvas")).to_be_visible()
        await inspector.send("HeapProfiler.collectGarbage")
        usage = await inspector.send("Runtime.getHeapUsage")
        return float(usage["usedSize"]) / 1e6

    before = await pour(ITEMS // 6, EVENTS)
    after = await pour(ITEMS, EVENTS)
    assert after - before < 1, f"{before:.1f} MB before, {after:.1f} MB after"
    assert after < 40
