"""Order blotter: queries of the Control Hub for orders and executions, by id and in lists."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, select

from mesolive.access.context import UserContext
from mesolive.errors import not_found
from mesolive.store.database import Database
from mesolive.store.paging import Pager
from mesolive.store.tables.trading import accounts, executions, orders
from mesolive.trading.orders.history import order_history
from mesolive.trading.portfolio.contract_rows import from_row
from mesolive.trading.portfolio.plans import Plan, find_plans, group_quantities
from mesolive_sdk import models

BEYOND_ALL = 2**63 - 1
"""Where a list that begins with the newest row begins: no row has a greater id."""


class Orders:
    """Order and execution queries of the Control Hub."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def get(self, user: UserContext, args: models.GetOrderArgs) -> models.Order:
        """Return one order of the user, or raise `NotFound`."""
        async with self._database.read() as tx:
            row = await tx.first(_orders(user).where(orders.c.id == args.LiveOrderId))
            if row is None:
                raise not_found(f"order {args.LiveOrderId}")
            plans = await find_plans(tx, user.user_id, [row.plan_id])
        return order_of(row, plans)

    async def history(self, user: UserContext, args: models.GetOrderHistoryArgs) -> models.GetOrderHistoryResult:
        """Return what was asked of one of the user's orders, what the venue reported, and what followed."""
        history = await order_history(self._database, args.LiveOrderId, user.user_id)
        return models.GetOrderHistoryResult(
            LiveOrderId=history.order_id,
            PositionId=history.fields.get("position_id"),
            ReplacesOrderId=history.fields.get("replaces_id"),
            ReplacedByOrderId=history.fields.get("replaced_by"),
            UnresolvedSince=history.fields.get("unresolved_since"),
            Reason=history.fields.get("reason"),
            Entries=[
                models.OrderHistoryEntry(
                    At=entry.at, What=entry.what, Who=entry.who, Change=entry.change, Detail=entry.detail
                )
                for entry in history.entries
            ],
        )

    async def list(self, user: UserContext, args: models.ListOrdersArgs) -> models.ListOrdersResult:
        """Return the user's orders that pass every given filter, oldest first, or newest first where that is asked."""
        backwards = args.NewestFirst
        page = self._pager.page(user.user_id, "ListOrders", args, start=BEYOND_ALL if backwards else 0)
        query = _orders(user).limit(page.limit + 1)
        if backwards:
            query = query.where(orders.c.id < page.after).order_by(orders.c.id.desc())
        else:
            query = query.where(orders.c.id > page.after).order_by(orders.c.id)
        if args.ExecPlanId is not None:
            query = query.where(orders.c.plan_id == args.ExecPlanId)
        if args.BrokerAccountId is not None:
            query = query.where(accounts.c.broker_account_id == args.BrokerAccountId)
        if args.State is not None:
            query = query.where(orders.c.state == args.State.name)
        async with self._database.read() as tx:
            shown, token = page.cut(await tx.all(query))
            plans = await find_plans(tx, user.user_id, {row.plan_id for row in shown})
        return models.ListOrdersResult(Orders=[order_of(row, plans) for row in shown], ContinuationToken=token)

    async def get_execution(self, user: UserContext, args: models.GetExecutionArgs) -> models.LiveExecution:
        """Return one execution of the user, or raise `NotFound`."""
        async with self._database.read() as tx:
            row = await tx.first(_executions(user).where(executions.c.id == args.ExecutionId))
        if row is None:
            raise not_found(f"execution {args.ExecutionId}")
        return execution_of(row)

    async def get_executions(self, user: UserContext, args: models.GetExecutionsArgs) -> models.GetExecutionsResult:
        """Return the executions asked for, in that order, and the ids that the user does not have."""
        async with self._database.read() as tx:
            rows = await tx.all(_executions(user).where(executions.c.id.in_(args.ExecutionIds)))
        by_id = {row.id: execution_of(row) for row in rows}
        wanted = list(dict.fromkeys(args.ExecutionIds))
        return models.GetExecutionsResult(
            Executions=[by_id[number] for number in wanted if number in by_id],
            MissingExecutionIds=[number for number in wanted if number not in by_id],
        )

    async def list_executions(self, user: UserContext, args: models.ListExecutionsArgs) -> models.ListExecutionsResult:
        """Return the user's executions that pass every given filter, oldest first."""
        page = self._pager.page(user.user_id, "ListExecutions", args)
        query = _executions(user).where(executions.c.id > page.after).order_by(executions.c.id).limit(page.limit + 1)
        if args.ExecPlanId is not None:
            query = query.where(executions.c.plan_id == args.ExecPlanId)
        if args.LiveOrderId is not None:
            query = query.where(executions.c.order_id == args.LiveOrderId)
        if args.PositionId is not None:
            query = query.where(executions.c.position_id == args.PositionId)
        if args.BrokerAccountId is not None:
            query = query.where(accounts.c.broker_account_id == args.BrokerAccountId)
        async with self._database.read() as tx:
            shown, token = page.cut(await tx.all(query))
        return models.ListExecutionsResult(Executions=[execution_of(row) for row in shown], ContinuationToken=token)


def _orders(user: UserContext) -> Select[Any]:
    return (
        select(orders, accounts.c.broker_account_id)
        .join(accounts, accounts.c.id == orders.c.account_id)
        .where(orders.c.user_id == user.user_id)
    )


def _executions(user: UserContext) -> Select[Any]:
    return (
        select(executions, accounts.c.broker_account_id)
        .join(accounts, accounts.c.id == executions.c.account_id)
        .where(executions.c.user_id == user.user_id)
    )


def order_of(row: Row[Any], plans: Mapping[int, Plan]) -> models.Order:
    """Return the order that a row of `orders` joined with `accounts.broker_account_id` holds.

    Parameters
    ----------
    plans
        The exec plans of the orders, by id: what each group trades.
    """
    plan = plans.get(row.plan_id)
    group = None if plan is None else group_quantities(plan.legs, Decimal(1)).get(row.leg_group_id)
    return models.Order(
        OrderId=row.id,
        CreatedAt=row.created_at,
        FilledAt=row.filled_at,
        ExecPlanId=row.plan_id,
        BrokerAccountId=row.broker_account_id,
        LegGroupId=row.leg_group_id,
        State=models.OrderState[row.state],
        Side=row.side,
        Qty=row.qty,
        CumQty=row.filled_qty,
        AvgFillPrice=row.average_fill_price,
        LastFillPrice=row.last_fill_price,
        LimitPrice=row.limit_price,
        StopPrice=row.stop_price,
        OrderType=models.OrderType[row.order_type],
        TimeInForce=models.TimeInForce[row.time_in_force],
        LastUpdated=row.last_updated,
        LegRatios=None if group is None else dict(group.ratios),
        Legs=None if plan is None or group is None else _legs_of(plan, group.ratios),
        PositionId=row.position_id if plan is None or row.position_id is not None else plan.position_id,
        StrategyId=row.strategy_id,
        Reason=row.reason,
        ReplacesOrderId=row.replaces_id,
        ReplacedByOrderId=row.replaced_by,
        UnresolvedSince=row.unresolved_since,
        SentBy=row.sent_by,
    )


def _legs_of(plan: Plan, ratios: Mapping[str, Decimal]) -> list[models.OrderLeg]:
    by_name = {leg.name: leg for leg in plan.legs}
    return [
        models.OrderLeg(Name=name, Ratio=ratio, Contract=by_name[name].traded.live, LegId=by_name[name].leg_id)
        for name, ratio in ratios.items()
    ]


def execution_of(row: Row[Any]) -> models.LiveExecution:
    """Return the execution that a row of `executions` joined with `accounts.broker_account_id` holds."""
    return models.LiveExecution(
        Id=row.id,
        BrokerExecutionId=row.broker_execution_id,
        LiveOrderId=row.order_id,
        ExecPlanId=row.plan_id,
        BrokerAccountId=row.broker_account_id,
        PositionId=row.position_id,
        LegId=row.leg_id,
        LegName=row.leg_name,
        Contract=from_row(row).live,
        Qty=row.qty,
        Price=row.price,
        Commission=row.commission,
        ExecutedAt=row.executed_at,
    )
