"""Timeouts and keep-alive of one hub connection: handshake, client, send, absence, authentication."""

from __future__ import annotations

from typing import Protocol

from signalr_asyncio.protocol.codec import ProtocolError
from signalr_asyncio.protocol.messages import Ack
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._resumption import Resumption
from signalr_asyncio.server._writer import Writer

_SILENT = "Client hasn't sent a message/ping within the configured ClientTimeoutInterval."


class Timed(Protocol):
    """What timeouts need of their connection."""

    writer: Writer
    resumption: Resumption | None

    def is_ready(self) -> bool:
        """Return whether the handshake is over."""
        ...

    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection in good order."""
        ...

    def fail(self, error: Exception) -> None:
        """Close the connection with an error."""
        ...

    def end_handshake(self) -> None:
        """Refuse a client that has not shaken hands in time."""
        ...

    def end_absence(self, resumption: Resumption) -> None:
        """Give up a client that has not come back."""
        ...

    def end_polling(self) -> None:
        """Give up a client that polls no more."""
        ...

    def end_standstill(self) -> None:
        """Give up a transport that takes nothing."""
        ...

    def acknowledge(self, ack: Ack) -> None:
        """Send an ack."""
        ...

    def ping(self) -> None:
        """Send a ping."""
        ...


class Timeouts:
    """Looks at the times of one connection.

    Parameters
    ----------
    options
        The limits.
    now
        The clock's time, in seconds.
    expires_in
        For how many seconds the authentication is good; `None` for ever.

    Attributes
    ----------
    last_in
        When the last message of the client arrived.
    busy
        Whether something that it sent is being handled, so that nothing more is read.
    pinged
        Whether it has ever sent a ping. As in ASP.NET Core only its first ping arms the client timeout.
    """

    __slots__ = ("_expires_at", "_options", "_started", "busy", "last_in", "pinged")

    def __init__(self, options: HubOptions, now: float, expires_in: float | None) -> None:
        self._options = options
        self._started = now
        expires = options.close_on_authentication_expiration and expires_in is not None
        self._expires_at = now + expires_in if expires and expires_in is not None else None
        self.last_in = now
        self.busy = False
        self.pinged = False

    def check(self, connection: Timed, now: float) -> None:
        """End the connection when one of its times is over; else keep it alive."""
        options, writer = self._options, connection.writer
        if not connection.is_ready():
            if now - self._started >= options.handshake_timeout:
                connection.end_handshake()
        elif self._expires_at is not None and now >= self._expires_at:
            connection.close(reason="The authentication has expired.")
        elif connection.resumption is not None and connection.resumption.away_since is not None:
            if now - connection.resumption.away_since >= options.disconnect_timeout:
                connection.end_absence(connection.resumption)
        elif writer.transport.keeps_itself_alive:
            idle_since = writer.transport.idle_since
            if idle_since is not None and now - idle_since >= options.disconnect_timeout:
                connection.end_polling()
        elif writer.sending_since is not None and now - writer.sending_since >= options.send_timeout:
            connection.end_standstill()
        elif (error := self._standstill(connection.resumption, now)) is not None:
            connection.fail(error)
        else:
            self._keep_alive(connection, now)

    def _standstill(self, resumption: Resumption | None, now: float) -> Exception | None:
        """Return why the client counts as gone, if it does."""
        if self.busy or not self.pinged:
            # Its time begins anew when we read again.
            self.last_in = now
        if now - self.last_in >= self._options.client_timeout:
            return TimeoutError(_SILENT)
        if resumption is not None and resumption.stuck_for(now) >= self._options.client_timeout:
            return ProtocolError("The client sends on, and acknowledges nothing of what is sent to it.")
        return None

    def _keep_alive(self, connection: Timed, now: float) -> None:
        if connection.resumption is not None and (ack := connection.resumption.ack(now)) is not None:
            connection.acknowledge(ack)
        writer = connection.writer
        if writer.sending_since is None and now - writer.last >= self._options.keep_alive_interval:
            writer.last = now
            connection.ping()
