"""Decision log of a backtest: every scheduled evaluation with its evidence and its outcome.

One record per decision: an entry, an exit, or one conditional adjustment of a position, at one moment. A record gathers
what the server evaluated (conditions with the values that they read, how each leg was selected, the variables) and the
action of the autopilot. The fields are documented in docs/backtest.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

import msgspec

from mesolive.backtest.moments import Instants
from mesolive.language.decision import (
    AdjustmentEvaluation,
    AdjustmentSelection,
    EntryGate,
    EntrySelection,
    Evaluation,
    ExitEvaluation,
    FrozenVariables,
    SelectedLeg,
    SelectionError,
    SelectionTrace,
    rounded,
)
from mesolive.market.contracts import OptionContract, Right
from mesolive.signals.auto_updates import Update
from mesolive.signals.evaluation import EvaluationResult
from mesolive.trading.evaluation.entry_variables import CapturedVariables
from mesolive.trading.evaluation.evaluator import CompletedEvaluation
from mesolive_sdk.automation import Category, Notice, TaskKind, TaskState

Key = tuple[str, int | None, str]
"""Which decision: its kind, the position, the condition of an adjustment."""

NOTHING = "nothing"


# A replay keeps its records to the end, some hundreds a day. So what is absent in most of them takes no memory: an
# empty tuple and `None` are one object for all, where a list and a dictionary would be made for each.
class ConditionRecord(msgspec.Struct, omit_defaults=True, rename="pascal"):
    """One evaluated statement: `result` is absent where it could not be evaluated, and `error` then says why."""

    type: str
    statement: str
    result: bool | None = None
    value: float | None = None
    variables: dict[str, float] | None = None
    error: str | None = None


class TraceRecord(msgspec.Struct, omit_defaults=True, rename="pascal"):
    """How an expiration or a strike was chosen among `candidates`."""

    what: str
    candidates: int
    target: float | None = None
    value: float | None = None
    passed_over: tuple[tuple[str, str], ...] = ()


class LegRecord(msgspec.Struct, omit_defaults=True, rename="pascal"):
    """A leg that was selected, its quantity before the multiplier."""

    name: str
    contract: str
    qty: float
    group: int
    expiration: str
    trace: TraceRecord


class Decision(msgspec.Struct, omit_defaults=True, kw_only=True, rename="pascal"):
    """One decision; see docs/backtest.md for the fields."""

    time: str
    decision: str
    position: str = ""
    condition: str = ""
    scheduled: bool
    underlying: float | None = None
    holds: bool | None = None
    schedule_ok: bool | None = None
    concurrency_ok: bool | None = None
    reentry_ok: bool | None = None
    next_entry_at: str | None = None
    conditions: tuple[ConditionRecord, ...] = ()
    expirations: dict[str, str] | None = None
    legs: tuple[LegRecord, ...] = ()
    closes: tuple[str, ...] = ()
    liquidates: bool = False
    traces: tuple[TraceRecord, ...] = ()
    abort_conditions: tuple[ConditionRecord, ...] = ()
    definitions: tuple[ConditionRecord, ...] = ()
    qty_multiplier: float | None = None
    variables: dict[str, float] | None = None
    frozen: dict[str, float] | None = None
    result: str
    reason: str = ""


class DecisionRecorder:
    """Gathers the decisions of a backtest.

    Parameters
    ----------
    instants
        The scheduled instants of the strategy.

    Attributes
    ----------
    decisions
        In the order of time.
    """

    def __init__(self, instants: Instants) -> None:
        self.decisions: list[Decision] = []
        self._instants = instants
        self._now: datetime | None = None
        self._current: dict[Key, Decision] = {}
        self._last: dict[Key, Decision] = {}
        self._names: dict[int, str] = {}
        self._selected: object = None
        self._frozen: FrozenVariables | CapturedVariables | None = None

    def begin(self, moment: datetime) -> None:
        """Begin the next moment; the decisions of the moment before are complete."""
        self._close()
        self._now = moment

    def finish(self) -> None:
        """End with the last moment."""
        self._close()

    def evaluated(self, done: CompletedEvaluation) -> None:
        """Record an evaluation of the server."""
        outcome = done.outcome
        if isinstance(outcome, tuple):  # the record of an adjustment's selection comes with its effect on the position
            outcome = cast("tuple[object, ...]", outcome)[0]
        if isinstance(outcome, EvaluationResult):
            self._evaluated(outcome, done)
        elif isinstance(outcome, EntrySelection | AdjustmentSelection | SelectionError):
            self._selected = outcome
        elif isinstance(outcome, FrozenVariables | CapturedVariables):
            self._frozen = outcome

    def noticed(self, notice: Notice) -> None:
        """Record a notice of the autopilot with the decision on its signal."""
        if notice.category is Category.SIGNAL and notice.details.get("State") == "off":
            return  # the end of a signal is no decision
        task = notice.task
        key = (task.kind.value, task.position_id, task.condition or "")
        record = self._current.get(key) or (self._last.get(key) if notice.category is not Category.SIGNAL else None)
        if record is None:
            name = self._names.get(task.position_id, "") if task.position_id is not None else ""
            record = self._record(
                Decision(
                    time=stamp(notice.at),
                    decision=task.kind.value,
                    position=name,
                    condition=task.condition or "",
                    scheduled=False,
                    result=NOTHING,
                ),
                key,
            )
        if self._selected is not None and task.kind is not TaskKind.EXIT:
            _select(record, self._selected)
            self._selected = None
        if self._frozen is not None:
            record.frozen = _values(self._frozen.variables)
            failed = (
                self._frozen.failed
                if isinstance(self._frozen, CapturedVariables)
                else [evaluation for evaluation in self._frozen.evaluations if evaluation.error is not None]
            )
            record.definitions += _conditions(failed)
            self._frozen = None
        if notice.category is Category.OUTCOME:
            record.result = str(notice.details.get("State", notice.category.value))
            if task.kind is TaskKind.ENTRY and record.result == TaskState.DONE.value:
                record.position = task.position_name  # a reader asks for all reasons of a position, the first one too
        if notice.category in {Category.OUTCOME, Category.TROUBLE, Category.DECISION}:
            record.reason = notice.text if not record.reason else f"{record.reason}; {notice.text}"

    def _evaluated(self, evaluation: EvaluationResult, done: CompletedEvaluation) -> None:
        # Entry variables that are retried for an open position are not part of this moment's decisions.
        self._frozen = None
        underlying = done.view.underlying.quote.mark
        time = stamp(self._now or done.view.now)
        if evaluation.gate is not None:
            self._record(_entry(evaluation.gate, time, self._is_due("entry")), ("entry", None, ""), underlying)
        for position_id, (names, signals) in evaluation.signals.items():
            name = self._names[position_id] = names.position_name
            if signals.exit is not None:
                record = _exit(signals.exit, time, self._is_due("exit"))
                record.position = name
                self._record(record, ("exit", position_id, ""), underlying)
            for adjustment in signals.adjustments:
                record = _adjustment(adjustment, time, self._is_due("adjustment"))
                record.position = name
                self._record(record, ("adjustment", position_id, adjustment.condition), underlying)
        for watched, update in evaluation.updates:
            key = ("adjustment", watched.names.position_id, update.condition)
            if key in self._current:
                _update(self._current[key], update)

    def _is_due(self, kind: str) -> bool:
        instants: frozenset[datetime] | None = getattr(self._instants, kind)
        return instants is None or self._now in instants

    def _record(self, record: Decision, key: Key, underlying: float | None = None) -> Decision:
        record.underlying = None if underlying is None else float(rounded(underlying))
        if key in self._current:
            self._keep(self._current[key])
        self._current[key] = self._last[key] = record
        return record

    def _close(self) -> None:
        for record in self._current.values():
            self._keep(record)
        self._current.clear()

    def _keep(self, record: Decision) -> None:
        if not record.scheduled and record.result == NOTHING and not record.reason:
            return  # between the scheduled times, without an action
        if not record.reason:
            record.reason = _why_nothing(record)
        self.decisions.append(record)


def stamp(moment: datetime) -> str:
    """Return the text of a moment in report files: UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _entry(gate: EntryGate, time: str, scheduled: bool) -> Decision:
    return Decision(
        time=time,
        decision="entry",
        result=NOTHING,
        scheduled=scheduled,
        holds=gate.entry_allowed,
        schedule_ok=gate.schedule_ok,
        concurrency_ok=gate.concurrency_ok,
        reentry_ok=gate.reentry_ok,
        next_entry_at=None if gate.next_entry_at is None else stamp(gate.next_entry_at),
        conditions=_conditions(gate.conditions),
    )


def _exit(evaluation: ExitEvaluation, time: str, scheduled: bool) -> Decision:
    rules = (evaluation.max_days_in_trade, evaluation.profit_target, evaluation.stop_loss, *evaluation.conditions)
    return Decision(
        time=time,
        decision="exit",
        result=NOTHING,
        scheduled=scheduled,
        holds=evaluation.triggered,
        schedule_ok=evaluation.schedule_ok,
        conditions=_conditions(rule for rule in rules if rule is not None),
    )


def _adjustment(adjustment: AdjustmentEvaluation, time: str, scheduled: bool) -> Decision:
    return Decision(
        time=time,
        decision="adjustment",
        result=NOTHING,
        condition=adjustment.condition,
        scheduled=scheduled,
        holds=adjustment.evaluation.result,
        schedule_ok=adjustment.schedule_ok,
        conditions=(_condition(adjustment.evaluation),),
    )


def _update(record: Decision, update: Update) -> None:
    record.frozen = _values(update.variables)
    if update.error is not None:
        record.result, record.reason = "failed", update.error
        return
    changed = ", ".join(f"{name} = {value:f}" for name, value in sorted(update.changed.items()))
    record.result, record.reason = "variables set", changed or "no variable has another value than before"


def _select(record: Decision, selected: object) -> None:
    match selected:
        case EntrySelection():
            record.legs = tuple(_leg(leg) for leg in selected.legs)
            record.qty_multiplier = float(selected.qty_multiplier)
            # With selected legs, conditions that read them can be evaluated: these results decide.
            record.conditions = _conditions(selected.conditions)
        case AdjustmentSelection():
            record.legs = tuple(_leg(leg) for leg in selected.opening)
            record.closes = tuple(leg.name for leg in selected.closing)
            record.liquidates = selected.liquidates
        case SelectionError():
            record.reason = str(selected)
            if selected.evaluation is not None:
                record.definitions = (_condition(selected.evaluation),)
            return
        case _:
            return
    record.expirations = {
        name: f"{expiration.root} {expiration.day:%Y-%m-%d}" for name, expiration in selected.expirations.items()
    } or None
    record.traces = tuple(_trace(trace) for trace in selected.traces)
    record.abort_conditions = _conditions(selected.abort_conditions)
    record.definitions = _conditions(selected.definitions)
    record.variables = _values(selected.variables)


def _leg(leg: SelectedLeg) -> LegRecord:
    return LegRecord(
        leg.name, _contract(leg.contract), float(leg.qty), leg.leg_group_id, leg.expiration_name, _trace(leg.trace)
    )


def _contract(contract: OptionContract) -> str:
    """Return a contract as all displays spell it, such as `SPXW 2026-02-20 4800 Put`."""
    right = "Call" if contract.right is Right.CALL else "Put"
    return f"{contract.root} {contract.day:%Y-%m-%d} {contract.strike.normalize():f} {right}"


def _trace(trace: SelectionTrace) -> TraceRecord:
    return TraceRecord(
        trace.what,
        trace.candidates,
        _number(trace.target),
        _number(trace.value),
        tuple(trace.passed_over),
    )


def _conditions(evaluations: Iterable[Evaluation]) -> tuple[ConditionRecord, ...]:
    return tuple(_condition(evaluation) for evaluation in evaluations)


def _condition(evaluation: Evaluation) -> ConditionRecord:
    return ConditionRecord(
        evaluation.kind.value,
        evaluation.statement,
        evaluation.result,
        _number(evaluation.value),
        _values(evaluation.variables),
        evaluation.error,
    )


def _values(variables: Mapping[str, object]) -> dict[str, float] | None:
    """Return the values that are finite, by name; `None` when there are none."""
    if not variables:
        return None
    result = {name: _number(float(str(value))) for name, value in sorted(variables.items())}
    return {name: value for name, value in result.items() if value is not None} or None


def _number(value: float | None) -> float | None:
    """Return a number without the noise of floats behind its twelfth digit; `None` for what is not finite."""
    return float(rounded(value)) if value is not None and math.isfinite(value) else None


def _why_nothing(record: Decision) -> str:
    """Return why an evaluation led to no action, in words."""
    failed = [
        f"{condition.statement} cannot be evaluated: {condition.error}"
        for condition in record.conditions
        if condition.error is not None
    ]
    if record.decision == "entry":
        if record.schedule_ok is False:
            return "the schedule is not due"
        if record.concurrency_ok is False:
            return "MaxPositionsInFlight or EntryShiftDays allows no further position now"
        if record.reentry_ok is False:
            return "ReentryDays since the last exit are not over"
    if record.holds:
        if record.schedule_ok is False:
            return "the condition holds outside of its schedule"
        return "the signal was on already"
    if failed:
        return "; ".join(failed)
    if record.decision == "entry":
        return "no entry condition holds"
    return "no exit rule holds" if record.decision == "exit" else "the condition does not hold"
