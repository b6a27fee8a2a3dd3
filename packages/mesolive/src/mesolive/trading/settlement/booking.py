"""What a settlement does to the books, within one transaction: legs, cash, realised PnL, and positions.

Paper accounts and venues go the same way. A settlement is booked by a plan of its own, as executions without an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mesolive.store.database import WriteTransaction
from mesolive.trading.evaluation.entry_variables import resolved_events
from mesolive.trading.portfolio.accounting import Fill, total
from mesolive.trading.portfolio.accounts import account_by_id
from mesolive.trading.portfolio.plans import (
    NewPlan,
    PlanKind,
    PlanLeg,
    distinct_names,
    find_plan,
    mark_executed,
    store_plan,
)
from mesolive.trading.portfolio.position_updates import (
    FillContext,
    FilledLeg,
    book_legs,
    close_position,
    leg_event,
    leg_update,
    position_event,
    realize,
    set_leg_status,
)
from mesolive.trading.portfolio.positions import Leg, Position
from mesolive_sdk import models

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class SettledLeg:
    """What of a leg is settled.

    Attributes
    ----------
    qty
        Signed contracts as they were held; zero closes a leg that holds nothing, such as a marker.
    value
        What one option was worth, per unit of the underlying.
    commission
        In account currency for all of it.
    execution_id
        The venue's name of it; `None` where no venue settled it.
    """

    leg: Leg
    qty: Decimal
    value: Decimal
    at: datetime
    commission: Decimal = ZERO
    execution_id: str | None = None

    @property
    def closes(self) -> bool:
        """Whether nothing of the leg is left."""
        return self.qty == self.leg.holding.qty


async def book_settlement(
    tx: WriteTransaction, position: Position, settled: Sequence[SettledLeg], now: datetime
) -> list[models.MesoLiveEvent]:
    """Book what has settled of a position, at most one of each leg, and return the events that tell it.

    Parameters
    ----------
    position
        As it is within this transaction.
    """
    user_id = position.user_id
    account = await account_by_id(tx, user_id, position.account_id)
    plan_id = await store_plan(tx, user_id, _plan(position, settled, now))
    plan = await find_plan(tx, user_id, plan_id)
    legs = list(zip(settled, plan.legs, strict=True))
    books = FillContext(user_id, account, plan, position.id, {leg.name: one.leg.id for one, leg in legs})
    fills = [
        FilledLeg(
            leg, Fill(one.value, leg.qty, leg.traded.contract.multiplier, one.commission, one.at), one.execution_id
        )
        for one, leg in legs
        if leg.qty != 0
    ]
    booked = await book_legs(tx, books, fills, None) if fills else {}
    events: list[models.MesoLiveEvent] = []
    for one, leg in legs:
        status = models.LegStatus.Closed if one.closes else models.LegStatus.Closing
        if one.closes:
            await set_leg_status(tx, one.leg.id, status, one.at)
        filled = booked.get(leg.name)
        events.append(
            leg_update(books, leg, status, ZERO, ZERO) if filled is None else leg_event(books, filled, status)
        )
    realized = await realize(tx, books, total(one.realized for one in booked.values()))
    await mark_executed(tx, plan_id, now, position.id)
    gone = {one.leg.id: one.qty for one in settled}
    if all(leg.holding.qty == gone.get(leg.id, ZERO) for leg in position.legs):
        await close_position(tx, books, max(one.at for one in settled))
        events.append(position_event(books, models.PositionStatus.Closed, realized))
        events += await resolved_events(tx, user_id, position.id)
    else:
        events.append(position_event(books, models.PositionStatus.RealizedPnLChanged, realized))
    return events


def _plan(position: Position, settled: Sequence[SettledLeg], now: datetime) -> NewPlan:
    """Return the plan by which a settlement is booked: it closes what has expired."""
    names = distinct_names(one.leg.name for one in settled)
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
                traded=one.leg.traded,
                qty=-one.qty,
                leg_group_id=one.leg.leg_group_id,
                expiration_name=one.leg.expiration_name,
                leg_id=one.leg.id,
                mark=one.value,
            )
            for one, name in zip(settled, names, strict=True)
        ),
        created_at=now,
    )
