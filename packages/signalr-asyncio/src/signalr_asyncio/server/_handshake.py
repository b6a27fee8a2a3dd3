"""Server-side handshake: selects the hub protocol and version, or refuses the client."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from signalr_asyncio.protocol.codec import HubProtocol, ProtocolError
from signalr_asyncio.protocol.handshake import HandshakeRequest, parse_handshake_request
from signalr_asyncio.server._options import HubOptions
from signalr_asyncio.server._transports.base import Transport

_MAX_HANDSHAKE_BYTES = 32 * 1024
_MAX_LOGGED_CHARACTERS = 200


class HandshakeRefusedError(Exception):
    """The client cannot be served.

    Parameters
    ----------
    text
        The error text that the client gets, in ASP.NET Core's words.
    reason
        What is logged.
    """

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.text = text
        self.reason = reason


class Handshake(Struct, frozen=True):
    """What was agreed.

    Parameters
    ----------
    protocol
        The encoding.
    version
        Of the hub protocol, as the client asked for it.
    rest
        Bytes that came behind the handshake.
    """

    protocol: HubProtocol
    version: int
    rest: bytes


async def read_handshake(
    transport: Transport, protocols: Mapping[str, HubProtocol], options: HubOptions
) -> Handshake | None:
    """Read a client's handshake; `None` when it left before its end.

    Raises
    ------
    HandshakeRefusedError
        When it is none, or asks for what the server or the transport cannot do.
    """
    data = b""
    limit = options.maximum_receive_message_size or _MAX_HANDSHAKE_BYTES
    while True:
        chunk = await transport.receive()
        if chunk is None:
            return None
        data += chunk
        try:
            parsed = parse_handshake_request(data, limit)
        except ProtocolError as error:
            text = "An unexpected error occurred during connection handshake."
            if options.enable_detailed_errors:
                text = f"{text} InvalidDataException: {error}"
            raise HandshakeRefusedError(text, str(error)) from error
        if parsed is not None:
            request, rest = parsed
            return Handshake(_chosen(request, protocols, transport), request.version, rest)


def _chosen(request: HandshakeRequest, protocols: Mapping[str, HubProtocol], transport: Transport) -> HubProtocol:
    name = request.protocol
    protocol = protocols.get(name)
    if protocol is None:
        refusal = f"The protocol '{name}' is not supported."
    elif request.version > protocol.version:
        refusal = f"The server does not support version {request.version} of the '{name}' protocol."
    elif protocol.transfer_format not in transport.formats:
        refusal = (
            f"Cannot use the '{name}' protocol on the current transport. The transport does not support "
            f"'{protocol.transfer_format}' transfer format."
        )
    else:
        return protocol
    # Text of a client goes into the log with its line ends escaped, and cut.
    raise HandshakeRefusedError(refusal, repr(refusal[:_MAX_LOGGED_CHARACTERS]))
