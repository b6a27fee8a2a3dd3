"""Tables of settlements: expirations and early exercises reported by venues, and daily prices of underlyings."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Double, ForeignKey, Index, String, Table, Text, UniqueConstraint

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, DecimalText, UtcDateTime

settlement_facts = Table(
    "settlement_facts",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("fact_id", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("booked_qty", DecimalText, nullable=False),
    Column("waits", Boolean, nullable=False),
    UniqueConstraint("account_id", "fact_id"),
    Index("ix_settlement_facts_waits", "account_id", "waits"),
    sqlite_autoincrement=True,
)
"""Settlement reports of venues as received (`body` is JSON), one row per `fact_id`. `booked_qty` is the booked quantity
of a settlement; of an early exercise it is the quantity held when the report came. A row `waits` until all of it is
booked, or until the position shows the exercise."""

underlying_days = Table(
    "underlying_days",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("symbol", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("open", Double[float]()),
    Column("close", Double[float]()),
    Column("last", Double[float]()),
    Column("iv", Double[float]()),
    Column("noted_at", UtcDateTime, nullable=False),
)
"""Daily bars of underlyings per market data source: prices, and the implied volatility as a fraction.
`noted_at` is the market's time when the row was last written."""
