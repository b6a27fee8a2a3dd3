"""Who is calling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserContext:
    """The caller of a service, as his API key says.

    Attributes
    ----------
    user_id
        The user's id; every query of his data names it.
    user_name
        For people and logs.
    key_id
        Which of his API keys he uses; safe to log.
    """

    user_id: int
    user_name: str
    key_id: str
