"""The connector to TWS in tests: sessions of it at a running double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mesolive.clock import Clock
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.protocol import ConnectorRequest, ConnectorState, ConnectorStatus
from mesolive.doubles.tws.actions import act
from mesolive.market.calendar import us_options_calendar
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


def connector_at(kit: TwsKit, folder: Path | None = None, timer: Clock | None = None, **settings: Any) -> IbkrConnector:
    """Return a connector for a double, not connected and without market data: both wait by the double's timer."""
    given: dict[str, Any] = {"port": kit.double.port, "restart_window": "", "market_data": False, **settings}
    request = ConnectorRequest("ib", IbkrSettings(**given), folder, kit.clock, us_options_calendar())
    return IbkrConnector(request, timer=timer or kit.timer)


async def state_of(connector: IbkrConnector, state: ConnectorState, words: str = "") -> ConnectorStatus:
    """Wait until a connector is in a state whose message has some words."""
    async with asyncio.timeout(WAIT_SECONDS), connector.status_changes.subscribe() as changes:
        while connector.status.state is not state or words not in connector.status.message:
            await anext(changes)
    return connector.status
