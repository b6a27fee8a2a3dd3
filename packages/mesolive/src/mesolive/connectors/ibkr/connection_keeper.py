"""Keeps a session with TWS connected: attempts again after a loss, with the same client id, without end."""

from __future__ import annotations

from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.connectors.ibkr.session import HANDSHAKE_SECONDS, TwsSession
from mesolive.connectors.ibkr.session_errors import SessionLostError
from mesolive.tasks import Turns

_log = structlog.get_logger(__name__)

PAUSES: Final = (2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before each attempt after a loss; the last one is repeated."""


class ConnectionKeeper:
    """Connects one session again and again.

    Another client id is never tried: only the client that placed an order may change or cancel it.
    """

    def __init__(self, session: TwsSession, timer: Clock, handshake_seconds: float = HANDSHAKE_SECONDS) -> None:
        self._session = session
        self._timer = timer
        self._handshake_seconds = handshake_seconds

    async def run(self, turns: Turns) -> None:
        """Watch the session, and connect it whenever it is lost."""
        failed = 0
        async with self._session.changes.subscribe() as changes:
            while True:
                turns.turned()
                if self._session.state.connected:
                    failed = 0
                    await anext(changes)
                    continue
                await self._timer.sleep(PAUSES[min(failed, len(PAUSES) - 1)])
                turns.turned()
                try:
                    await self._session.connect(self._handshake_seconds)
                except SessionLostError as error:
                    failed += 1
                    self._session.attempt_failed(str(error))
                    _log.info("ibkr_connection_not_made", session=self._session.name, reason=str(error), attempt=failed)
