"""Pages on a bad day: long names, huge numbers and every warning at once, on a phone and on a desktop."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from mesolive_testkit.portal import PAGES, Portal
from mesolive_testkit.portal_trouble import Trouble, bad_day

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUT = """() => {
    const inner = document.documentElement.clientWidth;
    const QUIET = ".sr, .skip, .cm-editor, .cards thead, [aria-hidden=true], canvas, svg";
    const quiet = (each) => each.closest(QUIET) !== null;
    const seen = (each) => {
        const box = each.getBoundingClientRect();
        return box.width > 0 && box.height > 0 && getComputedStyle(each).visibility !== "hidden";
    };
    const tag = (each) => `<${each.tagName.toLowerCase()} class="${each.className}">`;
    const say = (each, what) => `${what}: ${tag(each)} ${each.innerText?.slice(0, 60)}`;
    const found = [];
    for (const each of document.querySelectorAll("header.top *, .banner, .banner *, main *, dialog[open] *")) {
        if (quiet(each) || !seen(each)) continue;
        const box = each.getBoundingClientRect();
        const isOut = box.right > inner + 1 || box.left < -1;
        if (isOut && !each.closest(".scroll")) found.push(say(each, "beyond the edge"));
        const style = getComputedStyle(each);
        const isFuller = each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1;
        const hides = isFuller && /hidden|clip/.test(style.overflowX);
        if (hides && !each.closest("[title]") && each.tagName !== "INPUT") found.push(say(each, "cut without a title"));
        // Text that runs out of its own box covers what stands beside it.
        const isText = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (isText && isFuller && !hides && style.display !== "inline")
            found.push(say(each, "runs out of its box"));
    }
    return [...new Set(found)];
}"""
"""What a page cuts, covers or draws beyond its edge."""

SMALL = """() => [...document.querySelectorAll("main button, main a.button, header.top button")]
    .filter((each) => each.getBoundingClientRect().height && each.getBoundingClientRect().height < 31)
    .map((each) => `${each.getBoundingClientRect().height} px: ${each.innerText}`)"""
"""Buttons that a finger misses; bids and asks of the chain stand in rows of their own height."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trouble(served: Portal) -> Trouble:
    """Let the server of the module have a bad day."""
    return await bad_day(served)


async def shown(portal: Portal, page: Page, trouble: Trouble) -> AsyncGenerator[str]:
    """Go through all pages and what stands behind their tabs."""
    for path in (*PAGES, "positions?view=graphs", *trouble.paths):
        await portal.show(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
        await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        yield f"/{path}"
        for tab in await page.get_by_role("tab").all():
            await tab.click()
            yield f"/{path}, {await tab.inner_text()}"


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_36_nothing_is_cut_or_covered_by_long_names_and_huge_numbers(
    portal: Portal, trouble: Trouble, size: str
) -> None:
    page = await portal.open(size=size)
    width = 390 if size == "phone" else 1280
    faults: list[str] = []
    async for where in shown(portal, page, trouble):
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found: list[str] = await page.evaluate(CUT)
        if wide > width:
            found.append(f"the page is {wide} px wide")
        faults += [f"{where}: {each}" for each in found]
        await expect(page.get_by_role("button", name="HALT")).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="HALT").click()
    await expect(page.get_by_role("dialog", name="Stop trading")).to_be_visible()
    faults += [f"the halt dialog: {each}" for each in await page.evaluate(CUT)]
    assert not faults, "\n".join(faults)


async def test_36_buttons_of_a_phone_are_large_enough_for_a_finger(portal: Portal, trouble: Trouble) -> None:
    page = await portal.open(size="phone")
    faults: list[str] = []
    async for where in shown(portal, page, trouble):
        if where != "/chain":
            faults += [f"{where}: {each}" for each in await page.evaluate(SMALL)]
    assert not faults, "\n".join(faults)
