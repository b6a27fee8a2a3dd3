"""Audit trail: who requested an action, which requests were refused and why, stored with the order's reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import insert

from mesolive.store.database import WriteTransaction
from mesolive.store.tables.trading import audit_entries

_INSERT = insert(audit_entries)


class AuditEntry(Struct, frozen=True):
    """One action that was carried out or refused.

    Attributes
    ----------
    actor
        The id of the API key of the request, or the component of the server that acted.
    """

    user_id: int
    account_id: int | None
    order_id: int | None
    at: datetime
    actor: str
    action: str
    idempotency_key: str | None = None
    detail: Mapping[str, object] | None = None


async def audit(tx: WriteTransaction, entries: Sequence[AuditEntry]) -> None:
    """Keep entries with the transaction."""
    if entries:
        await tx.execute(
            _INSERT,
            [
                {
                    "user_id": entry.user_id,
                    "account_id": entry.account_id,
                    "order_id": entry.order_id,
                    "at": entry.at,
                    "actor": entry.actor,
                    "action": entry.action,
                    "idempotency_key": entry.idempotency_key,
                    "detail": None if entry.detail is None else dict(entry.detail),
                }
                for entry in entries
            ],
        )
