"""Positions of which a part is held, and that nobody is about to complete or to close.

A strategy is written for what it enters whole: targets and stops are frozen when a position opens, so one that is held
in part has none, and is not evaluated. Its owner must know, for nothing else looks after it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select

from mesolive.store.database import Transaction
from mesolive.store.tables.trading import exec_plans, orders, positions
from mesolive.trading.orders.repository import OPEN
from mesolive.trading.portfolio.plans import PlanKind, PlanState
from mesolive_sdk.models import LivePositionState

GRACE = timedelta(minutes=2)
"""For so long after its last order has changed, the next one of a position may be on its way."""

WHAT = {
    LivePositionState.Opening.name: "its entry was filled in part and no order works",
    LivePositionState.Closing.name: "it was closed in part and no order works",
}
WARNING = "its exits are not watched; complete it by ordering the rest, or close it"


async def partial_positions(tx: Transaction, now: datetime) -> dict[int, str]:
    """Return what to tell of each position of which a part is held while nothing is ordered, by its id."""
    looked_after = exists().where(
        orders.c.plan_id == exec_plans.c.id,
        exec_plans.c.position_id == positions.c.id,
        or_(orders.c.state.in_(sorted(OPEN)), orders.c.last_updated > now - GRACE),
    )
    # The last fill of an entry executes its plan; its position opens a moment later.
    whole = exists().where(
        exec_plans.c.id == positions.c.entry_plan_id,
        exec_plans.c.kind == PlanKind.ENTRY.value,
        exec_plans.c.state == PlanState.EXECUTED.value,
    )
    rows = await tx.all(
        select(positions.c.id, positions.c.state).where(
            or_(
                positions.c.state == LivePositionState.Closing.name,
                (positions.c.state == LivePositionState.Opening.name) & ~whole,
            ),
            ~looked_after,
        )
    )
    return {row.id: f"{WHAT[row.state]}: {WARNING}" for row in rows}
