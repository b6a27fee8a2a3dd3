"""SQL clauses with one constant text: membership in a list of values, and in a list of constants.

SQLAlchemy's `IN` with a bound list has as many placeholders as values, so its text is made anew for each execution, and
such a statement cannot be prepared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Dialect, Integer, Text, bindparam, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Values(TypeDecorator[Any]):
    """A list of integers or texts: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, *, integers: bool) -> None:
        super().__init__()
        self.integers = integers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the parameter."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - loads all of that dialect

            return dialect.type_descriptor(cast("TypeEngine[Any]", ARRAY(BigInteger() if self.integers else Text())))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401 - as the driver takes it
        """Return the list as the driver takes it."""
        values = list(value or ())
        return values if dialect.name == "postgresql" else msgspec.json.encode(values).decode()


class _Among(ColumnElement[bool]):
    """Whether a column's value is in a bound list."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - as SQLAlchemy declares it
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], values: ColumnElement[Any]) -> None:
        self.column = column
        self.values = values
        self.type = Boolean()

    def self_group(self, against: Any = None) -> _Among:  # noqa: ANN401, ARG002 - as the base has it
        """Return the clause as it is: compared with 1, as SQLite's booleans are, it would not use an index."""
        return self


@compiles(_Among)
def _by_json(element: _Among, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401 - passed on
    column, values = compiler.process(element.column, **kwargs), compiler.process(element.values, **kwargs)
    return f"({column} IN (SELECT value FROM json_each({values})))"  # noqa: S608 - both are SQL that was compiled


@compiles(_Among, "postgresql")
def _by_array(element: _Among, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401 - passed on
    column, values = compiler.process(element.column, **kwargs), compiler.process(element.values, **kwargs)
    return f"({column} = ANY ({values}))"


def is_among(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column of integers or plain text has a value of the list bound as `name`."""
    return _Among(column, bindparam(name, type_=_Values(integers=isinstance(column.type, Integer))))


def is_one_of(column: Column[Any], constants: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a column of plain text has one of some constants, such as names of states."""
    texts: list[ColumnElement[Any]] = [
        literal_column("'" + constant.replace("'", "''") + "'") for constant in sorted(constants)
    ]
    return column.in_(texts)
