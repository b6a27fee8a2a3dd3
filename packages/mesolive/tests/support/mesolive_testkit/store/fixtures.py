"""Fixtures: an open database on each engine, new files that have their tables already, and captured logs."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog

from mesolive.store import sqlite
from mesolive.store.database import Database
from mesolive.store.tables import metadata
from mesolive_testkit.store.postgres import Postgres, PostgresUnavailableError, postgres

__all__ = [
    "captured_logs",
    "database",
    "database_url",
    "new_files_have_tables",
    "postgres_server",
    "postgres_url",
    "ready_postgres_url",
    "ready_sqlite_url",
    "ready_url",
    "shared_postgres_url",
    "sqlite_tables",
    "sqlite_template",
    "sqlite_url",
]

REQUIRE_POSTGRES = "MESOLIVE_TEST_REQUIRE_POSTGRES"
"""Set to 1 where PostgreSQL must not be missing: then a test fails in place of being skipped."""


@pytest.fixture
def captured_logs() -> Iterator[Sequence[MutableMapping[str, Any]]]:
    """Return what is logged in place of rendering it."""
    with structlog.testing.capture_logs() as logs:
        yield logs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Run a real PostgreSQL; tests that need it are skipped where there is none."""
    try:
        context = postgres()
        server = context.__enter__()
    except PostgresUnavailableError as error:
        if os.environ.get(REQUIRE_POSTGRES) == "1":
            raise
        pytest.skip(f"no PostgreSQL: {error}")
    try:
        yield server
    finally:
        context.__exit__(None, None, None)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Name a database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'data' / 'mesolive.sqlite3'}"


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """Make an empty database on the real PostgreSQL."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Name an empty database; each test runs once per engine."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, sqlite_tables: Callable[[], bytes]) -> Path:
    """Make a database file with all tables, to be copied: quicker than running the migrations each time."""
    file = tmp_path_factory.mktemp("template") / "mesolive.sqlite3"
    file.write_bytes(sqlite_tables())
    return file


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], bytes]:
    """Return the content of a database file with all tables, made when it is first needed."""
    made: list[bytes] = []

    def content() -> bytes:
        if not made:
            file = tmp_path_factory.mktemp("tables") / "mesolive.sqlite3"
            # The event loop of the test is running in this thread.
            making = threading.Thread(target=lambda: asyncio.run(_migrated(f"sqlite:///{file}")))
            making.start()
            making.join()
            made.append(file.read_bytes())
        return made[0]

    return content


@pytest.fixture
def new_files_have_tables(sqlite_tables: Callable[[], bytes]) -> Iterator[None]:
    """Let databases begin with all tables where they would run all migrations, which takes a fifth of a second each."""
    create = sqlite.create_file

    def create_with_tables(file: Path) -> None:
        is_new = not file.exists()
        create(file)
        if is_new and threading.current_thread() is threading.main_thread():
            file.write_bytes(sqlite_tables())

    sqlite.create_file = create_with_tables
    yield
    sqlite.create_file = create


@pytest.fixture(scope="session")
def shared_postgres_url(postgres_server: Postgres) -> str:
    """Make a database with all tables; the tests empty it."""
    url = postgres_server.create_database()
    asyncio.run(_migrated(url))
    return url


async def _migrated(url: str) -> None:
    await (await Database.open(url)).close()


@pytest.fixture
def ready_sqlite_url(sqlite_url: str, sqlite_template: Path) -> str:
    """Name a database file with all tables."""
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.parent.mkdir()
    shutil.copyfile(sqlite_template, file)
    return sqlite_url


@pytest.fixture
def ready_postgres_url(postgres_server: Postgres, shared_postgres_url: str) -> str:
    """Name a database with all tables, all of them empty, on the real PostgreSQL."""
    postgres_server.empty(shared_postgres_url, metadata.tables)
    return shared_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest) -> str:
    """Name a database with all tables; each test runs once per engine."""
    return request.getfixturevalue("ready_sqlite_url" if request.param == "sqlite" else "ready_postgres_url")


@pytest.fixture
async def database(ready_url: str) -> AsyncIterator[Database]:
    """Open a database; each test runs once per engine."""
    opened = await Database.open(ready_url)
    yield opened
    await opened.close()
