"""How bytes travel to the server and back: WebSockets, server-sent events, long polling."""

from __future__ import annotations

from signalr_asyncio.client.transports.base import Endpoint, Transport, TransportClosed, TransportFactory
from signalr_asyncio.client.transports.longpolling import LongPolling
from signalr_asyncio.client.transports.sse import ServerSentEvents
from signalr_asyncio.client.transports.websockets import WebSockets

__all__ = [
    "Endpoint",
    "LongPolling",
    "ServerSentEvents",
    "Transport",
    "TransportClosed",
    "TransportFactory",
    "WebSockets",
]
