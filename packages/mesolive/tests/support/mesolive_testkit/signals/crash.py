"""A script that is played to the end, however often the server is killed in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from typing import Any, TypeVar

import msgspec

from mesolive_sdk import MesoLiveEventHubClient, models, wire
from mesolive_sdk.exceptions import MesoLiveSignalRError
from mesolive_sdk.models import EVENT_MODELS
from mesolive_testkit.signals import crash_child
from mesolive_testkit.signals.crash_child import Scene
from mesolive_testkit.store.crash import START_SECONDS, forking, replayed
from mesolive_testkit.store.crash_child import Fault

STEP_SECONDS = 120.0

NOT_COMPARED = ("EventId", "JobId", "ExecPlanId", "OrderId", "LegId")
"""What differs from one performance to the next: ids that are drawn, and numbers that a lost transaction used up."""

Json = dict[str, Any]
R = TypeVar("R")


class DiedError(Exception):
    """The server was killed during a step."""


class Life:
    """One life of the server's process."""

    def __init__(self, process: ForkServerProcess, pipe: Any, url: str) -> None:
        self.process = process
        self.url = url
        self._pipe = pipe

    async def show(self, scene: Scene) -> None:
        """Set the market."""
        await self._ask(scene)

    async def evaluate(self) -> None:
        """Evaluate the signals once."""
        await self._ask(None)

    async def _ask(self, wanted: Scene | None) -> None:
        try:
            self._pipe.send(wanted)
            if not await asyncio.to_thread(self._pipe.poll, STEP_SECONDS):
                raise TimeoutError("the server does not answer")
            self._pipe.recv()
        except (EOFError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise DiedError from error

    async def death(self) -> None:
        """Wait until it is gone, and see that it was killed."""
        await asyncio.to_thread(self.process.join, START_SECONDS)
        assert self.process.exitcode == -signal.SIGKILL, f"the server ended with {self.process.exitcode}"


@asynccontextmanager
async def living(database_url: str, scene: Scene, fault: Fault | None) -> AsyncGenerator[Life]:
    """Run a server while the context lasts; then kill it if nothing else did."""
    context = forking()
    here, there = context.Pipe()
    process = context.Process(target=crash_child.run, args=(database_url, there, scene, fault), daemon=True)
    await asyncio.to_thread(process.start)
    there.close()
    try:
        if not await asyncio.to_thread(here.poll, START_SECONDS):
            raise TimeoutError("the server did not start")
        yield Life(process, here, here.recv())
    finally:
        process.kill()
        await asyncio.to_thread(process.join, START_SECONDS)
        here.close()


@dataclass
class Performance:
    """A script on its way, over as many lives of the server as it takes.

    Attributes
    ----------
    faults
        Where the lives to come die, in order; the life after the last of them dies no more.
    deaths
        How often the server was killed.
    heard
        What the listeners of each life received, by number.
    greeted
        What they received before anything was asked of the life, and the latest number then.
    """

    database_url: str
    token: str
    faults: list[Fault] = field(default_factory=list[Fault])
    deaths: int = 0
    heard: list[dict[int, models.MesoLiveEvent]] = field(default_factory=list[dict[int, models.MesoLiveEvent]])
    greeted: list[tuple[list[models.MesoLiveEvent], int]] = field(
        default_factory=list[tuple[list[models.MesoLiveEvent], int]]
    )
    scene: Scene | None = None
    _life: Life | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def play(self, scene: Scene, *, killed_before: bool = False) -> None:
        """Set the market and evaluate, again after a death until an evaluation came to its end.

        Parameters
        ----------
        killed_before
            Kill the server when the market has moved and no evaluation has followed yet.
        """
        self.scene = scene
        if self._life is None:
            await self._begin()
        await self._now.show(scene)
        if killed_before:
            self._now.process.kill()
            await self._again()
        await self.until_done(lambda life: life.evaluate())

    async def until_done(self, step: Callable[[Life], Awaitable[R]]) -> R:
        """Take a step, again with the next life when the server dies over it."""
        while True:
            try:
                return await step(self._now)
            except (DiedError, MesoLiveSignalRError):
                await self._again(reached=1)

    async def log(self) -> list[models.MesoLiveEvent]:
        """Return every event of the user."""
        async with MesoLiveEventHubClient(self._now.url, self.token) as hub:
            return await replayed(hub)

    async def close(self) -> None:
        """End the present life."""
        stack, self._stack, self._life = self._stack, AsyncExitStack(), None
        with contextlib.suppress(MesoLiveSignalRError):
            await stack.aclose()

    @property
    def _now(self) -> Life:
        assert self._life is not None
        return self._life

    async def _again(self, *, reached: int = 0) -> None:
        """Go on with the next life; fails when the server lives. `reached`: of how many faults it died."""
        await self._now.death()
        self.deaths += 1
        del self.faults[:reached]
        await self.close()
        await self._begin()

    async def _begin(self) -> None:
        assert self.scene is not None
        fault = self.faults[0] if self.faults else None
        self._life = await self._stack.enter_async_context(living(self.database_url, self.scene, fault))
        received: dict[int, models.MesoLiveEvent] = {}
        self.heard.append(received)
        listener = MesoLiveEventHubClient(self._life.url, self.token, reconnect=None, timeout=60)
        for name in EVENT_MODELS:
            listener._on(name, lambda event: received.__setitem__(event.EventSeqId, event))
        await self._stack.enter_async_context(listener)
        await listener.subscribe_to_strategies()
        latest = await listener.get_latest_event_seq_id()
        self.greeted.append((list(received.values()), latest.LatestEventSeqId))


def comparable(events: Sequence[models.MesoLiveEvent]) -> list[Json]:
    """Return events as they travel, without what differs from one performance to the next."""
    callbacks: list[Json] = []
    for event in events:
        plain: Json = msgspec.json.decode(wire.encode_json(event))
        callbacks.append({"callback": event.callback} | {key: plain[key] for key in plain if key not in NOT_COMPARED})
    return callbacks
