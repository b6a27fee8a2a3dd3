"""Connectors: connections, encrypted secrets, logs, discovered accounts, broker facts; market data of accounts.

Accounts keep what they had: none belongs to a connection, none has chosen a provider, none accepts delayed quotes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, and add the columns of accounts."""
    op.create_table(
        "connections",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_connections_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_connections_user", "connections", ["user_id", "name"])
    op.create_table(
        "connection_secrets",
        sa.Column("connection_id", ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_connection_secrets_connection_id_connections")
        ),
        sa.PrimaryKeyConstraint("connection_id", "name", name=op.f("pk_connection_secrets")),
    )
    op.create_table(
        "connection_log",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("connection_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_connection_log_connection_id_connections")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_log")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_connection_log_connection", "connection_log", ["connection_id", "id"])
    with op.batch_alter_table("accounts") as table:
        table.add_column(sa.Column("connection_id", ID, nullable=True))
        table.add_column(sa.Column("data_provider", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("accept_delayed", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_foreign_key(
            op.f("fk_accounts_connection_id_connections"), "connections", ["connection_id"], ["id"]
        )
    with op.batch_alter_table("accounts") as table:
        # The default is only for the rows that are there: without it a NOT NULL column cannot be added.
        table.alter_column("accept_delayed", server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
    op.create_table(
        "connection_accounts",
        sa.Column("connection_id", ID, nullable=False),
        sa.Column("broker_account_id", sa.String(length=64), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("account_type", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("can_trade", sa.Boolean(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_connection_accounts_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_connection_accounts_connection_id_connections")
        ),
        sa.PrimaryKeyConstraint("connection_id", "broker_account_id", name=op.f("pk_connection_accounts")),
    )
    op.create_table(
        "broker_facts",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("net_liquidation", sa.Text(), nullable=True),
        sa.Column("cash", sa.Text(), nullable=True),
        sa.Column("initial_margin", sa.Text(), nullable=True),
        sa.Column("maintenance_margin", sa.Text(), nullable=True),
        sa.Column("buying_power", sa.Text(), nullable=True),
        sa.Column("excess_liquidity", sa.Text(), nullable=True),
        sa.Column("day_trades_left", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_broker_facts_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_broker_facts")),
    )
