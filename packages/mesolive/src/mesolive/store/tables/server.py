"""Table of server state: the last market time, and the locations of files outside the database."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import UtcDateTime

server_state = Table(
    "server_state",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("noted_at", UtcDateTime, nullable=False),
)
"""Values by name. `value` is JSON, `noted_at` real time."""

market_times = Table(
    "market_times",
    metadata,
    Column("wall_at", UtcDateTime, primary_key=True),
    Column("market_at", UtcDateTime, nullable=False),
)
"""Market time at a real time: a row at each start and every hour. Retention derives the age of rows from it."""
