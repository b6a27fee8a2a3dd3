"""Table of the versions of strategies."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, UtcDateTime

strategy_versions = Table(
    "strategy_versions",
    metadata,
    Column("strategy_id", ID, ForeignKey("strategies.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("definition", Text, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", Text),
)
"""Definitions that a strategy had; the newest is the one that it has. `saved_by` is the id of an API key or a session,
and null for a definition from before versions were kept."""
