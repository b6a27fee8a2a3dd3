"""Repository of prepare jobs: pending, running, completed, cancelled, failed. A job ends once."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, Select, func, select

from mesolive.errors import not_found
from mesolive.store.connection import LONG
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import accounts, prepare_jobs, strategies
from mesolive_sdk import models

RUNNING = (models.PreparationStatus.Pending.name, models.PreparationStatus.Running.name)


class JobKind(enum.Enum):
    """What a job prepares."""

    ENTRY = "Entry"
    EXIT = "Exit"
    ADJUSTMENT = "Adjustment"


class Job(Struct, frozen=True):
    """A stored job. `request` and `result` are the wire's models as JSON text."""

    id: str
    user_id: int
    kind: JobKind
    status: models.PreparationStatus
    strategy_id: int
    strategy_name: str
    account_id: int
    broker_account_id: str
    position_id: int | None
    request: str
    result: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def ended(self) -> bool:
        """Whether its status will not change any more."""
        return self.status.name not in RUNNING


def _joined() -> Select[Any]:
    return (
        select(prepare_jobs, accounts.c.broker_account_id, strategies.c.name.label("strategy_name"))
        .join(accounts, accounts.c.id == prepare_jobs.c.account_id)
        .join(strategies, strategies.c.id == prepare_jobs.c.strategy_id)
    )


def _job_of(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        user_id=row.user_id,
        kind=JobKind(row.kind),
        status=models.PreparationStatus[row.status],
        strategy_id=row.strategy_id,
        strategy_name=row.strategy_name,
        account_id=row.account_id,
        broker_account_id=row.broker_account_id,
        position_id=row.position_id,
        request=row.request,
        result=row.result,
        error=row.error,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def find_job(tx: Transaction, user_id: int, kind: JobKind, job_id: str) -> Job:
    """Return the user's job of that kind, or raise `NotFound`."""
    row = await tx.first(
        _joined().where(
            prepare_jobs.c.user_id == user_id, prepare_jobs.c.id == job_id, prepare_jobs.c.kind == kind.value
        )
    )
    if row is None:
        raise not_found(f"preparation job {job_id!r}")
    return _job_of(row)


async def job_of_plan(tx: Transaction, user_id: int, plan_id: int) -> Job | None:
    """Return the job that made a plan; `None` for a plan of a liquidation, or a job that was deleted for its age."""
    row = await tx.first(_joined().where(prepare_jobs.c.user_id == user_id, prepare_jobs.c.plan_id == plan_id))
    return None if row is None else _job_of(row)


async def count_running(tx: Transaction, user_id: int) -> int:
    """Return how many of the user's jobs have not ended."""
    result = await tx.scalar(
        select(func.count())
        .select_from(prepare_jobs)
        .where(prepare_jobs.c.user_id == user_id, prepare_jobs.c.status.in_(RUNNING))
    )
    return int(result)


async def unfinished(tx: Transaction) -> list[Job]:
    """Return every job, of all users, that has not ended: at start, what a stop cut off."""
    rows = await tx.all(_joined().where(prepare_jobs.c.status.in_(RUNNING)).order_by(prepare_jobs.c.created_at))
    return [_job_of(row) for row in rows]


async def begin(
    tx: WriteTransaction,
    *,
    job_id: str,
    user_id: int,
    kind: JobKind,
    strategy_id: int,
    account_id: int,
    position_id: int | None,
    request: str,
    now: datetime,
) -> None:
    """Store a new job as pending."""
    await tx.execute(
        prepare_jobs.insert().values(
            id=job_id,
            user_id=user_id,
            kind=kind.value,
            status=models.PreparationStatus.Pending.name,
            strategy_id=strategy_id,
            account_id=account_id,
            position_id=position_id,
            request=request,
            created_at=now,
            updated_at=now,
        )
    )


async def end(
    tx: WriteTransaction,
    job_id: str,
    status: models.PreparationStatus,
    now: datetime,
    *,
    result: str | None = None,
    plan_id: int | None = None,
    error: str | None = None,
) -> bool:
    """Give a running job its final status; return false, changing nothing, when it had ended already."""
    changed = await tx.execute(
        prepare_jobs.update()
        .where(prepare_jobs.c.id == job_id, prepare_jobs.c.status.in_(RUNNING))
        .values(status=status.name, updated_at=now, result=result, plan_id=plan_id, error=error)
    )
    return changed.rowcount == 1


async def replace_result(tx: WriteTransaction, job_id: str, now: datetime, result: str, plan_id: int) -> None:
    """Give a completed job another result, with the plan that stands in the place of its own."""
    await tx.execute(
        prepare_jobs.update().where(prepare_jobs.c.id == job_id).values(updated_at=now, result=result, plan_id=plan_id)
    )


async def set_running(tx: WriteTransaction, job_id: str, now: datetime) -> bool:
    """Mark a pending job as running; return false when it is not pending any more."""
    changed = await tx.execute(
        prepare_jobs.update()
        .where(prepare_jobs.c.id == job_id, prepare_jobs.c.status == models.PreparationStatus.Pending.name)
        .values(status=models.PreparationStatus.Running.name, updated_at=now)
    )
    return changed.rowcount == 1


async def count_all_running(tx: Transaction) -> int:
    """Return how many jobs of all users have not ended."""
    running = select(func.count()).select_from(prepare_jobs).where(prepare_jobs.c.status.in_(RUNNING))
    return int(await tx.scalar(running))


async def old_jobs(
    tx: Transaction, before: datetime, *, limit: int | None = None, among: Iterable[str] | None = None
) -> list[tuple[int, str]]:
    """Return user id and job id of jobs that ended before a moment.

    Parameters
    ----------
    among
        Look at these only; `None` for all.
    """
    query = select(prepare_jobs.c.user_id, prepare_jobs.c.id).where(
        prepare_jobs.c.status.not_in(RUNNING), prepare_jobs.c.updated_at < before
    )
    if among is not None:
        query = query.where(prepare_jobs.c.id.in_(list(among)))
    return [(row.user_id, row.id) for row in await tx.all(query.limit(limit))]


async def delete_jobs(tx: WriteTransaction, user_id: int, job_ids: Iterable[str]) -> int:
    """Delete jobs of a user and return how many there were."""
    of_user = (prepare_jobs.c.user_id == user_id) & prepare_jobs.c.id.in_(list(job_ids))
    return (await tx.execute(prepare_jobs.delete().where(of_user).execution_options(**LONG))).rowcount
