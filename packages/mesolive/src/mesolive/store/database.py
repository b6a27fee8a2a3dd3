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
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from mesolive.shares import FairTurns
from mesolive.store.commit_groups import CommitGroup, WriteLane
from mesolive.store.connection import Engines, TransactionLostError, UnusableDatabaseError
from mesolive.store.emergency import EmergencyFile
from mesolive.store.engines import make_engines
from mesolive.store.migrate import migrate
from mesolive.store.row_cache import RowCaches
from mesolive.store.transactions import (
    NOT_STORED,
    DatabaseBusyError,
    Outcome,
    OutcomeUnknownError,
    Transaction,
    TransactionTimeoutError,
    WriteTransaction,
)
from mesolive.tasks import Tasks

__all__ = [
    "NOT_STORED",
    "Database",
    "DatabaseBusyError",
    "Limits",
    "Outcome",
    "OutcomeUnknownError",
    "Transaction",
    "TransactionLostError",
    "TransactionTimeoutError",
    "WriteTransaction",
]

_log = structlog.get_logger(__name__)


MAX_LANES = 1000
"""How many users' writers are remembered on an engine that lets users write side by side; idle ones are forgotten."""


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


class _Writer:
    """One write transaction with the group that it runs in, from its begin to its end."""

    def __init__(self, lane: WriteLane, group: CommitGroup, caches: RowCaches) -> None:
        self._lane = lane
        self._group = group
        self._follows = False
        self.tx = WriteTransaction(group.link, caches)

    async def begin(self, user_id: int | None) -> None:
        await self._lane.begin(self._group, user_id)

    async def commit(self) -> None:
        """End the block and wait until its commit is durable; a caller that is cancelled is held until then."""
        self._lane.commit(self._group, self.tx)
        await self._group.outcome()

    async def rollback(self) -> None:
        self._follows = bool(self._group.members)
        await self._lane.rollback(self._group, self.tx)

    async def settled(self) -> None:
        """Wait until what the block saw of transactions before it is durable; raises when it was not committed."""
        if self._follows:
            await self._group.outcome()


class Database:
    """The server's database; made by `Database.open`.

    Attributes
    ----------
    emergency
        Halts and revocations that are in force though they may not be stored yet.
    caches
        What is kept in memory of rows that never change.
    version
        A number that grows when a write transaction begins and when it has ended.
    limits
        Timeouts and limits of transactions.
    writing
        The tasks that are within a write transaction.
    """

    def __init__(self, engines: Engines, limits: Limits, *, transient: bool = False) -> None:
        self.version = 0
        self._transient = transient
        self.emergency = EmergencyFile.beside(engines.file)
        self.caches = RowCaches()
        self._engines = engines
        self.limits = limits
        self._connections = FairTurns(engines.writers)
        self._lanes: dict[int | None, WriteLane] = {}
        self._waiting = 0
        self.writing: set[asyncio.Task[Any] | None] = set()
        self.tasks = Tasks()  # commits and rollbacks under way

    @classmethod
    async def open(cls, url: str, *, limits: Limits | None = None, transient: bool = False) -> Database:
        """Connect, bring the tables up to date, and return the database.

        Parameters
        ----------
        url
            `sqlite:///relative/file`, `sqlite:////absolute/file` or `postgresql://user:password@host/name`.
        limits
            Times and counts; the defaults serve.
        transient
            Whether a SQLite file is thrown away with its process: then no commit waits for the disk, and everything
            runs on the event loop.

        Raises
        ------
        UnusableDatabaseError
            When the URL or the file cannot serve, the server behind it does not answer, or the tables were made by a
            newer version.
        """
        engines = make_engines(url, transient=transient)
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
        database = cls(engines, limits or Limits(), transient=transient)
        database.emergency.prepare()
        return database

    @property
    def exclusive(self) -> bool:
        """Whether no other server can take the database over while this process lives, however long it is paused."""
        return self._engines.exclusive

    async def missing_commits(self) -> int:
        """Return how many acknowledged transactions are missing: the log was cut or damaged, or an old copy put in."""
        return await self._engines.missing_commits()

    async def accept_history(self) -> None:
        """Accept the commits that are present as the complete history, after the missing ones were reported."""
        await self._engines.accept_history()

    def is_unchanged_since(self, version: int) -> bool:
        """Whether a read now returns what it returned when `version` had this value.

        Only a transient database is known to have no other writers, in other processes.
        """
        return self._transient and self.version == version

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
        return _WriteBlock(self, user_id)

    async def close(self) -> None:
        """Wait for commits under way and close all connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.commit_seconds):
                await self.tasks.join()
        await self._engines.close()

    @asynccontextmanager
    async def _read(self) -> AsyncGenerator[Transaction]:
        async with _Deadline(self.limits.read_seconds), self._engines.reading() as link:
            yield Transaction(link, self.caches)

    async def take_turn(self, user_id: int | None) -> _Writer:
        """Wait for a turn to write, and return what writes; for `write`."""
        if self._waiting >= self.limits.waiting_writers:
            raise DatabaseBusyError
        lane = self._lane(user_id)
        self._waiting += 1
        try:
            return _Writer(lane, await lane.enter(user_id), self.caches)
        finally:
            self._waiting -= 1

    def _lane(self, user_id: int | None) -> WriteLane:
        """Return the lane of a user's writers: one for all where one transaction writes at a time."""
        key = user_id if self._engines.writers > 1 else None
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= MAX_LANES:
                self._lanes = {known: each for known, each in self._lanes.items() if not each.is_free}
            lane = WriteLane(self._engines, self._connections, self.limits.commit_seconds, self.tasks)
            self._lanes[key] = lane
        return lane

    async def roll_back(self, writer: _Writer) -> None:
        """Roll back in a task of its own, so that a cancelled caller does not interrupt it, and wait for it."""
        task = self.tasks.spawn("rollback", writer.rollback(), expected=Exception)
        task.add_done_callback(_log_ended)
        until = task.get_loop().time() + self.limits.commit_seconds
        interrupted: asyncio.CancelledError | None = None
        while not task.done() and (left := until - task.get_loop().time()) > 0:
            try:
                await asyncio.wait({task}, timeout=left)
            except asyncio.CancelledError as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted


def _log_ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("transaction_end_failed", error=type(error).__name__)


class _Deadline:
    """Bounds a transaction; a `TimeoutError` of something else within it stays what it is."""

    __slots__ = ("_seconds", "_timeout")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    def lift(self) -> None:
        """End the limit, unless it has been reached."""
        if not self._timeout.expired():
            self._timeout.reschedule(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise TransactionTimeoutError(self._seconds) from None


class _WriteBlock(AbstractAsyncContextManager[WriteTransaction]):
    """The context of `Database.write`, used once.

    A class: each generator is registered with the event loop, which costs more than the rest of this.
    """

    __slots__ = ("_database", "_deadline", "_task", "_user_id", "_writer")

    def __init__(self, database: Database, user_id: int | None) -> None:
        self._database = database
        self._user_id = user_id

    async def __aenter__(self) -> WriteTransaction:
        database = self._database
        self._task = asyncio.current_task()
        if self._task in database.writing:
            raise RuntimeError("this task is within a write transaction already; it would wait for itself for ever")
        self._deadline = _Deadline(database.limits.write_seconds)
        await self._deadline.__aenter__()
        try:
            self._writer = await database.take_turn(self._user_id)
            database.writing.add(self._task)
            database.version += 1
            try:
                await self._writer.begin(self._user_id)
            except BaseException as error:
                await self._roll_back(error)
                raise
        except BaseException as error:
            await self._deadline.__aexit__(type(error), error, error.__traceback__)
            raise
        return self._writer.tx

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._commit()
            else:
                await self._roll_back(error)
        except BaseException as failure:
            await self._deadline.__aexit__(type(failure), failure, failure.__traceback__)
            raise
        await self._deadline.__aexit__(kind, error, trace)

    async def _commit(self) -> None:
        if self._writer.tx.failed:
            error = RuntimeError("a statement of the transaction failed and its block went on: nothing was committed")
            await self._roll_back(error)
            raise error
        self._database.writing.discard(self._task)
        # The deadline bounds the block. A commit has its own timeout and is never interrupted.
        self._deadline.lift()
        try:
            await self._writer.commit()
        finally:
            self._database.version += 1

    async def _roll_back(self, error: BaseException) -> None:
        try:
            self._deadline.lift()
            await self._database.roll_back(self._writer)
            if isinstance(error, Exception):
                await self._writer.settled()
        finally:
            self._database.writing.discard(self._task)
