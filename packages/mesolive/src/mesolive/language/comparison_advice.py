"""Lint warnings for comparisons of a variable with a constant that hardly ever hold, or always: units and steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from mesolive.language.expression import Binary, Name, Node, walk

STEP: Final = 5
"""Minutes of the session are counted in steps of this many."""
COMPARISONS: Final = frozenset({"==", "~=", "<", "<=", ">", ">="})
EQUALITIES: Final = frozenset({"==", "~="})

_MINUTES = re.compile(r"(timing\.)?minutes_(after_open|before_close)")
_DECIMAL_DAYS = re.compile(r"(timing\.)?days_in_trade|leg_\w+_(dit|dte)")
_FRACTIONS = re.compile(r"underlying_(iv|hv)")
_PERCENT = re.compile(r"leg_\w+_(delta|iv)")


class _Comparison(NamedTuple):
    name: str
    operator: str
    value: float


def comparison_warnings(node: Node, fold: Callable[[Node], float | None], *, weekends: bool) -> Iterator[str]:
    """Yield a warning for each comparison of a variable with a constant that can hardly have been meant.

    Parameters
    ----------
    node
        The statement.
    fold
        Returns the value of an expression that reads nothing, `None` of any other.
    weekends
        Whether there are sessions at weekends.
    """
    for comparison in _comparisons(node, fold):
        warning = _warning(comparison, weekends=weekends)
        if warning is not None:
            yield warning


def _comparisons(node: Node, fold: Callable[[Node], float | None]) -> Iterator[_Comparison]:
    for part in walk(node):
        if not isinstance(part, Binary) or part.operator not in COMPARISONS:
            continue
        for side, other in ((part.left, part.right), (part.right, part.left)):
            value = fold(other)
            if isinstance(side, Name) and value is not None:
                yield _Comparison(side.name, part.operator, value)


def _warning(comparison: _Comparison, *, weekends: bool) -> str | None:
    name, operator, value = comparison
    written = f"{name} {operator} {value:g}"
    if operator in EQUALITIES:
        if _MINUTES.fullmatch(name) and value % STEP:
            return f"'{written}': minutes are counted in steps of {STEP}; did you mean {STEP * round(value / STEP)}?"
        if _DECIMAL_DAYS.fullmatch(name) and value == round(value):
            return f"'{written}': days are decimal, so that a moment may be missed; did you mean int({name})?"
        if name == "timing.day_of_week" and value not in range(1, 8 if weekends else 6):
            return f"'{written}': the exchange is closed then; 1 is Monday"
    if _FRACTIONS.fullmatch(name) and value > STEP:
        return f"'{written}': it is a fraction, such as 0.2; did you mean {value / 100:g}?"
    if _PERCENT.fullmatch(name) and 0 < abs(value) < 1:
        what = "in percent" if name.endswith("_iv") else "in percent times the quantity"
        return f"'{written}': it is {what}; did you mean {value * 100:g}?"
    return None
