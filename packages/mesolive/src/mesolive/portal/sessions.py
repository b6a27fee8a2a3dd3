"""Sessions of browsers: a random cookie in place of an API key, ended with its key, by sign-out, or by age.

Sessions are kept in memory: a restart of the server asks browsers to sign in again.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from mesolive.access.context import UserContext
from mesolive.access.keys import Access

IDLE_SECONDS = 12 * 3600.0
LIFE_SECONDS = 7 * 86_400.0
MAX_SESSIONS = 1000
"""Sessions of all users; a new one ends the one that was used least recently."""

MAX_FAILURES = 10
"""Failed attempts of one address within `FAILURE_SECONDS`; more are refused without a look."""

FAILURE_SECONDS = 60.0
MAX_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser.

    Attributes
    ----------
    user
        Who signed in, with the id of the API key that they used.
    created, used
        Monotonic seconds.
    """

    user: UserContext
    created: float
    used: float


class Sessions:
    """Signs browsers in with API keys and knows them by their cookie afterwards.

    Parameters
    ----------
    access
        Verifies API keys, and knows which were revoked.
    monotonic
        Seconds that only grow.
    """

    def __init__(self, access: Access, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._monotonic = monotonic
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    async def sign_in(self, key: str, address: str) -> str | None:
        """Return the cookie of a new session, or `None` where the key does not work.

        Raises
        ------
        TooManyAttemptsError
            When this address failed too often within a minute.
        """
        now = self._monotonic()
        failures = [at for at in self._failures.get(address, ()) if at > now - FAILURE_SECONDS]
        if len(failures) >= MAX_FAILURES:
            raise TooManyAttemptsError
        user = await self._access.authenticate(key)
        if user is None:
            self._failures[address] = [*failures, now]
            self._failures.move_to_end(address)
            while len(self._failures) > MAX_ADDRESSES:
                self._failures.popitem(last=False)
            return None
        cookie = secrets.token_urlsafe(32)
        self._sessions[_digest(cookie)] = Session(user, now, now)
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie

    async def find(self, cookie: str | None) -> UserContext | None:
        """Return whose session a cookie is, or `None`: unknown, too old, or its key was revoked."""
        if not cookie:
            return None
        digest = _digest(cookie)
        session = self._sessions.get(digest)
        if session is None:
            return None
        now = self._monotonic()
        if now - session.used > IDLE_SECONDS or now - session.created > LIFE_SECONDS:
            del self._sessions[digest]
            return None
        if await self._access.revoked([session.user.key_id]):
            self._sessions.pop(digest, None)
            return None
        self._sessions[digest] = replace(session, used=now)
        self._sessions.move_to_end(digest)
        return session.user

    def end(self, cookie: str | None) -> None:
        """End a session; nothing happens where there is none."""
        if cookie:
            self._sessions.pop(_digest(cookie), None)


class TooManyAttemptsError(Exception):
    """An address failed to sign in too often."""


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
