"""Errors of variables that failed to evaluate: their ids, the active ones, and when they end."""

from __future__ import annotations

import uuid

import msgspec
from sqlalchemy import select

from mesolive.store.database import Transaction
from mesolive.store.tables.journal import active_events, events
from mesolive_sdk import models, wire


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
    query = (
        select(events.c.body)
        .join(
            active_events,
            (active_events.c.user_id == events.c.user_id) & (active_events.c.event_seq_id == events.c.event_seq_id),
        )
        .where(events.c.event_type == models.ErrorEvent.callback)
        .order_by(events.c.user_id, events.c.event_seq_id)
    )
    if user_id is not None:
        query = query.where(active_events.c.user_id == user_id)
    result: list[models.ErrorEvent] = []
    for row in await tx.all(query):
        event = wire.decode_json(row.body, models.ErrorEvent)
        said = (event.Message or "").partition(":")[0]
        if event.PositionId is None or event.ConditionType is None or (what is not None and said != what):
            continue
        if event.ErrorId == variable_error_id(event.PositionId, event.ConditionType, event.Statement, said):
            result.append(event)
    return result


def resolved(event: models.ErrorEvent) -> models.ErrorEvent:
    """Return the event that ends an error."""
    return msgspec.structs.replace(event, State=models.ErrorState.Resolved)


async def resolved_events(tx: Transaction, user_id: int, position_id: int) -> list[models.MesoLiveEvent]:
    """Return the events that end the errors of a closed position: its variables are not retried any more."""
    return [resolved(event) for event in await active_errors(tx, user_id) if event.PositionId == position_id]
