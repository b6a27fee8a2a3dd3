"""Client transports: WebSockets, server-sent events, long polling."""

from __future__ import annotations

from signalr_asyncio.client._transports.base import Endpoint, Transport, TransportClosedError, TransportFactory
from signalr_asyncio.client._transports.longpolling import LongPolling
from signalr_asyncio.client._transports.sse import ServerSentEvents
from signalr_asyncio.client._transports.websockets import WebSockets

__all__ = [
    "Endpoint",
    "LongPolling",
    "ServerSentEvents",
    "Transport",
    "TransportClosedError",
    "TransportFactory",
    "WebSockets",
]
