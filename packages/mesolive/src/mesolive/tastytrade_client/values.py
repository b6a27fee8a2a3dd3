"""Values of tastytrade's answers: moments in three spellings, amounts with their effect, numbers as text or not.

The same field is text in one answer and a number in another. Amounts are decoded to `Decimal` from their text, never by
way of a binary fraction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

NEW_YORK: Final = ZoneInfo("America/New_York")
"""The zone of the days by which orders and transactions are searched."""
MIN_EPOCH_MILLISECONDS: Final = 100_000_000_000
"""A number below is no time of an order: dry runs bear 0."""

Moment: TypeAlias = "int | float | str | None"
"""A time as it comes: ISO 8601 with `Z`, `+00:00` or `+0000`, or milliseconds since 1970."""


def moment(value: Moment) -> datetime | None:
    """Return a time in UTC; `None` for none, for 0, and for what is no time."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC) if value >= MIN_EPOCH_MILLISECONDS else None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def signed(amount: Decimal | None, effect: str | None) -> Decimal | None:
    """Return an unsigned amount with the sign of its effect: a debit is negative, a credit positive."""
    if amount is None:
        return None
    return -abs(amount) if (effect or "").lower() == "debit" else abs(amount)


def price_text(price: Decimal) -> str:
    """Return an unsigned price as orders have it: without exponent, and without zeros at the end beyond two places."""
    text = f"{abs(price):f}"
    if "." in text:
        whole, _, fraction = text.partition(".")
        text = f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
    return text


def exchange_day(at: datetime) -> str:
    """Return the day in New York of a moment, as queries have it."""
    return at.astimezone(NEW_YORK).date().isoformat()
