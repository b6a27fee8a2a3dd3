"""Parses a JSON tree into a typed definition, and collects every problem of form with its path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from msgspec import Struct

from mesolive.language import definition as d
from mesolive.language import shapes
from mesolive.language.decision import Constraint
from mesolive.language.loading import describe
from mesolive.language.problems import Problem, Severity, nearest_name
from mesolive.language.schedule import Schedule
from mesolive.language.statement import Statement
from mesolive.market.contracts import Right
from mesolive.pricing.margin import MarginModel, MarginRules
from mesolive.pricing.margin_regt import RegTMode

Values = dict[str, Any]
_NOTHING = Statement("0")


class Entry(Struct, frozen=True):
    """One key of a map with its value and the value's path."""

    key: str
    value: Any
    path: str


MAX_PROBLEMS = 200
"""Maximum errors per definition: a longer list costs time and has no use."""


MAX_UNKNOWN_FIELDS = 100


class TooManyProblemsError(Exception):
    """So much is wrong that the rest is not looked for; it has been noted."""


class FormReader:
    """Walks a tree along `shapes`; keeps what fits, in the order written, and notes what does not.

    Attributes
    ----------
    problems
        Errors and warnings in the order of the tree.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._errors = 0
        self._unknown_fields = 0

    def error(self, path: str, message: str, expected: str | None = None, found: str | None = None) -> None:
        """Note an error.

        Raises
        ------
        TooManyProblemsError
            When there are enough.
        """
        self.problems.append(Problem(path, message, expected, found))
        self._errors += 1
        if self._errors >= MAX_PROBLEMS:
            self.problems.append(Problem("", f"has {MAX_PROBLEMS} errors or more; the rest was not looked for"))
            raise TooManyProblemsError

    def warn(self, path: str, message: str, found: str | None = None) -> None:
        """Note a warning."""
        if len(self.problems) < 2 * MAX_PROBLEMS:
            self.problems.append(Problem(path, message, None, found, Severity.WARNING))

    def read(self, value: object, kind: shapes.Kind, path: str) -> Any:  # noqa: ANN401  # the kind decides
        """Return `value` as its kind is kept, or `None` when it does not fit."""
        match kind:
            case shapes.Expression():
                return self._expression(value, kind, path)
            case shapes.Word():
                return self._word(value, kind, path)
            case shapes.Whole():
                return self._whole(value, kind, path)
            case shapes.Amount():
                return self._amount(value, kind, path)
            case shapes.Choice():
                return self._choice(value, kind, path)
            case shapes.Every():
                return self._every(value, path)
            case shapes.ListOf():
                return self._list(value, kind, path)
            case shapes.MapOf():
                return self._map(value, kind, path)
            case shapes.Shape():
                return self._object(value, kind, path)
            case shapes.Anything():
                return value

    def _expression(self, value: object, kind: shapes.Expression, path: str) -> Statement | None:
        if isinstance(value, bool):
            if kind.condition:
                return Statement("true" if value else "false", path)
        elif isinstance(value, str):
            if value.strip():
                return Statement(value, path)
            self.error(path, "is empty", "an expression")
            return None
        elif isinstance(value, int | Decimal):
            return Statement(str(value), path)
        elif isinstance(value, float) and math.isfinite(value):
            return Statement(repr(value), path)
        self.error(path, "is not an expression", "a text or a number", describe(value))
        return None

    def _word(self, value: object, kind: shapes.Word, path: str) -> str | None:
        if not isinstance(value, str):
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return str(value)
            self.error(path, "is not a text", "a text", describe(value))
            return None
        if not value.strip() and not kind.empty:
            self.error(path, "is empty", "a text")
            return None
        if len(value) > kind.max_length:
            self.error(path, f"is {len(value):,} characters long", f"at most {kind.max_length:,}")
            return None
        return value

    def _amount(self, value: object, kind: shapes.Amount, path: str) -> Decimal | None:
        number = _number(value)
        if number is None or not kind.minimum <= number <= kind.maximum:
            self.error(path, "is not such a number", f"a number, {kind.minimum} to {kind.maximum}", describe(value))
            return None
        return number

    def _whole(self, value: object, kind: shapes.Whole, path: str) -> int | None:
        number = _number(value)
        if number is None or not 0 <= number <= kind.greatest or number != int(number):
            self.error(path, "is not such a number", f"a whole number, 0 to {kind.greatest:,}", describe(value))
            return None
        return int(number)

    def _choice(self, value: object, kind: shapes.Choice, path: str) -> str | None:
        folded = {choice.casefold(): choice for choice in kind.of}
        if isinstance(value, str) and value.strip().casefold() in folded:
            return folded[value.strip().casefold()]
        self.error(path, "is none of the possible values", " or ".join(kind.of), describe(value))
        return None

    def _every(self, value: object, path: str) -> str | tuple[int, ...] | None:
        if isinstance(value, str):
            words = [word.strip().lower() for word in value.split(",")]
            if words in (["day"], ["5min"]):
                return words[0]
            if all(word in shapes.WEEKDAYS for word in words):
                return tuple(sorted({shapes.WEEKDAYS[word] for word in words}))
        self.error(path, "is not a schedule", "day, 5min, or weekdays such as mon,wed,fri", describe(value))
        return None

    def _list(self, value: object, kind: shapes.ListOf, path: str) -> list[Any] | None:
        if not isinstance(value, list | tuple):
            self.error(path, "is not a list", "a list", describe(value))
            return None
        items = cast("list[object]", value)
        if not kind.minimum <= len(items) <= kind.maximum:
            self.error(path, f"has {len(items):,} entries", f"{kind.minimum} to {kind.maximum}")
            items = items[: kind.maximum]
        result: list[Any] = []
        for index, item in enumerate(items):
            if item is None and isinstance(kind.item, shapes.Expression | shapes.Word):
                continue
            read = self.read(item, kind.item, f"{path}[{index}]")
            if read is not None:
                result.append(read)
        return result

    def _map(self, value: object, kind: shapes.MapOf, path: str) -> list[Entry] | None:
        if not isinstance(value, Mapping):
            self.error(path, "is not an object", "an object", describe(value))
            return None
        items = list(cast("Mapping[str, object]", value).items())
        if len(items) > kind.maximum:
            self.error(path, f"has {len(items):,} entries", f"at most {kind.maximum}")
            items = items[: kind.maximum]
        entries: list[Entry] = []
        for key, item in items:
            inner = f"{path}.{key}" if kind.keys == "variable" else f"{path}[{describe(key)}]"
            if item is None:
                continue
            read = self.read(item, kind.item, inner)
            if read is not None:
                entries.append(Entry(key, read, inner))
        return entries

    def _object(self, value: object, shape: shapes.Shape, path: str) -> Values | None:
        if not isinstance(value, Mapping):
            self.error(path, "is not an object", "an object", describe(value))
            return None
        given = cast("Mapping[str, object]", value)
        dot = f"{path}." if path else ""
        result: Values = {}
        for name, item in given.items():
            field = shape.fields.get(name)
            if field is None:
                self._unknown(f"{dot}{name}", name, shape, given)
            elif _is_blank(item, field):
                self.warn(f"{dot}{name}", "is empty: it counts as not set")
            elif item is not None:
                if field.live == "ignored" and not name.startswith("$"):
                    self.warn(f"{dot}{name}", "is not used by a live run")
                read = self.read(item, field.kind, f"{dot}{name}")
                if read is not None:
                    result[name] = read
        for name, field in shape.fields.items():
            if field.required and given.get(name) is None:
                self.error(f"{dot}{name}", "is missing", _wanted(field.kind))
        return result

    def _unknown(self, path: str, name: str, shape: shapes.Shape, given: Mapping[str, object]) -> None:
        self._unknown_fields += 1
        if self._unknown_fields > MAX_UNKNOWN_FIELDS:
            self.problems.append(Problem("", f"has more than {MAX_UNKNOWN_FIELDS} fields that do not exist"))
            raise TooManyProblemsError
        nearest = nearest_name(name, [known for known in shape.fields if given.get(known) is None], cutoff=0.75)
        if nearest is not None:
            self.error(path, f"there is no field of this name; did you mean '{nearest}'?")
        else:
            self.warn(path, "there is no field of this name; it is ignored")


def _number(value: object) -> Decimal | None:
    """Return the finite number of a value or of its text; `None` for anything else."""
    if not isinstance(value, str | int | float | Decimal) or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_blank(item: object, field: shapes.Field) -> bool:
    """Return whether an optional field holds an empty text where that means no value."""
    if field.required or (isinstance(field.kind, shapes.Word) and field.kind.empty):
        return False
    return isinstance(item, str) and not item.strip()


def _wanted(kind: shapes.Kind) -> str:
    match kind:
        case shapes.Expression():
            return "an expression"
        case shapes.ListOf():
            return "a list"
        case shapes.Shape() | shapes.MapOf():
            return "an object"
        case shapes.Choice():
            return " or ".join(kind.of)
        case _:
            return "a text"


def read_definition(tree: Mapping[str, Any], reader: FormReader) -> d.StrategyDefinition:
    """Return the definition in `tree`; what was wrong is in `reader.problems`, with a harmless value in its place."""
    values: Values = reader.read(tree, shapes.DEFINITION, "") or {}
    structure: Values = values.get("Structure", {})
    settings: Values = values.get("Settings", {}).get("Core", {})
    expirations = tuple(_expiration(item) for item in structure.get("Expirations", []))
    legs = tuple(_leg(item, reader, f"Structure.Legs[{index}]") for index, item in enumerate(structure.get("Legs", [])))
    return d.StrategyDefinition(
        name=values.get("StrategyName", ""),
        description=values.get("Description"),
        version=values.get("MesoSimVersion", "3"),
        symbol=values.get("Symbol", ""),
        expirations=expirations,
        legs=legs,
        entry=_entry(values.get("Entry", {}), reader),
        adjustment=_adjustments(values.get("Adjustment", {}), reader),
        exit=_exit(values.get("Exit", {}), reader),
        csv_url=values.get("ExternalData", {}).get("CsvUrl"),
        leg_constraint=Constraint(settings.get("LegSelectionConstraint", "FullyUnique")),
        names_leg_constraint="LegSelectionConstraint" in settings,
        expiration_constraint=d.ExpirationConstraint(settings.get("ExpirationSelectionConstraint", "AllowReuse")),
        margin=_margin(settings.get("Margin")),
        indicators=tuple(_indicator(item, reader) for item in values.get("Indicators", {}).get("Standard", [])),
        source=tree,
    )


def read_margin(given: object, reader: FormReader) -> MarginRules | None:
    """Return how margin is calculated by a `Margin` object; `None` when it is not, or there is no object."""
    return None if given is None else _margin(reader.read(given, shapes.MARGIN, "Settings.Core.Margin"))


def _margin(values: Values | None) -> MarginRules | None:
    if values is None or values.get("Model") == "None":
        return None
    default = MarginRules()
    bounds: Values = values.get("PMConfig", {})
    lower, upper = bounds.get("LowerBoundPct"), bounds.get("UpperBoundPct")
    return MarginRules(
        model=MarginModel(values.get("Model", default.model.value)),
        house_multiplier=values.get("HouseMultiplier", default.house_multiplier),
        mode=RegTMode(values.get("RegTMode", default.mode.value)),
        lower=default.lower if lower is None else lower / 100,
        upper=default.upper if upper is None else upper / 100,
    )


def _expiration(values: Values) -> d.ExpirationRule:
    roots: Values = values.get("Roots", {})
    include = roots.get("Include")
    return d.ExpirationRule(
        name=values.get("Name", ""),
        dte=values.get("DTE", _NOTHING),
        minimum=values.get("Min"),
        maximum=values.get("Max"),
        include=None if not include else tuple(root.strip().upper() for root in include),
        exclude=tuple(root.strip().upper() for root in roots.get("Exclude", ())),
    )


def _leg(values: Values, reader: FormReader, path: str) -> d.LegRule:
    return d.LegRule(
        name=values.get("Name", ""),
        qty=values.get("Qty", _NOTHING),
        right=Right.PUT if values.get("OptionType") == "Put" else Right.CALL,
        expiration=values.get("ExpirationName", ""),
        selector=_selector(values.get("StrikeSelector", {}), reader, f"{path}.StrikeSelector"),
        group=values.get("LegGroupId"),
    )


def _selector(values: Values, reader: FormReader, path: str) -> d.StrikeSelector:
    chosen = [name for name in shapes.SELECTORS if name in values]
    if len(chosen) != 1:
        if chosen or not any(problem.path.startswith(path) for problem in reader.problems):
            wanted, result = ", ".join(shapes.SELECTORS[:6]), ", ".join(chosen) or "none"
            reader.error(path, "needs exactly one selector", wanted, result)
        return d.StrikeSelector(d.SelectorKind.STRIKE_PRICE, _NOTHING)
    kind = d.SelectorKind(chosen[0])
    if kind is not d.SelectorKind.COMPLEX:
        if kind in d.V2_SELECTORS:
            reader.warn(f"{path}.{chosen[0]}", "is a selector of version 2, kept as an extension")
        return d.StrikeSelector(kind, values[chosen[0]], values.get("Min"), values.get("Max"))
    inner: Values = values["Complex"]
    return d.StrikeSelector(
        kind,
        inner.get("Target", _NOTHING),
        values.get("Min"),
        values.get("Max"),
        inner.get("Statement", _NOTHING),
        tuple(inner.get("Constraints", ())),
    )


def _schedule(values: Values | None, reader: FormReader, path: str) -> Schedule | None:
    if values is None:
        return None
    after, before = values.get("AfterMarketOpenMinutes"), values.get("BeforeMarketCloseMinutes")
    if (after is None) == (before is None) and not any(problem.path.startswith(path) for problem in reader.problems):
        reader.error(path, "needs exactly one of AfterMarketOpenMinutes and BeforeMarketCloseMinutes")
    for name, minutes in (("AfterMarketOpenMinutes", after), ("BeforeMarketCloseMinutes", before)):
        if minutes is not None and minutes % 5:
            reader.warn(f"{path}.{name}", f"is rounded to {_to_five(minutes)}", str(minutes))
    return Schedule(
        None if after is None else _to_five(after),
        None if before is None or after is not None else _to_five(before),
        values.get("Every", "day"),
    )


def _to_five(minutes: int) -> int:
    return 5 * ((minutes + 2) // 5)


def _variables(entries: list[Entry] | None) -> d.VarDefines:
    return tuple((entry.key, Statement(entry.value.text, entry.path)) for entry in entries or ())


def _entry(values: Values, reader: FormReader) -> d.EntryRules:
    concurrency: Values = values.get("Concurrency", {})
    return d.EntryRules(
        schedule=_schedule(values.get("Schedule"), reader, "Entry.Schedule"),
        conditions=tuple(values.get("Conditions", ())),
        variables=_variables(values.get("VarDefines")),
        abort_conditions=tuple(values.get("AbortConditions", ())),
        qty_multiplier=values.get("QtyMultiplier"),
        reentry_days=values.get("ReentryDays"),
        max_positions=concurrency.get("MaxPositionsInFlight", 1),
        shift_days=concurrency.get("EntryShiftDays", 0),
        limits_concurrency="Concurrency" in values,
        limits_positions="MaxPositionsInFlight" in concurrency,
    )


def _exit(values: Values, reader: FormReader) -> d.ExitRules:
    return d.ExitRules(
        schedule=_schedule(values.get("Schedule"), reader, "Exit.Schedule"),
        max_days_in_trade=values.get("MaxDaysInTrade"),
        profit_target=values.get("ProfitTarget"),
        stop_loss=values.get("StopLoss"),
        conditions=tuple(values.get("Conditions", ())),
        variables=_variables(values.get("VarDefines")),
    )


def _adjustments(values: Values, reader: FormReader) -> d.AdjustmentRules:
    entries: list[Entry] = values.get("ConditionalAdjustments", [])
    adjustments = [_adjustment(entry, reader) for entry in entries]
    return d.AdjustmentRules(
        schedule=_schedule(values.get("Schedule"), reader, "Adjustment.Schedule"),
        adjustments=tuple(sorted(adjustments, key=lambda adjustment: adjustment.condition.text)),
        max_count=values.get("MaxAdjustmentCount"),
    )


def _adjustment(entry: Entry, reader: FormReader) -> d.ConditionalAdjustment:
    values: Values = entry.value
    if not values:
        reader.error(entry.path, "says nothing to do", "at least one adjustment")
    remove = values.get("RemoveLegsAdjustment")
    single = values.get("RemoveLegAdjustment")
    if remove is not None and single is not None:
        reader.error(entry.path, "has both RemoveLegsAdjustment and its older form RemoveLegAdjustment")
    move, add, update = (values.get(f"{kind}Adjustment") for kind in ("MoveLeg", "AddLegs", "UpdateVars"))
    closing: d.RemoveLegs | None = None
    if remove is not None:
        closing = d.RemoveLegs(tuple(remove.get("LegNames", ())), _variables(remove.get("VarDefines")))
    elif single is not None:
        closing = d.RemoveLegs((single.get("LegName", ""),), _variables(single.get("VarDefines")))
    return d.ConditionalAdjustment(
        condition=Statement(entry.key, entry.path),
        remove=closing,
        move=None if move is None else _move(move, reader, f"{entry.path}.MoveLegAdjustment"),
        add=None if add is None else _add(add, reader, f"{entry.path}.AddLegsAdjustment"),
        update=None if update is None else d.UpdateVars(_variables(update.get("VarDefines"))),
    )


def _move(values: Values, reader: FormReader, path: str) -> d.MoveLeg:
    return d.MoveLeg(
        leg=values.get("LegName", ""),
        selector=_selector(values.get("StrikeSelector", {}), reader, f"{path}.StrikeSelector"),
        expiration=values.get("ExpirationName"),
        expirations=tuple(_expiration(item) for item in values.get("Expirations", ())),
        variables=_variables(values.get("VarDefines")),
    )


def _add(values: Values, reader: FormReader, path: str) -> d.AddLegs:
    return d.AddLegs(
        legs=tuple(_leg(item, reader, f"{path}.Legs[{index}]") for index, item in enumerate(values.get("Legs", ()))),
        expirations=tuple(_expiration(item) for item in values.get("Expirations", ())),
        abort_conditions=tuple(values.get("AbortConditions", ())),
        variables=_variables(values.get("VarDefines")),
    )


def _indicator(entry: Entry, reader: FormReader) -> d.Indicator:
    values: Values = entry.value
    parameters: list[float] = []
    for name in ("Param1", "Param2", "Param3"):
        statement: Statement | None = values.get(name)
        if statement is None:
            break
        try:
            parameters.append(float(statement.text))
        except ValueError:
            reader.error(f"{entry.path}.{name}", "is not a number", "a number", describe(statement.text))
    return d.Indicator(entry.key, str(values.get("Type", "")).upper(), tuple(parameters))
