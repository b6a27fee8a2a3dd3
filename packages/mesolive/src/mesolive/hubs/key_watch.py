"""API key monitor: closes the connections of revoked keys, also of keys revoked by another process.

Expiry needs no monitor: a connection closes when its principal expires (`principal_of`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from mesolive.access.keys import Access
from mesolive.hubs.envelope import key_of
from mesolive.tasks import Tasks
from signalr_asyncio import HubHandle

EVERY_SECONDS = 2.0
"""Seconds between two checks: a connection of a revoked key ends after at most this time."""

ANSWER_SECONDS = 10.0
"""Timeout of the database query in seconds."""

STUCK_SECONDS = 60.0
"""Seconds without a check after which health reports a failure: revoked keys keep their connections meanwhile."""

REVOKED = "The API key of this connection was revoked."

_log = structlog.get_logger(__name__)


class ApiKeyMonitor:
    """Compares the keys of the open connections with the revoked keys.

    Parameters
    ----------
    access
        Reads which keys are revoked.
    hubs
        The hubs whose connections are checked.
    """

    def __init__(self, access: Access, hubs: Sequence[HubHandle]) -> None:
        self._access = access
        self._hubs = hubs
        self.tasks = Tasks()

    async def start(self) -> None:
        """Start the monitor."""
        self.tasks.start_periodic("api key check", self._compare, EVERY_SECONDS, turn_limit=STUCK_SECONDS)

    async def stop(self) -> None:
        """Stop the monitor."""
        await self.tasks.stop()

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
