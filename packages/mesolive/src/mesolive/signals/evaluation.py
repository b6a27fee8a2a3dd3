"""One evaluation: everything that a strategy asks for on one account and one market view. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from mesolive.language import CompiledStrategy, evaluate_signals
from mesolive.language.decision import AccountState, AdjustmentEvaluation, EntryGate, PositionState
from mesolive.language.signals import Signals
from mesolive.market.view import MarketView
from mesolive.signals import auto_updates
from mesolive.signals.auto_updates import Update
from mesolive.signals.findings import adjustment_findings, entry_findings, errors, exit_findings
from mesolive.signals.keys import Kind, Names, Scope, Subject
from mesolive.signals.transitions import ConditionResult


@dataclass(frozen=True, slots=True)
class Watched:
    """A position that is evaluated.

    Attributes
    ----------
    updated
        Keys of automatic updates that were carried out since their condition began to hold.
    """

    names: Names
    position: PositionState
    updated: frozenset[str] = frozenset()


@dataclass(slots=True)
class Found:
    """What an evaluation found out.

    Attributes
    ----------
    evaluated
        The scopes about which `findings` say everything.
    updates
        What the server is to set by itself, with the position that it was worked out for.
    gate, signals
        Every condition with its evidence, for logs of decisions: of the entry, and of each position by its id.
    """

    findings: list[ConditionResult] = field(default_factory=list[ConditionResult])
    evaluated: set[Scope] = field(default_factory=set[Scope])
    updates: list[tuple[Watched, Update]] = field(default_factory=list[tuple[Watched, Update]])
    gate: EntryGate | None = None
    signals: dict[int, tuple[Names, Signals]] = field(default_factory=dict[int, tuple[Names, Signals]])


def evaluate(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    entry: Names | None,
    positions: Sequence[Watched],
    external: Mapping[str, float],
    random: Random,
) -> Found:
    """Evaluate a strategy on an account: its entry, and each of its positions.

    Parameters
    ----------
    entry
        Whose entry is evaluated; `None` when the strategy is not active on the account, or trades another underlying.
    positions
        Positions on the view's underlying, among those of `account`.
    """
    found = Found()
    if entry is not None:
        gate = evaluate_signals(strategy, view, account, None, external=external, random=random).entry
        assert gate is not None  # noqa: S101 - without a position it is the entry that is evaluated
        found.findings.extend(entry_findings(entry, gate))
        found.evaluated.add(entry.scope)
        found.gate = gate
    for watched in positions:
        names, position = watched.names, watched.position
        signals = evaluate_signals(strategy, view, account, position, external=external, random=random)
        assert signals.exit is not None  # noqa: S101 - with a position it is the exit that is evaluated
        found.findings.extend(exit_findings(names, signals.exit))
        found.signals[names.position_id] = (names, signals)
        for adjustment in signals.adjustments:
            if adjustment.automatic:
                found.findings.extend(errors(names, [adjustment.evaluation]))
            else:
                found.findings.extend(adjustment_findings(names, adjustment))
        done = {
            one.condition
            for one in signals.adjustments
            if one.automatic and Subject(Kind.UPDATE, names.scope, one.condition).key in watched.updated
        }
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
        found.updates.extend((watched, update) for update in carried_out)
        found.findings.extend(_standing_updates(names, signals.adjustments, carried_out))
        found.evaluated.add(names.scope)
    return found


def _standing_updates(
    names: Names, adjustments: Sequence[AdjustmentEvaluation], carried_out: Sequence[Update]
) -> list[ConditionResult]:
    """Return which updates may be carried out again: those whose condition has ceased to hold.

    What was carried out just now is noted together with its outcome, and left alone here.
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
