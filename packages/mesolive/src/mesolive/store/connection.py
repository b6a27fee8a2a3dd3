"""Database engine interface: the protocol of read and write connections that SQLite and PostgreSQL implement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row

from mesolive.errors import ServiceError
from mesolive_sdk.models import StatusCode

R = TypeVar("R")

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]

READERS = 8
"""The maximum number of concurrent read transactions; further ones wait."""


LONG: Mapping[str, bool] = MappingProxyType({"long": True})
"""Execution options of an UPDATE or a DELETE that may change very many rows: `statement.execution_options(**LONG)`. No
such statement runs on the event loop."""


class UnusableDatabaseError(Exception):
    """The database's URL or file cannot serve; the text says why."""


class TransactionLostError(ServiceError):
    """The database dropped a transaction that others had written in too, because of an error of the disk."""

    def __init__(self) -> None:
        super().__init__(
            StatusCode.ProviderUnavailable, "the database dropped the transaction; nothing was changed, try again"
        )


class StatementResult(Protocol):
    """What a statement has answered, already read from the database."""

    @property
    def rowcount(self) -> int:
        """How many rows an UPDATE or a DELETE has found."""
        ...

    @property
    def inserted_primary_key(self) -> Any:  # noqa: ANN401 - of any column
        """The key that the database gave to the row of an INSERT of one row."""
        ...

    def all(self) -> Sequence[Row[Any]]:
        """Return all rows."""
        ...

    def first(self) -> Row[Any] | None:
        """Return the first row, or `None`."""
        ...

    def scalar(self) -> Any:  # noqa: ANN401 - any column
        """Return the first column of the first row, or `None`."""
        ...


class StoreConnection(Protocol):
    """A connection while a transaction has it."""

    async def execute(self, statement: Executable, parameters: Parameters | None) -> StatementResult:
        """Run a statement and return its result, already read from the database."""
        ...


class StoreWriteConnection(StoreConnection, Protocol):
    """A connection while a transaction writes on it; the caller always returns it by `release`."""

    async def begin(self, user_id: int | None) -> None:
        """Begin: from now on no other transaction writes data of the user (`None`: of any user)."""
        ...

    async def begin_part(self, number: int) -> None:
        """Begin a part of the transaction that can be rolled back alone, by `rollback_part` with its number.

        The part before it ends: it stays in the transaction. Parts have growing numbers from 1; what is before the
        first part cannot be rolled back alone.
        """
        ...

    async def rollback_part(self, number: int) -> bool:
        """Undo the part if it has begun, and return whether the transaction is there, with the parts before it."""
        ...

    async def commit(self) -> None:
        """Commit durably."""
        ...

    async def rollback(self) -> None:
        """Roll back; does nothing without a transaction."""
        ...

    async def abandon(self) -> None:
        """Discard the connection after a failed commit: the state of its transaction is unknown."""
        ...

    async def release(self) -> None:
        """Give the connection back."""
        ...


class Engines(Protocol):
    """The connections to one database, some to read and some to write.

    Both kinds give the same promises on every database: a reader sees one moment of it however long it reads; a writer
    that has begun runs to its end without meeting another writer of the same user.
    """

    writers: int
    """How many write transactions may run at once; with more than one, those of different users run side by side."""
    file: Path | None
    """The database's file, or `None` where it is a server."""
    exclusive: bool
    """Whether no other server can take the database over while this process lives, however long it is paused."""
    reader: Engine
    writer: Engine
    """Through which statements go: where listeners of SQLAlchemy's events attach."""

    def prepare(self) -> None:
        """Create what the first connection needs; raises `UnusableDatabaseError`."""
        ...

    def reading(self) -> AbstractAsyncContextManager[StoreConnection]:
        """Return a context with a connection whose transaction sees one snapshot and cannot write."""
        ...

    def write_link(self) -> StoreWriteConnection:
        """Return a connection for writing."""
        ...

    async def missing_commits(self) -> int:
        """Return how many acknowledged commits are missing, as far as that can be known; 0 where it cannot."""
        ...

    async def accept_history(self) -> None:
        """Accept the commits that are present as the complete history."""
        ...

    async def run(self, work: Callable[[Connection], R]) -> R:
        """Run schema changes, as plain SQLAlchemy code, in a write transaction that excludes all others, and commit.

        On SQLite foreign keys are not enforced meanwhile; PostgreSQL alters tables in place and enforces them.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
