"""Static files of the Portal: built pages with a strict content security policy, caching and compression.

Names of built files hold a hash of their content, so that browsers keep them for ever. `index.html` answers the address
of every page and is never kept.
"""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

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

NEVER_KEPT = {"Cache-Control": "no-store"}
KEPT_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

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

MIN_COMPRESSED = 1024
"""Bytes below which compression does not pay."""


@dataclass(frozen=True, slots=True)
class BuiltFile:
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
    """

    def __init__(self, prefix: str = "", folder: Path = ASSETS) -> None:
        self._prefix = prefix
        self._folder = folder.resolve()
        self._files: dict[str, BuiltFile] = {}

    def routes(self) -> list[Route]:
        """Return the routes: built files, and one page for every address of the Portal."""
        methods = ["GET", "HEAD"]
        return [
            Route("/", self._index, methods=methods),
            *[Route(f"/{name}", self._index, methods=methods) for name in PAGES],
            *[Route(f"/{name}/{{path:path}}", self._index, methods=methods) for name in PAGES],
            Route("/assets/{path:path}", self._asset, methods=methods),
        ]

    async def _index(self, request: Request) -> Response:
        built = await self._file("index.html")
        if built is None:
            return PlainTextResponse("the Portal was not built: make portal\n", 404, SECURITY_HEADERS | NEVER_KEPT)
        return _answer(request, built, NEVER_KEPT)

    async def _asset(self, request: Request) -> Response:
        built = await self._file(f"assets/{request.path_params['path']}")
        if built is None:
            return PlainTextResponse("no such file\n", 404, SECURITY_HEADERS | NEVER_KEPT)
        return _answer(request, built, KEPT_FOR_EVER)

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


def _answer(request: Request, built: BuiltFile, caching: dict[str, str]) -> Response:
    headers = SECURITY_HEADERS | caching | {"Vary": "Accept-Encoding"}
    if built.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(built.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=built.media_type)
    return Response(built.plain, headers=headers, media_type=built.media_type)
