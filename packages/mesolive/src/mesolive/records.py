"""Copies of records with other values: `copy.replace` of Python 3.13, for dataclasses and structs alike."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, structs

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def replace(record: R, /, **changes: object) -> R:
    """Return a copy of a record with other values.

    The type checker takes a struct for a dataclass, so that it lets `dataclasses.replace` of a struct pass, which
    raises; the linter refuses that function for this reason.

    Parameters
    ----------
    record
        A dataclass's or a struct's object.
    **changes
        Values by the names of fields.

    Raises
    ------
    TypeError
        If a name is no field.
    """
    if isinstance(record, Struct):
        return structs.replace(record, **changes)
    return dataclasses.replace(record, **changes)  # noqa: TID251 - here it is certain what the record is
