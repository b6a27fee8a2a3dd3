"""A statement that runs again is prepared, and does what it did the first time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Executable,
    Select,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, InterfaceError, StatementError

from mesolive.store.connection import Parameters
from mesolive.store.database import Database, Transaction
from mesolive.store.prepared import StatementCache
from mesolive.store.tables.access import users
from mesolive.store.tables.base import metadata
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import orders
from mesolive_testkit.store.attempts import NOW, add_user

NEW = insert(users)
BY_NAME = select(users).where(users.c.name == bindparam("wanted"))
RENAME = update(users).where(users.c.name == bindparam("old")).values(name=bindparam("new"))
COUNT = select(func.count()).select_from(users)


@pytest.fixture
async def sqlite(ready_sqlite_url: str) -> AsyncGenerator[Database]:
    opened = await Database.open(ready_sqlite_url)
    yield opened
    await opened.close()


async def thrice(tx: Transaction, statement: Executable, parameters: Parameters | None = None) -> list[list[Any]]:
    """Return the rows of three executions: the first is SQLAlchemy's, the others are prepared."""
    return [[tuple(row) for row in await tx.all(statement, parameters)] for _ in range(3)]


class TestAPreparedStatement:
    async def test_answers_the_same_rows_in_the_same_types(self, sqlite: Database) -> None:
        async with sqlite.write() as tx:
            await add_user(tx, "ann")
            first, second, third = await thrice(tx, BY_NAME, {"wanted": "ann"})
            assert first == second == third
            assert first[0][1:] == ("ann", NOW)
        async with sqlite.read() as tx:
            assert await thrice(tx, BY_NAME, {"wanted": "ann"}) == [first] * 3

    async def test_has_rows_whose_columns_are_attributes(self, sqlite: Database) -> None:
        async with sqlite.write() as tx:
            await add_user(tx, "ann")
            for _ in range(3):
                row = await tx.first(BY_NAME, {"wanted": "ann"})
                assert row is not None
                assert (row.name, row.created_at, tuple(row)[1]) == ("ann", NOW, "ann")
                assert await tx.first(BY_NAME, {"wanted": "bob"}) is None
                assert await tx.scalar(COUNT) == 1

    async def test_that_changes_rows_says_how_many(self, sqlite: Database) -> None:
        async with sqlite.write() as tx:
            for number in range(3):
                await tx.execute(NEW, [{"name": f"{number} {part}", "created_at": NOW} for part in "ab"])
                result = await tx.execute(RENAME, {"old": f"{number} a", "new": f"{number} c"})
                assert result.rowcount == 1
                assert (await tx.execute(RENAME, {"old": "nobody", "new": "x"})).rowcount == 0
            assert await tx.scalar(COUNT) == 6

    async def test_that_inserts_one_row_has_its_key(self, sqlite: Database) -> None:
        async with sqlite.write() as tx:
            keys = [(await tx.execute(NEW, {"name": f"{n}", "created_at": NOW})).inserted_primary_key for n in range(3)]
            rows = await tx.all(select(users.c.id).order_by(users.c.id))
            assert [key[0] for key in keys] == [row.id for row in rows]

    async def test_is_not_taken_for_a_statement_that_was_made_from_it(self, sqlite: Database) -> None:
        async with sqlite.write() as tx:
            for name in ("ann", "bob"):
                await add_user(tx, name)
            every = select(users.c.name)
            assert len((await thrice(tx, every))[2]) == 2
            assert await thrice(tx, every.where(users.c.name == "bob")) == [[("bob",)]] * 3

    async def test_takes_rows_that_leave_columns_out(self, sqlite: Database) -> None:
        async with sqlite.write() as tx:
            user_id = await add_user(tx, "ann")
            keep = insert(idempotency_records)
            common = {
                "user_id": user_id,
                "operation": "SendOrder",
                "status": "Processing",
                "created_at": NOW,
                "updated_at": NOW,
                "request_hash": "0",
            }
            for number in range(3):
                await tx.execute(keep, common | {"key": f"a{number}"})
                await tx.execute(keep, common | {"key": f"b{number}", "order_ids": [number]})
            rows = await tx.all(select(idempotency_records.c.order_ids).order_by(idempotency_records.c.key))
            assert [row.order_ids for row in rows] == [None, None, None, [0], [1], [2]]

    async def test_fails_with_the_same_error_and_keeps_its_parameters_out_of_it(self, sqlite: Database) -> None:
        async def write(database: Database) -> None:
            async with database.write() as tx:
                await tx.execute(NEW, {"name": "geheim", "created_at": NOW})

        await write(sqlite)
        for _ in range(3):
            with pytest.raises(IntegrityError) as caught:
                await write(sqlite)
            assert "parameters hidden" in str(caught.value)
            assert "geheim" not in str(caught.value)
            assert "users.name" in str(caught.value.orig)

    async def test_refuses_a_value_that_its_column_cannot_hold(self, sqlite: Database) -> None:
        late = select(users.c.id).where(users.c.created_at == bindparam("at"))
        async with sqlite.read() as tx:
            for _ in range(2):
                await tx.all(late, {"at": NOW})
            with pytest.raises((ValueError, StatementError), match="no time zone"):
                await tx.all(late, {"at": datetime(2026, 1, 5)})  # noqa: DTZ001 - what is refused

    async def test_without_a_parameter_is_refused(self, sqlite: Database) -> None:
        async with sqlite.read() as tx:
            for _ in range(2):
                await tx.all(BY_NAME, {"wanted": "ann"})
            for _ in range(3):
                with pytest.raises((StatementError, InterfaceError)):
                    await tx.all(BY_NAME, {})

    async def test_calls_listeners(self, sqlite: Database) -> None:
        received: list[tuple[str, object]] = []

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            received.append((statement.split(maxsplit=1)[0], parameters))

        async with sqlite.write() as tx:
            await add_user(tx, "ann")
            for _ in range(2):
                await tx.all(BY_NAME, {"wanted": "ann"})
            event.listen(sqlite._engines.writer, "before_cursor_execute", note)
            await tx.all(BY_NAME, {"wanted": "bob"})
            event.remove(sqlite._engines.writer, "before_cursor_execute", note)
        assert received == [("SELECT", ["bob"])]

    async def test_that_takes_long_leaves_the_event_loop(self, sqlite: Database) -> None:
        numbers = select(literal(1).label("number")).cte(recursive=True)
        numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < bindparam("most")))
        count: Select[int] = select(func.count()).select_from(numbers)
        turns = 0

        async def tick() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with sqlite.write() as tx:
            await add_user(tx, "ann")
            for _ in range(2):
                assert await tx.scalar(count, {"most": 10}) == 10
            ticking = asyncio.create_task(tick())
            assert await tx.scalar(count, {"most": 300_000}) == 300_000
            ticking.cancel()
        assert turns > 0
        async with sqlite.read() as tx:
            assert await tx.scalar(COUNT) == 1  # stopping the query has cost the transaction nothing


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@settings(max_examples=50, deadline=None)
@given(decimal=st.none() | DECIMALS, moment=st.none() | MOMENTS, flag=st.none() | st.booleans())
def test_a_prepared_statement_stores_and_reads_every_type_as_sqlalchemy_does(
    decimal: Decimal | None, moment: datetime | None, flag: bool | None
) -> None:
    engine = create_engine("sqlite://")
    statements = StatementCache(engine.dialect)
    put = update(orders).values(limit_price=bindparam("d"), filled_at=bindparam("m"), cancel_wanted=bindparam("f"))
    get = select(orders.c.limit_price, orders.c.filled_at, orders.c.cancel_wanted)
    values = {"d": decimal, "m": moment, "f": flag}
    with engine.begin() as connection:
        metadata.create_all(connection, [orders])
        connection.execute(text(_row_of_zeros()))
        for statement, given_values in ((put, values), (get, None)):
            assert statements.find(statement, given_values) is None
        prepared_put, prepared_get = statements.find(put, values), statements.find(get, None)
        assert prepared_put is not None
        assert prepared_get is not None
        prepared_put.run(connection, values)
        by_sqlalchemy = tuple(connection.execute(get).one())
        assert tuple(prepared_get.run(connection, None).all()[0]) == by_sqlalchemy == (decimal, moment, flag)
    engine.dispose()


def _row_of_zeros() -> str:
    needed = [column.name for column in orders.columns if not column.nullable]
    return f"INSERT INTO orders ({', '.join(needed)}) VALUES ({', '.join('0' for _ in needed)})"  # noqa: S608 - names of our tables


UNFIT: list[Callable[[], Executable]] = [
    lambda: text("SELECT 1"),
    lambda: select(users.c.id).where(users.c.name.in_(bindparam("wanted", expanding=True))),
    lambda: select(users.c.id, users.c.id.label("id")),
    lambda: delete(users).where(users.c.name.in_(["ann"])),
]


@pytest.mark.parametrize("make", UNFIT)
def test_a_statement_that_needs_more_of_sqlalchemy_is_left_to_it(make: Callable[[], Executable]) -> None:
    engine = create_engine("sqlite://")
    statements, statement = StatementCache(engine.dialect), make()
    assert [statements.find(statement, {"wanted": ["ann"]}) for _ in range(3)] == [None] * 3
    engine.dispose()


async def test_a_statement_that_ran_at_one_database_is_compiled_for_the_next(
    sqlite: Database, tmp_path: Path, sqlite_template: Path
) -> None:
    file = tmp_path / "second.sqlite3"
    shutil.copy(sqlite_template, file)
    statement = select(func.max(users.c.id))
    async with sqlite.read() as tx:
        await tx.scalar(statement)
    contexts: list[object] = []

    def note(*arguments: object) -> None:
        contexts.append(arguments[4])  # none where no statement of SQLAlchemy runs

    second = await Database.open(f"sqlite:///{file}")
    event.listen(second._engines.reader, "before_cursor_execute", note)
    async with second.read() as tx:
        contexts.clear()
        await tx.scalar(statement)
    await second.close()
    assert contexts[-1] is None  # the first is the beginning of the transaction
