"""Halting in two acts, resuming, and the risk graph of the Portal in a browser.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import WebSocketRoute, expect

from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.portal import PAGES, RECORD_PAINTING, SIMULATED, Portal, painted_texts, strategy_on_both

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def strategy(served: Portal) -> AsyncGenerator[models.LiveStrategy]:
    """Import a strategy for both accounts."""
    yield await strategy_on_both(served.kit)


async def order(portal: Portal, plan: models.PreparePositionEntryResult, price: str | None) -> int:
    """Send an order for the one group of a plan: at the market, or at a price that nobody pays. Return its id."""
    (group,) = plan.LegGroups
    sent = await portal.kit.control.send_order(
        models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=SIMULATED,
            ExecPlanId=plan.ExecPlanId,
            LegGroupId=group,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=models.OrderType.Market if price is None else models.OrderType.Limit,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=None if price is None else Decimal(price),
                LegNames=list(plan.LegGroups[group]),
            ),
        )
    )
    return sent.LiveOrderId


async def test_22_23_two_acts_halt_everything_another_browser_says_so_and_a_typed_word_resumes(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    _, plan = await portal.simulated_plan(strategy, "works")
    await order(portal, plan, "-60.00")
    other = await portal.open("positions")
    page = await portal.page("settings")
    # The first act is the same on every page, and so is what the second one would do.
    for path in PAGES:
        await portal.visit(page, path)
        await page.get_by_role("button", name="HALT").click()
        await expect(page.get_by_test_id("halt-all")).to_be_enabled()
        await expect(page.get_by_test_id("halt-all")).to_contain_text("Nothing is sent from now on; 1 working order is")
        await page.keyboard.press("Escape")
    await page.get_by_role("button", name="HALT").click()
    dialog = page.get_by_role("dialog", name="Stop trading")
    await expect(dialog.get_by_test_id("halt-entries")).to_contain_text("Exits and adjustments go on")
    await expect(dialog.get_by_role("textbox")).to_have_count(0)  # no typing
    await page.get_by_test_id("halt-all").click()
    # The event of the halt leads there, no timer: it is there with the answer of the press.
    await expect(other.get_by_test_id("halted").first).to_be_visible()
    await expect(other.get_by_test_id("halted").first).to_contain_text("Nothing is sent")
    await portal.visit(other, "orders")
    await expect(other.get_by_text("Nothing works.")).to_be_visible()
    assert (await portal.kit.control.list_halts()).Halts
    while (await portal.kit.control.list_halts()).Halts:
        await page.get_by_role("button", name="Resume…").first.click()
        dialog = page.get_by_role("dialog", name="Stop trading")
        resume = dialog.get_by_role("button", name=re.compile("^Resume")).first
        await expect(resume).to_be_disabled()
        await dialog.get_by_label("Type RESUME").first.fill("RESUME")
        await resume.click()
        await expect(dialog).to_be_hidden()
    await expect(page.get_by_test_id("halted")).to_have_count(0)
    assert (await portal.kit.control.list_halts()).Halts == []


async def test_halt_and_flatten_says_what_it_will_do_asks_who_it_is_and_closes_what_a_venue_holds(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    control = portal.kit.control
    _, plan = await portal.simulated_plan(strategy, "to be flattened")
    await order(portal, plan, None)
    _, waits = await portal.simulated_plan(strategy, "never filled")
    working = await order(portal, waits, "-60.00")
    paper = (await portal.kit.enter(strategy.Id, "on paper")).PositionId

    async def state(name: str) -> models.LivePositionState:
        (found,) = [each for each in (await control.list_positions()).Positions if each.Name == name]
        return found.State

    async with asyncio.timeout(120):
        while await state("to be flattened") != models.LivePositionState.Open:
            await portal.kit.advance(0.5)
    asked: list[dict[str, Any]] = []

    async def between(socket: WebSocketRoute) -> None:
        """Answer the first call as a server does whose browser was signed in long ago; a live account asks so."""
        server = socket.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            text = frame if isinstance(frame, str) else frame.decode()
            if '"target":"HaltAndFlatten"' in text:
                call = json.loads(text.rstrip("\x1e"))
                asked.append(call["arguments"][0])
                if len(asked) == 1:
                    error = {"Code": "SignInAgain", "Detail": "present a key again"}
                    result = {"Status": "Forbidden", "Message": "present a key again", "Error": error}
                    answer = {"type": 3, "invocationId": call["invocationId"], "result": result}
                    socket.send(json.dumps(answer) + "\x1e")
                    return
            server.send(frame)

        socket.on_message(pass_on)

    page = await (await portal.signed_in()).new_page()
    await page.route_web_socket(re.compile("/hubs/control/"), between)
    await portal.show(page, "positions")
    await page.get_by_role("button", name="HALT").click()
    await page.get_by_test_id("flatten").click()
    dialog = page.get_by_role("dialog", name="Halt and flatten")
    message = dialog.get_by_test_id("flatten-plan")
    await expect(message).to_contain_text("No new position is opened")
    await expect(message).to_contain_text("1 working order is cancelled")
    await expect(message).to_contain_text("1 position is closed by market orders, at whatever price is there")
    await expect(message).to_contain_text("to be flattened")
    await expect(message).to_contain_text("on paper stay")
    hold = dialog.get_by_role("button", name="Hold to halt and flatten all accounts")
    await hold.click()  # a click alone does nothing
    assert asked == []
    await hold.focus()
    await page.keyboard.down("Enter")
    await expect(page.get_by_role("dialog", name="Who are you?")).to_be_visible()
    await page.keyboard.up("Enter")
    await page.get_by_label("API key").fill(portal.kit.token)
    await page.get_by_role("button", name="Go on").click()
    reported = page.get_by_test_id("flattened")
    await expect(reported).to_contain_text("to be flattened")
    await expect(reported).to_contain_text("1 market order")
    await expect(reported.get_by_role("listitem").filter(has_text="on paper")).to_contain_text("not closed")
    assert len(asked) == 2
    assert asked[0]["IdempotencyKey"] != asked[1]["IdempotencyKey"]
    async with asyncio.timeout(120):
        while await state("to be flattened") != models.LivePositionState.Closed:
            await portal.kit.advance(0.5)
    cancelled = await control.get_order(models.GetOrderArgs(LiveOrderId=working))
    assert cancelled.State == models.OrderState.Cancelled
    (halt,) = (await control.list_halts()).Halts
    assert halt.Scope == models.HaltScope.Entries
    await expect(page.get_by_test_id("halted")).to_contain_text("ENTRIES STOPPED")
    await control.resume_trading(models.ResumeTradingArgs(IdempotencyKey=new_idempotency_key()))
    await portal.kit.leave(paper)  # its contracts are free for the next position


async def test_33_chart_and_table_of_the_risk_graph_have_the_numbers_of_the_server(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    position = (await portal.kit.enter(strategy.Id, "graphed")).PositionId
    page = await portal.page(f"positions/{position}")
    await page.get_by_test_id("risk").get_by_role("button", name="table").click()
    rows = page.get_by_test_id("risk-table").locator("tbody tr")
    await expect(rows).to_have_count(13)
    for row in (0, 3, 6, 9, 12):
        cells = [
            cell.replace("\u2212", "-").replace(",", "") for cell in await rows.nth(row).locator("td").all_inner_texts()
        ]
        price = Decimal(cells[0])
        wanted = await portal.kit.control.get_risk_graph(
            models.GetRiskGraphArgs(PositionIds=[position], PriceFrom=price, PriceTo=price + 2, Points=3)
        )
        assert [Decimal(cell) for cell in cells[1:]] == [curve.PnL[0] for curve in wanted.Curves]
    # The chart says the same numbers where the pointer is.
    risk = page.get_by_test_id("risk")
    await risk.get_by_role("button", name="chart").click()
    box = await risk.locator("canvas").bounding_box()
    assert box is not None
    legend = risk.locator(".legend")
    for share in (0.2, 0.35, 0.5, 0.65, 0.8):
        await page.mouse.move(box["x"] + share * box["width"], box["y"] + 120)
        await expect(legend).to_contain_text("at ")
        said = (await legend.inner_text()).replace("\u2212", "-").replace(",", "").split("break-even")[0]
        at = re.search(r"at\s+([\d.]+)", said)
        assert at is not None
        price = Decimal(at[1])
        wanted = await portal.kit.control.get_risk_graph(
            models.GetRiskGraphArgs(PositionIds=[position], PriceFrom=price, PriceTo=price + 2, Points=3)
        )
        assert re.findall(r"[+-][\d.]+", said) == [f"{curve.PnL[0]:+.2f}" for curve in wanted.Curves]


async def test_a_rollup_draws_the_sum_of_its_positions_and_says_what_it_can_win_and_lose(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    control = portal.kit.control
    if not (await control.list_positions(models.ListPositionsArgs(State=models.LivePositionState.Open))).Positions:
        await portal.kit.enter(strategy.Id, "rolled up")
    page = await portal.page("rollups/strategy")
    panel = page.locator("section.panel").filter(has_text=strategy.Name).first
    await panel.get_by_role("button", name="risk graph").click()
    graph = panel.locator("[data-symbol=SPX]")
    wanted = await control.get_risk_graph(models.GetRiskGraphArgs(StrategyId=strategy.Id, Symbol="SPX"))
    assert wanted.MaxProfit is not None
    assert wanted.MaxLoss is not None
    shown = f"max profit +{wanted.MaxProfit:,.0f}, max loss \u2212{wanted.MaxLoss:,.0f}"
    await expect(graph.get_by_test_id("maximum")).to_have_text(shown)
    await expect(graph.locator("canvas")).to_be_visible()


async def test_the_graph_of_a_later_day_is_that_of_the_server_and_corners_stand_at_the_strikes(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    position = (await portal.kit.enter(strategy.Id, "looked at later")).PositionId
    asked: list[dict[str, Any]] = []

    def note(frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode()
        asked.extend(
            json.loads(part)["arguments"][0] for part in text.split("\x1e") if '"target":"GetRiskGraph"' in part
        )

    page = await (await portal.signed_in()).new_page()
    page.on("websocket", lambda socket: socket.on("framesent", note))
    await portal.show(page, f"positions/{position}")
    risk = page.get_by_test_id("risk")
    await expect(risk.get_by_test_id("ahead")).to_be_enabled()
    await risk.get_by_test_id("ahead").fill("12")
    await risk.get_by_role("button", name="table").click()
    await expect(risk.locator("thead th")).to_have_count(4)  # prices, now, the day, the expiration
    args = msgspec.convert(asked[-1], models.GetRiskGraphArgs, strict=False)
    assert args.Days is not None
    assert [round(day) for day in args.Days] == [0, 12, 46]
    wanted = await portal.kit.control.get_risk_graph(args)
    legs = (await portal.kit.control.get_position(models.GetPositionArgs(PositionId=position))).Legs
    assert {leg.LiveContract.Strike for leg in legs} <= set(wanted.Prices)
    cells = await risk.get_by_test_id("risk-table").locator("tbody tr").first.locator("td").all_inner_texts()
    numbers = [Decimal(cell.replace("\u2212", "-").replace(",", "")) for cell in cells]
    assert numbers == [wanted.Prices[0], *(curve.PnL[0] for curve in wanted.Curves)]


@pytest.mark.parametrize("density", [1, 2])
async def test_a_chart_has_as_many_points_as_the_display_and_no_blurred_line(
    portal: Portal, strategy: models.LiveStrategy, density: int
) -> None:
    position = (await portal.kit.enter(strategy.Id, "sharp")).PositionId
    context = await portal.signed_in(density=density)
    await context.add_init_script(RECORD_PAINTING)
    page = await context.new_page()
    await portal.show(page, f"positions/{position}")
    canvas = page.get_by_test_id("risk").locator("canvas")
    await expect(canvas).to_be_visible()
    for side in ("width", "height"):
        of = f"(canvas) => canvas.{side} / canvas.getBoundingClientRect().{side}"
        assert await canvas.evaluate(of) == pytest.approx(density)
    assert await painted_texts(page)
    assert await page.evaluate("painted.blurred") == []


async def test_a_ticket_draws_what_its_plan_would_be_as_a_what_if(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    job, plan = await portal.simulated_plan(strategy, "drawn before it is sent")
    page = await portal.page(f"tickets/{quote(job)}?kind=entry")
    risk = page.get_by_test_id("risk")
    await expect(risk.locator(".whatif")).to_contain_text("what this entry would be")
    await risk.get_by_role("button", name="table").click()
    row = risk.get_by_test_id("risk-table").locator("tbody tr").nth(6)
    cells = [cell.replace("\u2212", "-").replace(",", "") for cell in await row.locator("td").all_inner_texts()]
    price = Decimal(cells[0])
    wanted = await portal.kit.control.get_risk_graph(
        models.GetRiskGraphArgs(ExecPlanId=plan.ExecPlanId, PriceFrom=price, PriceTo=price + 2, Points=3)
    )
    assert [Decimal(cell) for cell in cells[1:]] == [curve.PnL[0] for curve in wanted.Curves]


async def test_a_what_if_is_framed_and_says_so(portal: Portal, strategy: models.LiveStrategy) -> None:
    position = (await portal.kit.enter(strategy.Id, "what if")).PositionId
    page = await portal.page(f"positions/{position}")
    risk = page.get_by_test_id("risk")
    await expect(risk.locator("canvas")).to_be_visible()
    await risk.get_by_label("Shift of implied volatility in points").fill("3")
    await expect(risk.locator(".whatif")).to_contain_text("WHAT-IF")
