"""Database transactions: concurrent readers on snapshots, serialized writers, callbacks after the commit.

What a write transaction promises
---------------------------------
* It commits as a whole at the end of its block, or not at all when the block raises or is cancelled.
* Callbacks given to `after_commit` run once the commit is durable, in order, and never otherwise.
* A caller that is cancelled while the commit is under way is held until the answer is known, then cancelled:
  `WriteTransaction.outcome` holds the result, and the callbacks have run if it committed.
* One block may take as long as `Limits.write_seconds`, waiting for its turn included.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import structlog
from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.exc import DBAPIError

from mesolive.errors import ServiceError
from mesolive.shares import FairTurns
from mesolive.store.connection import Engines, Parameters, StoreConnection, StoreWriteConnection, UnusableDatabaseError
from mesolive.store.emergency import EmergencyFile
from mesolive.store.engines import make_engines
from mesolive.store.file_guard import DatabaseMovedError
from mesolive.store.migrate import migrate
from mesolive.tasks import Tasks
from mesolive_sdk.models import StatusCode

_log = structlog.get_logger(__name__)


class DatabaseBusyError(ServiceError):
    """Too many transactions wait for their turn to write already."""

    def __init__(self) -> None:
        super().__init__(StatusCode.RateLimited, "the server has too much to write; try again")


class TransactionTimeoutError(ServiceError):
    """A transaction took too long and was rolled back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(StatusCode.Timeout, f"the database did not get done within {seconds:g} s; nothing was changed")


class OutcomeUnknownError(ServiceError):
    """The answer to the commit did not arrive: the transaction may be committed or not."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            StatusCode.Timeout, f"{reason}; whether the change was made is not known yet, ask before repeating"
        )


NOT_STORED = (
    DatabaseBusyError,
    DatabaseMovedError,
    TransactionTimeoutError,
    OutcomeUnknownError,
    DBAPIError,
    OSError,
)
"""Errors of a transaction that are faults of the database: an idempotent write may be retried after them."""


class Outcome(Enum):
    """The outcome of a write transaction."""

    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limits:
    """Timeouts and limits of transactions.

    Attributes
    ----------
    read_seconds
        The longest that one read transaction may take.
    write_seconds
        The longest that one write transaction may take before its commit, waiting for its turn included.
    commit_seconds
        How long the answer of a commit or a rollback is awaited.
    waiting_writers
        How many write transactions may wait for their turn.
    """

    read_seconds: float = 30.0
    write_seconds: float = 30.0
    commit_seconds: float = 30.0
    waiting_writers: int = 1000


class Transaction:
    """A transaction that reads one snapshot of the database."""

    def __init__(self, link: StoreConnection) -> None:
        self._link = link

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement and return its result, already read from the database.

        Parameters
        ----------
        statement
            An SQLAlchemy Core statement.
        parameters
            Values for its bound parameters; a sequence of them runs the statement once for each.
        """
        return await self._link.execute(statement, parameters)

    async def all(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """Return all rows of a query."""
        return (await self.execute(statement, parameters)).all()

    async def first(self, statement: Executable, parameters: Parameters | None = None) -> Row[Any] | None:
        """Return the first row of a query, or `None`."""
        return (await self.execute(statement, parameters)).first()

    async def scalar(self, statement: Executable, parameters: Parameters | None = None) -> Any:  # noqa: ANN401 - any column
        """Return the first column of the first row of a query, or `None`."""
        return (await self.execute(statement, parameters)).scalar()


class WriteTransaction(Transaction):
    """A transaction that changes the database; see the module for what it promises.

    Attributes
    ----------
    outcome
        `OPEN` within the block, then the final outcome.
    failed
        Whether a statement failed. Such a transaction cannot commit, also when the block catches the error: PostgreSQL
        would answer the commit with success and keep nothing.
    callbacks
        The callbacks given to `after_commit`.
    """

    def __init__(self, link: StoreWriteConnection) -> None:
        super().__init__(link)
        self.outcome = Outcome.OPEN
        self.failed = False
        self.callbacks: list[Callable[[], None]] = []

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement and return its result; see `Transaction.execute`."""
        try:
            return await super().execute(statement, parameters)
        except DBAPIError:
            self.failed = True
            raise

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Have `callback` run once the commit is durable; never after a rollback.

        It must not block. What it raises is logged: the transaction is committed all the same.
        """
        self.callbacks.append(callback)


class _Writer:
    """One write transaction with the connection below it, from its begin to its end."""

    def __init__(self, link: StoreWriteConnection) -> None:
        self._link = link
        self.tx = WriteTransaction(link)

    async def begin(self, user_id: int | None) -> None:
        await self._link.begin(user_id)

    async def commit(self) -> None:
        if self.tx.failed:
            await self.rollback()
            raise RuntimeError("a statement of the transaction failed and its block went on: nothing was committed")
        try:
            await self._link.commit()
        except DatabaseMovedError:
            await self.rollback()
            raise
        except DBAPIError as error:
            if error.connection_invalidated:
                self.tx.outcome = Outcome.UNKNOWN
                raise OutcomeUnknownError("the connection was lost during the commit") from error
            self.tx.outcome = Outcome.ROLLED_BACK
            await self._link.abandon()
            raise
        self.tx.outcome = Outcome.COMMITTED
        for callback in self.tx.callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - the commit stands whatever a listener does; the log has the trace
                _log.exception("after_commit_callback_failed")

    async def rollback(self) -> None:
        self.tx.outcome = Outcome.ROLLED_BACK  # without a commit it can only roll back
        await self._link.rollback()

    async def release(self) -> None:
        """Give the connection back."""
        await self._link.release()


class Database:
    """The server's database; made by `Database.open`.

    Attributes
    ----------
    emergency
        Halts and revocations that are in force though they may not be stored yet.
    """

    def __init__(self, engines: Engines, limits: Limits) -> None:
        self.emergency = EmergencyFile.beside(engines.file)
        self._engines = engines
        self._limits = limits
        self._turns = FairTurns(engines.writers)
        self._waiting = 0
        self._writing: set[asyncio.Task[Any] | None] = set()  # tasks within a write block
        self.tasks = Tasks()  # commits and rollbacks under way

    @classmethod
    async def open(cls, url: str, *, limits: Limits | None = None) -> Database:
        """Connect, bring the tables up to date, and return the database.

        Parameters
        ----------
        url
            `sqlite:///relative/file`, `sqlite:////absolute/file` or `postgresql://user:password@host/name`.
        limits
            Times and counts; the defaults serve.

        Raises
        ------
        UnusableDatabaseError
            When the URL or the file cannot serve, the server behind it does not answer, or the tables were made by a
            newer version.
        """
        engines = make_engines(url)
        engines.prepare()
        try:
            await engines.run(migrate)
        except BaseException as error:
            await engines.close()
            if isinstance(error, DBAPIError):
                raise UnusableDatabaseError(f"the database cannot be used: {error.orig}") from error
            if isinstance(error, OSError):
                raise UnusableDatabaseError(f"the database cannot be reached: {error}") from error
            raise
        database = cls(engines, limits or Limits())
        database.emergency.prepare()
        return database

    async def missing_commits(self) -> int:
        """Return how many acknowledged transactions are missing: the log was cut or damaged, or an old copy put in."""
        return await self._engines.missing_commits()

    async def accept_history(self) -> None:
        """Accept the commits that are present as the complete history, after the missing ones were reported."""
        await self._engines.accept_history()

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Return a context that reads one snapshot of the database.

        Raises
        ------
        TransactionTimeoutError
            When waiting for a connection and the block together take longer than `Limits.read_seconds`.
        """
        return self._read()

    def write(self, user_id: int | None = None) -> AbstractAsyncContextManager[WriteTransaction]:
        """Return a context that writes: commit at its end, rollback when it raises.

        Parameters
        ----------
        user_id
            Whose data is written. Transactions of different users may then run side by side where the engine can do
            that; without it, the transaction excludes all others.

        Raises
        ------
        DatabaseBusyError
            On entering, when too many wait already.
        TransactionTimeoutError
            When waiting and the block together take longer than `Limits.write_seconds`; nothing was written.
        OutcomeUnknownError
            On leaving, when the answer of the commit did not arrive.
        """
        return self._write(user_id)

    async def close(self) -> None:
        """Wait for commits under way and close all connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.commit_seconds):
                await self.tasks.join()
        await self._engines.close()

    @asynccontextmanager
    async def _read(self) -> AsyncGenerator[Transaction]:
        async with _deadline(self._limits.read_seconds), self._engines.reading() as link:
            yield Transaction(link)

    @asynccontextmanager
    async def _write(self, user_id: int | None) -> AsyncGenerator[WriteTransaction]:
        task = asyncio.current_task()
        if task in self._writing:
            raise RuntimeError("this task is within a write transaction already; it would wait for itself for ever")
        async with _deadline(self._limits.write_seconds) as deadline:
            await self._take_turn(user_id)
            writer = _Writer(self._engines.write_link())
            self._writing.add(task)
            try:
                await writer.begin(user_id)
                yield writer.tx
            except BaseException:
                if not deadline.expired():
                    deadline.reschedule(None)
                await self._end(writer, commit=False)
                raise
            finally:
                self._writing.discard(task)
            # The deadline bounds the block. A commit has its own timeout and is never interrupted.
            deadline.reschedule(None)
            await self._end(writer, commit=True)

    async def _take_turn(self, user_id: int | None) -> None:
        if self._waiting >= self._limits.waiting_writers:
            raise DatabaseBusyError
        self._waiting += 1
        try:
            await self._turns.acquire(user_id)
        finally:
            self._waiting -= 1

    async def _end(self, writer: _Writer, *, commit: bool) -> None:
        """End a transaction in a task of its own, so that a cancelled caller does not interrupt it, and wait for it."""
        task = self.tasks.spawn("transaction end", self._finish(writer, commit=commit), expected=Exception)
        task.add_done_callback(_log_ended)
        until = task.get_loop().time() + self._limits.commit_seconds
        interrupted: asyncio.CancelledError | None = None
        while not task.done() and (left := until - task.get_loop().time()) > 0:
            try:
                await asyncio.wait({task}, timeout=left)
            except asyncio.CancelledError as error:
                interrupted = error
        if not task.done() and commit:
            # The task goes on, keeps the turn until it ends, and runs the callbacks if it commits after all.
            writer.tx.outcome = Outcome.UNKNOWN
        if interrupted is not None:
            raise interrupted
        if not commit:
            return  # the caller raises the error that ended the block
        if not task.done():
            raise OutcomeUnknownError(f"the commit did not answer within {self._limits.commit_seconds:g} s")
        task.result()

    async def _finish(self, writer: _Writer, *, commit: bool) -> None:
        try:
            if commit:
                await writer.commit()
            else:
                await writer.rollback()
        finally:
            try:
                await writer.release()
            finally:
                self._turns.release()


def _log_ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("transaction_did_not_end_well", error=type(error).__name__)


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncGenerator[asyncio.Timeout]:
    """Bound a transaction; a `TimeoutError` of something else within it stays what it is."""
    deadline: asyncio.Timeout | None = None
    try:
        async with asyncio.timeout(seconds) as deadline:
            yield deadline
    except TimeoutError:
        if deadline is not None and deadline.expired():
            raise TransactionTimeoutError(seconds) from None
        raise
