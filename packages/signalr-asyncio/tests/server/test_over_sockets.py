"""The essential things again, over real sockets and uvicorn."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from signalr_asyncio import ConnectionRequest, Hub, HubOptions, Principal, SignalRServer
from signalr_server_kit import live
from signalr_server_kit.live import serving
from signalr_testkit.implementations import IMPLEMENTATIONS, implementation

SECRET = "correct-horse-battery-staple"
PATIENCE = 60.0


class LiveHub(Hub):
    ended: asyncio.Queue[str | None]

    async def Add(self, left: int, right: int) -> int:
        return left + right

    async def Count(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    async def Flood(self) -> AsyncIterator[str]:
        while True:
            yield "x" * 10_000

    async def on_disconnected(self, error: str | None) -> None:
        self.ended.put_nowait(error)


@pytest.fixture(autouse=True)
async def fresh() -> None:
    LiveHub.ended = asyncio.Queue()


async def authenticate(request: ConnectionRequest) -> Principal | None:
    return Principal("ann") if request.token == SECRET else None


class Socket:
    """A WebSocket client that speaks JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._records: list[Any] = []

    async def send(self, message: Any) -> None:
        await self.connection.send(json.dumps(message) + "\x1e")

    async def receive(self) -> Any:
        while not self._records:
            frame = await asyncio.wait_for(self.connection.recv(), PATIENCE)
            assert isinstance(frame, str)
            self._records += [json.loads(record) for record in frame.split("\x1e")[:-1]]
        return self._records.pop(0)


@pytest.fixture(autouse=True, params=IMPLEMENTATIONS)
def websockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve by each implementation of WebSockets."""
    monkeypatch.setattr(live, "WEBSOCKETS", implementation(request.param))


async def socket(address: str, path: str = "/hub", query: str = "") -> Socket:
    opened = Socket(await connect(f"ws://{address}{path}?{query}"))
    await opened.send({"protocol": "json", "version": 1})
    assert await opened.receive() == {}
    return opened


async def test_calls_and_streams_over_a_websocket() -> None:
    async with serving(SignalRServer({"/hub": LiveHub})) as address:
        client = await socket(address)
        await client.send({"type": 1, "target": "add", "arguments": [1, 2], "invocationId": "1"})
        assert await client.receive() == {"type": 3, "invocationId": "1", "result": 3}
        await client.send({"type": 4, "target": "Count", "arguments": [2000], "invocationId": "2"})
        items = [(await client.receive())["item"] for _ in range(2000)]
        assert items == list(range(2000))
        assert await client.receive() == {"type": 3, "invocationId": "2"}
        await client.connection.close()
        assert await asyncio.wait_for(LiveHub.ended.get(), PATIENCE) is None


async def test_a_client_whose_network_dies_is_noticed() -> None:
    async with serving(SignalRServer({"/hub": LiveHub})) as address:
        client = await socket(address)
        client.connection.transport.abort()
        assert await asyncio.wait_for(LiveHub.ended.get(), PATIENCE) is None


async def test_a_client_that_stops_reading_is_disconnected_and_others_are_served() -> None:
    app = SignalRServer({"/hub": LiveHub}, options=HubOptions(send_timeout=0.3, close_timeout=0.2))
    async with serving(app) as address:
        stuck, other = await socket(address), await socket(address)
        stuck.connection.transport.pause_reading()
        await stuck.send({"type": 4, "target": "Flood", "arguments": [], "invocationId": "1"})
        await other.send({"type": 1, "target": "Add", "arguments": [1, 2], "invocationId": "1"})
        assert (await other.receive())["result"] == 3
        reason = await asyncio.wait_for(LiveHub.ended.get(), PATIENCE)
        assert reason == "The client took nothing within the send timeout."
        stuck.connection.transport.abort()
        await other.connection.close()


async def test_refusals_have_their_status_and_leave_no_secret_and_no_error_in_the_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = SignalRServer({"/hub": LiveHub}, authenticate=authenticate)
    with caplog.at_level(logging.INFO):
        async with serving(app) as address, httpx.AsyncClient(timeout=60, base_url=f"http://{address}") as http:
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://{address}/hub?access_token=wrong-{SECRET}")
            assert refused.value.response.status_code == 401
            answer = await http.post(f"/hub/negotiate?negotiateVersion=1&access_token={SECRET}")
            token = answer.json()["connectionToken"]
            client = await socket(address, query=f"id={token}&access_token={SECRET}")
            await client.connection.close()
            await asyncio.wait_for(LiveHub.ended.get(), PATIENCE)
            assert (await http.get("/nothing")).status_code == 404
    # The client's own library may log what it likes.
    ours = [record for record in caplog.records if record.name.split(".")[0] in {"uvicorn", "signalr_asyncio"}]
    text = "\n".join(record.getMessage() for record in ours)
    assert "/hub?id=***&access_token=***" in text
    assert SECRET not in text
    assert token not in text
    assert [record for record in ours if record.levelno >= logging.WARNING] == []


async def test_shutdown_sends_a_close_message() -> None:
    app = SignalRServer({"/hub": LiveHub})
    async with serving(app) as address:
        client = await socket(address)
        await app.shutdown()
        assert await client.receive() == {"type": 7, "allowReconnect": True}
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000


async def test_a_hub_below_a_mount_of_starlette() -> None:
    async with serving(Starlette(routes=[Mount("/api", app=SignalRServer({"/hub": LiveHub}))])) as address:
        client = await socket(address, "/api/hub")
        await client.send({"type": 1, "target": "Add", "arguments": [1, 2], "invocationId": "1"})
        assert (await client.receive())["result"] == 3
        await client.connection.close()


async def negotiated(http: httpx.AsyncClient) -> str:
    return f"/hub?id={(await http.post('/hub/negotiate?negotiateVersion=1')).json()['connectionToken']}"


HANDSHAKE = b'{"protocol":"json","version":1}\x1e'
CALL = b'{"type":1,"target":"Add","arguments":[1,2],"invocationId":"1"}\x1e'


async def test_long_polling_over_http() -> None:
    async with (
        serving(SignalRServer({"/hub": LiveHub})) as address,
        httpx.AsyncClient(timeout=60, base_url=f"http://{address}") as http,
    ):
        url = await negotiated(http)
        assert (await http.get(url)).content == b""
        assert (await http.post(url, content=HANDSHAKE)).status_code == 200
        assert (await http.get(url)).content == b"{}\x1e"
        await http.post(url, content=CALL)
        assert (await http.get(url)).content == b'{"type":3,"invocationId":"1","result":3}\x1e'
        poll = asyncio.create_task(http.get(url))
        assert (await http.delete(url)).status_code == 202
        assert (await poll).status_code in {204, 404}
        assert await asyncio.wait_for(LiveHub.ended.get(), PATIENCE) is None


async def test_server_sent_events_over_http() -> None:
    async with (
        serving(SignalRServer({"/hub": LiveHub})) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE) as http,
    ):
        url = await negotiated(http)
        async with http.stream("GET", url, headers={"accept": "text/event-stream"}) as events:
            assert events.headers["content-type"] == "text/event-stream"
            lines = events.aiter_lines()
            assert await anext(lines) == ":"
            await http.post(url, content=HANDSHAKE)
            await http.post(url, content=CALL)
            data = [line async for line in _until(lines, '"result":3')]
            assert data[0].startswith("data: {}")
        assert await asyncio.wait_for(LiveHub.ended.get(), PATIENCE) is None


async def _until(lines: AsyncIterator[str], text: str) -> AsyncIterator[str]:
    async for line in lines:
        if line.strip():
            yield line
        if text in line:
            return


async def closed_with(client: Socket) -> int | None:
    with pytest.raises(ConnectionClosed):
        await client.receive()
    return client.connection.close_code


async def test_a_message_in_many_frames_is_one_message() -> None:
    async with serving(SignalRServer({"/hub": LiveHub})) as address:
        client = await socket(address)
        text = '{"type":1,"target":"Add","arguments":[1,2],"invocationId":"é"}\x1e'
        await client.connection.send([text[:20], text[20:50], text[50:]])
        assert await client.receive() == {"type": 3, "invocationId": "é", "result": 3}
        await client.connection.close()


async def test_text_that_is_no_utf8_closes_the_connection() -> None:
    async with serving(SignalRServer({"/hub": LiveHub})) as address:
        client = await socket(address)
        await client.connection.send(b"\xff\xfe", text=True)
        assert await closed_with(client) == 1007
        await asyncio.wait_for(LiveHub.ended.get(), PATIENCE)


async def test_pings_are_answered_and_a_close_is_answered_with_its_code() -> None:
    async with serving(SignalRServer({"/hub": LiveHub})) as address:
        client = await socket(address)
        await asyncio.wait_for(await client.connection.ping(), PATIENCE)
        await client.connection.close(4000, "enough")
        assert client.connection.close_code == 4000
        assert await asyncio.wait_for(LiveHub.ended.get(), PATIENCE) is None


async def test_an_application_without_hubs_is_served_too() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "echo", "headers": [(b"x-note", b"hello")]})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})

    async with (
        serving(echo) as address,
        connect(f"ws://{address}/", subprotocols=[Subprotocol("echo")]) as connection,
    ):
        assert connection.response is not None
        assert (connection.subprotocol, connection.response.headers["x-note"]) == ("echo", "hello")
        for message in ("text é", b"\x00\xff", "x" * 100_000):
            await connection.send(message)
            assert await asyncio.wait_for(connection.recv(), PATIENCE) == message
