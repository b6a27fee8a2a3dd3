"""HTTP of the Portal: built pages with a strict content policy, and the session that a browser signs in to."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mesolive import __version__
from mesolive.portal.sessions import LIFE_SECONDS, Sessions, TooManyAttemptsError

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
    "events",
    "accounts",
    "server",
    "settings",
    "backtest",
)
"""First parts of the addresses that `portal/src/App.svelte` shows pages at."""

MAX_BODY = 4096

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

NEVER_KEPT = {"Cache-Control": "no-store"}
KEPT_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For files whose name has a hash of their content."""

MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /portal/session`."""

    Key: str


def cookie_name(port: int) -> str:
    """Return the name of the session's cookie: browsers share cookies between the ports of a host."""
    return f"mesolive_{port}"


def is_own_page(request: Request) -> bool:
    """Whether a request that changes something comes from a page of this server.

    `SameSite` does not tell: another port of this host is the same site. The exact origin does, and the header is one
    that a page of another origin cannot send without being asked first.
    """
    headers: Mapping[str, str] = request.headers
    if headers.get("x-mesolive") != "1":
        return False
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or origin.lower() == f"{request.url.scheme}://{headers.get('host', '')}".lower()


def portal_routes(sessions: Sessions, port: int) -> list[Route]:
    """Return the routes of the session and of the pages.

    Parameters
    ----------
    sessions
        Signs browsers in.
    port
        The port of the server, which is in the cookie's name.
    """
    name = cookie_name(port)

    async def session(request: Request) -> Response:
        if request.method == "GET":
            user = await sessions.find(request.cookies.get(name))
            if user is None:
                return _answer({"Message": "not signed in"}, 401)
            return _answer({"User": user.user_name, "Role": "trade", "Version": __version__})
        if not is_own_page(request):
            return _answer({"Message": "this request does not come from a page of this server"}, 403)
        if request.method == "DELETE":
            sessions.end(request.cookies.get(name))
            answer = _answer({"Message": "signed out"})
            answer.delete_cookie(name, path="/")
            return answer
        return await sign_in(request)

    async def sign_in(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                return _answer({"Message": f"expected at most {MAX_BODY} bytes"}, 413)
        try:
            wanted = msgspec.json.decode(body, type=SignIn)
        except msgspec.DecodeError as error:
            return _answer({"Message": f"expected a JSON object with Key: {error}"}, 400)
        address = request.client.host if request.client else ""
        try:
            cookie = await sessions.sign_in(wanted.Key, address)
        except TooManyAttemptsError:
            return _answer({"Message": "too many failed attempts; wait a minute"}, 429)
        if cookie is None:
            return _answer({"Message": "this key does not work"}, 401)
        answer = _answer({"Message": "signed in"})
        answer.set_cookie(
            name,
            cookie,
            max_age=int(LIFE_SECONDS),
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def page(request: Request) -> Response:
        prefix = cast("str", request.scope.get("root_path", "")).rstrip("/")
        return portal_file(request.url.path.removeprefix(prefix).removeprefix("/"), prefix)

    return [
        Route("/portal/session", session, methods=["GET", "POST", "DELETE"]),
        Route("/", page, methods=["GET", "HEAD"]),
        *[Route(f"/{name}", page, methods=["GET", "HEAD"]) for name in PAGES],
        *[Route(f"/{name}/{{path:path}}", page, methods=["GET", "HEAD"]) for name in (*PAGES, "assets")],
    ]


def portal_file(path: str, prefix: str = "") -> Response:
    """Return a built file, or the one page that shows every address of the Portal.

    Parameters
    ----------
    path
        The path of the request without the leading slash.
    prefix
        What a proxy puts before every path, without a trailing slash.
    """
    file = (ASSETS / path).resolve()
    if path.startswith("assets/"):
        if not file.is_relative_to(ASSETS.resolve()) or not file.is_file():
            return PlainTextResponse("no such file\n", 404, SECURITY_HEADERS)
        media = MEDIA_TYPES.get(file.suffix, "application/octet-stream")
        return FileResponse(file, headers=SECURITY_HEADERS | KEPT_FOR_EVER, media_type=media)
    try:
        text = (ASSETS / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return PlainTextResponse("the Portal was not built: make portal\n", 404, SECURITY_HEADERS)
    text = text.replace('="/assets/', f'="{prefix}/assets/')
    return Response(text, 200, SECURITY_HEADERS | NEVER_KEPT, media_type="text/html")


def _answer(value: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(value, status, SECURITY_HEADERS | NEVER_KEPT)
