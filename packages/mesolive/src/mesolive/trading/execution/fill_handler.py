"""Fills of a venue's orders in the books of their plan: a position is born with the first, complete with the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, select

from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import exec_plans, legs, positions
from mesolive.trading.evaluation.entry_variables import resolved_events
from mesolive.trading.orders.repository import StoredOrder, change_orders, note_fill, orders_of_plans
from mesolive.trading.orders.state_machine import Executed, State
from mesolive.trading.portfolio.accounting import Fill, combo_price
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.adjustments import count_adjustment
from mesolive.trading.portfolio.plans import (
    Plan,
    PlanKind,
    PlanLeg,
    PlanState,
    group_quantities,
    mark_executed,
    mark_filled,
    note_opened,
)
from mesolive.trading.portfolio.position_updates import (
    FillContext,
    FilledLeg,
    book_legs,
    close_position,
    holds_nothing,
    leg_event,
    leg_update,
    open_legs,
    open_position,
    position_event,
    realize,
    reopen_position,
    set_leg_status,
)
from mesolive_sdk import models

ZERO = Decimal(0)

_LEGS_NEWEST_FIRST = (
    select(legs.c.id, legs.c.name).where(legs.c.position_id == bindparam("position")).order_by(legs.c.id.desc())
)


@dataclass
class PlanFillState:
    """A plan whose orders were filled within the present transaction.

    Attributes
    ----------
    position_id
        The position that the plan opens or closes; `None` before the first fill of an entry.
    reopened
        Whether a fill came so late that something is held of a leg that was closed.
    complete
        Set when the last fill of an entry or an adjustment is booked: something follows outside of the transaction.
    """

    account: Account
    plan: Plan
    multiplier: Decimal
    position_id: int | None
    books: FillContext | None = None
    filled: bool = False
    traded: bool = False
    realized: Decimal = ZERO
    reopened: bool = False
    complete: bool = False

    def ratios(self, group: int) -> Mapping[str, Decimal]:
        """Return the signed contracts per combo of a group by leg name."""
        return group_quantities(self.plan.legs, self.multiplier)[group].ratios

    def combo_price(self, order: StoredOrder, executed: Executed) -> Decimal:
        """Return what one combo of the fill cost."""
        return combo_price(self.ratios(order.group), executed.leg_prices)


async def book_execution(
    tx: WriteTransaction, touched: PlanFillState, order: StoredOrder, executed: Executed
) -> tuple[int, list[models.MesoLiveEvent]]:
    """Book one execution of an order on all its legs; return the position and the events."""
    events: list[models.MesoLiveEvent] = []
    books = touched.books or await _open_books(tx, touched, order.user_id, executed.at, events)
    if touched.plan.kind is PlanKind.ADJUSTMENT:
        books = await _with_legs_of_group(tx, touched.plan, books, order.group, executed.at)
    touched.books = books
    touched.filled = touched.traded = True
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
        status = booked.status
        # The legs of an entry open with their position, when all is filled and frozen; those of an adjustment singly.
        if touched.plan.kind is PlanKind.ADJUSTMENT and status is models.LegStatus.Opening and booked.is_whole:
            status = models.LegStatus.Open
            await set_leg_status(tx, books.leg_ids[booked.leg.name], status, executed.at)
        events.append(leg_event(books, booked, status))
        touched.realized += booked.realized
        touched.reopened |= booked.reopened
    return books.position_id, events


async def finish(tx: WriteTransaction, touched: PlanFillState, now: datetime) -> list[models.MesoLiveEvent]:
    """Note what the fills booked in this transaction complete: an entry, an adjustment, an exit; return the events."""
    books = touched.books
    if books is None or not touched.filled:
        return []
    plan = touched.plan
    filled = plan.state is PlanState.PREPARED and await is_filled(tx, plan, touched.multiplier)
    if touched.reopened:
        await reopen_position(tx, books)
    if plan.kind is PlanKind.ADJUSTMENT:
        return await _finish_adjustment(tx, touched, books, filled, now)
    if filled:
        await mark_executed(tx, plan.id, now, books.position_id)
        touched.complete = plan.kind is PlanKind.ENTRY
    if plan.kind is PlanKind.ENTRY:
        return []
    realized = await realize(tx, books, touched.realized)
    if await holds_nothing(tx, books.position_id):
        return await _close(tx, books, realized, now)
    if not touched.traded:
        return []  # of marker legs only: nothing of the position is closed yet
    await tx.execute(
        positions.update()
        .where(positions.c.id == books.position_id)
        .values(state=models.LivePositionState.Closing.name)
    )
    return [position_event(books, models.PositionStatus.RealizedPnLChanged, realized)]


async def _finish_adjustment(
    tx: WriteTransaction, touched: PlanFillState, books: FillContext, filled: bool, now: datetime
) -> list[models.MesoLiveEvent]:
    """Note what the fills of an adjustment complete.

    Whatever closes the position is complete at once. Any other adjustment is told, and its variables set, by
    `mesolive.trading.execution.plan_completion`.
    """
    events: list[models.MesoLiveEvent] = []
    if filled:
        books = await _follow_with_markers(tx, touched.plan, books, now, events)
    realized = await realize(tx, books, touched.realized)
    if await holds_nothing(tx, books.position_id):
        if filled:
            await count_adjustment(tx, touched.plan.id, books.position_id)
            await mark_executed(tx, touched.plan.id, now, books.position_id)
        return [*events, *await _close(tx, books, realized, now)]
    if filled:
        await mark_filled(tx, touched.plan.id)
        touched.complete = True
    elif touched.realized != 0:
        events.append(position_event(books, models.PositionStatus.RealizedPnLChanged, realized))
    return events


async def _close(
    tx: WriteTransaction, books: FillContext, realized: Decimal, now: datetime
) -> list[models.MesoLiveEvent]:
    await close_position(tx, books, now)
    closed = position_event(books, models.PositionStatus.Closed, realized)
    return [closed, *await resolved_events(tx, books.user_id, books.position_id)]


async def _with_legs_of_group(
    tx: WriteTransaction, plan: Plan, books: FillContext, group: int, at: datetime
) -> FillContext:
    """Make the legs that a group of an adjustment opens, when there was no fill of it before."""
    missing = [leg for leg in plan.legs if leg.leg_group_id == group and leg.qty != 0]
    return await _with_legs(tx, plan, books, missing, at)


async def _follow_with_markers(
    tx: WriteTransaction, plan: Plan, books: FillContext, now: datetime, events: list[models.MesoLiveEvent]
) -> FillContext:
    """Open and close the marker legs of an adjustment: they go with its last fill, for there is nothing to trade."""
    markers = [leg for leg in plan.legs if leg.qty == 0]
    books = await _with_legs(tx, plan, books, markers, now)
    for leg in markers:
        status = models.LegStatus.Open if leg.leg_id is None else models.LegStatus.Closed
        await set_leg_status(tx, books.leg_ids[leg.name], status, now)
        events.append(leg_update(books, leg, status, ZERO, ZERO))
    return books


async def _with_legs(
    tx: WriteTransaction, plan: Plan, books: FillContext, wanted: Sequence[PlanLeg], at: datetime
) -> FillContext:
    missing = [leg for leg in wanted if leg.leg_id is None and leg.name not in books.leg_ids]
    if not missing:
        return books
    made = await open_legs(tx, books.user_id, books.account, books.position_id, missing, at)
    await note_opened(tx, plan.id, made)
    return replace(books, leg_ids={**books.leg_ids, **made})


async def fill_markers(
    tx: WriteTransaction, order: StoredOrder, account: Account, plan: Plan, now: datetime
) -> tuple[StoredOrder, PlanFillState, list[models.MesoLiveEvent]]:
    """Fill the order of a group that has marker legs only: at once and here, for there is nothing to trade."""
    filled = replace(order, view=replace(order.view, state=State.FILLED))
    touched = PlanFillState(account, plan, order.multiplier, plan.position_id, filled=True)
    events: list[models.MesoLiveEvent] = []
    if plan.state is not PlanState.PREPARED:
        # The plan's last traded group has opened or closed the marker legs already.
        assert plan.position_id is not None  # noqa: S101 - what was executed has a position
        await change_orders(tx, [filled], now)
        await note_fill(tx, order.id, ZERO, now, plan.position_id)
        return filled, touched, events
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
    tx: WriteTransaction, touched: PlanFillState, user_id: int, at: datetime, events: list[models.MesoLiveEvent]
) -> FillContext:
    plan = touched.plan
    if plan.kind is not PlanKind.ENTRY:
        assert plan.position_id is not None  # noqa: S101 - only an entry is planned without a position
        known = {leg.name: leg.leg_id if leg.leg_id is not None else leg.opened_id for leg in plan.legs}
        leg_ids = {name: leg_id for name, leg_id in known.items() if leg_id is not None}
        return FillContext(user_id, touched.account, plan, plan.position_id, leg_ids)
    if touched.position_id is not None:
        rows = await tx.all(_LEGS_NEWEST_FIRST, {"position": touched.position_id})
        # The oldest of a name: an adjustment may have opened another one since.
        return FillContext(user_id, touched.account, plan, touched.position_id, {row.name: row.id for row in rows})
    books = await open_position(tx, user_id, touched.account, plan, touched.multiplier, at)
    touched.position_id = books.position_id
    await tx.execute(exec_plans.update().where(exec_plans.c.id == plan.id).values(position_id=books.position_id))
    events.append(position_event(books, models.PositionStatus.Created, ZERO))
    events += [leg_update(books, leg, models.LegStatus.Open, ZERO, ZERO) for leg in plan.legs if leg.qty == 0]
    return books
