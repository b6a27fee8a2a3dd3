"""The SQLite driver with one trip to its thread per statement.

`aiosqlite` goes there four times for each: to make a cursor, to execute, to fetch, to close. SQLAlchemy wants all rows
at once anyway, so that one trip can do everything; a transaction of three statements takes half the time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiosqlite

Values = Sequence[Any]


class QuickConnection(aiosqlite.Connection):
    """A connection whose cursors are `QuickCursor`s. SQLite begins no transactions by itself.

    Parameters
    ----------
    file
        The database's file.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(partial(sqlite3.connect, file, isolation_level=None, check_same_thread=False), 64)
        self._thread.daemon = True  # a connection that was forgotten does not keep the process

    def cursor(self) -> QuickCursor:  # pyright: ignore[reportIncompatibleMethodOverride] - SQLAlchemy needs no more
        """Return a cursor; the database hears of it when it executes."""
        return QuickCursor(self)

    async def execute_quickly(self, sql: str, values: Values | None) -> _Answer:
        """Execute a statement and read all that it answers."""
        return await self._in_thread(_execute, self._conn, sql, values)

    async def execute_many(self, sql: str, rows: Sequence[Values]) -> _Answer:
        """Execute a statement for each row."""
        return await self._in_thread(_execute_many, self._conn, sql, rows)

    async def _in_thread(self, function: Callable[..., _Answer], *values: object) -> _Answer:
        return await self._execute(function, *values)  # pyright: ignore[reportUnknownMemberType] - untyped there


class _Answer:
    """What a statement answered."""

    __slots__ = ("description", "last_row_id", "row_count", "rows")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.rows: list[Any] = cursor.fetchall() if cursor.description else []
        self.description = cursor.description
        self.last_row_id = cursor.lastrowid
        self.row_count = cursor.rowcount
        cursor.close()


def _execute(connection: sqlite3.Connection, sql: str, values: Values | None) -> _Answer:
    return _Answer(connection.execute(sql) if values is None else connection.execute(sql, values))


def _execute_many(connection: sqlite3.Connection, sql: str, rows: Sequence[Values]) -> _Answer:
    return _Answer(connection.executemany(sql, rows))


class QuickCursor:
    """As much of a cursor as SQLAlchemy uses. Nothing is left open in the database between two of its methods."""

    arraysize = 1

    def __init__(self, connection: QuickConnection) -> None:
        self._connection = connection
        self._answer: _Answer | None = None

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:  # noqa: ANN401 - as the standard library annotates it
        """The columns of the answer, or `None` where the statement answers no rows."""
        return None if self._answer is None else self._answer.description

    @property
    def lastrowid(self) -> int | None:
        """The id of the last row that was inserted."""
        return None if self._answer is None else self._answer.last_row_id

    @property
    def rowcount(self) -> int:
        """How many rows were changed; -1 where that makes no sense."""
        return -1 if self._answer is None else self._answer.row_count

    async def execute(self, sql: str, values: Values | None = None) -> None:
        """Execute a statement."""
        self._answer = await self._connection.execute_quickly(sql, values)

    async def executemany(self, sql: str, rows: Sequence[Values]) -> None:
        """Execute a statement for each row."""
        self._answer = await self._connection.execute_many(sql, rows)

    async def fetchall(self) -> list[Any]:
        """Return the rows, which are here already."""
        return [] if self._answer is None else self._answer.rows

    async def close(self) -> None:
        """Do nothing: the database's own cursor is closed."""
