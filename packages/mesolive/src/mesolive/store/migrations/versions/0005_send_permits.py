"""Send permits: the epochs of orders and of their permits, and until when they may be sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; orders from before have no epoch, and the venue's lists alone decide about them."""
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("sender_epoch", sa.Integer()))
        orders.add_column(sa.Column("send_by", sa.BigInteger()))
        orders.add_column(sa.Column("permit_epoch", sa.Integer()))
        orders.add_column(sa.Column("permit_at", sa.BigInteger()))
