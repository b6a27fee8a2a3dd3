"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesolive_testkit.store.fixtures import (
    captured_logs,
    database,
    database_url,
    new_files_have_tables,
    postgres_server,
    postgres_url,
    ready_postgres_url,
    ready_sqlite_url,
    ready_url,
    shared_postgres_url,
    sqlite_tables,
    sqlite_template,
    sqlite_url,
)

if TYPE_CHECKING:
    from mesolive_testkit.server import Kit
    from mesolive_testkit.signals import Stage
    from mesolive_testkit.venues import Desk

__all__ = [
    "captured_logs",
    "database",
    "database_url",
    "new_files_have_tables",
    "postgres_server",
    "postgres_url",
    "quick_tables",
    "ready_postgres_url",
    "ready_sqlite_url",
    "ready_url",
    "shared_postgres_url",
    "sqlite_tables",
    "sqlite_template",
    "sqlite_url",
]


@pytest.fixture(autouse=True)
def quick_tables(new_files_have_tables: None) -> None:
    """Let new database files have their tables; the tests of the store and its migrations do without."""


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncGenerator[Kit]:
    """Run a server with a user, a paper account, and a market that stands still."""
    from mesolive_testkit.server import live_server  # the whole server: not for tests of a part

    async with live_server(tmp_path) as running:
        yield running


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    """Run a server with a user and an account at the simulated venue."""
    from mesolive_testkit.venues import desk_server  # the whole server: not for tests of a part

    async with desk_server(tmp_path) as running:
        yield running


@pytest.fixture
def database_settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Return settings that name a database: SQLite, unless a test is marked to run on both engines."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return {}
    monkeypatch.chdir(tmp_path)  # files that have no directory beside the database go to the working directory
    return {"database": request.getfixturevalue("ready_postgres_url"), "secret_key": "s" * 40}


@pytest.fixture
async def play(tmp_path: Path, database_settings: dict[str, Any]) -> AsyncGenerator[Stage]:
    """Run a server over a scripted market."""
    from mesolive_testkit.signals import stage  # the whole server: not for tests of a part

    async with stage(tmp_path, **database_settings) as running:
        yield running
