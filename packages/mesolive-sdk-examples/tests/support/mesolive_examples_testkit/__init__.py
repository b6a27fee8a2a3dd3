"""Runs the examples against a real server, the way a shell would."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from typer.testing import CliRunner

from mesolive.clock import ScaledClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk_examples import printing
from mesolive_testkit.server import START, Kit, live_server

WIDTH = 240
"""How wide tables are, so that no cell is broken."""


@dataclass(frozen=True)
class Run:
    """What a run of an example came to."""

    status: int
    output: str
    errors: str

    def json(self) -> Any:
        """Return the output read as JSON."""
        return json.loads(self.output)

    def json_lines(self) -> list[Any]:
        """Return each line of the output read as JSON."""
        return [json.loads(line) for line in self.output.splitlines()]


@dataclass
class Shell:
    """Runs examples with the connection of a server in the environment."""

    kit: Kit

    async def run(self, example: str, *arguments: object, **environment: str) -> Run:
        """Run an example in a thread of its own, because it brings its own event loop."""
        app = importlib.import_module(f"mesolive_sdk_examples.{example}").app
        settings = {"MESOLIVE_URL": self.kit.url, "MESOLIVE_API_KEY": self.kit.token} | environment
        printing.out.width = WIDTH
        result = await asyncio.to_thread(
            CliRunner().invoke, app, [str(argument) for argument in arguments], env=settings
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Run(result.exit_code, result.stdout, result.stderr)

    async def ok(self, example: str, *arguments: object) -> Run:
        """Run an example that must succeed."""
        run = await self.run(example, *arguments)
        assert run.status == 0, run.errors or run.output
        return run


@asynccontextmanager
async def moving_server(directory: Path) -> AsyncGenerator[Shell]:
    """Run a server whose simulated market moves by itself, ten times as fast as the wall."""
    clock = ScaledClock(START, 10)
    async with live_server(directory, (Market([SimulatedProvider.generated(clock, seed=7)]), clock)) as kit:
        yield Shell(kit)


class Forwarder:
    """A TCP port in front of a server that can cut every connection."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Cut every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        ends = {writer, back}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._writers -= ends

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
