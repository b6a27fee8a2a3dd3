"""Insert rows and read back the ids that the database assigns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

from mesolive.store.database import WriteTransaction


async def insert(tx: WriteTransaction, table: Table, **values: Any) -> int:  # noqa: ANN401 - columns of any type
    """Insert one row and return the id that the database gave it."""
    result = await tx.execute(table.insert().values(**values))
    key = result.inserted_primary_key
    assert key is not None  # noqa: S101 - one row was inserted into a table with an id
    return int(key[0])
