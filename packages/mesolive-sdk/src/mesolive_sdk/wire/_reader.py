"""Tolerant reader: plain values to models, with every validation problem collected.

This is the slow path: msgspec reads what is written as the server and the SDK write it. Only what it refuses comes
here: an enum given as an integer, an unknown member, or a value that is wrong.

A type is compiled once into a tree of readers. A reader takes a plain value and its path, and returns the typed value;
a problem is noted, and what is returned then is never used.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from msgspec import inspect as shape

from mesolive_sdk.models._base import UNKNOWN, UtcDateTime, WireEnum, WireFlags, to_utc
from mesolive_sdk.wire._problems import Problems, shorten

T = TypeVar("T")

Reader = Callable[[Any, str, Problems], Any]

MAX_INTEGER_DIGITS = 20
MAX_DECIMAL_PLACES = 30
MAX_DIGITS = 40

COMPILED_TYPES = 1024

_NOTHING = object()

_DECIMAL_TEXT = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)
"""How a decimal is written as text; what is not finite is refused for that."""


def read(value: object, type_: type[T], *, strict: bool = False) -> T:
    """Read a plain value (dicts, lists, strings, numbers, booleans, None) as `type_`.

    Parameters
    ----------
    value
        The value; numbers may be `Decimal`s, times may be datetimes.
    type_
        A model, or any type made of what models are made of.
    strict
        Refuse unknown enum members and numbers beyond any price, instead of taking them as they are.

    Raises
    ------
    WireValidationError
        With every problem and its path.
    """
    problems = Problems()
    try:
        result = _compiled(type_, strict)(value, "", problems)
    except RecursionError:
        problems.add("", "is nested too deeply")
        result = None
    problems.raise_if_any()
    return cast("T", result)


def is_fit(value: Decimal) -> bool:
    """Whether a number can be a price, a quantity or an amount: finite, and of a sane size."""
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    return (
        len(digits) <= MAX_DIGITS
        and isinstance(exponent, int)
        and exponent >= -MAX_DECIMAL_PLACES
        and value.adjusted() < MAX_INTEGER_DIGITS
    )


@lru_cache(COMPILED_TYPES)
def _compiled(type_: Any, strict: bool) -> Reader:  # noqa: ANN401 - any type form; positional for the cache
    return _reader(shape.type_info(type_), strict=strict)


def _reader(node: shape.Type, *, strict: bool) -> Reader:
    match node:
        case shape.StructType():
            return _struct(node, strict=strict)
        case shape.ListType():
            return _list(node, strict=strict)
        case shape.DictType():
            return _dict(node, strict=strict)
        case shape.UnionType():
            return _union(node, strict=strict)
        case shape.EnumType():
            return _enum(node.cls, strict=strict)
        case shape.CustomType():
            return _flags(node.cls)
        case shape.DecimalType():
            return _strict_decimal if strict else _decimal
        case shape.DateTimeType():
            return _time
        case shape.IntType():
            return _integer(node)
        case shape.StrType():
            return _text(node)
        case shape.BoolType():
            return _boolean
        case shape.UUIDType():
            return _uuid
        case shape.AnyType():
            return _anything
        case shape.Metadata():
            return _described(node, strict=strict)
        case _:
            msg = f"the wire has no {type(node).__name__}"
            raise TypeError(msg)


def _struct(node: shape.StructType, *, strict: bool) -> Reader:
    fields = [
        (field.encode_name, _reader(field.type, strict=strict), field.required, _nullable(field.type))
        for field in node.fields
    ]
    make = cast("Callable[..., object]", node.cls)

    def read_struct(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        if not isinstance(value, dict):
            problems.expected(path, "an object", value)
            return None
        given = cast("Mapping[str, object]", value)
        before = problems.count
        result: dict[str, object] = {}
        for name, reader, required, nullable in fields:
            item = given.get(name, _NOTHING)
            at = f"{path}.{name}" if path else name
            if item is not _NOTHING:
                result[name] = reader(item, at, problems)
            elif required and nullable:
                result[name] = None  # a missing nullable field reads as null
            elif required:
                problems.add(at, "is required, but missing")
            if problems.full:
                return None
        if problems.count > before:
            return None
        try:
            return make(**result)
        except ValueError as error:
            problems.add(path, str(error))
            return None

    return read_struct


def _list(node: shape.ListType, *, strict: bool) -> Reader:
    item_reader = _reader(node.item_type, strict=strict)
    minimum, maximum = node.min_length or 0, node.max_length

    def read_list(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        if not isinstance(value, list):
            problems.expected(path, "a list", value)
            return None
        items = cast("list[object]", value)
        if len(items) < minimum or (maximum is not None and len(items) > maximum):
            bounds = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}"
            problems.add(path, f"expected {bounds} items, got {len(items)}")
            return None
        result: list[object] = []
        for index, item in enumerate(items):
            result.append(item_reader(item, f"{path}[{index}]", problems))
            if problems.full:
                break
        return result

    return read_list


def _dict(node: shape.DictType, *, strict: bool) -> Reader:
    value_reader = _reader(node.value_type, strict=strict)
    integer_keys = isinstance(node.key_type, shape.IntType)

    def read_dict(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        if not isinstance(value, dict):
            problems.expected(path, "an object", value)
            return None
        result: dict[object, object] = {}
        for key, item in cast("dict[object, object]", value).items():
            at = f"{path}[{shorten(str(key))}]"
            place = _integer_key(key) if integer_keys else key
            if place is None or not isinstance(place, int if integer_keys else str):
                problems.expected(at, "an integer as key" if integer_keys else "a string as key", key)
            else:
                result[place] = value_reader(item, at, problems)
            if problems.full:
                break
        return result

    return read_dict


def _integer_key(key: object) -> int | None:
    if isinstance(key, str):
        # Longer keys are not ids, and converting very long ones takes very long.
        return int(key) if len(key) <= MAX_INTEGER_DIGITS and key.removeprefix("-").isdecimal() else None
    return key if isinstance(key, int) and not isinstance(key, bool) else None


def _union(node: shape.UnionType, *, strict: bool) -> Reader:
    choices = [choice for choice in node.types if not isinstance(choice, shape.NoneType)]
    if len(choices) != 1:
        msg = "the wire has no unions but with null"
        raise TypeError(msg)
    reader = _reader(choices[0], strict=strict)

    def read_optional(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        return None if value is None else reader(value, path, problems)

    return read_optional


def _enum(cls: type[enum.Enum], *, strict: bool) -> Reader:
    known = cast("type[WireEnum]", cls)
    names = ", ".join(member.value for member in known if member.value != UNKNOWN)

    def read_enum(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        if not isinstance(value, str | int) or isinstance(value, bool):
            problems.expected(path, f"one of {names}", value)
            return None
        try:
            member = known(value)
        except ValueError:
            member = known(UNKNOWN)
        if strict and member.value == UNKNOWN:
            problems.expected(path, f"one of {names}", value)
        return member

    return read_enum


def _flags(cls: type) -> Reader:
    known = cast("type[WireFlags]", cls)

    def read_flags(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        try:
            return known.parse(value)
        except ValueError as error:
            problems.add(path, str(error))
            return None

    return read_flags


def _decimal(value: Any, path: str, problems: Problems) -> Decimal | None:  # noqa: ANN401 - a plain value
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        # Decimal itself also reads " 1", "1_0" and digits of other scripts.
        number = _as_decimal(value) if _DECIMAL_TEXT.fullmatch(value) else None
        if number is not None:
            return number
    elif isinstance(value, int) and not isinstance(value, bool):
        number = _as_decimal(value)
        if number is not None:
            return number
    elif isinstance(value, float):
        return Decimal(repr(value))
    problems.expected(path, "a decimal number", value)
    return None


def _as_decimal(value: int | str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _strict_decimal(value: Any, path: str, problems: Problems) -> Decimal | None:  # noqa: ANN401 - a plain value
    number = _decimal(value, path, problems)
    if number is not None and not is_fit(number):
        problems.expected(path, f"a finite number of at most {MAX_INTEGER_DIGITS} digits before the point", value)
    return number


def _time(value: Any, path: str, problems: Problems) -> datetime | None:  # noqa: ANN401 - a plain value
    try:
        return to_utc(msgspec.convert(value, UtcDateTime))
    except (msgspec.ValidationError, ValueError, OverflowError):
        problems.expected(path, "a time as ISO 8601 with a time zone, such as 2024-05-17T14:30:00Z", value)
        return None


def _integer(node: shape.IntType) -> Reader:
    minimum, maximum = node.ge, node.le
    what = "an integer" if minimum is None or maximum is None else f"an integer from {minimum} to {maximum}"

    def read_integer(value: Any, path: str, problems: Problems) -> int | None:  # noqa: ANN401 - a plain value
        number = _whole(value)
        if (
            not isinstance(number, int)
            or isinstance(number, bool)
            or (minimum is not None and number < minimum)
            or (maximum is not None and number > maximum)
        ):
            problems.expected(path, what, value)
            return None
        return number

    return read_integer


def _whole(value: Any) -> Any:  # noqa: ANN401 - a plain value
    """Return the integer that a number such as 5.0 is; any other value as it is."""
    if isinstance(value, Decimal) and is_fit(value) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _text(node: shape.StrType) -> Reader:
    minimum, maximum, pattern = node.min_length or 0, node.max_length, node.pattern
    form = None if pattern is None else re.compile(pattern)
    what = "a string"
    if maximum is not None:
        what = f"a string of {minimum} to {maximum} characters"
    if pattern is not None:
        what += f" matching {pattern}"

    def read_text(value: Any, path: str, problems: Problems) -> str | None:  # noqa: ANN401 - a plain value
        if (
            not isinstance(value, str)
            or len(value) < minimum
            or (maximum is not None and len(value) > maximum)
            or (form is not None and form.search(value) is None)
        ):
            problems.expected(path, what, value)
            return None
        return value

    return read_text


def _described(node: shape.Metadata, *, strict: bool) -> Reader:
    """Read what carries a description of its own, which says better what is expected than its constraints do."""
    reader = _reader(node.type, strict=strict)
    schema = cast("Mapping[str, str]", node.extra_json_schema or {})
    what = schema.get("description", "another value")

    def read_described(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
        trial = Problems()
        result = reader(value, path, trial)
        if trial.by_path:
            problems.expected(path, what, value)
        return result

    return read_described


def _boolean(value: Any, path: str, problems: Problems) -> bool | None:  # noqa: ANN401 - a plain value
    if isinstance(value, bool):
        return value
    problems.expected(path, "true or false", value)
    return None


def _uuid(value: Any, path: str, problems: Problems) -> object:  # noqa: ANN401 - a plain value
    try:
        return msgspec.convert(value, UUID)
    except msgspec.ValidationError:
        problems.expected(path, "a UUID such as 6f1c7a52-8f0e-4c8b-9d35-0f6a4a1b2c3d", value)
        return None


def _anything(value: Any, _path: str, _problems: Problems) -> object:  # noqa: ANN401 - a plain value
    return plain(value)


def plain(value: object) -> object:
    """Return a JSON value with floats in place of those `Decimal`s that a float holds without loss."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("dict[object, object]", value).items()}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Decimal):
        return as_float(value)
    return value


def as_float(value: Decimal) -> float | Decimal:
    """Return the float whose shortest text is the same number, else the number itself."""
    number = float(value)  # infinite when too large, which is not the same number
    return number if Decimal(repr(number)) == value else value


def _nullable(node: shape.Type) -> bool:
    return isinstance(node, shape.UnionType) and any(isinstance(kind, shape.NoneType) for kind in node.types)
