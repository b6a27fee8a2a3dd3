"""Paper accounts (`ApplyPaperFills`): client-reported fills become positions, legs, executions, cash and events.

All fills of one call are booked in one transaction, together with its events and its idempotency record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, not_found, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import PositionState
from mesolive.records import replace
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.trading.evaluation.adjustment_variables import SetVariables
from mesolive.trading.evaluation.concurrency import ConcurrencyCheck
from mesolive.trading.evaluation.entry_variables import CapturedVariables, EntryVariableCapture
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.paper.adjustments import AdjustmentFills
from mesolive.trading.paper.fills import ZERO, book_groups, checked_fills, last_fill, too_early
from mesolive.trading.portfolio.accounts import Account, find_account, must_be_paper
from mesolive.trading.portfolio.booking import (
    FillContext,
    LegFill,
    complete_entry,
    conclude,
    open_position,
    position_event,
)
from mesolive.trading.portfolio.plans import Plan, PlanKind, PlanState, executed_already, find_plan, mark_executed
from mesolive.trading.portfolio.position_queries import last_opening
from mesolive.trading.portfolio.positions import find_position
from mesolive_sdk import models


class PaperExecution:
    """Executes exec plans on paper accounts."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        capture: EntryVariableCapture,
        adjustments: AdjustmentFills,
        clock: Clock,
    ) -> None:
        self._database = database
        self._adjustments = adjustments
        self._journal = journal
        self._idempotency = idempotency
        self._capture = capture
        self._clock = clock

    async def apply(
        self, user: UserContext, args: models.ApplyPaperFillsArgs
    ) -> models.MesoLiveApiResponse[models.ApplyPaperFillsResult]:
        """Book the fills of a plan.

        Raises
        ------
        ServiceError
            `NotFound` for a plan or an account that the user does not have, or a plan of another account;
            `NotSupported` for an account that is not paper; `Conflict` for a plan that was executed, or whose position
            has changed since; `ValidationError` for fills that do not match the plan's legs.
        """
        evaluated = await self._evaluate(user, args)
        warnings: list[str | None] = []

        async def book(tx: WriteTransaction) -> models.ApplyPaperFillsResult:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            must_be_paper(account)
            plan = await find_plan(tx, user.user_id, args.ExecPlanId)
            now = await self._moment(tx, plan)
            multiplier, fills = checked_fills(args, plan, now)
            if plan.state is not PlanState.PREPARED:
                raise executed_already(plan.id)
            if plan.kind is PlanKind.ENTRY:
                warnings[:] = [await ConcurrencyCheck(tx, user.user_id).warning(plan)]
                captured = evaluated if isinstance(evaluated, CapturedVariables) else None
                return await self._enter(tx, user, account, plan, multiplier, fills, captured, now)
            if plan.kind is PlanKind.ADJUSTMENT:
                variables = evaluated if isinstance(evaluated, SetVariables) else None
                return await self._adjustments.book(tx, user, account, plan, fills, variables, now)
            return await self._exit(tx, user, account, plan, fills, now)

        answer = await self._idempotency.run(
            user, args.IdempotencyKey, models.IdempotencyOperation.ApplyPaperFills, args, book
        )
        if answer.Status is models.StatusCode.Success and any(warnings):
            answer.Message = warnings[0]
        return answer

    async def _evaluate(
        self, user: UserContext, args: models.ApplyPaperFillsArgs
    ) -> CapturedVariables | SetVariables | None:
        """Evaluate the variables of an entry or adjustment before the transaction begins, so that no writer waits.

        The call is not validated here: the transaction does that, on the state that it reads.
        """
        async with self._database.read() as tx:
            try:
                account = await find_account(tx, user.user_id, args.BrokerAccountId)
                plan = await find_plan(tx, user.user_id, args.ExecPlanId)
                now = await self._moment(tx, plan)
                multiplier, fills = checked_fills(args, plan, now)
            except ServiceError:
                return None
            if plan.kind is PlanKind.EXIT or plan.state is not PlanState.PREPARED:
                return None
            context = await self._capture.context(tx, user.user_id, account, plan.strategy_id)
            pending = None
            if plan.kind is PlanKind.ADJUSTMENT:
                pending = await self._adjustments.variables(tx, context, plan, fills)
        if plan.kind is PlanKind.ADJUSTMENT:
            return None if pending is None else await self._adjustments.evaluate_adjustment_variables(pending, plan)
        return await self._capture.capture(context, preview(fills, multiplier, now), plan.data_provider)

    async def _moment(self, tx: Transaction, plan: Plan) -> datetime:
        """Return the market's time, or that of the plan or the latest opened leg where the market has restarted since.

        A simulated market may begin at the same moment at every start of the server, so a position of an earlier run
        may have opened in the future. It must still be possible to close it.
        """
        now = max(self._clock.now(), plan.created_at)
        if plan.position_id is None:
            return now
        opened = await last_opening(tx, plan.position_id)
        return now if opened is None else max(now, opened)

    async def _enter(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        multiplier: Decimal,
        fills: Sequence[LegFill],
        captured: CapturedVariables | None,
        now: datetime,
    ) -> models.ApplyPaperFillsResult:
        opened_at = min((fill.at for fill in fills if fill.fill is not None), default=now)
        context = await open_position(tx, user.user_id, account, plan, multiplier, opened_at)
        booked = await book_groups(tx, context, fills, now)
        await complete_entry(tx, context.position_id, {} if captured is None else captured.variables)
        await mark_executed(tx, plan.id, now, context.position_id)
        events: list[models.MesoLiveEvent] = [*booked.orders, *booked.legs]
        events.append(position_event(context, models.PositionStatus.Created, ZERO))
        if captured is not None:
            events += captured.error_events(plan, context.position_id)
        await self._journal.append(tx, user.user_id, events)
        return booked.result(context)

    async def _exit(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        fills: Sequence[LegFill],
        now: datetime,
    ) -> models.ApplyPaperFillsResult:
        if plan.position_id is None:
            raise not_found(f"the position of exec plan {plan.id}")
        position = await find_position(tx, user.user_id, plan.position_id)
        open_legs = position.open_by_name
        same = len(open_legs) == len(fills) and all(
            fill.leg.name in open_legs and open_legs[fill.leg.name].holding.qty == -fill.leg.qty for fill in fills
        )
        if not same:
            raise conflict(
                f"position {position.id} has changed since exec plan {plan.id} was prepared; prepare the exit again",
                code="PlanOutdated",
            )
        early = too_early(fills, open_legs)
        if early:
            raise validation(early)
        closed_at = last_fill(fills, now)
        # Marker legs close with the position.
        fills = [fill if fill.fill is not None else replace(fill, at=closed_at) for fill in fills]
        context = FillContext(
            user.user_id, account, plan, position.id, {name: leg.id for name, leg in open_legs.items()}
        )
        booked = await book_groups(tx, context, fills, now)
        await mark_executed(tx, plan.id, now, position.id)
        concluded = await conclude(tx, context, closed_at)
        await self._journal.append(tx, user.user_id, [*booked.orders, *booked.legs, *concluded])
        return booked.result(context)


def preview(fills: Sequence[LegFill], multiplier: Decimal, now: datetime) -> PositionState:
    """Return the position after the fills, as the capture of the entry-time variables reads it."""
    return PositionState(
        legs=tuple(fill.opened_leg(fill.leg.name) for fill in fills),
        opened_at=min((fill.at for fill in fills if fill.fill is not None), default=now),
        qty_multiplier=multiplier,
    )
