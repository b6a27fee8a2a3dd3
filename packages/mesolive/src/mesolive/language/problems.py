"""Validation problems of definitions and statements, and the exceptions that carry them.

`DefinitionError` carries every `Problem` of a definition. `StatementError` is one statement that could not be
evaluated; `MissingValueError` is a value that it needed and that is not there.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Sequence

from msgspec import Struct


class Severity(enum.Enum):
    """Whether a definition with the problem can be used."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Struct, frozen=True):
    """A validation problem of a definition.

    Attributes
    ----------
    path
        Where, such as `Structure.Legs[1].StrikeSelector.Delta`; empty for the whole definition.
    expected, found
        The expected and the actual value, where that helps.
    """

    path: str
    message: str
    expected: str | None = None
    found: str | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        expected = f"; expected {self.expected}" if self.expected else ""
        result = f"; found {self.found}" if self.found else ""
        return f"{where}{self.message}{expected}{result}"


class DefinitionError(Exception):
    """A strategy definition that cannot be used.

    Attributes
    ----------
    problems
        All of its errors, in the order of the definition.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = "; ".join(str(problem) for problem in problems[:3])
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        super().__init__(f"{shown}{more}")
        self.problems = list(problems)


class ExpressionError(Exception):
    """A text that is not an expression of the language.

    Attributes
    ----------
    position
        Index of the offending character in the text.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class StatementError(Exception):
    """A statement could not be evaluated; the text gives the reason, in terms of the definition."""


class MissingValueError(StatementError):
    """A value that a statement reads is not there: no quote, no such leg, not set yet."""


def nearest_name(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that `name` was most likely meant to be, or `None` when none is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None


def suggestion(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known name, or an empty text."""
    nearest = nearest_name(name, known, cutoff)
    return f"; did you mean '{nearest}'?" if nearest else ""


class Hints:
    """Suggests similar names, up to a limit: the comparison costs time, and many suggestions are no help.

    Parameters
    ----------
    most
        Maximum number of suggestions.
    """

    def __init__(self, limit: int = 30) -> None:
        self._left = limit

    def suggest(self, name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
        """Return what `suggestion` does, or an empty text when enough were given."""
        if self._left <= 0:
            return ""
        self._left -= 1
        return suggestion(name, known, cutoff)
