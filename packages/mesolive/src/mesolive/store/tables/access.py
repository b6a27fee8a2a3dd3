"""Users and their API keys. The keys' tokens are not stored: only their ids, so that they can be listed and revoked."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, UtcDateTime

users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),  # the token's `jti`
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("label", Text, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("revoked_at", UtcDateTime, nullable=True),
    Index(None, "user_id"),
)
