"""SignalR server: an ASGI application with hubs, options, authentication, filters and raw connections."""

from signalr_asyncio._clock import Clock, LoopClock, TimerHandle
from signalr_asyncio.server._app import HubHandle, ServerStats, SignalRServer
from signalr_asyncio.server._auth import Authenticate, ConnectionRequest, HideTokens, Principal, allow_anonymous
from signalr_asyncio.server._clients import ClientProxy, GroupManager, HubCallerClients, HubClients, SingleClientProxy
from signalr_asyncio.server._endpoint import Redirect
from signalr_asyncio.server._errors import (
    AccessDeniedError,
    AuthenticationUnavailableError,
    ClientDisconnectedError,
    ClientInvocationError,
    ClientResultError,
    ExactError,
    HubMethodError,
)
from signalr_asyncio.server._hub import Hub, HubCall, HubContext, HubFilter, hub_method
from signalr_asyncio.server._options import HubOptions, TransportType
from signalr_asyncio.server._pushed import PushedItems
from signalr_asyncio.server._raw import ConnectionHandler, RawConnection
from signalr_asyncio.server._routes import ConnectionRoute, HubRoute

__all__ = [
    "SignalRServer",
    "HubRoute",
    "ConnectionRoute",
    "ConnectionHandler",
    "RawConnection",
    "HubHandle",
    "ServerStats",
    "Hub",
    "hub_method",
    "PushedItems",
    "HubContext",
    "HubFilter",
    "HubCall",
    "HubOptions",
    "TransportType",
    "HubClients",
    "HubCallerClients",
    "ClientProxy",
    "SingleClientProxy",
    "GroupManager",
    "Principal",
    "ConnectionRequest",
    "Authenticate",
    "allow_anonymous",
    "HideTokens",
    "Redirect",
    "HubMethodError",
    "ExactError",
    "AccessDeniedError",
    "ClientResultError",
    "ClientInvocationError",
    "ClientDisconnectedError",
    "AuthenticationUnavailableError",
    "Clock",
    "LoopClock",
    "TimerHandle",
]
