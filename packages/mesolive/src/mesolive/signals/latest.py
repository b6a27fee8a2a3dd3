"""Last evaluations of strategies and positions, kept in memory: also those whose conditions were false."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct, structs

from mesolive.access.context import UserContext
from mesolive.language.decision import EntryGate, ExitEvaluation
from mesolive.language.signals import Signals
from mesolive.signals.evaluation import EvaluationResult
from mesolive.signals.keys import Names, Scope
from mesolive.trading.preparation.plan_builder import condition
from mesolive_sdk import models

MAX_ITEMS = 20_000
"""Strategies on accounts whose last evaluation is kept; the one that was evaluated longest ago goes first."""


class _Evaluated(Struct, frozen=True):
    names: Names
    at: datetime
    gate: EntryGate | None
    positions: dict[int, tuple[Names, Signals, datetime]]


class LatestEvaluations:
    """Keeps the last evaluation of each strategy on each account, and answers `GetEvaluations`."""

    def __init__(self) -> None:
        self._latest: OrderedDict[tuple[int, int, int], _Evaluated] = OrderedDict()
        self._versions: dict[int, int] = {}
        self._changed: dict[int, asyncio.Event] = {}

    def version(self, user_id: int) -> int:
        """Return how many evaluations of the user's strategies were kept so far."""
        return self._versions.get(user_id, 0)

    async def changed(self, user_id: int, version: int) -> None:
        """Return when more evaluations of the user's strategies were kept than `version`."""
        while self.version(user_id) == version:
            await self._changed.setdefault(user_id, asyncio.Event()).wait()

    def note(self, names: Names, at: datetime, results: list[EvaluationResult]) -> None:
        """Keep an evaluation.

        Parameters
        ----------
        names
            The strategy on the account.
        at
            The market time of the evaluation.
        results
            What was found on the view of each underlying.
        """
        scope = names.scope
        key = (scope.user_id, scope.strategy_id, scope.account_id)
        positions = {
            position_id: (of, signals, at) for part in results for position_id, (of, signals) in part.signals.items()
        }
        gate = next((part.gate for part in results if part.gate is not None), None)
        self._latest[key] = _Evaluated(names, at, gate, positions)
        self._latest.move_to_end(key)
        while len(self._latest) > MAX_ITEMS:
            self._latest.popitem(last=False)
        self._announce(scope.user_id)

    def keep_only(self, watched: Mapping[Scope, Collection[int]]) -> None:
        """Forget the strategies on accounts, and the positions, that are watched no more.

        Parameters
        ----------
        watched
            By strategy on account the positions that are not closed.
        """
        users: set[int] = set()
        for key, evaluated in list(self._latest.items()):
            positions = watched.get(evaluated.names.scope)
            if positions is None:
                del self._latest[key]
            elif gone := evaluated.positions.keys() - positions:
                left = {place: of for place, of in evaluated.positions.items() if place not in gone}
                self._latest[key] = structs.replace(evaluated, positions=left)
            else:
                continue
            users.add(key[0])
        for user_id in users:
            self._announce(user_id)

    def _announce(self, user_id: int) -> None:
        self._versions[user_id] = self.version(user_id) + 1
        waiting = self._changed.pop(user_id, None)
        if waiting is not None:
            waiting.set()

    async def get(self, user: UserContext, args: models.GetEvaluationsArgs) -> models.GetEvaluationsResult:
        """Return the last evaluations of the user's strategies."""
        return models.GetEvaluationsResult(
            Evaluations=[
                _shown(evaluated, args.PositionId)
                for (user_id, strategy_id, _), evaluated in sorted(self._latest.items())
                if user_id == user.user_id
                and args.StrategyId in {None, strategy_id}
                and args.BrokerAccountId in {None, evaluated.names.broker_account_id}
                and (args.PositionId is None or args.PositionId in evaluated.positions)
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


def exit_result(evaluation: ExitEvaluation) -> models.ExitSignalsResult:
    """Return the checks of an exit as the wire shows them."""
    return models.ExitSignalsResult(
        ScheduleOk=evaluation.schedule_ok,
        MaxDaysInTrade=None if evaluation.max_days_in_trade is None else condition(evaluation.max_days_in_trade),
        ProfitTarget=None if evaluation.profit_target is None else condition(evaluation.profit_target),
        StopLoss=None if evaluation.stop_loss is None else condition(evaluation.stop_loss),
        Conditions=[condition(item) for item in evaluation.conditions],
    )


def _shown(evaluated: _Evaluated, only: int | None) -> models.StrategyEvaluated:
    """Return an evaluation as the wire shows it; `only` is the one position that is asked for."""
    return models.StrategyEvaluated(
        StrategyId=evaluated.names.scope.strategy_id,
        StrategyName=evaluated.names.strategy_name,
        BrokerAccountId=evaluated.names.broker_account_id,
        At=evaluated.at,
        Entry=None if evaluated.gate is None or only is not None else entry_result(evaluated.gate),
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
            for position_id, (names, signals, at) in evaluated.positions.items()
            if signals.exit is not None and only in {None, position_id}
        ],
    )
