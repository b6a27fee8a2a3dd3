"""The log in the browser: filtered, read backwards, each event at its own address, and what was deleted.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect
from sqlalchemy import delete

from mesolive.clock import ManualClock
from mesolive.operations.market_clock import MarketClockRecorder
from mesolive.operations.retention import Retention, RetentionPeriods
from mesolive.store.tables.server import market_times
from mesolive_sdk import models
from mesolive_testkit.portal import Portal

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_34_events_are_filtered_have_their_own_address_and_say_when_older_ones_are_gone(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="first")
    held = await portal.kit.enter(strategy.Id, "first held")
    other = await portal.kit.strategy(StrategyName="second")
    await portal.kit.enter(other.Id, "second held")
    page = await portal.page("events")
    rows = page.locator("tr[data-event-id]")
    await expect(rows.filter(has_text="second held").first).to_be_visible()
    await page.get_by_label("Strategy").select_option("first")
    await expect(rows.filter(has_text="second held")).to_have_count(0)
    await expect(rows.filter(has_text="first held").first).to_be_visible()
    await page.get_by_label("Type").select_option("OnPositionUpdate")
    await expect(rows.filter(has_text="Leg update")).to_have_count(0)
    await expect(rows).not_to_have_count(0)
    await page.get_by_label("Type").select_option("")
    await page.get_by_label("Strategy").select_option("0")
    await page.get_by_label("Position").select_option("first held")
    await page.get_by_label("Filter").fill("short_put")
    await expect(rows).to_have_count(1)
    # Older events are looked for in the server's whole log, under the same filters.
    await page.get_by_test_id("older").click()
    await expect(page.get_by_test_id("begins")).to_be_visible()
    await expect(rows).to_have_count(1)
    # Each event has its own address.
    seq = await rows.first.get_attribute("data-seq")
    assert seq is not None
    await rows.first.get_by_role("link", name=seq, exact=True).click()
    await expect(page).to_have_url(f"{portal.url}/events?seq={seq}")
    await page.reload()
    await expect(page.get_by_test_id("event")).to_contain_text("short_put")
    # A year later they are deleted; what came since is there.
    database, now = portal.kit.application.database, portal.kit.application.clock.now()
    much_later, after = ManualClock(now + timedelta(days=500)), ManualClock(now + timedelta(days=1))
    async with database.write() as tx:
        await tx.execute(delete(market_times))  # as if this server's time had always been real time
    await MarketClockRecorder(database, after, "simulated", None, wall=after).note()
    await Retention(database, much_later, RetentionPeriods(), wall=much_later).prune()
    await portal.kit.leave(held.PositionId)
    await page.reload()
    await expect(page.get_by_test_id("event")).to_contain_text("There is no such event in the log")
    await expect(page.locator(f"tr[data-seq='{seq}']")).to_have_count(0)
    await page.get_by_test_id("older").click()
    events = await portal.kit.events()
    stored = (await events.get_events(models.GetEventsArgs(Limit=500))).Events
    await expect(page.get_by_test_id("begins")).to_contain_text(f"begins here, at {stored[-1].EventSeqId}")
