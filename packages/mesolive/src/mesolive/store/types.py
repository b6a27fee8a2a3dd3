"""Column types for SQLAlchemy: exact decimals, UTC timestamps, JSON text, enum members.

They store plain text and integers, so that SQLite and PostgreSQL hold the same values and a dump can be read by eye.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

MAX_DECIMAL_TEXT = 128
"""The longest decimal that is stored, in digits; real amounts and prices need fewer than thirty."""

ID: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key. On SQLite only a column declared INTEGER numbers its rows by itself, and that is 64 bits there too."""

_EQUALITIES = frozenset(
    {operators.eq, operators.ne, operators.in_op, operators.not_in_op, operators.is_, operators.is_not}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Equality(TypeDecorator.Comparator[Decimal]):
    """Allows equality only: text columns order by characters, where `10 < 9`."""

    def operate(self, op: operators.OperatorType, *other: object, **kwargs: object) -> ColumnElement[Any]:
        if op in _EQUALITIES:
            return super().operate(op, *other, **kwargs)
        raise TypeError("a DecimalText column holds text: order, add and sum its values in Python")


class _Mapped(TypeDecorator[T], Generic[T]):
    """A column whose values two functions change, `_bound` on their way in and `_read` on their way out.

    SQLAlchemy gets the functions themselves. By default it calls two of its own between, and a quarter of what an order
    writes is decimals. `cache_ok` has to stand in each class: SQLAlchemy does not inherit it.
    """

    @staticmethod
    def _bound(value: T | None) -> Any:  # noqa: ANN401 - what the driver takes
        raise NotImplementedError

    @staticmethod
    def _read(value: Any) -> T | None:  # noqa: ANN401 - what the driver returns
        raise NotImplementedError

    def process_bind_param(self, value: T | None, dialect: Dialect) -> Any:  # noqa: ARG002, ANN401 - fixed by the base
        """Return the value as it is stored."""
        return self._bound(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:  # noqa: ARG002, ANN401 - fixed by the base
        """Return the value that was stored."""
        return self._read(value)

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002, ANN401 - fixed by the base
        """Return the function that changes values on their way into the database."""
        return self._bound

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002, ANN401 - fixed by the base
        """Return the function that changes values on their way out."""
        return self._read


class DecimalText(_Mapped[Decimal]):
    """A `Decimal`, exactly: plain digits, no exponent, no trailing zeros, so that equal values are equal texts.

    Raises
    ------
    ValueError
        On writing NaN, an infinity, or a number that needs more than `MAX_DECIMAL_TEXT` characters.
    TypeError
        On writing anything but a `Decimal`, and on ordering by or computing with the column in SQL.
    """

    impl = Text
    cache_ok = True
    comparator_factory = _Equality  # pyright: ignore[reportAssignmentType] - documented to be overridden by a class

    @staticmethod
    def _bound(value: Decimal | None) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Decimal):  # pyright: ignore[reportUnnecessaryIsInstance] - SQLAlchemy passes what it got
            raise TypeError(f"expected a Decimal, got {type(value).__name__}")
        return _decimal_text(value)

    @staticmethod
    def _read(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)


def stored_decimal(value: Decimal) -> Decimal:
    """Return a decimal as a `DecimalText` column gives it back: equal, without trailing zeros."""
    return Decimal(_decimal_text(value))


def _decimal_text(value: Decimal) -> str:
    if not value:
        return "0"
    # Nearly every value is short, and this path formats it four times as fast.
    if value.is_finite() and -MAX_DECIMAL_TEXT < value.adjusted() < MAX_DECIMAL_TEXT:
        text = f"{value:f}"
        if len(text) <= MAX_DECIMAL_TEXT:
            return text.rstrip("0").rstrip(".") if "." in text else text
    return _long_decimal_text(value)


def _long_decimal_text(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} cannot be stored: only finite decimals can")  # noqa: TRY004 - its value is wrong
    length = len(digits)
    while length > 1 and digits[length - 1] == 0:
        length -= 1
        exponent += 1
    if digits[:length] == (0,):
        return "0"
    if (max(length, -exponent) if exponent < 0 else length + exponent) > MAX_DECIMAL_TEXT:
        raise ValueError(f"a decimal of {length} digits and exponent {exponent} is too long to be stored")
    return format(Decimal((sign, digits[:length], exponent)), "f")


def stored_moment(value: datetime) -> datetime:
    """Return a moment as a `UtcDateTime` column gives it back: the same one, in UTC."""
    return _EPOCH + (value - _EPOCH) // _MICROSECOND * _MICROSECOND


class UtcDateTime(_Mapped[datetime]):
    """A moment as whole microseconds since 1970-01-01 UTC.

    Any offset goes in, UTC comes out. The column sorts and compares as the moments do.

    Raises
    ------
    ValueError
        On writing a naive datetime: it names no moment.
    """

    impl = BigInteger
    cache_ok = True

    @staticmethod
    def _bound(value: datetime | None) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} carries no time zone")
        return (value - _EPOCH) // _MICROSECOND

    @staticmethod
    def _read(value: int | None) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


class JsonText(TypeDecorator[Any]):
    """A JSON value as text.

    Numbers with a fraction come back as `Decimal`, with the digits that were written: nothing goes through a float.
    Keys of objects are strings. `None` is SQL NULL.
    """

    impl = Text
    cache_ok = True

    _encoder = msgspec.json.Encoder(decimal_format="number")
    _decoder = msgspec.json.Decoder(float_hook=Decimal)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002, ANN401 - fixed by the base
        """Return the value's JSON text."""
        return None if value is None else self._encoder.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002, ANN401 - fixed by the base
        """Return the value as plain dicts, lists, strings, numbers and booleans."""
        return None if value is None else self._decoder.decode(value)


class EnumText(TypeDecorator[E], Generic[E]):
    """An enum member by its name.

    Parameters
    ----------
    enum
        The enum's class.

    Raises
    ------
    TypeError
        On writing anything but a member of the enum.
    LookupError
        On reading a name that the enum does not have: the row was written by a newer server.
    """

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[E]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - fixed by the base
        """Return the member's name."""
        if value is None:
            return None
        if not isinstance(value, self.enum):  # pyright: ignore[reportUnnecessaryIsInstance] - SQLAlchemy passes what it got
            raise TypeError(f"expected a member of {self.enum.__name__}, got {value!r}")
        return value.name

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002 - fixed by the base
        """Return the member of that name."""
        if value is None:
            return None
        try:
            return self.enum[value]
        except KeyError:
            raise LookupError(f"{self.enum.__name__} has no member {value!r}") from None
