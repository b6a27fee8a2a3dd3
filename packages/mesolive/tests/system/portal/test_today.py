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
    await expect(row.locator("[data-gate='in flight']")).to_contain_text("1 of 1 positions are in flight")
    await expect(row.locator("[data-gate='schedule']")).to_have_attribute("data-open", "true")
    row = page.get_by_test_id(f"why-{false.Id}-{ACCOUNT}")
    await expect(row).to_contain_text("underlying_price < 1")
    await expect(row).to_contain_text("underlying_price = ")
    await expect(row).to_contain_text("not now")
    outlook = page.get_by_test_id("outlook")
    await expect(outlook).to_contain_text("later")
    await expect(outlook).to_contain_text("14:30")
    await expect(page.get_by_test_id("session")).to_contain_text("market closes in 5 h")
    await expect(page.get_by_test_id("exchange")).to_contain_text("open, closes in 5 h")
    await expect(page.get_by_test_id("program").first).to_contain_text("connected since")


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


async def test_the_list_of_strategies_shows_their_pnl_and_next_entry_or_why_there_is_none(portal: Portal) -> None:
    entry = definition()["Entry"]
    late = entry | {"Schedule": {"AfterMarketOpenMinutes": 330, "Every": "day"}, "ReentryDays": 0}
    alone = late | {"Concurrency": {"MaxPositionsInFlight": 1}}
    waits = await portal.kit.strategy(StrategyName="waits for its time", Entry=late)
    full = await portal.kit.strategy(StrategyName="in flight already", Entry=alone)
    held = (await portal.kit.enter(full.Id, "in flight")).PositionId
    await portal.kit.advance(1)
    page = await portal.page("strategies")
    next_entry = page.get_by_test_id(f"next-{waits.Id}")
    await expect(next_entry).to_have_text("15:00")
    await expect(page.get_by_test_id(f"pnl-{waits.Id}").get_by_test_id("unknown")).to_have_attribute(
        "title", "no open position"
    )
    await expect(page.get_by_test_id(f"next-{full.Id}")).to_contain_text(f"{ACCOUNT}: 1 of 1 positions are in flight")
    listed = await portal.kit.control.list_positions(models.ListPositionsArgs(IncludeValues=True))
    (position,) = [each for each in listed.Positions if each.Id == held]
    assert position.UnrealizedPnL is not None
    made = position.UnrealizedPnL + (position.RealizedPnL or 0)
    sign = "\u2212" if made < 0 else "+" if made else ""
    await expect(page.get_by_test_id(f"pnl-{full.Id}")).to_have_text(f"{sign}{abs(made):,.2f}")
    # Switched off, it has no next entry, and says so at once.
    await page.get_by_role("switch", name=f"waits for its time on {ACCOUNT}").click()
    await expect(next_entry.get_by_test_id("unknown")).to_have_text("–it is switched on for no account")


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


async def test_the_session_of_an_underlying_with_its_own_hours_is_shown(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="at night", Symbol="ES")
    page = await portal.page()
    await expect(page.get_by_test_id("own-session")).to_have_text(re.compile(r"ES is evaluated until .*17:00 NY\."))
    await portal.kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))
