"""Samples: PnL and greeks of accounts, margin of positions; API keys: from where each was used last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there already does not have them."""
    with op.batch_alter_table("account_samples") as table:
        table.add_column(sa.Column("unrealized_pnl", sa.Text()))
        table.add_column(sa.Column("day_pnl", sa.Text()))
        for name in ("delta", "gamma", "theta", "vega", "delta_dollars"):
            table.add_column(sa.Column(name, sa.Double()))
    with op.batch_alter_table("position_samples") as table:
        table.add_column(sa.Column("margin", sa.Text()))
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("last_address", sa.String(64)))
