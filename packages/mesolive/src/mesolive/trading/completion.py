"""Opening positions whose fills are complete: what an entry freezes is evaluated, then the position is open.

The evaluation reads the market and takes its time, so it is outside of the transaction that books the last fill. A plan
is marked as executed in that one: whatever happens in between, the next start finds it.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import structlog
from sqlalchemy import select

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.store.database import Database
from mesolive.store.tables.trading import exec_plans, legs, positions
from mesolive.trading.accounts import account_by_id
from mesolive.trading.books import Books, complete_entry, leg_update
from mesolive.trading.freezing import Freezer
from mesolive.trading.plans import PlanKind, PlanState, find_plan
from mesolive.trading.positions import find_position
from mesolive_sdk import models

_log = structlog.get_logger(__name__)

ZERO = Decimal(0)


class Completion:
    """Opens positions."""

    def __init__(self, database: Database, journal: Journal, freezer: Freezer, clock: Clock) -> None:
        self._database = database
        self._journal = journal
        self._freezer = freezer
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, user_id: int, plan_id: int) -> None:
        """Open the position of an entry plan whose last fill is committed, in a task of its own."""
        task = asyncio.get_running_loop().create_task(self.complete(user_id, plan_id), name=f"complete-{plan_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def recover(self) -> int:
        """Open the positions that a stop of the server left half way; return how many there were."""
        async with self._database.read() as tx:
            rows = await tx.all(
                select(exec_plans.c.user_id, exec_plans.c.id)
                .join(positions, positions.c.entry_plan_id == exec_plans.c.id)
                .where(
                    exec_plans.c.kind == PlanKind.ENTRY.value,
                    exec_plans.c.state == PlanState.EXECUTED.value,
                    positions.c.state == models.LivePositionState.Opening.name,
                )
                .order_by(exec_plans.c.id)
            )
        for row in rows:
            await self.complete(row.user_id, row.id)
        return len(rows)

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def complete(self, user_id: int, plan_id: int) -> None:
        """Evaluate what the entry freezes, and open its position; nothing happens when it is open already."""
        async with self._database.read() as tx:
            plan = await find_plan(tx, user_id, plan_id)
            assert plan.position_id is not None  # noqa: S101 - its fills are booked
            position = await find_position(tx, user_id, plan.position_id)
            account = await account_by_id(tx, user_id, plan.account_id)
            context = await self._freezer.context(tx, user_id, account, plan.strategy_id)
        frozen = await self._freezer.freeze(context, position.language_state, plan.data_provider)
        books = Books(user_id, account, plan, position.id, {leg.name: leg.id for leg in position.legs})
        async with self._database.write(user_id) as tx:
            state = await tx.scalar(select(positions.c.state).where(positions.c.id == position.id))
            if state != models.LivePositionState.Opening.name:
                return
            await complete_entry(tx, books, frozen.variables)
            await tx.execute(
                legs.update()
                .where(legs.c.position_id == position.id, legs.c.status == models.LegStatus.Opening.name)
                .values(status=models.LegStatus.Open.name)
            )
            bought = {leg.name: leg.qty for leg in position.legs}
            opened = [
                leg_update(books, leg, models.LegStatus.Open, bought[leg.name], ZERO)
                for leg in plan.legs
                if bought[leg.name] != 0
            ]
            await self._journal.append(tx, user_id, [*opened, *frozen.error_events(plan, position.id)])

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The position stays Opening, with its legs and fills; the next start tries again.
            _log.error("position_not_opened", task=task.get_name(), exc_info=error)
