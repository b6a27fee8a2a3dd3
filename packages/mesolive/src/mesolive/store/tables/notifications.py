"""Tables of notifications: the rules with their place in the event log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, JsonText, UtcDateTime

notification_rules = Table(
    "notification_rules",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("service", String(32), nullable=False),
    Column("sealed", Text, nullable=False),  # the address: see `mesolive.access.sealing`
    Column("kinds", JsonText, nullable=False),
    Column("strategy_id", BigInteger),
    Column("broker_account_id", Text),
    Column("quiet", JsonText),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("in_flight", Integer, nullable=False),
    Column("missed", BigInteger, nullable=False),
    Column("held", JsonText, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("last_sent_at", UtcDateTime),
    Column("last_error_at", UtcDateTime),
    Column("last_error", Text),
    UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
)
"""`cursor` is committed before a message leaves: after a crash an event is sent at most once."""
