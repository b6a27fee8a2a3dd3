"""`Hub` base class and connection context, for the hubs of an application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from msgspec import Struct

from signalr_asyncio.server._auth import ConnectionRequest, KeptRequest, Principal
from signalr_asyncio.server._clients import GroupManager, HubCallerClients

F = TypeVar("F", bound=Callable[..., Any])

MARK = "__signalr_hub_method__"


class MethodOptions(Struct, frozen=True):
    """What `hub_method` says about a method."""

    name: str | None = None
    latest_only: bool = False
    buffer: int | None = None
    cancellable: bool = True
    authorize: Callable[[HubContext], bool] | None = None


@overload
def hub_method(function: F, /) -> F: ...
@overload
def hub_method(
    *,
    name: str | None = None,
    latest_only: bool = False,
    buffer: int | None = None,
    cancellable: bool = True,
    authorize: Callable[[HubContext], bool] | None = None,
) -> Callable[[F], F]: ...
def hub_method(
    function: F | None = None,
    /,
    *,
    name: str | None = None,
    latest_only: bool = False,
    buffer: int | None = None,
    cancellable: bool = True,
    authorize: Callable[[HubContext], bool] | None = None,
) -> F | Callable[[F], F]:
    """Say more about a hub method; every public async method is one without it.

    Parameters
    ----------
    function
        The method, when the decorator is used bare.
    name
        The name for clients, where it differs from the method's.
    latest_only
        For server streams: when the client reads too slowly the oldest waiting item is dropped, and the generator is
        never held up. Without it the generator waits.
    buffer
        How many items of one upload, or of a latest-value stream, may wait; default
        `HubOptions.stream_buffer_capacity`.
    cancellable
        Whether a client that cancels a plain invocation cancels the running method.
    authorize
        Called with the context before each call; when it returns false the client gets the unauthorized error.
    """
    options = MethodOptions(name, latest_only, buffer, cancellable, authorize)
    if buffer is not None and buffer < 1:
        raise ValueError("hub_method: buffer must be at least 1")

    def mark(target: F) -> F:
        setattr(target, MARK, options)
        return target

    return mark if function is None else mark(function)


class HubContext:
    """One connection, as its hub sees it.

    Attributes
    ----------
    connection_id
        The public id. It is not the secret that addresses the connection.
    user_id, principal
        Who connected.
    path
        The hub's path.
    transport, protocol
        How the client connected: `WebSockets` …, `json` …
    items
        The hub's own notes for the life of the connection.
    """

    __slots__ = (
        "_abort",
        "_cancellation",
        "_request",
        "connection_id",
        "items",
        "path",
        "principal",
        "protocol",
        "transport",
    )

    def __init__(
        self,
        connection_id: str,
        principal: Principal,
        path: str,
        transport: str,
        abort: Callable[[], None],
        request: KeptRequest,
    ) -> None:
        self.connection_id = connection_id
        self.principal = principal
        self.path = path
        self.transport = transport
        self.protocol = ""
        self.items: dict[Any, Any] = {}
        self._cancellation: asyncio.Event | None = None
        self._abort = abort
        self._request = request

    @property
    def request(self) -> ConnectionRequest:
        """The request that the connection began with: headers, cookies, query, address, state of the application.

        With long polling and server-sent events it is the first GET; the token is not part of it.
        """
        return self._request.read()

    @property
    def user_id(self) -> str | None:
        """The principal's user id."""
        return self.principal.user_id

    @property
    def cancellation(self) -> asyncio.Event:
        """Set once the connection has ended. That cancels no plain invocation: those that should end look here."""
        if self._cancellation is None:
            self._cancellation = asyncio.Event()
        return self._cancellation

    def abort(self) -> None:
        """Close the connection; the Close message asks the client not to reconnect."""
        self._abort()


class Hub:
    """Base class of hubs. One object serves one connection.

    Every public method that is `async` (or is annotated to return an async iterator) can be called by clients, under
    its name, ignoring case. Arguments are checked and decoded by annotation; one annotated `Payload` is handed over
    undecoded. An async generator is a server stream; a parameter annotated `AsyncIterator[T]` is an upload.

    Attributes
    ----------
    context
        The connection.
    clients
        The caller and all other clients of this hub.
    groups
        Puts connections into groups.
    """

    context: HubContext
    clients: HubCallerClients
    groups: GroupManager

    async def on_connected(self) -> None:
        """Run after the handshake, before the first call. An exception closes the connection."""

    async def on_disconnected(self, error: str | None) -> None:
        """Run when the connection has ended; `error` says why where it was no orderly end."""


@dataclass(slots=True)
class HubCall:
    """One call of a hub method, as filters see it.

    Attributes
    ----------
    context, hub
        The connection and its hub object.
    method
        The method's name.
    arguments
        Decoded, in the method's order. A filter may replace them.
    streaming
        Whether the method answers with a stream: then the result is the async iterator.
    """

    context: HubContext
    hub: Hub
    method: str
    arguments: list[Any]
    streaming: bool


class HubFilter:
    """Stands around every call and around connecting and disconnecting: logging, authorisation, metrics.

    Override what is needed; call `proceed` to go on, raise to refuse.
    """

    async def invoke(self, call: HubCall, proceed: Callable[[HubCall], Awaitable[Any]]) -> Any:  # noqa: ANN401 - a method's result is anything
        """Stand around one call; returns the result, or another in its place."""
        return await proceed(call)

    async def connected(
        self,
        context: HubContext,  # noqa: ARG002 - for those who override it
        proceed: Callable[[], Awaitable[None]],
    ) -> None:
        """Stand around `on_connected`."""
        await proceed()

    async def disconnected(
        self,
        context: HubContext,  # noqa: ARG002 - for those who override it
        error: str | None,  # noqa: ARG002 - for those who override it
        proceed: Callable[[], Awaitable[None]],
    ) -> None:
        """Stand around `on_disconnected`."""
        await proceed()
