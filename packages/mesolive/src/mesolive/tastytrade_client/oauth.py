"""OAuth access tokens of tastytrade: one refresh at a time, for all callers, with pauses after refusals.

Access tokens live for 15 minutes and cannot be lengthened. The refresh token does not expire. The server refuses
refreshes now and then for minutes without a reason of ours; and it locks an address out after many failed attempts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from mesolive.tastytrade_client.config import ClientConfig, Hidden
from mesolive.tastytrade_client.outcomes import Answered, Outcome, Refused, Unknown
from mesolive.tastytrade_client.tasks import SingleFlight

_log = logging.getLogger("mesolive.tastytrade_client")

PERMANENT: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})
"""Error codes that no repetition mends. `invalid_grant` comes for transient reasons, too."""
MAX_GRANT_REFUSALS: Final = 3
"""How many refusals in a row with `invalid_grant` count as the end of the grant."""
GRANT: Final = "invalid_grant"


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the token call.

    Attributes
    ----------
    scope
        What the token may do, separated by blanks (RFC 6749, 5.1). The broker does not promise it.
    """

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: float = 900.0
    scope: str | list[str] | None = None

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the token may do; `None` where the answer does not say."""
        words = self.scope.split() if isinstance(self.scope, str) else self.scope
        return frozenset(words) if words else None

    def __repr__(self) -> str:
        return f"AccessToken(…, expires_in={self.expires_in})"


class LoginRefusedError(Exception):
    """There is no access token. The text holds no secret.

    Attributes
    ----------
    is_permanent
        Whether the trader must act: wrong client secret, a grant that was deleted.
    was_reached
        Whether the server answered.
    """

    def __init__(self, message: str, *, is_permanent: bool, was_reached: bool = True) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent
        self.was_reached = was_reached


Request = Callable[[], Awaitable[Outcome[AccessToken]]]


class TokenSource:
    """Hands out an access token that is valid now; belongs to one event loop.

    Parameters
    ----------
    request
        Requests a token from the server once.

    Attributes
    ----------
    refusals
        How many requests in a row were refused or unanswered.
    last_failure
        Why the last request failed, in words; empty after one that succeeded.
    scopes
        What the latest token may do; `None` where the server has not said.
    """

    def __init__(self, request: Request, config: ClientConfig) -> None:
        self._request = request
        self._config = config
        self._token: Hidden | None = None
        self._got_at = 0.0
        self._life = 0.0
        self._refreshes = SingleFlight("access token", self._refresh)
        self._wait_until = 0.0
        self._pause = 0.0
        self._grant_refusals = 0
        self._permanent = ""
        self.refusals = 0
        self.last_failure = ""
        self.scopes: frozenset[str] | None = None

    async def current(self) -> Hidden:
        """Return a token that is valid now; a new one when two thirds of its life are over.

        Raises
        ------
        LoginRefusedError
            When there is none and none can be got now.
        """
        now = self._now()
        if self._token is not None and now < self._got_at + self._life * self._config.refresh_at:
            return self._token
        still_valid = self._token if now < self._got_at + self._life else None
        try:
            return await self._refreshes.answer()
        except LoginRefusedError:
            if still_valid is not None and self._token is still_valid:
                return still_valid  # the refresh is ahead of time: calls go on meanwhile
            raise

    async def renewed(self, refused: Hidden) -> Hidden:
        """Return another token than one that the server did not accept."""
        if self._token == refused:
            self._token = None
        return self._token if self._token is not None else await self._refreshes.answer()

    @property
    def end(self) -> str:
        """Why no further attempt is made; empty while there is hope."""
        return self._permanent

    def try_again(self) -> None:
        """Permit one more attempt after a permanent refusal, or before a pause has ended: the user asks for it."""
        self._permanent = ""
        self._grant_refusals = 0
        self._wait_until = 0.0

    async def _refresh(self) -> Hidden:
        now = self._now()
        if self._permanent:
            raise LoginRefusedError(self._permanent, is_permanent=True)
        if now < self._wait_until:
            # No tight loop: callers learn at once that there is no token, and the next request is made after the pause.
            left = self._wait_until - now
            raise LoginRefusedError(f"{self.last_failure}; the next attempt is in {left:.0f} s", is_permanent=False)
        outcome = await self._request()
        if isinstance(outcome, Answered):
            self._token = Hidden(outcome.value.access_token)
            self._got_at, self._life = self._now(), outcome.value.expires_in
            self.scopes = outcome.value.scopes
            self._pause = self._wait_until = 0.0
            self.refusals = self._grant_refusals = 0
            self.last_failure = ""
            return self._token
        raise self._failed(outcome)

    def _failed(self, outcome: Refused | Unknown) -> LoginRefusedError:
        config = self._config
        self.refusals += 1
        self._pause = min(max(self._pause * 2, config.refresh_pause_seconds), config.max_refresh_pause_seconds)
        self._wait_until = self._now() + self._pause
        self.last_failure = f"no access token: {outcome}"
        permanent = isinstance(outcome, Refused) and outcome.code in PERMANENT
        if isinstance(outcome, Refused) and outcome.code == GRANT:
            self._grant_refusals += 1
            permanent = self._grant_refusals >= MAX_GRANT_REFUSALS
        if permanent:
            self._permanent = self.last_failure
        _log.warning("access_token_refused refusals=%d reason=%s", self.refusals, outcome)
        return LoginRefusedError(self.last_failure, is_permanent=permanent, was_reached=isinstance(outcome, Refused))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
