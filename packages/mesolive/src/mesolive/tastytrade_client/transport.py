"""HTTP transport of tastytrade's REST API: headers, tokens, deadlines, envelopes and outcomes of calls.

A call that reads (GET) is repeated within its deadline. A call that changes something is made once, whatever happens:
only the caller can find out whether it has taken effect.

The client is `httpx`: it is a dependency already, its errors tell a connection that was never made from an answer that
never came, and each phase has a deadline of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from mesolive.tastytrade_client.answers import Envelope, Items, decoder_of, fields_of, refused
from mesolive.tastytrade_client.config import ClientConfig, Credentials, Endpoints, Hidden
from mesolive.tastytrade_client.oauth import AccessToken, LoginRefusedError, TokenSource
from mesolive.tastytrade_client.outcomes import Answered, Outcome, Refused, Unknown
from mesolive.tastytrade_client.rate_limits import RateLimits

_log = logging.getLogger("mesolive.tastytrade_client")

T = TypeVar("T")

JSON: Final = "application/json"
LOGIN: Final = "login"
"""The code of a refusal that says that there is no login any more."""
READS: Final = frozenset({"GET"})
REPEATED_AFTER_401: Final = frozenset({"GET", "DELETE"})
MAX_PAGES: Final = 200

WRITE_BEGINS: Final = ".send_request_headers.started"
"""The event of `httpcore` between the choice of a connection, which may have to be made first, and the first byte."""

WriteCheck = Callable[[], Awaitable[str | None]]
"""Returns why a request must not be written any more, or `None`: then it is written at once."""

Query = Mapping[str, "str | int | bool | Sequence[str]"]


class _WithheldError(Exception):
    """A request was not written, for the reason in the text."""


class Transport:
    """Calls the REST API. Belongs to one event loop; close it, or use it as a context manager.

    Parameters
    ----------
    http
        Another HTTP transport, for tests.
    record
        Called with each request and each answer as text, those for access tokens without their bodies.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        config: ClientConfig | None = None,
        *,
        http: httpx.AsyncBaseTransport | None = None,
        record: Callable[[str], None] | None = None,
    ) -> None:
        self.config = config or ClientConfig()
        self.endpoints = endpoints
        self._credentials = credentials
        self._version = self.config.api_version
        self._limits = RateLimits(self.config.rates)
        self._given = http
        self._record = record
        self._client: httpx.AsyncClient | None = None
        self._server_time: tuple[str, datetime] | None = None
        self.tokens = TokenSource(self._request_token, self.config)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; a later call makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def clock_difference(self) -> float | None:
        """Seconds that the server's clock is ahead, to a second; `None` before its first answer."""
        if self._server_time is None:
            return None
        date, at = self._server_time
        try:
            return (parsedate_to_datetime(date) - at).total_seconds()
        except ValueError:
            return None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self.endpoints.rest,
                headers={"User-Agent": self.config.source, "Accept": JSON},
                timeout=self.config.connect_seconds,
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=20.0),
                transport=self._given,
                follow_redirects=False,
            )
        return self._client

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Query | None = None,
        body: msgspec.Struct | None = None,
        seconds: float | None = None,
        is_refused_with_data: bool = False,
        check: WriteCheck | None = None,
    ) -> Outcome[T]:
        """Make a call, and return its outcome; it raises nothing.

        Parameters
        ----------
        path
            Below the base URL, with quoted parts; see `part`.
        answer
            What the answer's `data` are decoded to.
        seconds
            The longest duration; by default that of the configuration.
        is_refused_with_data
            Whether an error beside the data is a refusal: a dry run that fails has both.
        check
            Awaited right before each write of the request, behind the rate limit, the token and the connection. On a
            reason nothing is written, and the outcome is unknown with that reason and `sent` false.
        """
        outcome = await self._within_deadline(method, path, Envelope[answer], query, body, seconds, check)
        if not isinstance(outcome, Answered):
            return outcome
        envelope = outcome.value
        if envelope.error is not None and is_refused_with_data:
            return Refused(outcome.status, *fields_of(envelope.error))
        return Answered(envelope.data, outcome.status)

    async def pages(self, path: str, item: type[T], *, query: Query | None = None) -> Outcome[list[T]]:
        """Read a list with all its pages; items that a moving list shows twice come once.

        A list that has several pages moves while it is read: its first page is read once more at the end.
        """
        listed: list[T] = []
        page = 0
        while True:
            outcome = await self._page(path, item, query, page)
            if not isinstance(outcome, Answered):
                return outcome
            listed += outcome.value.data.items
            pagination = outcome.value.pagination
            total = 1 if pagination is None or pagination.total_pages is None else pagination.total_pages
            page += 1
            if page >= total:
                break
            if page >= MAX_PAGES:
                return Unknown(f"{path} has {total} pages, more than {MAX_PAGES}", sent=True)
        if page > 1:
            outcome = await self._page(path, item, query, 0)
            if not isinstance(outcome, Answered):
                return outcome
            listed = [*outcome.value.data.items, *listed]
        return Answered(_once(listed))

    async def _page(self, path: str, item: type[T], query: Query | None, page: int) -> Outcome[Envelope[Items[T]]]:
        asked = dict(query or {})
        if page:
            asked["page-offset"] = page
        return await self._within_deadline("GET", path, Envelope[Items[item]], asked, None, None)

    # --- one call -----------------------------------------------------------------------------------------------------

    async def _within_deadline(
        self,
        method: str,
        path: str,
        answer: type[T],
        query: Query | None,
        body: msgspec.Struct | None,
        seconds: float | None,
        check: WriteCheck | None = None,
    ) -> Outcome[T]:
        config = self.config
        limit = seconds if seconds is not None else config.call_seconds if method in READS else config.order_seconds
        reached = _Reached(check)
        try:
            async with asyncio.timeout(limit):
                return await self._repeated(method, path, answer, query, body, reached)
        except TimeoutError:
            failure = reached.failure or f"no answer to {method} {path}"
            return Unknown(f"{failure} within {limit:g} s", sent=reached.sent)

    async def _repeated(
        self,
        method: str,
        path: str,
        answer: type[T],
        query: Query | None,
        body: msgspec.Struct | None,
        reached: _Reached,
    ) -> Outcome[T]:
        pause = self.config.read_pause_seconds
        while True:
            outcome = await self._authorized(method, path, answer, query, body, reached)
            if isinstance(outcome, Refused) and outcome.is_throttled:
                rest = self._limits.throttled(path)
                _log.warning("call_throttled method=%s path=%s rest=%g", method, path, rest)
                if method in READS:
                    continue  # the bucket makes it wait
                return outcome
            again = isinstance(outcome, Unknown) and method in READS
            if not again:
                return outcome
            reached.failure = str(outcome)
            await asyncio.sleep(pause)
            pause *= 2

    async def _authorized(
        self,
        method: str,
        path: str,
        answer: type[T],
        query: Query | None,
        body: msgspec.Struct | None,
        reached: _Reached,
    ) -> Outcome[T]:
        """Make a call with a token; one that is not accepted is replaced, and reads are made again with the new one."""
        await self._limits.wait(path)
        try:
            token = await self.tokens.current()
        except LoginRefusedError as error:
            return Refused(401, LOGIN, str(error)) if error.is_permanent else Unknown(str(error), sent=False)
        outcome = await self._send(method, path, answer, token, query, body, reached)
        if isinstance(outcome, Refused) and outcome.is_unauthorized:
            try:
                token = await self.tokens.renewed(token)
            except LoginRefusedError as error:
                if error.is_permanent:
                    return Refused(401, LOGIN, str(error))
                # A read is made again when there is a token. Of anything else it is certain that it was refused.
                return Unknown(str(error)) if method in READS else outcome
            if method in REPEATED_AFTER_401:
                outcome = await self._send(method, path, answer, token, query, body, reached)
        return outcome

    async def _send(
        self,
        method: str,
        path: str,
        answer: type[T],
        token: Hidden | None,
        query: Query | None,
        body: msgspec.Struct | None,
        reached: _Reached,
    ) -> Outcome[T]:
        content = None if body is None else msgspec.json.encode(body)
        outcome = await self._exchange(method, path, answer, token, query, content, reached)
        if isinstance(outcome, Refused) and outcome.status == 406 and self._version:
            # The sandbox does not know every version. Nothing was carried out: the version is looked at first.
            _log.warning("api_version_refused version=%s", self._version)
            self._version = ""
            outcome = await self._exchange(method, path, answer, token, query, content, reached)
        return outcome

    async def _exchange(
        self,
        method: str,
        path: str,
        answer: type[T],
        token: Hidden | None,
        query: Query | None,
        content: bytes | None,
        reached: _Reached,
    ) -> Outcome[T]:
        headers: dict[str, str] = {}
        if content is not None:
            headers["Content-Type"] = JSON
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        if self._version:
            headers["Accept-Version"] = self._version
        # From here on a caller that gives up does not know whether the server has the request.
        reached.sent = True
        try:
            if self._given is not None:
                await reached.begin()  # a transport of a test tells no events
            response = await self._http().request(
                method,
                path,
                params=_pairs(query),
                content=content,
                headers=headers,
                timeout=self._timeout(method),
                extensions={} if reached.check is None else {"trace": reached.trace},
            )
        except _WithheldError as error:
            reached.sent = False
            return Unknown(str(error), sent=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            reached.sent = False
            return Unknown(f"no connection for {method} {path} ({type(error).__name__})", sent=False)
        except httpx.HTTPError as error:
            return Unknown(f"no answer to {method} {path} ({type(error).__name__})")
        if self._record is not None:
            self._record(_as_text(response, content, is_secret=token is None))
        if "date" in response.headers:
            self._server_time = response.headers["date"], datetime.now(UTC)
        if not 200 <= response.status_code < 300:
            return refused(method, path, response)
        self._limits.accepted(path)
        try:
            return Answered(decoder_of(answer).decode(response.content), response.status_code)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # The error of a decoder names a place and a type, and never what stood there.
            return Unknown(f"the answer to {method} {path} cannot be read: {error}")

    def _timeout(self, method: str) -> httpx.Timeout:
        config = self.config
        maximum = config.call_seconds if method in READS else config.order_seconds
        return httpx.Timeout(maximum, connect=config.connect_seconds, pool=config.connect_seconds)

    async def _request_token(self) -> Outcome[AccessToken]:
        grant = {
            "grant_type": "refresh_token",
            "refresh_token": self._credentials.refresh_token.reveal(),
            "client_secret": self._credentials.client_secret.reveal(),
        }
        try:
            async with asyncio.timeout(self.config.order_seconds):
                return await self._send_token(msgspec.json.encode(grant))
        except TimeoutError:
            return Unknown(f"no answer to the token call within {self.config.order_seconds:g} s")

    async def _send_token(self, content: bytes) -> Outcome[AccessToken]:
        reached = _Reached()
        outcome = await self._exchange("POST", "/oauth/token", AccessToken, None, None, content, reached)
        if isinstance(outcome, Refused) and outcome.status == 406 and self._version:
            self._version = ""
            outcome = await self._exchange("POST", "/oauth/token", AccessToken, None, None, content, reached)
        return outcome


class _Reached:
    """Whether a request may have reached the server, and how the last attempt failed.

    Parameters
    ----------
    check
        Awaited before each write.
    """

    __slots__ = ("check", "failure", "sent")

    def __init__(self, check: WriteCheck | None = None) -> None:
        self.check = check
        self.sent = False
        self.failure = ""

    async def trace(self, event: str, info: object) -> None:
        """Take an event of `httpcore`: the one before the first byte is the last at which a request can be withheld."""
        del info
        if event.endswith(WRITE_BEGINS):
            await self.begin()

    async def begin(self) -> None:
        if self.check is not None and (reason := await self.check()) is not None:
            raise _WithheldError(reason)


def part(text: str) -> str:
    """Return a text as one part of a path: symbols have spaces and slashes."""
    return quote(text, safe="")


def _as_text(response: httpx.Response, content: bytes | None, *, is_secret: bool) -> str:
    """Return a call as text, without its headers: they hold the token."""
    request = response.request
    line = f"{request.method} {request.url.path}{f'?{request.url.query.decode()}' if request.url.query else ''}"
    if is_secret:
        return f"{line} -> {response.status_code}"
    sent = "" if content is None else f" {content.decode()}"
    return f"{line}{sent} -> {response.status_code} {response.text}"


def _pairs(query: Query | None) -> httpx.QueryParams:
    """Return a query as pairs; a list becomes `name[]` as often as it has entries."""
    result: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        if isinstance(value, bool):
            result.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            result.append((name, str(value)))
        else:
            result += [(f"{name}[]", item) for item in value]
    return httpx.QueryParams(tuple(result))


def _once(items: list[T]) -> list[T]:
    """Return items without those whose id came before, in their order; items without an id all stay."""
    seen: set[Any] = set()
    result: list[T] = []
    for item in items:
        key = getattr(item, "id", None)
        if key is None or key not in seen:
            seen.add(key)
            result.append(item)
    return result
