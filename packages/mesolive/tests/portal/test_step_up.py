"""Step-up: an old sign-in of a browser does nothing on an account of real money that could cost money."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from mesolive_sdk import new_idempotency_key
from mesolive_testkit.portal import SIMULATED, RealMoney, kit_of, make_live, sign_in_long_ago
from mesolive_testkit.server import ACCOUNT, Kit

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with kit_of(tmp_path_factory.mktemp("live"), venue_type=RealMoney) as running:
        await make_live(running)
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """Return the HTTP client of a browser that is signed in."""
    headers = {"Origin": kit.url.rstrip("/"), "X-MesoLive": "1"}
    async with httpx.AsyncClient(timeout=60, base_url=kit.url, headers=headers) as http:
        (await http.post("/portal/session", json={"Key": kit.token})).raise_for_status()
        yield http


async def call(kit: Kit, page: httpx.AsyncClient, method: str, **args: object) -> dict[str, Any]:
    """Call a method of the Control Hub as a page does and return its answer."""
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    url = kit.url.rstrip("/")
    async with connect(
        f"{url.replace('http', 'ws', 1)}/hubs/control/v1", additional_headers={"Cookie": cookie, "Origin": url}
    ) as socket:
        await socket.send('{"protocol":"json","version":1}\x1e')
        await socket.recv()
        asked = {"type": 1, "invocationId": "1", "target": method, "arguments": [args]}
        await socket.send(json.dumps(asked) + "\x1e")
        async for frame in socket:
            text = frame if isinstance(frame, str) else frame.decode()
            for part in filter(None, text.split("\x1e")):
                message: dict[str, Any] = json.loads(part)
                if message["type"] == 3:
                    result: dict[str, Any] = message["result"]
                    return result
    raise AssertionError("the connection ended without an answer")


CASES: list[tuple[str, dict[str, Any]]] = [
    ("HaltAndFlatten", {"Reason": "test"}),
    ("ResumeTrading", {}),
    ("SetAccountLimits", {"BrokerAccountId": SIMULATED, "MaxContracts": 5}),
]


@pytest.mark.parametrize(("method", "args"), CASES)
async def test_an_old_sign_in_must_give_a_key_before_anything_is_done(
    kit: Kit, page: httpx.AsyncClient, method: str, args: dict[str, Any]
) -> None:
    await sign_in_long_ago(kit)
    before = (await kit.control.list_halts()).Halts
    given = args if method == "SetAccountLimits" else args | {"IdempotencyKey": new_idempotency_key()}
    refused = await call(kit, page, method, **given)
    assert (refused["Status"], refused["Error"]["Code"]) == ("Forbidden", "SignInAgain")
    assert (await kit.control.list_halts()).Halts == before
    (await page.post("/portal/session", json={"Key": kit.token})).raise_for_status()
    again = given if method == "SetAccountLimits" else args | {"IdempotencyKey": new_idempotency_key()}
    assert (await call(kit, page, method, **again))["Status"] == "Success"


@pytest.mark.parametrize("account", [None, ACCOUNT, SIMULATED])
async def test_halting_never_asks_whose_key_it_is(kit: Kit, page: httpx.AsyncClient, account: str | None) -> None:
    await sign_in_long_ago(kit)
    key = new_idempotency_key()
    answer = await call(kit, page, "HaltTrading", IdempotencyKey=key, BrokerAccountId=account, Reason="enough")
    assert answer["Status"] == "Success"


async def test_an_account_of_no_real_money_asks_for_nothing(kit: Kit, page: httpx.AsyncClient) -> None:
    await sign_in_long_ago(kit)
    for method in ("HaltAndFlatten", "ResumeTrading"):
        args = {"IdempotencyKey": new_idempotency_key(), "BrokerAccountId": ACCOUNT}
        more = {"Reason": "test"} if method == "HaltAndFlatten" else {}
        assert (await call(kit, page, method, **args, **more))["Status"] == "Success"
