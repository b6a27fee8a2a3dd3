"""Strategy language: definitions, expressions and evaluation. Pure: no I/O and no clock of its own.

`parse_definition` reads and checks a definition, `compile_strategy` compiles it. The other functions evaluate entry,
exit and adjustments from a market view, an account and a position. Their inputs and outputs are in
`mesolive.language.decision`.
"""

from mesolive.language.adjusting import freeze_at_adjustment, select_adjustment
from mesolive.language.checking import CheckReport, check_definition, parse_definition
from mesolive.language.compiled import CompiledStrategy, compile_strategy
from mesolive.language.conversion import ConversionReport, convert_v2
from mesolive.language.definition import StrategyDefinition
from mesolive.language.entry import freeze_at_entry, select_entry
from mesolive.language.problems import DefinitionError, Problem, Severity, StatementError
from mesolive.language.signals import (
    Signals,
    entry_refusals,
    evaluate_adjustments,
    evaluate_entry_gate,
    evaluate_exit,
    evaluate_signals,
)

__all__ = [
    "CheckReport",
    "CompiledStrategy",
    "ConversionReport",
    "DefinitionError",
    "Problem",
    "Severity",
    "Signals",
    "StatementError",
    "StrategyDefinition",
    "check_definition",
    "compile_strategy",
    "convert_v2",
    "entry_refusals",
    "evaluate_adjustments",
    "evaluate_entry_gate",
    "evaluate_exit",
    "evaluate_signals",
    "freeze_at_adjustment",
    "freeze_at_entry",
    "parse_definition",
    "select_adjustment",
    "select_entry",
]
