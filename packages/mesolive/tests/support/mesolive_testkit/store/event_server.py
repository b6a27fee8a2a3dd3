"""The Event Hub alone on a real socket, with a journal that the test writes into."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import uvicorn

from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.clock import ManualClock
from mesolive.hubs.envelope import principal_of
from mesolive.hubs.event import EventHub, HubSink
from mesolive.journal.bus import LocalBus
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.events import Events
from mesolive.journal.journal import Journal
from mesolive.store.database import Database
from mesolive.store.paging import Pager
from mesolive_sdk import MesoLiveEventHubClient
from mesolive_sdk.models import EVENT_MODELS, MesoLiveEvent
from mesolive_sdk.wire import hub_protocol
from signalr_asyncio import ConnectionRequest, HubOptions, HubRoute, Principal, SignalRServer

PATH = "/hubs/event/v1"
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Listener:
    """A connected client that keeps every event it hears."""

    def __init__(self, client: MesoLiveEventHubClient) -> None:
        self.client = client
        self.heard: list[MesoLiveEvent] = []
        self._news = asyncio.Event()
        for name in EVENT_MODELS:
            register: Any = getattr(client, _snake(name))
            register(self._hear)

    def _hear(self, event: MesoLiveEvent) -> None:
        self.heard.append(event)
        self._news.set()

    async def until(self, count: int) -> list[MesoLiveEvent]:
        """Wait until so many events were heard and return them."""
        async with asyncio.timeout(60):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@dataclass
class EventServer:
    """The running hub and what is behind it."""

    database: Database
    access: Access
    journal: Journal
    deliverer: Deliverer
    url: str
    stack: AsyncExitStack
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    async def user(self, name: str) -> int:
        """Make a user with a key and return his id."""
        made = await self.access.create_key(name)
        self.tokens[name] = made.token
        return (await self.access.user(name)).user_id

    async def listen(self, name: str, encoding: Any = "json") -> Listener:
        """Connect as a user."""
        listener = Listener(MesoLiveEventHubClient(self.url, self.tokens[name], encoding=encoding))
        await self.stack.enter_async_context(listener.client)
        await listener.client.get_latest_event_seq_id()  # an answer says that the hub has taken the connection in
        return listener

    async def append(self, user_id: int, *events: MesoLiveEvent) -> None:
        """Make events true."""
        async with self.database.write(user_id) as tx:
            await self.journal.append(tx, user_id, events)


@asynccontextmanager
async def event_server(database: Database) -> AsyncGenerator[EventServer]:
    """Run the Event Hub while the context lasts."""
    access = Access(database, ServerSecret("a secret for tests, long enough as it is"))
    bus = LocalBus()
    journal = Journal(database, bus, ManualClock(NOW))
    events = Events(database, journal, Pager(b"k" * 32))

    async def authenticate(request: ConnectionRequest) -> Principal | None:
        user = None if request.token is None else await access.authenticate(request.token)
        return None if user is None else principal_of(user)

    def hub() -> EventHub:
        return EventHub(events, deliverer)

    hubs = SignalRServer(
        {PATH: HubRoute(hub, options=HubOptions(maximum_parallel_invocations=4, maximum_groups=20))},
        authenticate=authenticate,
        protocols=[hub_protocol("json"), hub_protocol("messagepack")],
    )
    deliverer = Deliverer(journal, bus, HubSink(hubs.hub(PATH).clients), sweep_seconds=3600)
    await deliverer.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(cast("Any", hubs), lifespan="off", log_config=None, ws="websockets-sansio")
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with AsyncExitStack() as stack:
                port: int = listener.getsockname()[1]
                yield EventServer(database, access, journal, deliverer, f"http://127.0.0.1:{port}", stack)
        finally:
            await hubs.shutdown()
            server.should_exit = True
            await serving
            await deliverer.stop()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # noqa: ANN202 - the base's own annotation is a private alias
        """Leave signals to the test runner."""
        yield
