"""Actions on a running double of a broker: events that happen once, by name, for its control port and for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar

Double = TypeVar("Double")
Arguments = Mapping[str, str]
Result = str | int | bool | None


class ActionError(ValueError):
    """An action or an argument that does not exist, or that cannot be done now."""


@dataclass(frozen=True, slots=True)
class Action(Generic[Double]):
    """One thing that can be made to happen.

    Attributes
    ----------
    arguments
        Their names with their defaults; `None` for one that must be given.
    """

    name: str
    summary: str
    run: Callable[[Double, Arguments], Result]
    arguments: Mapping[str, str | None]


def run_action(
    actions: Mapping[str, Action[Double]], double: Double, name: str, arguments: Mapping[str, str]
) -> Result:
    """Make something happen at a double.

    Parameters
    ----------
    actions
        Every action of such a double by name.
    name
        A key of `actions`.
    arguments
        As text; those that are left out have their defaults.

    Raises
    ------
    ActionError
        When there is no such action or argument, or when it cannot be done.
    """
    action = actions.get(name)
    if action is None:
        raise ActionError(f"there is no action {name!r}; there are: {', '.join(actions)}")
    unknown = set(arguments) - set(action.arguments)
    if unknown:
        raise ActionError(f"{name} has no argument {min(unknown)!r}; it has: {', '.join(action.arguments)}")
    full = {key: arguments.get(key, default) for key, default in action.arguments.items()}
    missing = [key for key, value in full.items() if value is None]
    if missing:
        raise ActionError(f"{name} needs the argument {missing[0]!r}")
    try:
        return action.run(double, {key: str(value) for key, value in full.items()})
    except KeyError as error:
        raise ActionError(f"{name}: there is no {error}") from None
    except (ValueError, InvalidOperation) as error:
        raise ActionError(f"{name}: {error}") from None


def number_of(text: str) -> Decimal:
    """Return the number of an argument.

    Raises
    ------
    ValueError
        When it is none.
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None


def optional_number(text: str) -> Decimal | None:
    """Return the number of an argument that may be empty."""
    return number_of(text) if text else None
