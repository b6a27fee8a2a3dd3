"""Validation problems of a wire value, collected by path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

MAX_PROBLEMS = 100
MAX_SHOWN = 60


class WireValidationError(ValueError):
    """A value does not fit its type.

    Parameters
    ----------
    problems
        Path within the value, such as `Combo[0].Contract.Strike` (`$` is the value itself), to texts that say what was
        expected and what came.

    Attributes
    ----------
    problems
        The same.
    """

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{path}: {text}" for path, texts in self.problems.items() for text in texts))


class Problems:
    """Gathers problems, at most `MAX_PROBLEMS`: who sends a thousand learns nothing from the rest."""

    def __init__(self) -> None:
        self.by_path: dict[str, list[str]] = {}
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return self.count >= MAX_PROBLEMS

    def add(self, path: str, text: str) -> None:
        """Note a problem."""
        if not self.full:
            self.count += 1
            self.by_path.setdefault(path or "$", []).append(text)

    def expected(self, path: str, what: str, came: object) -> None:
        """Note that something else was expected than came."""
        self.add(path, f"expected {what}, got {shown(came)}")

    def raise_if_any(self) -> None:
        """Raise `WireValidationError` when there is a problem."""
        if self.by_path:
            raise WireValidationError(self.by_path)


def shown(value: object) -> str:
    """Return a short text of a plain value, for people."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…", ensure_ascii=False)
        case int() | float() | Decimal():
            return shorten(str(value)) if not isinstance(value, int) or abs(value) < 10**MAX_SHOWN else "a huge integer"
        case datetime():
            return value.isoformat()
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


def shorten(text: str) -> str:
    """Return `text`, cut to what a message can hold."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
