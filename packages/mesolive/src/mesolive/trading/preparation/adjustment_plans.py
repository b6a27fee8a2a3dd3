"""Exec plan and result of a prepared adjustment: closed legs, opened legs, adjustment count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from mesolive.errors import conflict
from mesolive.language import CompiledStrategy
from mesolive.language.decision import AdjustmentSelection, Operation, shown
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.trading.portfolio.adjustments import AdjustmentStep
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.marks import exact
from mesolive.trading.portfolio.plans import (
    NewPlan,
    PlanKind,
    PlanLeg,
    distinct_names,
    group_quantities,
    leg_groups,
    wire_groups,
)
from mesolive.trading.portfolio.positions import Leg, Position
from mesolive.trading.preparation.plan_builder import MARK_DECIMALS, UNSENT, condition, underlying_prices, value_plan
from mesolive_sdk import models

NEVER_SPENT = -1
"""A number of adjustments that no `MaxAdjustmentCount` is reached by."""


class CountReport(Struct, frozen=True):
    """How many adjustments a position has had, and how many its strategy allows."""

    done: int
    allowed: int

    @property
    def evaluation(self) -> models.ConditionEvaluation:
        """The comparison, as the wire shows it."""
        return models.ConditionEvaluation(
            Type=models.ConditionType.Adjustment,
            Statement="adjustment_count >= MaxAdjustmentCount",
            Result=self.done >= self.allowed,
            Vars={"adjustment_count": Decimal(self.done), "MaxAdjustmentCount": Decimal(self.allowed)},
        )


def adjusting(strategy: CompiledStrategy, selection: AdjustmentSelection) -> AdjustmentStep:
    """Return what the plan of a selection carries out, by its place among the operations of its condition."""
    operation, text = selection.operation, selection.condition
    operations = next(
        adjustment.rule.operations for adjustment in strategy.adjustments if adjustment.condition.text == text
    )
    trading = [operation for operation in operations if operation is not Operation.UPDATE_VARS]
    if selection.liquidates or not trading or operation is Operation.UPDATE_VARS:
        return AdjustmentStep(operation, text, counts=False, updates=False)
    return AdjustmentStep(
        operation,
        text,
        counts=operation is trading[0],
        updates=operation is trading[-1] and Operation.UPDATE_VARS in operations,
    )


def count_report(strategy: CompiledStrategy, position: Position) -> CountReport | None:
    """Return the count of a position's adjustments; `None` where its strategy sets no limit."""
    max_count = strategy.definition.adjustment.max_count
    return None if max_count is None else CountReport(position.adjustment_count, int(max_count))


def adjustment_plan(
    position: Position, args: models.PreparePositionAdjustmentArgs, selection: AdjustmentSelection, view: BookView
) -> NewPlan:
    """Return the plan of an adjustment: what it closes, then what it opens.

    Where an earlier move was filled in part, the unclosed rest of its old leg is closed with the leg of that name.

    Raises
    ------
    ServiceError
        `Conflict` when the leg would be moved back to the contract that such a rest is of.
    """
    closing = _closed(position, selection)
    names = distinct_names((leg.name for leg in closing), (leg.name for leg in selection.opening))
    legs = [
        PlanLeg(
            name=name,
            traded=leg.traded,
            qty=-leg.holding.qty,
            leg_group_id=leg.leg_group_id,
            expiration_name=leg.expiration_name,
            leg_id=leg.id,
        )
        for name, leg in zip(names, closing, strict=True)
    ]
    underlying = view.underlying.underlying
    kind = models.MesoContractType[underlying.kind.value]
    for selected in selection.opening:
        result = view.find(selected.contract)
        mark = None if result is None else exact(round(float(result[0].mark[result[1]]), MARK_DECIMALS))
        settles_at = _settles_at(view, selected.contract)
        rest = [leg for leg in closing if leg.name == selected.name][1:]
        if any(leg.traded.contract == selected.contract for leg in rest):
            raise conflict(
                f"leg '{selected.name}' would be moved back to {selected.contract}, of which an earlier move has left "
                "some: order the rest of that move, or close the position",
                code="LegMovedInPart",
            )
        legs.append(
            PlanLeg(
                name=selected.name,
                traded=TradedContract(selected.contract, settles_at, kind, underlying.currency),
                qty=selected.qty + sum((leg.holding.qty for leg in rest), Decimal(0)),
                leg_group_id=selected.leg_group_id,
                expiration_name=selected.expiration_name or None,
                mark=mark,
            )
        )
    return NewPlan(
        kind=PlanKind.ADJUSTMENT,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        position_id=position.id,
        position_name=position.name,
        data_provider=args.DataProvider,
        qty_multiplier=None,
        legs=tuple(legs),
        created_at=view.now,
    )


def _closed(position: Position, selection: AdjustmentSelection) -> list[Leg]:
    """Return the legs that a selection closes, each followed by the older ones of its name."""
    by_name = position.open_by_name
    result: dict[int, Leg] = {}
    for state in selection.closing:
        chosen = by_name[state.name]
        same = [leg for leg in position.open_legs[::-1] if leg.name == state.name]
        result.update((leg.id, leg) for leg in [chosen, *same])
    return list(result.values())


def _settles_at(view: BookView, contract: OptionContract) -> datetime:
    return next(
        expiration.settles_at
        for expiration in view.expirations
        if (expiration.root, expiration.day) == (contract.root, contract.day)
    )


def adjustment_result(
    position: Position,
    plan: NewPlan,
    selection: AdjustmentSelection,
    count: CountReport | None,
    view: BookView,
) -> models.PreparePositionAdjustmentResult:
    """Return the result of a prepared adjustment as the wire model.

    `OrderLegs` show what would be traded, with the sign of the trade; a moved leg is there twice, the old one under its
    name with `:close` behind it. Prices and greeks of legs and groups are those of the orders; those of the position
    are of what would be held afterwards.
    """
    traded = {leg.name: leg.qty for leg in plan.legs}
    values = value_plan(plan.legs, traded, view)
    closed = {leg.leg_id for leg in plan.legs if leg.leg_id is not None}
    remaining = [
        PlanLeg(name, leg.traded, leg.holding.qty, leg.leg_group_id)
        for name, leg in position.open_by_name.items()
        if leg.id not in closed
    ]
    after = [*remaining, *(replace(leg, name=leg.own_name) for leg in plan.legs if leg.leg_id is None)]
    valued = value_plan(after, {leg.name: leg.qty for leg in after}, view)
    reports = [condition(item) for item in selection.abort_conditions]
    if count is not None:
        reports.append(count.evaluation)
    return models.PreparePositionAdjustmentResult(
        ExecPlanId=UNSENT,
        PositionId=position.id,
        PositionName=position.name,
        StrategyId=position.strategy_id,
        StrategyName=position.strategy_name,
        BrokerAccountId=position.broker_account_id,
        Operation=models.PositionAdjustmentOperation[selection.operation.value],
        Condition=selection.condition,
        OrderLegs={leg.name: _order_leg(position, plan, leg) for leg in plan.legs},
        LegGroups=leg_groups(plan.legs),
        LegGroupQtys=wire_groups(group_quantities(plan.legs, Decimal(1))),
        QtyMultiplier=None,
        AbortConditions=reports or None,
        AdjustmentAllowed=selection.allowed,
        Vars=shown({**position.variables, **selection.variables}),
        LegGreeks=values.leg_greeks,
        LegPrices=values.leg_prices,
        LegGroupGreeks=values.group_greeks,
        LegGroupPrices=values.group_prices,
        PositionGreeks=valued.position_greeks,
        PositionPrice=valued.position_price,
        UnderlyingPrice=underlying_prices(view),
    )


def _order_leg(position: Position, plan: NewPlan, leg: PlanLeg) -> models.LiveLeg:
    entry_prices: Mapping[int, Decimal] = {leg.id: leg.entry_price for leg in position.legs}
    entry = leg.mark if leg.leg_id is None else entry_prices[leg.leg_id]
    return models.LiveLeg(
        Id=UNSENT if leg.leg_id is None else leg.leg_id,
        Name=leg.own_name,
        LiveContract=leg.traded.live,
        LegGroupId=leg.leg_group_id,
        CreatedAt=plan.created_at,
        ClosedAt=None,
        LivePositionId=position.id,
        AccountId=position.broker_account_id,
        Underlying=leg.traded.contract.underlying,
        Qty=leg.qty,
        AvgEntryPrice=entry if entry is not None else Decimal(0),
        UserSetRealizedPnL=None,
        TrackedRealizedPnL=None,
    )
