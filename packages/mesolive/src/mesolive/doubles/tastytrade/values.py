"""Values in answers of the double of tastytrade: amounts with their effects, times, and JSON objects."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Generic, TypeAlias, TypeVar

JsonObject: TypeAlias = dict[str, object]

ZERO: Final = Decimal(0)
RETENTION: Final = timedelta(minutes=5)
"""For how long values that a reader may lag behind are kept."""

_Value = TypeVar("_Value")


def amount(value: Decimal) -> str:
    """Return a number as answers have it: without an exponent and with one decimal at least, as in `1880.0`."""
    text = f"{value:f}"
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def effect_of(value: Decimal) -> str:
    """Return what a signed amount of cash is to the account: a credit, a debit, or none."""
    return "None" if not value else "Credit" if value > 0 else "Debit"


def signed(name: str, value: Decimal) -> JsonObject:
    """Return an amount of cash under its name, with its effect beside it."""
    return {name: amount(abs(value)), f"{name}-effect": effect_of(value)}


def moment(value: datetime) -> str:
    """Return a time as answers have it: `2026-07-27T14:36:22.310+00:00`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds")


def millis(value: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return round(value.timestamp() * 1000)


class Lagging(Generic[_Value]):
    """A value that is read as it was some time ago."""

    def __init__(self) -> None:
        self._values: deque[tuple[datetime, _Value]] = deque()

    def put(self, at: datetime, value: _Value) -> None:
        """Take a new value."""
        self._values.append((at, value))
        while len(self._values) > 1 and self._values[1][0] <= at - RETENTION:
            self._values.popleft()

    def read(self, at: datetime) -> _Value | None:
        """Return the value at a moment, or `None` when there was none yet."""
        for put_at, value in reversed(self._values):
            if put_at <= at:
                return value
        return None

    @property
    def newest(self) -> _Value | None:
        """The latest value."""
        return self._values[-1][1] if self._values else None
