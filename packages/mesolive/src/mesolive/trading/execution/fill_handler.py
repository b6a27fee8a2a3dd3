"""Fill handler: venue fills open, change, complete or close a position, as the exec plan of the order says.

`mesolive.trading.portfolio.booking` books a fill on legs, cash and PnL. This module applies an order's fills to its
plan: the first fill of an entry creates the position and the last completes it; an adjustment goes group by group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mesolive.records import replace
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.trading.orders.repository import StoredOrder, change_orders, orders_of_plans, record_fill
from mesolive.trading.orders.state_machine import Executed, State
from mesolive.trading.portfolio.accounting import Fill, combo_price
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.adjustments import count_adjustment
from mesolive.trading.portfolio.booking import (
    FillContext,
    LegFill,
    book_fills,
    conclude,
    leg_update,
    open_legs,
    open_position,
    position_event,
    realized_of,
    reopen_position,
)
from mesolive.trading.portfolio.plans import (
    Plan,
    PlanKind,
    PlanLeg,
    PlanState,
    group_quantities,
    mark_executed,
    mark_filled,
    mark_opened,
    note_opened,
)
from mesolive.trading.portfolio.repository import first_legs_by_name, is_flat
from mesolive_sdk import models

ZERO = Decimal(0)


@dataclass
class PlanFillState:
    """A plan whose orders were filled within the present transaction.

    Attributes
    ----------
    position_id
        The position that the plan opens or closes; `None` before the first fill of an entry.
    context
        What its fills belong to, from the first fill in the transaction on.
    filled, traded
        Whether an order was filled in the transaction, and whether that traded anything: marker legs do not.
    reopened
        Whether a fill came so late that something is held of a leg that was closed.
    complete
        Set when the last fill of an entry or an adjustment is booked: something follows outside of the transaction.
    """

    account: Account
    plan: Plan
    multiplier: Decimal
    position_id: int | None
    context: FillContext | None = None
    filled: bool = False
    traded: bool = False
    realized: Decimal = ZERO
    reopened: bool = False
    complete: bool = False

    def ratios(self, group: int) -> Mapping[str, Decimal]:
        """Return the signed contracts per combo of a group by leg name."""
        return group_quantities(self.plan.legs, self.multiplier)[group].ratios

    def named(self, order: StoredOrder, executed: Executed) -> Executed:
        """Return a fill by the names of our legs: a venue that has lost them names legs by their contracts' symbols."""
        ours = self.ratios(order.group)
        if executed.leg_prices.keys() <= ours.keys():
            return executed
        by_symbol = {leg.traded.contract.symbol: leg.name for leg in self.plan.legs if leg.name in ours}
        return replace(
            executed,
            leg_prices={by_symbol.get(name, name): price for name, price in executed.leg_prices.items()},
            commissions={by_symbol.get(name, name): cost for name, cost in executed.commissions.items()},
        )

    def combo_price(self, order: StoredOrder, executed: Executed) -> Decimal:
        """Return what one combo of the fill cost."""
        return combo_price(self.ratios(order.group), executed.leg_prices)


async def book_execution(
    tx: WriteTransaction, plan_fills: PlanFillState, order: StoredOrder, executed: Executed
) -> tuple[int, list[models.MesoLiveEvent]]:
    """Book one execution of an order on all its legs; return the position and the events."""
    events: list[models.MesoLiveEvent] = []
    plan = plan_fills.plan
    context = plan_fills.context or await _open_context(tx, plan_fills, order.user_id, executed.at, events)
    if plan.kind is PlanKind.ADJUSTMENT:
        # The legs that its group opens are made with the group's first fill.
        traded = [leg for leg in plan.legs if leg.leg_group_id == order.group and leg.qty != 0]
        context = await _with_legs(tx, plan, context, traded, executed.at)
    plan_fills.context = context
    plan_fills.filled = plan_fills.traded = True
    by_name = {leg.name: leg for leg in plan.legs}
    ratios = plan_fills.ratios(order.group)
    fills = [
        LegFill(
            leg=by_name[name],
            at=executed.at,
            fill=Fill(
                price=price,
                qty=ratios[name] * executed.qty,
                multiplier=by_name[name].traded.contract.multiplier,
                commission=executed.commissions.get(name, ZERO),
                at=executed.at,
            ),
            broker_execution_id=f"{executed.execution_id}/{name}",
        )
        for name, price in executed.leg_prices.items()
    ]
    # The legs of an entry open with their position, when all is filled and its variables are captured; those of an
    # adjustment singly.
    booked = await book_fills(tx, context, fills, order.id, opens=plan.kind is PlanKind.ADJUSTMENT)
    plan_fills.realized += booked.realized
    plan_fills.reopened |= booked.reopened
    return context.position_id, [*events, *booked.events.values()]


async def finish(tx: WriteTransaction, plan_fills: PlanFillState, now: datetime) -> list[models.MesoLiveEvent]:
    """Record which entry, adjustment or exit the fills of this transaction complete; return the events."""
    context, plan = plan_fills.context, plan_fills.plan
    if context is None or not plan_fills.filled:
        return []
    is_complete = plan.state is PlanState.PREPARED and await is_filled(tx, plan, plan_fills.multiplier)
    if plan_fills.reopened:
        await reopen_position(tx, context.position_id)
    if plan.kind is PlanKind.ADJUSTMENT:
        return await _finish_adjustment(tx, plan_fills, context, is_complete, now)
    if is_complete:
        await mark_executed(tx, plan.id, now, context.position_id)
        plan_fills.complete = plan.kind is PlanKind.ENTRY
    if plan.kind is PlanKind.ENTRY:
        return []
    if not plan_fills.traded:
        return await conclude(tx, context, now)  # of marker legs only: the position is as open as it was
    changed, closing = models.PositionStatus.RealizedPnLChanged, models.LivePositionState.Closing
    return await conclude(tx, context, now, changed, closing)


async def _finish_adjustment(
    tx: WriteTransaction, plan_fills: PlanFillState, context: FillContext, is_complete: bool, now: datetime
) -> list[models.MesoLiveEvent]:
    """Record that the fills of an adjustment complete it.

    An adjustment that closes the position is complete at once. Any other adjustment is announced, and its variables
    set, by
    `mesolive.trading.execution.plan_completion`.
    """
    events: list[models.MesoLiveEvent] = []
    plan = plan_fills.plan
    if is_complete:
        context = await _follow_with_markers(tx, plan, context, now, events)
    if await is_flat(tx, context.position_id):
        if is_complete:
            await count_adjustment(tx, plan.id, context.position_id)
            await mark_executed(tx, plan.id, now, context.position_id)
        return [*events, *await conclude(tx, context, now)]
    if is_complete:
        await mark_filled(tx, plan.id)
        plan_fills.complete = True
    elif plan_fills.realized != 0:
        realized = await realized_of(tx, context.position_id)
        events.append(position_event(context, models.PositionStatus.RealizedPnLChanged, realized))
    return events


async def _follow_with_markers(
    tx: WriteTransaction, plan: Plan, context: FillContext, now: datetime, events: list[models.MesoLiveEvent]
) -> FillContext:
    """Open and close the marker legs of an adjustment: they go with its last fill, for there is nothing to trade."""
    markers = [leg for leg in plan.legs if leg.qty == 0]
    if markers:
        context = await _with_legs(tx, plan, context, markers, now)
        booked = await book_fills(tx, context, [LegFill(leg, now) for leg in markers], None, opens=True)
        events += booked.events.values()
    return context


async def _with_legs(
    tx: WriteTransaction, plan: Plan, context: FillContext, wanted: Sequence[PlanLeg], at: datetime
) -> FillContext:
    """Make those of an adjustment's legs that it opens and that are not there yet."""
    missing = [leg for leg in wanted if leg.leg_id is None and leg.name not in context.leg_ids]
    if not missing:
        return context
    made = await open_legs(tx, context.user_id, context.account, context.position_id, missing, at)
    await note_opened(tx, plan.id, made)
    return replace(context, leg_ids={**context.leg_ids, **made})


async def fill_markers(
    tx: WriteTransaction, order: StoredOrder, account: Account, plan: Plan, now: datetime
) -> tuple[StoredOrder, PlanFillState, list[models.MesoLiveEvent]]:
    """Fill the order of a group that has marker legs only: at once and here, for there is nothing to trade."""
    filled = replace(order, view=replace(order.view, state=State.FILLED))
    plan_fills = PlanFillState(account, plan, order.multiplier, plan.position_id, filled=True)
    events: list[models.MesoLiveEvent] = []
    if plan.state is not PlanState.PREPARED:
        # The plan's last traded group has opened or closed the marker legs already.
        assert plan.position_id is not None  # noqa: S101 - what was executed has a position
        await change_orders(tx, [filled], now)
        await record_fill(tx, order.id, ZERO, now, plan.position_id)
        return filled, plan_fills, events
    plan_fills.context = await _open_context(tx, plan_fills, order.user_id, now, events)
    await change_orders(tx, [filled], now)
    await record_fill(tx, order.id, ZERO, now, plan_fills.context.position_id)
    events += await finish(tx, plan_fills, now)
    return filled, plan_fills, events


async def is_filled(tx: Transaction, plan: Plan, multiplier: Decimal) -> bool:
    """Whether the orders of a plan have filled all its groups; marker legs need none."""
    filled: dict[int, Decimal] = {}
    for order in await orders_of_plans(tx, [plan.id]):
        filled[order.group] = filled.get(order.group, ZERO) + order.filled
    return all(
        filled.get(group, ZERO) >= quantity.qty for group, quantity in group_quantities(plan.legs, multiplier).items()
    )


async def _open_context(
    tx: WriteTransaction, plan_fills: PlanFillState, user_id: int, at: datetime, events: list[models.MesoLiveEvent]
) -> FillContext:
    """Return what fills of the plan belong to; the first of an entry makes its position."""
    plan, account, multiplier = plan_fills.plan, plan_fills.account, plan_fills.multiplier
    if plan.kind is not PlanKind.ENTRY:
        assert plan.position_id is not None  # noqa: S101 - only an entry is planned without a position
        known = {leg.name: leg.leg_id if leg.leg_id is not None else leg.opened_id for leg in plan.legs}
        leg_ids = {name: leg_id for name, leg_id in known.items() if leg_id is not None}
        return FillContext(user_id, account, plan, plan.position_id, leg_ids, multiplier)
    if plan_fills.position_id is not None:
        leg_ids = await first_legs_by_name(tx, plan_fills.position_id)
        return FillContext(user_id, account, plan, plan_fills.position_id, leg_ids, multiplier)
    context = await open_position(tx, user_id, account, plan, multiplier, at)
    plan_fills.position_id = context.position_id
    await mark_opened(tx, plan.id, context.position_id)
    events.append(position_event(context, models.PositionStatus.Created, ZERO))
    events += [leg_update(context, leg, models.LegStatus.Open, ZERO, ZERO) for leg in plan.legs if leg.qty == 0]
    return context
