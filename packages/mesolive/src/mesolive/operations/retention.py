"""Data retention: deletes old events, jobs, plans and idempotency records, a few rows per transaction.

Orders, executions, facts, positions and the audit are never deleted. Nor is an event that is still active, whatever
its age, and numbers of events are never given again. A row is too old when it is so by the market's time, which stamped
it, and by real time: market time may leap over months between two starts, or run through a year in an hour.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import structlog
from msgspec import Struct
from sqlalchemy import delete, select, update

from mesolive.clock import Clock, WallClock
from mesolive.operations.market_clock import MarketTimeCourse
from mesolive.store.connection import LONG
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.journal import active_events, event_counters, events
from mesolive.tasks import BackOff, Tasks
from mesolive.trading.orders.open_orders import unused_plans
from mesolive.trading.portfolio.plans import delete_plans
from mesolive.trading.preparation.jobs import delete_jobs, old_jobs
from mesolive_sdk.models import IdempotencyRecordStatus

BATCH = 500
"""The maximum number of rows deleted in one transaction: other writers wait no longer than that takes."""

EVERY_SECONDS = 3600.0
"""Real time between two prunings."""

RETRY_SECONDS = 60.0

PROCESSING = IdempotencyRecordStatus.Processing.name

_log = structlog.get_logger(__name__)


K = TypeVar("K", int, str)


class Find(Protocol[K]):
    """Finds deletable rows as user id and key: the first `limit`, or those among given keys."""

    def __call__(
        self, tx: Transaction, *, limit: int | None = None, among: Iterable[K] | None = None
    ) -> Awaitable[list[tuple[int, K]]]:
        """Return them."""
        ...


Remove = Callable[[WriteTransaction, int, Iterable[K]], Awaitable[int]]
"""Deletes keys of a user and returns how many there were."""


class RetentionPeriods(Struct, frozen=True):
    """Retention periods in days; `None` is for ever.

    Attributes
    ----------
    events
        Events that are not active.
    jobs
        Preparation jobs that have ended, and plans of which nothing was executed.
    records
        Idempotency records whose outcome is known.
    """

    events: int | None = 400
    jobs: int | None = 90
    records: int | None = 90


class Course(Protocol):
    """Maps real time to market time: `MarketTimeCourse`."""

    async def stamped_before(self, moment: datetime) -> datetime | None:
        """Return a market time before which every row was stamped that is older than a real moment."""
        ...


class Retention:
    """Deletes rows older than their retention period.

    Parameters
    ----------
    clock
        The market's time.
    wall
        The real time.
    course
        Market time at real times of the past.

    Attributes
    ----------
    deleted
        The number of deleted rows since the start, by kind.
    last_run
        When the last pruning ended, in real time.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keep: RetentionPeriods,
        *,
        wall: Clock | None = None,
        course: Course | None = None,
        every_seconds: float = EVERY_SECONDS,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep
        self._wall = wall or WallClock()
        self._course: Course = course or MarketTimeCourse(database)
        self._every = every_seconds
        self._batch = batch
        self.tasks = Tasks()
        self.deleted: Counter[str] = Counter({"events": 0, "jobs": 0, "plans": 0, "records": 0})
        self.last_run: datetime | None = None

    async def start(self) -> None:
        """Prune now, and periodically from then on."""
        retry = min(RETRY_SECONDS, self._every)
        self.tasks.start_periodic(
            "retention", self._prune_and_log, self._every, at_once=True, back_off=BackOff(retry, self._every)
        )

    async def stop(self) -> None:
        """Stop pruning; a transaction under way is rolled back."""
        await self.tasks.stop()

    async def prune(self) -> Mapping[str, int]:
        """Delete all rows older than their retention period, and return the number of deleted rows by kind."""
        before = Counter(self.deleted)
        if (until := await self._until(self._keep.events)) is not None:
            async with self._database.read() as tx:
                users: list[int] = [row.user_id for row in await tx.all(select(event_counters.c.user_id))]
            for user_id in users:
                await self._prune_events(user_id, until)
        if (until := await self._until(self._keep.jobs)) is not None:
            await self._prune("jobs", partial(old_jobs, before=until), delete_jobs)
            await self._prune("plans", partial(unused_plans, before=until), delete_plans)
        if (until := await self._until(self._keep.records)) is not None:
            await self._prune("records", partial(old_records, before=until), _delete_records)
        self.last_run = self._wall.now()
        return self.deleted - before

    async def _prune_and_log(self) -> None:
        gone = await self.prune()
        if gone:
            _log.info("retention_deleted", **gone)

    async def _until(self, days: int | None) -> datetime | None:
        """Return the market time before which rows are too old by both clocks; `None` when nothing is known to be."""
        if days is None:
            return None
        age = timedelta(days=days)
        stamped = await self._course.stamped_before(self._wall.now() - age)
        return None if stamped is None else min(self._clock.now() - age, stamped)

    async def _prune_events(self, user_id: int, until: datetime) -> None:
        """Delete a user's oldest events up to the first that is young enough, but for those that are active.

        The last deleted number is stored in the same transaction: a query for deleted events must get `EventsPruned`.
        """
        counter = select(event_counters.c.pruned_seq_id).where(event_counters.c.user_id == user_id)
        active = select(active_events.c.event_seq_id).where(active_events.c.user_id == user_id)
        while True:
            async with self._database.read() as tx:
                gone = await tx.scalar(counter) or 0
                oldest = await tx.all(
                    select(events.c.event_seq_id, events.c.event_time)
                    .where(events.c.user_id == user_id, events.c.event_seq_id > gone)
                    .order_by(events.c.event_seq_id)
                    .limit(self._batch)
                )
            last = gone
            for row in oldest:
                if row.event_time >= until:
                    break
                last = row.event_seq_id
            # Rows that an earlier pass skipped may have ended since.
            old = (events.c.user_id == user_id) & (events.c.event_seq_id <= last) & events.c.event_seq_id.not_in(active)
            async with self._database.read() as tx:
                result = await tx.first(select(events.c.event_seq_id).where(old).limit(1))
            if result is None and last == gone:
                return
            async with self._database.write(user_id) as tx:
                number = (await tx.execute(delete(events).where(old).execution_options(**LONG))).rowcount
                await tx.execute(
                    update(event_counters).where(event_counters.c.user_id == user_id).values(pruned_seq_id=last)
                )
            self.deleted["events"] += number
            if last == gone:
                return

    async def _prune(self, what: str, find: Find[K], remove: Remove[K]) -> None:
        """Delete the rows that `find` returns (pairs of user id and key), in batches."""
        while True:
            async with self._database.read() as tx:
                result = await find(tx, limit=self._batch)
            by_user: dict[int, list[K]] = defaultdict(list)
            for user_id, key in result:
                by_user[user_id].append(key)
            number = 0
            for user_id, keys in by_user.items():
                async with self._database.write(user_id) as tx:
                    # Checked again within the transaction: a row may be in use by now.
                    still = [key for owner, key in await find(tx, among=keys) if owner == user_id]
                    number += await remove(tx, user_id, still)
            self.deleted[what] += number
            if number == 0:
                return


async def old_records(
    tx: Transaction, *, before: datetime, limit: int | None = None, among: Iterable[str] | None = None
) -> list[tuple[int, str]]:
    """Return user id and key of idempotency records whose outcome is known and that were not used since a moment.

    Parameters
    ----------
    among
        Look at these keys only, of any users; `None` for all.
    """
    query = select(idempotency_records.c.user_id, idempotency_records.c.key).where(
        idempotency_records.c.updated_at < before, idempotency_records.c.status != PROCESSING
    )
    if among is not None:
        query = query.where(idempotency_records.c.key.in_(list(among)))
    return [(row.user_id, row.key) for row in await tx.all(query.limit(limit))]


async def _delete_records(tx: WriteTransaction, user_id: int, keys: Iterable[str]) -> int:
    of_user = (idempotency_records.c.user_id == user_id) & idempotency_records.c.key.in_(list(keys))
    return (await tx.execute(delete(idempotency_records).where(of_user).execution_options(**LONG))).rowcount
