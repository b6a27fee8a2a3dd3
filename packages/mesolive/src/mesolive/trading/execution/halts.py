"""The kill switch: while a halt stands nothing is sent, and what is open is cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from mesolive.access.context import UserContext
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.trading import accounts, halts
from mesolive_sdk import models

MOST_SHOWN = 500
"""How many halts one list holds: the oldest."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt that stands; `account_id` is `None` where it is for all accounts."""

    account_id: int | None
    reason: str
    created_at: datetime

    def stops(self, account_id: int) -> bool:
        """Whether it is for this account."""
        return self.account_id is None or self.account_id == account_id


_STANDING = select(halts).where(halts.c.lifted_at.is_(None)).order_by(halts.c.id)


async def standing_halts(tx: Transaction) -> list[Halt]:
    """Return the halts that stand."""
    return [Halt(row.account_id, row.reason, row.created_at) for row in await tx.all(_STANDING)]


async def count_halts(tx: Transaction) -> int:
    """Return how many halts stand."""
    return int(await tx.scalar(select(func.count()).select_from(halts).where(halts.c.lifted_at.is_(None))))


def halt_reason(standing: list[Halt], account_id: int) -> str | None:
    """Return why an account is halted, or `None`."""
    return next((halt.reason for halt in standing if halt.stops(account_id)), None)


async def halt(database: Database, reason: str, at: datetime, broker_account_id: str | None = None) -> int:
    """Halt one account (every account of that id), or all; return how many halts were made.

    Parameters
    ----------
    reason
        What those are told whose orders are refused.
    """
    async with database.write() as tx:
        if broker_account_id is None:
            ids: list[int | None] = [None]
        else:
            found = await tx.all(select(accounts.c.id).where(accounts.c.broker_account_id == broker_account_id))
            ids = [row.id for row in found]
        for account_id in ids:
            await tx.execute(halts.insert().values(account_id=account_id, reason=reason, created_at=at))
    return len(ids)


async def resume(database: Database, at: datetime, broker_account_id: str | None = None) -> int:
    """Lift the halts of one account, or all halts; return how many there were."""
    lift = halts.update().where(halts.c.lifted_at.is_(None)).values(lifted_at=at)
    if broker_account_id is not None:
        of_account = select(accounts.c.id).where(accounts.c.broker_account_id == broker_account_id)
        lift = lift.where(halts.c.account_id.in_(of_account))
    async with database.write() as tx:
        return (await tx.execute(lift)).rowcount


class Halts:
    """What the Control Hub asks about halts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, user: UserContext, args: models.ListHaltsArgs) -> models.ListHaltsResult:  # noqa: ARG002 - the method's model has no fields
        """Return the halts that stand for all accounts and for the user's own, oldest first."""
        query = (
            select(halts.c.reason, halts.c.created_at, accounts.c.broker_account_id)
            .outerjoin(accounts, accounts.c.id == halts.c.account_id)
            .where(halts.c.lifted_at.is_(None))
            .where(or_(halts.c.account_id.is_(None), accounts.c.user_id == user.user_id))
            .order_by(halts.c.id)
            .limit(MOST_SHOWN)
        )
        async with self._database.read() as tx:
            rows = await tx.all(query)
        return models.ListHaltsResult(
            Halts=[
                models.TradingHalt(BrokerAccountId=row.broker_account_id, Reason=row.reason, CreatedAt=row.created_at)
                for row in rows
            ]
        )
