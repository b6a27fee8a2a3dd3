"""Commit groups: write transactions that wait for each other share one commit, and so one wait for the disk.

A commit waits for the disk, and one transaction writes at a time. Committed one by one, N writers would wait for N
disk writes; here they wait for one:

1. The first writer begins the database's transaction. When its block has ended well, it becomes a member of the group.
2. Where another writer waits for its turn, that one runs its block in the same transaction behind a savepoint.
   A block that raises is rolled back to its savepoint and takes nothing else with it.
3. The group is committed when no writer waits for a turn any more, or when it is full or old enough. Only then are its
   members answered, and their callbacks run, in the order of their turns.

A writer that is alone waits for nothing. While a group is committed the next writers gather.

A block sees what the members before it wrote, though that is not durable yet. So whatever it concludes from that is
answered only when the group's outcome is known: its result, being a member itself, and its refusal too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from mesolive.shares import FairTurns
from mesolive.store.connection import Engines, StoreWriteConnection, TransactionLostError
from mesolive.store.file_guard import DatabaseMovedError
from mesolive.store.transactions import Outcome, OutcomeUnknownError, WriteTransaction
from mesolive.tasks import Tasks

_log = structlog.get_logger(__name__)

MAX_MEMBERS = 64
"""How many transactions share one commit at most."""

MAX_GROUP_SECONDS = 0.01
"""How long after its begin a group takes further members: a member waits for those after it, and other processes wait
for all of them."""


class CommitGroup:
    """Transactions that are committed together.

    Parameters
    ----------
    link
        Their connection.
    commit_seconds
        How long the answer of the commit is awaited.

    Attributes
    ----------
    members
        Transactions whose blocks ended well, in their order.
    connected
        Whether it holds a connection, which its end gives back.
    """

    def __init__(self, link: StoreWriteConnection, commit_seconds: float) -> None:
        self.link = link
        self.members: list[WriteTransaction] = []
        self.connected = False
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._commit_seconds = commit_seconds
        self._waiters: list[asyncio.Future[None]] = []
        self._answered = False
        self._error: BaseException | None = None

    @property
    def takes_more(self) -> bool:
        """Whether another transaction may join."""
        return len(self.members) < MAX_MEMBERS and self._loop.time() - self._began < MAX_GROUP_SECONDS

    async def outcome(self) -> None:
        """Wait for the outcome of the group's commit; a cancelled caller waits too.

        Raises
        ------
        OutcomeUnknownError
            When the answer of the commit did not arrive in time. The callbacks still run if it commits after all.
        Exception
            What made the commit fail.
        """
        interrupted: asyncio.CancelledError | None = None
        # A cancelled caller waits too: were it to return, it would not know whether its order is stored.
        while not self._answered:
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted
        if self._error is not None:
            raise self._error

    async def commit(self) -> None:
        """Commit, run the members' callbacks, and answer the members."""
        timer = self._loop.call_later(self._commit_seconds, self._unanswered)
        try:
            await self.link.commit()
        except DatabaseMovedError as error:
            await self.link.rollback()
            self.fail(error)
        except DBAPIError as error:
            # The database may have committed before the connection broke. "Rolled back" would be a guess, on which an
            # order would be sent a second time.
            if error.connection_invalidated:
                unknown = OutcomeUnknownError("the connection was lost during the commit")
                unknown.__cause__ = error
                self._end(Outcome.UNKNOWN, unknown)
                return
            await self.link.abandon()
            self.fail(error)
        except TransactionLostError as error:
            self.fail(error)
        except Exception as error:
            await self.link.abandon()
            self._end(Outcome.UNKNOWN, error)
            raise
        else:
            # Callbacks before answers, in the order of the members: the journal announces events in the order in which
            # they were committed, and a caller that has its answer finds its events announced.
            for member in self.members:
                member.outcome = Outcome.COMMITTED
                _run(member.callbacks)
            self._answer(None)
        finally:
            timer.cancel()

    def fail(self, error: BaseException) -> None:
        """Answer the members that nothing was committed."""
        _log.warning("transactions_not_committed", number=len(self.members), error=type(error).__name__)
        self._end(Outcome.ROLLED_BACK, error)

    def _unanswered(self) -> None:
        """Answer the members before the commit has; it goes on and keeps the turn."""
        reason = f"the commit did not answer within {self._commit_seconds:g} s"
        self._end(Outcome.UNKNOWN, OutcomeUnknownError(reason))

    def _end(self, outcome: Outcome, error: BaseException) -> None:
        for member in self.members:
            member.outcome = outcome
        self._answer(error)

    def _answer(self, error: BaseException | None) -> None:
        if not self._answered:
            self._answered = True
            self._error = error
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()


def _run(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # noqa: BLE001 - the commit stands whatever a listener does; the log has the trace
            _log.exception("after_commit_callback_failed")


class WriteLane:
    """Writers that exclude each other: their turns, and the group that they gather in.

    Parameters
    ----------
    connections
        Turns on the engine's connections for writing, shared by all lanes.
    """

    def __init__(self, engines: Engines, connections: FairTurns, commit_seconds: float, tasks: Tasks) -> None:
        self._engines = engines
        self._connections = connections
        self._commit_seconds = commit_seconds
        self._tasks = tasks
        self._turns = FairTurns(1, idle=self._commit_open)
        self._open: CommitGroup | None = None
        """The group that waits for the next writer, which was given its turn and has not taken it yet."""

    @property
    def is_free(self) -> bool:
        """Whether there is no writer and none waits."""
        return self._turns.is_free

    async def enter(self, user_id: int | None) -> CommitGroup:
        """Wait for a turn and return the group to run in; `commit` or `rollback` ends the turn."""
        await self._turns.acquire(user_id)
        group, self._open = self._open, None
        return group or CommitGroup(self._engines.write_link(), self._commit_seconds)

    async def begin(self, group: CommitGroup, user_id: int | None) -> None:
        """Begin the database's transaction, or a part of it that can be rolled back alone."""
        if group.members:
            await group.link.begin_part(len(group.members))
            return
        await self._connections.acquire(user_id)
        group.connected = True
        await group.link.begin(user_id)

    def commit(self, group: CommitGroup, tx: WriteTransaction) -> None:
        """Make the transaction a member of the group, and pass the turn on; `group.outcome` says what became of it."""
        group.members.append(tx)
        self._pass_on(group)

    async def rollback(self, group: CommitGroup, tx: WriteTransaction) -> None:
        """Undo what the transaction did, and pass the turn on."""
        tx.outcome = Outcome.ROLLED_BACK
        if not group.members:
            try:
                await group.link.rollback()
            finally:
                await self._release(group)
            return
        intact = False
        try:
            intact = await group.link.rollback_part(len(group.members))
        finally:
            if intact:
                self._pass_on(group)
            else:
                group.fail(TransactionLostError())
                try:
                    await group.link.rollback()
                finally:
                    await self._release(group)

    def _pass_on(self, group: CommitGroup) -> None:
        if group.takes_more:
            self._open = group
            self._turns.release()
        else:
            self._begin_commit(group)

    def _commit_open(self) -> bool:
        """Commit the open group, as no writer waits for a turn; return whether there is one, which has the turn."""
        group, self._open = self._open, None
        if group is None:
            return False
        self._begin_commit(group)
        return True

    def _begin_commit(self, group: CommitGroup) -> None:
        # In a task of its own: a member that is cancelled must not interrupt it.
        self._tasks.spawn("commit", self._commit(group))

    async def _commit(self, group: CommitGroup) -> None:
        try:
            await group.commit()
        finally:
            await self._release(group)

    async def _release(self, group: CommitGroup) -> None:
        """Give the connection and the turn back."""
        try:
            await group.link.release()
        finally:
            if group.connected:
                self._connections.release()
            self._turns.release()
