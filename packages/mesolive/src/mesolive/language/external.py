"""External variable values for expressions, with the reason for each missing value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class ExternalValues(Mapping[str, float]):
    """External variable values of a strategy, by variable name.

    A source that cannot be read has no values but a reason: statements that read them fail with that reason, and all
    others are still evaluated.

    Attributes
    ----------
    values_by_name
        The values.
    missing
        The reasons of missing values, by variable name.
    unread
        The reason for any other missing variable: unreadable data have no column names.
    """

    values_by_name: Mapping[str, float] = field(default_factory=dict[str, float])
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    unread: str | None = None

    def why_missing(self, name: str) -> str | None:
        """Return why a variable has no value, or `None` without a reason."""
        return self.missing.get(name, self.unread)

    def __getitem__(self, name: str) -> float:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)
