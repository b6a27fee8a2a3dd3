"""Access monitor: closes connections of revoked keys and ended sessions, ends sessions by age, tells of refused ones.

Keys and sessions may be ended by another process as well. A connection needs no monitor to expire: it closes when its
principal does (`principal_of`). What is written is a task of its own: while the database takes no writes, a key that is
revoked by the emergency file must lose its connections all the same.
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
"""After how many times of storing what was used the sessions whose time is over are ended: once a minute."""

ANSWER_SECONDS = 10.0
"""Timeout in seconds of what one turn reads or writes."""

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
        self._stored = 0
        self.tasks = Tasks()

    async def start(self) -> None:
        """Start the monitor."""
        self.tasks.start_periodic("api key check", self._compare, EVERY_SECONDS, turn_limit=STUCK_SECONDS)
        self.tasks.start_periodic("access records", self._store, EVERY_SECONDS)

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
        keys = {caller.key_id for _, _, caller in behind if caller.session_id is None}
        session_ids = {caller.session_id for _, _, caller in behind if caller.session_id is not None}
        async with asyncio.timeout(ANSWER_SECONDS):
            revoked = await self._access.revoked(keys) if keys else set[str]()
            ended = await self._sessions.ended(session_ids) if session_ids else set[str]()
        for hub, connection_id, caller in behind:
            if caller.session_id is None and caller.key_id in revoked:
                hub.abort(connection_id, REVOKED)
            elif caller.session_id in ended:
                hub.abort(connection_id, ENDED)
        if revoked:
            _log.info("revoked_key_connections_closed", keys=sorted(revoked))
        if ended:
            _log.info("session_connections_closed", sessions=sorted(ended))

    async def _store(self) -> None:
        """Store which keys and sessions are used, end sessions by age, and announce refused sign-ins."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._access.note_use(self._addresses_of_keys())
            await self._sessions.note_use()
            if self._stored % AGES_EVERY == 0:
                await self._sessions.end_aged(self._connected_sessions())
            await self._sessions.refused.announce()
        self._stored += 1

    def _connected_sessions(self) -> set[str]:
        callers = [caller_of(principal) for hub in self._hubs for principal in hub.principals.values()]
        return {caller.session_id for caller in callers if caller.session_id is not None}
