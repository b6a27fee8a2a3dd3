"""Plan builder: exec plan and result of a prepared entry or exit, with prices and greeks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from mesolive.language.decision import EntrySelection, Evaluation, shown
from mesolive.market.chain_view import BookView
from mesolive.trading.evaluation.evaluator import StrategyContext
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.marks import exact
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, PlanLeg, group_quantities, leg_groups, wire_groups
from mesolive.trading.portfolio.positions import Position
from mesolive.trading.valuation.engine import value
from mesolive.trading.valuation.subjects import Entry, of_legs
from mesolive.trading.valuation.wire_items import EXACT, QUALITIES, position_fields
from mesolive_sdk import models

V = TypeVar("V")

UNSENT = 0
"""The id on the wire of legs of a plan and their position, which are not stored yet."""

PRICES_AND_GREEKS = 3
MARK_DECIMALS = 6
"""Decimals of a mark that is kept: those of every published price."""
UNGROUPED = -1
"""Stands for group 0 in a valuation, where 0 means that a leg belongs to no sum."""


class PlanValues(Struct, frozen=True):
    """Prices and greeks of a plan's legs, leg groups and whole."""

    leg_prices: dict[str, models.LivePrices]
    leg_greeks: dict[str, models.LiveGreeks]
    group_prices: dict[int, models.LivePrices]
    group_greeks: dict[int, models.LiveGreeks]
    position_price: models.LivePrices
    position_greeks: models.LiveGreeks


def value_plan(legs: Sequence[PlanLeg], quantities: Mapping[str, Decimal], view: BookView) -> PlanValues:
    """Value a plan's legs on a view.

    Parameters
    ----------
    legs
        The plan's legs.
    quantities
        Signed contracts of each: what the greeks are of, and the signs of the combos' prices.
    """
    subject = of_legs(
        [
            Entry(leg.name, leg.traded.contract, quantities[leg.name], group=leg.leg_group_id or UNGROUPED)
            for leg in legs
        ]
    )
    result = value(subject, view)
    fields = position_fields(subject, result, PRICES_AND_GREEKS, PRICES_AND_GREEKS, PRICES_AND_GREEKS)(EXACT)
    return PlanValues(
        leg_prices=fields["LegPrices"],
        leg_greeks=fields["LegGreeks"],
        group_prices=_by_group(fields["LegGroupPrices"]),
        group_greeks=_by_group(fields["LegGroupGreeks"]),
        position_price=fields["PositionPrices"],
        position_greeks=fields["PositionGreeks"],
    )


def entry_plan(
    context: StrategyContext, args: models.PreparePositionEntryArgs, selection: EntrySelection, view: BookView
) -> NewPlan:
    """Return the plan of an entry: the selected contracts, quantities before the multiplier."""
    underlying = view.underlying.underlying
    kind = models.MesoContractType[underlying.kind.value]
    legs: list[PlanLeg] = []
    for leg in selection.legs:
        settles_at = selection.expirations[leg.expiration_name].settles_at
        result = view.find(leg.contract)
        mark = None if result is None else exact(round(float(result[0].mark[result[1]]), MARK_DECIMALS))
        legs.append(
            PlanLeg(
                name=leg.name,
                traded=TradedContract(leg.contract, settles_at, kind, underlying.currency),
                qty=leg.qty,
                leg_group_id=leg.leg_group_id,
                expiration_name=leg.expiration_name,
                mark=mark,
            )
        )
    return NewPlan(
        kind=PlanKind.ENTRY,
        strategy_id=context.strategy_id,
        account_id=context.account.id,
        position_id=None,
        position_name=args.PositionName,
        data_provider=args.DataProvider,
        qty_multiplier=selection.qty_multiplier,
        legs=tuple(legs),
        created_at=view.now,
    )


def entry_result(
    context: StrategyContext,
    plan: NewPlan,
    selection: EntrySelection,
    view: BookView,
    refusals: Sequence[Evaluation] = (),
) -> models.PreparePositionEntryResult:
    """Return the result of a prepared entry as the wire model; the plan's id is set once it is stored.

    `SelectedLegs` show the quantities that would be traded: the definition's times `QtyMultiplier`. Their ids are 0.
    Other reasons against the entry (`refusals`) follow the conditions.
    """
    quantities = {leg.name: leg.qty * selection.qty_multiplier for leg in plan.legs}
    values = value_plan(plan.legs, quantities, view)
    return models.PreparePositionEntryResult(
        ExecPlanId=UNSENT,
        PositionName=plan.position_name,
        StrategyId=context.strategy_id,
        StrategyName=context.strategy_name,
        BrokerAccountId=context.account.broker_account_id,
        SelectedLegs={
            leg.name: models.LiveLeg(
                Id=UNSENT,
                Name=leg.name,
                LiveContract=leg.traded.live,
                LegGroupId=leg.leg_group_id,
                CreatedAt=plan.created_at,
                ClosedAt=None,
                LivePositionId=UNSENT,
                AccountId=context.account.broker_account_id,
                Underlying=leg.traded.contract.underlying,
                Qty=quantities[leg.name],
                AvgEntryPrice=leg.mark if leg.mark is not None else Decimal(0),
                UserSetRealizedPnL=None,
                TrackedRealizedPnL=None,
            )
            for leg in plan.legs
        },
        LegGroups=leg_groups(plan.legs),
        LegGroupQtys=wire_groups(group_quantities(plan.legs, selection.qty_multiplier)),
        AbortConditions=[condition(item) for item in selection.abort_conditions],
        EntryConditions=[condition(item) for item in (*selection.conditions, *refusals)],
        EntryAllowed=selection.allowed and not refusals,
        QtyMultiplier=selection.qty_multiplier,
        Vars=shown(selection.variables),
        LegGreeks=values.leg_greeks,
        LegPrices=values.leg_prices,
        LegGroupGreeks=values.group_greeks,
        LegGroupPrices=values.group_prices,
        PositionGreeks=values.position_greeks,
        PositionPrice=values.position_price,
        UnderlyingPrice=underlying_prices(view),
    )


def exit_plan(position: Position, args: models.PreparePositionExitArgs, view: BookView) -> NewPlan:
    """Return the plan that closes every open leg of a position; marker legs go with it and are not traded."""
    return NewPlan(
        kind=PlanKind.EXIT,
        strategy_id=position.strategy_id,
        account_id=position.account_id,
        position_id=position.id,
        position_name=position.name,
        data_provider=args.DataProvider,
        qty_multiplier=None,
        legs=tuple(
            PlanLeg(
                name=name,
                traded=leg.traded,
                qty=-leg.holding.qty,
                leg_group_id=leg.leg_group_id,
                expiration_name=leg.expiration_name,
                leg_id=leg.id,
            )
            for name, leg in position.open_by_name.items()
        ),
        created_at=view.now,
    )


def exit_result(position: Position, plan: NewPlan, view: BookView) -> models.PreparePositionExitResult:
    """Return the result of a prepared exit as the wire model.

    Legs and greeks are those of the position as it is held. Leg group quantities and prices are those of the orders
    that close it: for a position entered for a credit, `LegGroupPrices` are debits.
    """
    quantities = {name: leg.holding.qty for name, leg in position.open_by_name.items()}
    values = value_plan(plan.legs, quantities, view)
    closing = value_plan(plan.legs, {leg.name: leg.qty for leg in plan.legs}, view)
    return models.PreparePositionExitResult(
        ExecPlanId=UNSENT,
        PositionId=position.id,
        PositionName=position.name,
        StrategyId=position.strategy_id,
        StrategyName=position.strategy_name,
        BrokerAccountId=position.broker_account_id,
        PositionLegs={name: leg.live for name, leg in position.open_by_name.items()},
        LegGroups=leg_groups(plan.legs),
        LegGroupQtys=wire_groups(group_quantities(plan.legs, Decimal(1))),
        Vars=shown(position.variables),
        LegGreeks=values.leg_greeks,
        LegPrices=values.leg_prices,
        LegGroupGreeks=values.group_greeks,
        LegGroupPrices=closing.group_prices,
        PositionGreeks=values.position_greeks,
        PositionPrice=values.position_price,
        UnderlyingPrice=underlying_prices(view),
    )


def condition(evaluation: Evaluation) -> models.ConditionEvaluation:
    """Return an evaluated statement as the wire shows it."""
    return models.ConditionEvaluation(
        Type=models.ConditionType[evaluation.kind.value],
        Statement=evaluation.statement,
        Result=evaluation.result,
        Vars=shown(evaluation.variables),
        Error=evaluation.error,
    )


def _by_group(groups: Mapping[int, V]) -> dict[int, V]:
    return {0 if group == UNGROUPED else group: result for group, result in groups.items()}


def underlying_prices(view: BookView) -> models.LivePrices:
    """Return the underlying's prices for the wire."""
    quote = view.underlying.quote

    def age(at: datetime | None, price: float | None) -> int | None:
        return None if at is None or price is None else max(int((view.now - at).total_seconds() * 1000), 0)

    return models.LivePrices(
        SnapshotTime=view.now,
        Bid=exact(quote.bid),
        Ask=exact(quote.ask),
        Last=exact(quote.last),
        Mark=exact(quote.mark),
        BidAgeMs=age(quote.bid_time, quote.bid),
        AskAgeMs=age(quote.ask_time, quote.ask),
        LastAgeMs=age(quote.last_time, quote.last),
        MarkAgeMs=age(quote.mark_time, quote.mark),
        Quality=QUALITIES[quote.quality],
    )
