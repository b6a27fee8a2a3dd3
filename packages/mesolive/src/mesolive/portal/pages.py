"""Static files of the Portal: built pages with a strict content security policy, caching and compression.

Names of built files hold a hash of their content, so that browsers keep them for ever. `index.html` answers the address
of every page and is never kept.
"""

from __future__ import annotations

import asyncio
import gzip
import html
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

ASSETS = Path(str(files("mesolive.portal") / "assets"))
"""The pages as built from `portal/`."""

PAGES = (
    "login",
    "positions",
    "rollups",
    "build",
    "tickets",
    "orders",
    "signals",
    "strategies",
    "backtests",
    "chain",
    "events",
    "accounts",
    "server",
    "settings",
)
"""First parts of the addresses at which `portal/src/App.svelte` shows pages."""

NOT_PAGES = ("hubs", "assets", "portal", "health", "metrics")
"""First parts of addresses that programs ask for: what is not there is answered to them without a page."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

NOT_CACHED = {"Cache-Control": "no-store"}
CACHED_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
    ".png": "image/png",
    ".woff2": "font/woff2",
}

ASKS = b'"mesolive-session" content="ask"'
"""What the built page has in place of the session; a page that finds it asks for the session itself."""

MIN_COMPRESSED = 1024
"""Bytes below which compression does not pay."""


class BuiltFile(Struct, frozen=True):
    """A built file in memory, as it is and compressed; `packed` is empty where compression does not pay."""

    plain: bytes
    packed: bytes
    media_type: str


class Pages:
    """Serves the built pages. A file is read and compressed when it is asked for first; all of them have some 0.5 MB.

    Parameters
    ----------
    prefix
        The path under which a proxy shows the server, without a trailing slash; empty without one.
    folder
        The built files.
    session
        Returns what a page may know of the session of a request; `None` for one without.
    """

    def __init__(
        self,
        prefix: str = "",
        folder: Path = ASSETS,
        session: Callable[[Request], Awaitable[dict[str, Any] | None]] | None = None,
    ) -> None:
        self._prefix = prefix
        self._session = session
        self._folder = folder.resolve()
        self._files: dict[str, BuiltFile] = {}

    def routes(self) -> list[Route]:
        """Return the routes: built files, and one page for every address that a person opens."""
        methods = ["GET", "HEAD"]
        return [
            Route("/", self._index, methods=methods),
            *[Route(f"/{name}", self._index, methods=methods) for name in PAGES],
            *[Route(f"/{name}/{{path:path}}", self._index, methods=methods) for name in PAGES],
            Route("/assets/{path:path}", self._asset, methods=methods),
            NavigationRoute("/{path:path}", self._no_such_page, methods=methods),
        ]

    async def _index(self, request: Request) -> Response:
        built = await self._file("index.html")
        if built is None:
            return PlainTextResponse("the Portal was not built: make portal\n", 404, SECURITY_HEADERS | NOT_CACHED)
        return _answer(request, await self._with_session(request, built), NOT_CACHED)

    async def _no_such_page(self, request: Request) -> Response:
        """Answer an address that no page has: with the Portal, which says so, and status 404."""
        built = await self._file("index.html")
        if built is None:
            return PlainTextResponse("no such page\n", 404, SECURITY_HEADERS | NOT_CACHED)
        return _answer(request, await self._with_session(request, built), NOT_CACHED, 404)

    async def _with_session(self, request: Request, built: BuiltFile) -> BuiltFile:
        """Return the page with what is known of the session, which it would ask for first of all.

        A page that was opened by a link of another site comes without its cookie, which browsers keep for pages of the
        same site: it asks by itself.
        """
        shown = None if self._session is None else await self._session(request)
        if shown is None:
            return built
        text = html.escape(json.dumps(shown), quote=True)
        return BuiltFile(
            built.plain.replace(ASKS, f'"mesolive-session" content="{text}"'.encode()), b"", built.media_type
        )

    async def _asset(self, request: Request) -> Response:
        built = await self._file(f"assets/{request.path_params['path']}")
        if built is None:
            return PlainTextResponse("no such file\n", 404, SECURITY_HEADERS | NOT_CACHED)
        return _answer(request, built, CACHED_FOREVER)

    async def _file(self, name: str) -> BuiltFile | None:
        built = self._files.get(name)
        if built is None:
            built = await asyncio.to_thread(self._read, name)
            if built is not None:
                self._files[name] = built
        return built

    def _read(self, name: str) -> BuiltFile | None:
        if "\0" in name:
            return None
        path = (self._folder / name).resolve()
        media_type = MEDIA_TYPES.get(path.suffix)
        if media_type is None or not path.is_relative_to(self._folder) or not path.is_file():
            return None
        plain = path.read_bytes()
        if name == "index.html" and self._prefix:
            plain = plain.replace(b'="/assets/', f'="{self._prefix}/assets/'.encode())
        packed = gzip.compress(plain, 9, mtime=0) if len(plain) >= MIN_COMPRESSED else b""
        return BuiltFile(plain, packed if len(packed) < len(plain) else b"", media_type)


class NavigationRoute(Route):
    """Route for addresses that a person opens in a browser, and that nothing else answers."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what navigates to a document, and is not below one of `NOT_PAGES`."""
        match, child_scope = super().matches(scope)
        if match is Match.FULL and not _is_navigation(scope):
            return Match.NONE, {}
        return match, child_scope


def _is_navigation(scope: Scope) -> bool:
    path: str = scope["path"]
    if path.strip("/").partition("/")[0] in NOT_PAGES:
        return False
    headers = HTTPConnection(scope).headers
    mode = headers.get("sec-fetch-mode")
    # Older browsers do not tell the mode.
    return mode == "navigate" if mode is not None else "text/html" in headers.get("accept", "")


def _answer(request: Request, built: BuiltFile, caching: dict[str, str], status: int = 200) -> Response:
    headers = SECURITY_HEADERS | caching | {"Vary": "Accept-Encoding"}
    if built.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            built.packed, status, headers=headers | {"Content-Encoding": "gzip"}, media_type=built.media_type
        )
    return Response(built.plain, status, headers=headers, media_type=built.media_type)
