"""Repository of notification rules: their sealed addresses, their place in the event log, and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update

from mesolive.access.sealing import Sealing
from mesolive.errors import not_found
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.store.tables.journal import event_counters
from mesolive.store.tables.notifications import notification_rules as table
from mesolive_sdk.models import NotificationKind, QuietHours

MAX_ERROR = 300
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is stored.

    Attributes
    ----------
    sealed
        The address, encrypted.
    cursor
        The `EventSeqId` up to which events are dealt with: sent, held, or of no concern.
    in_flight
        Events of a message whose outcome is not stored: it is under way, or the server ended meanwhile.
    missed
        Events of messages that failed since the last one that was sent.
    held
        Events that quiet hours have held back, by kind.
    """

    id: int
    user_id: int
    name: str
    service: str
    sealed: str
    kinds: frozenset[NotificationKind]
    strategy_id: int | None
    broker_account_id: str | None
    quiet: QuietHours | None
    enabled: bool
    created_at: datetime
    cursor: int
    in_flight: int
    missed: int
    held: Mapping[str, int]
    sent: int
    failed: int
    last_sent_at: datetime | None
    last_error_at: datetime | None
    last_error: str | None


def place_of(rule_id: int) -> str:
    """Return the place for which a rule's address is sealed."""
    return f"notification rule {rule_id}: url"


def _rule_of(row: Row[Any]) -> StoredRule:
    return StoredRule(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        service=row.service,
        sealed=row.sealed,
        kinds=frozenset(NotificationKind(kind) for kind in row.kinds),
        strategy_id=row.strategy_id,
        broker_account_id=row.broker_account_id,
        quiet=None if row.quiet is None else msgspec.convert(row.quiet, QuietHours),
        enabled=row.enabled,
        created_at=row.created_at,
        cursor=row.cursor,
        in_flight=row.in_flight,
        missed=row.missed,
        held=row.held,
        sent=row.sent,
        failed=row.failed,
        last_sent_at=row.last_sent_at,
        last_error_at=row.last_error_at,
        last_error=row.last_error,
    )


async def rules_of_user(tx: Transaction, user_id: int) -> list[StoredRule]:
    """Return a user's rules, by name."""
    rows = await tx.all(select(table).where(table.c.user_id == user_id).order_by(table.c.name, table.c.id))
    return [_rule_of(row) for row in rows]


async def enabled_rules(tx: Transaction) -> list[StoredRule]:
    """Return the enabled rules of all users."""
    return [_rule_of(row) for row in await tx.all(select(table).where(table.c.enabled.is_(True)).order_by(table.c.id))]


async def find_rule(tx: Transaction, rule_id: int, user_id: int | None = None) -> StoredRule:
    """Return a rule; `NotFound` when there is none of that id, or it is another user's."""
    query = select(table).where(table.c.id == rule_id)
    row = await tx.first(query if user_id is None else query.where(table.c.user_id == user_id))
    if row is None:
        raise not_found(f"notification rule {rule_id}")
    return _rule_of(row)


async def count_rules(tx: Transaction, user_id: int) -> int:
    """Return how many rules a user has."""
    return int(await tx.scalar(select(func.count()).select_from(table).where(table.c.user_id == user_id)))


async def latest_event(tx: Transaction, user_id: int) -> int:
    """Return the number of the user's last event; 0 for none."""
    latest = await tx.scalar(select(event_counters.c.latest_seq_id).where(event_counters.c.user_id == user_id))
    return 0 if latest is None else int(latest)


async def insert_rule(tx: WriteTransaction, values: Mapping[str, object], sealing: Sealing, url: str) -> int:
    """Store a rule with its address, and return its id."""
    rule_id = int(await tx.scalar(insert(table).values(dict(values) | {"sealed": ""}).returning(table.c.id)))
    await tx.execute(update(table).where(table.c.id == rule_id).values(sealed=sealing.seal(place_of(rule_id), url)))
    return rule_id


async def change_rule(tx: WriteTransaction, rule_id: int, values: Mapping[str, object]) -> None:
    """Change columns of a rule."""
    await tx.execute(update(table).where(table.c.id == rule_id).values(dict(values)))


async def delete_rule(tx: WriteTransaction, rule_id: int) -> None:
    """Delete a rule and its address."""
    await tx.execute(delete(table).where(table.c.id == rule_id))


async def claim(tx: WriteTransaction, rule: StoredRule, cursor: int, *, telling: int, held: Mapping[str, int]) -> bool:
    """Move a rule on in the log before its message leaves, and return whether it stood where it was read.

    Parameters
    ----------
    cursor
        The number of the last event that is dealt with.
    telling
        How many events the message that leaves next tells of.
    """
    stood = (table.c.id == rule.id) & (table.c.cursor == rule.cursor) & table.c.enabled.is_(True)
    values = {"cursor": cursor, "in_flight": telling, "held": dict(held)}
    return (await tx.execute(update(table).where(stood).values(values))).rowcount == 1


async def note_sent(tx: WriteTransaction, rule: StoredRule, at: datetime) -> None:
    """Note that a message was sent."""
    values = {"in_flight": 0, "missed": 0, "sent": table.c.sent + 1, "last_sent_at": at}
    await tx.execute(update(table).where(table.c.id == rule.id).values(values))


async def note_failed(tx: WriteTransaction, rule: StoredRule, at: datetime, error: str, events: int) -> None:
    """Record that a message of some events was not sent, or that its outcome is unknown."""
    values = {
        "in_flight": 0,
        "missed": table.c.missed + events,
        "failed": table.c.failed + events,
        "last_error_at": at,
        "last_error": error[:MAX_ERROR],
    }
    await tx.execute(update(table).where(table.c.id == rule.id).values(values))


async def interrupted_rules(tx: Transaction) -> Sequence[StoredRule]:
    """Return the rules whose last message has no outcome: the server ended while it left."""
    return [_rule_of(row) for row in await tx.all(select(table).where(table.c.in_flight > 0))]


async def reseal_rules(tx: WriteTransaction, sealing: Sealing) -> int:
    """Seal with the current key what the previous one had sealed, and return how many addresses that were."""
    rows = await tx.all(select(table.c.id, table.c.sealed))
    old = [row for row in rows if sealing.is_openable(row.sealed) and not sealing.is_current(row.sealed)]
    for row in old:
        sealed = sealing.seal(place_of(row.id), sealing.open(place_of(row.id), row.sealed))
        await tx.execute(update(table).where(table.c.id == row.id).values(sealed=sealed))
    return len(old)
