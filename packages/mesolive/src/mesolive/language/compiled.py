"""Compiled strategy: a definition with every statement compiled. Build it once, keep it with the strategy."""

from __future__ import annotations

import random as random_module
from collections.abc import Iterable, Mapping

from msgspec import Struct

from mesolive.language import definition as d
from mesolive.language.decision import AccountState, Operation, PositionState
from mesolive.language.sandbox import Sandbox
from mesolive.language.scope import Scope
from mesolive.language.statement import CompiledStatement, Statement, compile_statement
from mesolive.language.totals import AccountTotals
from mesolive.market.view import MarketView

Variables = tuple[tuple[str, CompiledStatement], ...]


class CompiledExpiration(Struct, frozen=True):
    """An expiration rule, compiled."""

    rule: d.ExpirationRule
    dte: CompiledStatement
    minimum: CompiledStatement | None
    maximum: CompiledStatement | None


class CompiledSelector(Struct, frozen=True):
    """A strike selector, compiled."""

    rule: d.StrikeSelector
    target: CompiledStatement
    minimum: CompiledStatement | None
    maximum: CompiledStatement | None
    statement: CompiledStatement | None
    constraints: tuple[CompiledStatement, ...]


class CompiledLeg(Struct, frozen=True):
    """A leg rule, compiled."""

    rule: d.LegRule
    selector: CompiledSelector
    qty: CompiledStatement
    group: CompiledStatement | None


class CompiledAdjustment(Struct, frozen=True):
    """A conditional adjustment, compiled; a part that is not written has an empty value.

    Attributes
    ----------
    operations
        What it does, in the order in which it is carried out.
    variables
        By operation.
    """

    rule: d.ConditionalAdjustment
    condition: CompiledStatement
    operations: tuple[Operation, ...]
    move_selector: CompiledSelector | None
    expirations: tuple[CompiledExpiration, ...]
    move_expirations: tuple[CompiledExpiration, ...]
    add_legs: tuple[CompiledLeg, ...]
    abort_conditions: tuple[CompiledStatement, ...]
    variables: dict[Operation, Variables]


class ExitChecks(Struct, frozen=True):
    """The comparisons that every exit makes with what was fixed at entry."""

    days: CompiledStatement
    target: CompiledStatement
    stop: CompiledStatement


class CompiledStrategy:
    """A strategy ready for evaluation; made by `compile_strategy`. Not to be used from two threads at once.

    Attributes
    ----------
    definition
        What it was made from.
    """

    def __init__(self, definition: d.StrategyDefinition, sandbox: Sandbox | None = None) -> None:
        self.definition = definition
        self._sandbox = sandbox if sandbox is not None else Sandbox()
        self._totals: AccountTotals | None = None
        entry, leaving = definition.entry, definition.exit
        self.expirations = self._expirations(definition.expirations)
        self.legs = self._legs(definition.legs)
        self.qty_multiplier = self._optional(entry.qty_multiplier)
        self.entry_conditions = self._all(entry.conditions)
        self.abort_conditions = self._all(entry.abort_conditions)
        self.entry_variables = self._variables(entry.variables)
        self.profit_target = self._optional(leaving.profit_target)
        self.stop_loss = self._optional(leaving.stop_loss)
        self.max_days_in_trade = self._optional(leaving.max_days_in_trade)
        self.exit_conditions = self._all(leaving.conditions)
        self.exit_checks = ExitChecks(
            self.statement(Statement("days_in_trade >= max_days_in_trade", "Exit.MaxDaysInTrade")),
            self.statement(Statement("pos_pnl >= profit_target", "Exit.ProfitTarget")),
            self.statement(Statement("pos_pnl <= -stop_loss", "Exit.StopLoss")),
        )
        self.adjustments = tuple(self._adjustment(rule) for rule in definition.adjustment.adjustments)

    @property
    def memory_used(self) -> int:
        """Bytes of the strategy's Lua machine."""
        return self._sandbox.memory_used

    def scope(
        self,
        view: MarketView,
        account: AccountState,
        position: PositionState | None,
        external: Mapping[str, float],
        random: random_module.Random,
    ) -> Scope:
        """Return what the strategy's statements see of a position, or of none yet; see `Scope`.

        The account's sums at the latest view are cached for the account's next position.
        """
        if self._totals is None or not self._totals.fits(account, view):
            self._totals = AccountTotals(account, view)
        return Scope(
            view,
            account,
            position=position,
            external=external,
            random=random,
            totals=self._totals,
            margin_rules=self.definition.margin,
        )

    def statement(self, statement: Statement) -> CompiledStatement:
        """Compile a statement in the strategy's machine."""
        return compile_statement(statement, self._sandbox)

    def _optional(self, statement: Statement | None) -> CompiledStatement | None:
        return None if statement is None else self.statement(statement)

    def _all(self, statements: Iterable[Statement]) -> tuple[CompiledStatement, ...]:
        return tuple(self.statement(statement) for statement in statements)

    def _variables(self, variables: d.VarDefines) -> Variables:
        return tuple((name, self.statement(statement)) for name, statement in variables)

    def _expirations(self, rules: Iterable[d.ExpirationRule]) -> tuple[CompiledExpiration, ...]:
        return tuple(
            CompiledExpiration(
                rule, self.statement(rule.dte), self._optional(rule.minimum), self._optional(rule.maximum)
            )
            for rule in rules
        )

    def _selector(self, rule: d.StrikeSelector) -> CompiledSelector:
        return CompiledSelector(
            rule,
            self.statement(rule.target),
            self._optional(rule.minimum),
            self._optional(rule.maximum),
            self._optional(rule.statement),
            self._all(rule.constraints),
        )

    def _legs(self, rules: Iterable[d.LegRule]) -> tuple[CompiledLeg, ...]:
        return tuple(
            CompiledLeg(rule, self._selector(rule.selector), self.statement(rule.qty), self._optional(rule.group))
            for rule in rules
        )

    def _adjustment(self, rule: d.ConditionalAdjustment) -> CompiledAdjustment:
        actions = (
            (Operation.REMOVE_LEGS, rule.remove),
            (Operation.MOVE_LEG, rule.move),
            (Operation.ADD_LEGS, rule.add),
            (Operation.UPDATE_VARS, rule.update),
        )
        return CompiledAdjustment(
            rule,
            self.statement(rule.condition),
            rule.operations,
            None if rule.move is None else self._selector(rule.move.selector),
            () if rule.add is None else self._expirations(rule.add.expirations),
            () if rule.move is None else self._expirations(rule.move.expirations),
            () if rule.add is None else self._legs(rule.add.legs),
            () if rule.add is None else self._all(rule.add.abort_conditions),
            {operation: self._variables(action.variables) for operation, action in actions if action is not None},
        )


def compile_strategy(definition: d.StrategyDefinition) -> CompiledStrategy:
    """Compile every statement of a checked definition.

    Raises
    ------
    StatementError
        When a statement is not an expression: only of a definition that was not checked.
    """
    return CompiledStrategy(definition)
