"""Server lock: allows one server per database, by a file lock or a PostgreSQL advisory lock.

Two servers on one database would send each other's orders and evaluate every signal twice. For SQLite the server locks
a file beside the database. For PostgreSQL it holds an advisory lock on a connection of its own. The operating system or
PostgreSQL releases the lock when the process ends, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mesolive.store.engines import UnusableDatabaseError, create_file, directory_of, make_engines
from mesolive.store.file_guard import must_have_one_name
from mesolive.tasks import Tasks, Turns

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

try:
    import fcntl
except ImportError:  # not a POSIX system: there the database is not guarded
    fcntl = None

WAIT_SECONDS = 3
"""Seconds to wait for the lock: PostgreSQL needs a moment to notice that a killed server is gone."""

LOCKS_FILE = sys.platform == "linux"
"""Whether the database file itself is locked too: on Linux `flock` does not conflict with SQLite's own locks."""

LOOK_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""Seconds between two checks that PostgreSQL still holds the lock, and the timeout of a check."""

_KEY = 0x6D65736F5F737276

# PostgreSQL detects a dead client host after about half a minute by keep-alives, and releases its lock.
_KEEPALIVE = {"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

_LOCK = text("SELECT pg_advisory_lock(:key)").bindparams(key=_KEY)
_WAIT = text(f"SET lock_timeout = '{WAIT_SECONDS}s'")
_HOLDER = text(
    "SELECT a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (l.classid::bigint << 32) + l.objid::bigint = :key"
).bindparams(key=_KEY)
_ALIVE = text("SELECT 1")

_log = structlog.get_logger(__name__)


class DatabaseInUseError(UnusableDatabaseError):
    """Another server uses the database; the text names it."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"another server ({holder}) uses this database; stop it first, or choose another --database for this one"
        )


class ServerLock:
    """The lock of the only server of a database.

    Attributes
    ----------
    lost
        Set when another server has the database now: this one must end at once.
    """

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self.tasks = Tasks()


@asynccontextmanager
async def only_server(url: str) -> AsyncGenerator[ServerLock]:
    """Be the only server of a database while the context lasts.

    Parameters
    ----------
    url
        The database; see `Database.open`.

    Raises
    ------
    DatabaseInUseError
        When another server uses it.
    UnusableDatabaseError
        When the URL cannot serve, or the database cannot be reached.
    """
    file = file_of(url)
    if file is not None:
        create_file(file)  # the lock is on the database file itself
        with locked_file(file):
            yield ServerLock()
        return
    make_engines(url)  # its error names what is missing
    async with _locked_server(make_url(url).set(drivername="postgresql+asyncpg")) as lock:
        yield lock


def file_of(url: str) -> Path | None:
    """Return the database's file, or `None` where the database is a server.

    Raises
    ------
    UnusableDatabaseError
        When the URL cannot serve.
    """
    directory = directory_of(url)
    return None if directory is None else directory / Path(make_url(url).database or "").name


@contextmanager
def locked_file(database: Path) -> Generator[None]:
    """Lock the file of a database for a server, or for a command that needs exclusive access.

    Raises
    ------
    DatabaseInUseError
        When another process has it.
    UnusableDatabaseError
        When the file that is locked cannot be made.
    """
    database = database.resolve()  # a symbolic link is another name of the same file
    file = database.with_name(f"{database.name}.lock")
    create_file(file)
    with file.open("r+", encoding="utf-8") as stream, contextlib.ExitStack() as stack:
        if fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DatabaseInUseError(stream.read(200).strip() or "just starting") from None
            if LOCKS_FILE and database.exists():
                stack.enter_context(_locked(database))
        must_have_one_name(database)
        # For operators only: the lock decides. The file is not removed, as it may be locked by another server by then.
        stream.truncate()
        stream.write(_name())
        stream.flush()
        yield


@contextmanager
def _locked(database: Path) -> Generator[None]:
    """Lock the database's file itself, whatever its name: a hard link has another lock file beside it.

    The descriptor must outlive all connections of this process: closing it would drop SQLite's own locks on the file.
    """
    assert fcntl is not None  # noqa: S101 - asked before
    descriptor = os.open(database, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DatabaseInUseError("under another name of its file") from None
        yield
    finally:
        os.close(descriptor)


def _name() -> str:
    return f"process {os.getpid()} on {platform.node()}"[:60]


@asynccontextmanager
async def _locked_server(url: URL) -> AsyncGenerator[ServerLock]:
    # The name appears in the error of a second server, and in `pg_stat_activity`.
    settings = {"application_name": f"mesolive {_name()}"[:63], **_KEEPALIVE}
    # Only here: it brings SQLAlchemy's object mapper, which a server on SQLite never needs.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"server_settings": settings},
    )
    lock = ServerLock()
    try:
        holder = _LockConnection(await _take(engine))
    except (OSError, TimeoutError) as error:
        raise UnusableDatabaseError(f"the database cannot be reached: {error}") from error
    except DBAPIError as error:
        raise UnusableDatabaseError(f"the database cannot be used: {error.orig}") from error
    lock.tasks.start_loop("server lock", partial(_hold, engine, holder, lock), may_return=True)
    try:
        yield lock
    finally:
        await lock.tasks.stop()
        await holder.drop()
        await engine.dispose()


@dataclass
class _LockConnection:
    """The connection that has the lock; none while it is lost."""

    connection: AsyncConnection | None

    async def drop(self) -> None:
        """Close the connection, which may be broken."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await _drop(connection)


async def _take(engine: AsyncEngine) -> AsyncConnection:
    """Connect and take the lock, which lasts as long as the connection."""
    async with asyncio.timeout(ANSWER_SECONDS):
        connection = await engine.connect()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.execute(_WAIT)
            try:
                await connection.execute(_LOCK)
            except DBAPIError:
                holder = (await connection.execute(_HOLDER)).scalar()
                if holder is None:
                    raise
                raise DatabaseInUseError(str(holder).removeprefix("mesolive ")) from None
    except BaseException:
        await _drop(connection)
        raise
    return connection


async def _hold(engine: AsyncEngine, holder: _LockConnection, lock: ServerLock, turns: Turns) -> None:
    """Check that the lock is held; after a lost connection take it again, unless another server has it."""
    while not lock.lost.is_set():
        await asyncio.sleep(LOOK_SECONDS)
        try:
            if holder.connection is None:
                holder.connection = await _take(engine)
                _log.info("server_lock_reacquired")
            async with asyncio.timeout(ANSWER_SECONDS):
                await holder.connection.execute(_ALIVE)
            turns.turned()
        except DatabaseInUseError as error:
            _log.critical("server_lock_lost", reason=str(error))
            lock.lost.set()
        except (OSError, TimeoutError, DBAPIError) as error:
            # Without the database no order is sent and no event is delivered: retry until it is back.
            _log.warning("server_lock_unconfirmed", error=type(error).__name__)
            await holder.drop()


async def _drop(connection: AsyncConnection) -> None:
    """Close a connection that may be broken."""
    with contextlib.suppress(OSError, TimeoutError, DBAPIError):
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.close()
