"""A server that goes away under a page, and comes back.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, WebSocketRoute, expect

from mesolive_sdk import models
from mesolive_testkit.portal import Portal, exported_events, kit_of, strategy_on_both

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def log_of(portal: Portal) -> list[str]:
    """Return the ids of all events that the server has, newest first."""
    events = await portal.kit.events()
    page = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
    return [str(each.EventId) for each in reversed(page.Events)]


async def test_11_a_lost_server_is_shown_at_once_and_its_log_is_complete_when_it_is_back(
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
        # The page's clock stands still: it waits for nothing before it says that the server has gone.
        now = datetime.now(UTC)
        await page.clock.install(time=now)
        await page.clock.pause_at(now + timedelta(seconds=10))
    await expect(page.get_by_test_id("link")).to_contain_text("connection lost")
    await expect(page.get_by_test_id("exit")).to_be_disabled()
    await page.clock.resume()
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
        await page.keyboard.type("gp")
        await expect(page.locator(f"a[href$='/positions/{missed}']")).to_be_visible()
        await portal.close_pages()


async def test_events_of_a_gap_are_in_the_log_though_a_later_event_comes_first(
    tmp_path: Path, browser: Browser
) -> None:
    sockets: list[WebSocketRoute] = []
    is_away, is_read = asyncio.Event(), asyncio.Event()

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        async def to_server(data: str | bytes) -> None:
            if len(sockets) > 1 and "GetLatestEventSeqId" in str(data):
                await is_read.wait()  # the log is asked for after a later event has come
            server.send(data)

        def to_page(data: str | bytes) -> None:
            socket.send(data)

        socket.on_message(lambda data: asyncio.ensure_future(to_server(data)))
        server.on_message(to_page)
        if len(sockets) > 1:
            await is_away.wait()

    async with kit_of(tmp_path) as kit:
        portal = Portal(kit, browser)
        strategy = await strategy_on_both(kit)
        log = await (await portal.signed_in()).new_page()
        await log.route_web_socket(re.compile("/hubs/event/"), between)
        await portal.show(log, "events")
        opened = await log_of(portal)
        await expect(log.locator("table")).to_have_attribute("aria-rowcount", str(len(opened) + 1))
        listener, heard = await kit.events(), asyncio.Queue[models.PositionUpdateEvent]()
        listener.on_position_update(heard.put_nowait)
        await listener.subscribe_to_strategies()
        await sockets[0].close(code=1011)  # as when the server was killed: without a word of good-bye
        await expect(log.get_by_test_id("link")).to_contain_text("connection lost")
        await kit.enter(strategy.Id, "in the gap")
        # An event is stored before it is sent: one that another client has received is not sent to a page that joins.
        before = str((await asyncio.wait_for(heard.get(), 60)).EventId)
        is_away.set()
        await expect(log.get_by_test_id("link")).to_contain_text("connected")
        await kit.enter(strategy.Id, "after the gap")
        await expect(log.locator("tr[data-event-id]").filter(has_text="after the gap").first).to_be_visible()
        assert before not in await exported_events(log), "the gap is still open"
        is_read.set()
        wanted = await log_of(portal)
        await expect(log.locator("table")).to_have_attribute("aria-rowcount", str(len(wanted) + 1))
        assert await exported_events(log) == wanted
        await portal.close_pages()
