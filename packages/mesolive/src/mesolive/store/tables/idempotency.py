"""Idempotency records: the request and the outcome of each client-chosen key."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, JsonText, UtcDateTime

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("user_id", ID, ForeignKey("users.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("request_hash", Text, nullable=False),
    Column("exec_plan_id", BigInteger, nullable=True),
    Column("order_ids", JsonText, nullable=True),
    Column("error_message", Text, nullable=True),
    Column("job_id", Text, nullable=True),
    Column("response_status", Text, nullable=True),
    Column("response_message", Text, nullable=True),
    Column("response_error", Text, nullable=True),  # the wire's error model, as JSON text
    Column("response_data", Text, nullable=True),  # the first answer's data, as JSON text
    Index(None, "updated_at"),
)
