"""HTTP client of a connection attempt: bounded responses, a cookie jar, no URL or header in any log."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx

from signalr_asyncio.client._options import ClientOptions

USER_AGENT = "signalr-asyncio"


@functools.cache
def _system_context() -> ssl.SSLContext:
    # Reading the system's certificates takes tens of milliseconds, so it is done once.
    return ssl.create_default_context()


def tls_context(options: ClientOptions) -> ssl.SSLContext:
    """Return the TLS context of the options, or the system's."""
    return options.ssl if options.ssl is not None else _system_context()


def _without_authorities() -> ssl.SSLContext:
    """Return a TLS context that trusts no authority, for transports without TLS: httpx wants one for each."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class HttpChannel:
    """The HTTP connections and the cookies of one connection attempt.

    It drives httpx's transport itself and not its client: the client logs each URL, and a URL here holds the
    connection token.

    Parameters
    ----------
    options
        For TLS, proxy and times.
    """

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._cookies = httpx.Cookies()
        # By whether they speak TLS: a channel without it need not read the system's certificates.
        self._transports: dict[bool, httpx.AsyncHTTPTransport] = {}

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: Mapping[str, str], *, content: bytes = b"", read_timeout: float | None
    ) -> AsyncGenerator[httpx.Response]:
        """Send a request and hand over the response with its body still to be read.

        Parameters
        ----------
        method
            The HTTP method.
        url
            The absolute URL.
        headers
            Headers to send, beside the cookies.
        content
            The body.
        read_timeout
            How long a pause between bytes of the response may be, in seconds; None for no limit.
        """
        transport = self._transport_for(url)
        connect = self._options.connect_timeout
        request = httpx.Request(
            method,
            url,
            headers={"User-Agent": USER_AGENT, **headers},
            content=content,
            extensions={"timeout": {"connect": connect, "write": connect, "pool": connect, "read": read_timeout}},
        )
        self._cookies.set_cookie_header(request)
        response = await transport.handle_async_request(request)
        response.request = request
        try:
            self._cookies.extract_cookies(response)
            yield response
        finally:
            await response.aclose()

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        content: bytes = b"",
        within: float,
        limit: int,
    ) -> tuple[int, bytes]:
        """Send a request and return its status and body.

        Parameters
        ----------
        method, url, headers, content
            The request.
        within
            For the whole, in seconds.
        limit
            The longest body taken, in bytes.

        Raises
        ------
        httpx.HTTPError
            When the answer did not come, or is longer than `limit`.
        TimeoutError
            When it took too long.
        """
        async with (
            asyncio.timeout(within),
            self.stream(method, url, headers, content=content, read_timeout=None) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    raise httpx.ReadError(f"the answer is longer than {limit} bytes", request=response.request)
            return response.status_code, bytes(body)

    def _transport_for(self, url: str) -> httpx.AsyncHTTPTransport:
        # A proxy's own address may be https.
        secure = self._options.proxy is not None or not url.lower().startswith("http:")
        if secure not in self._transports:
            self._transports[secure] = httpx.AsyncHTTPTransport(
                verify=tls_context(self._options) if secure else _without_authorities(),
                proxy=self._options.proxy,
                trust_env=False,
            )
        return self._transports[secure]

    def cookie_header(self, url: str) -> dict[str, str]:
        """Return the Cookie header for a request to `url` that does not go through this channel."""
        request = httpx.Request("GET", url)
        self._cookies.set_cookie_header(request)
        value = request.headers.get("cookie")
        return {} if value is None else {"Cookie": value}

    async def close(self) -> None:
        """Close all connections."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()
