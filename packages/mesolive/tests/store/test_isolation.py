"""A writer sees everything that was committed before it began to write, on a server of any default isolation."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from mesolive.store.database import Database


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_a_writer_that_waited_sees_what_the_writer_before_it_committed(postgres_url: str, isolation: str) -> None:
    url = make_url(postgres_url).set(drivername="postgresql+asyncpg")
    admin = create_async_engine(url)
    async with admin.begin() as connection:
        statement = f"ALTER DATABASE \"{url.database}\" SET default_transaction_isolation = '{isolation}'"
        await connection.execute(text(statement))
    await admin.dispose()
    database, other = await Database.open(postgres_url), await Database.open(postgres_url)
    began, waits = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO users (name, created_at) VALUES ('ann', 0)"))
            began.set()
            await waits.wait()

    async def second() -> int:
        await began.wait()
        asyncio.get_running_loop().call_later(0.05, waits.set)  # by then it waits for the lock; earlier is no fault
        async with other.write() as tx:  # of another server: writers of one share a transaction
            return int(await tx.scalar(text("SELECT count(*) FROM users")))

    try:
        _, seen = await asyncio.gather(first(), second())
        assert seen == 1
    finally:
        await database.close()
        await other.close()
