"""Functions callable from expressions: Lua built-ins, and functions implemented in Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mesolive.language import option_model, timing
from mesolive.language.expression import Name, Node, Text
from mesolive.language.problems import StatementError
from mesolive.language.sandbox import LuaValue
from mesolive.language.scope import Scope

PURE: Mapping[str, tuple[int, int]] = {
    "abs": (1, 1),
    "min": (1, 50),
    "max": (1, 50),
    "sqrt": (1, 1),
    "pow": (2, 2),
    "log": (1, 2),
    "ceil": (1, 1),
    "floor": (1, 1),
    "int": (1, 1),
}
"""The functions that run in Lua, with their least and greatest number of arguments."""


class Argument(NamedTuple):
    """What one argument of a module call may be.

    Attributes
    ----------
    words
        Keywords that are allowed there, bare or quoted.
    legs
        Whether `leg_<NAME>` is allowed there.
    anchors
        Whether `leg_<NAME>_dte` standing alone means that leg's settlement.
    number
        Whether any expression may.
    """

    words: tuple[str, ...] = ()
    legs: bool = False
    anchors: bool = False
    number: bool = False


_NUMBER = Argument(number=True)
CallValue = float | str | None
Caller = Callable[[Scope, Sequence[CallValue]], LuaValue]


class Function(NamedTuple):
    """A function that is carried out in Python."""

    arguments: tuple[Argument, ...]
    required: int
    call: Caller


def _days_until(what: str) -> Caller:
    def call(scope: Scope, values: Sequence[CallValue]) -> LuaValue:
        year, month, day = (_as_number(value) for value in values)
        return timing.days_until(what, scope, year, month, day)

    return call


def _days_in(what: str) -> Caller:
    return lambda scope, values: timing.days_in(what, scope, str(values[0]))


def _random(scope: Scope, values: Sequence[CallValue]) -> LuaValue:
    """Draw as Lua's `math.random` does: a fraction, or a whole number in 1…m or m…n."""
    if not values:
        return scope.random.random()
    bounds = [_as_number(value) for value in values]
    low, high = (1.0, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    if low != math.floor(low) or high != math.floor(high) or low > high:
        raise StatementError(f"random({low:g}, {high:g}): whole numbers are needed, the lower one first")
    return float(scope.random.randint(int(low), int(high)))


def _as_number(value: CallValue) -> float:
    if not isinstance(value, float):
        raise StatementError("a call's argument is not a number")
    return value


_DATE = (_NUMBER, _NUMBER, _NUMBER)
_PERIOD = (Argument(words=("month", "year")),)
_TARGET = Argument(words=("position",), legs=True)
_HORIZON = Argument(anchors=True, number=True)
_METRIC = Argument(words=option_model.METRICS)

FUNCTIONS: Mapping[str, Function] = {
    "random": Function((_NUMBER, _NUMBER), 0, _random),
    **{
        f"timing.{days}_{direction}": Function(_DATE, 3, _days_until(f"{days}_{direction}"))
        for days in ("trading_days", "calendar_days")
        for direction in ("until", "after")
    },
    **{f"timing.{days}_in": Function(_PERIOD, 1, _days_in(f"{days}_in")) for days in ("trading_days", "calendar_days")},
    "options.model": Function((_TARGET, _HORIZON, _NUMBER, _METRIC), 4, option_model.model),
    "options.model_solver": Function(
        (
            _TARGET,
            _HORIZON,
            _NUMBER,
            _NUMBER,
            _METRIC,
            Argument(words=option_model.MODES),
            Argument(words=option_model.RETURNS),
        ),
        7,
        option_model.model_solver,
    ),
}
"""The functions that run in Python."""


def keyword_of(value: Node, shape: Argument, legs: Sequence[str] | None) -> str | None:
    """Return the keyword that `value` is at a place of this shape, or `None`; `legs` of `None` allows any leg."""
    word = value.name if isinstance(value, Name) else value.value if isinstance(value, Text) else None
    if word is None:
        return None
    if word in shape.words:
        return word
    if shape.anchors and word.startswith("leg_") and word.endswith("_dte"):
        leg = word[4:-4]
        return word if legs is None or leg in legs else None
    if shape.legs and word.startswith("leg_") and (legs is None or word[4:] in legs):
        return word
    return None
