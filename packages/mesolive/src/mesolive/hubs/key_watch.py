"""Ends the connections of API keys that were revoked, in this process or by the command line in another.

A key that expires needs no watch: its connections know when (`principal_of`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from mesolive.access.keys import Access
from mesolive.hubs.envelope import key_of
from signalr_asyncio import HubHandle

EVERY_SECONDS = 2.0
"""How often open connections are compared with the keys: a revoked one ends after at most this time."""

ANSWER_SECONDS = 10.0
"""How long the store may take to answer."""

REVOKED = "The API key of this connection was revoked."

_log = structlog.get_logger(__name__)


class ApiKeyMonitor:
    """Compares the keys behind the open connections with those that still work.

    Parameters
    ----------
    access
        Knows which keys work.
    hubs
        Whose connections are watched.
    """

    def __init__(self, access: Access, hubs: Sequence[HubHandle]) -> None:
        self._access = access
        self._hubs = hubs
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._follow(), name="key-watch")

    async def stop(self) -> None:
        """Watch no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self._compare()
            except Exception:  # noqa: BLE001 - the watch goes on whatever the store does; the log has the trace
                _log.exception("keys_not_compared")

    async def _compare(self) -> None:
        behind = [
            (hub, connection_id, key_of(principal))
            for hub in self._hubs
            for connection_id, principal in hub.principals.items()
        ]
        if not behind:
            return
        async with asyncio.timeout(ANSWER_SECONDS):
            revoked = await self._access.revoked({key_id for _, _, key_id in behind})
        for hub, connection_id, key_id in behind:
            if key_id in revoked:
                hub.abort(connection_id, REVOKED)
        if revoked:
            _log.info("connections_of_revoked_keys_ended", keys=sorted(revoked))
