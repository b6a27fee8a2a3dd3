"""Kill switch: while a halt is in force no order is sent, and open orders are cancelled.

A halt is a row, or an entry of the emergency file until it can be stored (`mesolive.store.emergency`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import func, select

from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.trading import accounts, halts
from mesolive_sdk.models import HaltScope

if TYPE_CHECKING:  # the kill switch would load the market with it, and what that computes with
    from mesolive.trading.portfolio.accounts import Account


class Halt(Struct, frozen=True):
    """A halt in force: of one account, by its number or by the id that its broker gave it, or else of all.

    Attributes
    ----------
    user_id
        The user who made it, for whose accounts alone it is; `None` for an operator's.
    scope
        What it stops.
    """

    reason: str
    created_at: datetime
    account_id: int | None = None
    broker_account_id: str | None = None
    user_id: int | None = None
    scope: HaltScope = HaltScope.All

    def stops(self, account: Account) -> bool:
        """Whether it is for this account."""
        if self.user_id is not None and self.user_id != account.user_id:
            return False
        if self.account_id is not None:
            return self.account_id == account.id
        return self.broker_account_id is None or self.broker_account_id == account.broker_account_id


_STANDING = select(halts).where(halts.c.lifted_at.is_(None)).order_by(halts.c.id)


async def active_halts(tx: Transaction) -> list[Halt]:
    """Return the halts that are stored and in force."""
    return [
        Halt(row.reason, row.created_at, row.account_id, None, row.user_id, HaltScope(row.scope or HaltScope.All))
        for row in await tx.all(_STANDING)
    ]


async def count_halts(tx: Transaction) -> int:
    """Return how many halts are in force."""
    return int(await tx.scalar(select(func.count()).select_from(halts).where(halts.c.lifted_at.is_(None))))


def noted_halts(database: Database) -> list[Halt]:
    """Return the halts that are in force and not stored yet."""
    return [Halt(note.reason, note.at, broker_account_id=note.broker_account_id) for note in database.emergency.halts()]


def halt_reason(active: Sequence[Halt], account: Account, *, entry: bool = False) -> str | None:
    """Return why an account is halted, or `None`.

    Parameters
    ----------
    entry
        Whether halts of entries alone count too.
    """
    return next(
        (halt.reason for halt in active if (entry or halt.scope is HaltScope.All) and halt.stops(account)), None
    )


async def halt(database: Database, reason: str, at: datetime, broker_account_id: str | None = None) -> int:
    """Halt one account (every account of that id), or all; return how many halts were made.

    Parameters
    ----------
    reason
        The message to clients whose orders are refused.
    """
    async with database.write() as tx:
        return await store_halt(tx, reason, at, broker_account_id)


async def store_halt(tx: WriteTransaction, reason: str, at: datetime, broker_account_id: str | None) -> int:
    """Store a halt within a transaction; see `halt`. One that is stored already is not stored again."""
    ids: list[int | None] = [None]
    if broker_account_id is not None:
        query = select(accounts.c.id).where(accounts.c.broker_account_id == broker_account_id)
        ids = [row.id for row in await tx.all(query)]
    known = await tx.all(select(halts.c.account_id).where(halts.c.reason == reason, halts.c.created_at == at))
    stored = {row.account_id for row in known}
    for account_id in (account_id for account_id in ids if account_id not in stored):
        await tx.execute(halts.insert().values(account_id=account_id, reason=reason, created_at=at))
    return len(ids)


async def resume(database: Database, at: datetime, broker_account_id: str | None = None) -> int:
    """Lift the halts of one account, or all halts; return how many there were.

    Halts that wait to be stored are lifted with them.
    """
    noted = [
        note
        for note in database.emergency.halts()
        if broker_account_id is None or note.broker_account_id == broker_account_id
    ]
    lift = halts.update().where(halts.c.lifted_at.is_(None)).values(lifted_at=at)
    if broker_account_id is not None:
        of_account = select(accounts.c.id).where(accounts.c.broker_account_id == broker_account_id)
        lift = lift.where(halts.c.account_id.in_(of_account))
    async with database.write() as tx:
        lifted: int = (await tx.execute(lift)).rowcount
    database.emergency.remove(noted)
    return lifted + len(noted)
