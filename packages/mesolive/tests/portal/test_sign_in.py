"""Browsers sign in with a one-time code or a key, and their cookie counts for pages of this server only."""

from __future__ import annotations

import asyncio
import contextlib
import html
import inspect
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mesolive.access.context import Role
from mesolive.hubs.control import ControlHub
from mesolive.hubs.data import DataHub
from mesolive.hubs.envelope import WATCHED
from mesolive.hubs.event import EventHub
from mesolive.portal.attempts import MAX_FAILURES
from mesolive_sdk import MesoLiveApiException, MesoLiveControlHubClient, models
from mesolive_testkit.server import Kit, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 25.0
"""Far longer than it takes to end a connection, and shorter than a client may be silent."""
PREFIX = "/desk"
PUBLIC = f"https://trading.example{PREFIX}"
END = b"\x1e"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path_factory.mktemp("portal"), public_url=PUBLIC) as running:
        yield running


class Browser:
    """An HTTP client that behaves as a page of the server, or of another origin."""

    def __init__(self, kit: Kit, address: str = "127.0.0.1") -> None:
        self.kit = kit
        self.http = httpx.AsyncClient(timeout=60, base_url=kit.url, headers={"X-Forwarded-For": address})

    async def post(self, body: Any, **headers: str | None) -> httpx.Response:
        given = {"Origin": self.kit.url, "X-MesoLive": "1"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.http.post(
            "/portal/session", json=body, headers={name: value for name, value in given.items() if value is not None}
        )

    async def signed_in(self, role: Role = Role.TRADE) -> Browser:
        code = await self.kit.application.sessions.make_code("trader", role)
        assert (await self.post({"Code": code})).status_code == 200
        return self

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)

    async def socket(self, origin: str | None = None, **headers: str) -> Any:
        port = httpx.URL(self.kit.url).port
        return await connect(
            f"ws://127.0.0.1:{port}/hubs/control/v1",
            origin=origin if origin is not None else self.kit.url,  # pyright: ignore[reportArgumentType] - a NewType
            additional_headers={"Cookie": self.cookie} | {name.replace("_", "-"): v for name, v in headers.items()},
        )


@pytest_asyncio.fixture(loop_scope="module")
async def browser(kit: Kit, request: pytest.FixtureRequest) -> AsyncGenerator[Browser]:
    # An address of its own: failures of one test do not slow another one down.
    made = Browser(kit, f"10.0.0.{hash(request.node.name) % 250}")
    async with made.http:
        yield made


async def call(socket: Any, method: str, args: dict[str, Any]) -> bytes:
    """Shake hands, call a hub method and return its completion."""
    await socket.send('{"protocol":"json","version":1}\x1e')
    assert await socket.recv() in {"{}\x1e", b"{}\x1e"}
    text = httpx.Response(200, json={"type": 1, "invocationId": "1", "target": method, "arguments": [args]}).text
    await socket.send(text + "\x1e")
    async with asyncio.timeout(SECONDS):
        while True:
            answer = await socket.recv()
            raw = answer if isinstance(answer, bytes) else answer.encode()
            for part in raw.split(END):
                if b'"type":3' in part:
                    return part


async def until_closed(socket: Any) -> None:
    async with asyncio.timeout(SECONDS):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()


async def test_a_code_signs_in_once_and_its_cookie_opens_the_hubs(kit: Kit, browser: Browser) -> None:
    code = await kit.application.sessions.make_code("trader")
    first = await browser.post({"Code": code})
    assert first.status_code == 200
    cookie = first.headers["set-cookie"]
    assert re.match(rf"mesolive_{httpx.URL(kit.url).port}=[\w-]{{43}}; ", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert kit.token not in first.text
    shown = (await browser.http.get("/portal/session")).json()
    assert (shown["User"], shown["Role"]) == ("trader", "trade")
    async with await browser.socket() as socket:
        assert b'"Status":"Success"' in await call(socket, "ListAccounts", {})
    again = Browser(kit, "10.1.0.1")
    async with again.http:
        assert (await again.post({"Code": code})).status_code == 401


async def test_a_pasted_key_signs_in(kit: Kit, browser: Browser) -> None:
    assert (await browser.post({"Key": kit.token})).status_code == 200
    assert (await browser.http.get("/portal/session")).status_code == 200
    assert kit.token not in browser.cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": None},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"X_MesoLive": None},
    ],
)
async def test_a_page_of_another_origin_can_neither_sign_in_nor_out(
    kit: Kit, browser: Browser, headers: dict[str, str | None]
) -> None:
    given: dict[str, Any] = {name.replace("X_MesoLive", "X-MesoLive"): value for name, value in headers.items()}
    assert (await browser.post({"Key": kit.token}, **given)).status_code == 403
    await browser.signed_in()
    sent = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    base = {"Origin": kit.url, "X-MesoLive": "1"}
    for name, value in headers.items():
        if value is None:
            base.pop(name.replace("_", "-"))
    assert (await browser.http.delete("/portal/session", headers=base | sent)).status_code == 403
    assert (await browser.http.get("/portal/session")).status_code == 200


async def test_a_form_cannot_sign_in(kit: Kit, browser: Browser) -> None:
    answer = await browser.http.post(
        "/portal/session", data={"Key": kit.token}, headers={"Origin": kit.url, "X-MesoLive": "1"}
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
async def test_a_cookie_opens_no_socket_for_a_page_of_another_origin(browser: Browser, origin: str) -> None:
    await browser.signed_in()
    with pytest.raises(InvalidStatus) as refused:
        await browser.socket(origin)
    assert refused.value.response.status_code in {401, 403}


async def test_a_cookie_opens_no_socket_where_fetch_metadata_names_another_site(browser: Browser) -> None:
    await browser.signed_in()
    with pytest.raises(InvalidStatus) as refused:
        await browser.socket(Sec_Fetch_Site="same-site")
    assert refused.value.response.status_code == 401


async def test_a_foreign_page_cannot_negotiate_with_the_visitors_cookie(browser: Browser) -> None:
    await browser.signed_in()
    path = "/hubs/control/v1/negotiate?negotiateVersion=1"
    foreign = await browser.http.post(path, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 401
    assert (await browser.http.post(path, headers={"Origin": browser.kit.url})).status_code == 200


async def test_the_public_address_of_a_proxy_is_the_same_origin(browser: Browser) -> None:
    await browser.signed_in()
    async with await browser.socket("https://trading.example") as socket:
        assert b'"Status":"Success"' in await call(socket, "ListAccounts", {})
    assert (await browser.http.get(f"{PREFIX}/health/live")).status_code == 200


async def test_signing_out_ends_the_open_sockets(kit: Kit, browser: Browser) -> None:
    await browser.signed_in()
    async with await browser.socket() as socket:
        await call(socket, "ListAccounts", {})
        out = await browser.http.delete("/portal/session", headers={"Origin": kit.url, "X-MesoLive": "1"})
        assert out.status_code == 200
        await until_closed(socket)
    assert (await browser.http.get("/portal/session")).status_code == 401


async def test_revoking_the_key_ends_the_session_that_it_began(kit: Kit, browser: Browser) -> None:
    made = await kit.application.access.create_key("trader")
    assert (await browser.post({"Key": made.token})).status_code == 200
    async with await browser.socket() as socket:
        await call(socket, "ListAccounts", {})
        await kit.application.access.revoke(made.key.key_id)
        await until_closed(socket)
    assert (await browser.http.get("/portal/session")).status_code == 401


async def test_failed_sign_ins_of_an_address_are_limited(kit: Kit, browser: Browser) -> None:
    for _ in range(MAX_FAILURES):
        assert (await browser.post({"Key": "no key"})).status_code == 401
    assert (await browser.post({"Key": kit.token})).status_code == 429


async def test_a_refused_sign_in_reaches_the_event_log_and_the_metrics_without_what_was_presented(
    tmp_path: Path,
) -> None:
    async with live_server(tmp_path) as kit:
        events = await kit.events()
        heard: asyncio.Queue[models.AccessEvent] = asyncio.Queue()
        events.on_access_event(heard.put_nowait)
        browser = Browser(kit)
        async with browser.http:
            presented = "a-key-that-never-was"
            assert (await browser.post({"Key": presented})).status_code == 401
            async with asyncio.timeout(60):
                reported = await heard.get()
            assert (reported.Change, reported.Attempts) == (models.AccessChange.SignInRefused, 1)
            assert reported.Address
            assert presented not in repr(reported)
            assert "mesolive_refused_sign_ins_total 1.0" in (await browser.http.get("/metrics")).text


async def test_a_session_that_may_only_watch_calls_no_method_that_changes_something(browser: Browser) -> None:
    await browser.signed_in(Role.WATCH)
    async with await browser.socket() as socket:
        assert b'"Status":"Success"' in await call(socket, "ListAccounts", {})
    async with await browser.socket() as socket:
        answer = await call(socket, "LiquidatePosition", {"IdempotencyKey": "k", "PositionId": 1})
    assert b'"Status":"Forbidden"' in answer
    assert b"WatchOnly" in answer


async def test_a_key_that_may_only_watch_calls_no_method_that_changes_something(kit: Kit) -> None:
    made = await kit.application.access.create_key("trader", role=Role.WATCH)
    client = await kit.client(MesoLiveControlHubClient, made.token)
    assert (await client.list_accounts()).Accounts
    with pytest.raises(MesoLiveApiException) as refused:
        await client.delete_strategy(models.DeleteStrategyArgs(StrategyId=1))
    assert refused.value.status is models.StatusCode.Forbidden


async def test_every_method_for_watchers_exists() -> None:
    known = {
        getattr(method, "__signalr_name__", None) or "".join(part.title() for part in name.split("_"))
        for hub in (ControlHub, DataHub, EventHub)
        for name, method in inspect.getmembers(hub, inspect.isfunction)
        if not name.startswith("_")
    }
    assert {name.lower() for name in WATCHED} <= {name.lower() for name in known}


async def test_every_answer_of_the_portal_carries_the_content_policy(browser: Browser) -> None:
    for path in ("/", "/positions/3", "/assets/none.js", "/portal/session", "/health", "/metrics", "/hubs/control/v1"):
        answer = await browser.http.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_page_comes_with_its_session_and_a_strangers_page_asks_for_it(browser: Browser) -> None:
    stranger = await browser.http.get("/positions")
    assert 'name="mesolive-session" content="ask"' in stranger.text
    await browser.signed_in()
    page = await browser.http.get("/positions")
    assert page.headers["cache-control"] == "no-store"
    found = re.search(r'name="mesolive-session" content="([^"]*)"', page.text)
    assert found is not None
    said = json.loads(html.unescape(found[1]))
    assert said == (await browser.http.get("/portal/session")).json()
    (cookie,) = browser.http.cookies.values()
    assert cookie not in page.text


async def test_another_host_name_reaches_no_page(browser: Browser) -> None:
    for path in ("/", "/portal/session"):
        assert (await browser.http.get(path, headers={"Host": "rebound.example"})).status_code == 421


@pytest.mark.parametrize("path", ["/assets/../index.html", "/assets/%2e%2e/endpoints.py", "/assets/..%2f__init__.py"])
async def test_no_file_outside_of_the_built_ones_is_served(browser: Browser, path: str, tmp_path: Path) -> None:
    del tmp_path
    assert (await browser.http.get(path)).status_code == 404
