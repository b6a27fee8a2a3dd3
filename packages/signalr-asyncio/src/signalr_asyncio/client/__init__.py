"""SignalR client for asyncio: `HubConnection`, its options, transports and exceptions."""

from __future__ import annotations

from signalr_asyncio._clock import Clock, LoopClock
from signalr_asyncio.client._connection import ConnectionState, HubConnection
from signalr_asyncio.client._credentials import TokenSource
from signalr_asyncio.client._exceptions import (
    ClientError,
    ClosedByServerError,
    ConnectError,
    ConnectionLostError,
    HandlerStalledError,
    HandshakeError,
    HubError,
    InvocationTimeoutError,
    NegotiationError,
    NotConnectedError,
    PayloadMismatchError,
    ProtocolViolationError,
    ServerTimeoutError,
    StreamOverflowError,
    TooManyInvocationsError,
    TransportError,
    UnauthorizedError,
    UnknownConnectionError,
)
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._retry import RetryPolicy
from signalr_asyncio.client._streams import Stream
from signalr_asyncio.client._transports import LongPolling, ServerSentEvents, WebSockets

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
    "LoopClock",
    # transports
    "WebSockets",
    "ServerSentEvents",
    "LongPolling",
    # exceptions
    "ClientError",
    "ConnectError",
    "NegotiationError",
    "UnauthorizedError",
    "TransportError",
    "UnknownConnectionError",
    "HandshakeError",
    "NotConnectedError",
    "ConnectionLostError",
    "ServerTimeoutError",
    "ClosedByServerError",
    "ProtocolViolationError",
    "HandlerStalledError",
    "HubError",
    "InvocationTimeoutError",
    "PayloadMismatchError",
    "StreamOverflowError",
    "TooManyInvocationsError",
]
