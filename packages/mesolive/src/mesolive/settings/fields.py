"""Fields of the settings: their description, and the text of a variable or an option read as a field's type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct

_NUMBERS: Mapping[Any, str] = {int: "a whole number", float: "a number"}


class SettingsError(Exception):
    """A setting cannot be used; the text names it and says what was expected."""


class Setting(Struct, frozen=True):
    """Description of one setting beside its name, type and default: help, option and table derive from these.

    Attributes
    ----------
    help
        For `mesolive serve --help` and the table in docs/operations.md.
    flag
        Whether `mesolive serve` has an option of this name; a secret does not belong on a command line.
    unset
        The effective default where the default is `None`, in words.
    """

    help: str
    flag: bool = True
    unset: str = ""


class KnownSetting(Struct, frozen=True):
    """One field of `Settings` with all that follows from it.

    Attributes
    ----------
    kind
        Its type; that of the value where it may be unset.
    """

    name: str
    kind: Any
    default: object
    described: Setting

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"MESOLIVE_{self.name.upper()}"

    @property
    def option(self) -> str:
        """Its option of `mesolive serve`."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def shown_default(self) -> str:
        """The default for people; nothing where there is none."""
        if self.default is None:
            return self.described.unset
        if isinstance(self.default, bool | tuple):
            return ""
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    def read(self, text: str, source: str) -> object:
        """Return the value that a text means.

        Parameters
        ----------
        source
            The variable or option that the text came from, for errors.

        Raises
        ------
        SettingsError
            When it means none.
        """
        kind = self.kind
        if get_origin(kind) is Literal:
            choices: tuple[str, ...] = get_args(kind)
            if text not in choices:
                raise SettingsError(f"{source}: expected {' or '.join(choices)}, got {text!r}")
            return text
        if get_origin(kind) is tuple:
            return tuple(part.strip().lower() for part in text.split(",") if part.strip())
        if kind is datetime:
            return parse_moment(text)
        if kind is bool:
            if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
                raise SettingsError(f"{source}: expected true or false, got {text!r}")
            return text.lower() in {"1", "true", "yes"}
        if kind in _NUMBERS:
            try:
                return kind(text)
            except ValueError:
                raise SettingsError(f"{source}: expected {_NUMBERS[kind]}, got {text!r}") from None
        return kind(text)


def parse_moment(text: str) -> datetime:
    """Return the moment written in ISO 8601; without a zone it is taken as UTC.

    Raises
    ------
    SettingsError
        When the text is not a moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"start: expected a moment such as 2026-01-05T15:00:00Z (ISO 8601), got {text!r}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
