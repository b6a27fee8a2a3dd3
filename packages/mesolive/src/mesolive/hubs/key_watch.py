"""Access monitor: closes the connections of revoked keys and ended sessions, also those that another process ended.

Expiry needs no monitor: a connection closes when its principal expires (`principal_of`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from mesolive.access.keys import Access
from mesolive.access.sessions import Sessions
from mesolive.hubs.envelope import caller_of
from mesolive.tasks import Tasks
from signalr_asyncio import HubHandle

EVERY_SECONDS = 2.0
"""Seconds between two checks: a connection of a revoked key ends after at most this time."""

ANSWER_SECONDS = 10.0
"""Timeout of the database query in seconds."""

STUCK_SECONDS = 60.0
"""Seconds without a check after which health reports a failure: revoked keys keep their connections meanwhile."""

REVOKED = "The API key of this connection was revoked."
ENDED = "The session of this connection has ended."

_log = structlog.get_logger(__name__)


class AccessMonitor:
    """Compares the keys and sessions of the open connections with those that work.

    Parameters
    ----------
    access
        Reads which keys are revoked.
    sessions
        Reads which sessions have ended.
    hubs
        The hubs whose connections are checked.
    """

    def __init__(self, access: Access, sessions: Sessions, hubs: Sequence[HubHandle]) -> None:
        self._access = access
        self._sessions = sessions
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
            (hub, connection_id, caller_of(principal))
            for hub in self._hubs
            for connection_id, principal in hub.principals.items()
        ]
        keys = {caller.key_id for _, _, caller in behind if caller.session_id is None}
        session_ids = {caller.session_id for _, _, caller in behind if caller.session_id is not None}
        revoked: set[str] = set()
        ended: set[str] = set()
        async with asyncio.timeout(ANSWER_SECONDS):
            if keys:
                revoked = await self._access.revoked(keys)
                await self._access.note_use(keys - revoked)
            if session_ids:
                ended = await self._sessions.ended(session_ids)
        for hub, connection_id, caller in behind:
            if caller.session_id is None and caller.key_id in revoked:
                hub.abort(connection_id, REVOKED)
            elif caller.session_id in ended:
                hub.abort(connection_id, ENDED)
        if revoked:
            _log.info("connections_of_revoked_keys_ended", keys=sorted(revoked))
        if ended:
            _log.info("connections_of_ended_sessions_ended", sessions=sorted(ended))
