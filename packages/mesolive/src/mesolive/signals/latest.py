"""Last evaluations of strategies and positions, kept in memory: also those whose conditions were false."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from mesolive.access.context import UserContext
from mesolive.language.decision import EntryGate, ExitEvaluation
from mesolive.language.signals import Signals
from mesolive.signals.evaluation import Found
from mesolive.signals.keys import Names
from mesolive.trading.preparation.plan_builder import condition
from mesolive_sdk import models

MAX_KEPT = 20_000
"""Strategies on accounts whose last evaluation is kept; the one that was evaluated longest ago goes first."""


@dataclass(frozen=True, slots=True)
class _Evaluated:
    names: Names
    at: datetime
    gate: EntryGate | None
    positions: dict[int, tuple[Names, Signals, datetime]]


class LatestEvaluations:
    """Keeps the last evaluation of each strategy on each account, and answers `GetEvaluations`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int, int], _Evaluated] = OrderedDict()

    def note(self, names: Names, at: datetime, found: list[Found]) -> None:
        """Keep an evaluation.

        Parameters
        ----------
        names
            The strategy on the account.
        at
            The market time of the evaluation.
        found
            What was found on the view of each underlying.
        """
        scope = names.scope
        key = (scope.user_id, scope.strategy_id, scope.account_id)
        positions = {
            position_id: (of, signals, at) for part in found for position_id, (of, signals) in part.signals.items()
        }
        gate = next((part.gate for part in found if part.gate is not None), None)
        self._kept[key] = _Evaluated(names, at, gate, positions)
        self._kept.move_to_end(key)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    async def get(self, user: UserContext, args: models.GetEvaluationsArgs) -> models.GetEvaluationsResult:
        """Return the last evaluations of the user's strategies."""
        return models.GetEvaluationsResult(
            Evaluations=[
                _shown(kept)
                for (user_id, strategy_id, _), kept in sorted(self._kept.items())
                if user_id == user.user_id
                and args.StrategyId in {None, strategy_id}
                and args.BrokerAccountId in {None, kept.names.broker_account_id}
            ]
        )


def entry_result(gate: EntryGate) -> models.EntrySignalsResult:
    """Return the checks of an entry as the wire shows them."""
    return models.EntrySignalsResult(
        ScheduleOk=gate.schedule_ok,
        ConcurrencyOk=gate.concurrency_ok,
        ReentryOk=gate.reentry_ok,
        Conditions=[condition(item) for item in gate.conditions],
        EntryAllowed=gate.entry_allowed,
        NextEntryAt=gate.next_entry_at,
    )


def exit_result(found: ExitEvaluation) -> models.ExitSignalsResult:
    """Return the checks of an exit as the wire shows them."""
    return models.ExitSignalsResult(
        ScheduleOk=found.schedule_ok,
        MaxDaysInTrade=None if found.max_days_in_trade is None else condition(found.max_days_in_trade),
        ProfitTarget=None if found.profit_target is None else condition(found.profit_target),
        StopLoss=None if found.stop_loss is None else condition(found.stop_loss),
        Conditions=[condition(item) for item in found.conditions],
    )


def _shown(kept: _Evaluated) -> models.StrategyEvaluated:
    return models.StrategyEvaluated(
        StrategyId=kept.names.scope.strategy_id,
        StrategyName=kept.names.strategy_name,
        BrokerAccountId=kept.names.broker_account_id,
        At=kept.at,
        Entry=None if kept.gate is None else entry_result(kept.gate),
        Positions=[
            models.PositionEvaluated(
                PositionId=position_id,
                PositionName=names.position_name,
                At=at,
                Exit=exit_result(signals.exit),
                Adjustments=[
                    models.AdjustmentEvaluated(
                        Condition=condition(item.evaluation),
                        ScheduleOk=item.schedule_ok,
                        Automatic=item.automatic,
                    )
                    for item in signals.adjustments
                ],
            )
            for position_id, (names, signals, at) in kept.positions.items()
            if signals.exit is not None
        ],
    )
