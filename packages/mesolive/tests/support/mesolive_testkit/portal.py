"""Browser tests of the Portal: a Chromium per process, a server per module, and pages that are signed in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect
from sqlalchemy import select

from mesolive.assembly import Overrides
from mesolive.errors import ServiceError
from mesolive.records import replace
from mesolive.store.tables.access import portal_sessions
from mesolive.store.tables.trading import accounts
from mesolive.trading.execution.risk_limits import UNLIMITED, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.venues.simulated.faults import Faults
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import models, new_idempotency_key, wait_for_job
from mesolive_testkit.server import ACCOUNT, UNHURRIED, Kit, definition, live_server, manual_market

SIMULATED = "SIM1000"
"""An account whose orders the simulated venue fills."""

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}

PAGES = (
    "",
    "positions",
    "rollups/strategy",
    "build",
    "chain",
    "orders",
    "signals",
    "strategies",
    "backtests",
    "events",
    "accounts",
    "server",
    "settings",
)
"""The pages that need no number in their address."""


# Pages are awaited, not timed: a busy machine takes many seconds for what a quiet one does in one.
expect.set_options(timeout=60_000)


def chromium() -> str:
    """Return the path of a Chromium; without one the test is skipped, or fails where the environment requires it.

    Debian has it as `apt-get install chromium`; nothing is downloaded by the tests.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = os.environ.get("MESOLIVE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        reason = "no Chromium is installed (apt-get install chromium); MESOLIVE_CHROMIUM names another place"
        if os.environ.get("MESOLIVE_TEST_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return browser


async def while_market_moves(advance: Callable[[float], Awaitable[None]], action: Coroutine[Any, Any, None]) -> None:
    """Do something on a page that asks for quotes younger than five seconds of the page's own time.

    A test's market stands still, so that on a busy machine the last quotes grow old before the page is through with a
    click: it goes on by half a second for each that the action takes.
    """
    task = asyncio.ensure_future(action)
    while not (await asyncio.wait({task}, timeout=0.5))[0]:
        await advance(0.5)
    await task


@dataclass
class Portal:
    """A running server and a browser.

    Attributes
    ----------
    problems
        What pages said on their console, and exceptions that nothing caught.
    faults
        What goes wrong at the simulated venue, on request.
    """

    kit: Kit
    browser: Browser
    faults: Faults = field(default_factory=Faults)
    problems: list[str] = field(default_factory=list[str])
    _contexts: list[BrowserContext] = field(default_factory=list[BrowserContext])
    _shared: Page | None = None

    @property
    def url(self) -> str:
        """Address of the first page, without a slash at its end."""
        return self.kit.url.rstrip("/")

    async def quoted(self, action: Coroutine[Any, Any, None]) -> None:
        """Do something on a page that asks for fresh quotes, while the market moves on."""
        await while_market_moves(self.kit.advance, action)

    async def context(
        self, size: str = "desktop", theme: str = "dark", density: float = 1, zone: str | None = None
    ) -> BrowserContext:
        """Return a browser that knows nothing yet."""
        width, height = SIZES[size]
        made = await self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=density,
            timezone_id=zone,
            color_scheme="light" if theme == "light" else "dark",
            reduced_motion="reduce",
        )
        made.on("console", self._note)
        made.on("weberror", lambda error: self.problems.append(str(error.error)))
        self._contexts.append(made)
        return made

    async def signed_in(
        self,
        size: str = "desktop",
        theme: str = "dark",
        token: str | None = None,
        density: float = 1,
        zone: str | None = None,
    ) -> BrowserContext:
        """Return a browser with a session; `zone` is its time zone, else that of this machine."""
        context = await self.context(size, theme, density, zone)
        answer = await context.request.post(
            f"{self.url}/portal/session",
            headers={"X-MesoLive": "1", "Origin": self.url},
            data={"Key": token or self.kit.token},
        )
        assert answer.ok, await answer.text()
        return context

    async def open(self, path: str = "", size: str = "desktop", theme: str = "dark") -> Page:
        """Return a page of a new browser that is signed in and connected."""
        context = await self.signed_in(size, theme)
        page = await context.new_page()
        await self.show(page, path)
        return page

    async def show(self, page: Page, path: str = "") -> None:
        """Load an address and wait until its hubs are connected."""
        await page.goto(f"{self.url}/{path}")
        await expect(page.get_by_test_id("link")).to_contain_text("connected")

    async def page(self, path: str = "") -> Page:
        """Return the one page that all tests share, at an address: for tests that leave nothing behind in a browser.

        A page of its own (`open`) costs most of a second of processor time: it is for tests that change the clock of
        the page, what it hears, or who is signed in, and for a second browser.
        """
        if self._shared is None:
            self._shared = await self.open(path)
            self._contexts.remove(self._shared.context)
        else:
            await self.visit(self._shared, path)
        return self._shared

    async def visit(self, page: Page, path: str) -> None:
        """Go to an address as a link leads there, loading nothing anew, and wait until its page is in place."""
        where, _, _ = path.partition("?")
        page_name, _, rest = where.partition("/")
        shown = f"{page_name}/{unquote(rest.partition('/')[0])}"
        if await page.locator("main").get_attribute("data-shown") == shown:
            await self.show(page, path)  # the page is there already, and a link would leave it as it is
            return
        await page.evaluate(
            """(path) => {
                for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
                history.pushState(null, "", path);
                dispatchEvent(new PopStateEvent("popstate"));
                scrollTo(0, 0);
            }""",
            f"/{path}",
        )
        await expect(page.locator("main")).to_have_attribute("data-shown", shown)
        await expect(page.get_by_test_id("link")).to_contain_text("connected")

    async def close(self) -> None:
        """Close every page."""
        await self.close_pages()
        if self._shared is not None:
            await self._shared.context.close()
            self._shared = None

    async def close_pages(self) -> None:
        """Close all browsers that a test has opened for itself."""
        while self._contexts:
            await self._contexts.pop().close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(message.text)

    async def simulated_plan(
        self, strategy: models.LiveStrategy, name: str = "on the venue"
    ) -> tuple[str, models.PreparePositionEntryResult]:
        """Prepare an entry on the simulated account and return its job and plan."""
        control = self.kit.control
        job = await control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName=name,
                StrategyId=strategy.Id,
                BrokerAccountId=SIMULATED,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.None_,
                Underlying=models.LiveUnderlying(
                    Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD"
                ),
            )
        )
        args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_entry_status(args))
        assert status.Result is not None, status.Error
        return job.JobId, status.Result


RECORD_PAINTING = """
    window.painted = { texts: [], blurred: [] };
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
        window.painted.texts.push(String(text));
        return write.call(this, text, ...at);
    };
    const from = CanvasRenderingContext2D.prototype.moveTo;
    const to = CanvasRenderingContext2D.prototype.lineTo;
    const stroke = CanvasRenderingContext2D.prototype.stroke;
    CanvasRenderingContext2D.prototype.moveTo = function (x, y) {
        this.begun = [x, y];
        return from.call(this, x, y);
    };
    CanvasRenderingContext2D.prototype.lineTo = function (x, y) {
        const [fromX, fromY] = this.begun ?? [x, y];
        const { e, f } = this.getTransform();
        this.straight = x === fromX ? x + e : y === fromY ? y + f : null;
        return to.call(this, x, y);
    };
    CanvasRenderingContext2D.prototype.stroke = function (...of) {
        const edge = (this.straight ?? 0) + this.lineWidth / 2;
        const isBlurred = this.straight != null && Math.abs(edge - Math.round(edge)) > 1e-6;
        if (!of.length && isBlurred) window.painted.blurred.push([this.straight, this.lineWidth]);
        this.straight = null;
        return stroke.apply(this, of);
    };
"""
"""A script for pages: it notes the words on their charts, and straight lines that lie between two pixels."""


async def painted_texts(page: Page) -> list[str]:
    """Return the words that charts of a page with `RECORD_PAINTING` have on them, in the order of their painting."""
    texts: list[str] = await page.evaluate("painted.texts")
    return texts


async def exported_events(page: Page) -> list[str]:
    """Return the ids of all events that the page of events has, newest first: rows out of sight are not in the page."""
    async with page.expect_download() as download:
        await page.get_by_role("button", name="JSON").click()
    events = json.loads((await (await download.value).path()).read_text())
    return [each["Event"]["EventId"] for each in reversed(events)]


@asynccontextmanager
async def browser_of() -> AsyncGenerator[Browser]:
    """Run a browser."""
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


class RealMoney(SimulatedVenue):
    """The double of a broker: it fills as the simulated venue does, and its accounts count as live."""

    kind = models.BrokerType.Ibkr


async def make_live(kit: Kit, account: str = SIMULATED) -> None:
    """Turn an account into one of `RealMoney`, as if a connection had discovered it, and let it trade."""
    database = kit.application.database
    async with database.write() as tx:
        owner = await kit.application.access.user("trader")
        account_row = await find_account(tx, owner.user_id, account)
        changed = {"broker_type": RealMoney.kind.name}
        await tx.execute(accounts.update().where(accounts.c.id == account_row.id).values(**changed))
        await set_limits(tx, account_row.id, replace(UNLIMITED, allow_live=True))
    for supervisor in kit.application.desk.supervisors:
        await supervisor.reconciled()


async def sign_in_long_ago(kit: Kit) -> None:
    """Make all sessions of browsers as old as one whose person has not presented a key for an hour."""
    async with kit.application.database.write() as tx:
        moved = portal_sessions.c.proved_at
        rows = await tx.all(select(portal_sessions.c.session_id, moved))
        for row in rows:
            earlier = portal_sessions.update().where(portal_sessions.c.session_id == row.session_id)
            await tx.execute(earlier.values(proved_at=row.proved_at - timedelta(hours=1)))


@asynccontextmanager
async def kit_of(
    directory: Path, faults: Faults | None = None, venue_type: type[SimulatedVenue] = SimulatedVenue, **settings: Any
) -> AsyncGenerator[Kit]:
    """Run a server whose market stands still until the test moves it, with an account at a venue that can fail."""
    market = manual_market()
    venue = venue_type(*market, directory / "venue.jsonl", faults=faults)
    parts = Overrides(venues=[venue], answer_seconds=60, send_limits=UNHURRIED)
    wanted: dict[str, Any] = {"notify_hosts": ("127.0.0.1",)} | settings
    async with live_server(directory, market, overrides=parts, **wanted) as kit:
        owner = await kit.application.access.user("trader")
        with contextlib.suppress(ServiceError):  # it is there already
            await kit.application.accounts.create_simulated(owner, SIMULATED, Decimal(100_000))
        yield kit


@asynccontextmanager
async def portal_of(
    directory: Path, browser: Browser, venue_type: type[SimulatedVenue] = SimulatedVenue
) -> AsyncGenerator[Portal]:
    """Run a server for a browser."""
    faults = Faults()
    async with kit_of(directory, faults, venue_type) as kit:
        portal = Portal(kit, browser, faults)
        try:
            yield portal
        finally:
            await portal.close()


async def strategy_on_both(kit: Kit) -> models.LiveStrategy:
    """Import the sample strategy for the paper and the simulated account."""
    return await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[ACCOUNT, SIMULATED])
    )
