"""Booking of settlements of paper accounts and venues: a plan per settlement, executions without an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from mesolive.store.database import WriteTransaction
from mesolive.trading.portfolio.accounting import Fill
from mesolive.trading.portfolio.accounts import account_by_id
from mesolive.trading.portfolio.booking import FillContext, LegFill, book_fills, conclude
from mesolive.trading.portfolio.plans import (
    NewPlan,
    PlanKind,
    PlanLeg,
    distinct_names,
    find_plan,
    mark_executed,
    store_plan,
)
from mesolive.trading.portfolio.positions import Leg, Position
from mesolive_sdk import models

ZERO = Decimal(0)


class SettledLeg(Struct, frozen=True):
    """The settlement of one leg.

    Attributes
    ----------
    qty
        Signed contracts as they were held; zero closes a leg that holds nothing, such as a marker.
    value
        Settlement value of one option, per unit of the underlying.
    commission
        In account currency for all of it.
    execution_id
        The venue's execution id; `None` where no venue settled it.
    """

    leg: Leg
    qty: Decimal
    value: Decimal
    at: datetime
    commission: Decimal = ZERO
    execution_id: str | None = None


async def book_settlement(
    tx: WriteTransaction, position: Position, settled: Sequence[SettledLeg], now: datetime
) -> list[models.MesoLiveEvent]:
    """Book settlements of a position, at most one for each leg, and return their events.

    Parameters
    ----------
    position
        As it is within this transaction.
    """
    user_id = position.user_id
    account = await account_by_id(tx, user_id, position.account_id)
    # A plan of its own, stored and executed in one transaction: fills are booked by plans only (`book_fills`), so that
    # settlements have no second way to change legs, cash and realised PnL.
    plan_id = await store_plan(tx, user_id, _plan(position, settled, now))
    plan = await find_plan(tx, user_id, plan_id)
    legs = list(zip(settled, plan.legs, strict=True))
    context = FillContext(
        user_id, account, plan, position.id, {leg.name: settled_leg.leg.id for settled_leg, leg in legs}
    )
    fills = [
        LegFill(
            leg,
            settled_leg.at,
            None
            if leg.qty == 0
            else Fill(
                settled_leg.value, leg.qty, leg.traded.contract.multiplier, settled_leg.commission, settled_leg.at
            ),
            settled_leg.execution_id,
        )
        for settled_leg, leg in legs
    ]
    booked = await book_fills(tx, context, fills, None, opens=False)
    await mark_executed(tx, plan_id, now, position.id)
    closed_at = max(item.at for item in settled)
    concluded = await conclude(tx, context, closed_at, models.PositionStatus.RealizedPnLChanged)
    return [*booked.events.values(), *concluded]


def _plan(position: Position, settled: Sequence[SettledLeg], now: datetime) -> NewPlan:
    """Return the plan by which a settlement is booked: it closes what has expired."""
    names = distinct_names(item.leg.name for item in settled)
    return NewPlan(
        kind=PlanKind.EXIT,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        position_id=position.id,
        position_name=position.name,
        data_provider=None,
        qty_multiplier=None,
        legs=tuple(
            PlanLeg(
                name=name,
                traded=settled_leg.leg.traded,
                qty=-settled_leg.qty,
                leg_group_id=settled_leg.leg.leg_group_id,
                expiration_name=settled_leg.leg.expiration_name,
                leg_id=settled_leg.leg.id,
                mark=settled_leg.value,
            )
            for settled_leg, name in zip(settled, names, strict=True)
        ),
        created_at=now,
    )
