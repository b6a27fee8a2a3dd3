"""Agents: which agent hosts a connection, what it offered, and the epoch of its newest link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; connections from before run in the server."""
    with op.batch_alter_table("connections") as connections:
        connections.add_column(sa.Column("agent", sa.String(length=64)))
        connections.add_column(sa.Column("agent_epoch", sa.BigInteger()))
        connections.add_column(sa.Column("agent_offer", sa.Text()))
