"""Refused sign-ins: counted always, reported to every user at most once a minute, however many an attacker makes.

Who tries is not known, so that the event goes to each user of this server. It names an address and a number, never what
was presented.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import structlog
from sqlalchemy import select

from mesolive.access.announcing import Announcer
from mesolive.clock import Clock
from mesolive.store.database import NOT_STORED, Database
from mesolive.store.tables.access import users
from mesolive_sdk.models import AccessChange

TOLD_EVERY_SECONDS = 60.0
"""Seconds between two events and log lines; what is refused meanwhile is gathered in the next one."""

MAX_REASONS = 8
"""Different reasons that are counted apart between two log lines."""

MAX_ADDRESS = 64

_log = structlog.get_logger(__name__)


class RefusedSignIns:
    """Gathers refused sign-ins.

    Parameters
    ----------
    database
        Where the events are appended.
    announcer
        Appends them.
    clock
        Wall time.
    monotonic
        Seconds that only grow.

    Attributes
    ----------
    total
        Refused sign-ins since the start of the server.
    """

    def __init__(
        self,
        database: Database,
        announcer: Announcer,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._announcer = announcer
        self._clock = clock
        self._monotonic = monotonic
        self._reasons: Counter[str] = Counter()
        self._address = ""
        self._told_at: float | None = None
        self.total = 0

    def note(self, reason: str, address: str) -> None:
        """Count a refused sign-in.

        Parameters
        ----------
        reason
            One of a few fixed texts, for the log.
        address
            Where it came from.
        """
        self.total += 1
        self._address = address[:MAX_ADDRESS]
        if reason in self._reasons or len(self._reasons) < MAX_REASONS:
            self._reasons[reason] += 1

    async def announce(self) -> None:
        """Log and announce what was refused since the last time; nothing within `TOLD_EVERY_SECONDS` of it."""
        now = self._monotonic()
        if not self._reasons or (self._told_at is not None and now - self._told_at < TOLD_EVERY_SECONDS):
            return
        reasons, self._reasons = self._reasons, Counter()
        self._told_at = now
        _log.warning("sign_ins_refused", reasons=dict(reasons), last_address=self._address)
        try:
            await self._append(reasons.total())
        except NOT_STORED:
            self._reasons += reasons  # they are announced once something can be written
            raise

    async def _append(self, attempts: int) -> None:
        at = self._clock.now()
        async with self._database.write() as tx:
            for row in await tx.all(select(users.c.id).order_by(users.c.id)):
                await self._announcer.announce(
                    tx,
                    row.id,
                    AccessChange.SignInRefused,
                    at,
                    None,
                    address=self._address,
                    attempts=attempts,
                )
