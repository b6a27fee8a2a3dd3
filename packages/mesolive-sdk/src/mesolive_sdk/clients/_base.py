"""Base class of the hub clients: connection, authentication, timeouts, and decoding of the response envelope."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

import msgspec

from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError, MesoLiveTimeoutError
from mesolive_sdk.models import MesoLiveApiResponse, StatusCode
from mesolive_sdk.wire import Encoding, WireValidationError, decode_reply, hub_protocol
from signalr_asyncio import ClientOptions, ConnectionState, HubConnection, RetryPolicy
from signalr_asyncio.client import (
    ClientError,
    InvocationTimeoutError,
    NegotiationError,
    PayloadMismatchError,
    TokenSource,
    TransportError,
    UnauthorizedError,
)

T = TypeVar("T")

Callback: TypeAlias = Callable[[Any], object]

DEFAULT_URL = "http://127.0.0.1:8700"
DEFAULT_TIMEOUT = 30.0
MAX_PORT = 65_535
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on
"""Where a server that is bound to all addresses is reached on its own machine."""

TOO_MANY = 429
"""The HTTP status with which a server refuses a connection of a user who has enough of them."""


def url_of(environ: Mapping[str, str]) -> str:
    """Return where an environment says that the server is: by its URL, or by the settings that start it there.

    Raises
    ------
    ValueError
        When the port is not a port.
    """
    url = environ.get("MESOLIVE_URL")
    if url:
        return url
    port = environ.get("MESOLIVE_PORT") or "8700"
    if not port.isascii() or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
        msg = f"MESOLIVE_PORT: expected a port from 1 to {MAX_PORT}, got {port[:20]!r}; MESOLIVE_URL goes before it"
        raise ValueError(msg)
    host = environ.get("MESOLIVE_HOST") or "127.0.0.1"
    host = LOOPBACK.get(host, host)
    scheme = "https" if environ.get("MESOLIVE_TLS_CERTIFICATE") else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class HubClient:
    """Base of the three clients.

    A client is used as `async with`, or with `start()` and `stop()`. It comes back by itself after a lost connection;
    calls made meanwhile, and those whose answer was lost, raise `MesoLiveSignalRError`.

    Parameters
    ----------
    url
        The server's base URL, without the hub's path; if not given, the environment's `MESOLIVE_URL`, else where
        `MESOLIVE_HOST`, `MESOLIVE_PORT` and `MESOLIVE_TLS_CERTIFICATE` start a server: `http://127.0.0.1:8700`.
    token
        The API key: a string, or a function (sync or async) that is asked for one at each connect and reconnect; if not
        given, the environment's `MESOLIVE_API_KEY`. It travels in a header only, and no log and no exception shows it.
    timeout
        How long a call waits for its answer, in seconds. It can be changed at any time; `asyncio.timeout` shortens it
        for a single call.
    encoding
        `json` or `messagepack`.
    reconnect
        When to come back after a lost connection; None for not at all.
    options
        Limits and times of the connection.

    Raises
    ------
    ValueError
        When there is no API key, or the URL is none.
    """

    path: ClassVar[str]

    def __init__(
        self,
        url: str | None = None,
        token: TokenSource = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        encoding: Encoding = "json",
        reconnect: RetryPolicy | None = RetryPolicy.default(),  # noqa: B008 - an immutable value
        options: ClientOptions | None = None,
    ) -> None:
        # An empty argument is a mistake of the caller, not a request for the environment's value.
        base = (url if url is not None else url_of(os.environ)).rstrip("/")
        if urlsplit(base).scheme not in {"http", "https", "ws", "wss"} or not urlsplit(base).hostname:
            msg = f"expected the server's URL, such as {DEFAULT_URL}"
            raise ValueError(msg)
        if token is None:
            token = os.environ.get("MESOLIVE_API_KEY")
        if not token:
            msg = "an API key is needed: pass token=..., or set MESOLIVE_API_KEY"
            raise ValueError(msg)
        self.timeout = timeout
        self._url = base
        self._encoding: Encoding = encoding
        self._connection = HubConnection(
            base + self.path, token=token, protocol=hub_protocol(encoding), reconnect=reconnect, options=options
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._connection!r}>"

    @property
    def state(self) -> ConnectionState:
        """Where the connection is in its life."""
        return self._connection.state

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        MesoLiveSignalRError
            When no connection could be made.
        """
        try:
            await self._connection.start()
        except UnauthorizedError as error:
            msg = f"the server refused the API key: {error}"
            raise MesoLiveSignalRError(msg, status=StatusCode.Unauthorized) from error
        except (NegotiationError, TransportError) as error:
            if error.status == TOO_MANY:
                msg = f"the server takes no more connections of this user: {error}"
                raise MesoLiveSignalRError(msg, status=StatusCode.RateLimited) from error
            msg = f"{self._url}: {error}; url=... or MESOLIVE_URL says where the server is"
            raise MesoLiveSignalRError(msg) from error
        except ClientError as error:
            raise MesoLiveSignalRError(str(error)) from error

    async def stop(self) -> None:
        """Disconnect."""
        await self._connection.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def on_reconnecting(self, callback: Callback) -> None:
        """Have `callback(error)` called when the connection was lost and is to be made again."""
        self._connection.on_reconnecting(callback)

    def on_reconnected(self, callback: Callback) -> None:
        """Have `callback(connection_id)` called when the connection is back.

        The server remembers nothing of the old one: streams have ended, and strategies must be subscribed again.
        """
        self._connection.on_reconnected(callback)

    def on_close(self, callback: Callback) -> None:
        """Have `callback(error)` called when the connection has ended for good; None after `stop()`."""
        self._connection.on_close(callback)

    async def _call(self, method: str, args: msgspec.Struct, result: type[T]) -> T:
        """Call a method and return its data; see the class docstring of the clients for what it raises."""
        try:
            answer = await self._connection.invoke(method, args, result_type=msgspec.Raw, timeout=self.timeout)
            response = decode_reply(answer, _envelope_of(result), self._encoding)
        except (InvocationTimeoutError, TimeoutError) as error:
            msg = "no answer in time; whether it was carried out is unknown"
            raise MesoLiveTimeoutError(msg, method) from error
        except (ClientError, WireValidationError) as error:
            raise signalr_error(error, method) from error
        if response.Status is not StatusCode.Success:
            raise MesoLiveApiException(response.Status, response.Message, response.Error, response.Data, method)
        if response.Data is None:
            msg = "the server answered Success without data"
            raise MesoLiveSignalRError(msg, method)
        return response.Data


def signalr_error(error: Exception, method: str) -> MesoLiveSignalRError:
    """Return the exception for a failure of the connection, or for an answer that cannot be read."""
    if isinstance(error, WireValidationError | PayloadMismatchError):
        return MesoLiveSignalRError(f"the server's answer cannot be read: {error}", method)
    # What the server's hub method said comes behind a sentence of SignalR's.
    text = str(error).rpartition("HubException: ")[2]
    name = text.partition(":")[0]
    return MesoLiveSignalRError(text, method, StatusCode[name] if name in StatusCode.__members__ else None)


def _envelope_of(result: type[T]) -> type[MesoLiveApiResponse[T]]:
    return cast("type[MesoLiveApiResponse[T]]", MesoLiveApiResponse[cast("Any", result)])
