"""Shared state of all connections of one hub: options, protocols, groups and filters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from signalr_asyncio._clock import Clock
from signalr_asyncio._tasks import Tasks
from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.server._binder import HubDescription
from signalr_asyncio.server._clients import Registry
from signalr_asyncio.server._flusher import Flusher
from signalr_asyncio.server._hub import Hub, HubFilter
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._throttled_log import ThrottledLog

log = logging.getLogger("signalr_asyncio.server")


@dataclass(slots=True)
class Counters:
    """Totals since the server was made. Bytes are those of hub messages, without what the transport adds."""

    connections: int = 0
    refused: int = 0
    invocations: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    overflows: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Runtime:
    """What all connections of one path share."""

    path: str
    options: HubOptions
    clock: Clock
    tasks: Tasks
    counters: Counters
    log: ThrottledLog
    flusher: Flusher


@dataclass(slots=True, eq=False, kw_only=True)
class HubRuntime(Runtime):
    """One hub of a server: its class, its settings and its connections."""

    description: HubDescription
    factory: Callable[[], Hub]
    filters: Sequence[HubFilter]
    protocols: Mapping[str, HubProtocol]
    registry: Registry = field(default_factory=Registry)
