"""Hub options: limits, timeouts and transports, with ASP.NET Core's defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace  # noqa: TID251 - this module has no structs
from enum import StrEnum


class TransportType(StrEnum):
    """How bytes travel; the values are the names in a negotiation."""

    WEB_SOCKETS = "WebSockets"
    SERVER_SENT_EVENTS = "ServerSentEvents"
    LONG_POLLING = "LongPolling"


ALL_TRANSPORTS = (TransportType.WEB_SOCKETS, TransportType.SERVER_SENT_EVENTS, TransportType.LONG_POLLING)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOptions:
    """Limits and times of one hub, or of all hubs of a server. Times in seconds, sizes in bytes.

    Parameters
    ----------
    keep_alive_interval
        After so long without a message to the client it gets a ping.
    client_timeout
        After so long without a message or ping from the client the connection is closed. Not for long polling.
    handshake_timeout
        A client that connected must have sent its handshake within this time.
    maximum_receive_message_size
        The most bytes of one message from a client; `None` is no limit.
    stream_buffer_capacity
        How many items of one upload wait for the hub method; then reading from that client pauses. Also how many items
        of a latest-value stream wait for the client; then the oldest is dropped.
    maximum_upload_bytes
        How many bytes all uploads of one connection hold together. At this, reading pauses at an upload that has an
        item already.
    maximum_parallel_invocations
        How many calls of one connection run at the same time; streams and uploads are not counted.
    maximum_waiting_invocations
        How many calls of one connection wait for their turn; then reading from that client pauses.
    maximum_streams
        How many streams and uploads one connection has open at the same time; a further one is refused.
    maximum_groups
        How many groups one connection may be in.
    enable_detailed_errors
        Whether clients see the texts of any exception, not only of `HubMethodError`.
    maximum_outgoing_bytes
        How much waits for one client. At this, waiting items of latest-value streams are dropped, oldest first; if that
        does not help, the connection is closed.
    stream_high_water
        How much waits for one client before its server streams pause and its further calls wait.
    coalesce_limit
        Messages that wait go out in one frame up to this size; a larger message is a frame of its own.
    send_timeout
        A client that takes nothing for so long while something waits for it is disconnected.
    close_timeout
        How long closing tries to deliver what waits, and how long `on_disconnected` and ending streams may take.
    disconnect_timeout
        How long a negotiated connection may stay unused, a long polling one without a poll, a stateful one away.
    poll_timeout
        An empty poll is answered after this time.
    maximum_connections
        How many connections the server, or the hub, keeps.
    maximum_connections_per_user
        How many of them one user may have; `None` is no limit of its own.
    transports
        What clients may use, in the order in which they are offered.
    allow_stateful_reconnect
        Whether clients that ask for it may come back to the same connection without losing messages.
    stateful_buffer_size
        How many bytes of sent messages are kept until the client acknowledged them.
    minimum_negotiate_version
        Clients that negotiate in an older version are refused.
    allowed_origins
        Web origins, such as `https://example.com`, whose pages may use the hubs; `*` is any. The host's own always may.
    close_on_authentication_expiration
        Whether a connection ends when its principal's proof expires.
    """

    keep_alive_interval: float = 15.0
    client_timeout: float = 30.0
    handshake_timeout: float = 15.0
    maximum_receive_message_size: int | None = 32 * 1024
    stream_buffer_capacity: int = 10
    maximum_upload_bytes: int = 1024 * 1024
    maximum_parallel_invocations: int = 1
    maximum_waiting_invocations: int = 100
    maximum_streams: int = 1000
    maximum_groups: int = 1000
    enable_detailed_errors: bool = False
    maximum_outgoing_bytes: int = 1024 * 1024
    stream_high_water: int = 64 * 1024
    coalesce_limit: int = 16 * 1024
    send_timeout: float = 10.0
    close_timeout: float = 5.0
    disconnect_timeout: float = 15.0
    poll_timeout: float = 90.0
    maximum_connections: int = 10_000
    maximum_connections_per_user: int | None = None
    transports: tuple[TransportType, ...] = ALL_TRANSPORTS
    allow_stateful_reconnect: bool = False
    stateful_buffer_size: int = 100_000
    minimum_negotiate_version: int = 0
    allowed_origins: frozenset[str] = frozenset()
    close_on_authentication_expiration: bool = False

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, bool):
                continue
            if isinstance(value, float) and not (math.isfinite(value) and value > 0):
                raise ValueError(f"HubOptions.{entry.name} must be a positive number of seconds, not {value!r}")
            if isinstance(value, int) and value < (0 if entry.name == "minimum_negotiate_version" else 1):
                raise ValueError(f"HubOptions.{entry.name} must be positive, not {value!r}")
        if self.minimum_negotiate_version > 1:
            raise ValueError("HubOptions.minimum_negotiate_version is 0 or 1")
        if self.client_timeout <= self.keep_alive_interval:
            raise ValueError("HubOptions.client_timeout must be longer than keep_alive_interval, best twice as long")
        if self.stream_high_water > self.maximum_outgoing_bytes:
            raise ValueError("HubOptions.stream_high_water must not exceed maximum_outgoing_bytes")
        if not self.transports or len(set(self.transports)) != len(self.transports):
            raise ValueError("HubOptions.transports must name at least one transport, and none twice")

    @property
    def tick(self) -> float:
        """How often the times above are looked at: at most once a second, and often enough for the shortest."""
        shortest = min(
            self.keep_alive_interval,
            self.client_timeout,
            self.handshake_timeout,
            self.send_timeout,
            self.disconnect_timeout,
            self.poll_timeout,
        )
        return min(1.0, max(0.02, shortest / 4))


def without_stateful_reconnect(options: HubOptions) -> HubOptions:
    """Return the options of a connection without hubs: what goes on over a new transport is the hub protocol."""
    return replace(options, allow_stateful_reconnect=False)
