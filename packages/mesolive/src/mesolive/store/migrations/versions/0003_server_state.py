"""Server state: new tables of the last market time, of market time by real time, and of file locations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; rows come with the next start of a server."""
    op.create_table(
        "server_state",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_state")),
    )
    op.create_table(
        "market_times",
        sa.Column("wall_at", sa.BigInteger(), nullable=False),
        sa.Column("market_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("wall_at", name=op.f("pk_market_times")),
    )
