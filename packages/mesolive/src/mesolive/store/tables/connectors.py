"""Tables of connectors: connections, encrypted secrets, logs, discovered accounts and broker facts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, DecimalText, JsonText, UtcDateTime

connections = Table(
    "connections",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("settings", JsonText, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
    Column("agent", String(64)),
    Column("agent_epoch", BigInteger),
    Column("agent_offer", Text),
    Index("ix_connections_user", "user_id", "name"),
    sqlite_autoincrement=True,
)
"""Configured connections. `settings` maps names to texts and holds no secret. A removed connection keeps its row, for
accounts that were discovered by it refer to it; its secrets are deleted. `agent` names the agent that hosts a
connection; NULL runs in the server. `agent_epoch` is that of its newest link, `agent_offer` what it offered last, as
JSON."""

connection_secrets = Table(
    "connection_secrets",
    metadata,
    Column("connection_id", ID, ForeignKey("connections.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("sealed", Text, nullable=False),
)
"""Secret settings of connections, encrypted: see `mesolive.access.sealing`."""

connection_log = Table(
    "connection_log",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("connection_id", ID, ForeignKey("connections.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Index("ix_connection_log_connection", "connection_id", "id"),
    sqlite_autoincrement=True,
)
"""Changes of state and of configuration, in real time; the newest thousand of each connection are kept."""

connection_accounts = Table(
    "connection_accounts",
    metadata,
    Column("connection_id", ID, ForeignKey("connections.id"), primary_key=True),
    Column("broker_account_id", String(64), primary_key=True),
    Column("live", Boolean, nullable=False),
    Column("account_type", String(32), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("can_trade", Boolean, nullable=False),
    Column("permissions", JsonText, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id")),
)
"""Accounts that a connection gives access to. `account_id` is set when the owner has enabled the account."""

broker_facts = Table(
    "broker_facts",
    metadata,
    Column("account_id", ID, ForeignKey("accounts.id"), primary_key=True),
    Column("as_of", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("net_liquidation", DecimalText),
    Column("cash", DecimalText),
    Column("initial_margin", DecimalText),
    Column("maintenance_margin", DecimalText),
    Column("buying_power", DecimalText),
    Column("excess_liquidity", DecimalText),
    Column("day_trades_left", Integer),
)
"""What the broker stated last about an account; NULL is not stated."""
