"""Access events: sign-ins, refused ones, ended sessions, created and revoked API keys, for the event log of their user.

The event is appended in the transaction that makes it true. It names ids of keys and sessions, which are safe to show,
and never a token, a code or a cookie.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from mesolive.access.context import Role
from mesolive.store.database import WriteTransaction
from mesolive_sdk import models


class EventLog(Protocol):
    """Where events are appended: the journal, which is in a layer above."""

    async def append(self, tx: WriteTransaction, user_id: int, events: Sequence[models.MesoLiveEvent]) -> None:
        """Store events of a user with the transaction."""
        ...


class Announcer:
    """Appends access events to an event log, once there is one.

    The store is opened before the event log is built, so the log is set afterwards.
    """

    def __init__(self) -> None:
        self._log: EventLog | None = None

    def append_to(self, log: EventLog) -> None:
        """Append the events from now on to this log."""
        self._log = log

    async def announce(
        self,
        tx: WriteTransaction,
        user_id: int,
        change: models.AccessChange,
        at: datetime,
        role: Role | None,
        *,
        key_id: str | None = None,
        label: str | None = None,
        session_id: str | None = None,
        address: str | None = None,
        user_agent: str | None = None,
        by: str | None = None,
        attempts: int | None = None,
    ) -> None:
        """Append one event with the transaction.

        Parameters
        ----------
        user_id
            Whose key or session it is.
        at
            When it happened, by real time.
        by
            The key, or `session:` and the session, that did it; `None` for the command line.
        role
            What the key or the session may do; `None` for refused sign-ins, which have neither.
        attempts
            How many sign-ins were refused.
        """
        if self._log is None:
            return
        event = models.AccessEvent(
            EventTime=at,  # replaced by the market time of the append
            Change=change,
            At=at,
            Role="" if role is None else role.value,
            KeyId=key_id,
            KeyLabel=label,
            SessionId=session_id,
            Address=address or None,
            UserAgent=user_agent or None,
            By=by or None,
            Attempts=attempts,
        )
        await self._log.append(tx, user_id, [event])
