"""Routes: a hub or a connection handler at a path, with its own options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_type_hints

from msgspec import Struct

from signalr_asyncio.server._auth import Authenticate
from signalr_asyncio.server._endpoint import Redirector
from signalr_asyncio.server._hub import Hub, HubFilter
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._raw import ConnectionHandler

T = TypeVar("T")


class HubRoute(Struct, frozen=True):
    """A hub with settings of its own.

    Parameters
    ----------
    hub
        The hub class, or something that makes a hub object for each connection: a `functools.partial` of the class, or
        a function whose return annotation is the class.
    options
        In place of the server's.
    redirect
        Asked at negotiation; may send the client to another server.
    authenticate
        In place of the server's; `allow_anonymous` lets every client in.
    filters
        Stand around every call of this hub, within those of the server.
    """

    hub: type[Hub] | Callable[[], Hub]
    options: HubOptions | None = None
    redirect: Redirector | None = None
    authenticate: Authenticate | None = None
    filters: Sequence[HubFilter] = ()

    def hub_class(self) -> type[Hub]:
        """Return the class of the hub objects.

        Raises
        ------
        TypeError
            When it cannot be determined.
        """
        return _class_made_by(self.hub, Hub, "hub")


class ConnectionRoute(Struct, frozen=True):
    """A connection handler with settings of its own.

    Parameters
    ----------
    handler
        The handler class, or something that makes a handler for each connection, as `HubRoute.hub`.
    options
        In place of the server's. Those of hubs (calls, streams, pings) mean nothing here.
    authenticate
        In place of the server's; `allow_anonymous` lets every client in.
    """

    handler: type[ConnectionHandler] | Callable[[], ConnectionHandler]
    options: HubOptions | None = None
    authenticate: Authenticate | None = None

    def handler_class(self) -> type[ConnectionHandler]:
        """Return the class of the handlers.

        Raises
        ------
        TypeError
            When it cannot be determined.
        """
        return _class_made_by(self.handler, ConnectionHandler, "connection handler")


Route = HubRoute | ConnectionRoute
Served = type[Hub] | type[ConnectionHandler] | Route


def route_of(served: Served) -> Route:
    """Return the route of a class that has no settings of its own, or the route itself."""
    if isinstance(served, Route):
        return served
    return ConnectionRoute(served) if issubclass(served, ConnectionHandler) else HubRoute(served)


def _class_made_by(factory: object, base: type[T], noun: str) -> type[T]:
    made: Any = factory
    while isinstance(made, functools.partial):
        made = made.func
    if not inspect.isclass(made):
        made = get_type_hints(made).get("return")
    if not (inspect.isclass(made) and issubclass(made, base)):
        raise TypeError(f"{factory!r}: not a {noun} class, a partial of one, or a function annotated to return one")
    return made
