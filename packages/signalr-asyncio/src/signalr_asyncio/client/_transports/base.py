"""Client transport interface: open, send, receive, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace  # noqa: TID251 - this module has no structs
from typing import ClassVar, Protocol
from urllib.parse import quote

from signalr_asyncio.client._credentials import Credentials
from signalr_asyncio.client._http import HttpChannel
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._urls import with_query
from signalr_asyncio.protocol.codec import TransferFormat


class TransportClosedError(Exception):
    """The transport has ended; the text says why, without any secret."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to connect.

    Parameters
    ----------
    url
        The hub's URL after all redirects, `http` or `https`.
    headers
        Headers of the caller, sent with each request.
    credentials
        The source of the bearer token.
    http
        The HTTP connections and cookies of this attempt.
    options
        Limits and times.
    connection_token
        What addresses the negotiated connection; None without negotiation.
    """

    url: str
    headers: Mapping[str, str]
    credentials: Credentials
    http: HttpChannel
    options: ClientOptions
    connection_token: str | None = None

    @property
    def connection_url(self) -> str:
        """The URL of the connection: the hub's, with the connection token as `id`."""
        if self.connection_token is None:
            return self.url
        return with_query(self.url, f"id={quote(self.connection_token, safe='')}")

    def with_token(self, connection_token: str) -> Endpoint:
        """Return the endpoint of a negotiated connection."""
        return replace(self, connection_token=connection_token)


class Transport(Protocol):
    """One opened transport. `send` may be called by many tasks, `receive` by one."""

    name: ClassVar[str]
    inherent_keep_alive: ClassVar[bool]

    async def send(self, data: bytes) -> None:
        """Send one or more whole records.

        Raises
        ------
        TransportClosedError
            When they could not be sent.
        """
        ...

    async def receive(self) -> bytes:
        """Return the next bytes, cut anywhere.

        Raises
        ------
        TransportClosedError
            When nothing more will come.
        """
        ...

    async def close(self) -> None:
        """Say good-bye to the server, within `ClientOptions.stop_timeout`, and free everything."""
        ...

    def abort(self) -> None:
        """End at once; a waiting `receive` raises `TransportClosedError`. `close` must still be called."""
        ...


class TransportFactory(Protocol):
    """A kind of transport; `WebSockets`, `ServerSentEvents` and `LongPolling` are the three."""

    @property
    def name(self) -> str:
        """The name used in negotiation."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether a stateful connection can go on over a new transport of this kind."""
        ...

    def supports(self, transfer_format: TransferFormat) -> bool:
        """Return whether frames of this kind can travel."""
        ...

    async def connect(self, endpoint: Endpoint, transfer_format: TransferFormat) -> Transport:
        """Open the transport.

        Raises
        ------
        ConnectError
            When that was not possible.
        """
        ...
