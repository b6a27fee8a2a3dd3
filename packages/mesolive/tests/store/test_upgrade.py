"""Databases of earlier versions open in this one: each dump in `data` is upgraded and read by a server."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from mesolive.store.database import Database
from mesolive.store.engines import UnusableDatabaseError
from mesolive.store.migrate import HEAD
from mesolive.store.tables import metadata
from mesolive.store.tables.trading import accounts
from mesolive.trading.execution.risk_limits import Limits, StaleExitPolicy, limits_of
from mesolive_testkit.store.example_database import load_sqlite, upgraded_answers
from mesolive_testkit.store.postgres import Postgres
from mesolive_testkit.store.schema import differences
from mesolive_testkit.venues import SIM

# A whole database for each version that is kept.
pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data"
VERSIONS = sorted(path.name for path in DATA.iterdir())


@dataclass(frozen=True)
class Upgraded:
    """A database of an earlier version that this one has opened.

    Attributes
    ----------
    url
        The database; every test of the module reads the same one, and none removes anything.
    differences
        How the schema differed from the code's after it was opened the first time.
    dump
        The dump that it was made from; beside it lies what the earlier version answered of it.
    """

    url: str
    differences: Sequence[object]
    dump: Path

    @property
    def dumped_tables(self) -> set[str]:
        """The tables of which the dump has rows."""
        dump = self.dump.read_text(encoding="utf-8")
        return set(re.findall(r'^INSERT INTO (?:public\.)?"?(\w+)"?', dump, re.MULTILINE))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=VERSIONS)
def old(request: pytest.FixtureRequest, engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """Load the dump of an earlier version and upgrade it: once for all tests of the version and the engine."""
    dump: Path = DATA / request.param / f"{engine}.sql"
    with ExitStack() as stack:
        if engine == "sqlite":
            file = tmp_path_factory.mktemp(request.param) / "data" / "mesolive.sqlite3"
            load_sqlite(dump, file)
            url = f"sqlite:///{file}"
        else:
            server: Postgres = request.getfixturevalue("postgres_server")
            url = server.create_database()
            stack.callback(server.drop_database, url)
            server.load(url, dump)
        yield Upgraded(url, asyncio.run(upgraded(url)), dump)


async def upgraded(url: str) -> Sequence[object]:
    """Open a database for the first time; return how its schema differs from the code's afterwards."""
    database = await Database.open(url)
    try:
        return await database._engines.run(differences)
    finally:
        await database.close()


async def test_an_upgraded_schema_is_exactly_that_of_the_code(old: Upgraded) -> None:
    assert old.differences == []
    database = await Database.open(old.url)
    try:
        async with database.read() as tx:
            assert await tx.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    finally:
        await database.close()


async def test_every_table_of_the_old_database_keeps_its_rows(old: Upgraded) -> None:
    database = await Database.open(old.url)
    try:
        async with database.read() as tx:
            counts = {
                name: await tx.scalar(select(func.count()).select_from(table))
                for name, table in metadata.tables.items()
                if name in old.dumped_tables
            }
    finally:
        await database.close()
    assert len(counts) > 20
    assert [name for name, count in counts.items() if count == 0] == []


@pytest.mark.parametrize("old", ["abab24c"], indirect=True)
async def test_limits_of_an_account_keep_their_values_and_new_limits_get_their_defaults(old: Upgraded) -> None:
    database = await Database.open(old.url)
    try:
        async with database.read() as tx:
            account_id = await tx.scalar(select(accounts.c.id).where(accounts.c.broker_account_id == SIM))
            limits = await limits_of(tx, account_id)
    finally:
        await database.close()
    assert limits == Limits(
        allow_live=True,
        max_contracts=Decimal(40),
        max_premium=Decimal(250_000),
        max_orders_per_minute=30,
        price_band_fraction=Decimal("0.4"),
        max_notional=Decimal(50_000_000),
        max_loss=Decimal(2_000_000),
        allow_unlimited_loss=False,
        stale_exit_policy=StaleExitPolicy.LIMIT_ONLY,
    )


async def test_accounts_of_an_old_database_belong_to_no_connection_and_accept_live_quotes_only(old: Upgraded) -> None:
    database = await Database.open(old.url)
    try:
        async with database.read() as tx:
            rows = await tx.all(select(accounts))
    finally:
        await database.close()
    assert rows
    assert {(row.connection_id, row.data_provider, row.accept_delayed) for row in rows} == {(None, None, False)}


async def test_an_upgrade_that_is_opened_again_changes_nothing_more(old: Upgraded) -> None:
    assert await upgraded(old.url) == []


async def test_a_database_of_an_earlier_version_is_upgraded_and_answers_as_it_did(
    old: Upgraded, tmp_path: Path
) -> None:
    answers = json.loads(json.dumps(await upgraded_answers(old.url, tmp_path)))
    for name, before in json.loads(old.dump.with_suffix(".json").read_text(encoding="utf-8")).items():
        # The server's own start adds events; what was announced before is answered as it was.
        assert answers[name][: len(before)] == before, name


# --- databases of an odd state

Alter = Callable[[str], Awaitable[None]]


@pytest.fixture
def alter(database_url: str) -> Alter:
    """Return what changes a new database behind the migrations' back."""

    async def run(statement: str) -> None:
        database = await Database.open(database_url)
        async with database.write() as tx:
            await tx.execute(text(statement))
        await database.close()

    return run


async def test_a_missing_index_is_created_at_start_and_logged(
    database_url: str, alter: Alter, captured_logs: Sequence[MutableMapping[str, Any]]
) -> None:
    await alter("DROP INDEX ix_legs_account_contract")
    database = await Database.open(database_url)
    assert await database._engines.run(differences) == []
    await database.close()
    assert [log["index"] for log in captured_logs if log["event"] == "index_created"] == ["ix_legs_account_contract"]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DROP TABLE underlying_days", "the table underlying_days"),
        ("ALTER TABLE orders DROP COLUMN reason", "the column orders.reason"),
        ("ALTER TABLE legs RENAME COLUMN cost TO paid", "the column legs.cost"),
    ],
)
async def test_a_schema_that_lacks_a_table_or_a_column_is_refused_by_name(
    database_url: str, alter: Alter, statement: str, named: str
) -> None:
    await alter(statement)
    with pytest.raises(UnusableDatabaseError, match=f"lacks {named}: "):
        await Database.open(database_url)


async def test_a_schema_without_a_unique_constraint_is_refused_by_name(postgres_url: str) -> None:
    database = await Database.open(postgres_url)
    async with database.write() as tx:
        await tx.execute(text("ALTER TABLE orders DROP CONSTRAINT uq_orders_reference"))
    await database.close()
    with pytest.raises(UnusableDatabaseError, match="lacks the unique constraint uq_orders_reference"):
        await Database.open(postgres_url)


async def test_a_database_from_before_an_index_was_added_to_the_first_migration_is_mended(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    load_sqlite(DATA / "abab24c" / "sqlite.sql", file)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP INDEX ix_legs_account_contract")
    connection.close()
    database = await Database.open(sqlite_url)
    assert await database._engines.run(differences) == []
    await database.close()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str, alter: Alter) -> None:
    await alter("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnusableDatabaseError, match=f"revision '9999'.*up to {HEAD}.*newer version"):
        await Database.open(database_url)


async def test_an_upgrade_that_would_break_a_reference_is_undone(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    load_sqlite(DATA / "abab24c" / "sqlite.sql", file)
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM strategies WHERE id = 1")  # which legs, plans and orders refer to
    connection.close()
    with pytest.raises(UnusableDatabaseError, match="refers to a row of strategies that is not there"):
        await Database.open(sqlite_url)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert "max_notional" in {row[1] for row in connection.execute("PRAGMA table_info(account_limits)")}
    connection.close()
