"""Tokens of the double of tastytrade: refresh tokens, access tokens of some minutes, quote tokens of a day."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.values import JsonObject

PREFIX: Final = "Bearer "


class TokenRefusal(Exception):  # noqa: N818 - an answer, not a failure
    """A token call that is refused; its answer has a shape of its own."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(f"{status} {code}: {description}")
        self.status = status
        self.body: JsonObject = {"error_code": code, "error_description": description}


@dataclass(slots=True)
class AccessToken:
    """An access token, with what it may do."""

    dies_at: datetime
    scopes: frozenset[str]


class Tokens:
    """Gives tokens out and knows which are valid.

    Parameters
    ----------
    desk
        Settings, faults and the timer.

    Attributes
    ----------
    revoked
        Whether the grant has been deleted: then the refresh token is dead.
    refreshes
        How many access tokens were given.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._access: dict[str, AccessToken] = {}
        self._quotes: dict[str, datetime] = {}
        self.scopes = frozenset({"read", "trade", "openid"})
        self.revoked = False
        self.refreshes = 0

    def grant(self, body: JsonObject) -> JsonObject:
        """Return the answer to a token call.

        Raises
        ------
        TokenRefusal
            When it is not a refresh, or its secrets are wrong.
        """
        desk = self._desk
        refused = desk.faults.strike("refresh_refused")
        if refused is not None:
            raise TokenRefusal(400, refused["code"], refused["text"])
        if body.get("grant_type") != "refresh_token":
            raise TokenRefusal(400, "unsupported_grant_type", "The grant type is not supported")
        if body.get("client_secret") != desk.settings.client_secret:
            raise TokenRefusal(401, "invalid_client", "Client authentication failed")
        if self.revoked or body.get("refresh_token") != desk.settings.refresh_token:
            raise TokenRefusal(400, "invalid_grant", "Grant revoked")
        token = f"double.{secrets.token_urlsafe(24)}"
        life = desk.settings.token_seconds
        short = desk.faults.strike("token_short_lived")
        real = life if short is None else float(short["seconds"])
        asked = body.get("scope")
        scopes = self.scopes & frozenset(asked.split()) if isinstance(asked, str) and asked else self.scopes
        self._access[token] = AccessToken(desk.timer.now() + timedelta(seconds=real), scopes)
        self.refreshes += 1
        answer: JsonObject = {"access_token": token, "token_type": "Bearer", "expires_in": int(life)}
        if desk.settings.token_scope:
            answer["scope"] = " ".join(sorted(scopes))
        if "openid" in scopes:
            answer["id_token"] = f"double.{secrets.token_urlsafe(16)}"
        return answer

    def scopes_of(self, header: str) -> frozenset[str] | None:
        """Return what the bearer of an `Authorization` header may do; `None` when its token is not valid."""
        if not header.startswith(PREFIX):
            return None
        token = header.removeprefix(PREFIX)
        known = self._access.get(token)
        if known is None or known.dies_at <= self._desk.timer.now():
            return None
        if self._desk.faults.strike("token_dies_early") is not None:
            del self._access[token]
            return None
        return known.scopes

    def revoke_access(self) -> None:
        """Let all access tokens die."""
        self._access.clear()

    def quote_token(self) -> str:
        """Return a new quote token."""
        token = f"quote.{secrets.token_urlsafe(24)}"
        self._quotes[token] = self._desk.timer.now() + timedelta(seconds=self._desk.settings.quote_token_seconds)
        return token

    def is_quote_token(self, token: object) -> bool:
        """Whether a quote token is valid."""
        dies_at = self._quotes.get(token) if isinstance(token, str) else None
        if dies_at is None or dies_at <= self._desk.timer.now():
            return False
        return self._desk.faults.strike("quote_token_refused") is None

    def revoke_quotes(self) -> None:
        """Let all quote tokens die."""
        self._quotes.clear()
