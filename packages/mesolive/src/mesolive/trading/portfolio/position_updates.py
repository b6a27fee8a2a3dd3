"""What fills do to the books, within one transaction: positions, legs, executions, cash.

Paper fills and fills from a venue go the same way. An entry's position and legs are born together (`open_position`),
fills are booked on them (`book_legs`), and the position opens or closes when its legs are complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, select

from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.rows import insert
from mesolive.store.tables.trading import executions, legs, positions
from mesolive.trading.portfolio.accounting import Fill, Holding, apply_fill, total
from mesolive.trading.portfolio.accounts import Account, move_cash
from mesolive.trading.portfolio.plans import Plan, PlanLeg
from mesolive_sdk import models

ZERO = Decimal(0)

# Built once: SQLAlchemy compiles each of them once.
_OPEN_LEGS = legs.insert()
_LEGS_BY_NAME = select(legs.c.id, legs.c.name).where(legs.c.position_id == bindparam("position")).order_by(legs.c.id)
_RECORD = executions.insert()
_RECORDED = (
    select(executions.c.id, executions.c.leg_id)
    .where(
        executions.c.position_id == bindparam("position"), executions.c.leg_id.in_(bindparam("legs", expanding=True))
    )
    .order_by(executions.c.id)
)
_HELD = select(
    legs.c.id,
    legs.c.qty,
    legs.c.held_qty,
    legs.c.cost,
    legs.c.multiplier,
    legs.c.average_entry_price,
    legs.c.tracked_realized_pnl,
    legs.c.user_realized_pnl,
    legs.c.status,
    legs.c.created_at,
    legs.c.closed_at,
).where(legs.c.id.in_(bindparam("ids", expanding=True)))
_HELD_OF_POSITION = select(legs.c.held_qty).where(legs.c.position_id == bindparam("position"))
_CHANGE_LEG = (
    legs.update()
    .where(legs.c.id == bindparam("leg"))
    .values(
        qty=bindparam("new_qty"),
        held_qty=bindparam("new_held"),
        cost=bindparam("new_cost"),
        average_entry_price=bindparam("new_average"),
        tracked_realized_pnl=bindparam("new_realized"),
        user_realized_pnl=bindparam("new_user_realized"),
        status=bindparam("new_status"),
        created_at=bindparam("opened"),
        closed_at=bindparam("closed"),
    )
)


@dataclass(frozen=True, slots=True)
class FillContext:
    """Whose books, on which account, for which plan.

    Attributes
    ----------
    position_id
        The position that is opened or closed.
    leg_ids
        Its legs by name.
    """

    user_id: int
    account: Account
    plan: Plan
    position_id: int
    leg_ids: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FillResult:
    """One fill as it was booked.

    Attributes
    ----------
    leg_realized
        What the leg has realised in all, this fill included.
    realized
        What this fill realised.
    status
        Where the leg stands with this fill.
    reopened
        Whether something is held of a leg that was closed: a fill came late.
    """

    execution_id: int
    leg: PlanLeg
    qty: Decimal
    leg_realized: Decimal
    realized: Decimal
    status: models.LegStatus
    reopened: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all that the plan trades of the leg was traded, for a plan without a multiplier."""
        return abs(self.qty) >= abs(self.leg.qty)


async def open_position(
    tx: WriteTransaction, user_id: int, account: Account, plan: Plan, multiplier: Decimal, at: datetime
) -> FillContext:
    """Make the position of an entry with all legs of its plan, still without a fill.

    Marker legs are complete from the start: their entry price is their mark at preparation.
    """
    position_id = await insert(
        tx,
        positions,
        user_id=user_id,
        account_id=account.id,
        strategy_id=plan.strategy_id,
        entry_plan_id=plan.id,
        name=plan.position_name,
        state=models.LivePositionState.Opening.name,
        qty_multiplier=multiplier,
        variables={},
        realized_pnl=ZERO,
        adjustment_count=0,
        created_at=at,
    )
    return FillContext(
        user_id, account, plan, position_id, await open_legs(tx, user_id, account, position_id, plan.legs, at)
    )


async def open_legs(
    tx: WriteTransaction, user_id: int, account: Account, position_id: int, opened: Sequence[PlanLeg], at: datetime
) -> dict[str, int]:
    """Make legs of a position, still without a fill, and return their ids by the plan's names."""
    rows: list[dict[str, object]] = []
    for leg in opened:
        marker = leg.qty == 0
        rows.append(
            {
                "user_id": user_id,
                "account_id": account.id,
                "position_id": position_id,
                "name": leg.own_name,
                **leg.traded.columns,
                "status": (models.LegStatus.Open if marker else models.LegStatus.Opening).name,
                "qty": ZERO,
                "held_qty": ZERO,
                "cost": ZERO,
                "average_entry_price": leg.mark if marker and leg.mark is not None else ZERO,
                "leg_group_id": leg.leg_group_id,
                "expiration_name": leg.expiration_name,
                "tracked_realized_pnl": ZERO,
                "created_at": at,
            }
        )
    if not rows:
        return {}
    await tx.execute(_OPEN_LEGS, rows)
    # The newest of a name: a position may have had a leg of that name before.
    made = {row.name: row.id for row in await tx.all(_LEGS_BY_NAME, {"position": position_id})}
    return {leg.name: made[leg.own_name] for leg in opened}


@dataclass(frozen=True, slots=True)
class FilledLeg:
    """One fill of one leg of a plan.

    Attributes
    ----------
    broker_execution_id
        The venue's id of the execution, where a venue filled it.
    """

    leg: PlanLeg
    fill: Fill
    broker_execution_id: str | None = None


async def book_legs(
    tx: WriteTransaction, books: FillContext, fills: Sequence[FilledLeg], order_id: int | None
) -> dict[str, FillResult]:
    """Book fills of one order, at most one of each leg: the holdings, the executions, the account's cash.

    A settlement has no order.

    A leg that is opened dates from its last fill, and stays `Opening`. One that is closed is `Closing`, and `Closed`
    when nothing of it is held any more. A leg that was closed and is held again by a late fill is open again.

    Returns
    -------
    What was booked, by the plan's leg names.
    """
    ids = [books.leg_ids[told.leg.name] for told in fills]
    rows = {row.id: row for row in await tx.all(_HELD, {"ids": ids})}
    changes: list[dict[str, object]] = []
    records: list[dict[str, object]] = []
    booked: list[FillResult] = []
    for leg_id, told in zip(ids, fills, strict=True):
        row, leg, fill = rows[leg_id], told.leg, told.fill
        after, realized = apply_fill(Holding(row.held_qty, row.cost, row.multiplier), fill)
        tracked = row.tracked_realized_pnl + realized
        # What the owner has set counts up to now; what is realised from then on comes on top.
        set_by_user = None if row.user_realized_pnl is None else row.user_realized_pnl + realized
        opening = leg.leg_id is None
        closed = not opening and after.qty == 0
        reopened = row.closed_at is not None and after.qty != 0
        qty = row.qty + fill.qty if opening else row.qty
        if opening:
            status = models.LegStatus.Open if reopened else models.LegStatus[row.status]
        else:
            status = models.LegStatus.Closed if closed else models.LegStatus.Closing
        changes.append(
            {
                "leg": leg_id,
                "new_qty": qty,
                "new_held": after.qty,
                "new_cost": after.cost,
                "new_average": after.average_price if opening else row.average_entry_price,
                "new_realized": tracked,
                "new_user_realized": set_by_user,
                "new_status": status.name,
                "opened": fill.at if opening else row.created_at,
                "closed": fill.at if closed else None if reopened else row.closed_at,
            }
        )
        records.append(
            {
                "user_id": books.user_id,
                "account_id": books.account.id,
                "plan_id": books.plan.id,
                "order_id": order_id,
                "position_id": books.position_id,
                "leg_id": leg_id,
                "leg_name": leg.own_name,
                **leg.traded.columns,
                "broker_execution_id": told.broker_execution_id,
                "qty": fill.qty,
                "price": fill.price,
                "commission": fill.commission,
                "executed_at": fill.at,
            }
        )
        leg_realized = tracked if set_by_user is None else set_by_user
        booked.append(FillResult(0, leg, qty, leg_realized, realized, status, reopened))
    await tx.execute(_CHANGE_LEG, changes)
    await tx.execute(_RECORD, records)
    # The newest of each leg: it may have been filled before. Not by the order: a settlement has none.
    made = {row.leg_id: row.id for row in await tx.all(_RECORDED, {"position": books.position_id, "legs": ids})}
    moved = total(told.fill.cash_change for told in fills)
    await move_cash(tx, books.account, moved, max(told.fill.at for told in fills))
    return {
        told.leg.name: replace(one, execution_id=made[leg_id])
        for told, one, leg_id in zip(fills, booked, ids, strict=True)
    }


async def set_leg_status(tx: WriteTransaction, leg_id: int, status: models.LegStatus, at: datetime) -> None:
    """Note where a leg stands; `at` is when it opened or closed."""
    changes: dict[str, object] = {"status": status.name}
    if status is models.LegStatus.Open:
        changes["created_at"] = at
    elif status is models.LegStatus.Closed:
        changes["closed_at"] = at
    await tx.execute(legs.update().where(legs.c.id == leg_id).values(**changes))


async def complete_entry(tx: WriteTransaction, books: FillContext, variables: Mapping[str, Decimal]) -> None:
    """Open the position: all its legs are filled, and its variables are frozen."""
    await tx.execute(
        positions.update()
        .where(positions.c.id == books.position_id)
        .values(state=models.LivePositionState.Open.name, variables=dict(variables))
    )


async def realize(tx: WriteTransaction, books: FillContext, amount: Decimal) -> Decimal:
    """Add what was realised to the position and return its total."""
    before = await tx.scalar(select(positions.c.realized_pnl).where(positions.c.id == books.position_id))
    total: Decimal = before + amount
    await tx.execute(positions.update().where(positions.c.id == books.position_id).values(realized_pnl=total))
    return total


async def close_position(tx: WriteTransaction, books: FillContext, at: datetime) -> None:
    """Close the position: none of its legs is held any more. Marker legs go with it."""
    await tx.execute(
        legs.update()
        .where(legs.c.position_id == books.position_id, legs.c.closed_at.is_(None))
        .values(status=models.LegStatus.Closed.name, closed_at=at)
    )
    await tx.execute(
        positions.update()
        .where(positions.c.id == books.position_id)
        .values(state=models.LivePositionState.Closed.name, closed_at=at)
    )


async def reopen_position(tx: WriteTransaction, books: FillContext) -> None:
    """Have a closed position be `Closing` again: a fill that came late has left something held."""
    await tx.execute(
        positions.update()
        .where(positions.c.id == books.position_id, positions.c.state == models.LivePositionState.Closed.name)
        .values(state=models.LivePositionState.Closing.name, closed_at=None)
    )


async def holds_nothing(tx: Transaction, position_id: int) -> bool:
    """Whether nothing is held of any leg of the position; marker legs hold nothing."""
    return all(row.held_qty == 0 for row in await tx.all(_HELD_OF_POSITION, {"position": position_id}))


def leg_event(books: FillContext, booked: FillResult, status: models.LegStatus) -> models.LegUpdateEvent:
    """Return what tells that a leg has changed."""
    return leg_update(books, booked.leg, status, booked.qty, booked.leg_realized)


def leg_update(
    books: FillContext, leg: PlanLeg, status: models.LegStatus, qty: Decimal, realized: Decimal
) -> models.LegUpdateEvent:
    """Return what tells that a leg has changed, a marker leg too."""
    plan = books.plan
    return models.LegUpdateEvent(
        BrokerAccountId=plan.broker_account_id,
        PositionId=books.position_id,
        PositionName=plan.position_name,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        LegId=books.leg_ids[leg.name],
        LegName=leg.own_name,
        Contract=leg.traded.live,
        Status=status,
        Qty=qty,
        RealizedPnL=realized,
    )


def position_event(books: FillContext, status: models.PositionStatus, realized: Decimal) -> models.PositionUpdateEvent:
    """Return what tells that a position was born, changed or closed."""
    plan = books.plan
    return models.PositionUpdateEvent(
        PositionId=books.position_id,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        PositionName=plan.position_name,
        BrokerAccountId=plan.broker_account_id,
        Status=status,
        RealizedPnL=realized,
    )
