"""A network that fails on demand: a TCP proxy between client and server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Proxy:
    """Forwards bytes, until it is switched off.

    Attributes
    ----------
    slice
        Forward at most so many bytes at a time, each in a segment of its own; None for as they come.
    swallowing
        Take all bytes and let none through, as of a host that lost its power.
    accepted
        How many connections there were.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._links: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0
        self.slice: int | None = None
        self.swallowing = False
        self._budget: int | None = None
        self._spent = asyncio.Event()
        self.accepted = 0
        self.cuts = 0

    async def start(self) -> None:
        """Listen; on the same port again after `stop`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        self._open.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def cut(self) -> None:
        """Cut every connection at once."""
        self.cuts += 1
        for link, other in list(self._links):
            link.transport.abort()
            other.transport.abort()

    def cut_after(self, budget: int) -> asyncio.Event:
        """Cut every connection after so many more bytes in both directions, wherever that falls; tell by the event."""
        self._budget = budget
        self._spent = asyncio.Event()
        return self._spent

    def hold(self) -> None:
        """Let nothing through, in either direction, until `release`; nothing is lost."""
        self._open.clear()

    def release(self) -> None:
        """Let through what was held."""
        self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            to_server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = writer, to_server[1]
        self._links.add(link)
        pumps = [
            asyncio.ensure_future(self._pump(reader, to_server[1])),
            asyncio.ensure_future(self._pump(to_server[0], writer)),
        ]
        self._tasks.update(pumps)
        try:
            await asyncio.wait(pumps)
        finally:
            self._links.discard(link)
            self._tasks.difference_update(pumps)
            for end in link:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(self.slice or 65536):
                await self._open.wait()
                if self.swallowing:
                    continue
                if self._budget is not None:
                    data = data[: self._budget]
                    self._budget -= len(data)
                writer.write(data)
                await writer.drain()
                if self._budget == 0:
                    self._budget = None
                    self._spent.set()
                    # What went through is to arrive, so the end is an end of file and not a reset.
                    self.cuts += 1
                    for ends in list(self._links):
                        for end in ends:
                            end.close()
                    return
            if not self.swallowing:
                writer.close()
        except OSError:
            return


@asynccontextmanager
async def proxied(port: int) -> AsyncGenerator[Proxy]:
    """Put a proxy in front of a port."""
    proxy = Proxy("127.0.0.1", port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
