"""Session interface common to hub connections and raw connections."""

from __future__ import annotations

import asyncio
from typing import Protocol

from signalr_asyncio.server._auth import KeptRequest, Principal
from signalr_asyncio.server._transports.base import Transport


class Session(Protocol):
    """One client's connection, from its first request to its end."""

    done: asyncio.Future[None]

    @property
    def ended(self) -> bool:
        """Whether it is closing or has ended."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether it can go on over a new transport."""
        ...

    @property
    def queued_bytes(self) -> int:
        """How much waits to be sent."""
        ...

    async def run(self) -> None:
        """Serve it until it ends."""
        ...

    def tick(self, now: float) -> None:
        """Look at the times."""
        ...

    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End it."""
        ...

    async def stop(self, seconds: float) -> None:
        """End it because the server stops; what runs has so many seconds."""
        ...

    def resume(self, transport: Transport) -> bool:
        """Go on over a new transport; returns False when it cannot."""
        ...


class MakeSession(Protocol):
    """Makes the session of a connection."""

    def __call__(
        self,
        connection_id: str,
        principal: Principal,
        request: KeptRequest,
        transport: Transport,
        *,
        stateful: bool = False,
    ) -> Session:
        """Return a session that has not begun."""
        ...
