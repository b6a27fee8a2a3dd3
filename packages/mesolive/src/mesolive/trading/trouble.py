"""One active error per account while its books may differ from its venue's."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from mesolive.store.database import Transaction
from mesolive.store.tables.journal import active_events
from mesolive.trading.accounts import Account
from mesolive_sdk import models


def trouble_id(account: Account) -> uuid.UUID:
    """Return the id of the account's error, the same as long as the account is."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"mesolive/account/{account.id}/reconciliation")


def trouble_event(account: Account, message: str) -> models.ErrorEvent:
    """Return what tells that somebody must look at the account."""
    return models.ErrorEvent(
        State=models.ErrorState.Active,
        ErrorId=trouble_id(account),
        BrokerAccountId=account.broker_account_id,
        Message=f"account {account.broker_account_id}: {message}",
    )


def no_trouble_event(account: Account) -> models.ErrorEvent:
    """Return what tells that the account's books and its venue's are the same again."""
    return models.ErrorEvent(
        State=models.ErrorState.Resolved,
        ErrorId=trouble_id(account),
        BrokerAccountId=account.broker_account_id,
        Message=f"account {account.broker_account_id}: the books and the venue agree",
    )


async def in_trouble(tx: Transaction, account: Account) -> bool:
    """Whether the account's error is active."""
    subject = f"error:{trouble_id(account)}"
    found = await tx.first(
        select(active_events.c.subject).where(
            active_events.c.user_id == account.user_id, active_events.c.subject == subject
        )
    )
    return found is not None
