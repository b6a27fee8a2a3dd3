"""An ASGI application that serves hubs."""

from signalr_asyncio.server.app import HubHandle, ServerStats, SignalRServer
from signalr_asyncio.server.auth import Authenticate, ConnectionRequest, Principal, allow_anonymous
from signalr_asyncio.server.clients import ClientProxy, GroupManager, HubCallerClients, HubClients, SingleClientProxy
from signalr_asyncio.server.clock import Clock, LoopClock, TimerHandle
from signalr_asyncio.server.endpoint import Redirect
from signalr_asyncio.server.errors import (
    AuthenticationUnavailable,
    ClientGone,
    ClientInvocationError,
    ClientResultError,
    ExactError,
    HubException,
    Unauthorized,
)
from signalr_asyncio.server.hub import Hub, HubCall, HubContext, HubFilter, hub_method
from signalr_asyncio.server.options import HubOptions, TransportType
from signalr_asyncio.server.raw import ConnectionHandler, RawConnection
from signalr_asyncio.server.routes import ConnectionRoute, HubRoute

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
    "Redirect",
    "HubException",
    "ExactError",
    "Unauthorized",
    "ClientResultError",
    "ClientInvocationError",
    "AuthenticationUnavailable",
    "ClientGone",
    "Clock",
    "LoopClock",
    "TimerHandle",
]
