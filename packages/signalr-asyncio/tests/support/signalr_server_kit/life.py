"""A hub that logs the life of its connections, and a server with a clock of its own around it."""
# ruff: noqa: N802 - hub methods carry their wire names

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from signalr_asyncio import (
    Hub,
    HubOptions,
    SignalRServer,
)
from signalr_server_kit import ManualClock, Peer


class LifeHub(Hub):
    """Logs who connects and disconnects; whoever connects waits at the gate."""

    log: list[Any] = []  # noqa: RUF012 - a new World has a new one
    gate = asyncio.Event()

    async def on_connected(self) -> None:
        self.log.append("connected")
        await self.gate.wait()

    async def on_disconnected(self, error: str | None) -> None:
        self.log.append(("disconnected", error, self.context.cancellation.is_set()))

    async def Ping(self) -> str:
        return "pong"

    async def Big(self, size: int) -> str:
        return "x" * size

    async def Fill(self, size: int) -> None:
        await self.clients.all.send("Fill", "x" * size)

    async def Hold(self) -> None:
        await asyncio.Event().wait()

    async def Stuck(self) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()


class World:
    """A server with one hub and a clock that a test moves. Its log is the hub class's: one world at a time."""

    def __init__(self, hub: type[Hub] = LifeHub, **options: Any) -> None:
        LifeHub.log = []
        LifeHub.gate = asyncio.Event()
        LifeHub.gate.set()
        self.clock = ManualClock()
        self.app = SignalRServer({"/hub": hub}, options=HubOptions(**options), clock=self.clock)

    async def peer(self) -> Peer:
        return await Peer(self.app).start()
