"""Connections cut at any moment, with frames lost in both directions: every message arrives once, and in order."""
# ruff: noqa: N802 - hub methods carry their wire names

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signalr_asyncio import Hub, HubOptions, JsonHubProtocol, SignalRServer
from signalr_asyncio.protocol.buffer import MessageBuffer
from signalr_asyncio.protocol.codec import MessageParser
from signalr_asyncio.protocol.messages import Completion, HubMessage, Invocation
from signalr_server_kit import ManualClock, Peer, request
from signalr_server_kit.clock import settle


class CountHub(Hub):
    heard: list[int] = []  # noqa: RUF012 - cleared by the test

    async def Note(self, number: int) -> int:
        self.heard.append(number)
        return number


class Client:
    """A client that keeps what it sent, as the official ones do, over connections that the test cuts."""

    def __init__(self, app: SignalRServer, query: str, first: Peer) -> None:
        self.app = app
        self.query = query
        self.peer: Peer | None = first
        self.protocol = JsonHubProtocol()
        self.buffer = MessageBuffer(1_000_000)
        self.parser: MessageParser = self.protocol.parser(None)
        self.received: list[int] = []
        self.answers: list[int] = []
        self.calls = 0

    def call(self) -> None:
        self.calls += 1
        message = Invocation("Note", [self.calls], str(self.calls))
        record = self.protocol.encode(message)
        self.buffer.keep(message, record)
        if self.peer is not None:
            self.peer.raw(record.decode())

    def read(self, at_most: int | None = None) -> None:
        """Take the frames that have arrived, or so many of them."""
        while self.peer is not None and not self.peer.frames.empty() and at_most != 0:
            frame = self.peer.frames.get_nowait()
            for message in self.parser.feed(frame.encode() if isinstance(frame, str) else frame):
                if self.buffer.accept(message):
                    self._take(message)
            at_most = None if at_most is None else at_most - 1

    def _take(self, message: HubMessage) -> None:
        match message:
            case Invocation():
                self.received.append(message.arguments[0].decode(int))
            case Completion():
                self.answers.append(message.result.decode(int))
            case _:
                pass

    async def cut(self, *, unread_by_us: bool, unread_by_server: bool) -> None:
        """Lose the connection: what is on its way in either direction may be lost with it."""
        if self.peer is None:
            return
        if not unread_by_server:
            await settle()
        if not unread_by_us:
            self.read()
        if unread_by_server:
            while not self.peer._incoming.empty():
                self.peer._incoming.get_nowait()
        self.peer.leave(1006)
        await self.peer.ended()
        self.peer = None

    async def come_back(self) -> None:
        if self.peer is not None:
            return
        self.peer = Peer(self.app, query=self.query)
        assert await self.peer.connect() == 101
        self.parser = self.protocol.parser(None)
        sequence, records = self.buffer.resume()
        self.peer.raw((self.protocol.encode(sequence) + b"".join(records)).decode())

    def acknowledge(self) -> None:
        ack = self.buffer.ack()
        if ack is not None and self.peer is not None:
            self.peer.raw(self.protocol.encode(ack).decode())


steps = st.lists(
    st.one_of(
        st.just(("call",)),
        st.just(("tell",)),
        st.just(("read",)),
        st.just(("ack",)),
        st.just(("settle",)),
        st.just(("second",)),
        st.tuples(st.just("cut"), st.booleans(), st.booleans()),
        st.just(("back",)),
    ),
    max_size=60,
)


@given(steps)
@settings(max_examples=150, deadline=None)
async def test_nothing_is_lost_doubled_or_swapped(plan: list[tuple[Any, ...]]) -> None:
    CountHub.heard = []
    clock = ManualClock()
    options = HubOptions(allow_stateful_reconnect=True, client_timeout=600.0, disconnect_timeout=600.0)
    app = SignalRServer({"/hub": CountHub}, options=options, clock=clock)
    body = (await request(app, "POST", "/hub/negotiate", "negotiateVersion=1&useStatefulReconnect=true")).json()
    query = f"id={body['connectionToken']}"
    client = Client(app, query, await Peer(app, query=query).start(2))
    reported = 0
    for step in plan:
        match step:
            case ("call",):
                client.call()
            case ("tell",):
                reported += 1
                await app.hub("/hub").clients.all.send("Told", reported)
            case ("read",):
                client.read(1)
            case ("ack",):
                client.acknowledge()
            case ("settle",):
                await settle()
            case ("second",):
                await clock.advance(1.1)
            case ("cut", ours, theirs):
                await client.cut(unread_by_us=ours, unread_by_server=theirs)
            case _:
                await client.come_back()
    await client.come_back()
    for _ in range(3):
        await settle()
        client.read()
        client.acknowledge()
    assert CountHub.heard == list(range(1, client.calls + 1))
    assert client.answers == CountHub.heard
    assert client.received == list(range(1, reported + 1))
    await clock.advance(1.1)
    client.read()
    assert client.buffer.kept_bytes == 0, "the server acknowledged everything"
    await app.shutdown()
