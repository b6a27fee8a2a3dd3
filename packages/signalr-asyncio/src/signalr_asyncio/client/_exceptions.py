"""Exceptions of the client.

::

    ClientError                     everything below
    ├── ConnectError                 `start()` got no connection (also: why one attempt to reconnect failed)
    │   ├── NegotiationError         negotiate answered something else than a connection
    │   │   └── UnauthorizedError          401 or 403, from negotiate or from the transport
    │   ├── TransportError           a transport could not be opened
    │   │   └── UnknownConnectionError     404: the server knows no such hub, or this connection no more
    │   └── HandshakeError           the server refused the hub protocol, or did not answer in time
    ├── NotConnectedError                  a call was made while there is no connection
    ├── ConnectionLostError                the connection went away under a call, a stream or an upload
    │   ├── ServerTimeoutError             nothing was heard for the server timeout
    │   ├── ClosedByServerError            the server sent a Close message, with or without an error
    │   ├── ProtocolViolationError         the server sent what the hub protocol does not allow
    │   └── HandlerStalledError            a handler took no message for too long, while answers were waited for
    ├── HubError                      the hub method answered with an error
    ├── InvocationTimeoutError             no answer within the caller's `timeout` (also a `TimeoutError`)
    ├── PayloadMismatchError               a result or an item does not fit the type that was asked for
    ├── StreamOverflowError                a stream's reader took no item for too long, while answers were waited for
    └── TooManyInvocationsError            more answers are waited for than `ClientOptions.max_pending`

No text of these carries a token, a header or the query of a URL.
"""

from __future__ import annotations


class ClientError(Exception):
    """The base of all exceptions of the client."""


class ConnectError(ClientError):
    """No connection could be made."""


class NegotiationError(ConnectError):
    """Negotiation answered something else than a connection.

    Parameters
    ----------
    text
        What went wrong.
    status
        The HTTP status, where there was one.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class UnauthorizedError(NegotiationError):
    """The server answered 401 or 403."""


class TransportError(ConnectError):
    """A transport could not be opened.

    Parameters
    ----------
    text
        What went wrong.
    status
        The HTTP status, where there was one.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class UnknownConnectionError(TransportError):
    """The server answered 404: it knows no such hub, or this connection no more."""


class HandshakeError(ConnectError):
    """The server refused the handshake, or did not answer it in time."""


class NotConnectedError(ClientError):
    """A call was made while there is no connection."""


class ConnectionLostError(ClientError):
    """The connection went away before the answer came."""


class ServerTimeoutError(ConnectionLostError):
    """No message arrived from the server within the server timeout."""


class ClosedByServerError(ConnectionLostError):
    """The server sent a Close message.

    Parameters
    ----------
    error
        The server's reason; None when it closed without one.
    allow_reconnect
        Whether the server invites the client back.
    """

    def __init__(self, error: str | None, *, allow_reconnect: bool) -> None:
        super().__init__(
            "The server closed the connection." if error is None else f"The server closed the connection: {error}"
        )
        self.error = error
        self.allow_reconnect = allow_reconnect


class ProtocolViolationError(ConnectionLostError):
    """The server sent what the hub protocol does not allow."""


class HandlerStalledError(ConnectionLostError):
    """A handler took no message for too long, while answers or acks were waited for behind its full queue."""


class HubError(ClientError):
    """The hub method answered with an error.

    Parameters
    ----------
    text
        The server's error text.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvocationTimeoutError(ClientError, TimeoutError):
    """No answer came within the caller's `timeout`; the server was asked to cancel the invocation."""


class PayloadMismatchError(ClientError):
    """A result or an item does not fit the type that was asked for."""


class StreamOverflowError(ClientError):
    """A stream's reader took no item for too long, while answers or acks were waited for behind its full buffer."""


class TooManyInvocationsError(ClientError):
    """More answers are waited for than `ClientOptions.max_pending` allows."""
