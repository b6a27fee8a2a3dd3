"""Who connects: the request as the authentication hook sees it, and its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was authenticated.

    Parameters
    ----------
    user_id
        Names the user for `clients.user(...)` and the limit of connections per user; `None` is nobody in particular.
    name
        For logs and for people.
    claims
        Whatever the application wants hub code to know. Not the token.
    expires_at
        When the proof expires (aware). With `HubOptions.close_on_authentication_expiration` the connection ends then.
    """

    user_id: str | None = None
    name: str | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("Principal.expires_at must carry a time zone")


ANONYMOUS = Principal()


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """One HTTP or WebSocket request, as far as it says who is asking.

    Attributes
    ----------
    path
        The hub's path, without `/negotiate`.
    headers
        Lower-case names; of several equal ones the last. Without `authorization` and `cookie`.
    query
        Without `access_token` and `id`; of several equal names the last.
    token
        The bearer token, of the `Authorization` header or else of `access_token`. Never part of `repr`.
    cookies
        By name. Never part of `repr`.
    client
        The peer's address and port where the server knows it.
    """

    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str]
    token: str | None = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    client: tuple[str, int] | None = None


Authenticate = Callable[[ConnectionRequest], Awaitable[Principal | None]]


def read_request(path: str, scope: Mapping[str, Any]) -> tuple[ConnectionRequest, Mapping[str, str]]:
    """Read an ASGI scope.

    Returns
    -------
    tuple
        The request for the hook, and the whole query with `id`, for the server alone.
    """
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers[name.decode("latin-1").lower()] = value.decode("latin-1")
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    scheme, _, credentials = headers.pop("authorization", "").partition(" ")
    access_token = query.pop("access_token", "")
    token = credentials.strip() if scheme.lower() == "bearer" else access_token
    client = scope.get("client")
    request = ConnectionRequest(
        path=path,
        query=MappingProxyType({name: value for name, value in query.items() if name != "id"}),
        token=token or None,
        cookies=_cookies(headers.pop("cookie", "")),
        headers=MappingProxyType(headers),
        client=(str(client[0]), int(client[1])) if client else None,
    )
    return request, query


def _cookies(header: str) -> Mapping[str, str]:
    # By hand: the standard library's parser drops every cookie when a browser sends one that it finds odd.
    pairs = (part.strip().partition("=") for part in header.split(";") if "=" in part)
    return MappingProxyType({name: value.strip('"') for name, _, value in pairs})


def hide_secrets(scope: MutableMapping[str, Any]) -> None:
    """Take the access token and the connection token out of the scope's query string, in place.

    Servers write the query string of a request into their access logs, from this very scope and after the application
    answered. The hub's own code has read what it needs before.
    """
    query: bytes = scope.get("query_string", b"")
    if b"access_token=" not in query and b"id=" not in query:
        return
    kept = [
        part if name.lower() not in {b"access_token", b"id"} else name + b"=***"
        for part in query.split(b"&")
        for name in (part.partition(b"=")[0],)
    ]
    scope["query_string"] = b"&".join(kept)
