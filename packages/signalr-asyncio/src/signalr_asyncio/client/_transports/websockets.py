"""Client WebSocket transport, built on the `websockets` library."""

from __future__ import annotations

import logging
from typing import ClassVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from signalr_asyncio.client._exceptions import TransportError, UnauthorizedError, UnknownConnectionError
from signalr_asyncio.client._http import USER_AGENT, tls_context
from signalr_asyncio.client._transports.base import Endpoint, Transport, TransportClosedError
from signalr_asyncio.client._urls import websocket_url
from signalr_asyncio.protocol.codec import TransferFormat

# The library logs the request's headers, with the token, at DEBUG. The filter holds whatever level is configured.
_logger = logging.getLogger("signalr_asyncio.client.websockets")
_logger.addFilter(lambda record: record.levelno > logging.DEBUG)

# A frame may hold several messages; servers join them up to some 16 KiB, so a frame gets that much more than a message.
_FRAME_SLACK = 64 * 1024


class _WebSocketTransport:
    name: ClassVar[str] = "WebSockets"
    inherent_keep_alive: ClassVar[bool] = False

    __slots__ = ("_socket", "_text")

    def __init__(self, socket: ClientConnection, *, text: bool) -> None:
        self._socket = socket
        self._text = text

    async def send(self, data: bytes) -> None:
        try:
            await self._socket.send(data, text=self._text)
        except ConnectionClosed as error:
            raise TransportClosedError(_reason(error)) from error

    async def receive(self) -> bytes:
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            raise TransportClosedError(_reason(error)) from error

    async def close(self) -> None:
        await self._socket.close()

    def abort(self) -> None:
        self._socket.transport.abort()


class _WebSockets:
    """Opens WebSockets."""

    name = "WebSockets"
    resumable = True

    def __repr__(self) -> str:
        return self.name

    def supports(self, transfer_format: TransferFormat) -> bool:
        """Return True: frames may be text or binary."""
        del transfer_format
        return True

    async def connect(self, endpoint: Endpoint, transfer_format: TransferFormat) -> Transport:
        """Open a WebSocket.

        Raises
        ------
        UnauthorizedError
            On 401 and 403.
        UnknownConnectionError
            On 404.
        TransportError
            When it could not be opened for another reason.
        """
        options = endpoint.options
        headers = {
            **endpoint.http.cookie_header(endpoint.url),
            **endpoint.headers,
            **await endpoint.credentials.headers(),
        }
        # Negotiation is over; its connection would otherwise stay open beside the WebSocket.
        await endpoint.http.close()
        try:
            socket = await connect(
                websocket_url(endpoint.connection_url),
                additional_headers=headers,
                user_agent_header=USER_AGENT,
                # Small messages gain little from compression and pay for it with processor time.
                compression=None,
                proxy=options.proxy,
                ssl=tls_context(options) if endpoint.url.startswith("https:") else None,
                open_timeout=options.connect_timeout,
                close_timeout=options.stop_timeout,
                # SignalR has pings of its own.
                ping_interval=None,
                max_size=options.max_message_size + _FRAME_SLACK,
                write_limit=64 * 1024,
                logger=_logger,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in {401, 403}:
                raise UnauthorizedError(f"the server refused the WebSocket with status {status}", status) from None
            kind = UnknownConnectionError if status == 404 else TransportError
            raise kind(f"the server refused the WebSocket with status {status}", status) from None
        except TimeoutError:
            raise TransportError(f"the WebSocket was not open within {options.connect_timeout:g} s") from None
        except OSError as error:
            raise TransportError(f"the WebSocket could not be opened: {error}") from error
        except (EOFError, WebSocketException) as error:
            # Some of these texts repeat the URL, which holds the connection token.
            raise TransportError(f"the WebSocket could not be opened: {type(error).__name__}") from None
        return _WebSocketTransport(socket, text=transfer_format == "Text")


WebSockets = _WebSockets()
"""The WebSocket transport."""


def _reason(error: ConnectionClosed) -> str:
    if error.__cause__ is not None:
        return f"the WebSocket failed: {type(error.__cause__).__name__}"
    received = error.rcvd
    if received is None:
        return "the WebSocket ended without a closing handshake"
    if received.code == CloseCode.NORMAL_CLOSURE and not received.reason:
        return "the server closed the WebSocket"
    return f"the server closed the WebSocket with {received.code} {received.reason}".rstrip()
