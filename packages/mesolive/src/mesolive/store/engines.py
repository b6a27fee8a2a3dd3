"""Database URLs: parses a URL and returns the SQLite or PostgreSQL engine for it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from mesolive.store.connection import Engines, UnusableDatabaseError
from mesolive.store.sqlite import SqliteEngines, create_file

__all__ = ["UnusableDatabaseError", "create_file", "directory_of", "make_engines"]


def directory_of(url: str) -> Path | None:
    """Return the directory of the database's file, or `None` where the database is a server.

    Raises
    ------
    UnusableDatabaseError
        When the URL cannot serve.
    """
    parsed = _parse(url)
    return _sqlite_file(parsed).parent if parsed.get_backend_name() == "sqlite" else None


def make_engines(url: str, *, transient: bool = False) -> Engines:
    """Return the engines for a database URL; nothing is connected yet.

    Parameters
    ----------
    url
        `sqlite:///relative/file`, `sqlite:////absolute/file` or `postgresql://user:password@host/name`.
    transient
        Whether a SQLite file is thrown away with its process; see `Database.open`.

    Raises
    ------
    UnusableDatabaseError
        When the URL is malformed, names an engine that is not supported, or a database in memory.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteEngines(_sqlite_file(parsed).resolve(), transient=transient)
    # Only where it is used: SQLAlchemy's asyncio engine brings its object mapper, a twentieth of a server's start.
    from mesolive.store.postgresql import PostgresqlEngines  # noqa: PLC0415

    return PostgresqlEngines(parsed)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text of the original error repeats the URL, which may hold a password.
        raise UnusableDatabaseError("the database URL is malformed; it reads like sqlite:///file") from None
    backend = parsed.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise UnusableDatabaseError(f"{backend} is not supported; use sqlite:///file or postgresql://…")
    return parsed


def _sqlite_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UnusableDatabaseError("SQLite needs a file: a database in memory would not survive the process")
    return Path(url.database).absolute()
