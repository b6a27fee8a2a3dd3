"""The server in a process of its own, against a venue in another; it dies by SIGKILL at its n-th step of writing."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from multiprocessing.connection import Connection
from typing import Any

import structlog
from sqlalchemy import event

from mesolive.assembly import Overrides
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.store import database as store
from mesolive.store.database import Database
from mesolive_testkit.store.crash_child import SECRET, START
from mesolive_testkit.venues.desk import QUICK
from mesolive_testkit.venues.remote import RemoteVenue


def run(database_url: str, parent: Connection, venue_port: int, die_at: int | None) -> None:
    """Serve until killed; tell the parent the address once connections are taken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(database_url, parent, venue_port, die_at))


async def _serve(database_url: str, parent: Connection, venue_port: int, die_at: int | None) -> None:
    settings = Settings(market="simulated", port=0, database=database_url, secret_key=SECRET, start=START)
    venues = [RemoteVenue(venue_port)]
    async with serving(settings, Overrides(None, venues, QUICK, answer_seconds=1.0)) as application:
        if die_at is not None:
            install(application.database, die_at)
        parent.send(application.url)
        await asyncio.Event().wait()


def install(database: Database, die_at: int) -> None:
    """Have this process die at the n-th step: each statement that writes, each commit begun, each commit done."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            step()

    def committing(_connection: object) -> None:
        step()

    engine = database._engines.writer
    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committing)
    writer: Any = store._Writer
    original = writer.commit

    async def commit(self: Any) -> None:
        await original(self)
        step()

    writer.commit = commit
