"""Timestamps in arrays: int64 microseconds since 1970 in UTC, where 0 means "never"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NEVER = 0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 in UTC, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime | None:
    """Return microseconds since 1970 as a datetime in UTC, or `None` for "never"."""
    return EPOCH + timedelta(microseconds=int(micros)) if micros != NEVER else None
