"""Entry evaluation: leg selection at current quotes, and the variables that are frozen after the fill."""

from __future__ import annotations

import random as random_module
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from mesolive.language.compiled import CompiledStrategy, Variables
from mesolive.language.decision import (
    AccountState,
    Constraint,
    EntrySelection,
    Evaluation,
    FrozenVariables,
    PositionState,
    SelectedLeg,
    SelectionError,
    StatementKind,
    rounded,
    to_decimal,
)
from mesolive.language.scope import Scope
from mesolive.language.selection import Taken, choose_expirations, number_of, select_legs, whole_quantity
from mesolive.language.statement import CompiledStatement
from mesolive.market.view import MarketView

NO_VALUES: Mapping[str, float] = {}


def select_entry(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    *,
    constraint: Constraint,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> EntrySelection:
    """Choose the legs of a new position and evaluate everything that goes with them.

    Parameters
    ----------
    constraint
        Which contracts that are in use may be used again.
    external
        Values of external data and indicators, by variable name.
    random
        Where `random()` draws from; the same seed gives the same selection.

    Raises
    ------
    SelectionError
        When an expiration or a strike is not found, or a statement that selection needs failed.
    """
    scope = strategy.scope(view, account, None, external, random)
    expirations, traces = choose_expirations(strategy.expirations, strategy, scope)
    taken = Taken.under(constraint, account, None)
    legs = select_legs(strategy.legs, expirations, scope, constraint, taken)
    multiplier = _multiplier(strategy, scope, legs)
    if multiplier != 1:
        for leg in legs:
            scope.put_leg(scope.legs[leg.name].with_qty(float(leg.qty * multiplier)))
    scope.end_selection()
    frozen = _freeze(strategy, scope)
    conditions = judge_all(strategy.entry_conditions, scope, StatementKind.ENTRY)
    aborts = judge_all(strategy.abort_conditions, scope, StatementKind.ABORT)
    return EntrySelection(
        legs=tuple(legs),
        expirations=expirations,
        qty_multiplier=multiplier,
        conditions=conditions,
        abort_conditions=aborts,
        definitions=frozen.evaluations,
        variables=frozen.variables,
        allowed=any_holds(conditions) and none_holds(aborts),
        traces=(*traces, *(leg.trace for leg in legs)),
    )


def freeze_at_entry(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState,
    *,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> FrozenVariables:
    """Evaluate what a position keeps from its entry: `VarDefines`, then target, stop and days, then expirations.

    Parameters
    ----------
    position
        As filled: quantities with their multiplier, entry prices of the fills. What its variables hold already was
        kept before and stays as it is: only what is missing is evaluated.

    Returns
    -------
    FrozenVariables
        A statement that fails leaves its variable unset and records the reason; the others are still evaluated.
    """
    scope = strategy.scope(view, account, position, external, random)
    return _freeze(strategy, scope, position.variables.keys())


def define_variables(variables: Variables, scope: Scope, existing: Collection[str] = ()) -> FrozenVariables:
    """Evaluate `VarDefines` in the order written, each seeing those before it, but for those that are `existing`."""
    values: dict[str, Decimal] = {}
    evaluations: list[Evaluation] = []
    for name, statement in variables:
        if name in existing:
            continue
        evaluation = statement.measure(scope, StatementKind.VAR_DEFINE)
        evaluations.append(evaluation)
        if evaluation.value is not None:
            values[name] = to_decimal(evaluation.value)
            scope.set_variable(name, evaluation.value)
    return FrozenVariables(values, tuple(evaluations))


def _freeze(strategy: CompiledStrategy, scope: Scope, existing: Collection[str] = ()) -> FrozenVariables:
    defined = define_variables(strategy.entry_variables, scope, existing)
    values = dict(defined.variables)
    evaluations = list(defined.evaluations)
    thresholds = (
        ("profit_target", strategy.profit_target, StatementKind.PROFIT_TARGET),
        ("stop_loss", strategy.stop_loss, StatementKind.STOP_LOSS),
        ("max_days_in_trade", strategy.max_days_in_trade, StatementKind.MAX_DAYS_IN_TRADE),
    )
    for name, statement, kind in thresholds:
        if statement is None or name in existing:
            continue
        evaluation = statement.measure(scope, kind)
        evaluations.append(evaluation)
        if evaluation.value is not None:
            # A stop is an amount of loss: a negative one is meant as its absolute value.
            amount = abs(evaluation.value) if kind is StatementKind.STOP_LOSS else evaluation.value
            values[name] = to_decimal(amount)
            scope.set_variable(name, amount)
    for rule in strategy.definition.expirations:
        name, days = f"expiration_{rule.name}_dte", scope.known_dte(rule.name)
        if days is not None and name not in existing:
            values[name] = to_decimal(days)
    return FrozenVariables(values, tuple(evaluations))


def _multiplier(strategy: CompiledStrategy, scope: Scope, legs: Sequence[SelectedLeg]) -> Decimal:
    """Return `QtyMultiplier`: greater than 0, and whole contracts when the legs are multiplied by it."""
    if strategy.qty_multiplier is None:
        return Decimal(1)
    value = number_of(strategy.qty_multiplier, scope, StatementKind.QTY_MULTIPLIER, "QtyMultiplier")
    if not 0 < value <= 1e6:
        raise SelectionError("QtyMultiplier", f"gives {value:g}: nothing can be traded")
    multiplier = rounded(value)
    for leg in legs:
        whole_quantity(float(leg.qty * multiplier), scope, f"leg '{leg.name}': Qty x QtyMultiplier")
    return multiplier


def judge_all(statements: Iterable[CompiledStatement], scope: Scope, kind: StatementKind) -> tuple[Evaluation, ...]:
    """Evaluate every condition; failures are in their evaluations."""
    return tuple(statement.judge(scope, kind) for statement in statements)


def any_holds(conditions: Sequence[Evaluation]) -> bool:
    """Return whether entry conditions allow: any holds, or none is written; all must have been evaluated."""
    if any(condition.result is None for condition in conditions):
        return False
    return not conditions or any(condition.result for condition in conditions)


def none_holds(conditions: Sequence[Evaluation]) -> bool:
    """Return whether abort conditions allow: every one was evaluated, and none holds."""
    return all(condition.result is False for condition in conditions)
