"""Negotiation and who may connect."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import logging
from datetime import datetime
from typing import Any

import pytest

from signalr_asyncio import (
    ConnectionRequest,
    Hub,
    HubOptions,
    HubRoute,
    Principal,
    Redirect,
    SignalRServer,
    TransportType,
)
from signalr_server_kit import Answer, ManualClock, OpenRequest, Peer, request

SECRET = "correct-horse-battery-staple"


class WhoHub(Hub):
    async def Who(self) -> list[Any]:
        principal = self.context.principal
        return [self.context.user_id, principal.name, principal.claims.get("role"), self.context.path]


async def by_token(request: ConnectionRequest) -> Principal | None:
    if request.token == SECRET or request.cookies.get("session") == SECRET:
        return Principal("ann", "Ann", {"role": "admin"})
    if request.token == "other":
        return Principal("eve")
    return None


def server(**options: Any) -> SignalRServer:
    return SignalRServer({"/hub": WhoHub}, options=HubOptions(**options), clock=ManualClock())


def guarded(**options: Any) -> SignalRServer:
    return SignalRServer({"/hub": WhoHub}, options=HubOptions(**options), authenticate=by_token, clock=ManualClock())


async def negotiate(app: SignalRServer, query: str = "negotiateVersion=1", **more: Any) -> Answer:
    return await request(app, "POST", "/hub/negotiate", query, **more)


async def test_version_1_gives_an_id_and_another_token() -> None:
    answer = await negotiate(server())
    body = answer.json()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert "no-store" in answer.headers["cache-control"]
    assert body["negotiateVersion"] == 1
    assert body["connectionId"] != body["connectionToken"]
    assert body["availableTransports"] == [
        {"transport": "WebSockets", "transferFormats": ["Text", "Binary"]},
        {"transport": "ServerSentEvents", "transferFormats": ["Text"]},
        {"transport": "LongPolling", "transferFormats": ["Text", "Binary"]},
    ]
    assert set(body) == {"negotiateVersion", "connectionId", "connectionToken", "availableTransports"}


@pytest.mark.parametrize("query", ["", "negotiateVersion=0"])
async def test_version_0_gives_one_id_that_addresses_the_connection(query: str) -> None:
    app = server()
    body = (await negotiate(app, query)).json()
    assert body["negotiateVersion"] == 0
    assert "connectionToken" not in body
    await Peer(app, query=f"id={body['connectionId']}").start()


async def test_a_newer_version_is_answered_with_ours() -> None:
    assert (await negotiate(server(), "negotiateVersion=7")).json()["negotiateVersion"] == 1


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("negotiateVersion=one", "The client requested an invalid protocol version 'one'"),
        ("negotiateVersion=0", "The client requested version '0', but the server does not support this version."),
    ],
)
async def test_a_version_that_is_not_served_is_an_error_in_the_answer(query: str, error: str) -> None:
    app = server(minimum_negotiate_version=1)
    answer = await negotiate(app, query)
    assert (answer.status, answer.json()) == (200, {"error": error})
    assert app.stats().connections == 0


async def test_only_post_negotiates() -> None:
    app = server()
    assert (await request(app, "GET", "/hub/negotiate")).status == 405
    assert (await request(app, "PUT", "/hub")).status == 405


@pytest.mark.parametrize("path", ["/HUB", "/hub/", "/Hub/Negotiate", "/hub/negotiate/"])
async def test_paths_match_ignoring_case_and_a_trailing_slash(path: str) -> None:
    method = "POST" if "nego" in path.lower() else "GET"
    assert (await request(server(), method, path)).status in {200, 400}


@pytest.mark.parametrize("path", ["/", "/hubs", "/hub/x", "/hub/negotiate/x", "/negotiate"])
async def test_other_paths_are_not_found(path: str) -> None:
    app = server()
    assert (await request(app, "POST", path)).status == 404
    assert await Peer(app, path).connect() == 404


async def test_a_hub_is_found_below_a_mount() -> None:
    app = server()
    peer = Peer(app, "/api/hub")
    peer.scope["root_path"] = "/api"
    assert (await peer.start()).status == 101


async def test_a_websocket_needs_no_negotiation() -> None:
    peer = await Peer(server()).start()
    assert (await peer.invoke("Who"))["result"] == [None, None, None, "/hub"]


async def test_only_the_token_addresses_a_connection() -> None:
    app = server()
    body = (await negotiate(app)).json()
    for wrong in (body["connectionId"], "nonsense"):
        peer = Peer(app, query=f"id={wrong}")
        assert await peer.connect() == 404
        assert peer.body == b"No Connection with that ID"
    await Peer(app, query=f"id={body['connectionToken']}").start()


async def test_a_connection_can_be_used_once() -> None:
    app = server()
    token = (await negotiate(app)).json()["connectionToken"]
    first = await Peer(app, query=f"id={token}").start()
    assert await Peer(app, query=f"id={token}").connect() == 409
    first.leave()
    await first.ended()
    assert await Peer(app, query=f"id={token}").connect() == 404


async def test_a_token_of_one_hub_opens_no_other() -> None:
    app = SignalRServer({"/hub": WhoHub, "/b": WhoHub}, clock=ManualClock())
    token = (await negotiate(app)).json()["connectionToken"]
    assert await Peer(app, "/b", query=f"id={token}").connect() == 404


async def test_an_unused_negotiated_connection_expires() -> None:
    clock = ManualClock()
    app = SignalRServer({"/hub": WhoHub}, clock=clock)
    token = (await negotiate(app)).json()["connectionToken"]
    await clock.advance(14)
    assert app.stats().connections == 1
    await clock.advance(2)
    assert app.stats().connections == 0
    assert await Peer(app, query=f"id={token}").connect() == 404


async def test_transports_can_be_restricted_per_hub() -> None:
    options = HubOptions(transports=(TransportType.LONG_POLLING,))
    app = SignalRServer({"/hub": HubRoute(WhoHub, options), "/b": WhoHub}, clock=ManualClock())
    body = (await negotiate(app)).json()
    assert [offer["transport"] for offer in body["availableTransports"]] == ["LongPolling"]
    peer = Peer(app, query=f"id={body['connectionToken']}")
    assert await peer.connect() == 404
    assert peer.body == b"WebSockets transport not supported by this end point type"
    sse = await request(app, "GET", "/hub", f"id={body['connectionToken']}", headers=[("accept", "text/event-stream")])
    assert (sse.status, sse.text) == (404, "ServerSentEvents transport not supported by this end point type")
    assert await Peer(app).connect() == 404
    await Peer(app, "/b").start()


async def test_a_client_can_be_sent_elsewhere() -> None:
    async def redirect(asked: ConnectionRequest, principal: Principal) -> Redirect | None:
        if asked.query.get("stay"):
            return None
        return Redirect("https://example.com/hub", f"for-{principal.user_id}")

    app = SignalRServer({"/hub": HubRoute(WhoHub, redirect=redirect)}, authenticate=by_token, clock=ManualClock())
    body = (await negotiate(app, f"negotiateVersion=1&access_token={SECRET}")).json()
    assert body == {"negotiateVersion": 0, "url": "https://example.com/hub", "accessToken": "for-ann"}
    assert app.stats().connections == 0
    assert "connectionId" in (await negotiate(app, f"negotiateVersion=1&stay=1&access_token={SECRET}")).json()
    assert "for-ann" not in repr(Redirect("u", "for-ann"))


# -- authentication ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credentials",
    [
        {"headers": [("authorization", f"Bearer {SECRET}")]},
        {"headers": [("Authorization", f"bearer {SECRET}")]},
        {"query": f"access_token={SECRET}"},
        {"headers": [("cookie", f'odd"; session={SECRET}; other=1')]},
    ],
)
async def test_a_token_by_header_query_or_cookie_lets_in(credentials: dict[str, Any]) -> None:
    app = guarded()
    query = credentials.get("query", "")
    headers = credentials.get("headers", [])
    token = (await negotiate(app, f"negotiateVersion=1&{query}", headers=headers)).json()["connectionToken"]
    peer = await Peer(app, query=f"id={token}&{query}", headers=headers).start()
    assert (await peer.invoke("Who"))["result"] == ["ann", "Ann", "admin", "/hub"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", []),
        ("access_token=wrong", []),
        ("access_token=", [("authorization", "Bearer ")]),
        ("", [("authorization", f"Basic {SECRET}")]),
        (f"access_token={SECRET}", [("authorization", "Bearer wrong")]),
        ("", [("cookie", "session=wrong")]),
    ],
)
async def test_without_a_valid_token_everything_is_answered_401(query: str, headers: list[tuple[str, str]]) -> None:
    app = guarded()
    answer = await negotiate(app, query, headers=headers)
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await Peer(app, query=query, headers=headers).connect() == 401
    for method in ("GET", "POST", "DELETE"):
        assert (await request(app, method, "/hub", query, headers)).status == 401
    assert app.stats().connections == 0
    assert app.stats().refused == 5


async def test_a_server_that_cannot_refuse_with_a_status_closes_the_socket() -> None:
    peer = Peer(guarded())
    del peer.scope["extensions"]
    assert await peer.connect() == 403


async def test_a_connection_of_another_user_looks_like_none() -> None:
    app = guarded()
    token = (await negotiate(app, f"negotiateVersion=1&access_token={SECRET}")).json()["connectionToken"]
    stranger = Peer(app, query=f"id={token}&access_token=other")
    assert await stranger.connect() == 404
    assert stranger.body == b"No Connection with that ID"
    await Peer(app, query=f"id={token}&access_token={SECRET}").start()


async def test_secrets_reach_no_log_no_repr_and_no_hub_code(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[ConnectionRequest] = []

    async def authenticate(asking: ConnectionRequest) -> Principal | None:
        asked.append(asking)
        return await by_token(asking)

    app = SignalRServer({"/hub": WhoHub}, authenticate=authenticate, clock=ManualClock())
    with caplog.at_level(logging.DEBUG):
        body = (await negotiate(app, f"negotiateVersion=1&access_token={SECRET}")).json()
        headers = [("authorization", f"Bearer {SECRET}"), ("cookie", f"session={SECRET}"), ("x-mine", "1")]
        peer = Peer(app, query=f"id={body['connectionToken']}&a=1&access_token={SECRET}", headers=headers)
        await peer.start()
        await peer.invoke("Missing")
        peer.raw("broken\x1e")
        await peer.ended()
    assert peer.scope["query_string"] == b"id=***&a=1&access_token=***"
    text = caplog.text + repr(asked) + repr(app.stats())
    assert SECRET not in text
    assert body["connectionToken"] not in text
    assert dict(asked[-1].headers) == {"x-mine": "1"}
    assert dict(asked[-1].query) == {"a": "1"}


async def test_an_authentication_hook_that_hangs_is_answered_later_again() -> None:
    clock = ManualClock()

    async def authenticate(_: ConnectionRequest) -> Principal | None:
        await asyncio.Event().wait()
        return None

    app = SignalRServer({"/hub": WhoHub}, authenticate=authenticate, clock=clock)
    asking = asyncio.create_task(negotiate(app))
    await clock.advance(16)
    answer = await asking
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


async def test_an_authentication_hook_that_fails_lets_nobody_in() -> None:
    async def authenticate(_: ConnectionRequest) -> Principal | None:
        raise OSError("the key store is away")

    app = SignalRServer({"/hub": WhoHub}, authenticate=authenticate, clock=ManualClock())
    answer = await negotiate(app)
    assert (answer.status, answer.body) == (500, b"")
    assert app.stats().connections == 0


def test_an_expiry_without_time_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Principal(expires_at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is tested


# -- origins -----------------------------------------------------------------------------------------------------------


async def test_pages_of_other_origins_get_no_permission_by_default() -> None:
    app = server()
    headers = [("origin", "https://evil.example"), ("host", "server.example")]
    answer = await negotiate(app, headers=headers)
    assert "access-control-allow-origin" not in answer.headers
    assert await Peer(app, headers=headers).connect() == 403


async def test_pages_of_the_same_host_may_open_a_websocket() -> None:
    headers = [("origin", "https://server.example:8443"), ("host", "server.example:8443")]
    assert (await Peer(server(), headers=headers).start()).status == 101


@pytest.mark.parametrize("allowed", ["https://app.example", "*"])
async def test_allowed_origins_receive_cors_headers(allowed: str) -> None:
    app = server(allowed_origins=frozenset({allowed}))
    headers = [("origin", "https://app.example"), ("host", "server.example")]
    answer = await negotiate(app, headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    assert (await Peer(app, headers=headers).start()).status == 101


async def test_a_preflight_is_answered_without_authentication() -> None:
    app = guarded(allowed_origins=frozenset({"https://app.example"}))
    headers = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-requested-with,authorization"),
    ]
    answer = await request(app, "OPTIONS", "/hub/negotiate", headers=headers)
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == "x-requested-with,authorization"
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    headers[0] = ("origin", "https://evil.example")
    answer = await request(app, "OPTIONS", "/hub/negotiate", headers=headers)
    assert "access-control-allow-methods" not in answer.headers


# -- floods ------------------------------------------------------------------------------------------------------------


async def test_a_user_who_negotiates_without_end_can_still_connect() -> None:
    async def authenticate(asked: ConnectionRequest) -> Principal:
        return Principal(asked.query.get("user"))

    options = HubOptions(maximum_connections=2_000, maximum_connections_per_user=2)
    app = SignalRServer({"/hub": Hub}, authenticate=authenticate, options=options, clock=ManualClock())

    async def negotiate(user: str) -> str:
        answer = await request(app, "POST", "/hub/negotiate", f"negotiateVersion=1&user={user}")
        assert answer.status == 200
        return answer.json()["connectionToken"]

    for _ in range(1_500):
        await negotiate("eve")
    # Only so many are remembered, and none of them counts as a connection.
    assert app.stats().connections == 1_000
    token = await negotiate("eve")
    for _ in range(500):
        await negotiate("eve")
    await Peer(app, query=f"id={token}&user=eve").start()
    await Peer(app, query="user=eve").start()
    assert await Peer(app, query="user=eve").connect() == 429
    assert (await request(app, "POST", "/hub/negotiate", "negotiateVersion=1&user=eve")).status == 429
    # Nobody else notices.
    await Peer(app, query=f"id={await negotiate('bob')}&user=bob").start()


async def test_the_oldest_negotiations_of_those_who_have_most_give_way_when_the_server_remembers_enough() -> None:
    async def authenticate(asked: ConnectionRequest) -> Principal:
        return Principal(asked.query.get("user"))

    options = HubOptions(maximum_connections=100)
    app = SignalRServer({"/hub": Hub}, authenticate=authenticate, options=options, clock=ManualClock())

    async def negotiate(user: str) -> str:
        answer = await request(app, "POST", "/hub/negotiate", f"negotiateVersion=1&user={user}")
        return answer.json()["connectionToken"]

    first, bob = await negotiate("eve"), await negotiate("bob")
    for _ in range(200):
        await negotiate("eve")
    assert app.stats().connections == 100
    assert await Peer(app, query=f"id={first}&user=eve").connect() == 404
    await Peer(app, query=f"id={bob}&user=bob").start()


async def test_refusals_are_logged_once_a_minute_with_their_number(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    app = SignalRServer({"/hub": Hub}, options=HubOptions(maximum_connections=1), clock=clock)
    await Peer(app).start()
    with caplog.at_level(logging.INFO, "signalr_asyncio"):
        for _ in range(100):
            assert await Peer(app).connect() == 503
        lines = [record.getMessage() for record in caplog.records]
        assert lines == ["/hub: a connection was refused: The server takes no more connections"]
        await clock.advance(61)
        assert await Peer(app).connect() == 503
    assert caplog.records[-1].getMessage().endswith("(and 99 more since the last such line)")


async def test_clients_that_break_the_protocol_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    app = SignalRServer({"/hub": Hub}, clock=ManualClock())
    with caplog.at_level(logging.INFO, "signalr_asyncio"):
        for _ in range(50):
            peer = await Peer(app).start()
            peer.raw(b'{"type":1,"target":"\xff\xfe","arguments":[]}\x1e')
            await peer.ended()
        for _ in range(50):
            peer = Peer(app)
            await peer.connect()
            peer.raw(b"\xff\xfe\x1e")
            await peer.ended()
    assert len(caplog.records) == 2


@pytest.mark.parametrize("name", ["access_token", "Access_Token", "access%5Ftoken", "%61ccess_token", "id"])
@pytest.mark.parametrize("path", ["/hub", "/hub/negotiate", "/nothing", "/", "/hub/more"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_no_path_leaves_a_token_for_the_access_log(name: str, path: str, kind: str) -> None:
    async def nobody(_: ConnectionRequest) -> None:
        return None

    app = SignalRServer({"/hub": Hub}, authenticate=nobody, clock=ManualClock())
    query = f"a=1&{name}=correct-horse&b=2"
    if kind == "http":
        answered = OpenRequest(app, "POST", path, query)
        assert (await answered.done()).status in {401, 404}
        scope = answered.scope
    else:
        peer = Peer(app, path, query)
        assert await peer.connect() in {401, 404}
        scope = peer.scope
    assert scope["query_string"] == f"a=1&{name}=***&b=2".encode()
