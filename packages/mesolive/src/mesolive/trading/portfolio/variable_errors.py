"""Errors of variables that failed to evaluate: their ids, the active ones, and when they end."""

from __future__ import annotations

import uuid

from sqlalchemy import bindparam, select

from mesolive.records import replace
from mesolive.store.database import Transaction
from mesolive.store.tables.journal import active_events, events
from mesolive_sdk import models, wire

_ACTIVE = (
    select(events.c.body)
    .join(
        active_events,
        (active_events.c.user_id == events.c.user_id) & (active_events.c.event_seq_id == events.c.event_seq_id),
    )
    .where(events.c.event_type == models.ErrorEvent.callback)
    .order_by(events.c.user_id, events.c.event_seq_id)
)
_ACTIVE_OF = _ACTIVE.where(active_events.c.user_id == bindparam("user"))


def variable_error_id(position_id: int, kind: models.ConditionType, statement: str | None, occasion: str) -> uuid.UUID:
    """Return the id of the error of a statement: the same at every attempt on the same occasion."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"mesolive/freeze/{position_id}/{occasion}/{kind.name}/{statement}")


async def active_errors(
    tx: Transaction, user_id: int | None = None, what: str | None = None
) -> list[models.ErrorEvent]:
    """Return the active errors of variables that could not be captured, oldest first.

    Parameters
    ----------
    user_id
        Whose; `None` for all users.
    what
        Of one occasion only, such as `AT_ENTRY`.
    """
    rows = await tx.all(_ACTIVE) if user_id is None else await tx.all(_ACTIVE_OF, {"user": user_id})
    result: list[models.ErrorEvent] = []
    for row in rows:
        event = wire.decode_json(row.body, models.ErrorEvent)
        name_in_message = (event.Message or "").partition(":")[0]
        if event.PositionId is None or event.ConditionType is None or (what is not None and name_in_message != what):
            continue
        if event.ErrorId == variable_error_id(event.PositionId, event.ConditionType, event.Statement, name_in_message):
            result.append(event)
    return result


def resolved(event: models.ErrorEvent) -> models.ErrorEvent:
    """Return the event that ends an error."""
    return replace(event, State=models.ErrorState.Resolved)


async def resolved_events(tx: Transaction, user_id: int, position_id: int) -> list[models.MesoLiveEvent]:
    """Return the events that end the errors of a closed position: its variables are not retried any more."""
    return [resolved(event) for event in await active_errors(tx, user_id) if event.PositionId == position_id]
