"""Tables of active signals and of the adjustments that exec plans carry out."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, UtcDateTime

signal_states = Table(
    "signal_states",
    metadata,
    Column("user_id", ID, ForeignKey("users.id"), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("strategy_id", ID, ForeignKey("strategies.id"), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("position_id", ID, ForeignKey("positions.id")),
    Column("body", Text),
    Column("since", UtcDateTime, nullable=False),
    Index("ix_signal_states_strategy", "strategy_id", "account_id"),
)
"""One row per active signal or error; `body` is the event that raised it, as JSON."""

adjustment_plans = Table(
    "adjustment_plans",
    metadata,
    Column("plan_id", ID, ForeignKey("exec_plans.id"), primary_key=True),
    Column("operation", String(16), nullable=False),
    Column("condition", Text, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("updates", Boolean, nullable=False),
)
"""The adjustment that an exec plan carries out. `counts`: it raises the position's number of adjustments. `updates`:
the condition's `UpdateVars` runs after it."""
