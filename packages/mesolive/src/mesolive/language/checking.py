"""Validates a strategy definition: JSON form, cross references, and every name in every statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesolive.language import definition as d
from mesolive.language import indicators
from mesolive.language.advice import advise
from mesolive.language.calls import FUNCTIONS, PURE
from mesolive.language.conversion import ConversionLine, convert_tree, is_v2
from mesolive.language.expression import RESERVED_WORDS
from mesolive.language.loading import load
from mesolive.language.problems import DefinitionError, Hints, Problem, Severity, StatementError
from mesolive.language.reading import FormReader, TooManyProblemsError, read_definition
from mesolive.language.sandbox import Sandbox
from mesolive.language.statement import Statement, compile_statement
from mesolive.language.statement_check import check_expression, variables_of
from mesolive.language.variables import (
    FROZEN,
    Names,
    base_names,
    expiration_variables,
    is_own_name,
    leg_variables,
)

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset({"and", "false", "nil", "not", "or", "true", "timing", "options"}) | RESERVED_WORDS


MAX_ALL_LEGS = 200
MAX_ALL_EXPIRATIONS = 100
MAX_ALL_VARIABLES = 500


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The problems and warnings of a definition.

    Attributes
    ----------
    problems
        Errors, in the order of the definition; with any of them there is no `definition`.
    warnings
        What is ignored, rounded or probably not meant; what the conversion did is among them.
    conversion
        The report of the conversion from version 2; empty for a definition of version 3.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    definition: d.StrategyDefinition | None
    conversion: tuple[ConversionLine, ...] = ()

    @property
    def notes(self) -> list[str]:
        """Notes for the user, a line each: the report of the conversion, then the other warnings."""
        return [str(line) for line in self.conversion] + [str(warning) for warning in self.advice]

    @property
    def advice(self) -> tuple[Problem, ...]:
        """Warnings about the definition itself, without the report of the conversion."""
        of_conversion = {line.problem() for line in self.conversion}
        return tuple(warning for warning in self.warnings if warning not in of_conversion)


def parse_definition(raw: bytes | str | Mapping[str, object]) -> d.StrategyDefinition:
    """Return the definition in `raw`: JSON text, or the values of it. Version 2 is converted.

    Raises
    ------
    DefinitionError
        With every problem, each with its path.
    """
    report = check_definition(raw)
    if report.definition is None:
        raise DefinitionError(report.problems)
    return report.definition


def check_definition(raw: bytes | str | Mapping[str, object]) -> CheckReport:
    """Check a definition as `parse_definition` does; never raises for its content."""
    try:
        tree = load(raw)
    except DefinitionError as error:
        return CheckReport(tuple(error.problems), (), None)
    lines: tuple[ConversionLine, ...] = ()
    if is_v2(tree):
        conversion = convert_tree(tree)
        tree, lines = dict(conversion.definition), conversion.lines
    reader = FormReader()
    reader.problems.extend(line.problem() for line in lines)
    definition = None
    try:
        definition = read_definition(tree, reader)
        _Checker(definition, reader).check()
        advise(definition, reader, {line.problem().path for line in lines})
    except TooManyProblemsError:
        definition = None
    errors = tuple(problem for problem in reader.problems if problem.severity is Severity.ERROR)
    warnings = tuple(problem for problem in reader.problems if problem.severity is Severity.WARNING)
    return CheckReport(errors, warnings, None if errors else definition, lines)


class _Checker:
    """Checks references and statements, each against the names that exist at its place."""

    def __init__(self, definition: d.StrategyDefinition, reader: FormReader) -> None:
        self._definition = definition
        self._reader = reader
        self._sandbox = Sandbox()
        self._hints = Hints()
        self._columns: set[str] = set()
        adding = [adjustment.add for adjustment in definition.adjustment.adjustments if adjustment.add]
        moving = [adjustment.move for adjustment in definition.adjustment.adjustments if adjustment.move]
        self._added_legs = [leg.name for add in adding for leg in add.legs]
        self._all_legs = list(dict.fromkeys([*(leg.name for leg in definition.legs), *self._added_legs]))
        own = [rule.name for rule in definition.expirations]
        further = [rule.name for action in (*adding, *moving) for rule in action.expirations]
        self._all_expirations = list(dict.fromkeys([*own, *further]))
        self._defined = list(dict.fromkeys(name for name, _ in _all_variables(definition)))
        outputs = [name for indicator in definition.indicators for name in indicators.outputs(indicator)]
        self._base = base_names(external=definition.csv_url is not None).adding(outputs)
        self._later = self._reasons()

    def check(self) -> None:
        if not self._within_bounds():
            return
        self._references()
        self._variable_names()
        names = self._check_structure()
        self._check_entry(names)
        self._check_exit()
        self._check_adjustments()
        for indicator in self._definition.indicators:
            problem = indicators.problem(indicator)
            if problem is not None:
                self._reader.error(f"Indicators.Standard.{indicator.name}", problem)

    def _within_bounds(self) -> bool:
        """Return whether the definition as a whole is small enough for every name to be looked at in every place."""
        counts = (
            ("legs", len(self._all_legs), MAX_ALL_LEGS),
            ("expirations", len(self._all_expirations), MAX_ALL_EXPIRATIONS),
            ("variables", len(self._defined), MAX_ALL_VARIABLES),
        )
        for what, count, limit in counts:
            if count > limit:
                self._reader.error("", f"the definition has {count:,} {what} in all", f"at most {limit}")
        return all(count <= limit for _, count, limit in counts)

    def _reasons(self) -> dict[str, str]:
        """Return the names that exist somewhere, each with the reason why it may not be readable at a place."""
        reasons: dict[str, str] = {}
        for leg in self._all_legs:
            reasons |= dict.fromkeys(leg_variables(leg), f"leg '{leg}' has not been selected yet at this place")
        for alias in self._all_expirations:
            reason = f"expiration '{alias}' has not been chosen yet at this place"
            reasons |= dict.fromkeys(expiration_variables(alias, selecting=False), reason)
            bounds = expiration_variables(alias, selecting=True)[1:]
            reasons |= dict.fromkeys(bounds, "it exists only while expirations and legs are being selected")
        reasons |= dict.fromkeys(self._defined, "it is set later, or in another place")
        reasons |= dict.fromkeys(FROZEN, "it is fixed when the position is entered")
        return reasons

    def _place(self, *groups: Iterable[str], legs: Sequence[str] = ()) -> Names:
        names = [name for group in groups for name in group]
        return Names(self._base.known | frozenset(names), self._later, tuple(legs), external=self._base.external)

    # --- references and names

    def _references(self) -> None:
        definition = self._definition
        self._unique("Structure.Expirations", [rule.name for rule in definition.expirations])
        self._unique("Structure.Legs", [leg.name for leg in definition.legs])
        aliases = [rule.name for rule in definition.expirations]
        for index, leg in enumerate(definition.legs):
            self._alias(f"Structure.Legs[{index}].ExpirationName", leg.expiration, aliases)
        for adjustment in definition.adjustment.adjustments:
            self._adjustment_references(adjustment, aliases)

    def _adjustment_references(self, adjustment: d.ConditionalAdjustment, aliases: Sequence[str]) -> None:
        path = adjustment.condition.path
        if adjustment.remove is not None:
            for name in adjustment.remove.legs:
                self._leg_exists(f"{path}.RemoveLegsAdjustment.LegNames", name)
        if adjustment.move is not None:
            move = adjustment.move
            self._leg_exists(f"{path}.MoveLegAdjustment.LegName", move.leg)
            own = [rule.name for rule in move.expirations]
            self._unique(f"{path}.MoveLegAdjustment.Expirations", own)
            if move.expiration is not None:
                reachable = [*aliases, *own, *self._all_expirations]
                self._alias(f"{path}.MoveLegAdjustment.ExpirationName", move.expiration, reachable)
        if adjustment.add is not None:
            add = adjustment.add
            own = [rule.name for rule in add.expirations]
            self._unique(f"{path}.AddLegsAdjustment.Expirations", own)
            self._unique(f"{path}.AddLegsAdjustment.Legs", [leg.name for leg in add.legs])
            for index, leg in enumerate(add.legs):
                self._alias(
                    f"{path}.AddLegsAdjustment.Legs[{index}].ExpirationName",
                    leg.expiration,
                    [*aliases, *own, *self._all_expirations],
                )

    def _unique(self, path: str, names: Sequence[str]) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name and name in seen:
                self._reader.error(f"{path}[{index}].Name", f"the name '{name}' is taken by an earlier one")
            if name and not re.fullmatch(r"\w+", name, re.ASCII):
                self._reader.warn(
                    f"{path}[{index}].Name", "has other characters than letters, digits and _: no statement can read it"
                )
            seen.add(name)

    def _alias(self, path: str, name: str, known: Sequence[str]) -> None:
        if name and name not in known:
            hint = self._hints.suggest(name, known)
            self._reader.error(path, f"there is no expiration '{name}'{hint}", ", ".join(dict.fromkeys(known)))

    def _leg_exists(self, path: str, name: str) -> None:
        if name and name not in self._all_legs:
            self._reader.error(path, f"there is no leg '{name}'{self._hints.suggest(name, self._all_legs)}")

    def _variable_names(self) -> None:
        for name, statement in _all_variables(self._definition):
            self._variable_name(name, statement.path)
        for indicator in self._definition.indicators:
            self._variable_name(indicator.name, f"Indicators.Standard.{indicator.name}")

    def _variable_name(self, name: str, path: str) -> None:
        if not _IDENTIFIER.fullmatch(name):
            self._reader.error(path, "is not a variable's name", "letters, digits and _, no digit first", name[:60])
        elif name in _RESERVED or name in PURE or name in FUNCTIONS:
            self._reader.error(path, f"'{name}' is a word of the language")
        elif is_own_name(name):
            self._reader.error(path, f"'{name}' is a variable of the language's own")

    # --- statements, place by place

    def _statement(self, statement: Statement | None, names: Names) -> None:
        if statement is None:
            return
        findings = check_expression(statement.text, names, self._hints)
        for finding in findings:
            self._reader.error(statement.path, finding.message, found=finding.found)
        if not findings:
            self._compiles(statement)
        if self._base.external:
            self._probably_misspelt(statement, names)

    def _compiles(self, statement: Statement) -> None:
        """Compile it as a strategy will: Lua has bounds of its own."""
        try:
            compile_statement(statement, self._sandbox)
        except StatementError as error:
            self._reader.error(statement.path, f"cannot be compiled: {error}")

    def _probably_misspelt(self, statement: Statement, names: Names) -> None:
        """Warn of a name that only external data can supply but that resembles a built-in one."""
        for name in sorted(variables_of(statement.text) - names.known - names.later.keys() - self._columns):
            self._columns.add(name)
            hint = self._hints.suggest(name, names.known, cutoff=0.85)
            if hint and "." not in name and not is_own_name(name):
                self._reader.warn(statement.path, f"'{name}' is read as a column of the external data{hint}")

    def _check_expirations(self, rules: Sequence[d.ExpirationRule], names: Names) -> Names:
        for rule in rules:
            bounds = expiration_variables(rule.name, selecting=True)[1:]
            self._statement(rule.minimum, names)
            self._statement(rule.maximum, names)
            self._statement(rule.dte, names.adding(bounds))
            names = names.adding(expiration_variables(rule.name, selecting=True))
        return names

    def _check_legs(self, legs: Sequence[d.LegRule], names: Names) -> Names:
        for leg in legs:
            with_leg = names.adding(leg_variables(leg.name), legs=[leg.name])
            self._check_selector(leg.selector, names, with_leg)
            self._statement(leg.qty, with_leg)
            self._statement(leg.group, with_leg)
            names = with_leg
        return names

    def _check_selector(self, selector: d.StrikeSelector, before: Names, candidate: Names) -> None:
        self._statement(selector.target, before)
        self._statement(selector.minimum, before)
        self._statement(selector.maximum, before)
        self._statement(selector.statement, candidate)
        for constraint in selector.constraints:
            self._statement(constraint, candidate)

    def _check_variables(self, variables: d.VarDefines, names: Names) -> Names:
        for name, statement in variables:
            self._statement(statement, names)
            names = names.adding([name])
        return names

    def _check_structure(self) -> Names:
        names = self._check_expirations(self._definition.expirations, self._place())
        return self._check_legs(self._definition.legs, names)

    def _check_entry(self, selected: Names) -> None:
        entry, leaving = self._definition.entry, self._definition.exit
        aliases = [
            name for rule in self._definition.expirations for name in expiration_variables(rule.name, selecting=False)
        ]
        legs = [leg.name for leg in self._definition.legs]
        preview = self._place(aliases, *(leg_variables(leg) for leg in legs), legs=legs)
        self._statement(entry.qty_multiplier, selected)
        names = self._check_variables(entry.variables, preview)
        self._statement(leaving.profit_target, names)
        names = names.adding(["profit_target"])
        self._statement(leaving.stop_loss, names)
        names = names.adding(["stop_loss"])
        self._statement(leaving.max_days_in_trade, names)
        names = names.adding(["max_days_in_trade"])
        for statement in entry.conditions:
            self._statement(statement, names)
            if any(name.startswith(("leg_", "expiration_")) for name in variables_of(statement.text)):
                self._reader.warn(
                    statement.path, "reads legs, which do not exist before an entry is prepared: no entry signal by it"
                )
        for statement in entry.abort_conditions:
            self._statement(statement, names)

    def _position_names(self) -> Names:
        return self._place(
            *(expiration_variables(alias, selecting=False) for alias in self._all_expirations),
            *(leg_variables(leg) for leg in self._all_legs),
            self._defined,
            FROZEN,
            legs=self._all_legs,
        )

    def _check_exit(self) -> None:
        names = self._position_names()
        for statement in self._definition.exit.conditions:
            self._statement(statement, names)
        self._check_variables(self._definition.exit.variables, names)

    def _check_adjustments(self) -> None:
        names = self._position_names()
        for adjustment in self._definition.adjustment.adjustments:
            self._statement(adjustment.condition, names)
            if adjustment.remove is not None:
                self._check_variables(adjustment.remove.variables, names)
            if adjustment.move is not None:
                selecting = self._check_expirations(adjustment.move.expirations, names)
                self._check_selector(adjustment.move.selector, selecting, selecting)
                self._check_variables(adjustment.move.variables, names)
            if adjustment.add is not None:
                selecting = self._check_expirations(adjustment.add.expirations, names)
                self._check_legs(adjustment.add.legs, selecting)
                for statement in adjustment.add.abort_conditions:
                    self._statement(statement, names)
                self._check_variables(adjustment.add.variables, names)
            if adjustment.update is not None:
                self._check_variables(adjustment.update.variables, names)


def _all_variables(definition: d.StrategyDefinition) -> list[tuple[str, Statement]]:
    """Return every variable that the definition may set, with the statement that sets it."""
    result = list(definition.entry.variables)
    for adjustment in definition.adjustment.adjustments:
        for action in (adjustment.remove, adjustment.move, adjustment.add, adjustment.update):
            if action is not None:
                result.extend(action.variables)
    return [*result, *definition.exit.variables]
