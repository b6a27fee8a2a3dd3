"""CORS: the web origins that may use a hub, preflight requests and response headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from signalr_asyncio.server._auth import ConnectionRequest
from signalr_asyncio.server._responses import Headers

_METHODS = b"GET, POST, DELETE, OPTIONS"
_MAX_AGE = b"600"


class Cors:
    """Cross-origin rules of one hub.

    Browsers ask before a page of another origin may use HTTP, but not for WebSockets: there the server itself has to
    look at the origin, or any page could connect with the visitor's cookies.

    Parameters
    ----------
    allowed
        Origins such as `https://example.com`; `*` is any.
    """

    def __init__(self, allowed: frozenset[str]) -> None:
        self._any = "*" in allowed
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)

    def _permits(self, origin: str) -> bool:
        return self._any or origin.lower() in self._allowed

    def headers(self, request: ConnectionRequest) -> Headers:
        """Return what an answer needs so that the asking page may read it."""
        origin = request.headers.get("origin")
        if origin is None or not self._permits(origin):
            return ()
        return (
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"Origin"),
        )

    def is_preflight(self, request: ConnectionRequest) -> bool:
        """Whether a browser asks for permission first."""
        return "origin" in request.headers and "access-control-request-method" in request.headers

    def preflight(self, request: ConnectionRequest) -> Headers:
        """Return what such a question is answered with, besides `headers`."""
        if not self._permits(request.headers.get("origin", "")):
            return ()
        wanted = request.headers.get("access-control-request-headers", "")
        return (
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", wanted.encode("latin-1")),
            (b"access-control-max-age", _MAX_AGE),
        )

    def may_connect(self, request: ConnectionRequest, scope: Mapping[str, Any]) -> bool:
        """Whether a WebSocket may be opened: by what is no browser, by the host's own pages, by allowed origins."""
        origin = request.headers.get("origin")
        if origin is None or self._permits(origin):
            return True
        host = request.headers.get("host", "")
        return scope["type"] == "websocket" and urlsplit(origin).netloc.lower() == host.lower()
