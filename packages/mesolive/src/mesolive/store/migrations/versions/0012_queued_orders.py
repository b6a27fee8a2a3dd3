"""Account limits: whether orders may wait for the session of their class."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; accounts that have limits of their own keep refusing such orders."""
    with op.batch_alter_table("account_limits") as table:
        table.add_column(sa.Column("queue_orders", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("account_limits") as table:
        table.alter_column("queue_orders", server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
