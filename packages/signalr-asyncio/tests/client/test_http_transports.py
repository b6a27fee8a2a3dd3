"""Server-sent events and long polling: framing, sending, ends and refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.client import (
    ClientOptions,
    ConnectError,
    ConnectionLostError,
    HubConnection,
    LongPolling,
    ServerSentEvents,
    UnauthorizedError,
)
from signalr_asyncio.client._transports.sse import EventParser
from signalr_client_kit.clock import settle
from signalr_client_kit.hub import EVERY_TRANSPORT, ScriptedHub

HANDSHAKE = b"{}\x1e"


class HttpPeer:
    """The server's end of a connection over HTTP: queues of what goes out and what came in."""

    def __init__(self, hub: ScriptedHub) -> None:
        self.out: asyncio.Queue[bytes | int] = asyncio.Queue()
        self.posted: asyncio.Queue[bytes] = asyncio.Queue()
        self.methods: list[str] = []
        self.tokens: list[str | None] = []
        self.post_status: list[int] = []
        self.get_status: list[int] = []
        self.posting = asyncio.Event()
        self.posting.set()
        self.deleted = asyncio.Event()
        self.polled = 0
        hub.http = self

    async def __call__(self, scope: dict[str, Any], body: bytes) -> tuple[int, bytes | AsyncIterator[bytes]]:
        headers = dict(scope["headers"])
        self.methods.append(scope["method"])
        token = headers.get(b"authorization")
        self.tokens.append(None if token is None else token.decode())
        if scope["method"] == "POST":
            self.posted.put_nowait(body)
            await self.posting.wait()
            return (self.post_status.pop(0) if self.post_status else 200), b""
        if scope["method"] == "DELETE":
            self.deleted.set()
            return 202, b""
        if self.get_status:
            return self.get_status.pop(0), b""
        if headers.get(b"accept") == b"text/event-stream":
            return 200, self.events()
        self.polled += 1
        if self.polled == 1:
            return 200, b""
        answer = await self.out.get()
        return (answer, b"") if isinstance(answer, int) else (200, answer)

    async def events(self) -> AsyncIterator[bytes]:
        yield b": hello\r\n\r\n"
        while not isinstance(data := await self.out.get(), int):
            yield b"data: " + data + b"\r\n\r\n"

    async def shake_hands(self) -> None:
        assert json.loads((await self.posted.get()).rstrip(b"\x1e"))["protocol"] == "json"
        await self.out.put(HANDSHAKE)

    async def received(self) -> list[dict[str, Any]]:
        return [json.loads(record) for record in (await self.posted.get()).split(b"\x1e") if record]


async def started(
    hub: ScriptedHub, transport: Any, peer: HttpPeer | None = None, **arguments: Any
) -> tuple[HubConnection, HttpPeer]:
    peer = peer or HttpPeer(hub)
    connection = HubConnection(hub.url, transports=(transport,), **arguments)
    starting = asyncio.create_task(connection.start())
    await peer.shake_hands()
    await starting
    return connection, peer


both = pytest.mark.parametrize("transport", [ServerSentEvents, LongPolling], ids=repr)


@both
async def test_a_call_and_its_answer_travel(hub: ScriptedHub, transport: object) -> None:
    connection, peer = await started(hub, transport)
    call = asyncio.create_task(connection.invoke("Get", 1, result_type=int))
    (message,) = await peer.received()
    assert message["target"] == "Get"
    await peer.out.put(b'{"type":3,"invocationId":"%s","result":7}\x1e' % message["invocationId"].encode())
    assert await call == 7
    await connection.stop()


@both
async def test_messages_that_wait_for_a_request_go_together_in_order(hub: ScriptedHub, transport: object) -> None:
    connection, peer = await started(hub, transport)
    peer.posting.clear()
    for number in range(5):
        await connection.send("Tell", number)
        if number == 0:
            assert [message["arguments"] for message in await peer.received()] == [[0]]
    peer.posting.set()
    assert [message["arguments"] for message in await peer.received()] == [[1], [2], [3], [4]]
    await connection.stop()


@both
async def test_senders_wait_while_the_server_takes_nothing(hub: ScriptedHub, transport: object) -> None:
    connection, peer = await started(hub, transport)
    peer.posting.clear()
    sent: list[int] = []

    async def flood() -> None:
        for number in range(100):
            await connection.send("Tell", "x" * 5000)
            sent.append(number)

    flooding = asyncio.create_task(flood())
    received = len(await peer.received())
    for _ in range(10):
        await settle()
    assert 10 < len(sent) < 30
    peer.posting.set()
    await flooding
    while received < 100:
        received += len(await peer.received())
    await connection.stop()


@both
async def test_what_was_sent_before_a_stop_arrives_before_the_end(hub: ScriptedHub, transport: object) -> None:
    connection, peer = await started(hub, transport)
    for number in range(3):
        await connection.send("Tell", number)
    await connection.stop()
    seen: list[dict[str, Any]] = []
    while not peer.posted.empty():
        seen += await peer.received()
    assert [message.get("arguments") for message in seen] == [[0], [1], [2], None]
    assert seen[-1]["type"] == 7


@both
async def test_a_large_backlog_is_sent_in_several_requests(hub: ScriptedHub, transport: object) -> None:
    connection, peer = await started(hub, transport)
    peer.posting.clear()
    await connection.send("Tell", "")
    await peer.received()
    for _ in range(3):
        await connection.send("Tell", "x" * 20_000)
    peer.posting.set()
    for _ in range(3):
        assert len(await peer.received()) == 1
    await connection.stop()


@both
async def test_a_refused_message_loses_the_connection(hub: ScriptedHub, transport: object) -> None:
    connection, peer = await started(hub, transport, reconnect=None)
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    peer.post_status = [404]
    with pytest.raises(ConnectionLostError, match="404"):
        await connection.invoke("Tell")
    assert isinstance(await ended, ConnectionLostError)


@both
async def test_an_expired_token_is_asked_for_anew_and_the_message_sent_again(
    hub: ScriptedHub, transport: object
) -> None:
    tokens = iter(["one", "two"])
    connection, peer = await started(hub, transport, token=lambda: next(tokens))
    peer.post_status = [401]
    await connection.send("Tell", 1)
    assert await peer.received() == await peer.received()
    assert peer.tokens[-1] == "Bearer two"
    await connection.stop()


@both
async def test_a_token_refused_at_the_start_is_asked_for_anew_once(hub: ScriptedHub, transport: object) -> None:
    tokens = iter(["one", "two"])
    peer = HttpPeer(hub)
    peer.get_status = [401]
    connection, _ = await started(hub, transport, peer, token=lambda: next(tokens))
    assert peer.tokens[:2] == ["Bearer one", "Bearer two"]
    await connection.stop()

    peer = HttpPeer(hub)
    peer.get_status = [401]
    with pytest.raises(UnauthorizedError):
        await HubConnection(hub.url, transports=(transport,), token="same").start()  # type: ignore[arg-type] - one of two


@both
async def test_a_transport_without_an_answer_is_given_up(
    hub: ScriptedHub, transport: object, pass_time: Callable[[float], None]
) -> None:
    asked = asyncio.Event()

    async def silent(scope: object, body: bytes) -> tuple[int, bytes]:
        asked.set()
        await asyncio.Event().wait()
        return 200, b""

    hub.http = silent
    connection = HubConnection(
        hub.url,
        transports=(transport,),  # type: ignore[arg-type] - one of the two
        options=ClientOptions(connect_timeout=60),
    )
    starting = asyncio.create_task(connection.start())
    await asked.wait()
    pass_time(60)
    with pytest.raises(ConnectError, match="within 60 s"):
        await starting


@both
@pytest.mark.parametrize("how", ["end", "cut"])
async def test_the_end_of_the_transport_is_the_end_of_the_connection(
    hub: ScriptedHub, transport: object, how: str
) -> None:
    connection, peer = await started(hub, transport, reconnect=None)
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    if how == "end":
        await peer.out.put(204)
    else:
        hub.server.sever()
    assert isinstance(await ended, ConnectionLostError)
    assert "DELETE" not in peer.methods


async def test_stopping_deletes_a_polled_connection(hub: ScriptedHub) -> None:
    connection, peer = await started(hub, LongPolling)
    await connection.stop()
    assert peer.deleted.is_set()


async def test_a_poll_that_is_never_answered_loses_the_connection(
    hub: ScriptedHub, pass_time: Callable[[float], None]
) -> None:
    connection, peer = await started(hub, LongPolling, reconnect=None, options=ClientOptions(poll_timeout=60))
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    while peer.polled < 3:  # noqa: ASYNC110 - after the one that is empty, and that with the handshake
        await asyncio.sleep(0.001)
    pass_time(60)
    assert "poll failed" in str(await ended)


async def test_a_poll_answered_with_an_error_loses_the_connection(hub: ScriptedHub) -> None:
    connection, peer = await started(hub, LongPolling, reconnect=None)
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    await peer.out.put(500)
    assert "status 500" in str(await ended)


async def test_a_poll_answered_with_nothing_is_followed_by_the_next(hub: ScriptedHub) -> None:
    connection, peer = await started(hub, LongPolling)
    got: asyncio.Queue[int] = asyncio.Queue()
    connection.on("Tell", got.put_nowait)
    await peer.out.put(b"")
    await peer.out.put(b'{"type":1,"target":"Tell","argu')
    await peer.out.put(b'ments":[1]}\x1e{"type":1,"target":"Tell","arguments":[2]}\x1e')
    assert [await got.get(), await got.get()] == [1, 2]
    await connection.stop()


async def test_a_reader_that_stops_also_stops_polling(hub: ScriptedHub) -> None:
    connection, peer = await started(hub, LongPolling)
    stream = connection.stream("Count", item_type=int, buffer=1)
    first = asyncio.ensure_future(anext(stream))
    (call,) = await peer.received()
    for number in range(100):
        await peer.out.put(b'{"type":2,"invocationId":"%s","item":%d}\x1e' % (call["invocationId"].encode(), number))
    assert await first == 0
    before = -1
    while peer.polled != before:
        before = peer.polled
        for _ in range(20):
            await settle()
    assert before < 40
    for number in range(1, 100):
        assert await anext(stream) == number
    await stream.aclose()
    await connection.stop()


async def test_an_event_beyond_all_bounds_loses_the_connection(hub: ScriptedHub) -> None:
    options = ClientOptions(max_message_size=1000)
    connection, peer = await started(hub, ServerSentEvents, reconnect=None, options=options)
    ended: asyncio.Future[ConnectionLostError | None] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    await peer.out.put(b"x" * 100_000)
    assert isinstance(await ended, ConnectionLostError)


async def test_the_offer_of_the_server_decides(hub: ScriptedHub) -> None:
    hub.negotiations = [{"connectionId": "a", "availableTransports": EVERY_TRANSPORT[2:]}]
    peer = HttpPeer(hub)
    connection = HubConnection(hub.url)
    starting = asyncio.create_task(connection.start())
    await peer.shake_hands()
    await starting
    assert peer.polled
    await connection.stop()


# -- the event stream format

texts = st.binary(max_size=20).map(lambda data: data.replace(b"\r", b"").replace(b"\n", b""))


@given(
    st.lists(st.lists(texts, min_size=1, max_size=3), max_size=5),
    st.sampled_from([b"\r\n", b"\n", b"\r"]),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_events_survive_any_line_ending_and_any_cut(
    events: list[list[bytes]], line_end: bytes, sizes: list[int]
) -> None:
    wire = b"".join(
        b"".join(b"data: " + line + line_end for line in lines) + b": comment" + line_end + b"id: 1" + line_end * 2
        for lines in events
    )
    # A lone carriage return is an end of line only once it is known what follows.
    wire += b": end" + line_end
    parser = EventParser(10_000)
    got: list[bytes] = []
    turn = 0
    while wire:
        size = sizes[turn % len(sizes)]
        got += parser.feed(wire[:size])
        wire = wire[size:]
        turn += 1
    assert got == [b"\n".join(lines) for lines in events]


def test_a_field_without_a_space_and_an_event_without_data() -> None:
    parser = EventParser(100)
    assert parser.feed(b"data:a\ndata:  b\n\nevent: x\n\ndata\n\n") == [b"a\n b", b""]


def test_an_event_that_never_ends_is_refused() -> None:
    parser = EventParser(100)
    parser.feed(b"data: " + b"x" * 60 + b"\n")
    with pytest.raises(ValueError, match="longer than 100"):
        parser.feed(b"data: " + b"x" * 60)
