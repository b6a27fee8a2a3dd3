"""External variable values for expressions, with the reason for each missing value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class ExternalValues(Mapping[str, float]):
    """The values that a strategy reads from outside, by variable name.

    A source that cannot be read leaves its values out and says why: statements that read them fail with that reason,
    and all others go on.

    Attributes
    ----------
    values_by_name
        What is known.
    missing
        Why single variables have no value.
    unread
        Why any other variable has none: the columns of data that could not be read are not known by name.
    """

    values_by_name: Mapping[str, float] = field(default_factory=dict[str, float])
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    unread: str | None = None

    def why_missing(self, name: str) -> str | None:
        """Return why a variable has no value, or `None` where nothing is known of it."""
        return self.missing.get(name, self.unread)

    def __getitem__(self, name: str) -> float:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)
