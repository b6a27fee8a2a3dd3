"""Automatic variable updates: conditions whose only action is `UpdateVars`, carried out by the server. Pure.

With an adjustment schedule an update is carried out at each scheduled time at which its condition holds, once:
`daily_pnl = pos_pnl` under a condition that always holds runs once a day. Without a schedule it is carried out when its
condition begins to hold, and again only after the condition was false. When the condition is false with the new values
(`pos_pnl > best` sets `best`), the next evaluation may carry it out again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from random import Random

from msgspec import Struct

from mesolive.language import CompiledStrategy, evaluate_adjustments, freeze_at_adjustment
from mesolive.language.decision import AccountState, AdjustmentEvaluation, Operation, PositionState
from mesolive.market.view import MarketView
from mesolive.records import replace


class Update(Struct, frozen=True):
    """One automatic update: carried out or failed.

    Attributes
    ----------
    before, variables
        The position's variables without it and with it.
    changed
        Those that have other values than before.
    error
        Why nothing was set; `None` when it was carried out.
    holds
        Whether the condition still holds with the new values.
    scheduled_at
        The scheduled time that it was carried out for; `None` without a schedule.
    """

    condition: str
    before: Mapping[str, Decimal]
    variables: Mapping[str, Decimal]
    changed: Mapping[str, Decimal]
    error: str | None
    holds: bool
    scheduled_at: datetime | None = None


def due(evaluation: AdjustmentEvaluation) -> bool | None:
    """Return whether an automatic update is called for now; `None` when its condition is unknown."""
    if not evaluation.schedule_ok:
        return False
    return evaluation.evaluation.result


def carry_out(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState,
    evaluations: Sequence[AdjustmentEvaluation],
    done: Collection[str],
    *,
    external: Mapping[str, float],
    random: Random,
) -> list[Update]:
    """Carry out the updates that are due, in the order of their conditions, each seeing what those before it set.

    Parameters
    ----------
    evaluations
        All conditional adjustments of the position at this moment.
    done
        Conditions whose update was carried out for this scheduled time, or since they began to hold.
    """
    result: list[Update] = []
    for evaluation in evaluations:
        if not evaluation.automatic or evaluation.condition in done or due(evaluation) is not True:
            continue
        frozen = freeze_at_adjustment(
            strategy,
            view,
            account,
            position,
            condition=evaluation.condition,
            operation=Operation.UPDATE_VARS,
            external=external,
            random=random,
        )
        failed = [
            f"{evaluation.statement}: {evaluation.error}"
            for evaluation in frozen.evaluations
            if evaluation.error is not None
        ]
        if failed:
            variables = position.variables
            reason = "; ".join(failed)
            result.append(Update(evaluation.condition, variables, variables, {}, reason, True, evaluation.scheduled_at))
            continue
        changed = {name: value for name, value in frozen.variables.items() if position.variables.get(name) != value}
        updated = replace(position, variables={**position.variables, **frozen.variables})
        account = replace(account, positions=tuple(updated if item is position else item for item in account.positions))
        before, position = position.variables, updated
        again = evaluate_adjustments(strategy, view, account, position, external=external, random=random)
        holds = any(item.condition == evaluation.condition and item.evaluation.result is True for item in again)
        at = evaluation.scheduled_at
        result.append(Update(evaluation.condition, before, position.variables, changed, None, holds, at))
    return result
