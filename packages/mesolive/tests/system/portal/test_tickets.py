"""Tickets of the Portal in a browser: paper fills, orders to the venue, and the rules against accidents.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Page, WebSocketRoute, expect

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
    async with asyncio.timeout(120):
        while not holds(await orders(portal, plan)):
            await portal.kit.advance(0.1)


async def ticket(portal: Portal, strategy: models.LiveStrategy, name: str, *, own: bool = False) -> tuple[Page, int]:
    """Open the ticket of a new plan on the simulated account, with fresh quotes; `own` is for what changes a page."""
    job, plan = await portal.simulated_plan(strategy, name)
    path = f"tickets/{quote(job)}?kind=entry"
    page = await (portal.open(path) if own else portal.page(path))
    await expect(page.get_by_test_id("group")).to_be_visible()
    await portal.quoted(expect(page.get_by_test_id("review")).to_be_enabled())
    return page, plan.ExecPlanId


LOCKED_AND_SEEN = """() => {
    const send = document.querySelector("[data-testid=send]");
    const buttons = [...document.querySelectorAll("[data-testid=review-dialog] button")];
    const seen = buttons.find((each) => each.textContent === "I have seen it");
    if (!seen || !send.disabled) return false;
    seen.click();
    return true;
}"""
"""Whether the market's move has locked the last button; then it is acknowledged, in the same moment."""


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
    async with asyncio.timeout(120):
        while await states() != [models.LivePositionState.Closed]:
            await portal.kit.advance(0.1)


async def test_legs_are_sent_apart_or_together_as_the_trader_chooses(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, first = await ticket(portal, strategy, "in groups", own=True)
    split = page.get_by_test_id("leg-groups")
    await split.locator("summary").click()
    await split.get_by_role("button", name="Each apart").click()
    await page.get_by_test_id("regroup").click()
    await expect(page.get_by_test_id("group")).to_have_count(4)
    await expect(page.get_by_test_id("group-warning").first).to_contain_text("order its cover before it")
    await page.reload()
    await expect(page.get_by_test_id("group")).to_have_count(4)
    await split.locator("summary").click()
    for place, box in enumerate(await split.get_by_role("combobox").all()):
        await box.select_option(str(place // 2 + 1))
    await page.get_by_test_id("regroup").click()
    await expect(page.get_by_test_id("group")).to_have_count(2)
    open_plans = (await portal.kit.control.list_exec_plans(models.ListExecPlansArgs(StrategyId=strategy.Id))).Plans
    plan = next(each for each in open_plans if each.PositionName == "in groups")
    assert plan.ExecPlanId > first
    assert sorted(len(group.LegRatios) for group in plan.Groups) == [2, 2]


async def test_the_risk_graph_of_a_ticket_marks_its_short_strikes(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "marked", own=True)
    stored = await portal.kit.control.get_exec_plan(models.GetExecPlanArgs(ExecPlanId=plan))
    assert stored.Entry is not None
    shorts = [leg.LiveContract for leg in stored.Entry.SelectedLegs.values() if leg.Qty < 0]
    assert len(shorts) == 2
    drawn = page.get_by_test_id("risk").get_by_role("img")
    for contract in shorts:
        assert contract.Strike is not None
        assert contract.OptionType is not None
        words = f"\u22121 {contract.OptionType.lower()} at {contract.Strike:g}"
        await expect(drawn).to_have_attribute("aria-label", re.compile(f"short .*{words}"))
    # The marks follow the multiplier that is typed.
    await page.get_by_test_id("multiplier").fill("2")
    await expect(drawn).to_have_attribute("aria-label", re.compile("short \u22122 "))


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
    await asyncio.wait_for(read_anew.wait(), 60)
    await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    await expect(name).to_have_value("typed by hand")
    await expect(symbol).to_have_value("XSP")


async def test_21_an_order_without_an_answer_offers_nothing_that_could_send_it_twice(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "no answer")
    portal.faults.ask(Fault.REQUEST_LOST)
    await page.get_by_test_id("price").fill("-60.00")
    await portal.quoted(page.get_by_test_id("review").click())
    await portal.quoted(page.get_by_test_id("send").click())
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
    await portal.quoted(page.get_by_test_id("review").click())
    send = page.get_by_test_id("send")
    await expect(send).to_contain_text("Send SIMULATED order: 1 × ")
    await expect(send).to_contain_text("credit")
    # What is sent, on which account of which kind, at which worst price, and what it may cost, in words.
    said = page.get_by_test_id("review-dialog")
    await expect(said).to_contain_text("SIMULATED")
    await expect(said).to_contain_text(SIMULATED)
    await expect(said).to_contain_text("you receive at least")
    await expect(said).to_contain_text("price against mid")
    await expect(said).to_contain_text(re.compile(r"quotes\s*\d+ s old"))
    await expect(said).to_contain_text(re.compile(r"differs from the plan\s*nothing"))
    check = said.get_by_test_id("order-check")
    await expect(check).to_contain_text(re.compile(r"most that the position can lose\s*[\d,.]+"))
    await expect(check).to_contain_text(re.compile(r"margin of the account\s*[\d,.]+ → [\d,.]+"))
    await portal.quoted(send.dblclick())
    await expect(page.get_by_test_id("review-dialog")).to_be_hidden()
    await expect(page.get_by_test_id("group")).to_contain_text("Order")
    assert len(await orders(portal, plan)) == 1


async def test_19_enter_sends_nothing(portal: Portal, strategy: models.LiveStrategy) -> None:
    page, plan = await ticket(portal, strategy, "enter")
    await page.get_by_test_id("price").press("Enter")
    await portal.quoted(page.get_by_test_id("review").click())
    await expect(page.get_by_test_id("send")).to_be_visible()
    await expect(page.get_by_test_id("send")).not_to_be_focused()
    await page.get_by_test_id("send").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("review-dialog")).to_be_hidden()
    assert await orders(portal, plan) == []


async def test_20_old_quotes_and_a_market_that_moves_away_lock_the_review_and_fresh_ones_open_it(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "old quotes", own=True)
    # The market moves while the review is open: it is locked until somebody says that they have seen it.
    await page.get_by_test_id("price").fill("-60.00")
    await portal.quoted(page.get_by_test_id("review").click())
    send = page.get_by_test_id("send")
    await expect(send).to_be_visible()
    async with asyncio.timeout(120):
        while not await page.evaluate(LOCKED_AND_SEEN):
            await portal.kit.advance(5)
        while not await send.is_enabled():
            await portal.kit.advance(0.5)
    await page.keyboard.press("Escape")
    # Nothing is quoted any more, as the page's clock has it; then the market goes on.
    await page.clock.install()
    await page.clock.fast_forward(8_000)
    # Quotes that were on their way come after the leap and are young: they are old five seconds later.
    await expect(page.get_by_test_id("review")).to_be_disabled()
    await expect(page.get_by_test_id("lock")).to_contain_text("old")
    await portal.quoted(expect(page.get_by_test_id("review")).to_be_enabled())
    assert await orders(portal, plan) == []


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
    await portal.quoted(page.get_by_test_id("review").click())
    await portal.quoted(page.get_by_test_id("send").click())
    replace = page.get_by_role("button", name="Replace at this price")
    await expect(replace).to_be_visible()
    await price.fill("-59.00")
    await portal.quoted(replace.click())
    await portal.quoted(page.get_by_test_id("send").click())
    await expect(page.get_by_test_id("review-dialog")).to_be_hidden()
    await until(portal, plan, lambda found: any(each.LimitPrice == -59 and each.State == "Submitted" for each in found))
    # The list of orders says where the market is, and leads back to the ticket.
    await portal.visit(page, "orders")
    row = page.locator("tr[data-row]").filter(has_text="entry of replaced")
    await expect(row.get_by_test_id("order-market")).to_contain_text(re.compile(r"\d"))
    box = await row.bounding_box()
    assert box is not None
    assert box["height"] < 40, "a row is one line"
    await row.get_by_role("link", name="ticket").click()
    await page.get_by_role("button", name="Cancel order").click()
    await until(portal, plan, lambda reports: all(each.State in {"Cancelled", "Replaced"} for each in reports))
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
    await portal.quoted(page.get_by_test_id("review").click())
    review = page.get_by_test_id("review-dialog")
    await expect(review).to_contain_text("by a tick every 5 s up to −59.90")
    await expect(review.get_by_test_id("order-check")).to_contain_text("all hold")
    await expect(review.get_by_test_id("verdicts").locator("summary")).to_contain_text("checks: all pass")
    await portal.quoted(page.get_by_test_id("send").click())
    await expect(page.get_by_test_id("walking")).to_be_visible()

    async def prices() -> list[float | None]:
        result = sorted(await orders(portal, plan), key=lambda each: each.OrderId)
        return [None if each.LimitPrice is None else float(each.LimitPrice) for each in result]

    await page.clock.install()
    async with asyncio.timeout(120):
        while await page.get_by_test_id("walking").is_visible():
            await page.clock.fast_forward(1_000)
            await portal.kit.advance(0.1)
    assert await prices() == [-60.0, -59.95, -59.9]
    working = [each for each in await orders(portal, plan) if each.State == models.OrderState.Submitted]
    assert [each.LimitPrice for each in working] == [Decimal("-59.9")]
    await page.get_by_role("button", name="Cancel order").click()
    await until(portal, plan, lambda reports: all(each.State in {"Cancelled", "Replaced"} for each in reports))


async def test_an_order_beyond_a_limit_of_the_account_cannot_be_sent_and_says_why(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    limits = models.SetAccountLimitsArgs(BrokerAccountId=SIMULATED, MaxContracts=Decimal(1))
    before = await portal.kit.control.get_account_limits(models.GetAccountLimitsArgs(BrokerAccountId=SIMULATED))
    await portal.kit.control.set_account_limits(limits)
    page, plan = await ticket(portal, strategy, "too many")
    await page.get_by_test_id("price").fill("-60.00")
    await portal.quoted(page.get_by_test_id("review").click())
    await expect(page.get_by_test_id("order-check")).to_contain_text("refused")
    await expect(page.get_by_test_id("send")).to_be_disabled()
    await portal.quoted(expect(page.get_by_test_id("review-lock")).to_contain_text("contracts"))
    # Each check stands with what it compared; the one that refuses with its code, without a press.
    verdicts = page.get_by_test_id("verdicts")
    await expect(verdicts.locator("summary")).to_contain_text("1 would refuse it")
    contracts = verdicts.locator("tr[data-check=Contracts]")
    await expect(contracts.locator("td")).to_have_text(["contracts", "4", "1", "OrderTooLarge"])
    await expect(verdicts.locator("tr[data-check=Price]")).to_contain_text("passes")
    assert await verdicts.locator("tr[data-check]").count() >= 12
    assert await orders(portal, plan) == []
    await portal.kit.control.set_account_limits(
        models.SetAccountLimitsArgs(BrokerAccountId=SIMULATED, MaxContracts=before.MaxContracts)
    )


async def test_18_a_reload_between_click_and_answer_finds_the_outcome_by_the_key(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "reloaded", own=True)
    await page.get_by_test_id("price").fill("-60.00")
    await portal.quoted(page.get_by_test_id("review").click())
    # The command arrives, and the page hears nothing any more before it is loaded anew. A page that went at once could
    # take the command with it.
    await page.evaluate(
        """() => { const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (data) {
                if (String(data).includes("SendOrder")) this.onmessage = () => {};
                send.call(this, data);
            }; }"""
    )
    await portal.quoted(page.get_by_test_id("send").click())
    async with asyncio.timeout(120):
        while not await orders(portal, plan):
            await portal.kit.advance(0.1)
    await page.reload()
    await expect(page.get_by_test_id("outcome")).to_contain_text("was done")
    assert len(await orders(portal, plan)) == 1
    await expect(page.get_by_test_id("group")).to_contain_text("Order")


async def test_24_liquidate_takes_a_press_of_a_second_and_sends_market_orders(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page, plan = await ticket(portal, strategy, "liquidated", own=True)
    await page.get_by_label("type").select_option("Market")
    await portal.quoted(page.get_by_test_id("review").click())
    await portal.quoted(page.get_by_test_id("send").click())
    await expect(page.get_by_test_id("group")).to_contain_text("filled at")
    listed = await portal.kit.control.list_positions(models.ListPositionsArgs(LiveExecPlanId=plan))
    await portal.visit(page, f"positions/{listed.Positions[0].Id}")
    await page.get_by_test_id("liquidate").click()
    hold = page.get_by_role("button", name="Hold to liquidate")
    await expect(hold).to_be_enabled()
    # The second is one of the page's clock: on a busy machine a click may last as long. It jumps by less than the 30 s
    # of silence after which a connection counts as lost.
    now = datetime.now(UTC)
    await page.clock.install(time=now)
    await page.clock.pause_at(now + timedelta(seconds=10))
    await hold.click()
    await page.clock.run_for(1_500)
    await expect(hold).to_be_enabled()
    await hold.hover()
    await page.mouse.down()
    await page.clock.run_for(900)
    await expect(hold).to_be_enabled()
    await page.clock.run_for(200)
    await page.clock.resume()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.mouse.up()

    async def closed() -> bool:
        found = await portal.kit.control.list_positions(models.ListPositionsArgs(BrokerAccountId=SIMULATED))
        return {each.State for each in found.Positions if each.Name == "liquidated"} == {
            models.LivePositionState.Closed
        }

    async with asyncio.timeout(120):
        while not await closed():
            await portal.kit.advance(0.5)


async def test_25_setting_closed_asks_for_the_name_and_says_that_nothing_is_sent(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    position = (await portal.kit.enter(strategy.Id, "closed elsewhere")).PositionId
    before = (await portal.kit.control.list_orders(models.ListOrdersArgs(NewestFirst=True, Limit=1))).Orders
    page = await portal.page(f"positions/{position}")
    await page.get_by_test_id("set-closed").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Nothing is sent to the market")
    close = dialog.get_by_role("button", name="Set closed, send nothing")
    await expect(close).to_be_disabled()
    await dialog.get_by_label("Type the name").fill("closed elsewhere")
    await close.click()
    await expect(page.get_by_role("heading", name="Closed", exact=True)).to_be_visible()
    found = await portal.kit.control.get_position(models.GetPositionArgs(PositionId=position))
    assert found.State is models.LivePositionState.Closed
    after = (await portal.kit.control.list_orders(models.ListOrdersArgs(NewestFirst=True, Limit=1))).Orders
    assert [each.OrderId for each in after] == [each.OrderId for each in before]


async def test_16_the_bar_and_the_word_say_the_strictest_kind_of_the_accounts(
    portal: Portal, strategy: models.LiveStrategy
) -> None:
    page = await portal.page()
    await expect(page.get_by_test_id("kinds")).to_have_text("SIMULATED + PAPER")
    await expect(page.locator(".kindbar")).to_have_class(re.compile(r"\bsimulated\b"))
    # Accounts of the other kinds are put into what the server says.
    kinds: list[models.BrokerType] = []

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def changed(part: str) -> str:
            message: dict[str, Any] = json.loads(part)
            result: dict[str, Any] = message.get("result") or {}
            found: dict[str, Any] = result.get("Data") or {}
            listed: list[dict[str, Any]] = found.get("Accounts") or []
            for account, kind in zip(listed, kinds, strict=False):
                account |= {"BrokerType": kind.value, "IsPaperAccount": kind is models.BrokerType.MesoLive}
            return json.dumps(message)

        def pass_on(data: str | bytes) -> None:
            text = data if isinstance(data, str) else data.decode()
            socket.send("".join(changed(part) + "\x1e" for part in text.split("\x1e") if part))

        server.on_message(pass_on)

    page = await (await portal.signed_in()).new_page()
    await page.route_web_socket(re.compile("/hubs/control/"), between)
    paper, live, simulated = models.BrokerType.MesoLive, models.BrokerType.Ibkr, models.BrokerType.Simulated
    for case in (
        ([paper, paper], "PAPER", "paper"),
        ([simulated, simulated], "SIMULATED", "simulated"),
        ([paper, live], "LIVE + PAPER", "live"),
        ([live, live], "LIVE", "live"),
    ):
        kinds, words, strictest = case
        await portal.show(page)
        await expect(page.get_by_test_id("kinds")).to_have_text(words)
        await expect(page.locator(".kindbar")).to_have_class(re.compile(rf"\b{strictest}\b"))
        box = await page.locator(".kindbar").bounding_box()
        assert box is not None
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1280, 6)
