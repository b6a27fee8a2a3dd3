"""Repository of samples: written each market minute, read by steps, thinned when they are old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Column, Row, Table, delete, func, insert, select, type_coerce

from mesolive.store.connection import LONG
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.samples import account_samples, position_samples

MINUTE = timedelta(minutes=1)
THINNED = timedelta(minutes=15)
"""The distance of samples that are older than `FINE`."""

FINE = timedelta(days=30)
"""For how long, in market time, every minute is kept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

R = TypeVar("R", bound=Row[Any])


def minute_of(moment: datetime) -> datetime:
    """Return the whole minute in which a moment lies."""
    return moment - (moment - _EPOCH) % MINUTE


async def store_samples(
    tx: WriteTransaction, table: Table, key: str, at: datetime, rows: Sequence[Mapping[str, object]]
) -> None:
    """Store the samples of a minute in place of those that it has: after a restart within it there may be some."""
    if not rows:
        return
    column: Column[int] = table.c[key]
    await tx.execute(delete(table).where(table.c.at == at, column.in_([row[key] for row in rows])))
    await tx.execute(insert(table), [dict(row) | {"at": at} for row in rows])


async def read_samples(
    tx: Transaction, table: Table, key: str, number: int, first: datetime | None, last: datetime | None
) -> Sequence[Row[Any]]:
    """Return the samples of an account or a position between two moments, both included, oldest first."""
    query = select(table).where(table.c[key] == number).order_by(table.c.at)
    if first is not None:
        query = query.where(table.c.at >= first)
    if last is not None:
        query = query.where(table.c.at <= last)
    return await tx.all(query)


def by_steps(rows: Iterable[R], step: timedelta) -> list[R]:
    """Return the last row of each step; steps are counted from 1970."""
    last_rows = {row_step(row, step): row for row in rows}
    return list(last_rows.values())


def row_step(row: Row[Any], step: timedelta) -> int:
    """Return the number of the step in which a row lies."""
    return (row.at - _EPOCH) // step


async def thin(tx: WriteTransaction, table: Table, before: datetime) -> int:
    """Delete the oldest day of samples that stand between two steps of `THINNED`, and return how many that were.

    Call it until it returns 0: a transaction deletes a day, however long the server was off.
    """
    between = type_coerce(table.c.at, BigInteger) % (THINNED // timedelta(microseconds=1)) != 0
    oldest = await tx.scalar(select(func.min(table.c.at)).where(table.c.at < before, between))
    if oldest is None:
        return 0
    end = min(oldest + timedelta(days=1), before)
    gone = await tx.execute(
        delete(table).where(table.c.at >= oldest, table.c.at < end, between).execution_options(**LONG)
    )
    return gone.rowcount


__all__ = [
    "FINE",
    "MINUTE",
    "THINNED",
    "account_samples",
    "by_steps",
    "minute_of",
    "position_samples",
    "read_samples",
    "store_samples",
    "thin",
]
