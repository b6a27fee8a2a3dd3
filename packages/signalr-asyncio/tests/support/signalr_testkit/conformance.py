"""The server that the conformance driver talks to, and what the driver can make it do beyond SignalR."""

from __future__ import annotations

import functools
import json
import logging
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qsl

from signalr_asyncio import (
    ConnectionHandler,
    ConnectionRequest,
    HubOptions,
    HubRoute,
    JsonHubProtocol,
    Principal,
    RawConnection,
    Redirect,
    SignalRServer,
    TransportType,
)
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_testkit.hubs import ConformanceHub, Seen
from signalr_testkit.proxy import BreakableProxy
from signalr_testkit.serving import serving

Scope = dict[str, Any]

_STICKY = "/sticky"


class UpperHandler(ConnectionHandler):
    """Sends back what comes, in capitals."""

    async def on_connected(self, connection: RawConnection) -> None:
        while (data := await connection.receive()) is not None:
            await connection.send(data.upper())


class LogMemory(logging.Handler):
    """Keeps the last log lines, as they would be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=20_000)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class ConformanceServer:
    """Hubs of every kind below `/hubs`, a redirect, a sticky path, and controls below `/control`.

    Use it as an async context manager; then `url` is its address.

    Parameters
    ----------
    websockets
        Uvicorn's implementation of WebSockets.
    """

    def __init__(self, websockets: Any = "websockets-sansio") -> None:
        self._websockets = websockets
        self.url = ""
        self.seen = Seen()
        self.log = LogMemory()
        self.revoked: set[str] = set()
        self._requests: dict[str, list[dict[str, Any]]] = {}
        self._id_of_token: dict[str, str] = {}
        self._proxies: dict[str, BreakableProxy] = {}
        self._own_servers: dict[str, AsyncExitStack] = {}
        self._stack = AsyncExitStack()
        self._hubs = self.make_hubs()

    async def __aenter__(self) -> Self:
        root = logging.getLogger()
        level = root.level
        root.addHandler(self.log)
        root.setLevel(logging.INFO)
        self._stack.callback(root.setLevel, level)
        self._stack.callback(root.removeHandler, self.log)
        port = await self._stack.enter_async_context(serving(self, self._websockets))
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for proxy in self._proxies.values():
            await proxy.close()
        for own in self._own_servers.values():
            await own.aclose()
        await self._stack.aclose()

    def make_hubs(self) -> SignalRServer:
        """Return a server with every kind of hub."""
        hub = functools.partial(ConformanceHub, self.seen)

        def route(**settings: Any) -> HubRoute:
            # Clients that were cut off leave connections behind, which at the end need not be waited for as long.
            return HubRoute(hub, HubOptions(close_timeout=0.5, **settings))

        async def elsewhere(_: ConnectionRequest, __: Principal) -> Redirect:
            return Redirect(f"{self.url}/hubs/guarded", "good-redirected")

        return SignalRServer(
            {
                "/hubs/open": route(),
                "/hubs/parallel": route(maximum_parallel_invocations=5),
                "/hubs/detailed": route(enable_detailed_errors=True),
                "/hubs/hasty": route(keep_alive_interval=0.1, client_timeout=2.0),
                "/hubs/chatty": route(keep_alive_interval=0.1),
                "/hubs/stateful": route(allow_stateful_reconnect=True),
                "/hubs/guarded": route(close_on_authentication_expiration=True),
                "/hubs/guarded-chatty": route(keep_alive_interval=0.1),
                "/hubs/websockets": route(transports=(TransportType.WEB_SOCKETS,)),
                "/hubs/events": route(transports=(TransportType.SERVER_SENT_EVENTS,)),
                "/hubs/polling": route(transports=(TransportType.LONG_POLLING,)),
                "/raw": UpperHandler,
                "/redirect": HubRoute(hub, redirect=elsewhere),
            },
            authenticate=self._authenticate,
            protocols=(JsonHubProtocol(), MessagePackHubProtocol()),
        )

    async def _authenticate(self, request: ConnectionRequest) -> Principal | None:
        if not request.path.startswith("/hubs/guarded"):
            return Principal()
        # A token is a kind, a user, and perhaps a serial number: `good-ann.7`.
        kind, _, rest = (request.token or "").partition("-")
        user = rest.partition(".")[0]
        if kind not in {"good", "brief"} or request.token in self.revoked:
            return None
        expires = datetime.now(UTC) + timedelta(seconds=2) if kind == "brief" else None
        return Principal(user, expires_at=expires)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._hubs(scope, receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        if scope["path"].startswith("/control/"):
            await self._control(scope["path"].removeprefix("/control/"), query, send)
            return
        if scope["path"].startswith(_STICKY):
            scope = {**scope, "path": scope["path"].removeprefix(_STICKY), "sticky": True}
        await self._watched(scope, query, receive, send)

    async def _watched(self, scope: Scope, query: Mapping[str, str], receive: Any, send: Any) -> None:
        """Let the hubs answer, and note requests by the public id of their connection."""
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        request = {
            "method": scope.get("method", "WebSocket"),
            "trace": headers.get("x-trace"),
            "cookie": headers.get("cookie"),
            "status": None,
        }
        if "id" in query:
            self._requests.setdefault(self._id_of_token.get(query["id"], ""), []).append(request)

        async def watching(message: Any) -> None:
            if message["type"] == "http.response.start":
                request["status"] = message["status"]
                if scope.get("sticky") and scope["path"].endswith("/negotiate"):
                    cookie = (b"set-cookie", b"node=node-7; Path=/")
                    message = {**message, "headers": [*message["headers"], cookie]}
            elif message["type"] == "http.response.body" and scope["path"].endswith("/negotiate"):
                self._note_tokens(message.get("body", b""))
            await send(message)

        await self._hubs(scope, receive, watching)

    def _note_tokens(self, body: bytes) -> None:
        answer: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
        if "connectionToken" in answer:
            self._id_of_token[answer["connectionToken"]] = answer["connectionId"]

    async def _control(self, action: str, query: Mapping[str, str], send: Any) -> None:
        answers = {
            "proxy": self._make_proxy,
            "proxy-act": self._act,
            "revoke": self._revoke,
            "poke": self._poke,
            "ended": self._ended,
            "disconnected": self._disconnected,
            "numbered": self._numbered,
            "saved": self._saved,
            "requests": self._requests_of,
            "logged": self._logged,
        }
        answer = await answers[action](query)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def _make_proxy(self, query: Mapping[str, str]) -> object:
        id_ = str(len(self._proxies))
        port = await self._own_server(id_) if query["own"] == "true" else int(self.url.rpartition(":")[2])
        proxy = self._proxies[id_] = BreakableProxy(port)
        await proxy.start()
        return {"id": id_, "url": proxy.url}

    async def _own_server(self, id_: str) -> int:
        stack = self._own_servers[id_] = AsyncExitStack()
        hubs = self.make_hubs()
        port = await stack.enter_async_context(serving(hubs, self._websockets))
        # First the hubs, which say good-bye to their clients: uvicorn would just end the WebSockets.
        stack.push_async_callback(hubs.shutdown)
        return port

    async def _act(self, query: Mapping[str, str]) -> object:
        proxy = self._proxies[query["id"]]
        match query["action"]:
            case "swallow-up":
                proxy.swallow("up")
            case "swallow-down":
                proxy.swallow("down")
            case "cut":
                proxy.cut()
            case "refuse" | "serve":
                proxy.refuse(refuse=query["action"] == "refuse")
            case "restart":
                old = self._own_servers[query["id"]]
                proxy.target = await self._own_server(query["id"])
                await old.aclose()
            case unknown:
                raise AssertionError(f"no such action: {unknown}")
        return {}

    async def _revoke(self, query: Mapping[str, str]) -> object:
        self.revoked.add(query["token"])
        return {}

    async def _poke(self, query: Mapping[str, str]) -> object:
        await self._hubs.hub("/hubs/guarded").clients.client(query["id"]).send("Poked")
        return {}

    async def _ended(self, query: Mapping[str, str]) -> object:
        return query["key"] in self.seen.ended

    async def _disconnected(self, query: Mapping[str, str]) -> object:
        disconnected = self.seen.disconnected
        return {"gone": query["id"] in disconnected, "error": disconnected.get(query["id"])}

    async def _numbered(self, query: Mapping[str, str]) -> object:
        return self.seen.numbered.get(query["id"], 0)

    async def _saved(self, query: Mapping[str, str]) -> object:
        return self.seen.saved.get(query["key"], [])

    async def _requests_of(self, query: Mapping[str, str]) -> object:
        return self._requests.get(query["id"], [])

    async def _logged(self, query: Mapping[str, str]) -> object:
        return {"found": any(query["text"] in line for line in self.log.lines), "lines": len(self.log.lines)}
