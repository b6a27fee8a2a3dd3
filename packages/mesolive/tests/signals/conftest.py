from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from signals_testkit import Json, Stage, stage
from store_testkit.fixtures import postgres_server, ready_postgres_url, shared_postgres_url

__all__ = ["postgres_server", "ready_postgres_url", "shared_postgres_url"]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Json:
    """Return settings that name a database: SQLite, unless a test is marked to run on both."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return {}
    monkeypatch.chdir(tmp_path)  # what has no place beside the database is kept in the working directory
    return {"database": request.getfixturevalue("ready_postgres_url"), "secret_key": "s" * 40}


@pytest.fixture
async def play(tmp_path: Path, database: Json) -> AsyncGenerator[Stage]:
    """Run a server over a scripted market."""
    async with stage(tmp_path, **database) as found:
        yield found
