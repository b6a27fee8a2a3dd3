"""Value conversions beyond msgspec: enum members by name, renamed fields, .NET `DateTimeOffset`.

What is read: the member of an enum by its name, as .NET writes it in MessagePack and, with `JsonStringEnumConverter`,
in JSON; and a `DateTimeOffset` in MessagePack, which is an array of its clock time, marked as UTC, and its offset in
minutes. Both are looked for only where a value does not fit its type as it is, so that other values cost nothing more.

What is configured: `enums="name"` writes members by name; `naming` gives the fields of dataclasses other names on the
wire than in Python, as ASP.NET Core's `PropertyNamingPolicy`. (A `msgspec.Struct` has `rename` for that.)

Sources: MessagePack-CSharp, `NativeDateTimeFormatter.cs` and `EnumAsStringFormatter.cs`; System.Text.Json, "How to
customize property names and values".
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, TypeAlias, cast

import msgspec
from msgspec import inspect

Naming: TypeAlias = Callable[[str], str] | Literal["camel"]
EnumForm: TypeAlias = Literal["value", "name"]

Rewrite: TypeAlias = Callable[[Any], Any]

_MAX_OFFSET_MINUTES = 14 * 60


def camel(name: str) -> str:
    """Return a name in camel case: `net_value` becomes `netValue`."""
    first, *others = name.split("_")
    return first[:1].lower() + first[1:] + "".join(part[:1].upper() + part[1:] for part in others)


def naming_policy(naming: Naming | None) -> Callable[[str], str] | None:
    """Return the function that a naming stands for.

    Raises
    ------
    ValueError
        When there is none of this name.
    """
    if naming is None or callable(naming):
        return naming
    if naming != "camel":
        raise ValueError(f"naming is 'camel' or a function, not {naming!r}")
    return camel


# -- reading -----------------------------------------------------------------------------------------------------------


class Reader:
    """Finds the forms in plain values, led by the type that they are decoded as.

    Parameters
    ----------
    policy
        Makes the name on the wire of a dataclass's field; `None` leaves them.
    """

    def __init__(self, policy: Callable[[str], str] | None) -> None:
        self._policy = policy
        # Types come from annotations of the application's code; the bound is for types made at run time.
        self.rewrite_of = functools.lru_cache(1024)(self._rewrite_of)
        self.renames = functools.lru_cache(1024)(self._renames)

    def _rewrite_of(self, type_: Any) -> Rewrite | None:  # noqa: ANN401 - an annotation is any object
        """Return what brings a plain value into the form that msgspec reads as `type_`; `None` when nothing can."""
        return self._build(inspect.type_info(type_), {})

    def _renames(self, type_: Any) -> bool:  # noqa: ANN401 - an annotation is any object
        """Return whether values of this type have fields of other names on the wire."""
        return self._policy is not None and _holds_dataclass(inspect.type_info(type_), set())

    def _build(self, info: inspect.Type, known: dict[Any, Rewrite]) -> Rewrite | None:
        match info:
            case inspect.Metadata():
                return self._build(info.type, known)
            case inspect.EnumType():
                return _member_reader(info.cls)
            case inspect.DateTimeType():
                return _read_offset
            case inspect.UnionType():
                return _one_of([rewrite for type_ in info.types if (rewrite := self._build(type_, known))])
            case inspect.DictType():
                return _entries(self._build(info.key_type, known), self._build(info.value_type, known))
            case inspect.TupleType():
                return _positions([self._build(type_, known) for type_ in info.item_types])
            case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
                return _items(self._build(info.item_type, known))
            case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType() | inspect.NamedTupleType():
                return self._object(info, known)
            case _:
                return None

    def _object(
        self,
        info: inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType,
        known: dict[Any, Rewrite],
    ) -> Rewrite:
        if info.cls in known:
            return known[info.cls]
        rewrites: dict[str, Rewrite | None] = {}
        names: dict[str, str] = {}
        tag: tuple[str, Any] = "", None
        by_position = isinstance(info, inspect.NamedTupleType)
        if isinstance(info, inspect.StructType):
            by_position = info.array_like
            tag = info.tag_field or "", info.tag
        in_order: list[Rewrite | None] = [None] if by_position and tag[0] else []

        def rewrite(value: object) -> object:
            if by_position:
                return _rewrite_positions(value, in_order)
            if not isinstance(value, dict):
                return value
            entries = cast("dict[Any, Any]", value)
            if tag[0] and entries.get(tag[0], tag[1]) != tag[1]:
                return entries
            rewritten: dict[Any, Any] = {}
            for name, entry in entries.items():
                own: Any = names.get(name, name)
                rewritten[own] = _apply(rewrites.get(own), entry)
            return rewritten

        # Before its fields, which may be of this type again.
        known[info.cls] = rewrite
        for field in info.fields:
            rewrites[field.encode_name] = self._build(field.type, known)
            in_order.append(rewrites[field.encode_name])
            if self._policy is not None and isinstance(info, inspect.DataclassType):
                names[self._policy(field.name)] = field.name
        return rewrite


def _holds_dataclass(info: inspect.Type, seen: set[Any]) -> bool:
    match info:
        case inspect.DataclassType():
            return True
        case inspect.StructType() | inspect.TypedDictType() | inspect.NamedTupleType():
            if info.cls in seen:
                return False
            seen.add(info.cls)
            return any(_holds_dataclass(field.type, seen) for field in info.fields)
        case inspect.Metadata():
            return _holds_dataclass(info.type, seen)
        case inspect.UnionType():
            return any(_holds_dataclass(type_, seen) for type_ in info.types)
        case inspect.TupleType():
            return any(_holds_dataclass(type_, seen) for type_ in info.item_types)
        case inspect.DictType():
            return _holds_dataclass(info.key_type, seen) or _holds_dataclass(info.value_type, seen)
        case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
            return _holds_dataclass(info.item_type, seen)
        case _:
            return False


def _apply(rewrite: Rewrite | None, value: Any) -> Any:  # noqa: ANN401 - any plain value
    return value if rewrite is None else rewrite(value)


def _member_reader(cls: type[enum.Enum]) -> Rewrite:
    values = {member.value for member in cls}
    exact = {name: member.value for name, member in cls.__members__.items()}
    folded = {name.casefold(): value for name, value in exact.items()}

    def read(value: Any) -> Any:  # noqa: ANN401 - any plain value
        if not isinstance(value, str) or value in values:
            return value
        return exact.get(value, folded.get(value.casefold(), value))

    return read


def _read_offset(value: Any) -> Any:  # noqa: ANN401 - any plain value
    match value:
        case [datetime() as clock_time, int() as minutes] if abs(minutes) <= _MAX_OFFSET_MINUTES:
            # As text, since the timestamp of MessagePack has no offset.
            own_zone = timezone(timedelta(minutes=minutes))
            return clock_time.astimezone(UTC).replace(tzinfo=own_zone).isoformat()
        case _:
            return value


def _items(rewrite: Rewrite | None) -> Rewrite | None:
    if rewrite is None:
        return None
    return lambda value: [rewrite(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _positions(rewrites: Sequence[Rewrite | None]) -> Rewrite | None:
    return (lambda value: _rewrite_positions(value, rewrites)) if any(rewrites) else None


def _rewrite_positions(value: Any, rewrites: Sequence[Rewrite | None]) -> Any:  # noqa: ANN401 - any plain value
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    return [_apply(rewrites[at] if at < len(rewrites) else None, item) for at, item in enumerate(items)]


def _entries(key: Rewrite | None, entry: Rewrite | None) -> Rewrite | None:
    if key is None and entry is None:
        return None

    def rewrite(value: Any) -> Any:  # noqa: ANN401 - any plain value
        if not isinstance(value, dict):
            return value
        return {_apply(key, name): _apply(entry, item) for name, item in cast("dict[Any, Any]", value).items()}

    return rewrite


def _one_of(rewrites: Sequence[Rewrite]) -> Rewrite | None:
    def rewrite(value: Any) -> Any:  # noqa: ANN401 - any plain value
        for each in rewrites:
            rewritten = each(value)
            if rewritten is not value:
                return rewritten
        return value

    return rewrite if rewrites else None


# -- writing -----------------------------------------------------------------------------------------------------------


class Writer:
    """Brings values into the configured forms before they are encoded.

    Parameters
    ----------
    policy
        Makes the name on the wire of a dataclass's field; `None` leaves them.
    enums
        How members of enums are written.
    """

    def __init__(self, policy: Callable[[str], str] | None, enums: EnumForm) -> None:
        self._by_name = enums == "name"
        self._name_of = functools.lru_cache(4096)(policy) if policy is not None else _same

    def prepare(self, value: Any) -> Any:  # noqa: ANN401 - any value
        """Return the value in its form on the wire; what is not concerned is left as it is."""
        if isinstance(value, enum.Enum):
            return value.name if self._by_name else value
        if isinstance(value, str | int | float | bytes) or value is None:
            return value
        if isinstance(value, Mapping):
            entries = cast("Mapping[Any, Any]", value)
            return {self._key(key): self.prepare(entry) for key, entry in entries.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.prepare(item) for item in cast("list[Any]", value)]
        if isinstance(value, msgspec.Struct):
            return self._struct(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                self._name_of(field.name): self.prepare(content)
                for field in dataclasses.fields(value)
                if not field.name.startswith("_")
                and (content := getattr(value, field.name, msgspec.UNSET)) is not msgspec.UNSET
            }
        return value

    def _key(self, key: Any) -> Any:  # noqa: ANN401 - any key
        if isinstance(key, enum.Enum):
            return key.name if self._by_name else key.value
        return key

    def _struct(self, value: msgspec.Struct) -> Any:  # noqa: ANN401 - an array or an object
        config = value.__struct_config__
        tag: list[tuple[str, Any]] = [] if config.tag_field is None else [(config.tag_field, config.tag)]
        fields = [(field, getattr(value, field.name)) for field in msgspec.structs.fields(type(value))]
        if config.array_like:
            return [part for _, part in tag] + [self.prepare(entry) for _, entry in fields]
        members = [
            (field.encode_name, self.prepare(entry))
            for field, entry in fields
            if entry is not msgspec.UNSET and not (config.omit_defaults and _is_default(field, entry))
        ]
        return dict(tag + members)


def _same(name: str) -> str:
    return name


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    if field.default is not msgspec.NODEFAULT:
        return value is field.default or (type(value) is type(field.default) and value == field.default)
    # As msgspec: of what is made anew for each object, only what is empty counts as left out.
    return field.default_factory in {list, dict, set} and type(value) is field.default_factory and not value
