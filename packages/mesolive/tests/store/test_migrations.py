from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, PrimaryKeyConstraint, inspect, text

from mesolive.store import migrate
from mesolive.store.database import Database
from mesolive.store.engines import UnusableDatabaseError
from mesolive.store.migrate import HEAD, MIGRATIONS
from mesolive.store.tables import metadata
from mesolive_testkit.store.schema import differences


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture(params=["made at once", "made by all migrations"])
async def new_database(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """Open an empty database in the way of every new one, and in that of one from before the first migration."""
    if request.param == "made by all migrations":
        monkeypatch.setattr(migrate, "_create", partial(migrate._upgrade, current=None))
    database = await Database.open(database_url)
    yield database
    await database.close()


async def test_a_new_database_has_exactly_the_tables_that_the_code_knows(new_database: Database) -> None:
    assert await new_database._engines.run(differences) == []
    async with new_database.read() as tx:
        assert await tx.scalar(text("SELECT version_num FROM alembic_version")) == HEAD


async def test_every_constraint_has_the_name_that_the_code_knows_it_by(new_database: Database) -> None:
    def names(connection: Connection) -> dict[str, set[str | None]]:
        inspector = inspect(connection)
        return {
            table: {key["name"] for key in inspector.get_foreign_keys(table)}
            | {constraint["name"] for constraint in inspector.get_unique_constraints(table)}
            for table in metadata.tables
        }

    # SQLite does not keep the name of a primary key that numbers its rows.
    known = {
        name: {
            str(constraint.name) for constraint in table.constraints if not isinstance(constraint, PrimaryKeyConstraint)
        }
        for name, table in metadata.tables.items()
    }
    assert await new_database._engines.run(names) == known


def test_the_server_knows_which_migration_is_the_newest() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_opening_again_keeps_what_is_there(database_url: str) -> None:
    first = await Database.open(database_url)
    async with first.write() as tx:
        await tx.execute(text("INSERT INTO users (name, created_at) VALUES ('ann', 0)"))
    await first.close()
    second = await Database.open(database_url)
    async with second.read() as tx:
        assert await tx.scalar(text("SELECT name FROM users")) == "ann"
    await second.close()


async def test_two_servers_may_open_a_new_database_at_once(database_url: str) -> None:
    opened = await asyncio.gather(Database.open(database_url), Database.open(database_url))
    for database in opened:
        async with database.read() as tx:
            assert await tx.scalar(text("SELECT count(*) FROM users")) == 0
        await database.close()


async def test_a_migration_that_fails_leaves_nothing_behind(sqlite_url: str) -> None:
    file = file_of(sqlite_url)
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (something TEXT)")  # in the migration's way
    connection.close()
    with pytest.raises(UnusableDatabaseError, match="users"):
        await Database.open(sqlite_url)
    with sqlite3.connect(file) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert tables == {"users"}


async def test_the_migrations_leave_logging_as_it_is(sqlite_url: str) -> None:
    before = logging.getLogger("mesolive.some.part")
    handlers = list(logging.getLogger().handlers)
    level = logging.getLogger().level
    database = await Database.open(sqlite_url)
    await database.close()
    assert not before.disabled
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger().level == level
