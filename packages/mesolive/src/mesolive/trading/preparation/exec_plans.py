"""Exec plans read again (`GetExecPlan`, `ListExecPlans`): what was prepared, and what its orders have done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.store.database import Database
from mesolive.trading.orders.repository import PlanOrder, orders_of_plans
from mesolive.trading.portfolio.plans import Plan, find_plan, group_quantities, newest_plans
from mesolive.trading.preparation.jobs import JobKind, job_of_plan
from mesolive_sdk import models, wire

ZERO, ONE = Decimal(0), Decimal(1)


class ExecPlans:
    """Answers `GetExecPlan` and `ListExecPlans`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user: UserContext, args: models.GetExecPlanArgs) -> models.GetExecPlanResult:
        """Return a plan; `NotFound` when the user has none of that id."""
        async with self._database.read() as tx:
            plan = await find_plan(tx, user.user_id, args.ExecPlanId)
            orders = await orders_of_plans(tx, [plan.id])
            job = await job_of_plan(tx, user.user_id, plan.id)
        result = models.GetExecPlanResult(Plan=shown_plan(plan, orders), JobId=None if job is None else job.id)
        if job is not None and job.result is not None:
            match job.kind:
                case JobKind.ENTRY:
                    result.Entry = wire.decode_json(job.result, models.PreparePositionEntryResult)
                case JobKind.EXIT:
                    result.Exit = wire.decode_json(job.result, models.PreparePositionExitResult)
                case JobKind.ADJUSTMENT:
                    result.Adjustment = wire.decode_json(job.result, models.PreparePositionAdjustmentResult)
        return result

    async def list(self, user: UserContext, args: models.ListExecPlansArgs) -> models.ListExecPlansResult:
        """Return the newest plans that fit."""
        async with self._database.read() as tx:
            plans = await newest_plans(
                tx,
                user.user_id,
                args.Limit,
                position_id=args.PositionId,
                strategy_id=args.StrategyId,
                broker_account_id=args.BrokerAccountId,
                only_open=args.Open,
            )
            orders: dict[int, list[PlanOrder]] = {}
            for order in await orders_of_plans(tx, [plan.id for plan in plans]):
                orders.setdefault(order.plan_id, []).append(order)
        return models.ListExecPlansResult(Plans=[shown_plan(plan, orders.get(plan.id, [])) for plan in plans])


def shown_plan(plan: Plan, orders: Sequence[PlanOrder]) -> models.ExecPlanInfo:
    """Return a plan as the wire shows it, with what its orders have done."""
    used = next((order.multiplier for order in orders if order.multiplier is not None and order.filled), None)
    multiplier = plan.qty_multiplier if used is None else used
    return models.ExecPlanInfo(
        ExecPlanId=plan.id,
        Kind=plan.kind.value,
        State=plan.state.value,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        BrokerAccountId=plan.broker_account_id,
        PositionId=plan.position_id,
        PositionName=plan.position_name,
        QtyMultiplier=multiplier,
        CreatedAt=plan.created_at,
        ExecutedAt=plan.executed_at,
        Groups=[
            models.ExecPlanGroup(
                LegGroupId=group,
                LegRatios=dict(quantity.ratios),
                Qty=quantity.qty,
                Filled=sum((order.filled for order in orders if order.group == group), ZERO),
                WorkingOrderId=next(
                    (order.id for order in orders if order.group == group and not order.state.ended), None
                ),
            )
            for group, quantity in group_quantities(plan.legs, multiplier or ONE).items()
        ],
    )
