"""Versions of strategies: the definitions that each had, beginning with the one that it has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table; the present definition of each strategy is its first version."""
    op.create_table(
        "strategy_versions",
        sa.Column("strategy_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("saved_by", sa.Text()),
        sa.PrimaryKeyConstraint("strategy_id", "number", name=op.f("pk_strategy_versions")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_strategy_versions_strategy_id_strategies")
        ),
    )
    op.execute(
        "INSERT INTO strategy_versions (strategy_id, number, definition, saved_at) "
        "SELECT id, 1, definition, updated_at FROM strategies"
    )
