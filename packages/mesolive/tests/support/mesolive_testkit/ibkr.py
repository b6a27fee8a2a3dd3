"""The connector to TWS in tests: sessions of it at a running double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from mesolive.clock import Clock
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.doubles.tws.actions import act
from mesolive_testkit.tws import WAIT_SECONDS, TwsKit


@asynccontextmanager
async def session_at(kit: TwsKit, client_id: int = 11, *, timer: Clock | None = None) -> AsyncGenerator[TwsSession]:
    """Connect a session to a double: it waits by the double's timer unless another is given."""
    session = TwsSession(
        "data",
        "127.0.0.1",
        kit.double.port,
        client_id,
        clock=kit.clock,
        timer=timer or kit.timer,
        messages_per_second=0,
    )
    await session.connect()
    try:
        yield session
    finally:
        session.disconnect()


async def until(session: TwsSession, done: Callable[[], bool]) -> None:
    """Wait until something is true of a session's state."""
    async with asyncio.timeout(WAIT_SECONDS), session.changes.subscribe() as changes:
        while not done():
            await anext(changes)


async def turns(done: Callable[[], bool]) -> None:
    """Let the loop turn until something is true."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not done():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


def happens(kit: TwsKit, action: str, **arguments: object) -> object:
    """Let an action happen at the double, such as `lose_link`, and let its messages go."""
    return act(kit.double, action, {name: str(value) for name, value in arguments.items()})
