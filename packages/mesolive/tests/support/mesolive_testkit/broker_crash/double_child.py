"""A broker's double in a process of its own: it can be killed, and started again where it was."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from random import Random
from typing import Any, cast

import structlog

from mesolive.records import replace
from mesolive_testkit.broker_crash.drivers import BrokerTruth, Double, DoubleRequest, Driver
from mesolive_testkit.store.crash import START_SECONDS, forking

DISTURB_SECONDS = 0.25


def driver_of(module: str) -> Driver:
    """Return the driver of a module: drivers cross the border between processes by its name."""
    driver = importlib.import_module(module).DRIVER
    assert isinstance(driver, Driver)
    return driver


def run(module: str, request: DoubleRequest, parent: Connection, *, faults: bool) -> None:
    """Run a double until killed; tell the parent its port once it listens, then answer its commands."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(driver_of(module), request, parent, faults))


async def _serve(driver: Driver, request: DoubleRequest, parent: Connection, faults: bool) -> None:
    async with driver.open_double(request) as double:
        double.set_faults(on=faults)
        disturbing = asyncio.create_task(_disturb(driver, double, request.seed)) if faults else None
        parent.send(double.port)
        loop = asyncio.get_running_loop()
        commands: asyncio.Queue[str] = asyncio.Queue()
        loop.add_reader(parent.fileno(), lambda: commands.put_nowait(parent.recv()))
        while True:
            match await commands.get():
                case "faults off":
                    double.set_faults(on=False)
                    if disturbing is not None:
                        disturbing.cancel()
                        await asyncio.gather(disturbing, return_exceptions=True)
                        disturbing = None
                    parent.send(None)
                case "truth":
                    parent.send(double.truth())
                case other:
                    raise AssertionError(other)


async def _disturb(driver: Driver, double: Double, seed: int) -> None:
    chances = Random(seed)  # noqa: S311 - to be repeated
    while True:
        await asyncio.sleep(DISTURB_SECONDS)
        driver.disturb(double, chances)


class DoubleProcess:
    """The double as the test has it: killed and started again, on the same port."""

    def __init__(self, module: str, request: DoubleRequest) -> None:
        self._module = module
        self._request = request
        self._process: ForkServerProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        self.faults = False

    @property
    def port(self) -> int:
        """Where the connector reaches it."""
        return self._request.port

    async def start(self) -> None:
        """Start it where it was."""
        context = forking()
        ours, theirs = context.Pipe()
        self._pipe = cast("Connection[Any, Any]", ours)
        self._request = replace(self._request, seed=self._request.seed + 1)
        process = context.Process(
            target=run, args=(self._module, self._request, theirs), kwargs={"faults": self.faults}, daemon=True
        )
        await asyncio.to_thread(process.start)
        theirs.close()
        self._process = process
        self._request = replace(self._request, port=await self._answer())

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join, START_SECONDS)
        if self._pipe is not None:
            self._pipe.close()

    async def calm(self) -> None:
        """Let no fault strike any more."""
        self.faults = False
        await self._ask("faults off")

    async def truth(self) -> BrokerTruth:
        """Ask what really happened."""
        answer = await self._ask("truth")
        assert isinstance(answer, BrokerTruth)
        return answer

    async def _ask(self, command: str) -> object:
        assert self._pipe is not None
        self._pipe.send(command)
        return await self._answer()

    async def _answer(self) -> object:
        assert self._pipe is not None
        if not await asyncio.to_thread(self._pipe.poll, START_SECONDS):
            raise TimeoutError("the double did not answer")
        return self._pipe.recv()


@asynccontextmanager
async def double_process(module: str, request: DoubleRequest) -> AsyncGenerator[DoubleProcess]:
    """Run a broker's double in a process while the context lasts."""
    double = DoubleProcess(module, request)
    try:
        await double.start()
        yield double
    finally:
        await double.kill()
