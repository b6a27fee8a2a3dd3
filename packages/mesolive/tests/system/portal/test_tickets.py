"""Tickets of the Portal in a browser: paper fills, orders to the venue, and the rules against accidents.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models
from mesolive_testkit.portal import SIMULATED, Portal, strategy_on_both

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def strategy(served: Portal) -> AsyncGenerator[models.LiveStrategy]:
    """Import a strategy for both accounts."""
    yield await strategy_on_both(served.kit)


async def orders(portal: Portal, plan: int) -> list[models.Order]:
    """Return the orders of a plan."""
    listed = await portal.kit.control.list_orders(models.ListOrdersArgs(ExecPlanId=plan))
    return listed.Orders


async def until(portal: Portal, plan: int, holds: Callable[[list[models.Order]], bool]) -> None:
    """Move the market on until the orders of a plan are as they should be."""
    async with asyncio.timeout(20):
        while not holds(await orders(portal, plan)):
            await portal.kit.advance(0.1)


async def ticket(portal: Portal, strategy: models.LiveStrategy, name: str, *, own: bool = False) -> tuple[Page, int]:
    """Open the ticket of a new plan on the simulated account, with fresh quotes; `own` is for what changes a page."""
    job, plan = await portal.simulated_plan(strategy, name)
    path = f"tickets/{quote(job)}?kind=entry"
    page = await (portal.open(path) if own else portal.page(path))
    await expect(page.get_by_test_id("group")).to_be_visible()
    await portal.kit.advance(0.5)
    await expect(page.get_by_test_id("review")).to_be_enabled()
    return page, plan.ExecPlanId


async def test_27_a_paper_position_is_built_filled_and_closed_by_clicks_alone(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    async def states() -> list[models.LivePositionState]:
        listed = await portal.kit.control.list_positions()
        return [each.State for each in listed.Positions if each.Name == "by hand"]

    page = await portal.page(f"build?strategy={strategy.Id}")
    await page.get_by_label("name of the position").fill("by hand")
    await page.get_by_test_id("prepare").click()
    await expect(page.get_by_test_id("paper")).to_be_visible()
    await page.get_by_test_id("book").click()
    await expect(page.get_by_role("heading", name="by hand")).to_be_visible()
    await page.get_by_test_id("exit").click()
    await expect(page.get_by_test_id("paper")).to_be_visible()
    await page.get_by_test_id("book").click()
    async with asyncio.timeout(20):
        while await states() != [models.LivePositionState.Closed]:
            await portal.kit.advance(0.1)


async def test_what_was_typed_stays_while_positions_come_and_go(portal: Portal, strategy: models.LiveStrategy) -> None:
    read_anew = asyncio.Event()

    def note(frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode()
        if '"Positions":' in text and "entered elsewhere" in text:
            read_anew.set()

    page = await (await portal.signed_in()).new_page()
    page.on("websocket", lambda socket: socket.on("framereceived", note))
    await portal.show(page, f"build?strategy={strategy.Id}")
    name, symbol = page.get_by_label("name of the position"), page.get_by_label("underlying", exact=True)
    await name.fill("typed by hand")
    await symbol.fill("XSP")
    await portal.kit.enter(strategy.Id, "entered elsewhere")
    await asyncio.wait_for(read_anew.wait(), 30)
    await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    await expect(name).to_have_value("typed by hand")
    await expect(symbol).to_have_value("XSP")


async def test_21_an_order_without_an_answer_offers_nothing_that_could_send_it_twice(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "no answer")
    portal.faults.ask(Fault.REQUEST_LOST)
    await page.get_by_test_id("price").fill("-60.00")
    await page.get_by_test_id("review").click()
    await page.get_by_test_id("send").click()
    group = page.get_by_test_id("group")
    await expect(group).to_contain_text("pending submit")
    await expect(group).to_contain_text("The venue has not answered yet")
    await page.reload()
    await expect(group).to_contain_text("The venue has not answered yet")
    (order,) = await orders(portal, plan)
    for path in (None, "orders", f"orders/{order.OrderId}"):
        if path is not None:
            await portal.visit(page, path)
            await expect(page.locator("main")).to_contain_text(str(order.OrderId))
        main = page.locator("main")
        for name in ("Review", "Replace at this price", "Send", "Cancel order", re.compile("^Cancel$")):
            await expect(main.get_by_role("button", name=name)).to_have_count(0)
    await expect(page.locator("main")).to_contain_text("the venue has not said what became of it")
    assert len(await orders(portal, plan)) == 1


async def test_17_a_double_click_on_send_sends_one_order(portal: Portal, strategy: models.LiveStrategy) -> None:
    page, plan = await ticket(portal, strategy, "double click")
    await page.get_by_test_id("review").click()
    send = page.get_by_test_id("send")
    await expect(send).to_contain_text("Send SIMULATED order")
    await send.dblclick()
    await expect(page.get_by_test_id("review-dialog")).to_be_hidden()
    await expect(page.get_by_test_id("group")).to_contain_text("Order")
    assert len(await orders(portal, plan)) == 1


async def test_19_enter_sends_nothing(portal: Portal, strategy: models.LiveStrategy) -> None:
    page, plan = await ticket(portal, strategy, "enter")
    await page.get_by_test_id("price").press("Enter")
    await page.get_by_test_id("review").click()
    await expect(page.get_by_test_id("send")).to_be_visible()
    await expect(page.get_by_test_id("send")).not_to_be_focused()
    await page.get_by_test_id("send").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("review-dialog")).to_be_hidden()
    assert await orders(portal, plan) == []


async def test_20_old_quotes_lock_the_review_and_fresh_ones_open_it(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, _ = await ticket(portal, strategy, "old quotes", own=True)
    await page.clock.install()
    await page.clock.fast_forward(8_000)
    # Quotes that were on their way come after the leap and are young: they are old five seconds later.
    await expect(page.get_by_test_id("review")).to_be_disabled(timeout=15_000)
    await expect(page.get_by_test_id("lock")).to_contain_text("old")


async def test_a_price_off_the_tick_or_no_number_locks_the_review(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, _ = await ticket(portal, strategy, "off the tick")
    for typed, why in (("-18.63", "tick of 0.05"), ("abc", "not a number"), ("", "not a number")):
        await page.get_by_test_id("price").fill(typed)
        await expect(page.get_by_test_id("lock")).to_contain_text(why)
        await expect(page.get_by_test_id("review")).to_be_disabled()


async def test_28_an_order_is_replaced_and_cancelled(portal: Portal, strategy: models.LiveStrategy) -> None:
    page, plan = await ticket(portal, strategy, "replaced")
    price = page.get_by_test_id("price")
    await price.fill("-60.00")  # a credit that nobody pays
    await page.get_by_test_id("review").click()
    await page.get_by_test_id("send").click()
    replace = page.get_by_role("button", name="Replace at this price")
    await expect(replace).to_be_visible()
    await portal.kit.advance(0.5)
    await price.fill("-59.00")
    await expect(replace).to_be_enabled()
    await replace.click()
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("review-dialog")).to_be_hidden()
    await until(portal, plan, lambda found: any(each.LimitPrice == -59 and each.State == "Submitted" for each in found))
    await page.get_by_role("button", name="Cancel order").click()
    await until(portal, plan, lambda found: all(each.State in {"Cancelled", "Replaced"} for each in found))
    await expect(page.get_by_test_id("review")).to_be_visible()
    assert len(await orders(portal, plan)) == 2


async def test_an_order_walks_by_ticks_as_it_was_reviewed_and_no_further(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "walks", own=True)
    await page.get_by_test_id("price").fill("-60.00")  # a credit that nobody pays, at any step of this walk
    await page.get_by_test_id("walk").check()
    end = page.get_by_test_id("walk-end")
    await end.fill("-61.00")
    await expect(page.get_by_test_id("lock")).to_contain_text("gives way upwards")
    await end.fill("-59.90")
    await page.get_by_label("a tick every").select_option("5")
    await page.get_by_test_id("review").click()
    review = page.get_by_test_id("review-dialog")
    await expect(review).to_contain_text("by a tick every 5 s up to −59.90")
    await expect(review.get_by_test_id("order-check")).to_contain_text("all hold")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("walking")).to_be_visible()

    async def prices() -> list[float | None]:
        found = sorted(await orders(portal, plan), key=lambda each: each.OrderId)
        return [None if each.LimitPrice is None else float(each.LimitPrice) for each in found]

    await page.clock.install()
    async with asyncio.timeout(120):
        while await page.get_by_test_id("walking").is_visible():
            await page.clock.fast_forward(1_000)
            await portal.kit.advance(0.1)
    assert await prices() == [-60.0, -59.95, -59.9]
    working = [each for each in await orders(portal, plan) if each.State == models.OrderState.Submitted]
    assert [each.LimitPrice for each in working] == [Decimal("-59.9")]
    await page.get_by_role("button", name="Cancel order").click()
    await until(portal, plan, lambda found: all(each.State in {"Cancelled", "Replaced"} for each in found))


async def test_an_order_beyond_a_limit_of_the_account_cannot_be_sent_and_says_why(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    limits = models.SetAccountLimitsArgs(BrokerAccountId=SIMULATED, MaxContracts=Decimal(1))
    before = await portal.kit.control.get_account_limits(models.GetAccountLimitsArgs(BrokerAccountId=SIMULATED))
    await portal.kit.control.set_account_limits(limits)
    page, plan = await ticket(portal, strategy, "too many")
    await page.get_by_test_id("price").fill("-60.00")
    await page.get_by_test_id("review").click()
    await expect(page.get_by_test_id("order-check")).to_contain_text("refused")
    await expect(page.get_by_test_id("send")).to_be_disabled()
    await expect(page.get_by_test_id("review-lock")).to_contain_text("contracts")
    assert await orders(portal, plan) == []
    await portal.kit.control.set_account_limits(
        models.SetAccountLimitsArgs(BrokerAccountId=SIMULATED, MaxContracts=before.MaxContracts)
    )


async def test_18_a_reload_between_click_and_answer_finds_the_outcome_by_the_key(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "reloaded", own=True)
    await page.get_by_test_id("price").fill("-60.00")
    await page.get_by_test_id("review").click()
    # The command arrives, and the page hears nothing any more before it is loaded anew. A page that went at once could
    # take the command with it.
    await page.evaluate(
        """() => { const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (data) {
                if (String(data).includes("SendOrder")) this.onmessage = () => {};
                send.call(this, data);
            }; }"""
    )
    await page.get_by_test_id("send").click()
    async with asyncio.timeout(30):
        while not await orders(portal, plan):
            await portal.kit.advance(0.1)
    await page.reload()
    await expect(page.get_by_test_id("outcome")).to_contain_text("was done")
    assert len(await orders(portal, plan)) == 1
    await expect(page.get_by_test_id("group")).to_contain_text("Order")


async def test_24_liquidate_takes_a_press_of_a_second_and_sends_market_orders(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "liquidated")
    await page.get_by_label("type").select_option("Market")
    await page.get_by_test_id("review").click()
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("group")).to_contain_text("filled at", timeout=20_000)
    listed = await portal.kit.control.list_positions(models.ListPositionsArgs(LiveExecPlanId=plan))
    await portal.visit(page, f"positions/{listed.Positions[0].Id}")
    await page.get_by_test_id("liquidate").click()
    hold = page.get_by_role("button", name="Hold to liquidate")
    await hold.click()  # a click alone does nothing
    await expect(hold).to_be_enabled()
    box = await hold.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 10, box["y"] + 10)
    await page.mouse.down()
    await expect(page.get_by_role("dialog")).to_be_hidden(timeout=20_000)
    await page.mouse.up()
    async with asyncio.timeout(20):
        while True:
            found = await portal.kit.control.list_positions(models.ListPositionsArgs(BrokerAccountId=SIMULATED))
            if {each.State for each in found.Positions if each.Name == "liquidated"} == {"Closed"}:
                break
            await portal.kit.advance(0.5)


async def test_25_setting_closed_asks_for_the_name_and_says_that_nothing_is_sent(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    position = (await portal.kit.enter(strategy.Id, "closed elsewhere")).PositionId
    page = await portal.page(f"positions/{position}")
    await page.get_by_test_id("set-closed").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Nothing is sent to the market")
    close = dialog.get_by_role("button", name="Set closed, send nothing")
    await expect(close).to_be_disabled()
    await dialog.get_by_label("Type the name").fill("closed elsewhere")
    await close.click()
    await expect(page.get_by_text("Closed", exact=False).first).to_be_visible()


async def test_16_the_bar_and_the_word_say_the_strictest_kind_of_the_accounts(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page = await portal.page()
    await expect(page.get_by_test_id("kinds")).to_have_text("SIMULATED + PAPER")
    await expect(page.locator(".kindbar")).to_have_class(re.compile(r"\bsimulated\b"))
