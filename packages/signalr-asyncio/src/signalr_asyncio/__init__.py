"""SignalR Core for asyncio: protocol, ASGI server and client.

The names that most applications need. `signalr_asyncio.server`, `.client` and `.protocol` have all of them, and
`signalr_asyncio.testing` what tests need.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from signalr_asyncio._clock import Clock, LoopClock
from signalr_asyncio.protocol.codec import EncodeError, HubProtocol, ProtocolError
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import Payload, Shared

if TYPE_CHECKING:
    from signalr_asyncio.client import (
        ClientError,
        ClientOptions,
        ClosedByServerError,
        ConnectError,
        ConnectionLostError,
        ConnectionState,
        HubConnection,
        HubError,
        InvocationTimeoutError,
        LongPolling,
        NotConnectedError,
        RetryPolicy,
        ServerSentEvents,
        Stream,
        UnauthorizedError,
        WebSockets,
    )
    from signalr_asyncio.server import (
        AccessDeniedError,
        Authenticate,
        AuthenticationUnavailableError,
        ClientDisconnectedError,
        ClientInvocationError,
        ClientProxy,
        ClientResultError,
        ConnectionHandler,
        ConnectionRequest,
        ConnectionRoute,
        ExactError,
        GroupManager,
        Hub,
        HubCall,
        HubCallerClients,
        HubClients,
        HubContext,
        HubFilter,
        HubHandle,
        HubMethodError,
        HubOptions,
        HubRoute,
        Principal,
        RawConnection,
        Redirect,
        ServerStats,
        SignalRServer,
        SingleClientProxy,
        TransportType,
        allow_anonymous,
        hub_method,
    )

__version__ = "0.1.0"

__all__ = [
    # protocol
    "HubProtocol",
    "JsonHubProtocol",
    "MessagePackHubProtocol",
    "Payload",
    "Shared",
    "ProtocolError",
    "EncodeError",
    # time
    "Clock",
    "LoopClock",
    # server
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
    "HubMethodError",
    "ExactError",
    "AccessDeniedError",
    "ClientResultError",
    "ClientInvocationError",
    "ClientDisconnectedError",
    "AuthenticationUnavailableError",
    # client
    "HubConnection",
    "ConnectionState",
    "ClientOptions",
    "RetryPolicy",
    "Stream",
    "WebSockets",
    "ServerSentEvents",
    "LongPolling",
    "ClientError",
    "ConnectError",
    "NotConnectedError",
    "ConnectionLostError",
    "ClosedByServerError",
    "HubError",
    "UnauthorizedError",
    "InvocationTimeoutError",
]

_OF_CLIENT = frozenset(
    {
        "ClientError",
        "ClientOptions",
        "ClosedByServerError",
        "ConnectError",
        "ConnectionLostError",
        "ConnectionState",
        "HubConnection",
        "HubError",
        "InvocationTimeoutError",
        "LongPolling",
        "NotConnectedError",
        "RetryPolicy",
        "ServerSentEvents",
        "Stream",
        "UnauthorizedError",
        "WebSockets",
    }
)

if not TYPE_CHECKING:  # hidden from type checkers, for which every name would exist

    def __getattr__(name: str) -> object:
        # Client and server are imported when a name of theirs is first used: a program that is one of them does not
        # wait for the other and does not keep it in memory.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        side = "client" if name in _OF_CLIENT else "server"
        value = getattr(import_module(f"signalr_asyncio.{side}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return list(__all__)
