"""Client server-sent events transport: an event stream parser and one open GET request.

Source: the event stream format of the HTML standard, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import ClassVar

import httpx

from signalr_asyncio.client._exceptions import TransportError
from signalr_asyncio.client._transports.base import Endpoint, Transport
from signalr_asyncio.client._transports.over_http import HttpTransport, refused
from signalr_asyncio.protocol.codec import TransferFormat

# A carriage return at the very end may be half of a pair, so it waits for the next byte.
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")


class EventParser:
    """Takes the data of events out of an event stream that is cut anywhere.

    Parameters
    ----------
    limit
        The most bytes one event may have.
    """

    __slots__ = ("_data", "_limit", "_rest", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Add bytes and return the data of each event that they complete.

        Raises
        ------
        ValueError
            When an event is longer than the limit.
        """
        text = self._rest + chunk
        events: list[bytes] = []
        start = 0
        for match in _LINE_END.finditer(text):
            line = text[start : match.start()]
            start = match.end()
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data, self._size = [], 0
                continue
            field, _, value = line.partition(b":")
            if field == b"data":
                value = value.removeprefix(b" ")
                self._data.append(value)
                self._size += len(value)
        self._rest = text[start:]
        if self._size + len(self._rest) > self._limit:
            raise ValueError(f"an event is longer than {self._limit} bytes")
        return events


class _EventsTransport(HttpTransport):
    name: ClassVar[str] = "ServerSentEvents"
    inherent_keep_alive: ClassVar[bool] = False

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint, self.name)
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        timeout = self._endpoint.options.connect_timeout
        try:
            async with asyncio.timeout(timeout):
                response = await self._get()
                if response.status_code == 401 and await self._endpoint.credentials.refresh():
                    await self._stack.aclose()
                    response = await self._get()
        except TimeoutError:
            raise TransportError(f"the event stream was not open within {timeout:g} s") from None
        except httpx.HTTPError as error:
            raise TransportError(f"the event stream failed: {type(error).__name__}: {error}") from error
        if response.status_code != 200:
            await self._stack.aclose()
            raise refused("the event stream", response.status_code)
        self._start(self._read(response.aiter_bytes()))

    async def close(self) -> None:
        await self._flush()
        await self._shut()

    async def _get(self) -> httpx.Response:
        return await self._stack.enter_async_context(
            self._endpoint.http.stream(
                "GET", self._url, {"Accept": "text/event-stream", **await self._headers()}, read_timeout=None
            )
        )

    async def _read(self, chunks: AsyncIterator[bytes]) -> None:
        parser = EventParser(self._endpoint.options.max_message_size + 1024)
        try:
            async for chunk in chunks:
                for data in parser.feed(chunk):
                    await self._deliver(data)
            self._finish("the server ended the event stream")
        except httpx.HTTPError as error:
            self._finish(f"the event stream broke: {type(error).__name__}")
        except ValueError as error:
            self._finish(f"the event stream broke: {error}")
        finally:
            await self._stack.aclose()


class _ServerSentEvents:
    """Opens server-sent events."""

    name = "ServerSentEvents"
    resumable = False

    def __repr__(self) -> str:
        return self.name

    def supports(self, transfer_format: TransferFormat) -> bool:
        """Return whether frames are text; an event stream carries nothing else."""
        return transfer_format == "Text"

    async def connect(self, endpoint: Endpoint, transfer_format: TransferFormat) -> Transport:
        """Open the event stream.

        Raises
        ------
        UnauthorizedError
            On 401 and 403.
        UnknownConnectionError
            On 404.
        TransportError
            When it could not be opened for another reason.
        """
        del transfer_format
        transport = _EventsTransport(endpoint)
        await transport.open()
        return transport


ServerSentEvents = _ServerSentEvents()
"""The transport of server-sent events."""
