"""Repository of connections: settings, encrypted secrets, log, and discovered accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from mesolive.access.sealing import Sealing
from mesolive.connectors.protocol import ConnectorState, ConnectorStatus
from mesolive.errors import not_found
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.connectors import connection_accounts, connection_log, connection_secrets, connections
from mesolive.venues.account_facts import DiscoveredAccount

MAX_LOG_ENTRIES = 1000
"""Entries of a connection's log that are kept."""


MAX_CONNECTORS_PER_USER = 20
"""Each enabled connection holds sockets, a task and books."""


class StoredConnection(msgspec.Struct, frozen=True):
    """A configured connection without its secrets.

    Attributes
    ----------
    agent
        The agent that hosts it; `None` where it runs in the server.
    agent_epoch, agent_offer
        The epoch of the agent's newest link, and its last offer, as JSON.
    """

    id: int
    user_id: int
    name: str
    kind: str
    settings: Mapping[str, str]
    enabled: bool
    created_at: datetime
    agent: str | None = None
    agent_epoch: int = 0
    agent_offer: str | None = None


class StoredAccount(msgspec.Struct, frozen=True):
    """A discovered account, and the account of the books that it became; `None` while it is not enabled."""

    discovered: DiscoveredAccount
    account_id: int | None


def _connection_of(row: Row[Any]) -> StoredConnection:
    return StoredConnection(
        row.id,
        row.user_id,
        row.name,
        row.kind,
        row.settings,
        row.enabled,
        row.created_at,
        row.agent,
        row.agent_epoch or 0,
        row.agent_offer,
    )


_STANDING = select(connections).where(connections.c.removed_at.is_(None))


async def connections_of_user(tx: Transaction, user_id: int) -> list[StoredConnection]:
    """Return a user's connections, by name."""
    rows = await tx.all(_STANDING.where(connections.c.user_id == user_id).order_by(connections.c.name))
    return [_connection_of(row) for row in rows]


async def enabled_connections(tx: Transaction) -> list[StoredConnection]:
    """Return the enabled connections of all users, oldest first."""
    rows = await tx.all(_STANDING.where(connections.c.enabled.is_(True)).order_by(connections.c.id))
    return [_connection_of(row) for row in rows]


async def find_connection(tx: Transaction, user_id: int, name: str) -> StoredConnection:
    """Return a user's connection; `NotFound` when they have none of that name."""
    row = await tx.first(_STANDING.where(connections.c.user_id == user_id, connections.c.name == name))
    if row is None:
        raise not_found(f"connector {name!r}")
    return _connection_of(row)


async def connection_of_id(tx: Transaction, connection_id: int) -> StoredConnection | None:
    """Return a connection as it is stored now; `None` for one that was removed."""
    row = await tx.first(_STANDING.where(connections.c.id == connection_id))
    return None if row is None else _connection_of(row)


async def add_connection(
    tx: WriteTransaction, user_id: int, name: str, kind: str, settings: Mapping[str, str], now: datetime
) -> int:
    """Store a connection, disabled, and return its id."""
    values = {
        "user_id": user_id,
        "name": name,
        "kind": kind,
        "settings": dict(settings),
        "enabled": False,
        "created_at": now,
        "updated_at": now,
    }
    return await tx.scalar(insert(connections).values(values).returning(connections.c.id))


async def change_connection(tx: WriteTransaction, connection_id: int, now: datetime, **values: object) -> None:
    """Change columns of a connection."""
    await tx.execute(update(connections).where(connections.c.id == connection_id).values(**values, updated_at=now))


async def remove_connection(tx: WriteTransaction, connection_id: int, now: datetime) -> None:
    """Delete a connection's secrets, log and discovered accounts; its row stays for the accounts that refer to it."""
    for table in (connection_secrets, connection_log, connection_accounts):
        await tx.execute(delete(table).where(table.c.connection_id == connection_id))
    await change_connection(tx, connection_id, now, removed_at=now, enabled=False, settings={})


def secret_place(connection_id: int, name: str) -> str:
    """Return the place for which a secret of a connection is sealed."""
    return f"connection {connection_id}: {name}"


async def store_secrets(tx: WriteTransaction, sealing: Sealing, connection_id: int, secrets: Mapping[str, str]) -> None:
    """Store secrets, encrypted; an empty text deletes one."""
    table = connection_secrets
    for name, text in secrets.items():
        await tx.execute(delete(table).where(table.c.connection_id == connection_id, table.c.name == name))
        if text:
            sealed = sealing.seal(secret_place(connection_id, name), text)
            await tx.execute(insert(table).values(connection_id=connection_id, name=name, sealed=sealed))


async def secret_names(tx: Transaction, connection_id: int) -> list[str]:
    """Return the names of the secrets that are stored."""
    table = connection_secrets
    rows = await tx.all(select(table.c.name).where(table.c.connection_id == connection_id).order_by(table.c.name))
    return [row.name for row in rows]


async def open_secrets(tx: Transaction, sealing: Sealing, connection_id: int) -> dict[str, str]:
    """Return a connection's secrets.

    Raises
    ------
    SealedSecretError
        When one cannot be opened.
    """
    table = connection_secrets
    rows = await tx.all(select(table.c.name, table.c.sealed).where(table.c.connection_id == connection_id))
    return {row.name: sealing.open(secret_place(connection_id, row.name), row.sealed) for row in rows}


async def reseal_secrets(tx: WriteTransaction, sealing: Sealing) -> int:
    """Seal with the current key what the previous one had sealed, and return how many secrets that were.

    Raises
    ------
    SealedSecretError
        When one cannot be opened; nothing may be committed then.
    """
    table = connection_secrets
    rows = await tx.all(select(table))
    old = [row for row in rows if sealing.is_openable(row.sealed) and not sealing.is_current(row.sealed)]
    for row in old:
        place = secret_place(row.connection_id, row.name)
        sealed = sealing.seal(place, sealing.open(place, row.sealed))
        await tx.execute(
            update(table)
            .where(table.c.connection_id == row.connection_id, table.c.name == row.name)
            .values(sealed=sealed)
        )
    return len(old)


async def append_log(tx: WriteTransaction, connection_id: int, at: datetime, status: ConnectorStatus) -> None:
    """Append a state to a connection's log, and drop the oldest entries beyond the limit."""
    table = connection_log
    values = {
        "connection_id": connection_id,
        "at": at,
        "state": status.state.value,
        "message": status.message,
        "remedy": status.remedy,
    }
    await tx.execute(insert(table).values(values))
    oldest = await tx.scalar(
        select(table.c.id)
        .where(table.c.connection_id == connection_id)
        .order_by(table.c.id.desc())
        .offset(MAX_LOG_ENTRIES)
        .limit(1)
    )
    if oldest is not None:
        await tx.execute(delete(table).where(table.c.connection_id == connection_id, table.c.id <= oldest))


async def read_log(tx: Transaction, connection_id: int, limit: int) -> list[ConnectorStatus]:
    """Return the newest entries of a connection's log, the newest first."""
    table = connection_log
    rows = await tx.all(
        select(table).where(table.c.connection_id == connection_id).order_by(table.c.id.desc()).limit(limit)
    )
    return [ConnectorStatus(ConnectorState(row.state), row.message, row.remedy, row.at) for row in rows]


async def store_discovered(
    tx: WriteTransaction, connection_id: int, discovered: Sequence[DiscoveredAccount], now: datetime
) -> None:
    """Store what a connection gives access to now; accounts that are gone stay listed, as last seen."""
    table = connection_accounts
    known = {row.broker_account_id for row in await tx.all(select(table).where(table.c.connection_id == connection_id))}
    for account in discovered:
        values = {
            "live": account.live,
            "account_type": account.account_type,
            "currency": account.currency,
            "can_trade": account.can_trade,
            "permissions": list(account.permissions),
            "last_seen_at": now,
        }
        key = {"connection_id": connection_id, "broker_account_id": account.account_id}
        if account.account_id in known:
            mine = (table.c.connection_id == connection_id) & (table.c.broker_account_id == account.account_id)
            await tx.execute(update(table).where(mine).values(values))
        else:
            await tx.execute(insert(table).values({**key, **values, "first_seen_at": now, "account_id": None}))


async def discovered_accounts(tx: Transaction, connection_id: int) -> list[StoredAccount]:
    """Return the accounts that a connection has discovered, by id."""
    table = connection_accounts
    rows = await tx.all(select(table).where(table.c.connection_id == connection_id).order_by(table.c.broker_account_id))
    return [
        StoredAccount(
            DiscoveredAccount(
                account_id=row.broker_account_id,
                live=row.live,
                account_type=row.account_type,
                currency=row.currency,
                can_trade=row.can_trade,
                permissions=tuple(msgspec.convert(row.permissions, list[str])),
            ),
            row.account_id,
        )
        for row in rows
    ]


async def link_account(
    tx: WriteTransaction, connection_id: int, broker_account_id: str, account_id: int | None
) -> None:
    """Note which account of the books a discovered account became; `None` for none any more."""
    table = connection_accounts
    await tx.execute(
        update(table)
        .where(table.c.connection_id == connection_id, table.c.broker_account_id == broker_account_id)
        .values(account_id=account_id)
    )
