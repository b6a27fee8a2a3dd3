"""The front page: what the server will do next, and why something did not happen.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.portal import Portal
from mesolive_testkit.server import ACCOUNT, definition

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def why(portal: Portal, strategy: models.LiveStrategy, page: Page | None = None) -> Page:
    """Open the front page after an evaluation."""
    await portal.kit.application.signals.evaluate()
    page = page or await portal.page()
    await expect(page.get_by_test_id(f"why-{strategy.Id}-{ACCOUNT}")).to_be_visible()
    return page


async def test_32_today_names_the_closed_gate_its_time_and_the_condition_that_is_false(portal: Portal) -> None:
    entry = definition()["Entry"]
    # 11:00 in New York: a schedule of 14:30, a limit of positions that is reached, a condition that does not hold.
    later = await portal.kit.strategy(
        StrategyName="later",
        Entry=entry | {"Schedule": {"AfterMarketOpenMinutes": 300, "Every": "day"}},
    )
    full = await portal.kit.strategy(
        StrategyName="full",
        Entry=entry | {"Schedule": None, "ReentryDays": 0, "Concurrency": {"MaxPositionsInFlight": 1}},
    )
    await portal.kit.enter(full.Id, "the one in flight")
    false = await portal.kit.strategy(
        StrategyName="false",
        Entry=entry | {"Schedule": None, "Conditions": ["underlying_price < 1 -- a crash"]},
    )
    page = await why(portal, later)
    row = page.get_by_test_id(f"why-{later.Id}-{ACCOUNT}")
    await expect(row.locator("[data-gate='schedule']")).to_have_attribute("data-open", "false")
    await expect(row.locator("[data-gate='schedule']")).to_contain_text("14:30")
    row = page.get_by_test_id(f"why-{full.Id}-{ACCOUNT}")
    await expect(row.locator("[data-gate='in flight']")).to_have_attribute("data-open", "false")
    await expect(row.locator("[data-gate='schedule']")).to_have_attribute("data-open", "true")
    row = page.get_by_test_id(f"why-{false.Id}-{ACCOUNT}")
    await expect(row).to_contain_text("underlying_price < 1")
    await expect(row).to_contain_text("underlying_price = ")
    await expect(row).to_contain_text("not now")
    outlook = page.get_by_test_id("outlook")
    await expect(outlook).to_contain_text("later")
    await expect(outlook).to_contain_text("14:30")
    await expect(page.get_by_test_id("session")).to_contain_text("market closes in 5 h")


async def test_a_position_shows_the_checks_of_its_exit(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="checked")
    held = (await portal.kit.enter(strategy.Id, "checked")).PositionId
    await portal.kit.application.signals.evaluate()
    page = await portal.page(f"positions/{held}")
    await page.get_by_role("tab", name="Checks").click()
    checks = page.get_by_test_id(f"why-position-{held}")
    await expect(checks).to_contain_text("leg_short_put_dte < 21")
    await expect(checks).to_contain_text("profit target")
    # How far it is on the way to its target or stop stands beside its numbers, and on its card on the front page.
    (exit_,) = [
        each.Exit
        for of in (await portal.kit.control.get_evaluations(models.GetEvaluationsArgs())).Evaluations
        for each in of.Positions
        if each.PositionId == held
    ]
    assert exit_.ProfitTarget is not None
    target = f"target at +{exit_.ProfitTarget.Vars['profit_target']:,.0f}"
    await expect(page.get_by_test_id("target")).to_have_attribute("title", re.compile(re.escape(target)))
    await portal.visit(page, "")
    card = page.locator(f"a[href='/positions/{held}'][data-row]")
    await expect(card.get_by_test_id("target")).to_have_attribute("title", re.compile(re.escape(target)))


async def test_a_halt_is_named_among_the_gates(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="halted")
    await portal.kit.control.halt_trading(
        models.HaltTradingArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            Scope=models.HaltScope.Entries,
            Reason="first day",
        )
    )
    page = await why(portal, strategy)
    row = page.get_by_test_id(f"why-{strategy.Id}-{ACCOUNT}")
    await expect(row.locator("[data-gate='halt']")).to_contain_text("first day")
    await portal.kit.control.resume_trading(
        models.ResumeTradingArgs(IdempotencyKey=new_idempotency_key(), BrokerAccountId=ACCOUNT)
    )
    await expect(row.locator("[data-gate='halt']")).to_have_count(0)
