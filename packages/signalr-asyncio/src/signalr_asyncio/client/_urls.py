"""URL helpers: scheme conversion, query parameters, same origin, redaction of secrets."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}


def http_url(url: str) -> str:
    """Return `url` with the scheme of HTTP, without fragment.

    Raises
    ------
    ValueError
        When it is no absolute URL of HTTP or WebSockets. The text does not repeat the URL, which may hold a secret.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise ValueError("the hub's URL is malformed") from None
    scheme = {"http": "http", "https": "https", "ws": "http", "wss": "https"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise ValueError("the hub's URL must start with http://, https://, ws:// or wss:// and name a host")
    if "@" in parts.netloc:
        raise ValueError("the hub's URL must not hold a user name or a password; use `token` or `headers`")
    return urlunsplit(parts._replace(scheme=scheme, fragment=""))


def websocket_url(url: str) -> str:
    """Return an HTTP `url` with the scheme of WebSockets."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme={"http": "ws", "https": "wss"}[parts.scheme]))


def with_query(url: str, query: str) -> str:
    """Return `url` with `query` added to the query it has."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


def same_origin(first: str, second: str) -> bool:
    """Return whether two HTTP URLs have scheme, host and port in common."""
    return _origin(urlsplit(first)) == _origin(urlsplit(second))


def shown(url: str) -> str:
    """Return `url` without its query, which may hold secrets."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
