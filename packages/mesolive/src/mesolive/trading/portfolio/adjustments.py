"""Stored adjustments of positions: the step that an exec plan executes, and the adjustment count."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import insert, select

from mesolive.language.decision import Operation
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.signals import adjustment_plans
from mesolive.trading.portfolio.repository import raise_adjustment_count


class AdjustmentStep(Struct, frozen=True):
    """What the plan of an adjustment carries out.

    Attributes
    ----------
    operation, condition
        One operation of the strategy's conditional adjustment with that text.
    counts
        It raises the position's number of adjustments: the first operation of a condition does, its others do not, and
        setting variables never does.
    updates
        It is the last operation of its condition that trades, and the condition's `UpdateVars` follows it.
    """

    operation: Operation
    condition: str
    counts: bool
    updates: bool


async def store_adjustment_step(tx: WriteTransaction, plan_id: int, step: AdjustmentStep) -> None:
    """Store what a plan carries out within the transaction that stores the plan."""
    await tx.execute(
        insert(adjustment_plans),
        [
            {
                "plan_id": plan_id,
                "operation": step.operation.value,
                "condition": step.condition,
                "counts": step.counts,
                "updates": step.updates,
            }
        ],
    )


async def find_adjustment_step(tx: Transaction, plan_id: int) -> AdjustmentStep:
    """Return what the plan of an adjustment carries out."""
    row = await tx.first(select(adjustment_plans).where(adjustment_plans.c.plan_id == plan_id))
    assert row is not None  # noqa: S101 - it is stored with its plan
    return AdjustmentStep(Operation(row.operation), row.condition, row.counts, row.updates)


async def count_adjustment(tx: WriteTransaction, plan_id: int, position_id: int) -> None:
    """Raise the position's number of adjustments, when the plan counts as one, within the transaction that ends it."""
    if (await find_adjustment_step(tx, plan_id)).counts:
        await raise_adjustment_count(tx, position_id)
