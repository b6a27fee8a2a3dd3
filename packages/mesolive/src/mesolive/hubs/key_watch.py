"""Access monitor: closes connections of revoked keys and ended sessions, ends sessions by age, tells of refused ones.

Keys and sessions may be ended by another process as well. A connection needs no monitor to expire: it closes when its
principal does (`principal_of`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from mesolive.access.keys import Access
from mesolive.access.sessions import Sessions
from mesolive.hubs.envelope import beginning_of, caller_of
from mesolive.tasks import Tasks
from signalr_asyncio import HubHandle

EVERY_SECONDS = 2.0
"""Seconds between two checks: a connection of a revoked key ends after at most this time."""

AGES_EVERY = 30
"""After how many checks the monitor looks for sessions whose time is over: once a minute."""

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
        Reads which sessions have ended, and ends those whose time is over.
    hubs
        The hubs whose connections are checked.
    """

    def __init__(self, access: Access, sessions: Sessions, hubs: Sequence[HubHandle]) -> None:
        self._access = access
        self._sessions = sessions
        self._hubs = hubs
        self._checks = 0
        self.tasks = Tasks()

    async def start(self) -> None:
        """Start the monitor."""
        self.tasks.start_periodic("api key check", self._compare, EVERY_SECONDS, turn_limit=STUCK_SECONDS)

    async def stop(self) -> None:
        """Stop the monitor."""
        await self.tasks.stop()

    def _addresses_of_keys(self) -> dict[str, str | None]:
        """Return from where each key's connection comes that began last."""
        newest: dict[str, tuple[datetime, str | None]] = {}
        for hub in self._hubs:
            for principal in hub.principals.values():
                caller, began = caller_of(principal), beginning_of(principal)
                known = newest.get(caller.key_id)
                if caller.session_id is None and (known is None or known[0] < began[0]):
                    newest[caller.key_id] = began
        return {key_id: address for key_id, (_, address) in newest.items()}

    async def _compare(self) -> None:
        behind = [
            (hub, connection_id, caller_of(principal))
            for hub in self._hubs
            for connection_id, principal in hub.principals.items()
        ]
        keys = self._addresses_of_keys()
        session_ids = {caller.session_id for _, _, caller in behind if caller.session_id is not None}
        revoked: set[str] = set()
        ended: set[str] = set()
        async with asyncio.timeout(ANSWER_SECONDS):
            if keys:
                revoked = await self._access.revoked(keys)
            await self._access.note_use({key: address for key, address in keys.items() if key not in revoked})
            if session_ids:
                ended = await self._sessions.ended(session_ids)
            if self._checks % AGES_EVERY == 0:
                await self._sessions.end_aged(session_ids)
            await self._sessions.refused.announce()
        self._checks += 1
        for hub, connection_id, caller in behind:
            if caller.session_id is None and caller.key_id in revoked:
                hub.abort(connection_id, REVOKED)
            elif caller.session_id in ended:
                hub.abort(connection_id, ENDED)
        if revoked:
            _log.info("revoked_key_connections_closed", keys=sorted(revoked))
        if ended:
            _log.info("session_connections_closed", sessions=sorted(ended))
