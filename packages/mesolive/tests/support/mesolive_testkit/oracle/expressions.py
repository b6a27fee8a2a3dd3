"""Expressions of definitions, evaluated by Python: a second reading of the language, for tests."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any


class FailedError(Exception):
    """A statement has no value: something that it reads is missing, or is not a finite number."""


_TARGET = re.compile(r"(options\.model(?:_solver)?\(\s*)(\w+)")
_HORIZON = re.compile(r"(options\.model(?:_solver)?\(\s*'\w+'\s*,\s*)leg_(\w+)_dte\b")
_SOLVED = re.compile(r"\b(pnl|price)\s*,\s*(zero|maximize|minimize)\s*,\s*(return_price|return_value)\s*\)")
_METRIC = re.compile(r",\s*(pnl|price)\s*\)")
_COMMENT = re.compile(r"--\[\[.*?\]\]|--[^\n]*", re.DOTALL)


def quoted(text: str) -> str:
    """Return a statement whose model arguments that are words (targets, metrics, modes) are texts of Python."""
    text = _TARGET.sub(r"\1'\2'", text)
    text = _HORIZON.sub(r"\1'settlement of \2'", text)
    text = _SOLVED.sub(r"'\1', '\2', '\3')", text)
    return _METRIC.sub(r", '\1')", text)


@lru_cache(maxsize=2048)
def _code(text: str) -> CodeType:
    plain = quoted(_COMMENT.sub(" ", text).strip().replace("~=", "!=").replace("^", "**"))
    return compile(f"({plain})", text, "eval")


def _log(value: float, base: float = math.e) -> float:
    return math.log(value, base)


def _ceil(value: float) -> float:
    return float(math.ceil(value))


def _floor(value: float) -> float:
    return float(math.floor(value))


def _int(value: float) -> float:
    return float(int(value))


FUNCTIONS: Mapping[str, Any] = {
    "abs": abs,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "pow": math.pow,
    "log": _log,
    "ceil": _ceil,
    "floor": _floor,
    "int": _int,
    "true": True,
    "false": False,
    "nil": None,
}


class _Timing:
    """The module `timing`: each of its values is read like a variable."""

    def __init__(self, read: Callable[[str], float]) -> None:
        self._read = read

    def __getattr__(self, name: str) -> float:
        return self._read(name)


class _Names(dict[str, Any]):
    """Variables by name, read when they are reached."""

    def __init__(self, read: Callable[[str], float]) -> None:
        super().__init__(FUNCTIONS)
        self._read = read
        self["timing"] = _Timing(read)
        self["options"] = getattr(read, "options", None)

    def __missing__(self, name: str) -> float:
        value = self._read(name)
        if not math.isfinite(value):
            raise FailedError(f"{name} is not finite")
        return value


def value_of(text: object, read: Callable[[str], float]) -> float | None:
    """Return what an expression yields, as a number; `None` for nil.

    Raises
    ------
    FailedError
        When it has no value.
    """
    drawn: Callable[[str], float] | None = getattr(read, "drawn", None)
    if drawn is not None and "random(" in str(text):
        return drawn(str(text))
    try:
        value = eval(_code(str(text)), {"__builtins__": {}}, _Names(read))  # noqa: S307 - definitions of the tests
    except (ArithmeticError, ValueError, TypeError) as error:
        raise FailedError(str(error)) from None
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise FailedError(f"{text} is not finite")
    return number


def number_of(text: object, read: Callable[[str], float]) -> float:
    """Return what an expression yields; raises `FailedError` for nil, too."""
    value = value_of(text, read)
    if value is None:
        raise FailedError(f"{text} is nil")
    return value


def holds(text: object, read: Callable[[str], float]) -> bool | None:
    """Return whether a condition holds; `None` when it cannot be evaluated."""
    try:
        return bool(value_of(text, read))
    except FailedError:
        return None
