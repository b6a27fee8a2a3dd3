"""SQLite engine: one writer whose statements run on the event loop, and readers in their own threads.

A statement of a trading transaction finds its rows by a key and takes some 10 microseconds; handing it to a thread and
waiting for the answer takes ten times as long, and a transaction has a dozen of them. So the writer runs them on the
event loop, and runs slow calls in its thread:

* the commit, which waits for the disk, with the checkpoint that may follow it;
* beginning, when another process writes;
* a query that turns out to be long (it is stopped after `MAX_QUERY` steps and repeated in the thread, which
  changes nothing, for it only reads), many rows at once, and a change that is marked as `LONG`.

Readers may read anything, so their statements go to their threads, in one trip each.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError, OperationalError

from mesolive.store.compiled_sql import prepared_statements, sqlite_engine
from mesolive.store.connection import READERS, Parameters, StatementResult, TransactionLostError, UnusableDatabaseError
from mesolive.store.file_guard import FileGuard, following, missing_commits
from mesolive.store.prepared import Prepared, StatementCache
from mesolive.store.writer_thread import EventLoopWorker, Worker, WriterThread

R = TypeVar("R")

MAX_QUERY = 20_000
"""How many steps of SQLite's virtual machine a query may take on the event loop: well below a millisecond."""

MAX_ROWS = 256
"""How many rows one statement may write on the event loop."""

MAX_STATEMENTS = 256
"""How many compiled statements a connection of the driver keeps."""

BUSY_SECONDS = 10
"""Seconds that a statement waits for a lock of another process: commands write beside a running server."""

SWITCH_ATTEMPTS = 100
SWITCH_PAUSE = 0.05
"""How often and how many seconds apart switching a file to write-ahead logging is tried, at opening."""


class _WholeCursor(sqlite3.Cursor):
    """A cursor that reads all rows when it executes, and leaves nothing open in the database behind it."""

    _rows: Iterator[Any] = iter(())

    def execute(self, sql: str, parameters: Any = (), /) -> Self:  # noqa: ANN401 - as the standard library annotates it
        super().execute(sql, parameters)
        # An empty list where the statement answers no rows.
        self._rows = iter(super().fetchall())
        return self

    def fetchone(self) -> Any:  # noqa: ANN401 - as the standard library annotates it
        return next(self._rows, None)

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        return list(islice(self._rows, size))

    def fetchall(self) -> list[Any]:
        return list(self._rows)


class _WholeConnection(sqlite3.Connection):
    """A connection whose cursors fetch all rows on execution."""

    def cursor(self, factory: Any = _WholeCursor) -> Any:  # noqa: ANN401 - as the standard library annotates it
        return super().cursor(factory)


class _Seat:
    """A connection, opened on first use, with the thread that runs its slow calls.

    Attributes
    ----------
    hasty
        Whether a statement is to be stopped after `MAX_QUERY` steps.
    """

    def __init__(self, engine: Engine, worker: Worker) -> None:
        self._engine = engine
        self._lane = worker
        self._connection: Connection | None = None
        self.hasty = False

    @property
    def here(self) -> Connection | None:
        """The connection, where it may be used right here: it is open, and its thread does nothing with it."""
        return None if self._lane.busy else self._connection

    def in_thread(self, work: Callable[[Connection], R]) -> asyncio.Future[R]:
        """Run work with the connection in its thread, after the work queued before."""
        return self._lane.do(lambda: work(self._opened()))

    def undo(self) -> asyncio.Future[None] | None:
        """Roll back: at once, or after the work queued in the thread; the future then waits for that."""
        if self._lane.busy:
            return self._lane.do(self._rollback)
        self._rollback()
        return None

    async def discard(self) -> None:
        """Close the connection; the next use opens another."""
        await self._lane.do(self._close)

    async def close(self) -> None:
        """Close the connection for good and end the thread."""
        if self._connection is not None or self._lane.busy:
            await self._lane.do(self._close)
            self._lane.close()

    def _rollback(self) -> None:
        if self._connection is not None:
            try:
                self._connection.rollback()
            except DBAPIError:
                self._close()  # closing rolls the transaction back too

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            _below(self._connection).set_progress_handler(lambda: self.hasty, MAX_QUERY)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


class _Reading:
    """A read transaction; implements `StoreConnection`."""

    def __init__(self, seat: _Seat, statements: StatementCache) -> None:
        self._seat = seat
        self._statements = statements

    async def execute(self, statement: Executable, parameters: Parameters | None) -> StatementResult:
        """Run a statement in the thread; the first one takes the snapshot."""
        prepared = self._statements.find(statement, parameters)

        def work(connection: Connection) -> StatementResult:
            if not connection.in_transaction():
                connection.begin()
                connection.exec_driver_sql("BEGIN")
            return _execute(connection, statement, parameters, prepared)

        return await self._seat.in_thread(work)


class _Writing:
    """A write transaction; implements `StoreWriteConnection`."""

    def __init__(self, seat: _Seat, guard: FileGuard, statements: StatementCache) -> None:
        self._seat = seat
        self._statements = statements
        self._guard = guard
        self._changes = 0
        self._part = 0

    async def begin(self, user_id: int | None) -> None:  # noqa: ARG002 - a writer locks the whole database
        """Take the write lock."""
        self._guard.check()
        if (connection := self._seat.here) is not None:
            connection.begin()
            below = _below(connection)
            try:
                sqlite3.Cursor(below).execute("BEGIN IMMEDIATE")  # past SQLAlchemy, at a tenth of the cost
            except sqlite3.Error:
                connection.rollback()  # another process writes; any other error comes again in the thread
            else:
                self._changes = below.total_changes
                return
        self._changes = await self._seat.in_thread(_begin_patiently)

    async def execute(self, statement: Executable, parameters: Parameters | None) -> StatementResult:
        """Run a statement: here, unless it may take long."""
        prepared = self._statements.find(statement, parameters)
        connection = self._seat.here
        if connection is not None and not _may_be_long(statement, parameters):
            # Only queries may be interrupted: interrupting a change would roll the transaction back.
            self._seat.hasty = statement.is_select
            try:
                return _execute(connection, statement, parameters, prepared)
            except OperationalError as error:
                if _code(error) != sqlite3.SQLITE_INTERRUPT:
                    raise
            finally:
                self._seat.hasty = False
        return await self._seat.in_thread(lambda connection: _execute(connection, statement, parameters, prepared))

    async def begin_part(self, number: int) -> None:
        """Set a savepoint."""
        if (connection := self._seat.here) is not None:
            self._begin_part(_below(connection), number)
        else:
            await self._seat.in_thread(lambda connection: self._begin_part(_below(connection), number))

    async def rollback_part(self, number: int) -> bool:
        """Roll back to the savepoint."""
        if (connection := self._seat.here) is not None:
            return self._rollback_part(_below(connection), number)
        return await self._seat.in_thread(lambda connection: self._rollback_part(_below(connection), number))

    def _begin_part(self, below: _WholeConnection, number: int) -> None:
        if not below.in_transaction:
            raise TransactionLostError  # a savepoint outside of a transaction would begin another one
        plain = sqlite3.Cursor(below)
        try:
            if self._part:
                # Nested savepoints would all be looked at by each change of a page.
                plain.execute(f"RELEASE part{self._part}")
                self._part = 0
            plain.execute(f"SAVEPOINT part{number}")
        except sqlite3.Error as error:
            raise TransactionLostError from error
        self._part = number

    def _rollback_part(self, below: _WholeConnection, number: int) -> bool:
        # After errors of the disk SQLite may have rolled everything back by itself. A part whose begin was interrupted
        # has no savepoint, and that of the part before it must not be taken for its own.
        if below.in_transaction and self._part == number:
            try:
                sqlite3.Cursor(below).execute(f"ROLLBACK TO part{number}")
            except sqlite3.Error:
                return False
        return below.in_transaction

    async def commit(self) -> None:
        """Wait for the disk, in the thread."""
        await self._seat.in_thread(lambda connection: _commit(connection, self._guard, self._changes))

    async def rollback(self) -> None:
        """Roll back; it does not wait for the disk."""
        if (undone := self._seat.undo()) is not None:
            await undone

    async def abandon(self) -> None:
        """Close the connection: SQLite keeps the transaction open after a commit that failed."""
        await self._seat.discard()
        self._guard.log_may_change()

    async def release(self) -> None:
        """Do nothing: there is one write connection, and `Database` serializes the writers."""


class SqliteEngines:
    """The connections to one file; implements `Engines`.

    Parameters
    ----------
    file
        The database's file.
    transient
        Whether the file is thrown away with its process: then no commit waits for the disk, and everything runs on
        the event loop.
    """

    writers = 1
    exclusive = True  # the file lock is the process's: it ends with the process and not before

    def __init__(self, file: Path, *, transient: bool = False) -> None:
        self.file: Path | None = file
        self._file = file
        self.guard = FileGuard(file)
        self.writer = sqlite_engine(partial(_connect_writer, file, self.guard, durable=not transient))
        self.reader = sqlite_engine(partial(_connect_reader, file, self.guard))
        self._statements = prepared_statements()

        def seat(engine: Engine, name: str) -> _Seat:
            return _Seat(engine, EventLoopWorker() if transient else WriterThread(name))

        self._seat = seat(self.writer, "sqlite-writer")
        self._turns = asyncio.Semaphore(READERS)
        self._readers = [seat(self.reader, f"sqlite-reader-{number}") for number in range(READERS)]
        self._free = list(self._readers)

    def prepare(self) -> None:
        """Create the file where there is none."""
        create_file(self._file)
        self.guard.opened()

    def reading(self) -> AbstractAsyncContextManager[_Reading]:
        """Return a context with a connection that reads."""
        return self._reading()

    def write_link(self) -> _Writing:
        """Return the connection that writes."""
        return _Writing(self._seat, self.guard, self._statements)

    async def run(self, work: Callable[[Connection], R]) -> R:
        """Run plain SQLAlchemy code in a write transaction, in the thread."""

        def whole(connection: Connection) -> R:
            # SQLite changes a table by making it anew, and dropping the old one would break what refers to it. The
            # switch does nothing within a transaction, so it is made around it; the migrations check the references.
            below = _below(connection)
            below.execute("PRAGMA foreign_keys = OFF")
            try:
                changes = _begin_patiently(connection)
                try:
                    result = work(connection)
                except BaseException:
                    connection.rollback()
                    raise
                _commit(connection, self.guard, changes)
            finally:
                below.execute("PRAGMA foreign_keys = ON")
            return result

        return await self._seat.in_thread(whole)

    async def close(self) -> None:
        """Close all connections after their queued work; the last one to close checkpoints the write-ahead log."""
        for seat in (*self._readers, self._seat):
            await seat.close()
        self.guard.mark.close()

    async def missing_commits(self) -> int:
        """Return how many acknowledged commits the file lacks."""
        sequence = await self._seat.in_thread(lambda connection: _sequence(_below(connection)))
        return missing_commits(self.guard.mark.read(), sequence)

    async def accept_history(self) -> None:
        """Accept the commits in the file as the complete history."""
        await self._seat.in_thread(lambda connection: self.guard.mark.accept(_sequence(_below(connection))))

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[_Reading]:
        await self._turns.acquire()
        seat = self._free.pop()
        try:
            yield _Reading(seat, self._statements)
        finally:
            self._end(seat)

    def _end(self, seat: _Seat) -> None:
        """Release the snapshot, and the seat once the unfinished work of its reader has ended."""
        if (undone := seat.undo()) is None:
            self._freed(seat)
        else:
            seat.hasty = True  # no caller waits for the result that the thread is computing
            undone.add_done_callback(lambda _: self._freed(seat))

    def _freed(self, seat: _Seat) -> None:
        seat.hasty = False
        self._free.append(seat)
        self._turns.release()


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


def _connect_writer(file: Path, guard: FileGuard, *, durable: bool) -> sqlite3.Connection:
    synchronous = "FULL" if durable else "OFF"
    connection = _connect(file, guard, f"PRAGMA synchronous = {synchronous}", "PRAGMA foreign_keys = ON")
    # The one statement that does not wait for others by itself: two servers that open a new file at once meet here.
    for attempt in range(SWITCH_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if attempt == SWITCH_ATTEMPTS - 1:
                raise
            time.sleep(SWITCH_PAUSE)
        else:
            break
    _wait_for_others(connection, 0)
    return connection


def _connect_reader(file: Path, guard: FileGuard) -> sqlite3.Connection:
    return _connect(file, guard, "PRAGMA query_only = ON")


def _connect(file: Path, guard: FileGuard, *pragmas: str) -> _WholeConnection:
    guard.opened()  # before: connecting would make a new, empty file where this one was moved away
    # SQLite begins no transactions by itself. A connection is used by one thread at a time, though not always the same.
    connection = sqlite3.connect(
        file,
        isolation_level=None,
        check_same_thread=False,
        factory=_WholeConnection,
        cached_statements=MAX_STATEMENTS,
    )
    _wait_for_others(connection, BUSY_SECONDS)
    for pragma in ("PRAGMA trusted_schema = OFF", *pragmas):
        connection.execute(pragma)
    return connection


def _wait_for_others(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def _begin_patiently(connection: Connection) -> int:
    """Begin to write, in a thread: another process may have to end before. Return the count of changes until now."""
    below = _below(connection)
    connection.begin()
    _wait_for_others(below, BUSY_SECONDS)
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        connection.rollback()
        raise
    finally:
        _wait_for_others(below, 0)  # a statement on the event loop must not wait for a lock
    return below.total_changes


def _commit(connection: Connection, guard: FileGuard, changes: int) -> None:
    """Commit under the next number, wait for the disk, and note the number outside of the database.

    A transaction that changed nothing has no number: writing one would make it wait for the disk.
    """
    guard.check()
    below = _below(connection)
    if not below.in_transaction:
        raise TransactionLostError
    if below.total_changes == changes:
        connection.commit()
        return
    sequence = following(_sequence(below))
    sqlite3.Cursor(below).execute(f"PRAGMA user_version = {sequence}")
    connection.commit()
    # After the commit: a mark that is ahead of the database would mean that history is missing.
    guard.mark.write(sequence)


def _sequence(below: _WholeConnection) -> int:
    """Return the number of the last commit. Other processes write too, so it is read each time."""
    # A plain cursor: half the price of one that reads ahead, at every commit.
    ((sequence,),) = sqlite3.Cursor(below).execute("PRAGMA user_version").fetchall()
    return int(sequence)


def _execute(
    connection: Connection, statement: Executable, parameters: Parameters | None, prepared: Prepared | None
) -> StatementResult:
    if prepared is not None:
        return prepared.run(connection, parameters)
    return cast("StatementResult", connection.execute(statement, parameters))


def _may_be_long(statement: Executable, parameters: Parameters | None) -> bool:
    if isinstance(parameters, list) and len(parameters) > MAX_ROWS:
        return True
    return bool(statement.get_execution_options().get("long"))


def _below(connection: Connection) -> _WholeConnection:
    below = connection.connection.dbapi_connection
    assert isinstance(below, _WholeConnection)  # noqa: S101 - our engines make no others
    return below


def _code(error: OperationalError) -> int | None:
    """Return SQLite's primary code of an error."""
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
