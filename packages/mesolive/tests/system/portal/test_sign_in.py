"""Signing in to the Portal in a browser: cookies in place of keys, and what other origins are refused.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from mesolive.access.origin import cookie_name
from mesolive_testkit.portal import Portal

pytestmark = pytest.mark.asyncio(loop_scope="module")

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


async def test_2_the_key_is_in_no_address_storage_or_page(portal: Portal) -> None:
    context = await portal.context()
    page = await context.new_page()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    await page.goto(portal.url)
    await page.get_by_label("API key").fill(portal.kit.token)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_test_id("link")).to_contain_text("connected")
    stored = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    shown = await page.content()
    values = await page.evaluate("[...document.querySelectorAll('input')].map((each) => each.value).join()")
    for place in (*addresses, stored, shown, values, page.url):
        assert portal.kit.token not in place
    assert any("/hubs/" in address for address in addresses)
    forgive_refusals(portal)


async def test_4_a_page_of_another_origin_can_neither_sign_in_nor_open_a_socket(portal: Portal) -> None:
    context = await portal.signed_in()
    page = await context.new_page()
    port = portal.kit.application.settings.port
    other = f"http://127.0.0.1:{port + 1}"  # nobody listens there: the page is made by the browser

    async def serve(route: object) -> None:
        await route.fulfill(body="<p>another program", content_type="text/html")  # type: ignore[attr-defined]

    await page.route(f"{other}/**", serve)
    await page.goto(f"{other}/")
    outcome = await page.evaluate(
        """(url) => new Promise((done) => {
            const socket = new WebSocket(url.replace("http", "ws") + "/hubs/control/v1");
            socket.onopen = () => done("open");
            socket.onerror = () => done("refused");
        })""",
        portal.url,
    )
    assert outcome == "refused"
    posted = await page.evaluate(
        """(url) => fetch(url + "/portal/session", {method: "POST", credentials: "include", mode: "no-cors",
            body: JSON.stringify({Key: "x"})}).then((answer) => answer.type, () => "failed")""",
        portal.url,
    )
    assert posted in {"opaque", "failed"}
    refused = await context.request.post(
        f"{portal.url}/portal/session",
        headers={"X-MesoLive": "1", "Origin": other},
        data={"Key": portal.kit.token},
    )
    assert refused.status == 403
    portal.problems.clear()  # the browser tells of the refused socket


async def test_5_a_revoked_key_ends_the_page_and_shows_the_sign_in(portal: Portal) -> None:
    made = await portal.kit.application.access.create_key("trader", "revoked soon")
    context = await portal.signed_in(token=made.token)
    page = await context.new_page()
    await portal.show(page)
    await portal.kit.application.access.revoke(made.key.key_id)
    await expect(page.get_by_label("API key")).to_be_visible(timeout=15_000)
    await portal.close_pages()
    portal.problems.clear()  # sockets that were refused from then on


async def test_9_the_pages_cannot_be_framed_and_their_policy_is_strict(portal: Portal) -> None:
    context = await portal.context()
    for path in ("", "positions/3", "portal/session"):
        answer = await context.request.get(f"{portal.url}/{path}")
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


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
