"""Server-sent events transport: one streaming response to the client, POST requests from it."""

from __future__ import annotations

import asyncio

from signalr_asyncio.protocol.codec import TransferFormat
from signalr_asyncio.server._options import TransportType
from signalr_asyncio.server._responses import NO_CACHE, Headers, Receive, Send
from signalr_asyncio.server._transports.base import Inbox, TransportClosedError

_HEADERS: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"content-encoding", b"identity"),
    (b"x-accel-buffering", b"no"),
    *NO_CACHE,
)


class ServerSentEventsTransport:
    """One open event stream.

    Parameters
    ----------
    inbox
        What the client's requests bring.
    receive, send
        The ASGI request that asked for it.
    """

    kind = TransportType.SERVER_SENT_EVENTS
    formats: tuple[TransferFormat, ...] = ("Text",)
    keeps_itself_alive = False
    idle_since: float | None = None
    gone_errors: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, inbox: Inbox, receive: Receive, send: Send) -> None:
        self.inbox = inbox
        self._asgi_receive = receive
        self._asgi_send = send
        self._ended = asyncio.Event()

    def use(self, transfer_format: TransferFormat) -> None:
        """Do nothing: it is always text."""

    async def open(self, headers: Headers) -> None:
        """Begin the answer; the comment makes clients see that it has begun."""
        await self._asgi_send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]})
        await self._asgi_send({"type": "http.response.body", "body": b":\r\n", "more_body": True})

    async def serve(self) -> None:
        """Wait until the client, or the session, ends it; then end the answer."""
        watching = asyncio.ensure_future(self._watch())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({watching, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            ended.cancel()
            await asyncio.gather(watching, ended, return_exceptions=True)
            self.abandon()
        await self._asgi_send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self) -> None:
        while (await self._asgi_receive())["type"] != "http.disconnect":
            pass

    async def receive(self) -> bytes | None:
        """Return what the client's requests brought."""
        return await self.inbox.get()

    async def send(self, frame: bytes) -> None:
        """Send one event."""
        if self._ended.is_set():
            raise TransportClosedError
        # A line end inside a record is white space between the tokens of JSON; an event wants each line marked.
        data = b"\r\ndata: ".join(frame.splitlines()) if b"\n" in frame or b"\r" in frame else frame
        await self._asgi_send({"type": "http.response.body", "body": b"data: %b\r\n\r\n" % data, "more_body": True})

    async def close(self, *, failed: bool) -> None:  # noqa: ARG002 - an event stream has no word for it
        """End the event stream."""
        self.abandon()

    def abandon(self) -> None:
        """End it."""
        self._ended.set()
        self.inbox.close()
