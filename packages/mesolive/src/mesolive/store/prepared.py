"""Prepared statements for SQLite: SQL text, parameter and result processors of a statement, compiled once.

SQLAlchemy looks its compiled form up for each execution, and builds a context, a cursor result and its metadata: 50 to
150 microseconds, where SQLite needs 10 for a row by its key. Statements that the server runs again and again are module
constants. One of those is compiled at its second execution, and from then on its parameters go to the driver and its
rows come back directly.

A statement that is built for one execution never gets here, and neither does one of a kind that needs more of
SQLAlchemy (literal text, lists that expand, columns with defaults): `StatementCache.find` returns `None` for it, and it
takes the usual way. Errors, listeners of `before_cursor_execute` and hidden parameters are the same on both ways.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Dialect, Executable, Insert, Row, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from mesolive.store.connection import Parameters

Processor = Callable[[Any], Any]

MAX_KEY_SETS = 8
"""For how many sets of parameter names a statement is compiled; inserts may leave columns out."""


class PreparedResult:
    """What a prepared statement has answered: its rows, and how many it changed."""

    __slots__ = ("_last_id", "_rows", "rowcount")

    def __init__(self, rows: Sequence[Row[Any]], rowcount: int, last_id: int | None) -> None:
        self._rows = rows
        self.rowcount = rowcount
        self._last_id = last_id

    def all(self) -> Sequence[Row[Any]]:
        """Return all rows."""
        return self._rows

    def first(self) -> Row[Any] | None:
        """Return the first row, or `None`."""
        return self._rows[0] if self._rows else None

    def scalar(self) -> Any:  # noqa: ANN401 - any column
        """Return the first column of the first row, or `None`."""
        return self._rows[0][0] if self._rows else None

    @property
    def inserted_primary_key(self) -> Sequence[Any] | None:
        """The key that the database gave to the inserted row."""
        return None if self._last_id is None else (self._last_id,)


class Prepared:
    """One statement, compiled for one set of parameter names.

    Parameters
    ----------
    compiled
        Its compiled form.
    names
        Those of the parameters that an execution gives.
    dialect
        The dialect it was compiled for.
    """

    __slots__ = ("_constants", "_dialect", "_make", "_processors", "_results", "_returns_rows", "_values", "sql")

    def __init__(self, compiled: SQLCompiler, names: frozenset[str], dialect: Dialect) -> None:
        self.sql: str = compiled.string
        self._dialect = dialect
        processors: Mapping[str, Processor] = compiled._bind_processors  # pyright: ignore[reportPrivateUsage, reportAssignmentType] # noqa: SLF001 - what an execution applies
        places = list(compiled.positiontup or ())
        # The values of a row are taken by C code, and what has to be changed of them is changed in their places.
        self._values = _getter([name for name in places if name in names])
        self._constants: list[tuple[int, Any]] = []
        self._processors: list[tuple[int, Processor]] = []
        for place, name in enumerate(places):
            processor = processors.get(name)
            if name not in names:
                value = compiled.binds[name].effective_value
                self._constants.append((place, value if processor is None else processor(value)))
            elif processor is not None:
                self._processors.append((place, processor))
        columns = compiled._result_columns  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - their names and types
        self._returns_rows = bool(columns)
        keys: list[str] = [column.keyname for column in columns]
        row_type = namedtuple("Row", keys, rename=True)  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple] - the query names them
        self._make = row_type._make
        by_column = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._results = [(place, processor) for place, processor in enumerate(by_column) if processor is not None]

    def run(self, connection: Connection, parameters: Parameters | None) -> PreparedResult:
        """Run the statement.

        Raises
        ------
        DBAPIError
            As SQLAlchemy would raise it.
        """
        below = connection.connection.dbapi_connection
        assert isinstance(below, sqlite3.Connection)  # noqa: S101 - the engine's driver
        cursor = sqlite3.Cursor(below)
        many = _many(parameters)
        bound: Any = self._bind(_single(parameters)) if many is None else [self._bind(row) for row in many]
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, cursor, self.sql, bound, None, many is not None)
        try:
            if many is not None:
                cursor.executemany(self.sql, bound)
                return PreparedResult((), cursor.rowcount, None)
            cursor.execute(self.sql, bound)
            raw = cursor.fetchall() if self._returns_rows else []
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                self.sql, bound, error, sqlite3.Error, hide_parameters=True, dialect=self._dialect
            ) from error
        return PreparedResult(self._rows(raw), cursor.rowcount, cursor.lastrowid)

    def _bind(self, given: Mapping[str, Any]) -> list[Any]:
        row = list(self._values(given))
        for place, constant in self._constants:
            row.insert(place, constant)  # in ascending order, so that each comes to its place
        for place, processor in self._processors:
            row[place] = processor(row[place])
        return row

    def _rows(self, raw: list[tuple[Any, ...]]) -> list[Any]:
        make, results = self._make, self._results
        if not results:
            return [make(row) for row in raw]
        rows: list[Any] = []
        for values in raw:
            row = list(values)
            for place, processor in results:
                row[place] = processor(row[place])
            rows.append(make(row))
        return rows


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Return a function that takes the values of some names out of a mapping, in their order."""
    if not names:
        return _nothing
    if len(names) == 1:
        name = names[0]
        return lambda given: (given[name],)  # `itemgetter` of one name gives the value itself
    return itemgetter(*names)


def _nothing(_given: Mapping[str, Any]) -> Sequence[Any]:
    return ()


def _many(parameters: Parameters | None) -> Sequence[Mapping[str, Any]] | None:
    """Return the sequence of parameters for which the statement runs, or `None` where it runs once."""
    return parameters if isinstance(parameters, list) else None


def _single(parameters: Parameters | None) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", parameters or {})


class StatementCache:
    """Prepared statements for engines of one dialect.

    Event loops of several threads may use it: two that meet at one statement compile it twice, and one form is kept.

    Parameters
    ----------
    dialect
        The engines'.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        # Weak: a statement that was built for one execution is forgotten with it.
        self._known: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared | None]] = WeakKeyDictionary()

    def find(self, statement: Executable, parameters: Parameters | None) -> Prepared | None:
        """Return the prepared form, or `None` at the first execution and for a statement that cannot be prepared."""
        by_names = self._known.get(statement)
        if by_names is None:
            self._known[statement] = {}
            return None
        many = _many(parameters)
        if many is not None and not many:
            return None
        names = tuple(_single(parameters) if many is None else many[0])
        if names in by_names:
            return by_names[names]
        if len(by_names) >= MAX_KEY_SETS:
            return None
        prepared = by_names[names] = self._prepare(statement, names, many=many is not None)
        return prepared

    def _prepare(self, statement: Executable, names: Sequence[str], *, many: bool) -> Prepared | None:
        if not isinstance(statement, (Select, Insert, Update, Delete)):
            return None
        compiled: SQLCompiler = statement.compile(dialect=self._dialect, column_keys=list(names) or None)
        columns = compiled._result_columns  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - their names and types
        unfit = (
            compiled.post_compile_params
            or compiled.literal_execute_params
            or compiled.insert_prefetch
            or compiled.update_prefetch
            or len({column.keyname for column in columns}) != len(columns)
            or (many and columns)
            or any(compiled.binds[name].required and name not in names for name in compiled.positiontup or ())
        )
        return None if unfit else Prepared(compiled, frozenset(names), self._dialect)
