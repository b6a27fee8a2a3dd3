"""Variables of an adjustment: its `VarDefines`, evaluated on the position after its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random

from msgspec import Struct

from mesolive.errors import ServiceError
from mesolive.language import CompiledStrategy, freeze_at_adjustment
from mesolive.language.decision import Operation, PositionState, SelectionError
from mesolive.records import replace
from mesolive.store.database import Transaction
from mesolive.trading.evaluation.entry_variables import CapturedVariables
from mesolive.trading.evaluation.evaluator import StrategyContext, StrategyEvaluator, decision_name
from mesolive.trading.portfolio.adjustments import find_adjustment_step
from mesolive.trading.portfolio.plans import Plan
from mesolive.trading.portfolio.positions import Position


class SetVariables(Struct, frozen=True):
    """The variables that an adjustment sets, evaluated on the position after its fills.

    Attributes
    ----------
    captured
        The new values, and the statements that failed.
    before
        The position's variables before the evaluation.
    """

    captured: CapturedVariables
    before: Mapping[str, Decimal]

    @property
    def merged(self) -> dict[str, Decimal]:
        """The position's variables with the new values."""
        return {**self.before, **self.captured.variables}


class PendingVariables(Struct, frozen=True):
    """Variables to evaluate before an adjustment is booked, or after its last fill.

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


async def pending_variables(
    tx: Transaction, context: StrategyContext, plan: Plan, place: int, after: PositionState
) -> PendingVariables | None:
    """Read the inputs of an adjustment's variables.

    Returns
    -------
    `None` when there is nothing to set: the adjustment closes the position, and nothing reads its variables any more.
    """
    if not after.legs:
        return None
    what = await find_adjustment_step(tx, plan.id)
    operations = [what.operation, *([Operation.UPDATE_VARS] if what.updates else [])]
    return PendingVariables(context, place, context.positions[place], after, what.condition, operations)


async def evaluate_adjustment_variables(
    evaluator: StrategyEvaluator, pending: PendingVariables, plan: Plan
) -> SetVariables:
    """Evaluate the `VarDefines` of an adjustment on the current market; one that fails is reported and sets nothing."""
    before = pending.position.variables
    try:
        symbol = pending.position.legs[0].traded.contract.underlying
        view = evaluator.fresh_view(symbol, plan.data_provider, pending.context.account)
        account = pending.context.account_state(evaluator.marks(view, pending.context.account))

        def capture(strategy: CompiledStrategy, external: Mapping[str, float], random: Random) -> CapturedVariables:
            state, result = pending.after, CapturedVariables({})
            for operation in pending.operations:
                positions = list(account.positions)
                positions[pending.place] = state
                captured = freeze_at_adjustment(
                    strategy,
                    view,
                    replace(account, positions=tuple(positions)),
                    state,
                    condition=pending.condition,
                    operation=operation,
                    external=external,
                    random=random,
                )
                failed = tuple(evaluation for evaluation in captured.evaluations if evaluation.error is not None)
                result = CapturedVariables({**result.variables, **captured.variables}, (*result.failed, *failed))
                state = replace(state, variables={**state.variables, **captured.variables})
            return result

        context = pending.context
        name = decision_name(context.strategy_id, context.account.id, pending.position.id, view.now)
        captured = await evaluator.run(context, name, view, plan.data_provider, capture)
    except ServiceError as error:
        captured = CapturedVariables.none(error)
    except SelectionError as error:  # the definition was changed since the plan was prepared
        captured = CapturedVariables({}, unavailable=str(error))
    return SetVariables(captured, before)
