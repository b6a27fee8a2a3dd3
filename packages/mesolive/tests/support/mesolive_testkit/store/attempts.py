"""Small writes and reads of users, and a write that is watched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sqlalchemy import insert, select

from mesolive.store.database import Database, Outcome, Transaction, WriteTransaction
from mesolive.store.tables.access import users

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


async def add_user(tx: WriteTransaction, name: str) -> int:
    return await tx.scalar(insert(users).values(name=name, created_at=NOW).returning(users.c.id))


async def names(database: Database) -> list[str]:
    async with database.read() as tx:
        return await names_in(tx)


async def names_in(tx: Transaction) -> list[str]:
    return [row.name for row in await tx.all(select(users.c.name).order_by(users.c.id))]


class Attempt:
    """A write that is expected to fail: keeps its transaction and what was announced."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outcome = Outcome.OPEN
        self.heard: list[str] = []

    async def run(self, *steps: Callable[[WriteTransaction], Awaitable[object]]) -> None:
        """Add a user, take the steps, commit."""
        tx: WriteTransaction | None = None
        try:
            async with self.database.write() as tx:
                tx.after_commit(lambda: self.heard.append("committed"))
                await add_user(tx, "ann")
                for step in steps:
                    await step(tx)
        finally:
            assert tx is not None
            self.outcome = tx.outcome
