"""Faults of a double of a broker: a catalogue of named switches, seeded, that strike on occasions."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that can be switched on.

    Attributes
    ----------
    summary
        What the double does then.
    defaults
        Its arguments with their defaults, all as text.
    """

    name: str
    group: str
    summary: str
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])


def faults_of(group: str, *rows: tuple[str, str] | tuple[str, str, dict[str, str]]) -> Iterator[Fault]:
    """Return the faults of one group from rows of name, summary and defaults."""
    for row in rows:
        yield Fault(row[0], group, row[1], row[2] if len(row) == 3 else {})


class FaultError(ValueError):
    """A fault or an argument that does not exist."""


@dataclass(slots=True)
class Switch:
    """A fault that is on.

    Attributes
    ----------
    probability
        With which it strikes on each occasion.
    times
        How often it still strikes; `None` for as long as it is on.
    skip
        How many occasions pass before it can strike.
    arguments
        All arguments of the fault.
    fired
        How often it has struck.
    """

    probability: float
    times: int | None
    skip: int
    arguments: Mapping[str, str]
    fired: int = 0


class FaultSwitches:
    """The switches of one double.

    Parameters
    ----------
    catalogue
        Every fault by name.
    subjects
        Arguments that every fault has: they say which clients a fault concerns; empty means all.
    seed
        Of the probabilities; each fault has its own random numbers, so that one does not disturb another.
    """

    def __init__(self, catalogue: Mapping[str, Fault], subjects: Collection[str], seed: int = 1) -> None:
        self.catalogue = catalogue
        self._subjects = frozenset(subjects)
        self._seed = seed
        self._on: dict[str, list[Switch]] = {}
        self._random: dict[str, random.Random] = {}
        self.fired: dict[str, int] = {}

    def switch_on(
        self,
        name: str,
        *,
        probability: float = 1.0,
        times: int | None = None,
        skip: int = 0,
        **arguments: object,
    ) -> Switch:
        """Switch a fault on; it may be on several times, with different arguments.

        Raises
        ------
        FaultError
            When there is no such fault or argument, or the probability is not within 0 to 1.
        """
        fault = self.catalogue.get(name)
        if fault is None:
            raise FaultError(f"there is no fault {name!r}; there are: {', '.join(self.catalogue)}")
        unknown = set(arguments) - set(fault.defaults) - self._subjects
        if unknown:
            raise FaultError(f"the fault {name} has no argument {min(unknown)!r}; it has: {', '.join(fault.defaults)}")
        if not 0.0 <= probability <= 1.0:
            raise FaultError(f"the probability of {name} must lie between 0 and 1, got {probability}")
        given = {key: str(value) for key, value in arguments.items()}
        switch = Switch(probability, times, skip, {**fault.defaults, **given})
        self._on.setdefault(name, []).append(switch)
        return switch

    def switch_off(self, name: str) -> None:
        """Switch a fault off, however often it was switched on.

        Raises
        ------
        FaultError
            When there is no such fault.
        """
        if name not in self.catalogue:
            raise FaultError(f"there is no fault {name!r}; there are: {', '.join(self.catalogue)}")
        self._on.pop(name, None)

    @property
    def on(self) -> Mapping[str, list[Switch]]:
        """The switches that are on, by fault."""
        return self._on

    def is_on(self, name: str, **subject: object) -> bool:
        """Whether a fault is on for a subject; asking does not count as an occasion."""
        return any(_concerns(switch, subject) and switch.times != 0 for switch in self._on.get(name, ()))

    def strike(self, name: str, **subject: object) -> Mapping[str, str] | None:
        """Return the arguments of a fault if it strikes on this occasion, else `None`.

        Parameters
        ----------
        name
            A name in the catalogue.
        subject
            Whom it would concern, by the names of `subjects`.
        """
        switches = self._on.get(name)
        if not switches:
            return None
        for switch in switches:
            if not _concerns(switch, subject) or switch.times == 0:
                continue
            if switch.skip:
                switch.skip -= 1
                continue
            if switch.probability < 1.0 and self._draw(name) >= switch.probability:
                continue
            if switch.times is not None:
                switch.times -= 1
            switch.fired += 1
            self.fired[name] = self.fired.get(name, 0) + 1
            return switch.arguments
        return None

    def shuffle(self, name: str, items: list[_Item]) -> None:
        """Bring items into another order, drawn with the seed and the name of a fault."""
        self._numbers(name).shuffle(items)

    def _draw(self, name: str) -> float:
        return self._numbers(name).random()

    def _numbers(self, name: str) -> random.Random:
        return self._random.setdefault(name, random.Random(f"{self._seed}/{name}"))  # noqa: S311 - not for secrets


def _concerns(switch: Switch, subject: Mapping[str, object]) -> bool:
    """Whether a switch is for a subject: every argument that names one is empty or equal."""
    return all(not switch.arguments.get(key) or switch.arguments[key] == str(value) for key, value in subject.items())
