"""Account limits: renames `max_notional` to `max_premium`, and adds caps of notional and of loss per order.

An account with limits of its own keeps them. The new limits have careful defaults, which `mesolive account limits`
changes: 50,000,000 of notional and 2,000,000 of loss per order, no order whose loss is unlimited, and exits on stale
quotes only at a limit price.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the cap of premiums and add the new limits."""
    with op.batch_alter_table("account_limits") as table:
        table.alter_column("max_notional", new_column_name="max_premium", existing_type=sa.Text(), nullable=False)
    # The defaults are only for the rows that are there: without them a NOT NULL column cannot be added.
    with op.batch_alter_table("account_limits") as table:
        table.add_column(sa.Column("max_notional", sa.Text(), nullable=False, server_default="50000000"))
        table.add_column(sa.Column("max_loss", sa.Text(), nullable=False, server_default="2000000"))
        table.add_column(sa.Column("allow_unlimited_loss", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(
            sa.Column("stale_exit_policy", sa.String(length=16), nullable=False, server_default="LimitOnly")
        )
    with op.batch_alter_table("account_limits") as table:
        for name, kind in (
            ("max_notional", sa.Text()),
            ("max_loss", sa.Text()),
            ("allow_unlimited_loss", sa.Boolean()),
            ("stale_exit_policy", sa.String(length=16)),
        ):
            table.alter_column(name, server_default=None, existing_type=kind, existing_nullable=False)
