"""Live values of the Portal in a browser: they move, grow old in sight, and survive the loss of the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from mesolive_testkit.portal import Portal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def held(served: Portal) -> AsyncGenerator[int]:
    """Open a position."""
    strategy = await served.kit.strategy()
    yield (await served.kit.enter(strategy.Id, "Condor #1")).PositionId


async def test_10_the_underlying_and_the_pnl_move_with_the_market(portal: Portal, held: int) -> None:
    page = await portal.open(f"positions/{held}")
    ticker = page.get_by_test_id("ticker").locator("b")
    await expect(ticker).to_be_visible()
    before = await ticker.inner_text()
    for _ in range(20):
        await portal.kit.advance(0.5)
    await expect(ticker).not_to_have_text(before)
    await expect(page.get_by_test_id("pnl")).not_to_have_text("–")


async def test_12_a_frozen_market_is_marked_as_old(portal: Portal, held: int) -> None:
    page = await portal.open(f"positions/{held}")
    await portal.kit.advance(0.5)
    await expect(page.get_by_test_id("age")).to_contain_text("old")
    await page.clock.install()
    await page.clock.fast_forward(7_000)
    await expect(page.locator("dl.facts[data-fresh='stale']")).to_be_visible()
    await page.clock.fast_forward(40_000)
    await expect(page.locator("dl.facts[data-fresh='dead']")).to_be_visible()
