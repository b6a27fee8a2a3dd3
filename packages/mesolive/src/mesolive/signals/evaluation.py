"""Evaluation of one strategy on one account and market view: entry, exits, adjustments, updates. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from msgspec import Struct

from mesolive.language import CompiledStrategy, evaluate_signals
from mesolive.language.decision import AccountState, AdjustmentEvaluation, EntryGate, PositionState
from mesolive.language.schedule import Schedule
from mesolive.language.signals import Signals
from mesolive.market.view import MarketView
from mesolive.signals import auto_updates
from mesolive.signals.auto_updates import Update
from mesolive.signals.consideration import Consideration, ConsideredTimes
from mesolive.signals.findings import adjustment_findings, entry_findings, errors, exit_findings
from mesolive.signals.keys import Kind, Names, Scope, Subject
from mesolive.signals.transitions import ConditionResult


class Watched(Struct, frozen=True):
    """A position with what its evaluation reads."""

    names: Names
    position: PositionState


@dataclass(slots=True)
class EvaluationResult:
    """The result of an evaluation.

    Attributes
    ----------
    evaluated
        The scopes that `findings` cover completely.
    updates
        Automatic variable updates, each with the position that it was computed for.
    gate, signals
        Every condition with its evidence, for logs of decisions: of the entry, and of each position by its id.
    considered
        The scheduled times that this evaluation has decided, by the key of the decision.
    """

    findings: list[ConditionResult] = field(default_factory=list[ConditionResult])
    evaluated: set[Scope] = field(default_factory=set[Scope])
    updates: list[tuple[Watched, Update]] = field(default_factory=list[tuple[Watched, Update]])
    gate: EntryGate | None = None
    signals: dict[int, tuple[Names, Signals]] = field(default_factory=dict[int, tuple[Names, Signals]])
    considered: dict[str, datetime] = field(default_factory=dict[str, datetime])


class Times(Struct, frozen=True):
    """Scheduled times considered and signals raised by earlier evaluations.

    Attributes
    ----------
    considered
        The scheduled times that were considered.
    signalled_at
        When each active subject was raised last; failed automatic updates are not included.
    """

    considered: ConsideredTimes
    signalled_at: Mapping[str, datetime]

    def of(
        self, subject: Subject, schedule: Schedule | None, at: datetime | None, due: bool, opened: datetime | None
    ) -> Consideration:
        """Return whether the evaluation decides about a subject.

        Parameters
        ----------
        at, due
            The scheduled time that is due, and whether the schedule is.
        opened
            When the position was opened: a scheduled time before that, or at that moment, is not one of its own.
        """
        if schedule is None:
            return Consideration(None, due)
        key = subject.key
        return Consideration(at, self.considered.is_new(key, at, self.signalled_at.get(key), opened))


def evaluate(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    entry: Names | None,
    positions: Sequence[Watched],
    external: Mapping[str, float],
    random: Callable[[Scope], Random],
    times: Times,
) -> EvaluationResult:
    """Evaluate a strategy on an account: its entry, and each of its positions.

    Parameters
    ----------
    entry
        Whose entry is evaluated; `None` when the strategy is not active on the account, or trades another underlying.
    positions
        Positions on the view's underlying, among those of `account`.
    random
        Makes the source of randomness of a scope: one for each decision.
    times
        What was considered before.
    """
    result = EvaluationResult()
    rules = strategy.definition
    if entry is not None:
        gate = evaluate_signals(strategy, view, account, None, external=external, random=random(entry.scope)).entry
        assert gate is not None  # noqa: S101 - without a position it is the entry that is evaluated
        subject = Subject(Kind.ENTRY, entry.scope)
        time = times.of(subject, rules.entry.schedule, gate.scheduled_at, gate.schedule_ok, None)
        result.findings.extend(entry_findings(entry, gate, time))
        known = all(condition.result is not None for condition in gate.conditions)
        _note(result, subject, time, known=known)
        result.evaluated.add(entry.scope)
        result.gate = gate
    for watched in positions:
        _evaluate_position(strategy, view, account, watched, external, random(watched.names.scope), times, result)
    return result


def _evaluate_position(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    watched: Watched,
    external: Mapping[str, float],
    random: Random,
    times: Times,
    results: EvaluationResult,
) -> None:
    """Add the findings of a position: its exit, its adjustments and its automatic updates."""
    rules = strategy.definition
    names, position = watched.names, watched.position
    opened = position.opened_at
    signals = evaluate_signals(strategy, view, account, position, external=external, random=random)
    results.signals[names.position_id] = (names, signals)
    leaving = signals.exit
    assert leaving is not None  # noqa: S101 - with a position it is the exit that is evaluated
    subject = Subject(Kind.EXIT, names.scope)
    time = times.of(subject, rules.exit.schedule, leaving.scheduled_at, leaving.schedule_ok, opened)
    results.findings.extend(exit_findings(names, leaving, time))
    _note(results, subject, time, known=leaving.holds is not None)
    done: set[str] = set()
    for adjustment in signals.adjustments:
        kind = Kind.UPDATE if adjustment.automatic else Kind.ADJUSTMENT
        subject = Subject(kind, names.scope, adjustment.condition)
        schedule = rules.adjustment.schedule
        time = times.of(subject, schedule, adjustment.scheduled_at, adjustment.schedule_ok, opened)
        result = adjustment.evaluation.result
        if not adjustment.automatic:
            results.findings.extend(adjustment_findings(names, adjustment, time))
            _note(results, subject, time, known=result is not None)
            continue
        results.findings.extend(errors(names, [adjustment.evaluation]))
        # The time of an update that is carried out now counts as considered once the update is stored.
        _note(results, subject, time, known=result is False)
        if (schedule is None and subject.key in times.signalled_at) or not time.decides:
            done.add(adjustment.condition)
    carried_out = auto_updates.carry_out(
        strategy,
        view,
        account,
        position,
        signals.adjustments,
        done,
        external=external,
        random=random,
    )
    results.updates.extend((watched, update) for update in carried_out)
    results.findings.extend(_active_updates(names, signals.adjustments, carried_out))
    results.evaluated.add(names.scope)


def _note(results: EvaluationResult, subject: Subject, time: Consideration, *, known: bool) -> None:
    if time.at is not None and time.decides and known:
        results.considered[subject.key] = time.at


def _active_updates(
    names: Names, adjustments: Sequence[AdjustmentEvaluation], carried_out: Sequence[Update]
) -> list[ConditionResult]:
    """Return the updates that may be carried out again: their condition is false again.

    Updates of this evaluation are recorded with their outcome, not here.
    """
    now = {update.condition for update in carried_out}
    return [
        ConditionResult(
            Subject(Kind.UPDATE, names.scope, adjustment.condition),
            False if auto_updates.due(adjustment) is False and adjustment.condition not in now else None,
            lambda _on: None,
        )
        for adjustment in adjustments
        if adjustment.automatic
    ]
