"""Client options: timeouts, limits, HTTP headers and TLS of a connection."""

from __future__ import annotations

import ssl as ssl_module
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Limits and times of one connection. Times are seconds, sizes are bytes.

    Parameters
    ----------
    keep_alive
        A ping goes out after this time; the server closes a connection that it has not heard of for its own timeout
        (30 s by default), so this must be well below it.
    server_timeout
        The connection counts as lost when no message arrived for this time. At least twice the server's keep-alive.
    handshake_timeout
        How long to wait for the server's answer to the handshake.
    connect_timeout
        How long negotiating and opening a transport may take, each.
    poll_timeout
        Long polling: how long a poll may stay unanswered. Servers answer an idle poll after 90 s by default.
    stop_timeout
        How long `stop()` waits for the server, and for handlers that still run.
    max_message_size
        The longest message taken from the server; a longer one ends the connection.
    stream_buffer
        Items kept for the reader of a stream that names no other number.
    handler_buffer
        Messages kept for the handlers of one target.
    read_ahead
        While answers, or acks of stateful reconnect, are waited for, buffers may grow to this multiple of their size,
        because their reader may be the one who waits for what comes behind the items.
    stall_timeout
        How long a buffer that has grown so may block these without anybody taking from it.
    max_pending
        Answers waited for at the same time.
    max_redirects
        Redirects followed while negotiating.
    resend_buffer
        Stateful reconnect: bytes sent but not acknowledged, before senders wait.
    resume_timeout
        Stateful reconnect: for how long to try to resume before a plain reconnect.
    ssl
        The TLS context for `https` and `wss`; None for the system's.
    proxy
        URL of an HTTP proxy; None for a direct connection. Environment variables are not looked at.
    """

    keep_alive: float = 15.0
    server_timeout: float = 30.0
    handshake_timeout: float = 15.0
    connect_timeout: float = 30.0
    poll_timeout: float = 120.0
    stop_timeout: float = 5.0
    max_message_size: int = 16 * 1024 * 1024
    stream_buffer: int = 256
    handler_buffer: int = 1024
    read_ahead: int = 8
    stall_timeout: float = 10.0
    max_pending: int = 10_000
    max_redirects: int = 10
    resend_buffer: int = 100_000
    resume_timeout: float = 30.0
    ssl: ssl_module.SSLContext | None = None
    # A proxy's URL may carry a password.
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for item in fields(self):
            value: object = getattr(self, item.name)
            if isinstance(value, int | float) and value <= 0:
                raise ValueError(f"{item.name} must be above zero, not {value}")
