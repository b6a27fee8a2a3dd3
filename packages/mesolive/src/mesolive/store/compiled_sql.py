"""Compiled SQL that all SQLite databases of a process share: one dialect, one cache of compiled statements.

SQLAlchemy keys compiled statements by the dialect object, and makes a dialect for each engine. A server has two engines
over one file, and a process may open many files (replays, tests): without sharing, each compiles every statement anew,
a millisecond each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Dialect, Engine, NullPool, create_engine
from sqlalchemy.util import LRUCache

from mesolive.store.prepared import StatementCache

MAX_COMPILED = 2_000
"""Compiled statements that are kept, the least used dropped first; those built for one execution pass through."""


@dataclass(frozen=True)
class _Shared:
    dialect: Dialect
    compiled: LRUCache[object, object]
    statements: StatementCache


@cache
def _shared() -> _Shared:
    engine = create_engine("sqlite://", poolclass=NullPool)
    with engine.connect():
        pass  # the dialect asks the library for its version at the first connection
    return _Shared(engine.dialect, LRUCache(MAX_COMPILED), StatementCache(engine.dialect))


def sqlite_engine(connect: Callable[[], sqlite3.Connection]) -> Engine:
    """Return an engine of SQLite whose statements are compiled once in the process.

    Parameters
    ----------
    connect
        Opens a connection.
    """
    shared = _shared()
    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=NullPool,
        hide_parameters=True,  # they stay out of the texts of errors, and so out of logs
        execution_options={"compiled_cache": shared.compiled},
    )
    engine.dialect = shared.dialect
    return engine


def prepared_statements() -> StatementCache:
    """Return the prepared statements of the process; the dialect of all its engines is the same."""
    return _shared().statements
