"""Queries of working orders: orders that have not ended, and positions without a working order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, exists, func, or_, select

from mesolive.store.clauses import is_among, is_one_of
from mesolive.store.database import Transaction
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import accounts, exec_plans, executions, orders, positions
from mesolive.store.types import UtcDateTime
from mesolive.trading.orders.repository import OPEN
from mesolive.trading.portfolio.plans import PlanKind, PlanState
from mesolive_sdk import models
from mesolive_sdk.models import LivePositionState

# Orders are never deleted and few are open: the index over account and state finds these.
_OPEN = orders.c.account_id.in_(select(accounts.c.id)) & orders.c.state.in_(sorted(OPEN))
_COUNT_OPEN = select(func.count()).select_from(orders).where(_OPEN)
_COUNT_UNRESOLVED = _COUNT_OPEN.where(orders.c.unresolved_since.is_not(None))
_OLDEST_UNRESOLVED = select(func.min(orders.c.unresolved_since)).where(_OPEN)
_REFERENCES = select(orders.c.reference).where(is_among(orders.c.reference, "references"))
_ENTERED = (
    select(orders.c.plan_id)
    .distinct()
    .join(exec_plans, exec_plans.c.id == orders.c.plan_id)
    .where(
        orders.c.account_id == bindparam("account"),
        is_one_of(orders.c.state, OPEN),
        orders.c.strategy_id == bindparam("strategy"),
        exec_plans.c.position_id.is_(None),
    )
    .limit(bindparam("most"))
)
_SENT_AT = (
    select(orders.c.created_at, func.count().label("number"))
    .where(
        orders.c.account_id == bindparam("account"),
        orders.c.created_at > bindparam("since", type_=UtcDateTime),
        orders.c.created_at <= bindparam("until", type_=UtcDateTime),
        orders.c.reference.is_not(None),
    )
    .group_by(orders.c.created_at)
)
_ATTENDED = exists().where(
    orders.c.plan_id == exec_plans.c.id,
    exec_plans.c.position_id == positions.c.id,
    or_(orders.c.state.in_(sorted(OPEN)), orders.c.last_updated > bindparam("changed_after", type_=UtcDateTime)),
)
# The last fill of an entry executes its plan; its position opens after the capture of its variables.
_IS_WHOLE = exists().where(
    exec_plans.c.id == positions.c.entry_plan_id,
    exec_plans.c.kind == PlanKind.ENTRY.value,
    exec_plans.c.state == PlanState.EXECUTED.value,
)
_UNATTENDED = select(positions.c.id, positions.c.state).where(
    or_(
        positions.c.state == LivePositionState.Closing.name,
        (positions.c.state == LivePositionState.Opening.name) & ~_IS_WHOLE,
    ),
    ~_ATTENDED,
)


async def count_open(tx: Transaction) -> int:
    """Return how many orders of all users have not ended."""
    return int(await tx.scalar(_COUNT_OPEN))


async def count_unresolved(tx: Transaction) -> int:
    """Return how many orders are unresolved (in doubt)."""
    return int(await tx.scalar(_COUNT_UNRESOLVED))


async def oldest_unresolved(tx: Transaction) -> datetime | None:
    """Return since when the oldest unresolved order is in doubt; `None` when there is none."""
    return await tx.scalar(_OLDEST_UNRESOLVED)


async def open_order_of_account(tx: Transaction, account_id: int) -> int | None:
    """Return the id of an order of an account that has not ended; `None` when all have."""
    query = select(orders.c.id).where(orders.c.account_id == account_id, orders.c.state.in_(sorted(OPEN)))
    return await tx.scalar(query.order_by(orders.c.id).limit(1))


async def open_order_of_position(tx: Transaction, position_id: int, except_plan: int | None = None) -> int | None:
    """Return the id of an order of a position that has not ended; `None` when all have.

    Parameters
    ----------
    except_plan
        A plan whose own orders do not count.
    """
    query = (
        select(orders.c.id)
        .join(exec_plans, exec_plans.c.id == orders.c.plan_id)
        .where(exec_plans.c.position_id == position_id, orders.c.state.in_(sorted(OPEN)))
    )
    if except_plan is not None:
        query = query.where(exec_plans.c.id != except_plan)
    return await tx.scalar(query.order_by(orders.c.id).limit(1))


async def plans_entered_at_venues(tx: Transaction, strategy_id: int, account_id: int, limit: int) -> set[int]:
    """Return plans of entries of a strategy on an account that are ordered and have no position yet.

    Parameters
    ----------
    limit
        How many are returned at most.
    """
    rows = await tx.all(_ENTERED, {"strategy": strategy_id, "account": account_id, "most": limit})
    return {row.plan_id for row in rows}


async def open_order_of_strategy(tx: Transaction, user_id: int, strategy_id: int) -> int | None:
    """Return the id of an order of the user's strategy that has not ended; `None` when all have."""
    return await tx.scalar(
        select(orders.c.id).where(
            orders.c.user_id == user_id, orders.c.strategy_id == strategy_id, orders.c.state.in_(sorted(OPEN))
        )
    )


async def order_sent_under(tx: Transaction, user_id: int, key: str) -> models.SendOrderResult | None:
    """Return the order that was stored under an idempotency key, as it is now; `None` when there is none."""
    query = select(orders.c.id, orders.c.state).where(orders.c.user_id == user_id, orders.c.send_key == key)
    row = await tx.first(query)
    return None if row is None else models.SendOrderResult(LiveOrderId=row.id, State=models.OrderState[row.state])


async def plans_with_open_orders(tx: Transaction) -> list[int]:
    """Return the plans under which orders work."""
    rows = await tx.all(select(orders.c.plan_id).distinct().where(_OPEN))
    return [row.plan_id for row in rows]


async def known_references(tx: Transaction, references: Iterable[str]) -> set[str]:
    """Return the references that belong to stored orders."""
    rows = await tx.all(_REFERENCES, {"references": list(references)})
    return {row.reference for row in rows}


async def orders_sent_at(
    tx: Transaction, account_id: int, since: datetime, until: datetime
) -> list[tuple[datetime, int]]:
    """Return how many orders an account has sent after `since` until `until`, by the moments at which it did."""
    rows = await tx.all(_SENT_AT, {"account": account_id, "since": since, "until": until})
    return [(row.created_at, row.number) for row in rows]


async def unattended_positions(tx: Transaction, changed_after: datetime) -> dict[int, LivePositionState]:
    """Return partly opened or partly closed positions without a working order, with their states.

    Parameters
    ----------
    changed_after
        An order that has changed since then counts as working: the next one may be on its way.
    """
    rows = await tx.all(_UNATTENDED, {"changed_after": changed_after})
    return {row.id: LivePositionState[row.state] for row in rows}


async def unused_plans(
    tx: Transaction, before: datetime, *, limit: int | None = None, among: Iterable[int] | None = None
) -> list[tuple[int, int]]:
    """Return user id and plan id of plans that were prepared before a moment and of which nothing was executed.

    Parameters
    ----------
    among
        Look at these only; `None` for all.
    """
    used = (
        exists().where(orders.c.plan_id == exec_plans.c.id),
        exists().where(executions.c.plan_id == exec_plans.c.id),
        exists().where(positions.c.entry_plan_id == exec_plans.c.id),
        exists().where(
            idempotency_records.c.user_id == exec_plans.c.user_id,
            idempotency_records.c.exec_plan_id == exec_plans.c.id,
            idempotency_records.c.status == models.IdempotencyRecordStatus.Processing.name,
        ),
    )
    query = select(exec_plans.c.user_id, exec_plans.c.id).where(
        exec_plans.c.state == PlanState.PREPARED.value, exec_plans.c.created_at < before, *(~item for item in used)
    )
    if among is not None:
        query = query.where(exec_plans.c.id.in_(list(among)))
    return [(row.user_id, row.id) for row in await tx.all(query.limit(limit))]


async def entry_plans(tx: Transaction, plan_ids: Sequence[int]) -> set[int]:
    """Return which of these exec plans are of entries."""
    query = select(exec_plans.c.id).where(exec_plans.c.id.in_(plan_ids), exec_plans.c.kind == PlanKind.ENTRY.value)
    return {row.id for row in await tx.all(query)} if plan_ids else set()
