"""Base of the HTTP transports (server-sent events, long polling): sends by POST, receives in a background task."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from typing import Any

import httpx

from signalr_asyncio.client._exceptions import ConnectError, TransportError, UnauthorizedError, UnknownConnectionError
from signalr_asyncio.client._mailbox import Mailbox
from signalr_asyncio.client._transports.base import Endpoint, TransportClosedError

# Records that wait while a POST is on its way go together in the next, up to this.
_BATCH_BYTES = 32 * 1024
_BACKLOG_BYTES = 64 * 1024
_CHUNKS_AHEAD = 16
_ANSWER_LIMIT = 64 * 1024

logger = logging.getLogger("signalr_asyncio.client")

UNAUTHORIZED = frozenset({401, 403})


class HttpTransport:
    """Sends records by POST, one request at a time, and hands over what the receiving task delivers.

    As with a socket, what was taken for sending may still be on its way; that it did not arrive shows in the end of the
    transport.

    Parameters
    ----------
    endpoint
        Where to.
    name
        For the texts of errors.
    """

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self._endpoint = endpoint
        self._url = endpoint.connection_url
        self._label = name
        self._room = asyncio.Event()
        self._received: Mailbox[bytes] = Mailbox(_CHUNKS_AHEAD, self._room.set)
        self._outgoing: deque[bytes] = deque()
        self._backlog = 0
        self._something = asyncio.Event()
        self._posted = asyncio.Event()
        self._end: TransportClosedError | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def send(self, data: bytes) -> None:
        """Take records for sending, once not too many wait; see `Transport`."""
        await self._until(_BACKLOG_BYTES)
        if self._end is not None:
            raise TransportClosedError(str(self._end))
        self._outgoing.append(data)
        self._backlog += len(data)
        self._something.set()

    async def receive(self) -> bytes:
        """Return the next bytes; see `Transport`."""
        if not self._received.items and self._end is not None:
            raise TransportClosedError(str(self._end))
        return await self._received.get()

    def abort(self) -> None:
        """End at once; see `Transport`."""
        self._finish("it was given up")

    async def _flush(self) -> bool:
        """Wait until all is sent; return whether the transport is still open then."""
        await self._until(1)
        return self._end is None

    async def _until(self, limit: int) -> None:
        while self._backlog >= limit and self._end is None:
            self._posted.clear()
            await self._posted.wait()

    async def _shut(self) -> None:
        """Stop the tasks."""
        self._finish("it was closed")
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # -- for the kinds of transport

    def _start(self, receiving: Coroutine[Any, Any, None]) -> None:
        for work in (receiving, self._post_all()):
            task = asyncio.get_running_loop().create_task(work, name=f"signalr {self._label}")
            task.add_done_callback(self._task_done)
            self._tasks.append(task)

    async def _deliver(self, data: bytes) -> None:
        if self._received.put(data):
            self._received.paused = True
            self._room.clear()
            await self._room.wait()

    def _finish(self, reason: str) -> None:
        if self._end is not None:
            return
        self._end = TransportClosedError(reason)
        self._received.end(TransportClosedError(reason))
        self._outgoing.clear()
        self._posted.set()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    async def _headers(self) -> dict[str, str]:
        return {**self._endpoint.headers, **await self._endpoint.credentials.headers()}

    async def _request(self, method: str, *, content: bytes = b"", within: float, limit: int) -> tuple[int, bytes]:
        """Send a request to the connection; a refused token is asked for anew, once."""
        http = self._endpoint.http
        status, body = await http.request(
            method, self._url, await self._headers(), content=content, within=within, limit=limit
        )
        if status == 401 and await self._endpoint.credentials.refresh():
            return await http.request(
                method, self._url, await self._headers(), content=content, within=within, limit=limit
            )
        return status, body

    async def _post_all(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._outgoing:
                await self._post(self._batch())

    def _batch(self) -> bytes:
        batch = [self._outgoing.popleft()]
        size = len(batch[0])
        while self._outgoing and size + len(self._outgoing[0]) <= _BATCH_BYTES:
            size += len(self._outgoing[0])
            batch.append(self._outgoing.popleft())
        return b"".join(batch)

    async def _post(self, batch: bytes) -> None:
        try:
            status, _ = await self._request(
                "POST",
                content=batch,
                within=self._endpoint.options.server_timeout,
                limit=_ANSWER_LIMIT,
            )
            if not 200 <= status < 300:
                self._finish(f"sending was answered with status {status}")
        except (httpx.HTTPError, TimeoutError, ConnectError) as error:
            self._finish(f"sending failed: {type(error).__name__}")
        self._backlog -= len(batch)
        self._posted.set()

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", self._label, exc_info=error)
            self._finish(f"it failed: {type(error).__name__}")


def refused(name: str, status: int) -> ConnectError:
    """Return what to raise when opening a transport was answered with `status`."""
    text = f"{name} was answered with status {status}"
    if status in UNAUTHORIZED:
        return UnauthorizedError(text, status)
    return UnknownConnectionError(text, status) if status == 404 else TransportError(text, status)
