"""One socket of a TWS client: handshake, frames in and out, and the faults that strike on the way out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, cast

from mesolive.doubles.tws.gateway import Gateway
from mesolive.doubles.tws.handshake import PREAMBLE, agreed_version, answer, read_greeting
from mesolive.doubles.tws.messages import NAMES, error
from mesolive.doubles.tws.texts import text_for
from mesolive.doubles.tws.wire import (
    MIN_SERVER_VERSION,
    FrameSplitter,
    Message,
    WireError,
    fields_of,
    frame,
)


class Receiver(Protocol):
    """What a session gives its messages to."""

    def received(self, session: Session, fields: Sequence[str]) -> None:
        """Take one message."""
        ...

    def opened(self, session: Session) -> bool:
        """Note a new socket; return whether it may stay."""
        ...

    def closed(self, session: Session) -> None:
        """Note that a socket has been lost or closed."""
        ...


class Session(asyncio.Protocol):
    """One socket.

    Parameters
    ----------
    gateway
        Of the double.
    receiver
        Takes the client's messages.

    Attributes
    ----------
    client_id
        The client's number; -1 before startApi.
    version
        The server version that was agreed on; 0 before.
    sent_at
        Times on the connection of the messages of the last second, for pacing.
    """

    def __init__(self, gateway: Gateway, receiver: Receiver) -> None:
        self.client_id = -1
        self.version = 0
        self.sent_at: deque[float] = deque()
        self.breaches = 0
        self._gateway = gateway
        self._receiver = receiver
        self._splitter = FrameSplitter()
        self._greeted = False
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._pieces: deque[bytes] = deque()
        self._scheduled = False

    # from the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._receiver.opened(self):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the socket."""
        del exc
        self._transport = None
        self._receiver.closed(self)

    def eof_received(self) -> None:
        """Close the socket when the client has closed its side."""

    def data_received(self, data: bytes) -> None:
        """Take bytes; what is not the protocol closes the socket."""
        try:
            bodies = self._bodies(data)
            for body in bodies:
                if self._transport is None:
                    return
                if self.version == 0:
                    self._greet(body)
                else:
                    self._receiver.received(self, fields_of(body))
        except WireError:
            self.close()

    def _bodies(self, data: bytes) -> list[bytes]:
        if self._greeted:
            return self._splitter.feed(data)
        self._splitter.hold(data)
        preamble = self._splitter.take(len(PREAMBLE))
        if preamble is None:
            return []
        if preamble != PREAMBLE:
            raise WireError("the first bytes of a client must be API and NUL")
        self._greeted = True
        return self._splitter.feed(b"")

    def _greet(self, body: bytes) -> None:
        greeting = read_greeting(body)
        gateway = self._gateway
        version = agreed_version(greeting, gateway.settings.server_version)
        self.send(answer(version, gateway.now(), gateway.zone.zone))
        # Older versions are named only so that a client can refuse them.
        self.version = version if version >= MIN_SERVER_VERSION else -1
        gateway.commit()

    # to the client

    def send(self, message: Message) -> None:
        """Send a message, unless a fault loses it, once the state behind it is kept."""
        faults = self._gateway.faults
        if not faults.on:
            self._write(frame(message))
            return
        name = NAMES.get(message[0], "") if isinstance(message[0], int) else ""
        strike = partial(faults.strike, client=self.client_id, message=name)
        if strike("lost_messages") is not None:
            return
        data = frame(message)
        if strike("malformed_messages") is not None:
            data = frame(message[:-1])
        if strike("garbled_messages") is not None:
            data = frame(_garbled(message))
        if strike("doubled_messages") is not None:
            data += data
        late = strike("delayed_messages")
        if late is not None:
            self._gateway.timeline.after(float(late["seconds"]), partial(self._write, data))
            return
        self._write(data)

    def send_raw(self, data: bytes) -> None:
        """Send frames that are made already: ticks, whose number matters more than their faults."""
        self._write(data)

    def error(self, req_id: int, code: int, **details: object) -> None:
        """Send an error, a warning or a notice with the text of its code."""
        foreign = self._gateway.faults.is_on("foreign_texts", client=self.client_id)
        self.send(error(req_id, code, text_for(code, foreign=foreign, req_id=req_id, **details), self.version))

    def close(self) -> None:
        """Close the socket once all written bytes are sent."""
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def cut(self) -> None:
        """Reset the connection: what was not sent yet is lost."""
        self._out.clear()
        self._pieces.clear()
        if self._transport is not None:
            self._transport.abort()

    @property
    def is_open(self) -> bool:
        """Whether there is a socket."""
        return self._transport is not None

    @property
    def _writable(self) -> asyncio.Transport | None:
        """The socket, unless it is closing: after a failed write the loss is reported one turn of the loop later."""
        transport = self._transport
        return None if transport is None or transport.is_closing() else transport

    def _write(self, data: bytes) -> None:
        self._out.append(data)
        if not self._scheduled:
            self._scheduled = True
            self._gateway.after_commit(self._flush_some)

    def _flush_some(self) -> None:
        self._scheduled = False
        glue = self._gateway.faults.on.get("glued_frames")
        if glue and len(self._out) < int(glue[0].arguments["frames"]):
            return
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self._scheduled = False
        if not self._out:
            return
        data = b"".join(self._out)
        self._out.clear()
        faults = self._gateway.faults
        transport = self._writable
        if transport is None or faults.strike("half_open", client=self.client_id) is not None:
            return
        torn = faults.strike("torn_frames", client=self.client_id)
        if torn is None and not self._pieces:
            transport.write(data)
            return
        size = len(data) if torn is None else max(int(torn["bytes"]), 1)
        start = not self._pieces
        self._pieces.extend(data[at : at + size] for at in range(0, len(data), size))
        if start:
            self._next_piece()

    def _next_piece(self) -> None:
        transport = self._writable
        if transport is None or not self._pieces:
            self._pieces.clear()
            return
        transport.write(self._pieces.popleft())
        if self._pieces:
            asyncio.get_running_loop().call_soon(self._next_piece)


def session_factory(gateway: Gateway, receiver: Receiver) -> Callable[[], Session]:
    """Return what makes a session for each socket."""
    return partial(Session, gateway, receiver)


def _garbled(message: Message) -> Message:
    """Return a message with text in place of its last number, so that a client cannot read it."""
    fields = list(message)
    for at in range(len(fields) - 1, 0, -1):
        if not isinstance(fields[at], str | bool) and fields[at] is not None:
            fields[at] = "#"
            break
    return fields
