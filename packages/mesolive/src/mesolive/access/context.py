"""User context: the authenticated caller of a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserContext:
    """The caller of a service, as their API key says.

    Attributes
    ----------
    user_id
        The user's id; every query of their data names it.
    user_name
        For people and logs.
    key_id
        Which of their API keys they use; safe to log.
    expires_at
        Until when that key works, by the wall clock; `None` where none is used.
    """

    user_id: int
    user_name: str
    key_id: str
    expires_at: datetime | None = None
