"""Versions of strategies: the definitions that each has had, the newest ones kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from mesolive.errors import not_found
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.strategy_versions import strategy_versions as versions

MAX_VERSIONS = 100
"""Versions of a strategy that are kept: the oldest go first."""


async def store_version(tx: WriteTransaction, strategy_id: int, definition: str, at: datetime, by: str) -> None:
    """Store a definition as the newest version of a strategy; one that is the present one already is no new version.

    Parameters
    ----------
    by
        Id of the API key or session that stores it.
    """
    of = versions.c.strategy_id == strategy_id
    last = await tx.first(
        select(versions.c.number, versions.c.definition).where(of).order_by(versions.c.number.desc()).limit(1)
    )
    if last is not None and last.definition == definition:
        return
    number = 1 if last is None else last.number + 1
    await tx.execute(
        insert(versions).values(strategy_id=strategy_id, number=number, definition=definition, saved_at=at, saved_by=by)
    )
    await tx.execute(delete(versions).where(of, versions.c.number <= number - MAX_VERSIONS))


async def versions_of(tx: Transaction, strategy_id: int) -> Sequence[Row[Any]]:
    """Return number, moment, owner's key and length of the definition of each version, the newest first."""
    return await tx.all(
        select(
            versions.c.number,
            versions.c.saved_at,
            versions.c.saved_by,
            func.length(versions.c.definition).label("length"),
        )
        .where(versions.c.strategy_id == strategy_id)
        .order_by(versions.c.number.desc())
    )


async def find_version(tx: Transaction, strategy_id: int, number: int) -> Row[Any]:
    """Return a version with its definition; `NotFound` when it is not kept."""
    row = await tx.first(select(versions).where(versions.c.strategy_id == strategy_id, versions.c.number == number))
    if row is None:
        raise not_found(f"version {number} of strategy {strategy_id}")
    return row
