"""Accounts at brokers that connections reach: enable, disable, begin with the broker's cash, choose their quotes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select

from mesolive.errors import conflict
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.connectors import connections
from mesolive.store.tables.settlements import settlement_facts
from mesolive.store.tables.trading import accounts, executions
from mesolive.trading.portfolio.accounts import Account, account_of
from mesolive.venues.account_facts import DiscoveredAccount
from mesolive_sdk import models

FILL_LAG: Final = timedelta(minutes=5)
"""After a fill, a broker's statement of cash may lack it for so long; IB updates an account every three minutes."""

SETTLEMENT_LAG: Final = timedelta(days=4)
"""After a settlement, the broker's cash may lack it for so long: a business day, over a long weekend."""


async def enable_broker_account(
    tx: WriteTransaction,
    user_id: int,
    discovered: DiscoveredAccount,
    broker: models.BrokerType,
    connection_id: int,
    now: datetime,
) -> tuple[int, bool]:
    """Make a discovered account one of the user's accounts, reached by a connection.

    An account that the user had before, by a connection that was removed, or that they had disabled, goes on with its
    history, its cash and its limits. The books of a new one begin without cash: see `begin_with_cash`.

    Parameters
    ----------
    tx
        A transaction that excludes all others: no other user may come to own the account meanwhile.

    Returns
    -------
    tuple[int, bool]
        The account's number, and whether it is new.

    Raises
    ------
    ServiceError
        `Conflict` when the account is another user's, or reached by another connection already.
    """
    name = discovered.account_id
    row = await tx.first(
        select(accounts).where(accounts.c.broker_account_id == name, accounts.c.broker_type == broker.name)
    )
    if row is not None:
        holder = await tx.scalar(
            select(connections.c.id).where(connections.c.id == row.connection_id, connections.c.removed_at.is_(None))
        )
        if row.user_id != user_id or (holder is not None and holder != connection_id):
            raise conflict(f"account {name} is reached by another connection", code="AccountExists")
        await tx.execute(
            accounts.update().where(accounts.c.id == row.id).values(connection_id=connection_id, disabled_at=None)
        )
        return row.id, False
    values = {
        "user_id": user_id,
        "broker_account_id": name,
        "broker_type": broker.name,
        "account_type": discovered.account_type,
        "currency": discovered.currency,
        "is_paper": False,
        "initial_cash": Decimal(0),
        "cash": Decimal(0),
        "created_at": now,
        "last_updated": now,
        "connection_id": connection_id,
    }
    return await tx.scalar(accounts.insert().values(values).returning(accounts.c.id)), True


async def disable_broker_account(tx: WriteTransaction, account_id: int, now: datetime) -> None:
    """Let an account of a connection not be used until it is enabled again."""
    await tx.execute(accounts.update().where(accounts.c.id == account_id).values(disabled_at=now))


async def accounts_of_connection(tx: Transaction, connection_id: int) -> list[Account]:
    """Return the accounts that a connection reaches."""
    rows = await tx.all(select(accounts).where(accounts.c.connection_id == connection_id).order_by(accounts.c.id))
    return [account_of(row) for row in rows]


async def begin_with_cash(tx: WriteTransaction, account_id: int, cash: Decimal, as_of: datetime) -> bool:
    """Let the books of an account begin with the broker's cash; books that have begun stay as they are.

    Books have begun once they have an initial cash. What was booked on them before then is part of the broker's cash
    already, so that they begin with the broker's cash less that. A statement that may not hold all of it is left out:
    one from shortly after a fill (brokers update their figures by the minute) or from a few days after a settlement
    (whose cash is credited on a later business day). The next statement is another chance.

    Parameters
    ----------
    cash
        What the broker states, in account currency.
    as_of
        The market time of the statement.

    Returns
    -------
    bool
        Whether the books began by it.
    """
    row = await tx.first(select(accounts).where(accounts.c.id == account_id))
    if row is None or row.initial_cash != 0:
        return False
    filled = await tx.scalar(select(func.max(executions.c.executed_at)).where(executions.c.account_id == account_id))
    settled = await tx.scalar(
        select(func.max(settlement_facts.c.at)).where(settlement_facts.c.account_id == account_id)
    )
    if filled is not None and as_of < filled + FILL_LAG:
        return False
    if settled is not None and as_of < settled + SETTLEMENT_LAG:
        return False
    # Compare-and-set: a fill that is booked meanwhile has moved the cash, and waits for the next statement.
    begun = await tx.execute(
        accounts.update()
        .where(accounts.c.id == account_id, accounts.c.initial_cash == row.initial_cash, accounts.c.cash == row.cash)
        .values(initial_cash=cash - row.cash, cash=cash)
    )
    return begun.rowcount == 1 and cash != row.cash


async def set_market_data(
    tx: WriteTransaction, account_id: int, provider: models.DataProviderType | None, *, accept_delayed: bool
) -> None:
    """Choose whose quotes value an account (`None`: its broker's own), and whether delayed ones will do."""
    await tx.execute(
        accounts.update()
        .where(accounts.c.id == account_id)
        .values(data_provider=None if provider is None else provider.name, accept_delayed=accept_delayed)
    )
