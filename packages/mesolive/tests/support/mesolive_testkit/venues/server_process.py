"""A server in a process of its own, which a test kills."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess

from mesolive_testkit.venues import crash_child

START_SECONDS = 300.0
"""A start takes three seconds; a long run of kills must not end because the machine was busy for a minute."""
LIFE_SECONDS = 120.0


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mesolive.server", "mesolive_sdk", "alembic.command", "asyncpg"])
    return context


class Life:
    """One life of the server's process."""

    def __init__(self, process: ForkServerProcess, url: str) -> None:
        self._process = process
        self.url = url

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()

    async def death(self) -> None:
        """Wait until it is gone, and see that it was killed and did not end by itself."""
        await asyncio.to_thread(self._process.join, START_SECONDS)
        assert self._process.exitcode == -signal.SIGKILL, f"the server ended with {self._process.exitcode}"

    @property
    def over(self) -> bool:
        return not self._process.is_alive()


@asynccontextmanager
async def life(
    database_url: str, venue: object, die_at: int | None, target: Callable[..., None] = crash_child.run
) -> AsyncGenerator[Life | None]:
    """Run the server while the context lasts; `None` when it died before it listened.

    Parameters
    ----------
    venue
        Where the venue is: the second argument of `target`, which runs in the process.
    """
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(database_url, sender, venue, die_at), daemon=True)
    await asyncio.to_thread(process.start)
    sender.close()
    try:
        if not await asyncio.to_thread(receiver.poll, START_SECONDS):
            raise TimeoutError("the server did not start")
        try:
            url: str | None = receiver.recv()
        except EOFError:
            url = None
        yield None if url is None else Life(process, url)
    finally:
        process.kill()
        await asyncio.to_thread(process.join, START_SECONDS)
        receiver.close()
