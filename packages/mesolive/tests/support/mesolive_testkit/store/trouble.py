"""Databases that cannot be written to: a full disk, and another process that holds the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from mesolive.store.database import Database


@contextmanager
def full_disk(database: Database, database_file: Path) -> Generator[None]:
    """Let every statement that writes fail as SQLite does when the disk is full."""

    def refuse(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(" ", 1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            error = sqlite3.OperationalError("database or disk is full")
            raise OperationalError(statement, None, error)

    event.listen(database._engines.writer, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(database._engines.writer, "before_cursor_execute", refuse)


@contextmanager
def stuck_writer(database: Database, database_file: Path) -> Generator[None]:
    """Let another process hold the database for itself."""
    connection = sqlite3.connect(database_file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


Trouble = Callable[[Database, Path], AbstractContextManager[None]]
