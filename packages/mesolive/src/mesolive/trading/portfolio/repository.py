"""Repository of positions, legs and executions: the only module that writes their tables.

Reads return immutable records; a change is a pair of records, before and after. The statement that writes it compares
the row with the first and sets the second (optimistic locking). A change that was computed from another state fails
with `ConcurrentChangeError`, and its transaction with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, select

from mesolive.errors import ServiceError
from mesolive.records import replace
from mesolive.store.clauses import is_among
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.rows import insert
from mesolive.store.tables.trading import executions, legs, positions
from mesolive.trading.portfolio.accounting import Holding
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive_sdk.models import LegStatus, LivePositionState, StatusCode

ZERO = Decimal(0)


class ConcurrentChangeError(ServiceError):
    """A row was changed between its reading and its writing: nothing of the transaction is kept."""

    def __init__(self, what: str) -> None:
        super().__init__(StatusCode.Conflict, f"{what} was changed at the same time; try again")


# --- positions --------------------------------------------------------------------------------------------------------


class NewPosition(Struct, frozen=True):
    """A position that an entry opens."""

    user_id: int
    account_id: int
    strategy_id: int
    entry_plan_id: int
    name: str
    qty_multiplier: Decimal
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PositionRecord:
    """The mutable columns of a position.

    Attributes
    ----------
    variables
        By name, as the entry captured them and adjustments set them.
    realized_pnl
        In account currency, the sum over its legs.
    adjustment_count
        How many adjustments were carried out.
    stored_variables
        The variables as the row has them, which is what the statement compares: a number may be written in many ways.
    """

    id: int
    state: LivePositionState
    variables: Mapping[str, Decimal]
    realized_pnl: Decimal
    adjustment_count: int
    closed_at: datetime | None
    stored_variables: Mapping[str, Any] = field(compare=False, repr=False)


# Built once: SQLAlchemy compiles each of them once.
_POSITION = select(
    positions.c.id,
    positions.c.state,
    positions.c.variables,
    positions.c.realized_pnl,
    positions.c.adjustment_count,
    positions.c.closed_at,
).where(positions.c.id == bindparam("position"))
_CHANGE_POSITION = (
    positions.update()
    .where(
        positions.c.id == bindparam("position"),
        positions.c.state == bindparam("old_state"),
        positions.c.variables == bindparam("old_variables"),
        positions.c.realized_pnl == bindparam("old_realized"),
        positions.c.adjustment_count == bindparam("old_count"),
    )
    .values(
        state=bindparam("new_state"),
        variables=bindparam("new_variables"),
        realized_pnl=bindparam("new_realized"),
        adjustment_count=bindparam("new_count"),
        closed_at=bindparam("new_closed_at"),
    )
)


async def insert_position(tx: WriteTransaction, new: NewPosition) -> int:
    """Store a position that is `Opening`, still without legs, and return its id."""
    return await insert(
        tx,
        positions,
        user_id=new.user_id,
        account_id=new.account_id,
        strategy_id=new.strategy_id,
        entry_plan_id=new.entry_plan_id,
        name=new.name,
        state=LivePositionState.Opening.name,
        qty_multiplier=new.qty_multiplier,
        variables={},
        realized_pnl=ZERO,
        adjustment_count=0,
        created_at=new.created_at,
    )


async def position_record(tx: Transaction, position_id: int) -> PositionRecord:
    """Return what changes of a position that exists."""
    row = await tx.first(_POSITION, {"position": position_id})
    assert row is not None  # noqa: S101 - positions are never deleted
    return PositionRecord(
        id=row.id,
        state=LivePositionState[row.state],
        variables={name: Decimal(value) for name, value in row.variables.items()},
        realized_pnl=row.realized_pnl,
        adjustment_count=row.adjustment_count,
        closed_at=row.closed_at,
        stored_variables=row.variables,
    )


async def change_position(tx: WriteTransaction, before: PositionRecord, after: PositionRecord) -> PositionRecord:
    """Write a position's record if the row is unchanged, and return it.

    Raises
    ------
    ConcurrentChangeError
        When it is not: state, variables, realised PnL or the number of adjustments are others.
    """
    if after == before:
        return after
    new_variables = dict(after.variables)
    result = await tx.execute(
        _CHANGE_POSITION,
        {
            "position": before.id,
            "old_state": before.state.name,
            "old_variables": before.stored_variables,
            "old_realized": before.realized_pnl,
            "old_count": before.adjustment_count,
            "new_state": after.state.name,
            "new_variables": new_variables,
            "new_realized": after.realized_pnl,
            "new_count": after.adjustment_count,
            "new_closed_at": after.closed_at,
        },
    )
    if result.rowcount != 1:
        raise ConcurrentChangeError(f"position {before.id}")
    return replace(after, stored_variables=new_variables)


async def add_realized(tx: WriteTransaction, position_id: int, amount: Decimal) -> None:
    """Add what was realised, in account currency, to the position."""
    if amount != 0:
        record = await position_record(tx, position_id)
        await change_position(tx, record, replace(record, realized_pnl=record.realized_pnl + amount))


async def raise_adjustment_count(tx: WriteTransaction, position_id: int) -> None:
    """Raise the position's number of adjustments by one."""
    record = await position_record(tx, position_id)
    await change_position(tx, record, replace(record, adjustment_count=record.adjustment_count + 1))


async def open_with_variables(
    tx: Transaction, position_id: int, variables: Mapping[str, Decimal]
) -> PositionRecord | None:
    """Return an open position whose variables are still those that something was evaluated from, else `None`.

    Evaluations run outside of transactions. In between, another evaluation or an adjustment may have set variables, or
    the position may be closed: then the evaluated values are stale and are not set.
    """
    record = await position_record(tx, position_id)
    unchanged = record.state is LivePositionState.Open and record.variables == dict(variables)
    return record if unchanged else None


async def set_variables(tx: WriteTransaction, record: PositionRecord, variables: Mapping[str, Decimal]) -> None:
    """Set all variables of a position.

    Raises
    ------
    ConcurrentChangeError
        When the position differs from the record.
    """
    await change_position(tx, record, replace(record, variables=variables))


# --- legs -------------------------------------------------------------------------------------------------------------


class NewLeg(Struct, frozen=True):
    """A leg of a position that nothing was filled of yet.

    Attributes
    ----------
    is_marker
        Whether it is never traded: it is open from the start, at `entry_price`.
    """

    name: str
    traded: TradedContract
    leg_group_id: int
    expiration_name: str | None
    is_marker: bool
    entry_price: Decimal


@dataclass(frozen=True, slots=True)
class LegRecord:
    """The mutable columns of a leg.

    Attributes
    ----------
    qty
        Signed contracts as entered; it stays when the leg closes.
    holding
        What is held of it, at its exact cost.
    entry_price
        Average per unit with commission.
    realized_pnl
        As fills made it, in account currency.
    user_realized_pnl
        As its owner set it, with what was realised since; `None` where it was not set.
    """

    id: int
    status: LegStatus
    qty: Decimal
    holding: Holding
    entry_price: Decimal
    realized_pnl: Decimal
    user_realized_pnl: Decimal | None
    created_at: datetime
    closed_at: datetime | None

    @property
    def shown_pnl(self) -> Decimal:
        """Realised PnL: the amount that the owner set, else the tracked amount."""
        return self.realized_pnl if self.user_realized_pnl is None else self.user_realized_pnl


_INSERT_LEGS = legs.insert()
_LEGS_BY_NAME = select(legs.c.id, legs.c.name).where(legs.c.position_id == bindparam("position")).order_by(legs.c.id)
_RECORDS = select(
    legs.c.id,
    legs.c.status,
    legs.c.qty,
    legs.c.held_qty,
    legs.c.cost,
    legs.c.multiplier,
    legs.c.average_entry_price,
    legs.c.tracked_realized_pnl,
    legs.c.user_realized_pnl,
    legs.c.created_at,
    legs.c.closed_at,
)
_RECORDS_BY_ID = _RECORDS.where(is_among(legs.c.id, "ids"))
_OPEN_RECORDS = _RECORDS.where(legs.c.position_id == bindparam("position"), legs.c.closed_at.is_(None)).order_by(
    legs.c.id
)
_HELD_OF_POSITION = select(legs.c.held_qty).where(legs.c.position_id == bindparam("position"))
_CHANGE_LEG = (
    legs.update()
    .where(
        legs.c.id == bindparam("leg"),
        legs.c.status == bindparam("old_status"),
        legs.c.held_qty == bindparam("old_held"),
        legs.c.cost == bindparam("old_cost"),
        legs.c.tracked_realized_pnl == bindparam("old_realized"),
    )
    .values(
        status=bindparam("new_status"),
        qty=bindparam("new_qty"),
        held_qty=bindparam("new_held"),
        cost=bindparam("new_cost"),
        average_entry_price=bindparam("new_average"),
        tracked_realized_pnl=bindparam("new_realized"),
        user_realized_pnl=bindparam("new_user_realized"),
        created_at=bindparam("new_created_at"),
        closed_at=bindparam("new_closed_at"),
    )
)


async def insert_legs(
    tx: WriteTransaction, user_id: int, account_id: int, position_id: int, opened: Sequence[NewLeg], at: datetime
) -> dict[str, int]:
    """Store legs of a position, still without a fill, and return their ids by name."""
    if not opened:
        return {}
    await tx.execute(
        _INSERT_LEGS,
        [
            {
                "user_id": user_id,
                "account_id": account_id,
                "position_id": position_id,
                "name": leg.name,
                **leg.traded.columns,
                "status": (LegStatus.Open if leg.is_marker else LegStatus.Opening).name,
                "qty": ZERO,
                "held_qty": ZERO,
                "cost": ZERO,
                "average_entry_price": leg.entry_price,
                "leg_group_id": leg.leg_group_id,
                "expiration_name": leg.expiration_name,
                "tracked_realized_pnl": ZERO,
                "created_at": at,
            }
            for leg in opened
        ],
    )
    # The newest of a name: a position may have had a leg of that name before.
    newest = {row.name: row.id for row in await tx.all(_LEGS_BY_NAME, {"position": position_id})}
    return {leg.name: newest[leg.name] for leg in opened}


async def first_legs_by_name(tx: Transaction, position_id: int) -> dict[str, int]:
    """Return the ids of a position's legs by name; of two with one name the first, which its entry has opened."""
    oldest: dict[str, int] = {}
    for row in await tx.all(_LEGS_BY_NAME, {"position": position_id}):
        oldest.setdefault(row.name, row.id)
    return oldest


async def leg_records(tx: Transaction, leg_ids: Iterable[int]) -> dict[int, LegRecord]:
    """Return what changes of legs, by their ids."""
    return {row.id: _leg_record(row) for row in await tx.all(_RECORDS_BY_ID, {"ids": list(leg_ids)})}


async def open_leg_records(tx: Transaction, position_id: int) -> list[LegRecord]:
    """Return what changes of the legs that a position has and that are not closed, oldest first."""
    return [_leg_record(row) for row in await tx.all(_OPEN_RECORDS, {"position": position_id})]


async def change_legs(tx: WriteTransaction, changes: Sequence[tuple[LegRecord, LegRecord]]) -> None:
    """Write legs, each if its row is unchanged.

    Parameters
    ----------
    changes
        Each leg before and after; a leg at most once.

    Raises
    ------
    ConcurrentChangeError
        When one of them is not what it was: its status, what is held of it, or what it has realised.
    """
    changed = [(before, after) for before, after in changes if before != after]
    if not changed:
        return
    result = await tx.execute(
        _CHANGE_LEG,
        [
            {
                "leg": before.id,
                "old_status": before.status.name,
                "old_held": before.holding.qty,
                "old_cost": before.holding.cost,
                "old_realized": before.realized_pnl,
                "new_status": after.status.name,
                "new_qty": after.qty,
                "new_held": after.holding.qty,
                "new_cost": after.holding.cost,
                "new_average": after.entry_price,
                "new_realized": after.realized_pnl,
                "new_user_realized": after.user_realized_pnl,
                "new_created_at": after.created_at,
                "new_closed_at": after.closed_at,
            }
            for before, after in changed
        ],
    )
    if result.rowcount >= 0:
        is_complete = result.rowcount == len(changed)
    else:
        # asyncpg gives no row count for a statement with many sets of parameters, so the rows are read back.
        stored = await leg_records(tx, [after.id for _, after in changed])
        is_complete = all(stored.get(after.id) == after for _, after in changed)
    if not is_complete:
        raise ConcurrentChangeError(f"a leg among {', '.join(str(before.id) for before, _ in changed)}")


async def is_flat(tx: Transaction, position_id: int) -> bool:
    """Whether nothing is held of any leg of the position; marker legs hold nothing."""
    return all(row.held_qty == 0 for row in await tx.all(_HELD_OF_POSITION, {"position": position_id}))


# --- executions -------------------------------------------------------------------------------------------------------


class NewExecution(Struct, frozen=True):
    """One leg's fill as it is kept.

    Attributes
    ----------
    order_id
        `None` for a settlement.
    broker_execution_id
        The venue's id of it; `None` where no venue filled or settled it.
    qty, price, commission
        Signed contracts, per unit of the underlying, and in account currency for all of it.
    """

    user_id: int
    account_id: int
    plan_id: int
    order_id: int | None
    position_id: int
    leg_id: int
    leg_name: str
    traded: TradedContract
    broker_execution_id: str | None
    qty: Decimal
    price: Decimal
    commission: Decimal
    executed_at: datetime


_INSERT_EXECUTIONS = executions.insert()
_EXECUTIONS_OF_PLAN = select(executions.c.id).where(executions.c.plan_id == bindparam("plan")).order_by(executions.c.id)


async def insert_executions(tx: WriteTransaction, new: Sequence[NewExecution]) -> None:
    """Store executions; one that has a venue's id is stored once per account, or fails."""
    if new:
        await tx.execute(
            _INSERT_EXECUTIONS,
            [
                {
                    "user_id": item.user_id,
                    "account_id": item.account_id,
                    "plan_id": item.plan_id,
                    "order_id": item.order_id,
                    "position_id": item.position_id,
                    "leg_id": item.leg_id,
                    "leg_name": item.leg_name,
                    **item.traded.columns,
                    "broker_execution_id": item.broker_execution_id,
                    "qty": item.qty,
                    "price": item.price,
                    "commission": item.commission,
                    "executed_at": item.executed_at,
                }
                for item in new
            ],
        )


async def executions_of_plan(tx: Transaction, plan_id: int) -> list[int]:
    """Return the ids of a plan's executions, oldest first."""
    return [row.id for row in await tx.all(_EXECUTIONS_OF_PLAN, {"plan": plan_id})]


def _leg_record(row: Row[Any]) -> LegRecord:
    return LegRecord(
        id=row.id,
        status=LegStatus[row.status],
        qty=row.qty,
        holding=Holding(row.held_qty, row.cost, row.multiplier),
        entry_price=row.average_entry_price,
        realized_pnl=row.tracked_realized_pnl,
        user_realized_pnl=row.user_realized_pnl,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
