"""The time of an event that is not in the journal yet: `EventTime` is required, and the journal gives it."""

from __future__ import annotations

from datetime import UTC, datetime

UNSTAMPED = datetime(1970, 1, 1, tzinfo=UTC)
"""Replaced by the market time of the append when an event is journalled."""
