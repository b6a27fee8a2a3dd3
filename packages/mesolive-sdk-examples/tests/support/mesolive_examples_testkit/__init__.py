"""Runs the examples against a real server, the way a shell would."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mesolive.clock import ScaledClock
from mesolive.market.providers.simulated import SimulatedProvider
from mesolive.market.service import Market
from mesolive_testkit import START, Kit, live_server


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
        settings = {"MESOLIVE_URL": self.kit.url, "MESOLIVE_API_KEY": self.kit.token, "COLUMNS": "240"} | environment
        result = await asyncio.to_thread(CliRunner().invoke, app, [str(one) for one in arguments], env=settings)
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
