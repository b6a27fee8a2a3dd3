"""Paper accounts: the user tells the fills, and they become positions, legs, executions, cash and events.

Everything that one call tells is booked in one transaction, together with its events and its idempotency record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, not_found, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import LegState, PositionState
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.trading import legs
from mesolive.trading.evaluation.adjustment_variables import SetVariables
from mesolive.trading.evaluation.entry_variables import CapturedVariables, EntryVariableCapture, resolved_events
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.paper.adjustments import AdjustmentFills
from mesolive.trading.paper.fills import ZERO, LegFill, book_fills, checked_fills, too_early
from mesolive.trading.portfolio.accounting import total
from mesolive.trading.portfolio.accounts import Account, find_account, must_be_paper
from mesolive.trading.portfolio.plans import Plan, PlanKind, PlanState, find_plan, mark_executed
from mesolive.trading.portfolio.position_updates import (
    FillContext,
    close_position,
    complete_entry,
    leg_event,
    leg_update,
    open_position,
    position_event,
    realize,
    set_leg_status,
)
from mesolive.trading.portfolio.positions import find_position
from mesolive_sdk import models


class PaperExecution:
    """Carries out plans on paper accounts."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        freezer: EntryVariableCapture,
        adjustments: AdjustmentFills,
        clock: Clock,
    ) -> None:
        self._database = database
        self._adjustments = adjustments
        self._journal = journal
        self._idempotency = idempotency
        self._freezer = freezer
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
        found = await self._evaluate(user, args)

        async def book(tx: WriteTransaction) -> models.ApplyPaperFillsResult:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            must_be_paper(account)
            plan = await find_plan(tx, user.user_id, args.ExecPlanId)
            now = await self._moment(tx, plan)
            multiplier, fills = checked_fills(args, plan, now)
            if plan.state is not PlanState.PREPARED:
                raise conflict(f"exec plan {plan.id} was executed already; prepare again to trade again")
            if plan.kind is PlanKind.ENTRY:
                frozen = found if isinstance(found, CapturedVariables) else None
                return await self._enter(tx, user, account, plan, multiplier, fills, frozen, now)
            if plan.kind is PlanKind.ADJUSTMENT:
                variables = found if isinstance(found, SetVariables) else None
                return await self._adjustments.book(tx, user, account, plan, fills, variables, now)
            return await self._exit(tx, user, account, plan, fills, now)

        return await self._idempotency.run(
            user, args.IdempotencyKey, models.IdempotencyOperation.ApplyPaperFills, args, book
        )

    async def _evaluate(
        self, user: UserContext, args: models.ApplyPaperFillsArgs
    ) -> CapturedVariables | SetVariables | None:
        """Evaluate what an entry freezes or an adjustment sets before the transaction begins: no writer waits for it.

        Whatever is wrong with the call is not judged here: the transaction does, on the state that it then finds.
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
            context = await self._freezer.context(tx, user.user_id, account, plan.strategy_id)
            pending = None
            if plan.kind is PlanKind.ADJUSTMENT:
                pending = await self._adjustments.variables(tx, context, plan, fills, now)
        if plan.kind is PlanKind.ADJUSTMENT:
            return None if pending is None else await self._adjustments.evaluate_adjustment_variables(pending, plan)
        return await self._freezer.freeze(context, preview(fills, multiplier, now), plan.data_provider)

    async def _moment(self, tx: Transaction, plan: Plan) -> datetime:
        """Return the market's time, or that of the plan or the last opened leg where the market began anew since.

        A simulated market may begin at the same moment at every start of the server, and what was opened in an earlier
        run is then opened in the future. It must be possible to close it all the same.
        """
        now = max(self._clock.now(), plan.created_at)
        if plan.position_id is None:
            return now
        opened = await tx.scalar(select(func.max(legs.c.created_at)).where(legs.c.position_id == plan.position_id))
        return now if opened is None else max(now, opened)

    async def _enter(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        multiplier: Decimal,
        fills: Sequence[LegFill],
        frozen: CapturedVariables | None,
        now: datetime,
    ) -> models.ApplyPaperFillsResult:
        opened_at = min((told.fill.at for told in fills if told.fill is not None), default=now)
        books = await open_position(tx, user.user_id, account, plan, multiplier, opened_at)
        booked = await book_fills(tx, books, multiplier, fills, now)
        events: list[models.MesoLiveEvent] = [*booked.orders]
        for told in fills:
            one = booked.legs.get(told.leg.name)
            if one is None or told.fill is None:
                events.append(leg_update(books, told.leg, models.LegStatus.Open, ZERO, ZERO))
            else:
                await set_leg_status(tx, books.leg_ids[told.leg.name], models.LegStatus.Open, told.fill.at)
                events.append(leg_event(books, one, models.LegStatus.Open))
        await complete_entry(tx, books, {} if frozen is None else frozen.variables)
        await mark_executed(tx, plan.id, now, books.position_id)
        events.append(position_event(books, models.PositionStatus.Created, ZERO))
        if frozen is not None:
            events += frozen.error_events(plan, books.position_id)
        await self._journal.append(tx, user.user_id, events)
        return booked.result(books)

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
        held = position.open_by_name
        same = len(held) == len(fills) and all(
            told.leg.name in held and held[told.leg.name].holding.qty == -told.leg.qty for told in fills
        )
        if not same:
            raise conflict(
                f"position {position.id} has changed since exec plan {plan.id} was prepared; prepare the exit again"
            )
        early = too_early(fills, held)
        if early:
            raise validation(early)
        leg_ids = {name: leg.id for name, leg in held.items()}
        books = FillContext(user.user_id, account, plan, position.id, leg_ids)
        booked = await book_fills(tx, books, Decimal(1), fills, now)
        events: list[models.MesoLiveEvent] = [*booked.orders]
        for told in fills:
            one = booked.legs.get(told.leg.name)
            if one is None or told.fill is None:
                events.append(leg_update(books, told.leg, models.LegStatus.Closed, ZERO, ZERO))
            else:
                await set_leg_status(tx, leg_ids[told.leg.name], models.LegStatus.Closed, told.fill.at)
                events.append(leg_event(books, one, models.LegStatus.Closed))
        realized = await realize(tx, books, total(one.realized for one in booked.legs.values()))
        await close_position(tx, books, max((told.fill.at for told in fills if told.fill is not None), default=now))
        await mark_executed(tx, plan.id, now, position.id)
        events.append(position_event(books, models.PositionStatus.Closed, realized))
        events += await resolved_events(tx, user.user_id, position.id)
        await self._journal.append(tx, user.user_id, events)
        return booked.result(books)


def preview(fills: Sequence[LegFill], multiplier: Decimal, now: datetime) -> PositionState:
    """Return the position that the fills make, as the language reads it when it freezes the entry's variables."""
    return PositionState(
        legs=tuple(
            LegState(
                name=told.leg.name,
                contract=told.leg.traded.contract,
                qty=told.holding.qty,
                opened_at=now if told.fill is None else told.fill.at,
                entry_price=told.entry_price,
                leg_group_id=told.leg.leg_group_id,
                expiration_name=told.leg.expiration_name,
            )
            for told in fills
        ),
        opened_at=min((told.fill.at for told in fills if told.fill is not None), default=now),
        qty_multiplier=multiplier,
    )
