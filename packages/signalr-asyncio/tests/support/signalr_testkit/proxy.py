"""A way to a server that breaks on command: bytes vanish, connections are cut, no answer comes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

Way = Literal["up", "down"]


class BreakableProxy:
    """Forwards TCP connections to a port of this machine, until switched off.

    Parameters
    ----------
    target
        The port of the server.

    Attributes
    ----------
    target
        May be changed; holds for connections made from then on.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._swallowing: set[Way] = set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen on a free port."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None, "start it first"
        return self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """The address of the server behind it."""
        return f"http://127.0.0.1:{self.port}"

    def swallow(self, way: Way) -> None:
        """Let all bytes to the server (`up`) or to the client (`down`) vanish, until the connections are cut."""
        self._swallowing.add(way)

    def cut(self) -> None:
        """Break every connection at once; new ones are whole again."""
        self._swallowing.clear()
        for writer in list(self._writers):
            writer.transport.abort()

    def refuse(self, *, refuse: bool = True) -> None:
        """Break new connections at once, as of a server that is away; or no longer."""
        self._refusing = refuse

    async def close(self) -> None:
        """End it and all its connections."""
        assert self._server is not None, "start it first"
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._refusing:
                writer.transport.abort()
            else:
                await self._forward(reader, writer)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers.add(to_writer)
        try:
            ways = {
                asyncio.create_task(self._pump("up", reader, to_writer)),
                asyncio.create_task(self._pump("down", to_reader, writer)),
            }
            _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            to_writer.transport.abort()
            self._writers.discard(to_writer)

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(64 * 1024):
                if way not in self._swallowing:
                    writer.write(data)
                    await writer.drain()
