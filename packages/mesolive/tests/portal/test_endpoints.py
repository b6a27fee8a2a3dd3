"""HTTP of the Portal: files, the one page of every address, and requests that are not its own."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from mesolive.access.keys import Access
from mesolive.access.origin import cookie_name
from mesolive.access.secret import ServerSecret
from mesolive.access.sessions import Sessions
from mesolive.portal.endpoints import MAX_BODY, SessionEndpoint
from mesolive.portal.pages import ASSETS, PAGES, Pages
from mesolive.store.database import Database, TransactionTimeoutError
from mesolive_testkit.paths import ROOT

SITE = "http://testserver"
NAME = cookie_name(8700, "http")


@pytest.fixture
def client(database: Database) -> httpx.AsyncClient:
    access = Access(database, ServerSecret("a secret for tests, long enough as it is"))
    endpoint = SessionEndpoint(Sessions(database, access), 8700, None)
    application = Starlette(routes=[endpoint.route(), *Pages().routes()])
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=SITE)


class Failing:
    """Raises an error in place of what it stands for."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self) -> None:
        raise self._error


async def test_every_address_of_a_page_gets_the_page_and_is_not_cached(client: httpx.AsyncClient) -> None:
    for address in ("/", *(f"/{name}" for name in PAGES), "/positions/3", "/strategies/new"):
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert '<div id="app">' in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_a_page_is_shown_while_the_database_is_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(database, Access(database, ServerSecret("a secret for tests, long enough as it is")))
    endpoint = SessionEndpoint(sessions, 8700, None)
    application = Starlette(routes=Pages(session=endpoint.shown).routes())
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=SITE, cookies={NAME: "a cookie"})
    for failure in (TransactionTimeoutError(30.0), ConnectionRefusedError()):
        monkeypatch.setattr(database, "read", Failing(failure))
        answer = await client.get("/positions")
        assert answer.status_code == 200
        assert '"mesolive-session" content="ask"' in answer.text
    monkeypatch.setattr(database, "read", Failing(ValueError("a fault of ours")))
    with pytest.raises(ValueError, match="a fault of ours"):
        await client.get("/positions")


def test_the_server_knows_the_addresses_that_the_application_shows_pages_at() -> None:
    source = (ROOT / "portal" / "src" / "App.svelte").read_text()
    table = source.split("const PAGES", 1)[1].split("};", 1)[0]
    assert set(re.findall(r"^    (\w+): \(\) =>", table, re.MULTILINE)) | {"login"} == set(PAGES)


async def test_the_files_of_the_page_exist_and_are_cached_for_ever(client: httpx.AsyncClient) -> None:
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', (await client.get("/")).text)
    assert named
    for name in named:
        answer = await client.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_files_are_sent_compressed_to_browsers_that_take_it(client: httpx.AsyncClient) -> None:
    (name, *_) = re.findall(r'src="(/assets/[^"]+)"', (await client.get("/")).text)
    packed = await client.get(name, headers={"Accept-Encoding": "gzip"})
    plain = await client.get(name, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.content == plain.content


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}, {"Accept": "text/html, */*"}])
async def test_an_address_without_a_page_gets_the_portal_that_says_so(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for address in ("/nowhere", "/position/3", "/positions3", "/a/b/c"):
        answer = await client.get(address, headers=headers)
        assert answer.status_code == 404, address
        assert '<div id="app">' in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "address", ["/assets/none.js", "/hubs/none/v1", "/portal/none", "/health/none", "/metrics/none"]
)
async def test_what_programs_ask_for_in_vain_is_answered_without_a_page(
    client: httpx.AsyncClient, address: str
) -> None:
    for headers in ({"Sec-Fetch-Mode": "navigate"}, {"Accept": "text/html"}):
        answer = await client.get(address, headers=headers)
        assert answer.status_code == 404
        assert '<div id="app">' not in answer.text


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"Sec-Fetch-Mode": "cors", "Accept": "text/html"}])
async def test_a_script_that_asks_for_an_unknown_address_gets_no_page(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/nowhere", headers=headers)
    assert answer.status_code == 404
    assert '<div id="app">' not in answer.text


@pytest.mark.parametrize("path", ["/assets/../endpoints.py", "/assets/none.js", "/assets/%2e%2e/endpoints.py"])
async def test_no_file_outside_of_the_assets_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_behind_a_prefix_the_page_names_its_files_with_it() -> None:
    application = Starlette(routes=Pages("/desk").routes())
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=SITE)
    text = (await client.get("/positions/3")).text
    assert '="/desk/assets/' in text
    assert '="/assets/' not in text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-MesoLive": "1", "Origin": "http://other"},
        {"X-MesoLive": "1", "Origin": "https://testserver"},
        {"X-MesoLive": "1", "Origin": "http://testserver:81"},
        {"X-MesoLive": "1", "Sec-Fetch-Site": "same-site"},
        {"Origin": SITE},
    ],
)
async def test_a_sign_in_from_elsewhere_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await client.post("/portal/session", json={"Key": "x"}, headers=headers)).status_code == 403
    assert (await client.delete("/portal/session", headers=headers)).status_code == 403


async def test_a_body_that_is_too_long_or_no_sign_in_is_refused_in_words(client: httpx.AsyncClient) -> None:
    headers = {"X-MesoLive": "1", "Origin": SITE, "Content-Type": "application/json"}
    assert (await client.post("/portal/session", content=b"x" * (MAX_BODY + 1), headers=headers)).status_code == 413
    for body in (b"", b"[]", b'{"Key": 1}', b'{"Key": "x", "More": 1}'):
        answer = await client.post("/portal/session", content=body, headers=headers)
        assert answer.status_code == 400
        assert "Key" in answer.json()["Message"]


def test_assets_are_part_of_the_package() -> None:
    assert (ASSETS / "index.html").is_file()
    assert Path(ASSETS).parent.name == "portal"
