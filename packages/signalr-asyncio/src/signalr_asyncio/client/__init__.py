"""The asyncio client: `HubConnection` and what belongs to it."""

from __future__ import annotations

from signalr_asyncio.client.clock import Clock, MonotonicClock
from signalr_asyncio.client.connection import ConnectionState, HubConnection
from signalr_asyncio.client.credentials import TokenSource
from signalr_asyncio.client.exceptions import (
    ClientFailure,
    ClosedByServer,
    ConnectFailed,
    ConnectionLost,
    ConnectionUnknown,
    HandlerStalled,
    HandshakeFailed,
    HubError,
    InvocationTimeout,
    NegotiationFailed,
    NotConnected,
    PayloadMismatch,
    ProtocolViolation,
    ServerTimeout,
    StreamOverflow,
    TooManyInvocations,
    TransportFailed,
    Unauthorized,
)
from signalr_asyncio.client.options import ClientOptions
from signalr_asyncio.client.retry import RetryPolicy
from signalr_asyncio.client.streams import Stream
from signalr_asyncio.client.transports import LongPolling, ServerSentEvents, WebSockets

__all__ = [
    # connection
    "HubConnection",
    "ConnectionState",
    "Stream",
    # settings
    "ClientOptions",
    "RetryPolicy",
    "TokenSource",
    "Clock",
    "MonotonicClock",
    # transports
    "WebSockets",
    "ServerSentEvents",
    "LongPolling",
    # exceptions
    "ClientFailure",
    "ConnectFailed",
    "NegotiationFailed",
    "Unauthorized",
    "TransportFailed",
    "ConnectionUnknown",
    "HandshakeFailed",
    "NotConnected",
    "ConnectionLost",
    "ServerTimeout",
    "ClosedByServer",
    "ProtocolViolation",
    "HandlerStalled",
    "HubError",
    "InvocationTimeout",
    "PayloadMismatch",
    "StreamOverflow",
    "TooManyInvocations",
]
