"""ASGI application of the double of tastytrade: authenticates requests, runs operations, and disturbs their answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from mesolive.doubles.tastytrade.connections import Connections
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.limits import RateLimits
from mesolive.doubles.tastytrade.oauth import TokenRefusal, Tokens
from mesolive.doubles.tastytrade.order_request import Refusal
from mesolive.doubles.tastytrade.rest import MAX_BODY_BYTES, Answer, Operation, Request, error_body
from mesolive.doubles.tastytrade.values import JsonObject

USER_AGENT: Final = re.compile(r"[^/\s]+/[^/\s]+.*")
VERSION: Final = re.compile(r"\d{8}")
BAD_GATEWAY: Final = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
GATEWAY_TIMEOUT: Final = "<html><head><title>504 Gateway Time-out</title></head><body>nginx</body></html>"

OUTAGES: Final = ("throttled", "internal_error", "bad_gateway", "request_lost")
"""Faults by which a request is not carried out."""


class Application:
    """The REST side; the websockets are routes beside it.

    Parameters
    ----------
    desk
        The books.
    tokens
        Which tokens are valid.
    operations
        The REST calls.
    sockets
        The routes of the websockets.
    connections
        The sockets, to cut them.
    """

    def __init__(
        self,
        desk: Desk,
        tokens: Tokens,
        operations: Sequence[Operation],
        sockets: Sequence[BaseRoute],
        connections: Connections,
    ) -> None:
        self._desk = desk
        self._tokens = tokens
        self._limits = RateLimits(desk)
        self._connections = connections
        by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
        for operation in operations:
            by_path[operation.path][operation.method] = operation
        # Paths without parts first: `/orders/live` is no id.
        paths = sorted(by_path, key=lambda path: [part.startswith("{") for part in path.split("/")])
        routes: list[BaseRoute] = [Route("/oauth/token", self._token, methods=["POST"])]
        routes += [Route(path, self._endpoint(by_path[path]), methods=sorted(by_path[path])) for path in paths]
        self.asgi = Starlette(
            routes=[*routes, *sockets],
            exception_handlers={404: _no_route, 405: _no_route},
        )

    def _endpoint(self, by_method: Mapping[str, Operation]) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def endpoint(http: HttpRequest) -> Response:
            operation = by_method.get(http.method) or by_method["GET"]
            try:
                body = await http.body()
            except ClientDisconnect:
                return Response()  # a client that was killed does not read it
            await self._wait(self._desk.settings.answer_seconds)
            outage = self._outage(http, operation)
            if outage is not None:
                return outage
            response = self._carry_out(http, operation, body)
            self._desk.commit()
            return await self._disturbed(http, operation, response)

        return endpoint

    async def _token(self, http: HttpRequest) -> Response:
        try:
            body = await http.body()
        except ClientDisconnect:
            return Response()
        desk = self._desk
        operation = Operation("token", "POST", "/oauth/token", _nothing)
        outage = self._outage(http, operation)
        if outage is not None:
            return outage
        if not USER_AGENT.fullmatch(http.headers.get("user-agent", "")):
            return _error(Refusal(401, "unauthorized", "Unauthorized"))
        desk.truth.note("request", operation="token", method="POST", path="/oauth/token")
        try:
            answer = self._tokens.grant(msgspec.json.decode(body, type=dict[str, object]))
        except msgspec.DecodeError:
            return JSONResponse({"error_code": "invalid_request", "error_description": "Malformed body"}, 400)
        except TokenRefusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        return await self._disturbed(http, operation, JSONResponse(answer))

    # a request

    def _carry_out(self, http: HttpRequest, operation: Operation, body: bytes) -> Response:
        desk = self._desk
        desk.truth.note("request", operation=operation.name, method=operation.method, path=http.url.path)
        try:
            version = self._authenticate(http, operation)
            if len(body) > MAX_BODY_BYTES:
                raise Refusal(413, "request_too_large", "Request body is too large")
            query = parse_qs(http.url.query, keep_blank_values=True)
            parts = {name: str(value) for name, value in http.path_params.items()}
            request = Request(desk, operation.method, http.url.path, parts, query, body, version)
            answer = operation.handler(request)
        except Refusal as refusal:
            return _error(refusal)
        return _json(answer, http.url.path)

    def _authenticate(self, http: HttpRequest, operation: Operation) -> str:
        """Return the version of the API.

        Raises
        ------
        Refusal
            When the request has no valid token, is too fast, of an unknown version, or not permitted.
        """
        desk = self._desk
        if not USER_AGENT.fullmatch(http.headers.get("user-agent", "")):
            raise Refusal(401, "unauthorized", "Unauthorized")
        scopes = self._tokens.scopes_of(http.headers.get("authorization", ""))
        if scopes is None:
            raise Refusal(401, "token_invalid", "This token is invalid or has expired")
        if not self._limits.admit(operation):
            raise Refusal(429, "too_many_requests", "Too many requests")
        needed = "trade" if operation.trades else "read"
        if needed not in scopes or desk.faults.strike("not_permitted", operation=operation.name) is not None:
            raise Refusal(403, "not_permitted", "User not permitted access")
        asked = http.headers.get("accept-version")
        if asked is None:
            return desk.settings.default_version
        refused = desk.faults.strike("version_refused", operation=operation.name) is not None
        if refused or not desk.settings.versions or not VERSION.fullmatch(asked):
            raise Refusal(406, "not_acceptable", "The requested version is not supported")
        return asked

    # faults

    def _outage(self, http: HttpRequest, operation: Operation) -> Response | None:
        """Return what comes in place of the request being carried out."""
        for name in OUTAGES:
            if self._desk.faults.strike(name, operation=operation.name) is None:
                continue
            match name:
                case "throttled":
                    return Response(status_code=429)
                case "internal_error":
                    text = "An internal server error occurred. Support id: 4f0c"
                    return _error(Refusal(500, "internal_server_error", text))
                case "bad_gateway":
                    return Response(BAD_GATEWAY, 502, media_type="text/html")
                case _:
                    return self._cut(http)
        return None

    async def _disturbed(self, http: HttpRequest, operation: Operation, response: Response) -> Response:
        """Return the answer, or what comes of it on its way."""
        strike, name = self._desk.faults.strike, operation.name
        fault = strike("answer_held", operation=name)
        if fault is not None:
            await self._wait(float(fault["seconds"]))
        if strike("answer_lost", operation=name) is not None:
            return self._cut(http)
        if strike("gateway_timeout", operation=name) is not None:
            return JSONResponse(GATEWAY_TIMEOUT, 504)
        if strike("answer_garbled", operation=name) is not None:
            return Response(BAD_GATEWAY, response.status_code, media_type="text/html")
        if strike("answer_torn", operation=name) is not None:
            return self._torn(http, response)
        trickle = strike("answer_trickles", operation=name)
        if trickle is not None:
            pieces = self._pieces(bytes(response.body), int(trickle["bytes"]), float(trickle["seconds"]))
            return StreamingResponse(pieces, response.status_code, media_type="application/json")
        return response

    def _cut(self, http: HttpRequest) -> Response:
        """Reset the socket; what is returned is written nowhere."""
        self._connections.cut(http.scope.get("client"))
        return Response()

    def _torn(self, http: HttpRequest, response: Response) -> Response:
        whole = bytes(response.body)

        async def half() -> AsyncIterator[bytes]:
            yield whole[: len(whole) // 2]
            await self._wait(0.05)  # the first half reaches the client before the socket is reset
            self._connections.cut(http.scope.get("client"))

        headers = {"content-length": str(len(whole)), "content-type": "application/json"}
        return StreamingResponse(half(), response.status_code, headers)

    async def _pieces(self, whole: bytes, size: int, pause: float) -> AsyncIterator[bytes]:
        for first in range(0, len(whole), max(size, 1)):
            yield whole[first : first + max(size, 1)]
            await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self._desk.timer.sleep(seconds)


def _json(answer: Answer, context: str) -> Response:
    return Response(msgspec.json.encode(answer.body(context)), answer.status, media_type="application/json")


def _error(refusal: Refusal) -> Response:
    if refusal.status == 429:
        return Response(status_code=429)
    return JSONResponse(error_body(refusal), refusal.status)


def _nothing(request: Request) -> Answer:
    del request
    return Answer()


async def _no_route(http: HttpRequest, error: Exception) -> Response:
    del error
    body: JsonObject = {"error": {"code": "not_found", "message": f"There is no {http.method} {http.url.path}"}}
    return JSONResponse(body, 404)
