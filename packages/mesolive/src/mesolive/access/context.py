"""User context: the authenticated caller of a service."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """What a key or a session may do."""

    TRADE = "trade"
    WATCH = "watch"
    """Reads and streams only."""
    AGENT = "agent"
    """Opens the hub of agents, and nothing else."""


class UserContext(Struct, frozen=True):
    """The caller of a service, as their API key or their browser's session says.

    Attributes
    ----------
    user_id
        The user's id; every query of their data names it.
    user_name
        For people and logs.
    key_id
        Which of their API keys they use, or `session:` and the id of the session; safe to log.
    expires_at
        Until when that key or session works, by the wall clock; `None` where none is used.
    role
        What the key or the session may do.
    session_id
        The session of a browser; `None` for a caller with an API key.
    """

    user_id: int
    user_name: str
    key_id: str
    expires_at: datetime | None = None
    role: Role = Role.TRADE
    session_id: str | None = None
