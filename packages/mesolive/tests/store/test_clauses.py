"""Conditions over lists have one text, find their rows by an index, and mean the same on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, create_engine, insert, select

from mesolive.store.clauses import is_among, is_one_of
from mesolive.store.database import Database
from mesolive.store.prepared import StatementCache
from mesolive.store.tables.access import users
from mesolive.store.tables.base import metadata
from mesolive_testkit.store.attempts import NOW

BY_NAMES = select(users.c.name).where(is_among(users.c.name, "wanted")).order_by(users.c.id)
BY_IDS = select(users.c.name).where(is_among(users.c.id, "ids"), users.c.name != bindparam("but")).order_by(users.c.id)


@pytest.mark.parametrize("wanted", [[], ["ann"], ["ann", "cem", "nobody"], ["it's", 'a "b"', "ä, ö"]])
async def test_a_bound_list_finds_what_it_names(database: Database, wanted: list[str]) -> None:
    names = ["ann", "bob", "cem", "it's", 'a "b"', "ä, ö"]
    async with database.write() as tx:
        await tx.execute(insert(users), [{"name": name, "created_at": NOW} for name in names])
        for _ in range(3):
            result = [row.name for row in await tx.all(BY_NAMES, {"wanted": wanted})]
            assert result == [name for name in names if name in wanted]
        ids = {row.name: row.id for row in await tx.all(select(users.c.id, users.c.name))}
        for _ in range(3):
            rows = await tx.all(BY_IDS, {"ids": [ids["ann"], ids["bob"]], "but": "ann"})
            assert [row.name for row in rows] == ["bob"]


async def test_constants_find_what_they_name(database: Database) -> None:
    query = select(users.c.name).where(is_one_of(users.c.name, ["ann", "it's"])).order_by(users.c.id)
    async with database.write() as tx:
        await tx.execute(insert(users), [{"name": name, "created_at": NOW} for name in ("ann", "bob", "it's")])
        for _ in range(3):
            assert [row.name for row in await tx.all(query)] == ["ann", "it's"]


def test_a_bound_list_is_found_by_an_index_and_can_be_prepared() -> None:
    engine = create_engine("sqlite://")
    statements = StatementCache(engine.dialect)
    assert statements.find(BY_NAMES, {"wanted": []}) is None
    prepared = statements.find(BY_NAMES, {"wanted": []})
    assert prepared is not None
    with engine.begin() as connection:
        metadata.create_all(connection, [users])
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {prepared.sql}", ('["ann"]',)).all()
    assert not any(step[3].startswith("SCAN users") for step in plan)
    engine.dispose()
