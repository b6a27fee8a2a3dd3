"""Users, API keys, sessions of browsers and one-time sign-in codes.

No token, cookie or code is stored: of keys the id, of the others a digest.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

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
    Column("role", String(16), nullable=True),
    Column("last_used_at", UtcDateTime, nullable=True),
    Column("last_address", String(64), nullable=True),
    Index(None, "user_id"),
)
"""A key without a role may trade. `last_used_at` and `last_address` are accurate to some minutes."""

portal_codes = Table(
    "portal_codes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
)

portal_sessions = Table(
    "portal_sessions",
    metadata,
    Column("session_id", String(16), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("key_id", Text, ForeignKey("api_keys.key_id"), nullable=True),
    Column("role", String(16), nullable=False),
    Column("user_agent", String(200), nullable=False),
    Column("address", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("proved_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=True),
    Index(None, "user_id"),
)
"""Sessions of browsers. `proved_at` is when a key or a code was presented last; `seen_at` is accurate to a minute."""
