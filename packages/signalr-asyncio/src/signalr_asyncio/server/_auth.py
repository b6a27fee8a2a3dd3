"""Authentication: the request passed to the hook, and the `Principal` that it returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace  # noqa: TID251 - this module has no structs
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from signalr_asyncio.server._responses import Receive, Send

ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_SECRETS = frozenset({b"access_token", b"id"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated user.

    Parameters
    ----------
    user_id
        Names the user for `clients.user(...)` and the limit of connections per user; `None` is an anonymous user.
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


def seconds_to_expiry(principal: Principal) -> float | None:
    """Return for how long the principal's proof is still good; `None` when it does not expire."""
    if principal.expires_at is None:
        return None
    return (principal.expires_at - datetime.now(UTC)).total_seconds()


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """One HTTP or WebSocket request: what `authenticate` decides by, and what a hub sees as `HubContext.request`.

    Attributes
    ----------
    path
        The hub's path, without `/negotiate`.
    headers
        Lower-case names; of several equal ones the last. Without `authorization` and `cookie`.
    query
        Without `access_token` and `id`; of several equal names the last.
    token
        The bearer token, of the `Authorization` header or else of `access_token`. Never part of `repr`, and `None` in a
        hub: no secret is kept as long as its connection. What a hub needs of it belongs into `Principal.claims`.
    cookies
        By name. Never part of `repr`.
    client
        The peer's address and port where the server knows it.
    scheme
        `http`, `https`, `ws` or `wss`.
    state
        What the lifespan of the application left for its requests (`request.state` of Starlette and FastAPI).
    app
        The Starlette or FastAPI application that the server is mounted in, with its own `state`; else `None`.
    """

    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str]
    token: str | None = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    client: tuple[str, int] | None = None
    scheme: str = "http"
    state: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, repr=False)
    app: Any = field(default=None, repr=False)


Authenticate = Callable[[ConnectionRequest], Awaitable[Principal | None]]


async def allow_anonymous(request: ConnectionRequest) -> Principal:
    """Let every client in: the `authenticate` of a public hub on a server whose other hubs ask."""
    del request
    return ANONYMOUS


def read_request(
    path: str, scope: Mapping[str, Any], query_string: bytes
) -> tuple[ConnectionRequest, Mapping[str, str]]:
    """Read an ASGI scope.

    Parameters
    ----------
    path
        The hub's path.
    scope
        The request.
    query_string
        In place of the scope's, which has no secrets any more.

    Returns
    -------
    tuple
        The request for the hook, and the whole query with `id`, for the server alone.
    """
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers[name.decode("latin-1").lower()] = value.decode("latin-1")
    query = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
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
        scheme=scope.get("scheme", "http"),
        state=MappingProxyType(scope.get("state") or {}),
        app=scope.get("app"),
    )
    return request, query


_SCOPE_KEYS = ("query_string", "client", "scheme", "state", "app")


class KeptRequest:
    """The request that a connection began with, without its token, read when it is asked for.

    Most hubs never ask. What is kept are the parts of the request as the web server made them, which it keeps itself as
    long as a WebSocket lasts.

    Parameters
    ----------
    path
        The hub's path.
    scope
        The request, its secrets taken out of the query.
    """

    __slots__ = ("_headers", "_parts", "_path", "_read")

    def __init__(self, path: str, scope: Mapping[str, Any]) -> None:
        self._path = path
        headers = scope["headers"]
        if any(name.lower() == b"authorization" for name, _ in headers):
            # Only then a copy: the web server keeps the others as long as the connection lasts.
            headers = [header for header in headers if header[0].lower() != b"authorization"]
        self._headers = headers
        self._parts = tuple(scope.get(name) for name in _SCOPE_KEYS)
        self._read: ConnectionRequest | None = None

    def read(self) -> ConnectionRequest:
        """Return the request."""
        if self._read is None:
            scope = {name: value for name, value in zip(_SCOPE_KEYS, self._parts, strict=True) if value is not None}
            scope["headers"] = self._headers
            request, _ = read_request(self._path, scope, scope.get("query_string", b""))
            self._read = replace(request, token=None)
        return self._read


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
    if query:
        scope["query_string"] = b"&".join(map(_hidden, query.split(b"&")))


class HideTokens:
    """ASGI middleware around a whole application: no token of its addresses reaches the web server's access log.

    The application itself sees the addresses as they came. `SignalRServer` needs it only for paths that are not its
    own.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        own = dict(scope)
        hide_secrets(scope)
        await self._app(own, receive, send)


def _hidden(part: bytes) -> bytes:
    name, _, _ = part.partition(b"=")
    # A name may be written in escapes, and is then still read as such.
    return name + b"=***" if unquote_to_bytes(name).strip().lower() in _SECRETS else part
