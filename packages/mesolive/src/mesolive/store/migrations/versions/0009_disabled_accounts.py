"""Accounts of connections that their owner has disabled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; accounts from before are enabled."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("disabled_at", sa.BigInteger()))
