"""Preparation of one adjustment operation, in the evaluation thread on one market view."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from random import Random

from msgspec import Struct

from mesolive.errors import ServiceError, conflict
from mesolive.language import CompiledStrategy, select_adjustment
from mesolive.language.decision import AccountState, AdjustmentSelection, Constraint, Operation
from mesolive.market.chain_view import BookView
from mesolive.records import replace
from mesolive.store.database import Transaction
from mesolive.trading.evaluation.evaluator import StrategyContext, StrategyEvaluator, decision_name
from mesolive.trading.orders.open_orders import open_order_of_position
from mesolive.trading.portfolio.adjustments import AdjustmentStep
from mesolive.trading.portfolio.plans import NewPlan, is_being_completed
from mesolive.trading.portfolio.positions import Position
from mesolive.trading.preparation.adjustment_plans import (
    NEVER_SPENT,
    CountReport,
    adjusting,
    adjustment_plan,
    adjustment_result,
    count_report,
)
from mesolive.trading.preparation.fresh_quotes import FreshQuotes
from mesolive_sdk import models


class PreparedAdjustment(Struct, frozen=True):
    """The result of a preparation: the exec plan with its adjustment step, and the answer without the plan's id."""

    plan: NewPlan
    result: models.PreparePositionAdjustmentResult
    adjusting: AdjustmentStep


async def prepare_adjustment(
    evaluator: StrategyEvaluator,
    fresh: FreshQuotes,
    context: StrategyContext,
    args: models.PreparePositionAdjustmentArgs,
    *,
    enforce_count: bool,
) -> PreparedAdjustment:
    """Prepare an adjustment.

    Parameters
    ----------
    fresh
        Waits for quotes of what is to be opened.
    context
        The position's strategy on its account.
    enforce_count
        Whether an adjustment beyond `MaxAdjustmentCount` closes the position instead; otherwise the count is reported
        and no more.

    Raises
    ------
    ServiceError
        `Conflict` for a position that is not open; what `StrategyEvaluator` raises.
    SelectionError
        When there is no such adjustment or operation, a leg is not open (or already is), or nothing fits.
    """
    place, position = find_open(context, args.PositionId)
    symbol = position.legs[0].traded.contract.underlying

    def select(
        view: BookView, strategy: CompiledStrategy, external: Mapping[str, float], random: Random
    ) -> tuple[AdjustmentSelection, AdjustmentStep, CountReport | None]:
        account = context.account_state(evaluator.marks(view, context.account))
        seen = account if enforce_count else _uncounted(account, place)
        selection = select_adjustment(
            strategy,
            view,
            seen,
            seen.positions[place],
            condition=args.Condition,
            operation=Operation(args.Operation.value),
            constraint=Constraint(str(args.LegSelectionConstraint)),
            external=external,
            random=random,
        )
        return selection, adjusting(strategy, selection), count_report(strategy, position)

    async def choose(view: BookView) -> tuple[AdjustmentSelection, AdjustmentStep, CountReport | None]:
        name = decision_name(context.strategy_id, context.account.id, position.id, view.now)
        return await evaluator.run(context, name, view, args.DataProvider, partial(select, view))

    (selection, what, count), view = await fresh.select(
        symbol,
        args.DataProvider or context.account.provider,
        lambda: evaluator.fresh_view(symbol, args.DataProvider, context.account),
        choose,
        lambda chosen: [leg.contract for leg in chosen[0].opening],
    )
    evaluator.require_quotes(view, [leg.contract for leg in selection.opening])
    plan = adjustment_plan(position, args, selection, view)
    return PreparedAdjustment(plan, adjustment_result(position, plan, selection, count, view), what)


def find_open(context: StrategyContext, position_id: int) -> tuple[int, Position]:
    """Return an open position of the context and its place there.

    Raises
    ------
    ServiceError
        `Conflict` when it is closed, or orders that open or close it are under way.
    """
    for place, position in enumerate(context.positions):
        if position.id == position_id:
            if position.state is models.LivePositionState.Open:
                return place, position
            raise conflict(
                f"position {position_id} is {position.state.name.lower()}; only an open one can be adjusted",
                code="PositionNotOpen",
            )
    raise conflict(f"position {position_id} is closed", code="PositionClosed")


async def must_not_be_under_way(tx: Transaction, position: Position) -> None:
    """Refuse to prepare an adjustment while the position is about to change.

    Raises
    ------
    ServiceError
        `Conflict` while an order of the position works, or an adjustment is filled and its variables are not set yet.
    """
    order_id = await open_order_of_position(tx, position.id)
    if order_id is not None:
        raise conflict(
            f"order {order_id} of position {position.id} has not ended; cancel it, or wait for it", code="OrderWorking"
        )
    if await is_being_completed(tx, position.id):
        raise being_completed(position.id)


def being_completed(position_id: int) -> ServiceError:
    """Return the error for a position with a filled adjustment whose variables are not set yet."""
    return conflict(
        f"an adjustment of position {position_id} is being completed; an event reports its end",
        code="AdjustmentBeingCompleted",
    )


def _uncounted(account: AccountState, place: int) -> AccountState:
    positions = list(account.positions)
    positions[place] = replace(positions[place], adjustment_count=NEVER_SPENT)
    return replace(account, positions=tuple(positions))
