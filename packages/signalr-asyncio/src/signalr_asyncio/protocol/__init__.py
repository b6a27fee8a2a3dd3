"""SignalR hub protocol without I/O: messages, JSON and MessagePack, handshake, stateful reconnect buffer.

Its public modules: `messages`, `codec`, `json`, `messagepack`, `handshake` and `buffer`.
"""

from signalr_asyncio.protocol._values import EncodedPayload
from signalr_asyncio.protocol.buffer import BufferFullError, MessageBuffer
from signalr_asyncio.protocol.codec import EncodeError, HubProtocol, MessageParser, ProtocolError, TransferFormat
from signalr_asyncio.protocol.handshake import (
    HandshakeRequest,
    HandshakeResponse,
    encode_handshake,
    parse_handshake_request,
    parse_handshake_response,
)
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import (
    Ack,
    CancelInvocation,
    Close,
    Completion,
    HubMessage,
    Invocation,
    Payload,
    Ping,
    SequenceStart,
    Shared,
    StreamInvocation,
    StreamItem,
)

__all__ = [
    # encodings
    "HubProtocol",
    "JsonHubProtocol",
    "MessagePackHubProtocol",
    "MessageParser",
    "TransferFormat",
    # messages
    "HubMessage",
    "Invocation",
    "StreamInvocation",
    "StreamItem",
    "Completion",
    "CancelInvocation",
    "Ping",
    "Close",
    "Ack",
    "SequenceStart",
    # values
    "Payload",
    "EncodedPayload",
    "Shared",
    # handshake
    "HandshakeRequest",
    "HandshakeResponse",
    "encode_handshake",
    "parse_handshake_request",
    "parse_handshake_response",
    # stateful reconnect
    "MessageBuffer",
    # exceptions
    "ProtocolError",
    "EncodeError",
    "BufferFullError",
]
