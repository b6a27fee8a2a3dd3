"""PostgreSQL engine: concurrent writers for different users, serialized writers for one user, by advisory locks."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Executable, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mesolive.store.connection import READERS, Parameters, StatementResult, UnusableDatabaseError
from mesolive.tasks import Tasks

R = TypeVar("R")

WRITERS = 8
"""The maximum number of concurrent write transactions, of different users."""

POOL_SECONDS = 120
"""Timeout of the pool in seconds: longer than that of a transaction, so that the transaction's own limit applies."""

# Keys of PostgreSQL's advisory locks. A writer for one user holds ALL shared and the key of that user;
# a writer for no named user holds ALL exclusively.
_LOCK_ALL = 0x6D65736F
_LOCK_USER = 0x6D657365

_LOCK_FOR_ALL = text("SELECT pg_advisory_xact_lock(:all)").bindparams(all=_LOCK_ALL)
_LOCK_FOR_ALL_SHARED = text("SELECT pg_advisory_xact_lock_shared(:all)").bindparams(all=_LOCK_ALL)
_LOCK_FOR_USER = text("SELECT pg_advisory_xact_lock(:kind, :user)").bindparams(kind=_LOCK_USER)

_OPTIONS: Mapping[str, Any] = {
    "max_overflow": 0,
    "pool_timeout": POOL_SECONDS,
    "pool_pre_ping": True,
    "hide_parameters": True,  # Parameters stay out of the texts of errors, and so out of logs.
}


class _Reading:
    """A read transaction; implements `StoreConnection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Parameters | None) -> StatementResult:
        """Run a statement."""
        return cast("StatementResult", await self._connection.execute(statement, parameters))


class _Writing(_Reading):
    """A write transaction; implements `StoreWriteConnection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._part = 0
        self._statements = Tasks()

    async def execute(self, statement: Executable, parameters: Parameters | None) -> StatementResult:
        """Run a statement."""
        if not self._part:
            return await super().execute(statement, parameters)
        # A statement that is interrupted costs the connection, and with it the parts of other transactions.
        work = super().execute(statement, parameters)
        return await asyncio.shield(self._statements.spawn("statement", work, expected=Exception))

    async def begin(self, user_id: int | None) -> None:
        """Take a connection and the lock of the user."""
        await self._connection.start()
        await self._connection.begin()
        await _lock(self._connection, user_id)

    async def begin_part(self, number: int) -> None:
        """Set a savepoint."""
        if self._part:
            await self._connection.exec_driver_sql(f"RELEASE SAVEPOINT part{self._part}")
            self._part = 0
        await self._connection.exec_driver_sql(f"SAVEPOINT part{number}")
        self._part = number

    async def rollback_part(self, number: int) -> bool:
        """Roll back to the savepoint; a connection on which that fails is given up."""
        await self._statements.join()
        if self._part == number:
            try:
                await self._connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT part{number}")
            except SQLAlchemyError:
                return False
        return not self._connection.invalidated

    async def commit(self) -> None:
        """Commit."""
        await self._connection.commit()

    async def rollback(self) -> None:
        """Roll the transaction back."""
        if self._connection.sync_connection is not None:
            await self._connection.rollback()

    async def abandon(self) -> None:
        """Have the pool replace the connection."""
        await self._connection.invalidate()

    async def release(self) -> None:
        """Give the connection back to its pool."""
        if self._connection.sync_connection is not None:
            await self._connection.close()


class PostgresqlEngines:
    """The connections to one server; implements `Engines`.

    Parameters
    ----------
    url
        The database's URL.
    """

    writers = WRITERS
    file: Path | None = None
    exclusive = False  # its lock ends with a connection, which the other side may end

    def __init__(self, url: URL) -> None:
        if importlib.util.find_spec("asyncpg") is None:
            raise UnusableDatabaseError(
                "PostgreSQL needs the driver asyncpg; install mesolive with its extra 'postgres'"
            )
        url = url.set(drivername="postgresql+asyncpg")
        # Whatever the server's default is: a snapshot taken before the wait for the lock would not show what the writer
        # before has committed, such as a halt, or the epoch of a server that has taken over.
        self._writer = create_async_engine(url, pool_size=WRITERS, **_OPTIONS, isolation_level="READ COMMITTED")
        self._reader: AsyncEngine = create_async_engine(
            url,
            pool_size=READERS,
            **_OPTIONS,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )
        self.writer = self._writer.sync_engine
        self.reader = self._reader.sync_engine

    def prepare(self) -> None:
        """Do nothing: the server creates no PostgreSQL database."""

    def reading(self) -> AbstractAsyncContextManager[_Reading]:
        """Return a context with a connection that reads."""
        return self._reading()

    def write_link(self) -> _Writing:
        """Return a connection that writes."""
        return _Writing(self._writer.connect())

    async def missing_commits(self) -> int:
        """Return 0: PostgreSQL refuses to start on a log that lacks what was acknowledged."""
        return 0

    async def accept_history(self) -> None:
        """Do nothing: nothing can be missing."""

    async def run(self, work: Callable[[Connection], R]) -> R:
        """Run plain SQLAlchemy code in a write transaction."""
        async with self._writer.begin() as connection:
            await _lock(connection, None)
            return await connection.run_sync(work)

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[_Reading]:
        async with self._reader.connect() as connection:
            yield _Reading(connection)


async def _lock(connection: AsyncConnection, user_id: int | None) -> None:
    """Take the advisory locks that serialize writers: one writer per user, or one for the whole database."""
    if user_id is None:
        await connection.execute(_LOCK_FOR_ALL)
        return
    await connection.execute(_LOCK_FOR_ALL_SHARED)
    # Users whose ids fold to the same key merely wait for each other.
    await connection.execute(_LOCK_FOR_USER, {"user": user_id & 0x7FFFFFFF})
