"""Tables of samples: values of accounts and positions by market minutes."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Table

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, DecimalText, UtcDateTime

account_samples = Table(
    "account_samples",
    metadata,
    Column("account_id", ID, ForeignKey("accounts.id"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("net_liquidation", DecimalText),
    Column("cash", DecimalText, nullable=False),
    Column("margin", DecimalText),
    Column("unrealized_pnl", DecimalText),
    Column("day_pnl", DecimalText),
    Column("delta", Double[float]()),
    Column("gamma", Double[float]()),
    Column("theta", Double[float]()),
    Column("vega", Double[float]()),
    Column("delta_dollars", Double[float]()),
)
"""`at` is a whole minute of market time."""

position_samples = Table(
    "position_samples",
    metadata,
    Column("position_id", ID, ForeignKey("positions.id"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("pnl", DecimalText),
    Column("realized_pnl", DecimalText, nullable=False),
    Column("mark", Double[float]()),
    Column("underlying", Double[float]()),
    Column("margin", DecimalText),
    Column("delta", Double[float]()),
    Column("gamma", Double[float]()),
    Column("theta", Double[float]()),
    Column("vega", Double[float]()),
)
