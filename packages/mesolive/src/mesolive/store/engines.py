"""The two engines of a database, one to read and one to write; all that differs between SQLite and PostgreSQL is here.

Both give the same promises: a reader sees one moment of the database however long it reads; a writer that has begun
runs to its end without meeting another writer of the same user.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mesolive.store.driver import QuickConnection

READERS = 8
"""How many transactions read at the same time; more wait for their turn."""

POOL_SECONDS = 120
"""How long a pool lets wait for a connection: longer than a transaction may take, which has its own limit."""

POSTGRESQL_WRITERS = 8
"""How many transactions of different users write at the same time on PostgreSQL. SQLite has one writer."""

# Keys of PostgreSQL's advisory locks. Everybody who writes for one user holds ALL shared and that user's own key;
# who writes without naming a user holds ALL alone.
_LOCK_ALL = 0x6D65736F
_LOCK_USER = 0x6D657365


_OPTIONS: Mapping[str, Any] = {
    "max_overflow": 0,
    "pool_timeout": POOL_SECONDS,
    "hide_parameters": True,  # what is stored does not get into the texts of errors, and so not into logs
}

Lock = Callable[[AsyncConnection, int | None], Awaitable[None]]


class UnusableDatabaseError(Exception):
    """The database's URL or file cannot serve; the text says why."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What `Database` needs to know of the database behind it.

    Attributes
    ----------
    reader
        Gives connections whose transactions see one snapshot and cannot write.
    writer
        Gives connections for writing.
    writers
        How many write transactions may run at once.
    lock
        Awaited at the begin of each write transaction, with the id of the user it is for or `None` for all users.
    file
        The database's file, or `None` where it is a server.
    """

    reader: AsyncEngine
    writer: AsyncEngine
    writers: int
    lock: Lock
    file: Path | None


def directory_of(url: str) -> Path | None:
    """Return the directory of the database's file, or `None` where the database is a server.

    Raises
    ------
    UnusableDatabaseError
        When the URL cannot serve.
    """
    parsed = _parse(url)
    return _sqlite_file(parsed).parent if parsed.get_backend_name() == "sqlite" else None


def make_engines(url: str) -> Engines:
    """Return the engines for a database URL; nothing is connected yet.

    Parameters
    ----------
    url
        `sqlite:///relative/file`, `sqlite:////absolute/file` or `postgresql://user:password@host/name`.

    Raises
    ------
    UnusableDatabaseError
        When the URL is malformed, names an engine that is not supported, or a database in memory.
    """
    parsed = _parse(url)
    return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text of the original error repeats the URL, which may hold a password.
        raise UnusableDatabaseError("the database URL is malformed; it reads like sqlite:///file") from None
    backend = parsed.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise UnusableDatabaseError(f"{backend} is not supported; use sqlite:///file or postgresql://…")
    return parsed


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _sqlite_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UnusableDatabaseError("SQLite needs a file: a database in memory would not survive the process")
    return Path(url.database).absolute()


def _sqlite(url: URL) -> Engines:
    file = _sqlite_file(url)
    url = url.set(drivername="sqlite+aiosqlite", database=str(file))

    async def connect() -> QuickConnection:
        connection = QuickConnection(file)
        await connection
        return connection

    # A connection is rolled back by who used it: the pool does not need to do it again.
    options = {**_OPTIONS, "async_creator": connect, "pool_reset_on_return": None}
    writer = create_async_engine(url, pool_size=1, **options)
    reader = create_async_engine(url, pool_size=READERS, **options)
    event.listen(writer.sync_engine, "connect", _prepare_sqlite_writer)
    event.listen(reader.sync_engine, "connect", _prepare_sqlite_reader)
    event.listen(writer.sync_engine, "begin", _begin_immediate)
    event.listen(reader.sync_engine, "begin", _begin_deferred)
    return Engines(reader, writer, 1, _no_lock, file)


def create_file(file: Path) -> None:
    """Create an empty database file that only its owner can read, with the folders above it; keep an existing one.

    Raises
    ------
    UnusableDatabaseError
        When the file or a folder cannot be created.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the same permissions to the files that it puts beside this one.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise UnusableDatabaseError(f"the database file {file} cannot be opened: {error.strerror}") from error


SWITCH_ATTEMPTS = 100
SWITCH_PAUSE = 0.05
"""How often and how many seconds apart switching a file to write-ahead logging is tried, at opening."""


def _prepare_sqlite_writer(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's adapted connection
    _prepare_sqlite(connection, "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
    # The one statement that does not wait for others by itself: two servers that open a new file at once meet here.
    for attempt in range(SWITCH_ATTEMPTS):
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if attempt == SWITCH_ATTEMPTS - 1:
                raise
            time.sleep(SWITCH_PAUSE)
        else:
            return
        finally:
            cursor.close()


def _prepare_sqlite_reader(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's adapted connection
    _prepare_sqlite(connection, "PRAGMA query_only = ON")


def _prepare_sqlite(connection: Any, *pragmas: str) -> None:  # noqa: ANN401 - the driver's adapted connection
    cursor = connection.cursor()
    # Another process may write too, the command line beside a running server: wait for it.
    for pragma in ("PRAGMA busy_timeout = 10000", "PRAGMA trusted_schema = OFF", *pragmas):
        cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


async def _no_lock(_connection: AsyncConnection, _user_id: int | None) -> None:
    """Do nothing: BEGIN IMMEDIATE has the whole database already."""


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _postgresql(url: URL) -> Engines:
    if importlib.util.find_spec("asyncpg") is None:
        raise UnusableDatabaseError("PostgreSQL needs the driver asyncpg; install mesolive with its extra 'postgres'")
    url = url.set(drivername="postgresql+asyncpg")
    options = {**_OPTIONS, "pool_pre_ping": True}
    writer = create_async_engine(url, pool_size=POSTGRESQL_WRITERS, **options)
    reader = create_async_engine(
        url,
        pool_size=READERS,
        **options,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    return Engines(reader, writer, POSTGRESQL_WRITERS, _advisory_lock, None)


_LOCK_FOR_ALL = text("SELECT pg_advisory_xact_lock(:all)").bindparams(all=_LOCK_ALL)
_LOCK_FOR_ALL_SHARED = text("SELECT pg_advisory_xact_lock_shared(:all)").bindparams(all=_LOCK_ALL)
_LOCK_FOR_USER = text("SELECT pg_advisory_xact_lock(:kind, :user)").bindparams(kind=_LOCK_USER)


async def _advisory_lock(connection: AsyncConnection, user_id: int | None) -> None:
    """Give PostgreSQL the order that SQLite has by nature: one writer per user, or one in all."""
    if user_id is None:
        await connection.execute(_LOCK_FOR_ALL)
        return
    await connection.execute(_LOCK_FOR_ALL_SHARED)
    # Users whose ids fold to the same key merely wait for each other.
    await connection.execute(_LOCK_FOR_USER, {"user": user_id & 0x7FFFFFFF})
