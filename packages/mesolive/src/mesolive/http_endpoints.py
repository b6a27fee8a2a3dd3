"""HTTP endpoints: the ASGI application with health, metrics and the hubs, for requests that name this server."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mesolive.operations.health import Health
from mesolive.portal.endpoints import portal_routes
from mesolive.portal.sessions import Sessions
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
    if name in known:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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

    return Starlette(
        routes=[
            Route("/health", checked(serve_health)),
            Route("/health/live", checked(serve_liveness)),
            Route("/metrics", checked(serve_metrics)),
            *[
                Route(route.path, checked(route.endpoint), methods=sorted(route.methods or ()))
                for route in portal_routes(sessions, settings.port)
            ],
            Mount("/", app=cast("ASGIApp", hubs)),
        ]
    )
