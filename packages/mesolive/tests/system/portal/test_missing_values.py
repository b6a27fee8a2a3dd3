"""A value that is not known says why, on every page."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest
from playwright.async_api import WebSocketRoute, expect

from mesolive_testkit.portal import Portal, strategy_on_both

pytestmark = pytest.mark.asyncio(loop_scope="session")

END = "\x1e"

BARE = """() => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const bare = [];
    while (walk.nextNode()) {
        const text = walk.currentNode.textContent.trim();
        const of = walk.currentNode.parentElement;
        if (/(^|[^\\\\w+\\\\s])–($|\\\\s*[,)])|^–|(Δ|Γ|Θ|ν) –/.test(text) && !of.closest("[data-testid=unknown]"))
            bare.push(of.closest("td,dd,div,p,section").textContent.trim().slice(0, 80));
    }
    return bare;
}"""
"""Returns what stands around each dash that says nothing."""


def without_values(value: Any) -> Any:
    """Return a message of the data hub with nothing in the place of each number of a price, a greek or a PnL."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {
            name: None
            if name in {"Bid", "Ask", "Mark", "IV", "Delta", "Gamma", "Theta", "Vega", "WVega", "Forward", "DayPnL"}
            and not isinstance(inner, dict)
            else without_values(inner)
            for name, inner in fields.items()
        }
    if isinstance(value, list):
        return [without_values(inner) for inner in cast("list[Any]", value)]
    return value


async def test_every_dash_says_its_reason_where_nothing_is_quoted(portal: Portal) -> None:
    strategy = await strategy_on_both(portal.kit)
    held = (await portal.kit.enter(strategy.Id, "without values")).PositionId

    async def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(data: str | bytes) -> None:
            parts = [json.loads(part) for part in (data if isinstance(data, str) else data.decode()).split(END) if part]
            socket.send("".join(json.dumps(without_values(part)) + END for part in parts))

        server.on_message(pass_on)

    context = await portal.signed_in()
    page = await context.new_page()
    await page.route_web_socket(re.compile("/hubs/data/"), between)
    await portal.show(page)
    wrong: dict[str, list[str]] = {}
    for path in ("", "positions", f"positions/{held}", "rollups/strategy", "chain", "orders", "strategies", "server"):
        await portal.visit(page, path)
        await portal.kit.advance(0.5)
        if path == "chain":
            await expect(page.locator("tr[data-strike]").first).to_be_visible()
        if path in {"", "positions", f"positions/{held}", "chain"}:
            reason = page.get_by_test_id("unknown").first
            await expect(reason).to_be_visible()
            # For the eye in a tooltip, and in words for who listens.
            assert await reason.evaluate("(each) => each.title !== '' && each.textContent.includes(each.title)")
        if bare := await page.evaluate(BARE):
            wrong[path] = bare
    assert wrong == {}
