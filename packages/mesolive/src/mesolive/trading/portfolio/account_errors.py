"""Reconciliation errors: one active error per account while its books may differ from its venue's."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from mesolive.journal.unstamped import UNSTAMPED
from mesolive.store.database import Transaction
from mesolive.store.tables.journal import active_events, events
from mesolive.trading.portfolio.accounts import Account
from mesolive_sdk import models, wire


def trouble_id(account: Account) -> uuid.UUID:
    """Return the id of the account's error, the same for the life of the account."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"mesolive/account/{account.id}/reconciliation")


def trouble_event(account: Account, message: str) -> models.ErrorEvent:
    """Return the event of an account that its owner must check."""
    return models.ErrorEvent(
        EventTime=UNSTAMPED,
        State=models.ErrorState.Active,
        ErrorId=trouble_id(account),
        BrokerAccountId=account.broker_account_id,
        Message=f"account {account.broker_account_id}: {message}",
    )


def no_trouble_event(account: Account) -> models.ErrorEvent:
    """Return the event of an account whose books and venue agree again."""
    return models.ErrorEvent(
        EventTime=UNSTAMPED,
        State=models.ErrorState.Resolved,
        ErrorId=trouble_id(account),
        BrokerAccountId=account.broker_account_id,
        Message=f"account {account.broker_account_id}: the books and the venue agree",
    )


async def active_error(tx: Transaction, user_id: int, error_id: uuid.UUID) -> models.ErrorEvent | None:
    """Return the event of an error that is active, or `None`."""
    row = await tx.first(
        select(events.c.body)
        .join(
            active_events,
            (active_events.c.user_id == events.c.user_id) & (active_events.c.event_seq_id == events.c.event_seq_id),
        )
        .where(active_events.c.user_id == user_id, active_events.c.subject == f"error:{error_id}")
    )
    return None if row is None else wire.decode_json(row.body, models.ErrorEvent)


async def active_trouble(tx: Transaction, account: Account) -> str | None:
    """Return the message of the account's active reconciliation error, or `None` when there is none."""
    result = await active_error(tx, account.user_id, trouble_id(account))
    return None if result is None else result.Message
