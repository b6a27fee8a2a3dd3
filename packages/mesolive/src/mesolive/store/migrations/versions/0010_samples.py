"""Samples of accounts and positions, acknowledged errors, and jobs by their plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and the index."""
    op.create_table(
        "error_acknowledgements",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("error_id", sa.Text(), nullable=False),
        sa.Column("event_seq_id", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "error_id", name=op.f("pk_error_acknowledgements")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_error_acknowledgements_user_id_users")),
    )
    op.create_table(
        "account_samples",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("net_liquidation", sa.Text()),
        sa.Column("cash", sa.Text(), nullable=False),
        sa.Column("margin", sa.Text()),
        sa.PrimaryKeyConstraint("account_id", "at", name=op.f("pk_account_samples")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_samples_account_id_accounts")),
    )
    op.create_table(
        "position_samples",
        sa.Column("position_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("pnl", sa.Text()),
        sa.Column("realized_pnl", sa.Text(), nullable=False),
        sa.Column("mark", sa.Double[float]()),
        sa.Column("underlying", sa.Double[float]()),
        sa.Column("delta", sa.Double[float]()),
        sa.Column("gamma", sa.Double[float]()),
        sa.Column("theta", sa.Double[float]()),
        sa.Column("vega", sa.Double[float]()),
        sa.PrimaryKeyConstraint("position_id", "at", name=op.f("pk_position_samples")),
        sa.ForeignKeyConstraint(
            ["position_id"], ["positions.id"], name=op.f("fk_position_samples_position_id_positions")
        ),
    )
    op.create_index("ix_prepare_jobs_plan", "prepare_jobs", ["plan_id"])
