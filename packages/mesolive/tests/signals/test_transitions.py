"""What begins and what ends: never twice, never without a reason, and nothing that is on is forgotten."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.journal.unstamped import UNSTAMPED
from mesolive.signals.findings import error
from mesolive.signals.keys import Kind, Names, Scope, Subject
from mesolive.signals.transitions import ActiveState, ConditionResult, changes, ended
from mesolive_sdk import models, wire

SCOPE = Scope(1, 2, 3, 4)
OTHER = Scope(1, 2, 3, 5)
NAMES = Names(SCOPE, "strategy", "ML1000", "position")
SUBJECTS = [Subject(kind, scope) for scope in (SCOPE, OTHER) for kind in (Kind.EXIT, Kind.ERROR)]


def finding(subject: Subject, holds: bool | None) -> ConditionResult:
    return ConditionResult(subject, holds, lambda _on: None)


def standing(*subjects: Subject) -> dict[str, ActiveState]:
    return {subject.key: ActiveState(subject.key, subject.kind, subject.scope) for subject in subjects}


def edges(
    on: Iterable[Subject],
    findings: Iterable[ConditionResult],
    evaluated: Iterable[Scope] = (SCOPE,),
    existing: Iterable[Scope] = (SCOPE, OTHER),
) -> list[tuple[str, bool]]:
    result = changes(standing(*on), findings, evaluated=set(evaluated), existing=set(existing))
    return [(change.key, change.begins) for change in result]


EXIT, ERROR, ELSEWHERE = SUBJECTS[0], SUBJECTS[1], SUBJECTS[2]


@pytest.mark.parametrize(
    ("on", "holds", "expected"),
    [
        (False, True, [(EXIT.key, True)]),
        (True, True, []),
        (True, False, [(EXIT.key, False)]),
        (False, False, []),
        (True, None, []),
        (False, None, []),
    ],
)
def test_only_what_is_known_and_new_is_an_edge(on: bool, holds: bool | None, expected: list[tuple[str, bool]]) -> None:
    assert edges([EXIT] if on else [], [finding(EXIT, holds)]) == expected


def test_a_signal_seen_twice_begins_once() -> None:
    assert edges([], [finding(ERROR, True), finding(ERROR, True)]) == [(ERROR.key, True)]


def test_a_signal_absent_from_a_complete_evaluation_ends() -> None:
    assert edges([ERROR, ELSEWHERE], []) == [(ERROR.key, False)]
    assert edges([ERROR, ELSEWHERE], [], evaluated=[]) == []


def test_a_signal_ends_with_its_subject() -> None:
    assert edges([EXIT, ELSEWHERE], [], evaluated=[], existing=[SCOPE]) == [(ELSEWHERE.key, False)]


@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from(SUBJECTS), st.sampled_from([True, False, None])), max_size=6),
            st.sets(st.sampled_from([SCOPE, OTHER])),
        ),
        max_size=12,
    )
)
def test_every_subject_begins_and_ends_in_turn(
    evaluations: list[tuple[list[tuple[Subject, bool | None]], set[Scope]]],
) -> None:
    on: dict[str, ActiveState] = {}
    for evaluation, evaluated in evaluations:
        findings = [finding(subject, holds) for subject, holds in evaluation]
        for change in changes(on, findings, evaluated=evaluated, existing={SCOPE, OTHER}):
            assert change.begins is (change.key not in on)
            if change.begins:
                on[change.key] = ActiveState(change.key, change.kind, change.scope)
            else:
                del on[change.key]
        first = {subject.key: holds for subject, holds in reversed(evaluation)}
        for key, holds in first.items():
            assert holds is None or (key in on) is holds
        for key, signal in on.items():
            assert key in first or signal.scope not in evaluated


def test_an_error_has_one_id_for_each_cause_the_same_in_every_process() -> None:
    def reported(one: ConditionResult) -> models.ErrorEvent:
        event = one.event(True)
        assert isinstance(event, models.ErrorEvent)
        return event

    exit_kind, stop = models.ConditionType.Exit, models.ConditionType.StopLoss
    causes = [
        error(NAMES, "why", exit_kind, "a > 1"),
        error(NAMES, "why", exit_kind, "b > 1"),
        error(NAMES, "why", stop, "a > 1"),
        error(NAMES, "why", cause="settlement"),
        error(NAMES, "why", cause="evaluation of SPX"),
        error(Names(OTHER, "strategy", "ML1000", "position"), "why", exit_kind, "a > 1"),
    ]
    assert (
        len({cause.subject.key for cause in causes})
        == len({reported(cause).ErrorId for cause in causes})
        == len(causes)
    )
    again = reported(error(NAMES, "another reason", exit_kind, "a > 1"))
    assert again.ErrorId == reported(causes[0]).ErrorId
    assert str(again.ErrorId) == "705d90fc-a202-53d2-9f77-1f8435345a76"


def test_the_end_of_a_deleted_condition_has_its_names_and_no_evidence() -> None:
    began = models.ExitSignalEvent(
        EventTime=UNSTAMPED,
        State=models.SignalState.On,
        StrategyId=2,
        StrategyName="strategy",
        PositionId=4,
        PositionName="position",
        BrokerAccountId="ML1000",
        ExitSignalResult=models.ExitSignalsResult(ScheduleOk=True, Conditions=[]),
    )
    event = ended(ActiveState(EXIT.key, EXIT.kind, EXIT.scope, wire.encode_json(began).decode()))
    assert isinstance(event, models.ExitSignalEvent)
    assert (event.State.name, event.PositionName, event.ExitSignalResult) == ("Off", "position", None)
    assert ended(ActiveState(EXIT.key, Kind.UPDATE, EXIT.scope)) is None
