"""Carrying out an adjustment by fills that the user tells: legs and variables change in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, conflict, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import LegState, PositionState
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import positions
from mesolive.trading.evaluation.adjustment_variables import (
    PendingVariables,
    SetVariables,
    evaluate_adjustment_variables,
    pending_variables,
)
from mesolive.trading.evaluation.entry_variables import resolved_events
from mesolive.trading.evaluation.evaluator import StrategyContext, StrategyEvaluator
from mesolive.trading.paper.fills import ZERO, LegFill, book_fills, too_early
from mesolive.trading.portfolio.accounting import apply_fill, total
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.adjustments import count_adjustment
from mesolive.trading.portfolio.plans import Plan, mark_executed
from mesolive.trading.portfolio.position_updates import (
    FillContext,
    close_position,
    holds_nothing,
    leg_event,
    leg_update,
    open_legs,
    position_event,
    realize,
    set_leg_status,
)
from mesolive.trading.portfolio.positions import Leg, Position, find_position
from mesolive.trading.preparation.adjustments import find_open
from mesolive_sdk import models


class AdjustmentFills:
    """Books adjustments.

    Parameters
    ----------
    room
        Where the language runs.
    """

    def __init__(self, journal: Journal, room: StrategyEvaluator) -> None:
        self._journal = journal
        self._room = room

    async def variables(
        self, tx: Transaction, context: StrategyContext, plan: Plan, fills: Sequence[LegFill], now: datetime
    ) -> PendingVariables | None:
        """Read what is needed to work out the variables; `None` when there is nothing to set."""
        try:
            place, position = find_open(context, plan.position_id or 0)
        except ServiceError:
            return None  # the transaction says what is wrong
        return await pending_variables(tx, context, plan, place, position_after(position, fills, now))

    async def evaluate_adjustment_variables(self, pending: PendingVariables, plan: Plan) -> SetVariables:
        """Evaluate the `VarDefines` of an adjustment on the market now."""
        return await evaluate_adjustment_variables(self._room, pending, plan)

    async def book(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        fills: Sequence[LegFill],
        found: SetVariables | None,
        now: datetime,
    ) -> models.ApplyPaperFillsResult:
        """Book an adjustment within the caller's transaction.

        Raises
        ------
        ServiceError
            `Conflict` when the position has changed since the plan was prepared; `ValidationError` for a leg that
            would be closed before it was opened.
        """
        position = await find_position(tx, user.user_id, plan.position_id or 0)
        closing = _closing(position, plan, fills)
        at = max((told.fill.at for told in fills if told.fill is not None), default=now)
        leg_ids = {name: leg.id for name, leg in closing.items()}
        leg_ids |= await open_legs(
            tx, user.user_id, account, position.id, [leg for leg in plan.legs if leg.leg_id is None], now
        )
        books = FillContext(user.user_id, account, plan, position.id, leg_ids)
        booked = await book_fills(tx, books, Decimal(1), fills, now)
        events: list[models.MesoLiveEvent] = [*booked.orders]
        for told in fills:
            closed = told.leg.leg_id is not None
            status = models.LegStatus.Closed if closed else models.LegStatus.Open
            moment = now if told.fill is None else told.fill.at
            await set_leg_status(tx, leg_ids[told.leg.name], status, moment)
            one = booked.legs.get(told.leg.name)
            events.append(
                leg_update(books, told.leg, status, ZERO, ZERO) if one is None else leg_event(books, one, status)
            )
        realized = await realize(tx, books, total(one.realized for one in booked.legs.values()))
        await mark_executed(tx, plan.id, now, position.id)
        await count_adjustment(tx, plan.id, position.id)
        emptied = bool(plan.legs) and await holds_nothing(tx, position.id)
        if not emptied and (found is None or found.before != position.variables):
            raise conflict(f"the variables of position {position.id} have just changed; apply the fills again")
        variables = dict(position.variables) if found is None else found.merged
        await tx.execute(positions.update().where(positions.c.id == position.id).values(variables=variables))
        if emptied or found is None:
            await close_position(tx, books, at)
            events.append(position_event(books, models.PositionStatus.Closed, realized))
            events += await resolved_events(tx, user.user_id, position.id)
        else:
            events.append(position_event(books, models.PositionStatus.Adjusted, realized))
            events += found.frozen.error_events(plan, position.id, "not set by the adjustment")
        await self._journal.append(tx, user.user_id, events)
        return booked.result(books)


def position_after(position: Position, fills: Sequence[LegFill], now: datetime) -> PositionState:
    """Return the position that the fills make, as the language reads it."""
    before = position.language_state
    by_id = {leg.id: leg for leg in position.open_legs}
    closed = {told.leg.leg_id for told in fills if told.leg.leg_id is not None}
    realized = before.realized_pnl
    for told in fills:
        leg = by_id.get(told.leg.leg_id or 0)
        if leg is not None and told.fill is not None:
            realized += apply_fill(leg.holding, told.fill)[1]
    opened = tuple(
        LegState(
            name=told.leg.own_name,
            contract=told.leg.traded.contract,
            qty=told.holding.qty,
            opened_at=now if told.fill is None else told.fill.at,
            entry_price=told.entry_price,
            leg_group_id=told.leg.leg_group_id,
            expiration_name=told.leg.expiration_name,
        )
        for told in fills
        if told.leg.leg_id is None
    )
    kept = tuple(leg.state for leg in position.open_legs if leg.id not in closed)
    return replace(before, legs=(*kept, *opened), realized_pnl=realized)


def _closing(position: Position, plan: Plan, fills: Sequence[LegFill]) -> dict[str, Leg]:
    """Return the legs that are closed, by their names in the plan, when the position is as it was prepared for."""
    changed = conflict(
        f"position {position.id} has changed since exec plan {plan.id} was prepared; prepare the adjustment again"
    )
    if position.state is not models.LivePositionState.Open:
        raise changed
    by_id = {leg.id: leg for leg in position.open_legs}
    closing: dict[str, Leg] = {}
    for told in fills:
        if told.leg.leg_id is not None:
            leg = by_id.pop(told.leg.leg_id, None)
            if leg is None or leg.holding.qty != -told.leg.qty:
                raise changed
            closing[told.leg.name] = leg
    taken = {leg.name for leg in by_id.values()}
    if any(told.leg.leg_id is None and told.leg.name in taken for told in fills):
        raise changed
    early = too_early([told for told in fills if told.leg.leg_id is not None], closing)
    if early:
        raise validation(early)
    return closing
