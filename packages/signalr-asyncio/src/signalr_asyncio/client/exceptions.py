# ruff: noqa: N818 - a failure is named by what happened (`ConnectionLost`), which reads better where it is caught
"""What the client raises.

::

    ClientFailure                     everything below
    ├── ConnectFailed                 `start()` got no connection (also: why one attempt to reconnect failed)
    │   ├── NegotiationFailed         negotiate answered something else than a connection
    │   │   └── Unauthorized          401 or 403, from negotiate or from the transport
    │   ├── TransportFailed           a transport could not be opened
    │   │   └── ConnectionUnknown     404: the server knows no such hub, or this connection no more
    │   └── HandshakeFailed           the server refused the hub protocol, or did not answer in time
    ├── NotConnected                  a call was made while there is no connection
    ├── ConnectionLost                the connection went away under a call, a stream or an upload
    │   ├── ServerTimeout             nothing was heard for the server timeout
    │   ├── ClosedByServer            the server sent a Close message, with or without an error
    │   ├── ProtocolViolation         the server sent what the hub protocol does not allow
    │   └── HandlerStalled            a handler took no message for too long, while answers were waited for
    ├── HubError                      the hub method answered with an error
    ├── InvocationTimeout             no answer within the caller's `timeout` (also a `TimeoutError`)
    ├── PayloadMismatch               a result or an item does not fit the type that was asked for
    ├── StreamOverflow                a stream's reader took no item for too long, while answers were waited for
    └── TooManyInvocations            more answers are waited for than `ClientOptions.max_pending`

No text of these carries a token, a header or the query of a URL.
"""

from __future__ import annotations


class ClientFailure(Exception):
    """The base of all exceptions of the client."""


class ConnectFailed(ClientFailure):
    """No connection could be made."""


class NegotiationFailed(ConnectFailed):
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


class Unauthorized(NegotiationFailed):
    """The server answered 401 or 403."""


class TransportFailed(ConnectFailed):
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


class ConnectionUnknown(TransportFailed):
    """The server answered 404: it knows no such hub, or this connection no more."""


class HandshakeFailed(ConnectFailed):
    """The server refused the handshake, or did not answer it in time."""


class NotConnected(ClientFailure):
    """A call was made while there is no connection."""


class ConnectionLost(ClientFailure):
    """The connection went away before the answer came."""


class ServerTimeout(ConnectionLost):
    """Nothing was heard of the server for the server timeout."""


class ClosedByServer(ConnectionLost):
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


class ProtocolViolation(ConnectionLost):
    """The server sent what the hub protocol does not allow."""


class HandlerStalled(ConnectionLost):
    """A handler took no message for too long, while answers or acks were waited for behind its full queue."""


class HubError(ClientFailure):
    """The hub method answered with an error.

    Parameters
    ----------
    text
        The server's error text.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvocationTimeout(ClientFailure, TimeoutError):
    """No answer came within the caller's `timeout`; the server was asked to cancel the invocation."""


class PayloadMismatch(ClientFailure):
    """A result or an item does not fit the type that was asked for."""


class StreamOverflow(ClientFailure):
    """A stream's reader took no item for too long, while answers or acks were waited for behind its full buffer."""


class TooManyInvocations(ClientFailure):
    """More answers are waited for than `ClientOptions.max_pending` allows."""
