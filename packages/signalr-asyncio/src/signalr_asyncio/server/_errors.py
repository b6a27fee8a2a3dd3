"""Exceptions of the server and of hub code.

Exception
├── HubMethodError                  raised by hub code; its text is shown to the client
│   ├── ExactError                  its text reaches the client as it is, without the general words before it
│   └── AccessDeniedError           the caller may not do this; the client sees the fixed text of ASP.NET Core
├── AuthenticationUnavailableError  raised by `authenticate`: it cannot be known now who asks
└── ClientResultError               a client that was asked for a result gave none
    ├── ClientInvocationError       it answered with an error (also a `HubMethodError`, as in ASP.NET Core)
    └── ClientDisconnectedError     it is not, or no longer, connected
"""

from __future__ import annotations


class HubMethodError(Exception):
    """An error whose text is meant for the client. It arrives as `… HubException: text`, ASP.NET Core's name for it."""


class ExactError(HubMethodError):
    """An error whose text arrives alone: for applications whose clients read error texts by program."""


class AccessDeniedError(HubMethodError):
    """The caller may not call this method; raised by a filter or by a hub method."""


class AuthenticationUnavailableError(Exception):
    """Raised by `authenticate` when it cannot be known now who asks, as without its database: the answer is 503."""


class ClientResultError(Exception):
    """A client that was asked for a result gave none."""


class ClientInvocationError(ClientResultError, HubMethodError):
    """The client answered with an error; the text is the client's. Uncaught, it is shown to the caller."""


class ClientDisconnectedError(ClientResultError):
    """The client is not connected, or its connection ended before it answered."""


def describe(message: str, error: BaseException, *, detailed: bool) -> str:
    """Return an error text for a client, as ASP.NET Core words it.

    Parameters
    ----------
    message
        The general text.
    error
        What happened. Its own text is added when it is a `HubMethodError`, or when `detailed` is set.
    detailed
        Whether details of any exception may be shown to clients.
    """
    if isinstance(error, ExactError):
        return str(error)
    if isinstance(error, HubMethodError):
        return f"{message} HubException: {error}"
    if detailed:
        return f"{message} {type(error).__name__}: {error}"
    return message
