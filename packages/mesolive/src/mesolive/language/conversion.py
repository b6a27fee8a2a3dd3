"""Converts version 2 job definitions to version 3, and reports each change and each setting that is lost."""

from __future__ import annotations

import copy
import enum
import re
from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct

from mesolive.language import indicators, shapes
from mesolive.language.loading import Tree, describe, load
from mesolive.language.problems import Problem, Severity


class Level(enum.Enum):
    """How a line of the report is meant."""

    AUTO = "AUTO"
    WARN = "WARN"
    ERROR = "ERROR"


class ConversionLine(Struct, frozen=True):
    """A line of the conversion report: a change (`AUTO`), a possible difference (`WARN`), a lost setting (`ERROR`)."""

    level: Level
    path: str
    message: str

    def __str__(self) -> str:
        return (
            f"[{self.level.value}] {self.path}: {self.message}" if self.path else f"[{self.level.value}] {self.message}"
        )

    def problem(self) -> Problem:
        """Return the line as a problem of the definition."""
        severity = Severity.ERROR if self.level is Level.ERROR else Severity.WARNING
        return Problem(self.path, self.message, severity=severity)


class ConversionReport(Struct, frozen=True):
    """A converted definition and what was done to it.

    Attributes
    ----------
    definition
        Version 3 JSON; of no use when a line is an `ERROR`.
    lines
        In the order of the work.
    """

    definition: Mapping[str, Any]
    lines: tuple[ConversionLine, ...]

    @property
    def converted(self) -> bool:
        """Whether the conversion had no problem."""
        return all(line.level is not Level.ERROR for line in self.lines)


_BACKTEST = ("Name", "Start", "End", "Cash")
_V2_ONLY = ("TemplateName", "SimSettings", "Start", "End", "Cash")
_CORE_SETTINGS = ("LegSelectionConstraint", "Margin")
_NOW_DECIMAL = re.compile(
    r"\b(?:days_in_trade|leg_\w+?_(?:dte|dit))\b\s*(?:==|~=)|(?:==|~=)\s*\b(?:days_in_trade|leg_\w+?_(?:dte|dit))\b"
)
_TARGET_VERSION = "3.0"


def major_version(tree: Mapping[str, Any]) -> int | None:
    """Return the major number of `MesoSimVersion`, or `None` when none is given."""
    match = re.match(r"\s*v?(\d{1,9})", str(tree.get("MesoSimVersion") or ""), re.IGNORECASE)
    return int(match.group(1)) if match else None


def is_v2(tree: Mapping[str, Any]) -> bool:
    """Return whether a definition is of version 2 or older: by its version, or by fields that only those have."""
    major = major_version(tree)
    if major is not None:
        return major < 3
    return any(tree.get(name) is not None for name in _V2_ONLY)


def convert_v2(raw: bytes | str | Mapping[str, object]) -> ConversionReport:
    """Convert a version 2 job definition to version 3. One of version 3 comes back as it is.

    Raises
    ------
    DefinitionError
        When `raw` is not a JSON object, or is too large.
    """
    tree = load(raw)
    if not is_v2(tree):
        return ConversionReport(tree, (ConversionLine(Level.AUTO, "", "the definition is of version 3 already"),))
    return convert_tree(tree)


def convert_tree(tree: Mapping[str, Any]) -> ConversionReport:
    """Convert a loaded version 2 definition; see `convert_v2`."""
    converter = _Converter(copy.deepcopy(dict(tree)))
    converter.convert()
    return ConversionReport(converter.tree, tuple(converter.lines))


class _Converter:
    """Changes a tree of version 2 in place."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.lines: list[ConversionLine] = []

    def convert(self) -> None:
        self._version()
        self._top_level()
        self._settings()
        self._indicators()
        self._selectors(self.tree, "")
        self._adjustments()
        self._unknown_sections()
        self._decimal_times(self.tree, "")

    def _note(self, level: Level, path: str, message: str) -> None:
        self.lines.append(ConversionLine(level, path, message))

    def _version(self) -> None:
        before = self.tree.get("MesoSimVersion")
        self.tree["MesoSimVersion"] = _TARGET_VERSION
        self._note(Level.AUTO, "MesoSimVersion", f"{describe(before)} becomes {_TARGET_VERSION}")

    def _move(self, old: str, target: Tree, new: str, path: str) -> None:
        value = self.tree.pop(old, None)
        if value is None:
            return
        if target.get(new) not in [None, value]:
            self._note(Level.ERROR, path, f"stands beside {old}, which says something else")
            return
        target[new] = value
        self._note(Level.AUTO, path, f"moved here from {old}")

    def _top_level(self) -> None:
        self._move("TemplateName", self.tree, "StrategyName", "StrategyName")
        if self.tree.get("StrategyName") is None and isinstance(self.tree.get("Name"), str):
            self.tree["StrategyName"] = self.tree["Name"][:128]
            self._note(Level.AUTO, "StrategyName", "taken from Name")
        backtest = self.tree.get("Backtest")
        backtest = cast("Tree", backtest) if isinstance(backtest, dict) else {}
        for name in _BACKTEST:
            self._move(name, backtest, name, f"Backtest.{name}")
        if backtest:
            self.tree["Backtest"] = backtest

    def _settings(self) -> None:
        old = self.tree.pop("SimSettings", None)
        monitor = self.tree.pop("PositionMonitor", None)
        if old is None and monitor is None:
            return
        if old is not None and not isinstance(old, dict):
            self._note(Level.ERROR, "SimSettings", "is not an object")
            return
        simulation = cast("Tree", old or {})
        core = {name: simulation.pop(name) for name in _CORE_SETTINGS if simulation.get(name) is not None}
        if monitor is not None:
            simulation["PositionMonitor"] = monitor
        given = self.tree.get("Settings")
        settings = cast("Tree", given) if isinstance(given, dict) else {}
        for part, values in (("Core", core), ("Sim", simulation)):
            if values:
                present = settings.get(part)
                settings[part] = {**values, **(cast("Tree", present) if isinstance(present, dict) else {})}
                self._note(Level.AUTO, f"Settings.{part}", f"moved here from SimSettings: {', '.join(values)}")
        self.tree["Settings"] = settings

    def _indicators(self) -> None:
        given = self.tree.get("Indicators")
        standard = cast("Tree", given).get("Standard") if isinstance(given, dict) else None
        if not standard or not isinstance(standard, dict):
            if given is not None:
                self.tree.pop("Indicators")
                if given:
                    self._note(Level.WARN, "Indicators", "only Indicators.Standard is known; the rest is left out")
            return
        symbol = self.tree.get("Symbol")
        for name, value in cast("Tree", standard).items():
            path = f"Indicators.Standard.{name}"
            indicator = cast("Tree", value) if isinstance(value, dict) else {}
            kind = str(indicator.get("Type") or "").upper()
            if kind not in indicators.KINDS:
                self._note(
                    Level.ERROR, path, f"{describe(indicator.get('Type'))} is not an indicator that is known here"
                )
                continue
            instrument = indicator.get("Instrument")
            if instrument is not None and instrument != symbol:
                self._note(Level.ERROR, f"{path}.Instrument", "only indicators of the strategy's underlying are known")
            self._note(
                Level.WARN, path, f"{kind} is kept as an extension, over daily closes; version 3 has no indicators"
            )

    def _selectors(self, value: object, path: str) -> None:
        """Rename the selectors of every `StrikeSelector` below `value`; the tree's depth is bounded by its loader."""
        if isinstance(value, list):
            for index, item in enumerate(cast("list[object]", value)):
                self._selectors(item, f"{path}[{index}]")
        elif isinstance(value, dict):
            for name, item in cast("dict[str, object]", value).items():
                inner = f"{path}.{name}" if path else name
                if name == "StrikeSelector" and isinstance(item, dict):
                    self._selector(cast("Tree", item), inner)
                self._selectors(cast("object", item), inner)

    def _selector(self, selector: Tree, path: str) -> None:
        statement = selector.pop("Statement", None)
        if statement is not None:
            if selector.get("StrikePrice") is not None:
                self._note(Level.ERROR, path, "has both Statement and StrikePrice")
            else:
                selector["StrikePrice"] = statement
                self._note(Level.AUTO, f"{path}.StrikePrice", "renamed from Statement")
        for name in ("Gamma", "Theta", "Vega", "WVega", "Rho", "IV"):
            if selector.get(name) is not None:
                self._note(Level.WARN, f"{path}.{name}", "is kept as an extension; version 3 writes it with Complex")

    def _adjustments(self) -> None:
        rules = self.tree.get("Adjustment")
        conditional = cast("Tree", rules).get("ConditionalAdjustments") if isinstance(rules, dict) else None
        if not isinstance(conditional, dict):
            return
        for condition, actions in cast("Tree", conditional).items():
            if not isinstance(actions, dict):
                continue
            written = cast("Tree", actions)
            path = f"Adjustment.ConditionalAdjustments[{describe(condition)}]"
            for kind, value in list(written.items()):
                if value is not None and kind not in shapes.ADJUSTMENT.fields:
                    self._note(Level.ERROR, f"{path}.{kind}", "is not an adjustment of version 3")
            single = written.pop("RemoveLegAdjustment", None)
            if isinstance(single, dict) and written.get("RemoveLegsAdjustment") is None:
                old = cast("Tree", single)
                name = old.pop("LegName", None)
                written["RemoveLegsAdjustment"] = {"LegNames": [name], **old}
                self._note(Level.AUTO, f"{path}.RemoveLegsAdjustment", "made from RemoveLegAdjustment")

    def _unknown_sections(self) -> None:
        for name in list(self.tree):
            if name not in shapes.DEFINITION.fields and self.tree[name] is not None:
                self._note(Level.WARN, name, "has no place in version 3 and is left out")
                del self.tree[name]

    def _decimal_times(self, value: object, path: str) -> None:
        """Warn where a time that was a whole number in version 2 is tested for equality."""
        if isinstance(value, list):
            for index, item in enumerate(cast("list[object]", value)):
                self._decimal_times(item, f"{path}[{index}]")
        elif isinstance(value, dict):
            for name, item in cast("dict[str, object]", value).items():
                inner = f"{path}.{name}" if path else name
                if _NOW_DECIMAL.search(name):
                    self._note(
                        Level.WARN, inner, "tests days for equality: they are decimals now; use int(…), <= or >="
                    )
                self._decimal_times(item, inner)
        elif isinstance(value, str) and _NOW_DECIMAL.search(value):
            self._note(Level.WARN, path, "tests days for equality: they are decimals now; use int(…), <= or >=")
