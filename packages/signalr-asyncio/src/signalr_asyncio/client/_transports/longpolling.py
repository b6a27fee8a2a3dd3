"""Client long polling transport: consecutive GET requests, each answered when data is available."""

from __future__ import annotations

from typing import ClassVar

import httpx

from signalr_asyncio.client._exceptions import ConnectError, TransportError
from signalr_asyncio.client._transports.base import Endpoint, Transport
from signalr_asyncio.client._transports.over_http import HttpTransport, refused
from signalr_asyncio.protocol.codec import TransferFormat

# One answer may hold several messages.
_ANSWER_SLACK = 1024 * 1024


class _LongPollingTransport(HttpTransport):
    name: ClassVar[str] = "LongPolling"
    # An idle poll is answered after a minute or two, with nothing; its own timeout watches over the server.
    inherent_keep_alive: ClassVar[bool] = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint, self.name)
        self._limit = endpoint.options.max_message_size + _ANSWER_SLACK

    async def open(self) -> None:
        # The first poll is answered at once, with nothing: it only says that this transport is used.
        timeout = self._endpoint.options.connect_timeout
        try:
            status, body = await self._request("GET", within=timeout, limit=self._limit)
        except TimeoutError:
            raise TransportError(f"the first poll was not answered within {timeout:g} s") from None
        except httpx.HTTPError as error:
            raise TransportError(f"the first poll failed: {type(error).__name__}: {error}") from error
        if status != 200:
            raise refused("the first poll", status)
        if body:
            self._received.put(body)
        self._start(self._poll())

    async def close(self) -> None:
        open_until_now = await self._flush()
        await self._shut()
        if open_until_now:
            try:
                await self._request("DELETE", within=self._endpoint.options.stop_timeout, limit=self._limit)
            except (httpx.HTTPError, TimeoutError, ConnectError):
                # The server detects by itself that polling has stopped.
                return

    async def _poll(self) -> None:
        while True:
            try:
                status, body = await self._request("GET", within=self._endpoint.options.poll_timeout, limit=self._limit)
            except (httpx.HTTPError, TimeoutError, ConnectError) as error:
                # What the answer held is unknown, so polling again might miss messages.
                self._finish(f"a poll failed: {type(error).__name__}")
                return
            if status == 204:
                self._finish("the server ended the connection")
                return
            if status != 200:
                self._finish(f"a poll was answered with status {status}")
                return
            if body:
                await self._deliver(body)


class _LongPolling:
    """Opens long polling."""

    name = "LongPolling"
    resumable = False

    def __repr__(self) -> str:
        return self.name

    def supports(self, transfer_format: TransferFormat) -> bool:
        """Return True: bodies may be text or binary."""
        del transfer_format
        return True

    async def connect(self, endpoint: Endpoint, transfer_format: TransferFormat) -> Transport:
        """Make the first poll.

        Raises
        ------
        UnauthorizedError
            On 401 and 403.
        UnknownConnectionError
            On 404.
        TransportError
            When it failed for another reason.
        """
        del transfer_format
        transport = _LongPollingTransport(endpoint)
        await transport.open()
        return transport


LongPolling = _LongPolling()
"""The long polling transport."""
