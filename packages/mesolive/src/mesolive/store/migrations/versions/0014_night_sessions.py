"""Accounts: whether they trade in the night and curb sessions of index options."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; accounts that exist keep to the regular session."""
    with op.batch_alter_table("accounts") as table:
        table.add_column(sa.Column("night_sessions", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("accounts") as table:
        table.alter_column("night_sessions", server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
