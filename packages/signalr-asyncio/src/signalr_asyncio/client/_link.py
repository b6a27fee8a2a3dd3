"""Link: an open transport after the handshake; negotiation and transport fallback that make one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from signalr_asyncio.client._credentials import Credentials, TokenSource
from signalr_asyncio.client._exceptions import ConnectError, HandshakeError, TransportError, UnauthorizedError
from signalr_asyncio.client._http import HttpChannel
from signalr_asyncio.client._negotiation import Negotiated, negotiate
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._transports.base import Endpoint, Transport, TransportClosedError, TransportFactory
from signalr_asyncio.protocol.codec import HubProtocol, MessageParser, ProtocolError
from signalr_asyncio.protocol.handshake import HandshakeRequest, encode_handshake, parse_handshake_response
from signalr_asyncio.protocol.messages import HubMessage

logger = logging.getLogger("signalr_asyncio.client")

_PLAIN_VERSION = 1
_STATEFUL_VERSION = 2
_HANDSHAKE_LIMIT = 64 * 1024


@dataclass(slots=True)
class Link:
    """One connection to the hub, after the handshake.

    Parameters
    ----------
    transport
        Carries the bytes.
    parser
        Makes messages of them.
    first
        Messages that came together with the handshake.
    connection_id
        The server's name for the connection; None without negotiation.
    reopening
        For a connection that can be resumed, where and how; None otherwise.
    http
        What the transport borrowed; closed with the link.
    """

    transport: Transport
    parser: MessageParser
    first: Iterator[HubMessage]
    connection_id: str | None
    http: HttpChannel
    reopening: tuple[TransportFactory, Endpoint] | None = None
    _closing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def close(self, within: float) -> None:
        """Close the transport and all that belongs to it, in bounded time. A second call waits for the first."""
        async with self._closing:
            try:
                async with asyncio.timeout(within):
                    await self.transport.close()
            except (TimeoutError, TransportClosedError):
                self.transport.abort()
            finally:
                await self.http.close()


@dataclass(frozen=True, slots=True)
class Connector:
    """Makes links: negotiates, tries the transports in order, shakes hands.

    Parameters
    ----------
    url
        The hub's URL, `http` or `https`.
    token
        The source of bearer tokens, asked at each connect.
    headers
        The caller's headers.
    protocol
        The encoding.
    transports
        Transports in order of preference.
    skip_negotiation
        Open a WebSocket at once.
    stateful
        Ask for a connection that can be resumed.
    options
        Limits and times.
    """

    url: str
    token: TokenSource
    headers: Mapping[str, str]
    protocol: HubProtocol
    transports: Sequence[TransportFactory]
    skip_negotiation: bool
    stateful: bool
    options: ClientOptions

    async def connect(self) -> Link:
        """Make a link.

        Raises
        ------
        ConnectError
            When that was not possible, or one of its kinds that says more.
        """
        http = HttpChannel(self.options)
        try:
            return await self._connect(http)
        except BaseException:
            await http.close()
            raise

    async def _connect(self, http: HttpChannel) -> Link:
        credentials = Credentials(self.token, self.options.connect_timeout)
        if self.skip_negotiation:
            endpoint = Endpoint(self.url, self.headers, credentials, http, self.options)
            transport = await self.transports[0].connect(endpoint, self.protocol.transfer_format)
            return await self._shake_hands(transport, http, None, _PLAIN_VERSION)
        reasons: list[str] = []
        negotiated: Negotiated | None = None
        for factory in self.transports:
            if negotiated is None:
                negotiated = await negotiate(
                    self.url, self.headers, credentials, http, self.options, stateful=self.stateful
                )
            reason = self._unsuitable(factory, negotiated)
            if reason is not None:
                reasons.append(f"{factory.name}: {reason}")
                continue
            offer, negotiated = negotiated, None
            endpoint = Endpoint(offer.url, offer.headers, offer.credentials, http, self.options, offer.connection_token)
            try:
                transport = await factory.connect(endpoint, self.protocol.transfer_format)
            except UnauthorizedError:
                # No other transport would be let in.
                raise
            except TransportError as error:
                # The connection may be used up, so the next transport negotiates anew.
                reasons.append(f"{factory.name}: {error}")
                logger.debug("Transport %s failed: %s", factory.name, error)
                continue
            stateful = self.stateful and offer.stateful and factory.resumable
            link = await self._shake_hands(
                transport, http, offer.connection_id, _STATEFUL_VERSION if stateful else _PLAIN_VERSION
            )
            if stateful:
                link.reopening = factory, endpoint
            return link
        raise ConnectError("no transport could be used; " + "; ".join(reasons))

    def _unsuitable(self, factory: TransportFactory, offer: Negotiated) -> str | None:
        transfer_format = self.protocol.transfer_format
        if not factory.supports(transfer_format):
            return f"cannot carry the {transfer_format.lower()} frames of {self.protocol.name}"
        formats = offer.transports.get(factory.name)
        if formats is None:
            return "not offered by the server"
        if transfer_format not in formats:
            return f"not offered by the server for the {transfer_format.lower()} frames of {self.protocol.name}"
        return None

    async def _shake_hands(
        self, transport: Transport, http: HttpChannel, connection_id: str | None, version: int
    ) -> Link:
        try:
            rest = await self._exchange(transport, encode_handshake(HandshakeRequest(self.protocol.name, version)))
        except BaseException:
            transport.abort()
            await self._close(transport)
            raise
        parser = self.protocol.parser(self.options.max_message_size)
        return Link(transport, parser, parser.feed(rest), connection_id, http)

    async def _exchange(self, transport: Transport, request: bytes) -> bytes:
        """Send the handshake and wait for its answer; return what came behind it."""
        timeout = self.options.handshake_timeout
        try:
            async with asyncio.timeout(timeout):
                await transport.send(request)
                received = await transport.receive()
                while (answer := parse_handshake_response(received, _HANDSHAKE_LIMIT)) is None:
                    received += await transport.receive()
        except TimeoutError:
            raise HandshakeError(f"the server did not answer the handshake within {timeout:g} s") from None
        except ProtocolError as error:
            raise HandshakeError(f"the server's handshake is malformed: {error}") from error
        except TransportClosedError as error:
            raise HandshakeError(f"the connection ended during the handshake: {error}") from error
        response, rest = answer
        if response.error is not None:
            raise HandshakeError(f"the server refused the handshake: {response.error}")
        return rest

    async def _close(self, transport: Transport) -> None:
        try:
            async with asyncio.timeout(self.options.stop_timeout):
                await transport.close()
        except (TimeoutError, TransportClosedError):
            logger.debug("A transport that failed did not close in time")
