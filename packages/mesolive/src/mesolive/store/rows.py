"""Insert rows and read back the ids that the database assigns."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Insert, Table

from mesolive.store.database import WriteTransaction


@cache
def _insert_into(table: Table) -> Insert:
    return table.insert()


async def insert(tx: WriteTransaction, table: Table, **values: Any) -> int:  # noqa: ANN401 - columns of any type
    """Insert one row and return the id that the database gave it."""
    result = await tx.execute(_insert_into(table), values)
    key = result.inserted_primary_key
    assert key is not None  # noqa: S101 - one row was inserted into a table with an id
    return int(key[0])
