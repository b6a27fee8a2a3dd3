"""Settings of a connector kind: a frozen dataclass whose fields have help texts, and secret fields.

Values come as text from the command line and the Control Hub, and are read by the field's type. The text of a secret
is kept in a `Secret`, which neither shows nor pickles itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal, InvalidOperation
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NoReturn,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from msgspec import Struct

MAX_VALUE_CHARACTERS: Final = 4096
"""Longest text of one setting; a refresh token of a broker has about 600 characters."""


class Secret:
    """A text that must not be shown: its representation, its text and its pickle hide it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text, for the one call that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Field(Struct, frozen=True):
    """Description of one setting beside its name, type and default.

    Attributes
    ----------
    help
        One sentence for `mesolive connector kinds` and the documentation.
    """

    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorSettings:
    """Base of the settings of all kinds. Every field is `Annotated` with a `Field`.

    Types of fields: `str`, `int`, `float`, `bool`, `Decimal`, `tuple[str, ...]` (comma-separated), a `Literal` of
    texts, and `Secret`; each also with `| None`. A field without a default is required. `check` returns what is wrong
    with the settings as a whole.

    Attributes
    ----------
    retired
        Settings of earlier versions, which stored connections may still have: they are passed over.
    """

    retired: ClassVar[frozenset[str]] = frozenset()

    def check(self) -> Mapping[str, str]:
        """Return problems by the name of the setting; empty when the settings can be used."""
        return {}


S = TypeVar("S", bound=ConnectorSettings)


class ConnectorSettingsError(ValueError):
    """Settings cannot be used.

    Attributes
    ----------
    problems
        What is wrong by the name of the setting. No text repeats the value of a secret.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems.items()))
        self.problems = dict(problems)


class KnownField(Struct, frozen=True):
    """One setting with all that follows from its field.

    Attributes
    ----------
    kind
        Its type, without `None`.
    default
        `None` also where it is required.
    """

    name: str
    kind: Any
    help: str
    required: bool
    default: object

    @property
    def secret(self) -> bool:
        """Whether its value is encrypted, and never shown again."""
        return self.kind is Secret

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it may have; empty where any will do."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def shown_default(self) -> str:
        """The default as text; empty where there is none."""
        if self.default is None or self.secret:
            return ""
        if isinstance(self.default, bool):
            return "true" if self.default else "false"
        if isinstance(self.default, tuple):
            return ",".join(cast("tuple[str, ...]", self.default))
        return str(self.default)

    def read(self, text: str) -> object:
        """Return the value that a text means, or raise `ValueError` with what was expected."""
        if len(text) > MAX_VALUE_CHARACTERS or not text.isprintable():
            raise ValueError(f"expected at most {MAX_VALUE_CHARACTERS} printable characters")
        if self.secret:
            return Secret(text)
        if self.choices:
            if text not in self.choices:
                raise ValueError(f"expected {' or '.join(self.choices)}, got {text!r}")
            return text
        if self.kind is bool:
            if text.lower() not in _BOOLEANS:
                raise ValueError(f"expected true or false, got {text!r}")
            return _BOOLEANS[text.lower()]
        if get_origin(self.kind) is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        if self.kind is str:
            return text
        return _number(self.kind, text)


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _number(kind: Any, text: str) -> object:  # noqa: ANN401 - int, float or Decimal
    expected = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except (ValueError, InvalidOperation):
        raise ValueError(f"expected {expected}, got {text!r}") from None
    if not Decimal(str(value)).is_finite():
        raise ValueError(f"expected {expected}, got {text!r}")
    return value


@cache
def known_fields(model: type[ConnectorSettings]) -> tuple[KnownField, ...]:
    """Return the settings of a model, in the order of its fields."""
    hints = get_type_hints(model, include_extras=True)
    result: list[KnownField] = []
    for field in fields(model):
        hint = hints[field.name]
        if get_origin(hint) is not Annotated:
            raise TypeError(f"{model.__name__}.{field.name} has no Field")
        kind, described = hint.__origin__, next(item for item in hint.__metadata__ if isinstance(item, Field))
        if get_origin(kind) in (Union, UnionType):
            (kind,) = (item for item in get_args(kind) if item is not type(None))
        required = field.default is MISSING and field.default_factory is MISSING
        default = None if required else field.default
        result.append(KnownField(field.name, kind, described.help, required, default))
    return tuple(result)


def read_settings(model: type[S], given: Mapping[str, str]) -> S:
    """Return the settings that texts mean.

    Parameters
    ----------
    model
        The settings of a kind.
    given
        Texts by the name of the setting, secrets included. An empty text is the same as none.

    Raises
    ------
    ConnectorSettingsError
        With every problem: an unknown name, a missing or unreadable value, and what `check` finds.
    """
    known = {field.name: field for field in known_fields(model)}
    unknown = given.keys() - known.keys() - model.retired
    problems = {name: f"there is no such setting; there are: {', '.join(known)}" for name in unknown}
    values: dict[str, Any] = {}
    for name, field in known.items():
        text = given.get(name, "")
        if not text:
            if field.required:
                problems[name] = "a value is required"
            continue
        try:
            values[name] = field.read(text)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise ConnectorSettingsError(problems)
    result = model(**values)
    if wrong := result.check():
        raise ConnectorSettingsError(wrong)
    return result
