"""Placeholder `EventTime` of events before the journal stamps them: the wire model requires the field."""

from __future__ import annotations

from datetime import UTC, datetime

UNSTAMPED = datetime(1970, 1, 1, tzinfo=UTC)
"""Replaced by the market time of the append when an event is journalled."""
