"""What the timeouts of one hub connection do to it: refusals, pings, acks, and its end."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.messages import Ack
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._resumption import Resumption
from signalr_asyncio.server._runtime import HubRuntime
from signalr_asyncio.server._writer import Writer

log = logging.getLogger("signalr_asyncio.server")


class TimedSession(ABC):
    """The half of a session that `Timeouts` calls; see its `Timed`.

    Attributes
    ----------
    runtime, options, writer, resumption
        Those of the connection.
    chosen_protocol
        The encoding, once the handshake is over.
    ping_record
        A ping in that encoding.
    end_error
        What `on_disconnected` is called with.
    """

    __slots__ = ()

    runtime: HubRuntime
    options: HubOptions
    writer: Writer
    resumption: Resumption | None
    chosen_protocol: HubProtocol | None
    ping_record: bytes
    end_error: str | None

    @property
    @abstractmethod
    def protocol(self) -> HubProtocol:
        """The encoding that the handshake chose."""

    @abstractmethod
    def refuse(self, error: str) -> None:
        """Answer the handshake with an error, and end the connection."""

    @abstractmethod
    def close(self, error: str | None = None, *, reason: str | None = None, allow_reconnect: bool = False) -> None:
        """End the connection in good order."""

    def is_ready(self) -> bool:
        """Return whether the handshake is over."""
        return self.chosen_protocol is not None

    def end_handshake(self) -> None:
        """Refuse a client that has not shaken hands in time."""
        self.runtime.log.write(logging.INFO, "%s: no handshake within %g s", self, self.options.handshake_timeout)
        self.refuse("Handshake was canceled.")

    def end_absence(self, resumption: Resumption) -> None:
        """Give up a client that has not come back."""
        self.end_error = "The client did not come back."
        resumption.give_up()

    def end_polling(self) -> None:
        """Give up a client that has stopped polling; no Close message can reach it."""
        self.end_error = "The client stopped asking for messages."
        self.writer.transport.abandon()

    def acknowledge(self, ack: Ack) -> None:
        """Send an ack of stateful reconnect, ahead of what waits."""
        self.writer.outbox.put_control(self.protocol.encode(ack))
        self.writer.flush_soon()

    def ping(self) -> None:
        """Send a ping, ahead of what waits."""
        self.writer.outbox.put_control(self.ping_record)
        self.writer.flush_soon()

    def end_standstill(self) -> None:
        """Give up a transport that takes nothing, and the connection with it unless the client may come back."""
        log.info("%s: the client takes nothing", self)
        if self.resumption is not None:
            self.writer.transport.abandon()
            return
        self.writer.outbox.clear()
        self.close("Connection closed with an error.", reason="The client took nothing within the send timeout.")
