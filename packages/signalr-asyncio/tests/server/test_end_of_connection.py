"""Everything that was received before the end of a connection is dispatched, as in ASP.NET Core."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from signalr_asyncio import Hub, HubOptions, SignalRServer
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.handshake import HandshakeRequest, encode_handshake
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import Close, Invocation
from signalr_server_kit import ManualClock, OpenRequest, Peer, request
from signalr_server_kit.clock import settle

PROTOCOLS = [JsonHubProtocol(), MessagePackHubProtocol()]
IDS = ["json", "messagepack"]


class SavingHub(Hub):
    saved: list[Any] = []  # noqa: RUF012 - cleared before each test
    gate = asyncio.Event()

    async def Save(self, number: int) -> int:
        await self.gate.wait()
        self.saved.append(number)
        return number

    async def Gather(self, numbers: AsyncIterator[int]) -> None:
        async for number in numbers:
            self.saved.append(number)

    async def UntilGone(self) -> None:
        await self.context.cancellation.wait()
        self.saved.append("gone")

    async def on_disconnected(self, error: str | None) -> None:
        self.saved.append(("disconnected", error))


@pytest.fixture(autouse=True)
def fresh() -> None:
    SavingHub.saved = []
    SavingHub.gate = asyncio.Event()


def server(**options: Any) -> SignalRServer:
    return SignalRServer({"/hub": SavingHub}, options=HubOptions(**options), clock=ManualClock())


def saves(protocol: HubProtocol, count: int, *, answered: bool = False) -> list[bytes]:
    ids = [str(number) if answered else None for number in range(count)]
    return [protocol.encode(Invocation("Save", [number], id_)) for number, id_ in enumerate(ids)]


async def connect(app: SignalRServer, protocol: HubProtocol) -> Peer:
    peer = Peer(app)
    assert await peer.connect() == 101
    peer.raw(encode_handshake(HandshakeRequest(protocol.name, 1)).decode())
    await settle()
    return peer


async def release() -> None:
    """Let the call that runs finish, then those that begin after it."""
    SavingHub.gate.set()
    await settle()
    await settle()


@pytest.mark.parametrize("together", [True, False], ids=["in one frame", "a frame each"])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
async def test_calls_before_a_close_message_all_run(protocol: HubProtocol, together: bool) -> None:
    app = server()
    peer = await connect(app, protocol)
    records = [*saves(protocol, 5), protocol.encode(Close())]
    for frame in [b"".join(records)] if together else records:
        peer.raw(frame)
    await settle()
    assert SavingHub.saved == []
    await release()
    await peer.ended()
    await settle()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert ("disconnected", None) in SavingHub.saved[4:]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


@pytest.mark.parametrize("answered", [True, False], ids=["with answers", "without answers"])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
async def test_calls_before_the_loss_of_the_client_all_run(protocol: HubProtocol, answered: bool) -> None:
    app = server()
    peer = await connect(app, protocol)
    for record in saves(protocol, 5, answered=answered):
        peer.raw(record)
    peer.leave(1006)
    await release()
    await peer.ended()
    await settle()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_more_calls_than_may_wait_all_run_although_the_client_is_gone_before_the_first_answer() -> None:
    app = server(maximum_waiting_invocations=3)
    peer = await connect(app, PROTOCOLS[0])
    for record in saves(PROTOCOLS[0], 50, answered=True):
        peer.raw(record)
    peer.leave(1006)
    for _ in range(10):
        await release()
    await peer.ended()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == list(range(50))
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_a_server_below_that_fails_to_send_and_says_no_end_does_not_keep_the_connection() -> None:
    app = server()
    peer = await connect(app, PROTOCOLS[0])
    for record in saves(PROTOCOLS[0], 5, answered=True):
        peer.raw(record)
    await settle()
    peer.fault = OSError("gone")
    await release()
    await peer.ended()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


BAD = {"json": b'{"type":1,"target":\x1e', "messagepack": b"\x02\x91\xc1"}


@pytest.mark.parametrize("together", [True, False], ids=["in one frame", "a frame each"])
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
async def test_calls_before_a_bad_message_all_run(protocol: HubProtocol, together: bool) -> None:
    app = server()
    peer = await connect(app, protocol)
    records = [*saves(protocol, 5, answered=True), BAD[protocol.name]]
    for frame in [b"".join(records)] if together else records:
        peer.raw(frame)
    await release()
    assert await peer.ended() == 1011
    await settle()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_a_running_call_learns_at_once_that_its_client_is_gone_and_those_behind_it_run() -> None:
    app = server()
    peer = await connect(app, PROTOCOLS[0])
    peer.call("UntilGone")
    peer.call("Save", 1, id=None)
    SavingHub.gate.set()
    await settle()
    assert SavingHub.saved == []
    peer.leave()
    await peer.ended()
    await settle()
    assert SavingHub.saved[0] == "gone"
    assert 1 in SavingHub.saved


async def test_an_upload_keeps_the_items_that_came_before_the_end() -> None:
    app = server()
    peer = await connect(app, PROTOCOLS[0])
    peer.call("Gather", streams=["u"])
    peer.send(*({"type": 2, "invocationId": "u", "item": number} for number in range(5)))
    peer.leave()
    await peer.ended()
    await settle()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_calls_that_wait_are_dropped_where_the_server_itself_ends_the_connection() -> None:
    app = server()
    peer = await connect(app, PROTOCOLS[0])
    for record in saves(PROTOCOLS[0], 5):
        peer.raw(record)
    await settle()
    hub = app.hub("/hub")
    hub.abort(hub.connection_ids[0], "you are out")
    await peer.ended()
    await release()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0]


class HttpClient:
    """A client of server-sent events or long polling."""

    def __init__(self, app: SignalRServer) -> None:
        self.app = app
        self.query = ""

    async def open(self, protocol: HubProtocol, *, events: bool) -> OpenRequest:
        answer = await request(self.app, "POST", "/hub/negotiate", "negotiateVersion=1")
        self.query = f"id={answer.json()['connectionToken']}"
        headers = [("accept", "text/event-stream")] if events else []
        first = OpenRequest(self.app, "GET", "/hub", self.query, headers)
        await self.post(encode_handshake(HandshakeRequest(protocol.name, 1)))
        return first

    async def post(self, body: bytes) -> None:
        assert (await request(self.app, "POST", "/hub", self.query, body=body)).status == 200


async def test_calls_before_the_end_of_an_event_stream_all_run() -> None:
    app = server()
    client = HttpClient(app)
    stream = await client.open(PROTOCOLS[0], events=True)
    for record in saves(PROTOCOLS[0], 5):
        await client.post(record)
    stream.leave()
    await release()
    await stream.done()
    await settle()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=IDS)
async def test_calls_before_the_end_of_polling_all_run(protocol: HubProtocol) -> None:
    app = server()
    client = HttpClient(app)
    await (await client.open(protocol, events=False)).done()
    for record in saves(protocol, 5):
        await client.post(record)
    assert (await request(app, "DELETE", "/hub", client.query)).status == 202
    await release()
    await settle()
    assert [entry for entry in SavingHub.saved if isinstance(entry, int)] == [0, 1, 2, 3, 4]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)


async def test_calls_of_a_stateful_client_that_does_not_come_back_all_run() -> None:
    clock = ManualClock()
    options = HubOptions(allow_stateful_reconnect=True)
    app = SignalRServer({"/hub": SavingHub}, options=options, clock=clock)
    answer = await request(app, "POST", "/hub/negotiate", "negotiateVersion=1&useStatefulReconnect=true")
    peer = Peer(app, query=f"id={answer.json()['connectionToken']}")
    await peer.start(version=2)
    for number in range(5):
        peer.call("Save", number, id=None)
    await settle()
    peer.leave(1006)
    await clock.advance(17)
    assert SavingHub.saved == []
    await release()
    await peer.ended()
    await settle()
    assert SavingHub.saved[:5] == [0, 1, 2, 3, 4]
    assert SavingHub.saved[5:] == [("disconnected", "The client did not come back.")]
    assert (app.stats().connections, app.stats().tasks) == (0, 0)
