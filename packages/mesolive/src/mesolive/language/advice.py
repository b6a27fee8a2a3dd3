"""Lint warnings for valid definitions that are probably mistakes, each with the likely intent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from mesolive.language import definition as d
from mesolive.language.comparison_advice import comparison_warnings
from mesolive.language.decision import Constraint
from mesolive.language.expression import Binary, Constant, Node, Number, Unary, parse_expression
from mesolive.language.problems import ExpressionError
from mesolive.language.reading import FormReader
from mesolive.language.schedule import Schedule
from mesolive.language.statement import Statement
from mesolive.market.contracts import FRACTIONAL_UNDERLYINGS

SESSION_MINUTES: Final = 390
"""Minutes of a whole session of the options exchange: 9:30 to 16:00."""
DOCUMENTED_HOSTS: Final = frozenset({"gist.githubusercontent.com", "docs.google.com"})
"""Hosts of external data that need no permission of the operator."""
WEEKEND: Final = frozenset({6, 7})
CONSTRAINTS: Final = {
    Constraint.FULLY_UNIQUE: "no contract that any open position of the account holds is used again",
    Constraint.UNIQUE_IN_POSITION: "contracts may be shared between positions, not within one",
    Constraint.NONE: "contracts may be shared, within a position too",
}
PRICES: Final = frozenset({d.SelectorKind.BID_PRICE, d.SelectorKind.ASK_PRICE, d.SelectorKind.MID_PRICE})


def advise(definition: d.StrategyDefinition, reader: FormReader, converted: Collection[str] = ()) -> None:
    """Note a warning for each value of a definition that does nothing, or hardly what was meant.

    Parameters
    ----------
    definition
        One without errors so far: statements that cannot be read are passed over.
    reader
        Where the warnings go.
    converted
        Paths of statements that the conversion from version 2 has warned of: their comparisons are reported already.
    """
    _Advice(definition, reader, converted).give()


def constant_of(statement: Statement | None) -> float | None:
    """Return the value of a statement that reads nothing (truth values as 1 and 0); `None` of any other."""
    if statement is None:
        return None
    try:
        return _fold_or_none(parse_expression(statement.text))
    except ExpressionError:
        return None


def _fold_or_none(node: Node) -> float | None:
    try:
        return _fold(node)
    except ArithmeticError:
        return None


def _fold(node: Node) -> float | None:
    match node:
        case Number():
            return node.value
        case Constant():
            return 1.0 if node.word == "true" else 0.0
        case Unary(operator="-"):
            inner = _fold(node.operand)
            return None if inner is None else -inner
        case Binary():
            left, right = _fold(node.left), _fold(node.right)
            return None if left is None or right is None else _arithmetic(node.operator, left, right)
        case _:
            return None


def _arithmetic(operator: str, left: float, right: float) -> float | None:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "==":
            return float(left == right)
        case "~=":
            return float(left != right)
        case "<":
            return float(left < right)
        case "<=":
            return float(left <= right)
        case ">":
            return float(left > right)
        case ">=":
            return float(left >= right)
        case _:
            return None


class _Advice:
    def __init__(self, definition: d.StrategyDefinition, reader: FormReader, converted: Collection[str]) -> None:
        self._definition = definition
        self._reader = reader
        self._converted = converted
        self._fractional = definition.symbol in FRACTIONAL_UNDERLYINGS

    def give(self) -> None:
        definition = self._definition
        if definition.symbol != definition.symbol.strip().upper():
            meant = definition.symbol.strip().upper()
            self._warn("Symbol", f"symbols are capital letters; did you mean '{meant}'?", definition.symbol)
        self._expirations(definition.expirations)
        self._legs(definition.legs)
        self._entry(definition.entry)
        self._adjustments(definition.adjustment)
        self._exit(definition.exit)
        self._external_data(definition.csv_url)
        if definition.names_leg_constraint:
            used = definition.leg_constraint
            self._warn(
                "Settings.Core.LegSelectionConstraint",
                f"{used.value} is used by the autopilot and by replay: {CONSTRAINTS[used]}; whoever prepares an entry "
                "by hand chooses it there",
            )

    def _warn(self, path: str, message: str, found: str | None = None) -> None:
        self._reader.warn(path, message, found)

    # --- structure

    def _expirations(self, rules: Iterable[d.ExpirationRule]) -> None:
        for rule in rules:
            target = constant_of(rule.dte)
            low, high = constant_of(rule.minimum), constant_of(rule.maximum)
            self._bounds(rule.minimum, rule.maximum, "no expiration fits")
            if target is not None and target < 0:
                self._warn(rule.dte.path, f"lies in the past; did you mean {-target:g}?", rule.dte.text)
            elif target is not None and ((low is not None and target < low) or (high is not None and target > high)):
                self._warn(
                    rule.dte.path, "lies outside of Min and Max: only the nearest end of them is taken", rule.dte.text
                )

    def _bounds(self, low: Statement | None, high: Statement | None, consequence: str) -> None:
        minimum, maximum = constant_of(low), constant_of(high)
        if low is not None and minimum is not None and maximum is not None and minimum > maximum:
            self._warn(
                low.path, f"is greater than Max ({maximum:g}): {consequence}; did you mean them exchanged?", low.text
            )

    def _legs(self, legs: Sequence[d.LegRule]) -> None:
        for leg in legs:
            self._selector(leg.selector)
            self._quantity(leg.qty)
        quantities = [constant_of(leg.qty) for leg in legs]
        if legs and all(quantity == 0 for quantity in quantities):
            self._warn(legs[0].qty.path, "all legs are marker legs (Qty 0): nothing is traded; did you mean 1 or -1?")

    def _quantity(self, qty: Statement) -> None:
        value = constant_of(qty)
        if value is None or self._fractional or value == round(value):
            return
        meant = round(value) or (1 if value > 0 else -1)
        self._warn(
            qty.path, f"is not a whole number of contracts: no plan comes of it; did you mean {meant}?", qty.text
        )

    def _selector(self, selector: d.StrikeSelector) -> None:
        self._bounds(selector.minimum, selector.maximum, "no contract fits")
        if selector.kind is d.SelectorKind.DELTA:
            for statement in (selector.target, selector.minimum, selector.maximum):
                self._delta(statement, is_bound=statement is not selector.target)
        target = constant_of(selector.target)
        if target is not None and selector.kind in PRICES and target <= 0:
            self._warn(
                selector.target.path,
                "no option has such a price: the cheapest is taken; prices are per unit and positive"
                + (f", did you mean {-target:g}?" if target else ""),
                selector.target.text,
            )
        if target is not None and selector.kind is d.SelectorKind.STRIKE_PRICE and target <= 0:
            self._warn(
                selector.target.path, "no strike is so low; did you mean underlying_price + …?", selector.target.text
            )

    def _delta(self, statement: Statement | None, *, is_bound: bool) -> None:
        value = constant_of(statement)
        if statement is None or value is None:
            return
        size = abs(value)
        if 0 < size < 1:
            self._warn(
                statement.path,
                f"is less than a hundredth of a share: deltas are written in percent; did you mean {value * 100:g}?",
                statement.text,
            )
        elif size == 0 and not is_bound:
            self._warn(
                statement.path,
                "no option has a delta of 0: the strike furthest out of the money is taken; did you mean 10, or Qty 0 "
                "for a marker leg?",
                statement.text,
            )
        elif size > 100:
            self._warn(
                statement.path,
                "no option has a delta above 100: the strike deepest in the money is taken; did you mean "
                f"{size / 10 if size <= 1000 else 50:g}, or StrikePrice?",
                statement.text,
            )

    # --- entry, adjustments, exit

    def _entry(self, rules: d.EntryRules) -> None:
        self._schedule(rules.schedule, "Entry.Schedule")
        self._constants(rules.conditions, holds=False, consequence="it never allows an entry")
        self._constants(rules.abort_conditions, holds=True, consequence="it refuses every entry")
        if not rules.limits_concurrency:
            self._warn(
                "Entry.Concurrency",
                "is not set: one position at a time on each account; for more, write "
                '{"MaxPositionsInFlight": 2, "EntryShiftDays": 7}',
            )
        elif not rules.limits_positions:
            self._warn("Entry.Concurrency", "MaxPositionsInFlight is not set: one position at a time on each account")
        elif rules.max_positions == 0:
            self._warn("Entry.Concurrency.MaxPositionsInFlight", "never enters; did you mean 1?", "0")
        multiplier = rules.qty_multiplier
        value = constant_of(multiplier)
        if multiplier is not None and value is not None:
            if value <= 0:
                self._warn(multiplier.path, "trades nothing; did you mean 1?", multiplier.text)
            elif value != round(value) and not self._fractional:
                self._warn(
                    multiplier.path,
                    "quantities times this must be whole contracts; did you mean floor(…)?",
                    multiplier.text,
                )

    def _adjustments(self, rules: d.AdjustmentRules) -> None:
        self._schedule(rules.schedule, "Adjustment.Schedule")
        for adjustment in rules.adjustments:
            self._constants((adjustment.condition,), holds=False, consequence="it never adjusts")
            if adjustment.move is not None:
                self._selector(adjustment.move.selector)
                self._expirations(adjustment.move.expirations)
            if adjustment.add is not None:
                self._expirations(adjustment.add.expirations)
                for leg in adjustment.add.legs:
                    self._selector(leg.selector)
                    self._quantity(leg.qty)
                self._constants(adjustment.add.abort_conditions, holds=True, consequence="it refuses every adjustment")
        count = rules.max_count
        path = "Adjustment.MaxAdjustmentCount"
        if count is None:
            return
        if not rules.adjustments:
            self._warn(path, "does nothing: there are no ConditionalAdjustments", str(count))
        elif count == 0:
            self._warn(path, "the first adjustment closes the position; leave it out for no limit", "0")
        else:
            adjustments = "one adjustment" if count == 1 else f"{count} adjustments"
            self._warn(
                path, f"after {adjustments} the next one closes the position; leave it out for no limit", str(count)
            )

    def _exit(self, rules: d.ExitRules) -> None:
        self._schedule(rules.schedule, "Exit.Schedule")
        self._constants(
            rules.conditions, holds=True, consequence="every position is closed at its first scheduled time"
        )
        stop = rules.stop_loss
        value = constant_of(stop)
        if stop is not None and value is not None and value < 0:
            self._warn(stop.path, f"is negative: its absolute value is taken; did you mean {-value:g}?", stop.text)
        if stop is not None and value == 0:
            self._warn(
                stop.path, "closes the position as soon as it does not gain; leave it out for no stop", stop.text
            )
        target = rules.profit_target
        value = constant_of(target)
        if target is not None and value is not None and value <= 0:
            self._warn(target.path, "is not a profit: the position would be closed at once", target.text)
        days = rules.max_days_in_trade
        value = constant_of(days)
        if days is not None and value is not None and value <= 0:
            self._warn(days.path, "closes the position at once; leave it out for no limit", days.text)

    def _constants(self, statements: Iterable[Statement], *, holds: bool, consequence: str) -> None:
        for statement in statements:
            value = constant_of(statement)
            if value is not None and (value != 0) is holds:
                self._warn(statement.path, f"is always {'true' if holds else 'false'}: {consequence}", statement.text)
            elif value is None and statement.path not in self._converted:
                self._comparisons(statement)

    def _comparisons(self, statement: Statement) -> None:
        try:
            node = parse_expression(statement.text)
        except ExpressionError:
            return
        for warning in comparison_warnings(node, _fold_or_none, weekends=self._fractional):
            self._warn(statement.path, warning)

    def _schedule(self, schedule: Schedule | None, path: str) -> None:
        if schedule is None:
            return
        if isinstance(schedule.every, tuple) and not self._fractional:
            closed = WEEKEND.intersection(schedule.every)
            if len(closed) == len(schedule.every):
                self._warn(f"{path}.Every", "the exchange is closed at weekends: never; did you mean day?")
            elif closed:
                self._warn(f"{path}.Every", "the exchange is closed at weekends: those days never come")
        if self._fractional:
            return
        after, before = schedule.after_open, schedule.before_close
        if after is not None and after >= SESSION_MINUTES:
            self._warn(
                f"{path}.AfterMarketOpenMinutes",
                f"a session has {SESSION_MINUTES} minutes: never; did you mean {SESSION_MINUTES - 30}, or "
                "BeforeMarketCloseMinutes?",
                str(after),
            )
        if before == 0 and schedule.every != "5min":
            self._warn(f"{path}.BeforeMarketCloseMinutes", "the market is closed then: never; did you mean 5?", "0")
        elif before is not None and before > SESSION_MINUTES:
            self._warn(
                f"{path}.BeforeMarketCloseMinutes",
                f"a session has {SESSION_MINUTES} minutes: never; did you mean 30, or AfterMarketOpenMinutes?",
                str(before),
            )

    def _external_data(self, url: str | None) -> None:
        if url is None:
            return
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme == "http":
            self._warn("ExternalData.CsvUrl", "is fetched over https only; did you mean https://?", url[:60])
        elif scheme not in {"https", "file"}:
            self._warn("ExternalData.CsvUrl", "is not an address that is fetched; https://… is needed", url[:60])
        elif scheme == "https" and (parts.hostname or "") not in DOCUMENTED_HOSTS:
            hosts = " and ".join(sorted(DOCUMENTED_HOSTS))
            self._warn(
                "ExternalData.CsvUrl", f"is fetched from {hosts} only, unless the operator allows its host", url[:60]
            )
