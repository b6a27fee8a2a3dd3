"""Signal transitions: the signals and errors that begin or end, by stored state and new results. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from mesolive.signals.keys import Kind, Scope, Subject
from mesolive_sdk import models, wire

MODELS: Mapping[Kind, type[models.MesoLiveEvent]] = {
    Kind.ENTRY: models.EntrySignalEvent,
    Kind.EXIT: models.ExitSignalEvent,
    Kind.ADJUSTMENT: models.AdjustmentSignalEvent,
    Kind.ERROR: models.ErrorEvent,
}
"""The event of a subject that began or ended, by kind; automatic updates have events of their own."""


class ConditionResult(Struct, frozen=True):
    """The result of an evaluation for one subject.

    Attributes
    ----------
    holds
        `None` when the condition is unknown: the subject keeps its state.
    event
        Makes the event of its beginning (`True`) or its end; `None` where another event reports it.
    renewed
        Whether an active subject that holds is raised again: its scheduled time has come.
    """

    subject: Subject
    holds: bool | None
    event: Callable[[bool], models.MesoLiveEvent | None]
    renewed: bool = False


class ActiveState(Struct, frozen=True):
    """An active signal or error, as it is stored.

    Attributes
    ----------
    body
        Its latest event, as JSON; `None` where another event reports it.
    since
        When that was.
    """

    key: str
    kind: Kind
    scope: Scope
    body: str | None = None
    since: datetime | None = None


class Change(Struct, frozen=True):
    """A subject that begins (or, being active, is raised again) or ends."""

    key: str
    kind: Kind
    scope: Scope
    begins: bool
    event: models.MesoLiveEvent | None


def changes(
    active: Mapping[str, ActiveState],
    findings: Iterable[ConditionResult],
    *,
    evaluated: Collection[Scope],
    existing: Collection[Scope],
) -> list[Change]:
    """Return what begins and what ends.

    Parameters
    ----------
    active
        The active subjects, by key.
    findings
        The results of the evaluation.
    evaluated
        Scopes that `findings` cover completely: an active subject there without a finding ends.
    existing
        Scopes that still exist: active subjects of any other scope end.
    """
    result: list[Change] = []
    mentioned: set[str] = set()
    for finding in findings:
        key = finding.subject.key
        if key in mentioned:
            continue  # the same statement, written twice
        mentioned.add(key)
        is_on = key in active
        renewed = finding.renewed and finding.holds is True
        if finding.holds is None or (finding.holds is is_on and not renewed):
            continue
        subject = finding.subject
        result.append(Change(key, subject.kind, subject.scope, finding.holds, finding.event(finding.holds)))
    for key, state in active.items():
        if key not in mentioned and (state.scope in evaluated or state.scope not in existing):
            result.append(Change(key, state.kind, state.scope, begins=False, event=ended(state)))
    return result


def ended(active: ActiveState) -> models.MesoLiveEvent | None:
    """Return the end event of a subject without a result: its last event, without the evidence."""
    model = MODELS.get(active.kind)
    if active.body is None or model is None:
        return None
    event = wire.decode_json(active.body.encode(), model)
    match event:
        case models.EntrySignalEvent():
            event.State, event.EntrySignalResult = models.SignalState.Off, None
        case models.ExitSignalEvent():
            event.State, event.ExitSignalResult = models.SignalState.Off, None
        case models.AdjustmentSignalEvent():
            event.State, event.AdjustmentTimeOk = models.SignalState.Off, False
            event.Condition = models.ConditionEvaluation(
                Type=models.ConditionType.Adjustment,
                Statement=event.Condition.Statement,
                Result=None,
                Vars={},
                Error="the position or its condition is not there any more",
            )
        case models.ErrorEvent():
            event.State = models.ErrorState.Resolved
        case _:
            return None
    return event
