"""A database that is thrown away with its process: no threads, and the knowledge that nothing was written."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from mesolive.store.database import Database
from mesolive.store.tables.access import users

NOW = datetime(2026, 1, 5, 17, tzinfo=UTC)


@asynccontextmanager
async def opened(path: Path, *, transient: bool) -> AsyncGenerator[Database]:
    database = await Database.open(f"sqlite:///{path / 'store.sqlite3'}", transient=transient)
    try:
        yield database
    finally:
        await database.close()


async def count_users(database: Database) -> int:
    async with database.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(users)))


async def add_user(database: Database, name: str) -> None:
    async with database.write() as tx:
        await tx.execute(insert(users).values(name=name, created_at=NOW))


async def test_reads_and_writes_start_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with opened(tmp_path, transient=True) as database:
        for name in ("a", "b"):
            await add_user(database, name)
        assert await count_users(database) == 2
        assert set(threading.enumerate()) <= before, "one of a test before may end meanwhile"


async def test_it_is_unchanged_until_a_write_begins_and_a_rolled_back_one_changes_nothing_that_is_read(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, transient=True) as database:
        await add_user(database, "a")
        version = database.version
        assert await count_users(database) == 1
        assert database.is_unchanged_since(version)

        async def fail() -> None:
            async with database.write() as tx:
                assert not database.is_unchanged_since(version), "a read now may see what is written next"
                await tx.execute(insert(users).values(name="b", created_at=NOW))
                raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            await fail()
        assert await count_users(database) == 1
        version = database.version
        await add_user(database, "b")
        assert not database.is_unchanged_since(version)
        assert await count_users(database) == 2


async def test_a_database_that_is_kept_never_counts_as_unchanged_for_others_may_write_to_it(tmp_path: Path) -> None:
    async with opened(tmp_path, transient=False) as database:
        assert not database.is_unchanged_since(database.version)
