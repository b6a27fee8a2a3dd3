"""Negotiation: versions, redirects, refusals, the choice of a transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from signalr_asyncio.client import (
    ClientOptions,
    ConnectError,
    HubConnection,
    LongPolling,
    NegotiationError,
    ServerSentEvents,
    UnauthorizedError,
    WebSockets,
)
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_client_kit.hub import EVERY_TRANSPORT, ScriptedHub, connected, scripted_hub

WEBSOCKETS = EVERY_TRANSPORT[:1]


async def test_version_one_is_asked_for_and_only_the_token_addresses_the_connection(hub: ScriptedHub) -> None:
    connection, peer = await connected(hub)
    _, query = hub.requests[0]
    assert query == {"negotiateVersion": ["1"]}
    assert peer.query == {"id": ["secret/token"]}
    assert connection.connection_id == "visible"
    await connection.stop()


async def test_version_zero_addresses_the_connection_by_its_id(hub: ScriptedHub) -> None:
    hub.negotiations = [{"connectionId": "zero", "availableTransports": EVERY_TRANSPORT}]
    connection, peer = await connected(hub)
    assert peer.query == {"id": ["zero"]}
    assert connection.connection_id == "zero"
    await connection.stop()


async def test_the_query_and_headers_of_the_caller_travel_everywhere(hub: ScriptedHub) -> None:
    hub.url += "?room=7"
    connection, peer = await connected(hub, headers={"X-Custom": "1"}, token=lambda: "key")
    headers, query = hub.requests[0]
    assert query["room"] == peer.query["room"] == ["7"]
    assert headers["x-custom"] == peer.headers["x-custom"] == "1"
    assert headers["authorization"] == peer.headers["authorization"] == "Bearer key"
    await connection.stop()


async def test_cookies_of_negotiate_come_back_with_the_websocket(hub: ScriptedHub) -> None:
    hub.cookie = "sticky=node-3; Path=/"
    connection, peer = await connected(hub)
    assert peer.headers["cookie"] == "sticky=node-3"
    await connection.stop()


async def test_a_redirect_is_followed_with_its_own_token(hub: ScriptedHub) -> None:
    async with scripted_hub() as other:
        hub.negotiations = [{"url": f"{other.url}?extra=1", "accessToken": "theirs"}]
        connection = HubConnection(hub.url, token="ours")
        await connection.start()
        peer = await other.peer()
        headers, query = other.requests[0]
        assert headers["authorization"] == peer.headers["authorization"] == "Bearer theirs"
        assert query["extra"] == peer.query["extra"] == ["1"]
        assert hub.requests[0][0]["authorization"] == "Bearer ours"
        await connection.stop()


async def test_credentials_do_not_follow_a_redirect_to_another_origin(hub: ScriptedHub) -> None:
    async with scripted_hub() as other:
        hub.negotiations = [{"url": other.url}]
        hub.cookie = "sticky=1"
        connection = HubConnection(
            hub.url, token="ours", headers={"Cookie": "mine=1", "Proxy-Authorization": "x", "X-Custom": "1"}
        )
        await connection.start()
        peer = await other.peer()
        for headers in (other.requests[0][0], peer.headers):
            assert headers["x-custom"] == "1"
            assert "authorization" not in headers
            assert "proxy-authorization" not in headers
            assert "mine" not in headers.get("cookie", "")
        await connection.stop()


async def test_a_redirect_within_the_origin_keeps_the_token(hub: ScriptedHub) -> None:
    hub.negotiations.insert(0, {"url": hub.url + "2"})
    connection, peer = await connected(hub, token="ours")
    assert peer.scope["path"] == "/hub2"
    assert peer.headers["authorization"] == "Bearer ours"
    await connection.stop()


async def test_redirects_are_bounded(hub: ScriptedHub) -> None:
    hub.negotiations = [{"url": hub.url}]
    connection = HubConnection(hub.url, options=ClientOptions(max_redirects=3))
    with pytest.raises(NegotiationError, match="more than 3"):
        await connection.start()
    assert len(hub.requests) == 4


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (401, UnauthorizedError, "401"),
        (403, UnauthorizedError, "403"),
        (404, NegotiationError, "404"),
        (500, NegotiationError, "500"),
        ({"error": "not now"}, NegotiationError, "not now"),
        ({"ProtocolVersion": "1.5"}, NegotiationError, "ASP.NET Core"),
        ({"url": "nowhere"}, NegotiationError, "not an absolute URL"),
        ({}, NegotiationError, "no connection"),
        ({"negotiateVersion": 1, "connectionId": "a"}, NegotiationError, "token"),
        ({"connectionId": 5}, NegotiationError, "not that of a SignalR server"),
        ({"connectionId": "a", "padding": "x" * 70_000}, NegotiationError, "longer than"),
        ({"connectionId": "a", "availableTransports": []}, ConnectError, "not offered"),
    ],
)
async def test_an_answer_that_is_no_connection_is_reported(
    hub: ScriptedHub, answer: object, kind: type[ConnectError], text: str
) -> None:
    hub.negotiations = [answer]  # type: ignore[list-item] - as wrong as a server may be
    with pytest.raises(kind, match=text) as caught:
        await HubConnection(hub.url).start()
    if isinstance(answer, int):
        assert getattr(caught.value, "status") == answer  # noqa: B009 - only some of the kinds have it


async def test_a_transport_that_fails_is_followed_by_the_next_with_a_new_negotiation(hub: ScriptedHub) -> None:
    hub.refusals = [500]
    requests: list[str] = []

    async def http(scope: dict[str, object], body: bytes) -> tuple[int, bytes]:
        requests.append(str(scope["method"]))
        return 500, b""

    hub.http = http
    with pytest.raises(ConnectError) as caught:
        await HubConnection(hub.url).start()
    assert len(hub.requests) == 3
    assert requests == ["GET", "GET"]
    for name in ("WebSockets", "ServerSentEvents", "LongPolling"):
        assert f"{name}: " in str(caught.value)


async def test_a_refused_token_is_not_tried_on_every_transport(hub: ScriptedHub) -> None:
    hub.refusals = [401]
    with pytest.raises(UnauthorizedError):
        await HubConnection(hub.url).start()
    assert len(hub.requests) == 1


async def test_the_callers_order_of_transports_counts(hub: ScriptedHub) -> None:
    async def http(scope: dict[str, object], body: bytes) -> tuple[int, bytes]:
        return 503, b""

    hub.http = http
    connection, peer = await connected(hub, transports=(LongPolling, WebSockets))
    assert len(hub.requests) == 2
    await connection.stop()
    await peer.gone()


async def test_server_sent_events_are_no_way_for_binary_messages(hub: ScriptedHub) -> None:
    connection = HubConnection(hub.url, transports=(ServerSentEvents,), protocol=MessagePackHubProtocol())
    with pytest.raises(ConnectError, match="cannot carry the binary frames of messagepack"):
        await connection.start()


async def test_a_transport_offered_for_the_other_format_only_is_passed_over(hub: ScriptedHub) -> None:
    hub.negotiations = [
        {"connectionId": "a", "availableTransports": [{"transport": "WebSockets", "transferFormats": ["Text"]}]}
    ]
    connection = HubConnection(hub.url, protocol=MessagePackHubProtocol())
    with pytest.raises(ConnectError, match="WebSockets: not offered by the server for the binary frames"):
        await connection.start()


@pytest.mark.parametrize("source", [None, "", lambda: None])
async def test_without_a_token_no_authorization_is_sent(hub: ScriptedHub, source: object) -> None:
    connection, peer = await connected(hub, token=source)
    assert "authorization" not in peer.headers
    assert "authorization" not in hub.requests[0][0]
    await connection.stop()


async def test_a_token_source_that_hangs_is_given_up(hub: ScriptedHub) -> None:
    async def hanging() -> str:
        await asyncio.Event().wait()
        return "never"

    connection = HubConnection(hub.url, token=hanging, options=ClientOptions(connect_timeout=0.05))
    with pytest.raises(ConnectError, match="token was not there"):
        await connection.start()


@pytest.mark.parametrize("skip", [True, False], ids=["WebSocket", "negotiate"])
async def test_a_server_that_accepts_connections_and_is_silent_is_given_up(
    skip: bool, pass_time: Callable[[float], None]
) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        options = ClientOptions(connect_timeout=60)
        connection = HubConnection(f"http://127.0.0.1:{port}/", skip_negotiation=skip, options=options)
        starting = asyncio.create_task(connection.start())
        await asked.wait()
        pass_time(60)
        with pytest.raises(ConnectError, match="within 60 s"):
            await starting
        await gone.wait()


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n"])
@pytest.mark.parametrize("skip", [True, False], ids=["WebSocket", "negotiate"])
async def test_a_server_that_does_not_speak_http_is_reported(answer: bytes, skip: bool) -> None:
    gone = asyncio.Event()

    async def strange(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        gone.set()

    async with await asyncio.start_server(strange, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectError):
            await HubConnection(f"http://127.0.0.1:{port}/", skip_negotiation=skip).start()
        await gone.wait()


def test_only_websockets_can_be_opened_without_negotiation() -> None:
    with pytest.raises(ValueError, match="only WebSockets"):
        HubConnection("http://host/hub", skip_negotiation=True, transports=(LongPolling,))


async def test_a_token_source_that_fails_is_the_cause(hub: ScriptedHub) -> None:
    def broken() -> str:
        raise LookupError("no vault")

    with pytest.raises(ConnectError, match="LookupError") as caught:
        await HubConnection(hub.url, token=broken).start()
    assert isinstance(caught.value.__cause__, LookupError)
