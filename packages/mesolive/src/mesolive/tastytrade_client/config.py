"""Settings of the tastytrade client: addresses, credentials, deadlines, and the API's version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NoReturn

API_VERSION: Final = "20261012"
"""The release that the client was written for, as a date. Without the header the server answers as its oldest one."""
SOURCE: Final = "MesoLiveOpen/1.0"
"""What orders and streams name as their source. The servers refuse calls without a `product/version`."""


class Hidden:
    """A text that is never shown: its representation and its pickle hide it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one call that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Hidden(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Hidden, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An OAuth grant: client secret and refresh token give all rights of the grant, and do not expire.

    Attributes
    ----------
    client_secret
        Of the OAuth application.
    refresh_token
        Of the grant.
    """

    client_secret: Hidden
    refresh_token: Hidden


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers are.

    Attributes
    ----------
    rest
        Base URL of the REST API, without a slash at the end.
    account_stream
        URL of the account stream.
    dxlink
        URL of the quotes; empty for the one that the server names with each quote token.
    is_sandbox
        Whether no real money is moved there.
    """

    rest: str
    account_stream: str
    dxlink: str = ""
    is_sandbox: bool = False


PRODUCTION: Final = Endpoints("https://api.tastyworks.com", "wss://streamer.tastyworks.com")
SANDBOX: Final = Endpoints("https://api.cert.tastyworks.com", "wss://streamer.cert.tastyworks.com", is_sandbox=True)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How the client calls. All times are seconds of real time.

    Attributes
    ----------
    api_version
        Sent as `Accept-Version`; empty for none. A server that refuses it is called without it from then on.
    source
        `product/version`, sent as `User-Agent` and as the source of orders and streams.
    connect_seconds
        Longest duration of making a connection.
    call_seconds
        Longest duration of a call that reads, repetitions included.
    order_seconds
        Longest duration of a call that changes something. Such a call is made once.
    read_pause_seconds
        Before a call that reads is repeated; it doubles.
    refresh_at
        The part of an access token's life after which the next one is requested.
    refresh_pause_seconds, max_refresh_pause_seconds
        Between two attempts to get an access token; the pause doubles up to the maximum. Many failed attempts in a row
        lock the address out.
    rates
        Requests per second by the names of `rate_limits.RATES`, for those that shall differ.
    """

    api_version: str = API_VERSION
    source: str = SOURCE
    connect_seconds: float = 5.0
    call_seconds: float = 12.0
    order_seconds: float = 10.0
    read_pause_seconds: float = 0.25
    refresh_at: float = 2 / 3
    refresh_pause_seconds: float = 2.0
    max_refresh_pause_seconds: float = 60.0
    rates: dict[str, float] = field(default_factory=dict[str, float])
