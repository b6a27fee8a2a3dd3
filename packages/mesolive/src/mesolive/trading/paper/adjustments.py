"""Books a client-reported adjustment of a paper account: its legs and variables change in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, conflict, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import PositionState
from mesolive.records import replace
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.trading.evaluation.adjustment_variables import (
    PendingVariables,
    SetVariables,
    evaluate_adjustment_variables,
    pending_variables,
)
from mesolive.trading.evaluation.evaluator import StrategyContext, StrategyEvaluator
from mesolive.trading.paper.fills import book_groups, last_fill, too_early
from mesolive.trading.portfolio.accounting import apply_fill
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.adjustments import count_adjustment
from mesolive.trading.portfolio.booking import FillContext, LegFill, conclude, open_legs, position_event
from mesolive.trading.portfolio.plans import Plan, mark_executed
from mesolive.trading.portfolio.positions import Leg, Position, find_position
from mesolive.trading.portfolio.repository import is_flat, open_with_variables, set_variables
from mesolive.trading.preparation.adjustments import find_open
from mesolive_sdk import models


class AdjustmentFills:
    """Books adjustments.

    Parameters
    ----------
    evaluator
        The strategy evaluator.
    """

    def __init__(self, journal: Journal, evaluator: StrategyEvaluator) -> None:
        self._journal = journal
        self._evaluator = evaluator

    async def variables(
        self, tx: Transaction, context: StrategyContext, plan: Plan, fills: Sequence[LegFill]
    ) -> PendingVariables | None:
        """Read the inputs of the variables; `None` when there is nothing to set."""
        try:
            place, position = find_open(context, plan.position_id or 0)
        except ServiceError:
            return None  # the transaction raises the error
        return await pending_variables(tx, context, plan, place, position_after(position, fills))

    async def evaluate_adjustment_variables(self, pending: PendingVariables, plan: Plan) -> SetVariables:
        """Evaluate the `VarDefines` of an adjustment on the market now."""
        return await evaluate_adjustment_variables(self._evaluator, pending, plan)

    async def book(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        fills: Sequence[LegFill],
        evaluated: SetVariables | None,
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
        leg_ids = {name: leg.id for name, leg in closing.items()}
        leg_ids |= await open_legs(
            tx, user.user_id, account, position.id, [leg for leg in plan.legs if leg.leg_id is None], now
        )
        context = FillContext(user.user_id, account, plan, position.id, leg_ids)
        booked = await book_groups(tx, context, fills, now)
        await mark_executed(tx, plan.id, now, position.id)
        await count_adjustment(tx, plan.id, position.id)
        events: list[models.MesoLiveEvent] = [*booked.orders, *booked.legs]
        if plan.legs and await is_flat(tx, position.id):
            events += await conclude(tx, context, last_fill(fills, now))
        else:
            record = None if evaluated is None else await open_with_variables(tx, position.id, evaluated.before)
            if evaluated is None or record is None:
                raise conflict(
                    f"the variables of position {position.id} have just changed; apply the fills again",
                    code="VariablesChanged",
                )
            await set_variables(tx, record, evaluated.merged)
            events.append(position_event(context, models.PositionStatus.Adjusted, record.realized_pnl))
            events += evaluated.captured.error_events(plan, position.id, "not set by the adjustment")
        await self._journal.append(tx, user.user_id, events)
        return booked.result(context)


def position_after(position: Position, fills: Sequence[LegFill]) -> PositionState:
    """Return the position after the fills, as strategies read it."""
    before = position.language_state
    by_id = {leg.id: leg for leg in position.open_legs}
    closed = {fill.leg.leg_id for fill in fills if fill.leg.leg_id is not None}
    realized = before.realized_pnl
    for fill in fills:
        leg = by_id.get(fill.leg.leg_id or 0)
        if leg is not None and fill.fill is not None:
            realized += apply_fill(leg.holding, fill.fill)[1]
    opened = tuple(fill.opened_leg(fill.leg.own_name) for fill in fills if fill.leg.leg_id is None)
    unchanged = tuple(leg.state for leg in position.open_legs if leg.id not in closed)
    return replace(before, legs=(*unchanged, *opened), realized_pnl=realized)


def _closing(position: Position, plan: Plan, fills: Sequence[LegFill]) -> dict[str, Leg]:
    """Return the closed legs by their names in the plan; the position must be unchanged since the preparation."""
    changed = conflict(
        f"position {position.id} has changed since exec plan {plan.id} was prepared; prepare the adjustment again",
        code="PlanOutdated",
    )
    if position.state is not models.LivePositionState.Open:
        raise changed
    by_id = {leg.id: leg for leg in position.open_legs}
    closing: dict[str, Leg] = {}
    for fill in fills:
        if fill.leg.leg_id is not None:
            leg = by_id.pop(fill.leg.leg_id, None)
            if leg is None or leg.holding.qty != -fill.leg.qty:
                raise changed
            closing[fill.leg.name] = leg
    taken = {leg.name for leg in by_id.values()}
    if any(fill.leg.leg_id is None and fill.leg.name in taken for fill in fills):
        raise changed
    early = too_early([fill for fill in fills if fill.leg.leg_id is not None], closing)
    if early:
        raise validation(early)
    return closing
