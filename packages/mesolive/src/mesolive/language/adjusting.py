"""Executes one operation of a conditional adjustment: legs to close, legs to open, variables to set."""

from __future__ import annotations

import random as random_module
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from mesolive.language.compiled import CompiledAdjustment, CompiledExpiration, CompiledStrategy
from mesolive.language.decision import (
    AccountState,
    AdjustmentSelection,
    Constraint,
    Evaluation,
    FrozenVariables,
    LegState,
    Operation,
    PositionState,
    SelectedLeg,
    SelectionError,
    SelectionTrace,
    StatementKind,
    UnreadExpirationError,
    to_decimal,
)
from mesolive.language.entry import NO_VALUES, define_variables, judge_all, none_holds
from mesolive.language.legs import BoundLeg
from mesolive.language.problems import suggestion
from mesolive.language.selection import Candidate, Taken, chain_of, choose_expirations, choose_strike, select_legs
from mesolive.language.signals import count_is_spent
from mesolive.market.contracts import Expiration
from mesolive.market.view import MarketView

NO_EXPIRATIONS: Mapping[str, Expiration] = {}


def select_adjustment(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState,
    *,
    condition: str,
    operation: Operation,
    constraint: Constraint,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> AdjustmentSelection:
    """Return what one operation of an adjustment would trade now.

    The condition is not evaluated here: the caller has decided to carry the operation out. When `MaxAdjustmentCount` is
    reached, any operation that trades closes the whole position instead.

    Parameters
    ----------
    condition
        The adjustment's key in the definition.
    operation
        One of its operations.
    constraint
        Which contracts that are in use may be used again.

    Raises
    ------
    SelectionError
        When there is no such adjustment or operation, a leg is not open (or already is), or nothing fits.
    """
    adjustment = _find(strategy, condition, operation)
    # The operations of one condition are one adjustment: the first of them counts, and decides for those after it.
    begun = operation is not adjustment.rule.operations[0]
    if operation is not Operation.UPDATE_VARS and count_is_spent(strategy, position, begun=begun):
        everything = tuple(leg for leg in position.legs if leg.closed_at is None)
        return AdjustmentSelection(
            condition, operation, everything, (), NO_EXPIRATIONS, (), (), {}, allowed=True, liquidates=True
        )
    work = _Work(strategy, adjustment, view, account, position, constraint, external, random)
    match operation:
        case Operation.REMOVE_LEGS:
            work.remove()
        case Operation.MOVE_LEG:
            work.move()
        case Operation.ADD_LEGS:
            work.add()
        case Operation.UPDATE_VARS:
            pass
    return work.result(operation)


def freeze_at_adjustment(
    strategy: CompiledStrategy,
    view: MarketView,
    account: AccountState,
    position: PositionState,
    *,
    condition: str,
    operation: Operation,
    external: Mapping[str, float] = NO_VALUES,
    random: random_module.Random,
) -> FrozenVariables:
    """Evaluate the `VarDefines` of an operation that was carried out, on the position as it is now.

    Returns
    -------
    FrozenVariables
        To be merged into the position's variables; a statement that fails leaves its variable as it was.

    Raises
    ------
    SelectionError
        When there is no such adjustment or operation.
    """
    adjustment = _find(strategy, condition, operation)
    scope = strategy.scope(view, account, position, external, random)
    defined = define_variables(adjustment.variables.get(operation, ()), scope)
    variables = dict(defined.variables)
    for rule in (*adjustment.move_expirations, *adjustment.expirations):
        days = scope.known_dte(rule.rule.name)
        if days is not None:
            variables[f"expiration_{rule.rule.name}_dte"] = to_decimal(days)
    return FrozenVariables(variables, defined.evaluations)


def _find(strategy: CompiledStrategy, condition: str, operation: Operation) -> CompiledAdjustment:
    for adjustment in strategy.adjustments:
        if adjustment.condition.text == condition:
            if operation in adjustment.rule.operations:
                return adjustment
            written = ", ".join(result.value for result in adjustment.rule.operations)
            raise SelectionError("adjustment", f"this condition has no {operation.value}; it has {written}")
    known = [adjustment.condition.text for adjustment in strategy.adjustments]
    raise SelectionError("adjustment", f"the strategy has no such condition{suggestion(condition, known)}")


class _Work:
    """One adjustment in progress: a scope that follows what is closed and opened."""

    def __init__(
        self,
        strategy: CompiledStrategy,
        adjustment: CompiledAdjustment,
        view: MarketView,
        account: AccountState,
        position: PositionState,
        constraint: Constraint,
        external: Mapping[str, float],
        random: random_module.Random,
    ) -> None:
        self._strategy = strategy
        self._adjustment = adjustment
        self._account = account
        self._position = position
        self._constraint = constraint
        self._scope = strategy.scope(view, account, position, external, random)
        self._closing: list[LegState] = []
        self._opening: list[SelectedLeg] = []
        self._expirations: dict[str, Expiration] = {}
        self._aborts: tuple[Evaluation, ...] = ()
        self._traces: list[SelectionTrace] = []

    def remove(self) -> None:
        rule = self._adjustment.rule.remove
        names = rule.legs if rule is not None else ()
        result = [leg for name in names if (leg := self._open_leg(name)) is not None]
        if not result:
            raise SelectionError("RemoveLegs", f"none of its legs is open: {', '.join(names)}")
        for leg in result:
            self._close(leg)

    def move(self) -> None:
        rule, selector = self._adjustment.rule.move, self._adjustment.move_selector
        if rule is None or selector is None:
            return
        what = f"leg '{rule.leg}'"
        leg = self._open_leg(rule.leg)
        if leg is None:
            raise SelectionError(what, "is not open: it cannot be moved")
        self._choose(self._adjustment.move_expirations)
        alias = rule.expiration if rule.expiration is not None else leg.expiration_name
        expiration = self._resolve(alias, what) if rule.expiration is not None else self._present(leg, what)
        chain = chain_of(self._scope, expiration, leg.contract.right, what)
        taken = Taken.under(self._constraint, self._account, self._position, skip={leg.name})
        candidate = Candidate(leg.name, alias, float(leg.qty))
        choice = choose_strike(selector, chain, self._scope, taken, what, candidate)
        contract = chain.contract(choice.place)
        self._traces.append(choice.trace)
        if contract == leg.contract:
            raise SelectionError(what, f"the best contract is the one it holds, {contract.symbol}: nothing to move")
        self._close(leg)
        moved = SelectedLeg(leg.name, contract, leg.qty, leg.leg_group_id, alias or "", choice.trace)
        self._opening.append(moved)
        now = self._scope.view.now
        self._scope.put_leg(
            BoundLeg(leg.name, contract, float(leg.qty), now, chain, choice.place, expiration_name=alias)
        )

    def add(self) -> None:
        rule = self._adjustment.rule.add
        if rule is None:
            return
        for leg in rule.legs:
            if self._open_leg(leg.name) is not None:
                raise SelectionError(f"leg '{leg.name}'", "is open already: it cannot be added again")
        self._choose(self._adjustment.expirations)
        expirations = {leg.expiration: self._resolve(leg.expiration, f"leg '{leg.name}'") for leg in rule.legs}
        taken = Taken.under(self._constraint, self._account, self._position)
        added = select_legs(self._adjustment.add_legs, expirations, self._scope, self._constraint, taken)
        self._opening.extend(added)
        self._traces.extend(leg.trace for leg in added)
        self._aborts = judge_all(self._adjustment.abort_conditions, self._scope, StatementKind.ABORT)

    def result(self, operation: Operation) -> AdjustmentSelection:
        self._scope.end_selection()
        defined = define_variables(self._adjustment.variables.get(operation, ()), self._scope)
        variables = dict(defined.variables)
        for alias in self._expirations:
            variables[f"expiration_{alias}_dte"] = to_decimal(self._scope.expiration_dte(alias))
        return AdjustmentSelection(
            condition=self._adjustment.condition.text,
            operation=operation,
            closing=tuple(self._closing),
            opening=tuple(self._opening),
            expirations=self._expirations,
            abort_conditions=self._aborts,
            definitions=defined.evaluations,
            variables=variables,
            allowed=none_holds(self._aborts),
            traces=tuple(self._traces),
        )

    def _open_leg(self, name: str) -> LegState | None:
        return _open_leg(self._position.legs, name)

    def _close(self, leg: LegState) -> None:
        self._scope.close_leg(leg.name)
        self._closing.append(leg)

    def _choose(self, rules: Sequence[CompiledExpiration]) -> None:
        chosen, traces = choose_expirations(rules, self._strategy, self._scope)
        self._expirations.update(chosen)
        self._traces.extend(traces)

    def _resolve(self, alias: str | None, what: str) -> Expiration:
        """Return an alias's expiration: chosen just now, else that of an open leg, else chosen by its rule again."""
        if alias in self._expirations:
            return self._expirations[alias]
        for leg in self._position.legs:
            if leg.closed_at is None and leg.expiration_name == alias:
                return self._present(leg, what)
        rules = [rule for rule in self._all_rules() if rule.rule.name == alias]
        if not rules:
            raise SelectionError(what, f"there is no expiration '{alias}'")
        self._choose(rules[:1])
        return self._expirations[rules[0].rule.name]

    def _all_rules(self) -> Iterable[CompiledExpiration]:
        yield from self._strategy.expirations
        for adjustment in self._strategy.adjustments:
            yield from adjustment.move_expirations
            yield from adjustment.expirations

    def _present(self, leg: LegState, what: str) -> Expiration:
        day: date = leg.contract.day
        for expiration in self._scope.view.expirations:
            if expiration.root == leg.contract.root and expiration.day == day:
                return expiration
        for expiration in self._scope.view.unread_expirations:
            if expiration.root == leg.contract.root and expiration.day == day:
                raise UnreadExpirationError(what, expiration)
        raise SelectionError(what, f"{leg.contract.root} {day} is not listed any more")


def _open_leg(legs: Iterable[LegState], name: str) -> LegState | None:
    return next((leg for leg in legs if leg.name == name and leg.closed_at is None), None)
