"""Read and write transactions as their blocks see them, their outcomes, and the errors of ending them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError

from mesolive.errors import ServiceError
from mesolive.store.connection import (
    Parameters,
    StatementResult,
    StoreConnection,
    StoreWriteConnection,
    TransactionLostError,
)
from mesolive.store.file_guard import DatabaseMovedError
from mesolive.store.row_cache import CacheKind, RowCaches
from mesolive_sdk.models import StatusCode

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


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
    TransactionLostError,
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


class Transaction:
    """A transaction that reads one snapshot of the database."""

    def __init__(self, link: StoreConnection, caches: RowCaches) -> None:
        self._link = link
        self._caches = caches

    def find_kept(self, kind: CacheKind[K, V], keys: Iterable[K]) -> dict[K, V]:
        """Return what is kept in memory of rows that never change. Whether they are there the database must say."""
        return self._caches.find(kind, keys)

    def keep(self, kind: CacheKind[K, V], entries: Mapping[K, V]) -> None:
        """Keep in memory what the transaction has read or written of rows that never change, once it is committed."""
        self._caches.keep(kind, entries)

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> StatementResult:
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

    def __init__(self, link: StoreWriteConnection, caches: RowCaches) -> None:
        super().__init__(link, caches)
        self.outcome = Outcome.OPEN
        self.failed = False
        self.callbacks: list[Callable[[], None]] = []

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> StatementResult:
        """Run a statement and return its result; see `Transaction.execute`.

        Raises
        ------
        RuntimeError
            When a statement of the transaction failed before: SQLite may have dropped the transaction then, and would
            commit the next statement by itself.
        """
        if self.failed:
            raise RuntimeError("a statement of the transaction failed before; it can only be rolled back")
        try:
            return await super().execute(statement, parameters)
        except DBAPIError:
            self.failed = True
            raise

    def keep(self, kind: CacheKind[K, V], entries: Mapping[K, V]) -> None:
        """Keep in memory what the transaction has read or written of rows that never change, once it is committed."""
        self.after_commit(partial(self._caches.keep, kind, entries))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Have `callback` run once the commit is durable; never after a rollback.

        It must not block. What it raises is logged: the transaction is committed all the same.
        """
        self.callbacks.append(callback)
