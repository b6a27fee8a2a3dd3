"""What fills do to the books, within one transaction: positions, legs, executions, cash.

Paper fills and fills from a venue go the same way. An entry's position and legs are born together (`open_position`),
each fill is booked on its leg (`book_fill`), and the position opens or closes when its legs are complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from mesolive.store.database import WriteTransaction
from mesolive.store.tables.trading import executions, legs, positions
from mesolive.trading.accounts import Account, move_cash
from mesolive.trading.booking import Fill, Holding, apply_fill
from mesolive.trading.plans import Plan, PlanLeg
from mesolive.trading.rows import insert
from mesolive_sdk import models

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Books:
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
class Booked:
    """One fill as it was booked.

    Attributes
    ----------
    leg_realized
        What the leg has realised in all, this fill included.
    realized
        What this fill realised.
    closed
        Whether nothing is held of the leg any more.
    """

    execution_id: int
    leg: PlanLeg
    qty: Decimal
    leg_realized: Decimal
    realized: Decimal
    closed: bool


async def open_position(
    tx: WriteTransaction, user_id: int, account: Account, plan: Plan, multiplier: Decimal, at: datetime
) -> Books:
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
    leg_ids: dict[str, int] = {}
    for leg in plan.legs:
        marker = leg.qty == 0
        leg_ids[leg.name] = await insert(
            tx,
            legs,
            user_id=user_id,
            account_id=account.id,
            position_id=position_id,
            name=leg.name,
            **leg.traded.columns,
            status=(models.LegStatus.Open if marker else models.LegStatus.Opening).name,
            qty=ZERO,
            held_qty=ZERO,
            cost=ZERO,
            average_entry_price=leg.mark if marker and leg.mark is not None else ZERO,
            leg_group_id=leg.leg_group_id,
            expiration_name=leg.expiration_name,
            tracked_realized_pnl=ZERO,
            created_at=at,
        )
    return Books(user_id, account, plan, position_id, leg_ids)


async def book_fill(
    tx: WriteTransaction,
    books: Books,
    leg: PlanLeg,
    fill: Fill,
    order_id: int,
    broker_execution_id: str | None = None,
) -> Booked:
    """Book one fill of one leg: its holding, its execution, the account's cash.

    Parameters
    ----------
    leg
        The plan's leg that was filled.
    broker_execution_id
        The venue's id of the execution, where a venue filled it.
    """
    opening = leg.leg_id is None
    leg_id = books.leg_ids[leg.name]
    row = await tx.first(
        select(legs.c.qty, legs.c.held_qty, legs.c.cost, legs.c.multiplier, legs.c.tracked_realized_pnl).where(
            legs.c.id == leg_id
        )
    )
    assert row is not None  # noqa: S101 - the books name legs that are stored
    after, realized = apply_fill(Holding(row.held_qty, row.cost, row.multiplier), fill)
    leg_realized = row.tracked_realized_pnl + realized
    changes = {"held_qty": after.qty, "cost": after.cost, "tracked_realized_pnl": leg_realized}
    qty = row.qty
    if opening:
        qty = row.qty + fill.qty
        changes |= {"qty": qty, "average_entry_price": after.average_price}
    await tx.execute(legs.update().where(legs.c.id == leg_id).values(**changes))
    execution_id = await insert(
        tx,
        executions,
        user_id=books.user_id,
        account_id=books.account.id,
        plan_id=books.plan.id,
        order_id=order_id,
        position_id=books.position_id,
        leg_id=leg_id,
        leg_name=leg.own_name,
        **leg.traded.columns,
        broker_execution_id=broker_execution_id,
        qty=fill.qty,
        price=fill.price,
        commission=fill.commission,
        executed_at=fill.at,
    )
    await move_cash(tx, books.account, fill.cash_change, fill.at)
    return Booked(execution_id, leg, qty, leg_realized, realized, closed=not opening and after.qty == 0)


async def set_leg_status(tx: WriteTransaction, leg_id: int, status: models.LegStatus, at: datetime) -> None:
    """Note where a leg stands; `at` is when it opened or closed."""
    changes: dict[str, object] = {"status": status.name}
    if status is models.LegStatus.Open:
        changes["created_at"] = at
    elif status is models.LegStatus.Closed:
        changes["closed_at"] = at
    await tx.execute(legs.update().where(legs.c.id == leg_id).values(**changes))


async def complete_entry(tx: WriteTransaction, books: Books, variables: Mapping[str, Decimal]) -> None:
    """Open the position: all its legs are filled, and its variables are frozen."""
    await tx.execute(
        positions.update()
        .where(positions.c.id == books.position_id)
        .values(state=models.LivePositionState.Open.name, variables=dict(variables))
    )


async def realize(tx: WriteTransaction, books: Books, amount: Decimal) -> Decimal:
    """Add what was realised to the position and return its total."""
    before = await tx.scalar(select(positions.c.realized_pnl).where(positions.c.id == books.position_id))
    total: Decimal = before + amount
    await tx.execute(positions.update().where(positions.c.id == books.position_id).values(realized_pnl=total))
    return total


async def close_position(tx: WriteTransaction, books: Books, at: datetime) -> None:
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


def leg_event(books: Books, booked: Booked, status: models.LegStatus) -> models.LegUpdateEvent:
    """Return what tells that a leg has changed."""
    return leg_update(books, booked.leg, status, booked.qty, booked.leg_realized)


def leg_update(
    books: Books, leg: PlanLeg, status: models.LegStatus, qty: Decimal, realized: Decimal
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


def position_event(books: Books, status: models.PositionStatus, realized: Decimal) -> models.PositionUpdateEvent:
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
