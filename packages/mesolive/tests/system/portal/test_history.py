"""What accounts and positions were worth over time, in the browser."""

from __future__ import annotations

import re
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive_sdk import models
from mesolive_testkit.portal import RECORD_PAINTING, Portal, painted_texts
from mesolive_testkit.server import ACCOUNT

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_value_and_pnl_over_time_are_drawn_and_their_tables_have_the_numbers_of_the_server(
    portal: Portal,
) -> None:
    strategy = await portal.kit.strategy()
    held = (await portal.kit.enter(strategy.Id, "watched over time")).PositionId
    for _ in range(5):
        await portal.kit.advance(60)
        await portal.kit.application.sampler.sample()
    equity = await portal.kit.control.get_equity_history(models.GetEquityHistoryArgs(BrokerAccountId=ACCOUNT))
    page = await portal.page("accounts")
    panel = page.locator("section.panel").filter(has_text=ACCOUNT)
    await panel.get_by_text("Value over time").click()
    await expect(panel.locator("canvas")).to_be_visible()
    await panel.get_by_role("button", name="table").click()
    shown = await panel.get_by_test_id("history").locator("tbody td.r").all_inner_texts()
    wanted = [f"{point.NetLiquidation:,.2f}" for point in reversed(equity.Points) if point.NetLiquidation is not None]
    assert shown == wanted
    await panel.get_by_role("button", name="drawdown").click()
    worst = await panel.get_by_test_id("history").locator("tbody td.r").all_inner_texts()
    assert all(text == "0.00" or text.startswith("\u2212") for text in worst)
    # PnL and greeks of the whole account stand beside its value.
    curves = panel.get_by_role("group", name="What is shown")
    for title, name, digits in (
        ("open PnL", "PnL", 2),
        ("PnL of the day", "DayPnL", 2),
        ("Δ", "Delta", 2),
        ("Γ", "Gamma", 4),
        ("Θ", "Theta", 2),
        ("ν", "Vega", 2),
    ):
        await curves.get_by_role("button", name=title, exact=True).click()
        figures = [getattr(point, name) for point in reversed(equity.Points)]
        assert any(figure is not None for figure in figures), name
        said = await panel.get_by_test_id("history").locator("tbody td.r").all_inner_texts()
        assert len(said) == len(figures)
        for text, figure in zip(said, figures, strict=True):
            if figure is None:
                assert text == "–", name
            else:
                number = float(text.replace("\u2212", "-").replace(",", ""))
                assert number == pytest.approx(float(figure), abs=0.51 * 10**-digits), name
    await panel.get_by_role("button", name="chart").click()
    await expect(panel.locator("canvas")).to_be_visible()
    await portal.visit(page, f"positions/{held}")
    await page.get_by_role("tab", name="History").click()
    history = page.get_by_test_id("history")
    await expect(history.locator("canvas")).to_be_visible()
    points = await portal.kit.control.get_position_history(models.GetPositionHistoryArgs(PositionId=held))
    await history.get_by_role("button", name="table").click()
    pnl = await history.locator("tbody td.r").all_inner_texts()
    assert [float(text.replace("\u2212", "-").replace(",", "")) for text in pnl] == [
        float(point.PnL) for point in reversed(points.Points) if point.PnL is not None
    ]


async def test_an_acknowledged_error_stays_and_is_not_counted_as_new(portal: Portal) -> None:
    error_id = uuid4()

    async def note(state: models.ErrorState) -> None:
        application = portal.kit.application
        event = models.ErrorEvent(EventTime=UNSTAMPED, State=state, ErrorId=error_id, Message="a price is missing")
        user = await application.access.user("trader")
        async with application.database.write(user.user_id) as tx:
            await Journal(application.database, LocalBus(), application.clock).append(tx, user.user_id, [event])

    await note(models.ErrorState.Active)
    page = await portal.page("signals")
    error = page.get_by_test_id("error").filter(has_text="a price is missing")
    await expect(page).to_have_title("(1) Signals – MesoLive")
    await error.get_by_role("button", name="Acknowledge").click()
    await expect(error).to_contain_text("seen by")
    await expect(page).to_have_title("Signals – MesoLive")
    other = await portal.open("signals")
    await expect(other.get_by_test_id("error")).to_contain_text("it stays until it is resolved")


def times_of(texts: list[str]) -> list[str]:
    """Return the times of day among the words of a chart, each once."""
    return sorted({text for text in texts if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text)})


async def test_curves_over_time_have_the_time_of_the_exchange_in_a_browser_elsewhere(portal: Portal) -> None:
    strategy = await portal.kit.strategy(StrategyName="seen from afar")
    held = (await portal.kit.enter(strategy.Id, "seen from afar")).PositionId
    for _ in range(3):
        await portal.kit.advance(1800)
        await portal.kit.application.sampler.sample()
    points = (await portal.kit.control.get_position_history(models.GetPositionHistoryArgs(PositionId=held))).Points
    zone = ZoneInfo("America/New_York")
    first, last = (f"{points[place].At.astimezone(zone):%H:%M}" for place in (0, -1))
    said: dict[str, list[str]] = {}
    for browser in ("Asia/Tokyo", "America/New_York"):
        context = await portal.signed_in(zone=browser)
        await context.add_init_script(RECORD_PAINTING)
        page = await context.new_page()
        await portal.show(page, f"positions/{held}")
        await page.get_by_role("tab", name="History").click()
        await expect(page.get_by_test_id("history").locator("canvas")).to_be_visible()
        said[browser] = times_of(await painted_texts(page))
        await page.evaluate("painted.texts = []")
        await portal.visit(page, "accounts")
        panel = page.locator("section.panel").filter(has_text=ACCOUNT)
        await panel.get_by_text("Value over time").click()
        await panel.get_by_role("button", name="1D").click()
        await expect(panel.locator("canvas")).to_be_visible()
        said[f"{browser}, account"] = times_of(await painted_texts(page))
    # 11:00 to 12:30 in New York is the night of the next day in Tokyo.
    assert said["Asia/Tokyo"]
    assert all(first <= time <= last for time in said["Asia/Tokyo"])
    assert said["Asia/Tokyo"] == said["America/New_York"]
    assert said["Asia/Tokyo, account"] == said["America/New_York, account"] != []
