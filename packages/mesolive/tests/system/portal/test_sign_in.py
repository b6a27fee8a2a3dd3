"""Signing in to the Portal in a browser: cookies in place of keys, and what other origins are refused.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Route, expect
from sqlalchemy import update

from mesolive.access.context import Role
from mesolive.access.origin import cookie_name
from mesolive.access.sessions import IDLE
from mesolive.cli.portal import sign_in_link
from mesolive.hubs.key_watch import EVERY_SECONDS
from mesolive.store.tables.access import portal_sessions
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.exceptions import MesoLiveSignalRError
from mesolive_testkit.portal import PAGES, Portal
from mesolive_testkit.server import ACCOUNT

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEEP_QUIET = "Failed to load resource: the server responded with a status of 401"
"""What Chromium writes for every refused request; it names no secret."""


def forgive_refusals(portal: Portal) -> None:
    """Drop what a browser says of a refusal that the test asked for."""
    portal.problems[:] = [text for text in portal.problems if not text.startswith(KEEP_QUIET)]


async def test_3_a_pasted_key_becomes_a_cookie_that_scripts_cannot_read(portal: Portal) -> None:
    context = await portal.context()
    page = await context.new_page()
    await page.goto(portal.url)
    await page.get_by_label("API key").fill(portal.kit.token)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("link")).to_contain_text("connected")
    (cookie,) = await context.cookies()
    assert cookie.get("name") == cookie_name(portal.kit.application.settings.port)
    assert cookie.get("httpOnly") is True
    assert cookie.get("sameSite") == "Strict"
    assert await page.evaluate("document.cookie") == ""
    forgive_refusals(portal)


async def test_a_wrong_key_is_refused_in_words_and_stays_nowhere(portal: Portal) -> None:
    page = await (await portal.context()).new_page()
    await page.goto(portal.url)
    await page.get_by_label("API key").fill("not-a-key")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not accept this key")
    await expect(page.get_by_label("API key")).to_have_value("")
    forgive_refusals(portal)


async def test_1_a_link_signs_in_once_and_says_so_when_it_is_used_again(portal: Portal) -> None:
    code = await portal.kit.application.sessions.make_code("trader")
    first = await (await portal.context()).new_page()
    await first.goto(sign_in_link(portal.url, code))
    await expect(first.get_by_test_id("link")).to_contain_text("connected")
    assert code not in first.url
    assert code not in await first.evaluate("JSON.stringify(history.state) + location.href")
    second = await (await portal.context()).new_page()
    await second.goto(sign_in_link(portal.url, code))
    await expect(second.get_by_role("alert")).to_contain_text("used already")
    assert code not in second.url
    forgive_refusals(portal)


async def test_6_a_session_unused_for_twelve_hours_is_over(portal: Portal) -> None:
    page = await portal.open()
    await page.goto("about:blank")  # no page is open: that is what makes a session idle
    database = portal.kit.application.database

    async def open_page_shows_the_sign_in() -> bool:
        async with database.write() as tx:
            await tx.execute(update(portal_sessions).values(seen_at=datetime.now(UTC) - IDLE))
        await page.goto(portal.url)
        await expect(page.get_by_label("API key").or_(page.get_by_test_id("link"))).to_be_visible()
        return await page.get_by_label("API key").is_visible()

    # A connection that has just ended may be noted as a use a moment later.
    async with asyncio.timeout(120):
        while not await open_page_shows_the_sign_in():
            await page.goto("about:blank")
    portal.problems.clear()


async def test_7_a_watching_session_sees_everything_and_nothing_that_it_presses_acts(portal: Portal) -> None:
    strategy = await portal.kit.strategy()
    held = (await portal.kit.enter(strategy.Id, "watched")).PositionId
    plan = await portal.kit.prepare_entry(strategy.Id, name="never sent")
    code = await portal.kit.application.sessions.make_code("trader", Role.WATCH)
    page = await (await portal.context()).new_page()
    called: set[str] = set()

    def note(frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode()
        called.update(re.findall(r'"target":"(\w+)"', text))

    page.on("websocket", lambda socket: socket.on("framesent", note))
    await page.goto(sign_in_link(portal.url, code))
    await expect(page.get_by_text("(watch only)")).to_be_visible()
    for path in (*PAGES, f"positions/{held}", f"strategies/{strategy.Id}", f"tickets/{quote(plan.JobId)}?kind=entry"):
        await portal.visit(page, path)
        await expect(page.locator("main h1, main .tiles").first).to_be_visible()
        # Press everything that can be pressed, and everything in the dialogs that open. What signs out stays.
        for place in ("main", "dialog[open]", "main"):
            await page.evaluate(
                """(place) => { for (const each of document.querySelectorAll(`${place} button:not(:disabled)`))
                    if (!/sign out|CSV|JSON|Export/i.test(each.textContent)) each.click(); }""",
                place,
            )
            await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    # What another session reads, this one reads too.
    for path, seen in (("positions", "watched"), ("strategies", strategy.Name), ("accounts", ACCOUNT)):
        await portal.visit(page, path)
        await expect(page.locator("main")).to_contain_text(seen)
    await portal.visit(page, "")
    await page.get_by_role("button", name="HALT").click()
    for verb in ("halt-all", "halt-entries", "flatten"):
        await expect(page.get_by_test_id(verb)).to_be_disabled()
    acting = {name for name in called if not re.match("Get|List|Stream|Check|Subscribe|Unsubscribe", name)}
    assert acting == set()
    # The hub refuses what a page does not offer.
    answer = await page.evaluate(
        """(url) => new Promise((done) => {
            const end = String.fromCharCode(30);
            const socket = new WebSocket(url.replace("http", "ws") + "/hubs/control/v1");
            const asked = {IdempotencyKey: "watching", Scope: "All", Reason: "none"};
            const call = {type: 1, invocationId: "1", target: "HaltTrading", arguments: [asked]};
            socket.onopen = () => socket.send(JSON.stringify({protocol: "json", version: 1}) + end);
            socket.onmessage = ({data}) => {
                if (data === "{}" + end) socket.send(JSON.stringify(call) + end);
                const result = data.split(end).filter(Boolean).map(JSON.parse).find((each) => each.type === 3);
                if (result) done(JSON.stringify(result));
            };
        })""",
        portal.url,
    )
    assert "Forbidden" in answer
    assert "WatchOnly" in answer
    assert (await portal.kit.control.list_halts()).Halts == []


async def test_35_a_key_is_made_shown_once_and_revoked(portal: Portal) -> None:
    page = await portal.page("settings")
    await page.get_by_label("label").fill("for the test")
    await page.get_by_role("button", name="Make a key").click()
    token = await page.get_by_test_id("new-key").inner_text()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download as .env").click()
    path = await (await downloading.value).path()
    assert (
        await asyncio.to_thread(Path(path).read_text)
        == f"MESOLIVE_URL={portal.url.rstrip('/')}\nMESOLIVE_API_KEY={token}\n"
    )
    client = await portal.kit.client(MesoLiveControlHubClient, token)
    assert (await client.list_accounts()).Accounts
    await page.get_by_role("button", name="Close").click()
    assert token not in await page.content()
    await page.reload()
    keys = page.locator("section.panel", has=page.get_by_role("heading", name="API keys"))
    row = keys.get_by_role("row").filter(has_text="for the test")
    await expect(row).to_contain_text("1 connection")
    await row.get_by_role("button", name="revoke").click()
    await expect(row).to_contain_text("revoked")
    with pytest.raises(MesoLiveSignalRError):
        await portal.kit.client(MesoLiveControlHubClient, token)


async def test_2_the_key_is_in_no_address_storage_page_or_log(
    portal: Portal, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    context = await portal.context()
    page = await context.new_page()
    addresses: list[str] = []
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    await page.goto(portal.url)
    await page.get_by_label("API key").fill(portal.kit.token)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("link")).to_contain_text("connected")
    stored = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    shown = await page.content()
    values = await page.evaluate("[...document.querySelectorAll('input')].map((each) => each.value).join()")
    cookies = [f"{each.get('name')}={each.get('value')}" for each in await context.cookies()]
    events = await (await portal.kit.events()).get_events(models.GetEventsArgs(Limit=500))
    printed = capsys.readouterr()
    logged = [printed.out, printed.err, *(record.getMessage() + repr(record.__dict__) for record in caplog.records)]
    assert "session_began" in "".join(logged), "the server logs sign-ins"
    journal = [str(each.Event) for each in events.Events]
    for place in (*addresses, stored, shown, values, page.url, *said, *cookies, *logged, *journal):
        assert portal.kit.token not in place
    assert any("/hubs/" in address for address in addresses)
    forgive_refusals(portal)


async def test_4_a_page_of_another_origin_or_port_can_neither_sign_in_nor_open_a_socket(portal: Portal) -> None:
    context = await portal.signed_in()
    page = await context.new_page()
    port = portal.kit.application.settings.port
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if "/portal/session" in answer.url else None)

    async def serve(route: Route) -> None:
        await route.fulfill(body="<p>another program", content_type="text/html")

    # Nothing listens there: the pages are made by the browser.
    for other in (f"http://127.0.0.1:{port + 1}", f"http://localhost:{port}", "http://portal.example"):
        await page.route(f"{other}/page", serve)
        await page.goto(f"{other}/page")
        outcomes = await page.evaluate(
            """(url) => Promise.all(["control", "data", "event"].map((hub) => new Promise((done) => {
                const socket = new WebSocket(`${url.replace("http", "ws")}/hubs/${hub}/v1`);
                socket.onopen = () => done("open");
                socket.onerror = () => done("refused");
            })))""",
            portal.url,
        )
        assert outcomes == ["refused"] * 3, other
        statuses.clear()
        posted = await page.evaluate(
            """([url, key]) => fetch(url + "/portal/session", {method: "POST", credentials: "include", mode: "no-cors",
                body: JSON.stringify({Key: key})}).then((answer) => answer.type, () => "failed")""",
            [portal.url, portal.kit.token],
        )
        assert posted in {"opaque", "failed"}
        assert all(status in {403, 415} for status in statuses), other
        refused = await context.request.post(
            f"{portal.url}/portal/session",
            headers={"X-MesoLive": "1", "Origin": other},
            data={"Key": portal.kit.token},
        )
        assert refused.status == 403
    portal.problems.clear()  # the browser tells of the refused sockets


async def test_5_a_revoked_key_ends_the_connections_of_the_page_and_shows_the_sign_in(portal: Portal) -> None:
    made = await portal.kit.application.access.create_key("trader", "revoked soon")
    context = await portal.signed_in(token=made.token)
    page = await context.new_page()
    ended: set[str] = set()
    page.on("websocket", lambda socket: socket.on("close", lambda _: ended.add(socket.url.split("/")[-2])))
    await portal.show(page)
    assert EVERY_SECONDS <= 2, "the longest time for which an open page outlives its key"
    await portal.kit.application.access.revoke(made.key.key_id)
    await expect(page.get_by_label("API key")).to_be_visible()
    assert ended == {"control", "data", "event"}
    await portal.close_pages()
    portal.problems.clear()  # sockets that were refused from then on


async def test_9_the_pages_cannot_be_framed_and_their_policy_is_strict(portal: Portal) -> None:
    context = await portal.context()
    for path in ("", "positions/3", "portal/session", "health", "metrics", "hubs/control/v1", "assets/none.js"):
        answer = await context.request.get(f"{portal.url}/{path}")
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = await context.new_page()
    frame = f"<iframe src='{portal.url}/'></iframe>"

    async def serve(route: Route) -> None:
        await route.fulfill(body=frame, content_type="text/html")

    # Not even a page of the same origin.
    for outer in ("http://portal.example/page", f"{portal.url}/framing"):
        await page.route(outer, serve)
        await page.goto(outer)
        await expect(page.frame_locator("iframe").get_by_label("API key")).to_have_count(0)
        assert await page.frames[-1].evaluate("document.querySelector('#app') === null")
    assert any("frame-ancestors" in text for text in portal.problems)
    portal.problems.clear()  # the browser tells of the refused frames


async def test_signing_out_ends_the_session_for_good(portal: Portal) -> None:
    page = await portal.open("settings")
    before = await page.context.cookies()
    await page.get_by_test_id("sign-out").click()
    await expect(page.get_by_label("API key")).to_be_visible()
    cookie = before[0]
    answer = await page.context.request.get(
        f"{portal.url}/portal/session", headers={"Cookie": f"{cookie.get('name')}={cookie.get('value')}"}
    )
    assert answer.status == 401
    portal.problems.clear()
