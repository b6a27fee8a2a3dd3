"""A server with the three hubs of the contract with scripted answers, on a real socket."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import uvicorn

from mesolive_sdk import models, wire
from mesolive_sdk_testkit.contract import METHODS, STREAMS
from signalr_asyncio import ConnectionRequest, Hub, HubMethodError, HubOptions, Payload, Principal, SignalRServer

TOKEN = "a-valid-api-key"

PATHS = {"control": "/hubs/control/v1", "data": "/hubs/data/v1", "event": "/hubs/event/v1"}


class ScriptedServer:
    """Answers each method with what the test put into `answers`, and notes what was called.

    Attributes
    ----------
    answers
        Method to the envelope that it answers, to an exception that it raises, or to an async function of the argument.
    items
        Stream to the items that it yields; an exception among them ends it, an `asyncio.Event` is waited for.
    calls
        What was called: method and the argument's plain value.
    ended
        Streams that were cancelled or came to their end.
    on_connect
        Called with the hub object of each new connection to the Event Hub.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.items: dict[str, list[Any]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.on_connect: Callable[[Hub], Awaitable[None]] | None = None
        self.tokens: list[str | None] = []
        protocols = (wire.hub_protocol("json"), wire.hub_protocol("messagepack"))
        hubs = {path: self._hub(name) for name, path in PATHS.items()}
        options = HubOptions(maximum_parallel_invocations=8)
        self.hubs = SignalRServer(hubs, options=options, authenticate=self._authenticate, protocols=protocols)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self.hubs, log_config=None, lifespan="off", ws="websockets-sansio")
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # The socket listens already, so no client has to wait for the server to start.
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.hubs.shutdown()
        self._server.should_exit = True
        assert self._task is not None
        await self._task

    async def send(self, event: models.MesoLiveEvent) -> None:
        """Send an event to every connection of the Event Hub."""
        await self.hubs.hub(PATHS["event"]).clients.all.send(event.callback, event)

    def cut(self) -> None:
        """Cut every TCP connection, without a word to the clients."""
        for connection in tuple(self._server.server_state.connections):
            connection.transport.abort()

    async def _authenticate(self, request: ConnectionRequest) -> Principal | None:
        self.tokens.append(request.token)
        return Principal("1") if request.token == TOKEN else None

    def _hub(self, name: str) -> type[Hub]:
        members: dict[str, Any] = {m.name: self._method(m.name) for m in METHODS if m.hub == name}
        if name == "data":
            members |= {stream.name: self._stream(stream.name) for stream in STREAMS}
        if name == "event":

            async def on_connected(hub: Hub) -> None:
                if self.on_connect is not None:
                    await self.on_connect(hub)

            members["on_connected"] = on_connected
        return type(f"{name.title()}Hub", (Hub,), members)

    def _method(self, name: str) -> Any:
        async def method(hub: Hub, argument: Payload | None = None) -> object:
            value = None if argument is None else argument.builtins()
            self.calls.append((name, value))
            answer: Any = self.answers[name]
            if inspect.iscoroutinefunction(answer):
                answer = await answer(value)
            if isinstance(answer, Exception):
                raise answer
            return answer

        method.__name__ = name
        return method

    def _stream(self, name: str) -> Any:
        async def method(hub: Hub, argument: Payload) -> AsyncIterator[object]:
            self.calls.append((name, argument.builtins()))
            try:
                for item in self.items[name]:
                    if isinstance(item, asyncio.Event):
                        await item.wait()
                    elif isinstance(item, Exception):
                        raise item
                    else:
                        yield item
            finally:
                self.ended.put_nowait(name)

        method.__name__ = name
        return method


def success(data: object) -> models.MesoLiveApiResponse[Any]:
    """Return the envelope of a call that succeeded."""
    return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Data=data)


def hub_error(text: str) -> HubMethodError:
    """Return what a hub raises so that the client sees the text."""
    return HubMethodError(text)
