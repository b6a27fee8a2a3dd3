"""API keys and sessions for commands that work on the database itself, also while the server is down."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mesolive.access.keys import Access, secret_of
from mesolive.access.sessions import Sessions
from mesolive.clock import ManualClock, WallClock
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.operations.market_clock import read_market_time
from mesolive.settings import Settings
from mesolive.store.database import Database
from mesolive.store.engines import directory_of


@asynccontextmanager
async def opened_access(settings: Settings) -> AsyncGenerator[tuple[Access, Sessions]]:
    """Open the database, and yield its keys and sessions; what changes is written into the owner's event log.

    A running server delivers these events within seconds. They have the market time that it noted last.
    """
    database = await Database.open(settings.database)
    try:
        access = Access(database, await secret_of(database, directory_of(settings.database), settings.secret_key))
        noted = await read_market_time(database)
        clock = WallClock() if noted is None else ManualClock(noted.reached)
        access.announcer.append_to(Journal(database, LocalBus(), clock))
        yield access, Sessions(database, access)
    finally:
        await database.close()
