"""Order history: the requests, idempotency keys, venue reports and state changes of one order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from mesolive.errors import not_found
from mesolive.store.database import Database
from mesolive.store.tables.access import users
from mesolive.store.tables.trading import accounts, audit_entries, executions, order_facts, orders


class HistoryEntry(Struct, frozen=True):
    """One entry of an order's history: a request or a venue report.

    Attributes
    ----------
    what
        The request, or the kind of a report.
    who
        The id of the API key, the part of the server, or `venue`.
    change
        The states before and after, where it changed.
    detail
        The request, or the report as received, as JSON.
    """

    at: datetime
    what: str
    who: str
    change: str
    detail: str


class OrderHistory(Struct, frozen=True):
    """An order and its history, oldest first."""

    order_id: int
    user: str
    account: str
    fields: Mapping[str, Any]
    entries: tuple[HistoryEntry, ...]


HISTORY_FIELDS = (
    "state",
    "side",
    "qty",
    "filled_qty",
    "average_fill_price",
    "limit_price",
    "stop_price",
    "order_type",
    "time_in_force",
    "plan_id",
    "leg_group_id",
    "position_id",
    "reference",
    "venue_order_id",
    "unresolved_since",
    "send_key",
    "replaces_id",
    "replaced_by",
    "reason",
    "created_at",
    "filled_at",
    "last_updated",
)


async def order_history(database: Database, order_id: int, user_id: int | None = None) -> OrderHistory:
    """Return the history of an order; `NotFound` when there is none of that id.

    Parameters
    ----------
    user_id
        Whose order it must be; `None` for whosever it is.
    """
    query = (
        select(orders, users.c.name.label("user_name"), accounts.c.broker_account_id)
        .join(users, users.c.id == orders.c.user_id)
        .join(accounts, accounts.c.id == orders.c.account_id)
        .where(orders.c.id == order_id)
    )
    if user_id is not None:
        query = query.where(orders.c.user_id == user_id)
    async with database.read() as tx:
        row = await tx.first(query)
        if row is None:
            raise not_found(f"order {order_id}")
        asked = await tx.all(select(audit_entries).where(audit_entries.c.order_id == order_id))
        facts = await tx.all(select(order_facts).where(order_facts.c.order_id == order_id).order_by(order_facts.c.id))
        booked = await tx.all(select(executions).where(executions.c.order_id == order_id).order_by(executions.c.id))
    entries = [HistoryEntry(row.created_at, "SendOrder", row.sent_by or "server", "", _text({"key": row.send_key}))]
    entries += [
        HistoryEntry(
            item.at,
            item.action,
            item.actor,
            "",
            _text({"key": item.idempotency_key} | (item.detail or {})),
        )
        for item in asked
    ]
    entries += [
        HistoryEntry(
            fact.received_at,
            fact.kind,
            "venue",
            "" if fact.state_before == fact.state_after else f"{fact.state_before} → {fact.state_after}",
            fact.body if fact.contradiction is None else f"{fact.contradiction}: {fact.body}",
        )
        for fact in facts
    ]
    entries += [
        HistoryEntry(
            item.executed_at,
            "Booked",
            "server",
            "",
            _text({"leg": item.leg_name, "qty": item.qty, "price": item.price, "commission": item.commission}),
        )
        for item in booked
    ]
    return OrderHistory(
        order_id=order_id,
        user=row.user_name,
        account=row.broker_account_id,
        fields={name: getattr(row, name) for name in HISTORY_FIELDS if getattr(row, name) is not None},
        entries=tuple(sorted(entries, key=lambda entry: entry.at)),
    )


def _text(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)
