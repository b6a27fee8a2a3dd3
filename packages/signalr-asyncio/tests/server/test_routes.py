"""What a path has of its own: access, filters, and the request that a hub sees."""
# ruff: noqa: N802 - hub methods carry their wire names

import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from signalr_asyncio import (
    ConnectionRequest,
    Hub,
    HubCall,
    HubFilter,
    HubRoute,
    Principal,
    SignalRServer,
    allow_anonymous,
)
from signalr_asyncio.server._auth import KeptRequest
from signalr_server_kit import ManualClock, OpenRequest, Peer, request

SECRET = "correct-horse"


class WhoHub(Hub):
    async def Who(self) -> str | None:
        return self.context.user_id

    async def Request(self) -> dict[str, Any]:
        asked = self.context.request
        return {
            "path": asked.path,
            "agent": asked.headers.get("user-agent"),
            "authorization": asked.headers.get("authorization"),
            "theme": asked.cookies.get("theme"),
            "query": dict(asked.query),
            "client": asked.client,
            "scheme": asked.scheme,
            "pool": asked.state.get("pool"),
            "app": None if asked.app is None else asked.app.name,
            "token": asked.token,
            "same": asked is self.context.request,
        }


async def by_token(asked: ConnectionRequest) -> Principal | None:
    return Principal("ann") if asked.token == SECRET else None


async def by_key(asked: ConnectionRequest) -> Principal | None:
    return Principal("robot") if asked.headers.get("x-key") == "7" else None


class Marked(HubFilter):
    def __init__(self, mark: str) -> None:
        self.mark = mark

    async def invoke(self, call: HubCall, proceed: Callable[[HubCall], Awaitable[Any]]) -> Any:
        return f"{self.mark}{await proceed(call)}"


async def test_each_hub_may_say_itself_who_is_let_in() -> None:
    app = SignalRServer(
        {
            "/ours": WhoHub,
            "/robots": HubRoute(WhoHub, authenticate=by_key),
            "/public": HubRoute(WhoHub, authenticate=allow_anonymous),
        },
        authenticate=by_token,
        clock=ManualClock(),
    )
    assert await Peer(app, "/ours").connect() == 401
    assert await Peer(app, "/robots", f"access_token={SECRET}").connect() == 401
    ours = await Peer(app, "/ours", f"access_token={SECRET}").start()
    robot = await Peer(app, "/robots", headers=[("x-key", "7")]).start()
    public = await Peer(app, "/public").start()
    assert [(await peer.invoke("Who"))["result"] for peer in (ours, robot, public)] == ["ann", "robot", None]


async def test_filters_of_a_hub_stand_within_those_of_the_server() -> None:
    app = SignalRServer(
        {"/plain": WhoHub, "/marked": HubRoute(WhoHub, filters=[Marked("b"), Marked("c")])},
        filters=[Marked("a")],
        clock=ManualClock(),
    )
    assert (await (await Peer(app, "/plain").start()).invoke("Who"))["result"] == "aNone"
    assert (await (await Peer(app, "/marked").start()).invoke("Who"))["result"] == "abcNone"


class Application:
    name = "the application around it"


def with_request(peer: Peer) -> Peer:
    peer.scope |= {"client": ("10.0.0.7", 4711), "scheme": "wss", "state": {"pool": "p"}, "app": Application()}
    return peer


async def test_a_hub_sees_the_request_without_its_secrets() -> None:
    app = SignalRServer({"/hub": WhoHub}, authenticate=by_token, clock=ManualClock())
    headers = [("User-Agent", "tester"), ("Cookie", "theme=dark; a=b"), ("Authorization", f"Bearer {SECRET}")]
    peer = await with_request(Peer(app, query="tenant=7&access_token=x", headers=headers)).start()
    assert (await peer.invoke("Request"))["result"] == {
        "path": "/hub",
        "agent": "tester",
        "authorization": None,
        "theme": "dark",
        "query": {"tenant": "7"},
        "client": ["10.0.0.7", 4711],
        "scheme": "wss",
        "pool": "p",
        "app": "the application around it",
        "token": None,
        "same": True,
    }


@pytest.mark.parametrize("events", [True, False], ids=["events", "polling"])
async def test_a_hub_sees_the_first_request_of_the_other_transports(events: bool) -> None:
    app = SignalRServer({"/hub": WhoHub}, clock=ManualClock())
    negotiated = await request(app, "POST", "/hub/negotiate", "negotiateVersion=1")
    query = f"id={negotiated.json()['connectionToken']}&tenant=7"
    accept = [("accept", "text/event-stream")] if events else []
    first = OpenRequest(app, "GET", "/hub", query, [*accept, ("user-agent", "tester")])
    await request(app, "POST", "/hub", query, body=b'{"protocol":"json","version":1}\x1e')
    call = b'{"type":1,"target":"Request","arguments":[],"invocationId":"1"}\x1e'
    await request(app, "POST", "/hub", query, body=call)
    if events:
        body = await first.until(b'"result"')
        first.leave()
    else:
        body = b""
        while b'"result"' not in body:
            body += (await request(app, "GET", "/hub", query)).body
    assert b'"agent":"tester"' in body
    assert b'"query":{"tenant":"7"}' in body


async def test_a_kept_request_holds_no_token() -> None:
    app = SignalRServer({"/hub": WhoHub}, authenticate=by_token, clock=ManualClock())
    negotiated = await request(
        app, "POST", "/hub/negotiate", "negotiateVersion=1", [("authorization", f"Bearer {SECRET}")]
    )
    query = f"id={negotiated.json()['connectionToken']}"
    first = OpenRequest(
        app, "GET", "/hub", query, [("accept", "text/event-stream"), ("authorization", f"Bearer {SECRET}")]
    )
    await first.until(b":")
    first.scope.clear()
    stored = [thing for thing in gc.get_objects() if type(thing) is KeptRequest]
    assert stored
    assert all(SECRET not in repr((request._headers, request._parts)) for request in stored)
    first.leave()
    await first.done()


def test_a_public_method_that_is_not_async_is_an_error_when_the_server_is_made() -> None:
    class Plain(Hub):
        def Add(self, left: int, right: int) -> int:
            return left + right

    with pytest.raises(TypeError, match=r"Plain\.Add: a hub method must be async"):
        SignalRServer({"/hub": Plain})


def test_helpers_that_no_client_calls_may_be_of_any_kind() -> None:
    class Helpers(Hub):
        def _helper(self) -> int:
            return 1

        @property
        def total(self) -> int:
            return 1

        @staticmethod
        def double(value: int) -> int:
            return 2 * value

        @classmethod
        def make(cls) -> int:
            return 1

    SignalRServer({"/hub": Helpers})
