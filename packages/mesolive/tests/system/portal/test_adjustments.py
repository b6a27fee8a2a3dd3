"""Adjustments of a paper position by clicks, from their signals, and entries that are not allowed.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from mesolive_sdk import models
from mesolive_testkit.portal import Portal
from mesolive_testkit.server import definition

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEDGE = {
    "Name": "hedge",
    "Qty": "1",
    "OptionType": "Put",
    "ExpirationName": "month",
    "StrikeSelector": {"StrikePrice": "leg_long_put_strike - 100"},
}


@pytest.mark.parametrize(
    ("button", "action"),
    [
        (
            "move leg",
            {
                "MoveLegAdjustment": {
                    "LegName": "long_put",
                    "StrikeSelector": {"StrikePrice": "leg_long_put_strike - 100"},
                    "VarDefines": {"moves": "1"},
                }
            },
        ),
        ("add legs", {"AddLegsAdjustment": {"Legs": [HEDGE], "VarDefines": {"moves": "1"}}}),
        (
            "remove legs",
            {"RemoveLegsAdjustment": {"LegNames": ["short_call", "long_call"], "VarDefines": {"moves": "1"}}},
        ),
        ("update vars", {"UpdateVarsAdjustment": {"VarDefines": {"moves": "1"}}}),
    ],
)
async def test_27_each_kind_of_adjustment_is_made_from_its_signal(
    portal: Portal, button: str, action: dict[str, object]
) -> None:
    entry = definition()["Entry"]
    strategy = await portal.kit.strategy(
        StrategyName=button,
        Entry=entry | {"VarDefines": entry["VarDefines"] | {"moves": "0"}},
        Adjustment={"ConditionalAdjustments": {"moves < 1 -- adjust": action}},
    )
    held = (await portal.kit.enter(strategy.Id, f"to {button}")).PositionId

    async def position() -> models.LivePositionDetail:
        return await portal.kit.control.get_position(models.GetPositionArgs(PositionId=held))

    before = {leg.Id for leg in (await position()).Legs if leg.ClosedAt is None}
    if button == "update vars":
        # The server makes these by itself when their condition holds: by hand they are made from the position.
        page = await portal.page(f"positions/{held}")
        await page.get_by_role("button", name="Adjust…").click()
    else:
        await portal.kit.application.signals.evaluate()
        page = await portal.page("signals")
        signal = page.locator("article.signal").filter(has_text=f"to {button}").filter(has_text="adjustment")
        await expect(signal).to_contain_text("moves < 1")
        await signal.get_by_role("link", name="Adjust…").click()
    await page.get_by_role("dialog", name="Adjust").get_by_role("button", name=button).click()
    await expect(page.get_by_test_id("paper")).to_be_visible()
    await page.get_by_test_id("book").click()
    await expect(page).to_have_url(f"{portal.url}/positions/{held}")
    result = await position()
    assert result.Vars["moves"] == 1
    after = {leg.Id for leg in result.Legs if leg.ClosedAt is None}
    assert (after == before) == (button == "update vars")
    await portal.kit.leave(held)  # its contracts are free for the next position


async def test_31_an_entry_that_is_not_allowed_says_which_condition_does_not_hold(portal: Portal) -> None:
    entry = definition()["Entry"]
    strategy = await portal.kit.strategy(
        StrategyName="not allowed", Entry=entry | {"Conditions": ["underlying_price < 1 -- a crash"]}
    )
    page = await portal.page(f"build?strategy={strategy.Id}")
    await page.get_by_test_id("prepare").click()
    await expect(page.get_by_test_id("not-allowed")).to_be_visible()
    await expect(page.get_by_text("underlying_price < 1")).to_be_visible()
    await expect(page.get_by_text("underlying_price = ")).to_be_visible()
    book = page.get_by_test_id("book")
    await expect(book).to_be_disabled()
    await expect(page.get_by_test_id("paper")).to_contain_text("conditions do not allow this")
    await page.get_by_test_id("anyway").check()
    await expect(book).to_be_enabled()
