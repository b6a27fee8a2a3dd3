"""Log of venue reports: each is stored as received, each execution once per account."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, insert, select

from mesolive.store.clauses import is_among
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.trading import order_facts

# Built once: SQLAlchemy compiles each of them once.
_KNOWN = select(order_facts.c.execution_id).where(
    order_facts.c.account_id == bindparam("account"), is_among(order_facts.c.execution_id, "executions")
)
_INSERT = insert(order_facts)
_REJECTION = (
    select(order_facts.c.body)
    .where(order_facts.c.order_id == bindparam("order"), order_facts.c.kind == "Rejected")
    .order_by(order_facts.c.id.desc())
    .limit(1)
)
_LAST_RECEIVED = select(order_facts.c.received_at).order_by(order_facts.c.id.desc()).limit(1)


class _Rejection(msgspec.Struct):
    """What is read of the report of a rejection."""

    code: str | None = None


class LoggedReport(msgspec.Struct, frozen=True):
    """A report as it is stored.

    Attributes
    ----------
    order_id
        `None` for an order that this server did not send.
    kind
        The type of the report, such as `Executed`.
    body
        The report as received, as JSON.
    state_before, state_after, anomaly
        The states of its order before and after, and the contradiction that it shows; `None` where there is none.
    """

    user_id: int
    account_id: int
    order_id: int | None
    kind: str
    execution_id: str | None
    body: str
    received_at: datetime
    state_before: str | None
    state_after: str | None
    anomaly: str | None


async def known_executions(tx: Transaction, pairs: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return those of some pairs of account id and execution id that were reported before."""
    by_account: dict[int, list[str]] = {}
    for account_id, execution_id in pairs:
        by_account.setdefault(account_id, []).append(execution_id)
    return {
        (account_id, execution_id)
        for account_id, ids in by_account.items()
        for execution_id in await known_executions_of_account(tx, account_id, ids)
    }


async def known_executions_of_account(tx: Transaction, account_id: int, ids: Iterable[str]) -> set[str]:
    """Return those of some execution ids that were reported for the account before."""
    rows = await tx.all(_KNOWN, {"account": account_id, "executions": list(ids)})
    return {row.execution_id for row in rows}


async def rejection_code(tx: Transaction, order_id: int) -> str | None:
    """Return the code with which an order was rejected; `None` where there was no rejection, or none with a code."""
    row = await tx.first(_REJECTION, {"order": order_id})
    return None if row is None else msgspec.json.decode(row.body, type=_Rejection).code


async def insert_reports(tx: WriteTransaction, reports: Sequence[LoggedReport]) -> None:
    """Store reports, in their order."""
    if reports:
        await tx.execute(
            _INSERT,
            [
                {
                    "user_id": report.user_id,
                    "account_id": report.account_id,
                    "order_id": report.order_id,
                    "kind": report.kind,
                    "execution_id": report.execution_id,
                    "body": report.body,
                    "received_at": report.received_at,
                    "state_before": report.state_before,
                    "state_after": report.state_after,
                    "contradiction": report.anomaly,
                }
                for report in reports
            ],
        )


async def last_received_at(tx: Transaction) -> datetime | None:
    """Return when the last report was received, in market time; `None` when there is none."""
    return await tx.scalar(_LAST_RECEIVED)
