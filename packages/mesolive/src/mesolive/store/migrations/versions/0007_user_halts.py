"""Halts of users: whose a halt is, and whether it stops entries alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns; halts from before are the operator's, and stop everything."""
    with op.batch_alter_table("halts") as halts:
        halts.add_column(sa.Column("user_id", ID))
        halts.add_column(sa.Column("scope", sa.String(length=16)))
        halts.create_foreign_key(op.f("fk_halts_user_id_users"), "users", ["user_id"], ["id"])
