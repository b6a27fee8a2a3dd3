"""A REST server inside the test: answers are scripted by path, and every request is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx

from mesolive.tastytrade_client import ClientConfig, Credentials, Endpoints, Hidden, Transport

SECRET = "client-secret-7d41"
REFRESH = "refresh-token-9ab2"
ENDPOINTS = Endpoints("http://tastytrade.test", "ws://tastytrade.test/streamer", is_sandbox=True)
QUICK = ClientConfig(
    call_seconds=60.0,
    order_seconds=60.0,
    read_pause_seconds=0.01,
    refresh_pause_seconds=0.02,
    max_refresh_pause_seconds=0.05,
    rates={"positions": 100, "balances": 100, "accounts": 100},
)

Answer: TypeAlias = httpx.Response | Exception | dict[str, Any] | Callable[[httpx.Request], httpx.Response]


class FakeRest(httpx.AsyncBaseTransport):
    """Answers requests by method and path: the scripted answers in their order, and the last of them for ever.

    Attributes
    ----------
    requests
        All requests but those for tokens.
    tokens
        How many access tokens were handed out.
    token_answers
        Answers of the token call before it works.
    hang
        Requests, by method and path, that are taken and not answered.
    held
        Set once such a request has been taken.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.tokens = 0
        self.life = 900.0
        self.token_answers: list[httpx.Response | Exception] = []
        self.token_requests: list[httpx.Request] = []
        self.hang: set[tuple[str, str]] = set()
        self.held = asyncio.Event()
        self._scripted: dict[tuple[str, str], list[Answer]] = {}

    def on(self, method: str, path: str, *answers: Any) -> None:
        self._scripted[method, path] = list(answers)

    def count(self, method: str, path: str | None = None) -> int:
        return sum(item.method == method and path in (None, item.url.path) for item in self.requests)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.path == "/oauth/token":
            return self._token(request)
        self.requests.append(request)
        key = (request.method, request.url.path)
        if key in self.hang:
            self.held.set()
            await asyncio.Event().wait()
        scripted = self._scripted.get(key)
        if not scripted:
            return httpx.Response(404, json={"error": {"code": "record_not_found", "message": "no such thing"}})
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            return httpx.Response(200, json=answer)
        if not isinstance(answer, httpx.Response):
            answer = answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def _token(self, request: httpx.Request) -> httpx.Response:
        self.token_requests.append(request)
        if self.token_answers:
            answer = self.token_answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.tokens += 1
        token = {"access_token": f"access-{self.tokens}", "token_type": "Bearer", "expires_in": self.life}
        return httpx.Response(200, json=token)


def transport(fake: FakeRest, config: ClientConfig = QUICK) -> Transport:
    return Transport(ENDPOINTS, Credentials(Hidden(SECRET), Hidden(REFRESH)), config, http=fake)


def body_of(request: httpx.Request) -> dict[str, Any]:
    return json.loads(request.content)
