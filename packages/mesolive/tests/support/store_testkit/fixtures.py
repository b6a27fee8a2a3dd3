"""Fixtures: an open database on each engine. A `conftest.py` imports what its tests use."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mesolive.store.database import Database
from store_testkit.postgres import Postgres, PostgresUnavailableError, postgres

REQUIRE_POSTGRES = "MESOLIVE_TEST_REQUIRE_POSTGRES"
"""Set to 1 where PostgreSQL must not be missing: then a test fails in place of being skipped."""


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


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open an empty database; each test runs once per engine."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close()
