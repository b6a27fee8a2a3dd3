"""The real server in a process of its own, which dies by SIGKILL at a named point of its work.

The points lie around the statements and commits of the database: what a process killed there leaves behind is all that
the next one finds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from multiprocessing.connection import Connection
from typing import Any

import structlog
from sqlalchemy import event

from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.store.database import Database

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
"""A Monday, 11:00 in New York: the market is open."""

SECRET = "signs the keys of the crash tests, and is long enough"


class When(Enum):
    """Where, around a statement, the process dies."""

    AT = "at the statement"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit, before the answer"


@dataclass(frozen=True, slots=True)
class Fault:
    """A point at which the process dies.

    Attributes
    ----------
    statement
        How the SQL statement begins.
    value
        A text among its parameters; empty for any.
    when
        At the statement itself or around the commit of its transaction.
    """

    statement: str
    value: str
    when: When

    def __str__(self) -> str:
        return f"{self.statement} {self.value} {self.when.value}".replace("  ", " ")


def run(database_url: str, parent: Connection, fault: Fault | None) -> None:
    """Serve until killed; tell the parent the address once connections are taken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_serve(database_url, parent, fault))


async def _serve(database_url: str, parent: Connection, fault: Fault | None) -> None:
    settings = Settings(market="simulated", port=0, database=database_url, secret_key=SECRET, start=START)
    async with serving(settings) as application:
        if fault is not None:
            install(application.database, fault)
        parent.send(application.url)
        await asyncio.Event().wait()


def install(database: Database, fault: Fault) -> None:
    """Have this process die at the point."""
    engine = database._engines.writer
    reached = False

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def begun(_connection: object) -> None:
        nonlocal reached
        reached = False

    def executed(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        nonlocal reached
        if statement.startswith(fault.statement) and fault.value in repr(parameters):
            reached = True
            if fault.when is When.AT:
                die()

    def committing(_connection: object) -> None:
        if reached and fault.when is When.BEFORE_COMMIT:
            die()

    event.listen(engine, "begin", begun)
    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committing)
    # Below the group of transactions that share the commit: its members are answered later than its link has committed.
    link: Any = type(database._engines.write_link())
    original = link.commit

    async def commit(self: Any) -> None:
        await original(self)
        if reached and fault.when is When.AFTER_COMMIT:
            die()

    link.commit = commit
