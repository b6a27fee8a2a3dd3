"""An account of real money in the browser: what could cost money asks who is there when the sign-in is old."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.portal import (
    SIMULATED,
    Portal,
    RealMoney,
    make_live,
    portal_of,
    sign_in_long_ago,
    strategy_on_both,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncGenerator[Portal]:
    """Run a server with the double of a broker whose account is live."""
    async with portal_of(tmp_path_factory.mktemp("portal"), browser, RealMoney) as portal:
        await make_live(portal.kit)
        yield portal


async def held_live(portal: Portal, name: str) -> int:
    """Open a position on the live account and return its id."""
    strategy = await strategy_on_both(portal.kit)
    _, plan = await portal.simulated_plan(strategy, name)
    (group,) = plan.LegGroups
    order = models.LegGroupOrder(
        OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=list(plan.LegGroups[group])
    )
    await portal.kit.control.send_order(
        models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=SIMULATED,
            ExecPlanId=plan.ExecPlanId,
            LegGroupId=group,
            LegGroupOrder=order,
        )
    )
    async with asyncio.timeout(120):
        while True:
            held = [each for each in (await portal.kit.control.list_positions()).Positions if each.Name == name]
            if held and held[0].State is models.LivePositionState.Open:
                return held[0].Id
            await portal.kit.advance(0.5)


async def present_key(page: Page, key: str) -> None:
    """Answer the question who is there."""
    dialog = page.get_by_role("dialog", name="Who are you?")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("API key").fill(key)
    await dialog.get_by_role("button", name="Go on").click()


async def test_flattening_and_resuming_a_live_account_ask_for_a_key_when_the_sign_in_is_old(portal: Portal) -> None:
    control = portal.kit.control
    position = await held_live(portal, "real money")
    page = await portal.open("positions")
    await expect(page.get_by_test_id("kinds")).to_have_text("LIVE + PAPER")
    await expect(page.locator(".kindbar")).to_have_class(re.compile(r"\blive\b"))
    await sign_in_long_ago(portal.kit)
    await page.get_by_role("button", name="HALT").click()
    await page.get_by_test_id("flatten").click()
    dialog = page.get_by_role("dialog", name="Halt and flatten")
    await expect(dialog.get_by_test_id("flatten-plan")).to_contain_text("real money")
    hold = dialog.get_by_role("button", name="Hold to halt and flatten all accounts")
    await hold.focus()
    await page.keyboard.down("Enter")
    question = page.get_by_role("dialog", name="Who are you?")
    await expect(question).to_be_visible()
    await page.keyboard.up("Enter")
    # Nothing was done before somebody said who they are, and a wrong key changes nothing.
    assert (await control.list_halts()).Halts == []
    await question.get_by_label("API key").fill("mesolive_wrong")
    await question.get_by_role("button", name="Go on").click()
    await expect(question.get_by_role("alert")).to_be_visible()
    assert (await control.list_halts()).Halts == []
    await present_key(page, portal.kit.token)
    await expect(page.get_by_test_id("flattened")).to_contain_text("real money")
    async with asyncio.timeout(120):
        while (await control.get_position(models.GetPositionArgs(PositionId=position))).State is not (
            models.LivePositionState.Closed
        ):
            await portal.kit.advance(0.5)
    # The proof is fresh now: to resume asks again only when it has become old.
    await sign_in_long_ago(portal.kit)
    await page.keyboard.press("Escape")
    await portal.visit(page, "orders")
    await page.get_by_role("button", name="Resume…").first.click()
    stop = page.get_by_role("dialog", name="Stop trading")
    await stop.get_by_label("Type RESUME").first.fill("RESUME")
    await stop.get_by_role("button", name="Resume", exact=False).first.click()
    await present_key(page, portal.kit.token)
    await expect(page.get_by_test_id("halted")).to_have_count(0)
    assert (await control.list_halts()).Halts == []
    portal.problems.clear()  # the browser's console tells of the refused key
