"""Tables of the event log: events per user, their sequence counter, and the active signals and errors."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, UtcDateTime

event_counters = Table(
    "event_counters",
    metadata,
    Column("user_id", ID, ForeignKey("users.id"), primary_key=True),
    Column("latest_seq_id", BigInteger, nullable=False),
    Column("pruned_seq_id", BigInteger, nullable=True),
)
"""`pruned_seq_id`: up to this number events were deleted for their age; those that were active then are still there."""

events = Table(
    "events",
    metadata,
    Column("user_id", ID, ForeignKey("users.id"), primary_key=True),
    Column("event_seq_id", BigInteger, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("event_time", UtcDateTime, nullable=False),
    Column("event_type", Text, nullable=False),  # the callback's name
    Column("strategy_id", BigInteger, nullable=True),
    Column("body", Text, nullable=False),  # the callback's model, as it travels, as JSON text
)

active_events = Table(
    "active_events",
    metadata,
    Column("user_id", ID, ForeignKey("users.id"), primary_key=True),
    Column("subject", Text, primary_key=True),  # what is active: one signal of one strategy and account, one error
    Column("event_seq_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["user_id", "event_seq_id"], ["events.user_id", "events.event_seq_id"]),
)

error_acknowledgements = Table(
    "error_acknowledgements",
    metadata,
    Column("user_id", ID, ForeignKey("users.id"), primary_key=True),
    Column("error_id", Text, primary_key=True),
    Column("event_seq_id", BigInteger, nullable=False),  # the event that began the error
    Column("acknowledged_at", UtcDateTime, nullable=False),
    Column("acknowledged_by", Text, nullable=False),
)
"""One row per error that a person has ever acknowledged; it counts while the event is the active one."""
