"""Fills of a venue's orders in the books of their plan: a position is born with the first, complete with the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import exec_plans, legs, positions
from mesolive.trading.accounts import Account
from mesolive.trading.booking import Fill, combo_price
from mesolive.trading.books import (
    Books,
    FilledLeg,
    book_legs,
    close_position,
    leg_event,
    leg_update,
    open_position,
    position_event,
    realize,
)
from mesolive.trading.freezing import resolved_events
from mesolive.trading.order_life import Executed, State
from mesolive.trading.order_rows import StoredOrder, change_orders, note_fill, orders_of_plans
from mesolive.trading.plans import Plan, PlanKind, PlanState, group_quantities, mark_executed
from mesolive_sdk import models

ZERO = Decimal(0)


@dataclass
class Touched:
    """A plan whose orders were filled within the present transaction.

    Attributes
    ----------
    position_id
        The position that the plan opens or closes; `None` before the first fill of an entry.
    complete
        Set when the last fill of an entry is booked: its position waits to be opened.
    """

    account: Account
    plan: Plan
    multiplier: Decimal
    position_id: int | None
    books: Books | None = None
    filled: bool = False
    realized: Decimal = ZERO
    complete: bool = False

    def ratios(self, group: int) -> Mapping[str, Decimal]:
        """Return the signed contracts per combo of a group by leg name."""
        return group_quantities(self.plan.legs, self.multiplier)[group].ratios

    def combo_price(self, order: StoredOrder, executed: Executed) -> Decimal:
        """Return what one combo of the fill cost."""
        return combo_price(self.ratios(order.group), executed.leg_prices)


async def book_execution(
    tx: WriteTransaction, touched: Touched, order: StoredOrder, executed: Executed
) -> tuple[int, list[models.MesoLiveEvent]]:
    """Book one execution of an order on all its legs; return the position and the events."""
    events: list[models.MesoLiveEvent] = []
    books = touched.books or await _open_books(tx, touched, order.user_id, executed.at, events)
    touched.books = books
    touched.filled = True
    by_name = {leg.name: leg for leg in touched.plan.legs}
    ratios = touched.ratios(order.group)
    fills = [
        FilledLeg(
            by_name[name],
            Fill(
                price=price,
                qty=ratios[name] * executed.qty,
                multiplier=by_name[name].traded.contract.multiplier,
                commission=executed.commissions.get(name, ZERO),
                at=executed.at,
            ),
            f"{executed.execution_id}/{name}",
        )
        for name, price in executed.leg_prices.items()
    ]
    for booked in (await book_legs(tx, books, fills, order.id)).values():
        if booked.leg.leg_id is None:
            status = models.LegStatus.Opening  # it opens with its position, when all of it is filled and frozen
        else:
            status = models.LegStatus.Closed if booked.closed else models.LegStatus.Closing
        events.append(leg_event(books, booked, status))
        touched.realized += booked.realized
    return books.position_id, events


async def finish(tx: WriteTransaction, touched: Touched, now: datetime) -> list[models.MesoLiveEvent]:
    """Note what the fills booked in this transaction complete: an entry, an exit, neither; return the events."""
    books = touched.books
    if books is None or not touched.filled:
        return []
    plan = touched.plan
    if plan.state is PlanState.PREPARED and await is_filled(tx, plan, touched.multiplier):
        await mark_executed(tx, plan.id, now, books.position_id)
        touched.complete = plan.kind is PlanKind.ENTRY
    if plan.kind is not PlanKind.EXIT:
        return []
    realized = await realize(tx, books, touched.realized)
    if await _holds_nothing(tx, books.position_id):
        await close_position(tx, books, now)
        closed = position_event(books, models.PositionStatus.Closed, realized)
        return [closed, *await resolved_events(tx, books.user_id, books.position_id)]
    await tx.execute(
        positions.update()
        .where(positions.c.id == books.position_id)
        .values(state=models.LivePositionState.Closing.name)
    )
    return [position_event(books, models.PositionStatus.RealizedPnLChanged, realized)]


async def fill_markers(
    tx: WriteTransaction, order: StoredOrder, account: Account, plan: Plan, now: datetime
) -> tuple[StoredOrder, Touched, list[models.MesoLiveEvent]]:
    """Fill the order of a group that has marker legs only: at once and here, for there is nothing to trade."""
    filled = replace(order, view=replace(order.view, state=State.FILLED))
    touched = Touched(account, plan, order.multiplier, plan.position_id, filled=True)
    events: list[models.MesoLiveEvent] = []
    touched.books = await _open_books(tx, touched, order.user_id, now, events)
    await change_orders(tx, [filled], now)
    await note_fill(tx, order.id, ZERO, now, touched.books.position_id)
    events += await finish(tx, touched, now)
    return filled, touched, events


async def is_filled(tx: Transaction, plan: Plan, multiplier: Decimal) -> bool:
    """Whether the orders of a plan have filled all its groups; marker legs need none."""
    filled: dict[int, Decimal] = {}
    for row in await orders_of_plans(tx, [plan.id]):
        filled[row.leg_group_id] = filled.get(row.leg_group_id, ZERO) + abs(row.filled_qty)
    return all(
        filled.get(group, ZERO) >= quantity.qty for group, quantity in group_quantities(plan.legs, multiplier).items()
    )


async def _open_books(
    tx: WriteTransaction, touched: Touched, user_id: int, at: datetime, events: list[models.MesoLiveEvent]
) -> Books:
    plan = touched.plan
    if plan.kind is not PlanKind.ENTRY:
        assert plan.position_id is not None  # noqa: S101 - only an entry is planned without a position
        leg_ids = {leg.name: leg.leg_id for leg in plan.legs if leg.leg_id is not None}
        return Books(user_id, touched.account, plan, plan.position_id, leg_ids)
    if touched.position_id is not None:
        rows = await tx.all(select(legs.c.id, legs.c.name).where(legs.c.position_id == touched.position_id))
        return Books(user_id, touched.account, plan, touched.position_id, {row.name: row.id for row in rows})
    books = await open_position(tx, user_id, touched.account, plan, touched.multiplier, at)
    touched.position_id = books.position_id
    await tx.execute(exec_plans.update().where(exec_plans.c.id == plan.id).values(position_id=books.position_id))
    events.append(position_event(books, models.PositionStatus.Created, ZERO))
    events += [leg_update(books, leg, models.LegStatus.Open, ZERO, ZERO) for leg in plan.legs if leg.qty == 0]
    return books


async def _holds_nothing(tx: Transaction, position_id: int) -> bool:
    rows = await tx.all(select(legs.c.held_qty).where(legs.c.position_id == position_id))
    return all(row.held_qty == 0 for row in rows)
