"""Condition results to signals: entry, exit and adjustment signals with their evidence, and errors. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mesolive.journal.unstamped import UNSTAMPED
from mesolive.language.decision import AdjustmentEvaluation, EntryGate, Evaluation, ExitEvaluation
from mesolive.signals.consideration import Consideration
from mesolive.signals.keys import Kind, Names, Subject
from mesolive.signals.transitions import ConditionResult
from mesolive.trading.preparation.plan_builder import condition
from mesolive_sdk import models


def entry_findings(names: Names, gate: EntryGate, time: Consideration) -> Iterator[ConditionResult]:
    """Yield the entry signal of a strategy on an account, and the errors of its conditions.

    With a schedule the signal begins at a scheduled time only; it ends as soon as one condition no longer holds.
    """

    def event(on: bool) -> models.MesoLiveEvent:
        return _entry_event(
            names,
            on,
            models.EntrySignalsResult(
                ScheduleOk=gate.schedule_ok,
                ConcurrencyOk=gate.concurrency_ok,
                ReentryOk=gate.reentry_ok,
                Conditions=[condition(item) for item in gate.conditions],
                EntryAllowed=gate.entry_allowed,
                NextEntryAt=gate.next_entry_at,
            ),
        )

    holds = None if gate.entry_allowed and not time.decides else gate.entry_allowed
    yield ConditionResult(Subject(Kind.ENTRY, names.scope), holds, event, time.renews)
    yield from errors(names, gate.conditions)


def no_entry(names: Names) -> ConditionResult:
    """Return that the strategy may not enter, without asking its conditions."""
    return ConditionResult(Subject(Kind.ENTRY, names.scope), False, lambda on: _entry_event(names, on, None))


def exit_findings(names: Names, evaluation: ExitEvaluation, time: Consideration) -> Iterator[ConditionResult]:
    """Yield the exit signal of a position, and the errors of its checks.

    `ScheduleOk` says that this is a scheduled time: automation acts then. The signal is active for as long as a check
    holds, and is raised again at each of its scheduled times.

    A check that cannot be evaluated raises no signal, and it ends none either: it is unknown, not false.
    """

    def event(on: bool) -> models.MesoLiveEvent:
        return models.ExitSignalEvent(
            EventTime=UNSTAMPED,
            State=_state(on),
            StrategyId=names.scope.strategy_id,
            StrategyName=names.strategy_name,
            PositionId=names.position_id,
            PositionName=names.position_name,
            BrokerAccountId=names.broker_account_id,
            ExitSignalResult=models.ExitSignalsResult(
                ScheduleOk=time.decides,
                MaxDaysInTrade=None
                if evaluation.max_days_in_trade is None
                else condition(evaluation.max_days_in_trade),
                ProfitTarget=None if evaluation.profit_target is None else condition(evaluation.profit_target),
                StopLoss=None if evaluation.stop_loss is None else condition(evaluation.stop_loss),
                Conditions=[condition(item) for item in evaluation.conditions],
            ),
        )

    yield ConditionResult(Subject(Kind.EXIT, names.scope), evaluation.holds, event, time.renews)
    yield from errors(names, evaluation.rules)


def adjustment_findings(
    names: Names, adjustment: AdjustmentEvaluation, time: Consideration
) -> Iterator[ConditionResult]:
    """Yield the signal of one conditional adjustment, and its error; `AdjustmentTimeOk` as `ScheduleOk` of an exit."""

    def event(on: bool) -> models.MesoLiveEvent:
        return models.AdjustmentSignalEvent(
            EventTime=UNSTAMPED,
            State=_state(on),
            StrategyId=names.scope.strategy_id,
            StrategyName=names.strategy_name,
            PositionId=names.position_id,
            PositionName=names.position_name,
            BrokerAccountId=names.broker_account_id,
            AdjustmentTimeOk=time.decides,
            Condition=condition(adjustment.evaluation),
        )

    subject = Subject(Kind.ADJUSTMENT, names.scope, adjustment.condition)
    yield ConditionResult(subject, adjustment.evaluation.result, event, time.renews)
    yield from errors(names, [adjustment.evaluation])


def errors(names: Names, evaluations: Iterable[Evaluation]) -> Iterator[ConditionResult]:
    """Yield one error per statement that could not be evaluated."""
    for evaluation in evaluations:
        if evaluation.error is not None:
            kind = models.ConditionType[evaluation.kind.value]
            yield error(names, evaluation.error, kind, evaluation.statement)


def error(
    names: Names, message: str, kind: models.ConditionType | None = None, statement: str | None = None, cause: str = ""
) -> ConditionResult:
    """Return an error.

    Parameters
    ----------
    kind, statement
        The statement that failed, where one did.
    cause
        What failed otherwise: names the error among those of the scope.
    """
    subject = Subject(Kind.ERROR, names.scope, f"{kind.name if kind is not None else cause}\n{statement or ''}")

    def event(on: bool) -> models.MesoLiveEvent:
        return models.ErrorEvent(
            EventTime=UNSTAMPED,
            State=models.ErrorState.Active if on else models.ErrorState.Resolved,
            ErrorId=subject.error_id,
            StrategyId=names.scope.strategy_id,
            StrategyName=names.strategy_name,
            PositionId=names.scope.position_id,
            PositionName=names.position_name or None,
            BrokerAccountId=names.broker_account_id,
            Message=message,
            ConditionType=kind,
            Statement=statement,
        )

    return ConditionResult(subject, True, event)


def _entry_event(names: Names, on: bool, result: models.EntrySignalsResult | None) -> models.EntrySignalEvent:
    return models.EntrySignalEvent(
        EventTime=UNSTAMPED,
        State=_state(on),
        StrategyId=names.scope.strategy_id,
        StrategyName=names.strategy_name,
        BrokerAccountId=names.broker_account_id,
        EntrySignalResult=result,
    )


def _state(on: bool) -> models.SignalState:
    return models.SignalState.On if on else models.SignalState.Off
