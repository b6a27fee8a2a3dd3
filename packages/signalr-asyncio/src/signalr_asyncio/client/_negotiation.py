"""Client negotiation: the negotiate request, versions 0 and 1, with redirects.

Source: the SignalR transport protocols specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec

from signalr_asyncio.client._credentials import Credentials
from signalr_asyncio.client._exceptions import NegotiationError, UnauthorizedError
from signalr_asyncio.client._http import HttpChannel
from signalr_asyncio.client._options import ClientOptions
from signalr_asyncio.client._urls import http_url, same_origin, with_query
from signalr_asyncio.protocol.codec import TransferFormat

_ANSWER_LIMIT = 64 * 1024
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class _Offer(msgspec.Struct, rename="camel"):
    transport: str
    transfer_formats: list[str] = []


class _Answer(msgspec.Struct, rename="camel"):
    negotiate_version: int = 0
    connection_id: str | None = None
    connection_token: str | None = None
    available_transports: list[_Offer] = []
    use_stateful_reconnect: bool = False
    url: str | None = None
    access_token: str | None = None
    error: str | None = None
    # Only the server of ASP.NET SignalR, which came before ASP.NET Core SignalR, answers with this.
    legacy_version: str | None = msgspec.field(default=None, name="ProtocolVersion")


_decode = msgspec.json.Decoder(_Answer).decode


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What the server offers.

    Parameters
    ----------
    url
        The hub's URL after redirects.
    headers
        The caller's headers; without credentials where a redirect led to another origin.
    credentials
        The token to use from here on.
    connection_id
        What the server calls this connection.
    connection_token
        What addresses it; a secret.
    transports
        The transports of the server, each with its transfer formats.
    stateful
        Whether the server will resume this connection.
    """

    url: str
    headers: Mapping[str, str]
    credentials: Credentials
    connection_id: str
    connection_token: str
    transports: Mapping[str, frozenset[TransferFormat | str]]
    stateful: bool


async def negotiate(
    url: str,
    headers: Mapping[str, str],
    credentials: Credentials,
    http: HttpChannel,
    options: ClientOptions,
    *,
    stateful: bool,
) -> Negotiated:
    """Ask the server for a connection and follow its redirects.

    Parameters
    ----------
    url
        The hub's URL, `http` or `https`.
    headers
        The caller's headers.
    credentials
        The caller's token.
    http
        Sends the requests.
    options
        Limits and times.
    stateful
        Whether to ask for a connection that can be resumed.

    Raises
    ------
    UnauthorizedError
        On 401 and 403.
    NegotiationError
        On any other answer that is no connection, and when the server cannot be reached.
    """
    for _ in range(options.max_redirects + 1):
        answer = await _ask(url, headers, credentials, http, options, stateful=stateful)
        if answer.error is not None:
            raise NegotiationError(f"the server refused to negotiate: {answer.error}")
        if answer.legacy_version is not None:
            raise NegotiationError("this is a server of ASP.NET SignalR; only ASP.NET Core SignalR can be talked to")
        if answer.url is None:
            return _accept(url, headers, credentials, answer)
        url, headers, credentials = _redirect(url, headers, credentials, answer.url, answer.access_token, options)
    raise NegotiationError(f"the server redirected more than {options.max_redirects} times")


async def _ask(
    url: str,
    headers: Mapping[str, str],
    credentials: Credentials,
    http: HttpChannel,
    options: ClientOptions,
    *,
    stateful: bool,
) -> _Answer:
    try:
        status, body = await http.request(
            "POST",
            _negotiate_url(url, stateful=stateful),
            {"Content-Type": "text/plain;charset=UTF-8", **headers, **await credentials.headers()},
            within=options.connect_timeout,
            limit=_ANSWER_LIMIT,
        )
    except TimeoutError:
        raise NegotiationError(f"no answer to negotiate within {options.connect_timeout:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NegotiationError(f"the server could not be reached: {type(error).__name__}: {error}") from error
    if status in {401, 403}:
        raise UnauthorizedError(f"negotiate was answered with status {status}", status)
    if status == 404:
        raise NegotiationError("negotiate was answered with status 404: is the URL that of a hub?", status)
    if status != 200:
        raise NegotiationError(f"negotiate was answered with status {status}", status)
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NegotiationError("the answer to negotiate is not that of a SignalR server", status) from None


def _negotiate_url(url: str, *, stateful: bool) -> str:
    parts = urlsplit(url)
    url = urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/negotiate"))
    if "negotiateVersion=" not in parts.query:
        url = with_query(url, "negotiateVersion=1")
    if stateful and "useStatefulReconnect=" not in parts.query:
        url = with_query(url, "useStatefulReconnect=true")
    return url


def _accept(url: str, headers: Mapping[str, str], credentials: Credentials, answer: _Answer) -> Negotiated:
    if not answer.connection_id:
        raise NegotiationError("the answer to negotiate names no connection")
    # Version 0 knows no token: there the id addresses the connection.
    token = answer.connection_token if answer.negotiate_version > 0 else answer.connection_id
    if not token:
        raise NegotiationError("the answer to negotiate holds no connection token")
    transports = {offer.transport: frozenset(offer.transfer_formats) for offer in answer.available_transports}
    return Negotiated(
        url, headers, credentials, answer.connection_id, token, transports, stateful=answer.use_stateful_reconnect
    )


def _redirect(
    url: str,
    headers: Mapping[str, str],
    credentials: Credentials,
    target: str,
    token: str | None,
    options: ClientOptions,
) -> tuple[str, Mapping[str, str], Credentials]:
    try:
        target = http_url(target)
    except ValueError:
        raise NegotiationError("the server redirected to something that is not an absolute URL") from None
    if url.startswith("https:") and not target.startswith("https:"):
        raise NegotiationError("the server redirected from https to http")
    # Credentials are given to the origin they were meant for, and to no other one.
    if not same_origin(url, target):
        headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}
        credentials = Credentials(None, options.connect_timeout)
    if token is not None:
        credentials = Credentials(token, options.connect_timeout)
    return target, headers, credentials
