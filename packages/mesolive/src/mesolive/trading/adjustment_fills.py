"""Carrying out an adjustment by fills that the user tells: legs and variables change in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random

from sqlalchemy import select

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, conflict, validation
from mesolive.journal.journal import Journal
from mesolive.language import CompiledStrategy, freeze_at_adjustment
from mesolive.language.decision import LegState, Operation, PositionState, SelectionError
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import legs, positions
from mesolive.trading.accounts import Account
from mesolive.trading.adjustment_plans import find_adjusting
from mesolive.trading.adjustment_preparation import find_open
from mesolive.trading.booking import apply_fill, total
from mesolive.trading.books import (
    Books,
    close_position,
    leg_event,
    leg_update,
    position_event,
    realize,
    set_leg_status,
)
from mesolive.trading.evaluation import EvaluationRoom, StrategyContext
from mesolive.trading.freezing import Frozen, resolved_events
from mesolive.trading.paper_fills import ZERO, LegFill, book_fills, too_early
from mesolive.trading.plans import Plan, mark_executed
from mesolive.trading.positions import Leg, Position, find_position
from mesolive.trading.rows import insert
from mesolive_sdk import models


@dataclass(frozen=True, slots=True)
class SetVariables:
    """What an adjustment sets, worked out on the position as its fills make it.

    Attributes
    ----------
    frozen
        The new values, and the statements that failed.
    before
        The position's variables that they were worked out from.
    """

    frozen: Frozen
    before: Mapping[str, Decimal]


class AdjustmentFills:
    """Books adjustments.

    Parameters
    ----------
    room
        Where the language runs.
    """

    def __init__(self, journal: Journal, room: EvaluationRoom) -> None:
        self._journal = journal
        self._room = room

    async def variables(
        self, tx: Transaction, context: StrategyContext, plan: Plan, fills: Sequence[LegFill], now: datetime
    ) -> PendingVariables | None:
        """Read what is needed to work out the variables; `None` when there is nothing to set."""
        what = await find_adjusting(tx, plan.id)
        try:
            place, position = find_open(context, plan.position_id or 0)
        except ServiceError:
            return None  # the transaction says what is wrong
        after = position_after(position, fills, now)
        operations = [what.operation, *([Operation.UPDATE_VARS] if what.updates else [])]
        if not after.legs:
            return None  # it closes the position: nothing reads its variables any more
        return PendingVariables(context, place, position, after, what.condition, operations)

    async def work_out(self, pending: PendingVariables, plan: Plan) -> SetVariables:
        """Evaluate the `VarDefines` of an adjustment on the market now."""
        before = pending.position.variables
        try:
            symbol = pending.position.legs[0].traded.contract.underlying
            view = self._room.fresh_view(symbol, plan.data_provider)
            account = pending.context.account_state(self._room.marks(view))

            def freeze(strategy: CompiledStrategy, external: Mapping[str, float], random: Random) -> Frozen:
                state, found = pending.after, Frozen({})
                for operation in pending.operations:
                    held = list(account.positions)
                    held[pending.place] = state
                    one = freeze_at_adjustment(
                        strategy,
                        view,
                        replace(account, positions=tuple(held)),
                        state,
                        condition=pending.condition,
                        operation=operation,
                        external=external,
                        random=random,
                    )
                    failed = tuple(evaluation for evaluation in one.evaluations if evaluation.error is not None)
                    found = Frozen({**found.variables, **one.variables}, (*found.failed, *failed))
                    state = replace(state, variables={**state.variables, **one.variables})
                return found

            name = f"adjustment/{plan.id}"
            frozen = await self._room.run(pending.context, name, view, plan.data_provider, freeze)
        except ServiceError as error:
            frozen = Frozen({}, unavailable=error.message)
        except SelectionError as error:  # the definition was changed since the plan was prepared
            frozen = Frozen({}, unavailable=str(error))
        return SetVariables(frozen, before)

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
        what = await find_adjusting(tx, plan.id)
        at = max((told.fill.at for told in fills if told.fill is not None), default=now)
        leg_ids = {name: leg.id for name, leg in closing.items()}
        leg_ids |= await _open_legs(tx, position, plan, fills, now)
        books = Books(user.user_id, account, plan, position.id, leg_ids)
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
        count = position.adjustment_count + (1 if what.counts else 0)
        emptied = bool(plan.legs) and await _holds_nothing(tx, position.id)
        if not emptied and (found is None or found.before != position.variables):
            raise conflict(f"the variables of position {position.id} have just changed; apply the fills again")
        variables = dict(position.variables) if found is None else {**position.variables, **found.frozen.variables}
        await tx.execute(
            positions.update().where(positions.c.id == position.id).values(adjustment_count=count, variables=variables)
        )
        if emptied or found is None:
            await close_position(tx, books, at)
            events.append(position_event(books, models.PositionStatus.Closed, realized))
            events += await resolved_events(tx, user.user_id, position.id)
        else:
            events.append(position_event(books, models.PositionStatus.Adjusted, realized))
            events += found.frozen.error_events(plan, position.id, "not set by the adjustment")
        await self._journal.append(tx, user.user_id, events)
        return booked.result(books)


@dataclass(frozen=True, slots=True)
class PendingVariables:
    """Variables that are to be worked out before an adjustment is booked.

    Attributes
    ----------
    place
        Where the position stands in the context.
    after
        The position as the fills make it.
    operations
        Whose `VarDefines` are evaluated, in this order.
    """

    context: StrategyContext
    place: int
    position: Position
    after: PositionState
    condition: str
    operations: Sequence[Operation]


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


async def _open_legs(
    tx: WriteTransaction, position: Position, plan: Plan, fills: Sequence[LegFill], now: datetime
) -> dict[str, int]:
    """Make the legs that the plan opens, still without a fill, and return their ids by name."""
    return {
        told.leg.name: await insert(
            tx,
            legs,
            user_id=position.user_id,
            account_id=plan.account_id,
            position_id=position.id,
            name=told.leg.own_name,
            **told.leg.traded.columns,
            status=models.LegStatus.Opening.name,
            qty=ZERO,
            held_qty=ZERO,
            cost=ZERO,
            average_entry_price=told.leg.mark if told.leg.qty == 0 and told.leg.mark is not None else ZERO,
            leg_group_id=told.leg.leg_group_id,
            expiration_name=told.leg.expiration_name,
            tracked_realized_pnl=ZERO,
            created_at=now if told.fill is None else told.fill.at,
        )
        for told in fills
        if told.leg.leg_id is None
    }


async def _holds_nothing(tx: Transaction, position_id: int) -> bool:
    rows = await tx.all(select(legs.c.held_qty).where(legs.c.position_id == position_id))
    return all(row.held_qty == 0 for row in rows)
