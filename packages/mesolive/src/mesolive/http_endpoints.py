"""HTTP endpoints: the ASGI application with health, metrics, Portal and hubs, for requests that name this server."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import cast
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mesolive.access.sessions import Sessions
from mesolive.operations.health import Health
from mesolive.portal.endpoints import SessionEndpoint
from mesolive.portal.pages import SECURITY_HEADERS, Pages
from mesolive.settings import Settings
from signalr_asyncio import SignalRServer


def host_is_known(host: str, settings: Settings) -> bool:
    """Return whether a request's `Host` names this server.

    Protects against DNS rebinding: a web page can point its own host name to this machine and read the answers that
    need no key. It cannot do that with an IP address or with a name of this server.

    Parameters
    ----------
    host
        The header, with a port or without.
    """
    name = urlsplit(f"//{host}").hostname or ""
    known = {"localhost", settings.host.lower(), socket.gethostname().lower(), *settings.allowed_hosts}
    if settings.public_url is not None:
        known.add(urlsplit(settings.public_url).hostname or "")
    if name.endswith(".localhost"):  # browsers and resolvers keep it on this machine (RFC 6761)
        return True
    if name in known:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class WithoutPrefix:
    """ASGI middleware for a proxy that passes its own path prefix on: the application sees paths without it.

    Parameters
    ----------
    prefix
        Such as `/mesolive`.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        path: str = scope.get("path", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            scope["path"] = path[len(self._prefix) :] or "/"
        await self._app(scope, receive, send)


class WithSecurityHeaders:
    """ASGI middleware that gives every HTTP answer the security headers that it does not have: health and hubs, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                names = {name.lower() for name, _ in present}
                message["headers"] = present + [each for each in self._headers if each[0] not in names]
            await send(message)

        await self._app(scope, receive, with_headers)


def http_application(
    settings: Settings, hubs: SignalRServer, health: Health, registry: CollectorRegistry, sessions: Sessions
) -> Starlette:
    """Return the application: `/health`, `/health/live`, `/metrics`, the hubs, and the Portal for everything else.

    Parameters
    ----------
    settings
        Of which the names of this server are read.
    registry
        The metrics.
    sessions
        Signs browsers in to the Portal.
    """

    def checked(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                known = host_is_known(request.headers.get("host", ""), settings)
            except ValueError:  # no host at all, but brackets
                known = False
            if known:
                return await endpoint(request)
            text = "this server is not known by this name; MESOLIVE_ALLOWED_HOSTS names others\n"
            return PlainTextResponse(text, 421)

        return answer

    async def serve_health(_request: Request) -> Response:
        report = health.report()
        return JSONResponse(report, 503 if report["status"] == "failing" else 200, {"Cache-Control": "no-store"})

    async def serve_liveness(_request: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})

    async def serve_metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def checked_routes(routes: Sequence[Route]) -> list[Route]:
        return [
            type(route)(route.path, checked(route.endpoint), methods=sorted(route.methods or ())) for route in routes
        ]

    prefix = settings.public_prefix
    session = SessionEndpoint(sessions, settings.port, settings.public_origin)
    return Starlette(
        middleware=[Middleware(WithSecurityHeaders), *([Middleware(WithoutPrefix, prefix=prefix)] if prefix else [])],
        routes=[
            Route("/health", checked(serve_health)),
            Route("/health/live", checked(serve_liveness)),
            Route("/metrics", checked(serve_metrics)),
            *checked_routes([session.route()]),
            *checked_routes(Pages(prefix, session=session.shown).routes()),
            Mount("/", app=cast("ASGIApp", hubs)),
        ],
    )
